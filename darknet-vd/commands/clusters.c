#include "commands/clusters.h"
#include "base/fail.h"
#include "base/splitmix64.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { STARTS = 10, MOST_ROUNDS = 1000 };

double vd_shape_overlap(const float a[2], const float b[2])
{
    double both = (double)fminf(a[0], b[0]) * (double)fminf(a[1], b[1]);
    return both / ((double)a[0] * a[1] + (double)b[0] * b[1] - both);
}

/* the shape that overlaps a box most, the first of several; *most: how much */
static int nearest(const float box[2], int k, const float (*shapes)[2], double *most)
{
    int best = 0;
    *most = -1;
    for (int j = 0; j < k; ++j) {
        double overlap = vd_shape_overlap(box, shapes[j]);
        if (overlap <= *most) continue;
        *most = overlap;
        best = j;
    }
    return best;
}

/* 0 .. below - 1 */
static size_t draw(uint64_t *state, size_t below)
{
    return (size_t)(vd_splitmix64(state) % below);
}

/* k different boxes: the first k of a random order */
static void choose_starts(size_t n, const float (*boxes)[2], int k, uint64_t *state, float (*shapes)[2])
{
    size_t *order = vd_calloc(n, sizeof(*order));
    for (size_t i = 0; i < n; ++i) order[i] = i;
    for (int j = 0; j < k && (size_t)j < n; ++j) {
        size_t other = j + draw(state, n - j), box = order[other];
        order[other] = order[j];
        order[j] = box;
        memcpy(shapes[j], boxes[box], sizeof(*shapes));
    }
    free(order);
}

/* each shape becomes the mean of its boxes; one without boxes stays. Returns the mean overlap before that, and whether
 * a box has changed its shape */
static double move_shapes(size_t n, const float (*boxes)[2], int k, int *shape_of, float (*shapes)[2], int *changed)
{
    double sum = 0, most, (*sums)[3] = vd_calloc(k, sizeof(*sums)); /* width, height, boxes */
    *changed = 0;
    for (size_t i = 0; i < n; ++i) {
        int j = nearest(boxes[i], k, (const float(*)[2])shapes, &most);
        *changed |= j != shape_of[i];
        shape_of[i] = j;
        sums[j][0] += boxes[i][0], sums[j][1] += boxes[i][1], ++sums[j][2];
        sum += most;
    }
    for (int j = 0; j < k && *changed; ++j)
        for (int side = 0; side < 2 && sums[j][2]; ++side) shapes[j][side] = (float)(sums[j][side] / sums[j][2]);
    free(sums);
    return sum / n;
}

static int compare_areas(const void *a, const void *b)
{
    const float *x = a, *y = b, first = x[0] * x[1], second = y[0] * y[1];
    return first < second ? -1 : first > second ? 1 : x[0] < y[0] ? -1 : x[0] > y[0];
}

double vd_find_clusters(size_t n, const float (*boxes)[2], int k, float (*shapes)[2])
{
    float(*now)[2] = vd_calloc(k, sizeof(*now));
    int *shape_of = vd_calloc(n, sizeof(*shape_of));
    double best = -1;
    uint64_t state = 0;
    for (int start = 0; start < STARTS; ++start) {
        double overlap = 0;
        int changed = 1;
        choose_starts(n, boxes, k, &state, now);
        for (size_t i = 0; i < n; ++i) shape_of[i] = -1;
        for (int round = 0; round < MOST_ROUNDS && changed; ++round)
            overlap = move_shapes(n, boxes, k, shape_of, now, &changed);
        if (overlap <= best) continue;
        best = overlap;
        memcpy(shapes, now, k * sizeof(*now));
    }
    qsort(shapes, k, sizeof(*shapes), compare_areas);
    free(shape_of);
    free(now);
    return best;
}
