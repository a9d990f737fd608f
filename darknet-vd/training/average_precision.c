#include "training/average_precision.h"
#include "base/fail.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    float confidence;
    size_t index;
} ranked;

static int compare(const void *pa, const void *pb)
{
    const ranked *a = pa, *b = pb;
    if (a->confidence != b->confidence) return a->confidence < b->confidence ? 1 : -1;
    return (a->index > b->index) - (a->index < b->index);
}

/* by decreasing confidence; the caller frees */
static ranked *rank(size_t n, const float *confidence)
{
    ranked *order = vd_calloc(n, sizeof(*order));
    for (size_t i = 0; i < n; ++i) order[i] = (ranked){confidence[i], i};
    qsort(order, n, sizeof(*order), compare);
    return order;
}

/* the length of the overlap of two sides along one axis */
static double common(float centre_a, float side_a, float centre_b, float side_b)
{
    double low = fmax(centre_a - side_a / 2., centre_b - side_b / 2.);
    double high = fmin(centre_a + side_a / 2., centre_b + side_b / 2.);
    return fmax(high - low, 0);
}

double vd_box_overlap(const float a[4], const float b[4])
{
    double both = common(a[0], a[2], b[0], b[2]) * common(a[1], a[3], b[1], b[3]);
    return both > 0 ? both / ((double)a[2] * a[3] + (double)b[2] * b[3] - both) : 0;
}

void vd_match_boxes(size_t n, const float *confidence, const float (*found)[4], size_t m, const float (*truth)[4],
                    double iou, unsigned char *hit)
{
    ranked *order = rank(n, confidence);
    unsigned char *taken = vd_calloc(m, 1);
    if (n) memset(hit, 0, n);
    for (size_t r = 0; r < n; ++r) {
        size_t i = order[r].index, nearest = 0;
        double most = 0;
        for (size_t j = 0; j < m; ++j) {
            double overlap = vd_box_overlap(found[i], truth[j]);
            if (overlap <= most) continue;
            most = overlap;
            nearest = j;
        }
        if (most <= 0 || most < iou || taken[nearest]) continue;
        taken[nearest] = 1;
        hit[i] = 1;
    }
    free(taken);
    free(order);
}

double vd_most_overlap(const float box[4], size_t n, const float (*others)[4])
{
    double most = 0;
    for (size_t i = 0; i < n; ++i) most = fmax(most, vd_box_overlap(box, others[i]));
    return most;
}

int vd_is_left_out(const float found[4], size_t m, const float (*truth)[4], size_t k, const float (*difficult)[4],
                   double iou)
{
    return vd_most_overlap(found, m, truth) < iou && vd_most_overlap(found, k, difficult) >= iou;
}

/* for each rank: the hits so far, and the largest precision from there on */
static void make_curve(size_t n, const float *confidence, const unsigned char *hit, size_t *hits, double *precision)
{
    ranked *order = rank(n, confidence);
    for (size_t r = 0, sum = 0; r < n; ++r) {
        hits[r] = sum += hit[order[r].index];
        precision[r] = (double)sum / (r + 1);
    }
    for (size_t r = n; r-- > 1;) precision[r - 1] = fmax(precision[r - 1], precision[r]);
    free(order);
}

double vd_average_precision(size_t n, const float *confidence, const unsigned char *hit, size_t truths, int points)
{
    size_t *hits = vd_calloc(n, sizeof(*hits));
    double *precision = vd_calloc(n, sizeof(*precision)), sum = 0;
    assert(truths > 0 && points != 1);
    make_curve(n, confidence, hit, hits, precision);
    if (!points) {
        for (size_t r = 0; r < n; ++r) /* a hit is a step of 1/truths in recall */
            if (hits[r] > (r ? hits[r - 1] : 0)) sum += precision[r];
        sum /= truths;
    } else {
        size_t r = 0;
        for (size_t p = 0; p < (size_t)points; ++p) {
            while (r < n && hits[r] * (points - 1) < p * truths) ++r; /* recall below p/(points - 1) */
            if (r < n) sum += precision[r];
        }
        sum /= points;
    }
    free(hits);
    free(precision);
    return sum;
}

vd_detection_counts vd_count_detections(size_t n, const float *confidence, const unsigned char *hit, size_t truths,
                                        float thresh)
{
    vd_detection_counts c = {0};
    for (size_t i = 0; i < n; ++i) {
        if (confidence[i] <= thresh) continue;
        if (hit[i]) ++c.hits;
        else ++c.false_alarms;
    }
    c.missed = truths - c.hits;
    return c;
}

static double share(size_t part, size_t rest)
{
    return part ? (double)part / (part + rest) : 0;
}

double vd_precision(vd_detection_counts c)
{
    return share(c.hits, c.false_alarms);
}

double vd_recall(vd_detection_counts c)
{
    return share(c.hits, c.missed);
}

double vd_f1(vd_detection_counts c)
{
    return share(2 * c.hits, c.false_alarms + c.missed);
}
