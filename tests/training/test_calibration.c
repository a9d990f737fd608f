/* training/calibration.c: scores of probabilities, against sums made in another way and cases known by hand. */
#include "training/calibration.h"
#include "support/support.h"

#include <math.h>

enum { N = 400, CLASSES = 5 };

/* logarithms of probabilities that are unlike each other, and classes that are often the most likely ones */
static void draw(float *log_p, int *class)
{
    float x[CLASSES + 1];
    for (int i = 0; i < N; ++i, log_p += CLASSES) {
        double sum = 0;
        int best = 0;
        fill_random(x, CLASSES + 1, 1000 + i);
        for (int k = 0; k < CLASSES; ++k) sum += exp(6. * x[k]);
        for (int k = 0; k < CLASSES; ++k) log_p[k] = (float)(6. * x[k] - log(sum));
        for (int k = 1; k < CLASSES; ++k)
            if (log_p[k] > log_p[best]) best = k;
        class[i] = x[CLASSES] < .4f ? best : i % CLASSES;
    }
}

/* the definitions, one after the other, from probabilities */
START_TEST(scores_are_what_they_are_defined_as)
{
    static const double temperatures[] = {.6, 1, 2.5};
    static float log_p[N * CLASSES];
    static int class[N];
    double t = temperatures[_i], nll = 0, brier = 0, wrong = 0, ece = 0;
    draw(log_p, class);
    for (int bin = 0; bin < 15; ++bin) {
        double in = 0, confidence = 0, right = 0;
        for (int i = 0; i < N; ++i) {
            double p[CLASSES], sum = 0, most = 0;
            int best = 0;
            for (int k = 0; k < CLASSES; ++k) sum += p[k] = pow(exp((double)log_p[i * CLASSES + k]), 1 / t);
            for (int k = 0; k < CLASSES; ++k) {
                p[k] /= sum;
                if (p[k] > most) most = p[k], best = k;
            }
            if (most <= bin / 15. || most > (bin + 1) / 15.) continue;
            in += 1, confidence += most, right += best == class[i], wrong += best != class[i];
            nll -= log(p[class[i]]);
            for (int k = 0; k < CLASSES; ++k) brier += pow(p[k] - (k == class[i]), 2);
        }
        if (in) ece += in / N * fabs(confidence / in - right / in);
    }
    vd_calibration c = vd_calibration_of(N, CLASSES, log_p, class, t);
    ck_assert(close_to(c.error, wrong / N, 1e-12, 0));
    ck_assert(close_to(c.nll, nll / N, 1e-9, 0));
    ck_assert(close_to(c.brier, brier / N, 1e-9, 0));
    ck_assert(close_to(c.ece, ece, 1e-9, 0));
}
END_TEST

START_TEST(a_sure_and_right_prediction_scores_0_and_a_sure_and_wrong_one_2)
{
    static const float log_p[] = {0, -200, -200, 0};
    static const int right[] = {0, 1}, wrong[] = {1, 0};
    vd_calibration c = vd_calibration_of(2, 2, log_p, right, 1);
    ck_assert(c.error == 0 && c.nll < 1e-80 && c.brier < 1e-80 && c.ece == 0);
    c = vd_calibration_of(2, 2, log_p, wrong, 1);
    ck_assert(c.error == 1 && c.nll == 200 && close_to(c.brier, 2, 1e-12, 0) && c.ece == 1);
}
END_TEST

/* two classes whose logits differ by z, of which a share r is right: 1/(1 + exp(-z/T)) = r at T = z/log(r/(1 - r)) */
START_TEST(the_best_temperature_makes_confidence_the_share_that_is_right)
{
    enum { ALL = 50 };
    static const int right[] = {27, 45, 49};
    static const double differences[] = {.1, 6, 12};
    float log_p[2 * ALL];
    int class[ALL];
    double z = differences[_i], r = right[_i] / (double)ALL;
    for (int i = 0; i < ALL; ++i) {
        log_p[2 * i] = (float)-log1p(exp(-z));
        log_p[2 * i + 1] = (float)(-z - log1p(exp(-z)));
        class[i] = i >= right[_i];
    }
    double t = vd_best_temperature(ALL, 2, log_p, class);
    ck_assert_msg(close_to(t, z / log(r / (1 - r)), 2e-4, 0), "%g, not %g", t, z / log(r / (1 - r)));
    ck_assert(vd_calibration_of(ALL, 2, log_p, class, t).ece < 1e-4);
}
END_TEST

START_TEST(entropy_is_0_of_a_sure_prediction_and_log_n_of_none)
{
    float log_p[2 * CLASSES] = {0, -1000, -1000, -INFINITY, -1000};
    double entropy[2];
    for (int k = 0; k < CLASSES; ++k) log_p[CLASSES + k] = (float)-log(CLASSES);
    vd_entropies(2, CLASSES, log_p, entropy);
    ck_assert(entropy[0] == 0);
    ck_assert(close_to(entropy[1], log(CLASSES), 1e-6, 0));
}
END_TEST

/* all pairs, with many ties */
START_TEST(auroc_is_the_share_of_pairs_in_order)
{
    double a[90], b[70], pairs = 0;
    for (int i = 0; i < 90; ++i) a[i] = i * 7 % 23;
    for (int i = 0; i < 70; ++i) b[i] = 5 + i * 11 % 19;
    for (int i = 0; i < 90; ++i)
        for (int j = 0; j < 70; ++j) pairs += b[j] > a[i] ? 1 : b[j] == a[i] ? .5 : 0;
    ck_assert(close_to(vd_auroc(90, a, 70, b), pairs / (90 * 70), 1e-12, 0));
    ck_assert(close_to(vd_auroc(70, b, 90, a), 1 - pairs / (90 * 70), 1e-12, 0));
}
END_TEST

SUITE_OF(calibration)
{
    LOOP(scores_are_what_they_are_defined_as, 3);
    TEST(a_sure_and_right_prediction_scores_0_and_a_sure_and_wrong_one_2);
    LOOP(the_best_temperature_makes_confidence_the_share_that_is_right, 3);
    TEST(entropy_is_0_of_a_sure_prediction_and_log_n_of_none);
    TEST(auroc_is_the_share_of_pairs_in_order);
}
