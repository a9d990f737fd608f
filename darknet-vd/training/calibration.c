#include "training/calibration.h"

#include <math.h>
#include <stdlib.h>

#include "darknet.h"

static int most_likely(int classes, const float *log_p)
{
    return max_index((float *)log_p, classes);
}

/* log of the sum of p^(1/T): what the logarithms divided by T are to be lessened by */
static double log_norm(int classes, const float *log_p, double temperature)
{
    int best = most_likely(classes, log_p);
    double others = 0;
    for (int k = 0; k < classes; ++k)
        if (k != best) others += exp(((double)log_p[k] - log_p[best]) / temperature);
    return log_p[best] / temperature + log1p(others);
}

typedef struct {
    double confidence, right; /* sums over the pictures of a bin */
} bin;

/* confidence 1 belongs to the last bin, 1/15 to the first */
static int bin_of(double confidence)
{
    int k = (int)ceil(confidence * VD_ECE_BINS) - 1;
    return k < 0 ? 0 : k < VD_ECE_BINS ? k : VD_ECE_BINS - 1;
}

vd_calibration vd_calibration_of(size_t n, int classes, const float *log_p, const int *class, double temperature)
{
    vd_calibration c = {0};
    bin bins[VD_ECE_BINS] = {{0}};
    for (size_t i = 0; i < n; ++i, log_p += classes) {
        double norm = log_norm(classes, log_p, temperature);
        int best = most_likely(classes, log_p);
        for (int k = 0; k < classes; ++k) {
            double p = exp(log_p[k] / temperature - norm), off = p - (k == class[i]);
            c.brier += off * off;
            if (k == best) bins[bin_of(p)].confidence += p, bins[bin_of(p)].right += best == class[i];
        }
        c.error += best != class[i];
        c.nll += norm - log_p[class[i]] / temperature;
    }
    for (int k = 0; k < VD_ECE_BINS; ++k) c.ece += fabs(bins[k].confidence - bins[k].right);
    double all = (double)n;
    return (vd_calibration){c.error / all, c.nll / all, c.brier / all, c.ece / all};
}

static double nll_at(size_t n, int classes, const float *log_p, const int *class, double log_temperature)
{
    double sum = 0, t = exp(log_temperature);
    for (size_t i = 0; i < n; ++i, log_p += classes) sum += log_norm(classes, log_p, t) - log_p[class[i]] / t;
    return sum;
}

/* golden section: nll is convex in 1/T, so it has one minimum in log T, too */
double vd_best_temperature(size_t n, int classes, const float *log_p, const int *class)
{
    const double ratio = (sqrt(5) - 1) / 2;
    double from = log(.05), to = log(20), a = to - ratio * (to - from), b = from + ratio * (to - from);
    double at_a = nll_at(n, classes, log_p, class, a), at_b = nll_at(n, classes, log_p, class, b);
    while (to - from > 1e-4) {
        if (at_a < at_b) {
            to = b, b = a, at_b = at_a;
            at_a = nll_at(n, classes, log_p, class, a = to - ratio * (to - from));
        } else {
            from = a, a = b, at_a = at_b;
            at_b = nll_at(n, classes, log_p, class, b = from + ratio * (to - from));
        }
    }
    return exp((from + to) / 2);
}

void vd_entropies(size_t n, int classes, const float *log_p, double *entropy)
{
    for (size_t i = 0; i < n; ++i, log_p += classes) {
        entropy[i] = 0;
        for (int k = 0; k < classes; ++k)
            if (log_p[k] > -700) entropy[i] -= exp((double)log_p[k]) * log_p[k]; /* below that p is 0 in a double */
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double vd_auroc(size_t n, double *a, size_t m, double *b)
{
    size_t less = 0, not_more = 0; /* of a, than the present one of b */
    double pairs = 0;
    qsort(a, n, sizeof(*a), compare);
    qsort(b, m, sizeof(*b), compare);
    for (size_t i = 0; i < m; ++i) {
        while (less < n && a[less] < b[i]) ++less;
        while (not_more < n && a[not_more] <= b[i]) ++not_more;
        pairs += ((double)less + (double)not_more) / 2;
    }
    return pairs / ((double)n * (double)m);
}
