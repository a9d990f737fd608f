#include "weights/grid.h"
#include "weights/array.h"
#include "weights/matrix.h"
#include "base/fail.h"
#include "base/float_bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_OF_INT8 = 127, LAST_STEP = 255 };

/* the weights of a layer that are not pruned, and what is known of their places */
typedef struct {
    int rows, columns;
    size_t n;
    size_t *at;       /* [n] in the array of weights */
    float *w, *sigma; /* [n] */
    int *steps;       /* [n] */
} weights;

/* ---- sigma ------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float median(size_t n, const float *x)
{
    float *sorted = vd_calloc(n, sizeof(float));
    memcpy(sorted, x, n * sizeof(float));
    qsort(sorted, n, sizeof(float), compare);
    float middle = sorted[n / 2];
    free(sorted);
    return middle;
}

static weights read_weights(vd_part p, const float *log_sigma2)
{
    static const float least = 1e-20f; /* nothing is divided by 0 */
    weights l = {.rows = p.rows, .columns = p.columns, .n = vd_count_nonzero(vd_part_weights(p), p.weights)};
    l.at = vd_calloc(l.n, sizeof(size_t));
    l.w = vd_calloc(l.n, sizeof(float));
    l.sigma = vd_calloc(l.n, sizeof(float));
    l.steps = vd_calloc(l.n, sizeof(int));
    for (size_t i = 0, k = 0; i < vd_part_weights(p); ++i) {
        if (vd_is_zero(p.weights[i])) continue;
        l.at[k] = i;
        l.w[k] = p.weights[i];
        l.sigma[k++] = fmaxf(expf(log_sigma2[i] / 2), least);
    }
    if (!l.n) return l;
    float middle = median(l.n, l.sigma);
    for (size_t k = 0; k < l.n; ++k) l.sigma[k] = fminf(fmaxf(l.sigma[k], middle / 2), middle * 2);
    return l;
}

static void free_weights(weights *l)
{
    free(l->at);
    free(l->w);
    free(l->sigma);
    free(l->steps);
}

/* ---- bits -------------------------------------------------------------------------------------------------------- */

enum { COUNTED = 15, SIZES = COUNTED + 2 }; /* magnitudes: 0, 1 .. COUNTED by themselves, larger ones as one */

typedef struct {
    double *row, *column; /* log2 of how many weights they have, a little more than none */
    double all, area;     /* log2 of how many there are, and of the places */
    double bits[SIZES];   /* of a magnitude, with its sign */
} prices;

static int size_of(int steps)
{
    return abs(steps) <= COUNTED ? abs(steps) : COUNTED + 1;
}

/* log2 of the odds of a weight at a place: rows and columns as if they were independent */
static double place_bits(const prices *p, int row, int column)
{
    double log_odds = p->row[row] + p->column[column] - p->all;
    return log2(1 + exp2(-log_odds));
}

/* a magnitude beyond COUNTED has the bits of an Elias gamma code of how many times that it is, too */
static double bits_of(const prices *p, double place, int steps)
{
    return steps ? place + p->bits[size_of(steps)] + (abs(steps) > COUNTED ? 2 * log2((double)abs(steps) / COUNTED) : 0)
                 : 0;
}

/* what the weights cost when they are as they are now */
static void price(const weights *l, prices *p)
{
    double sizes[SIZES] = {0}, all = 0;
    int living = 0, used = 0;
    memset(p->row, 0, l->rows * sizeof(double));
    memset(p->column, 0, l->columns * sizeof(double));
    for (size_t k = 0; k < l->n; ++k) {
        if (!l->steps[k]) continue;
        ++p->row[l->at[k] / l->columns];
        ++p->column[l->at[k] % l->columns];
        ++sizes[size_of(l->steps[k])];
        ++all;
    }
    for (int i = 0; i < l->rows; ++i) living += p->row[i] > 0;
    for (int j = 0; j < l->columns; ++j) used += p->column[j] > 0;
    /* a row or column counts as if it had so many times its expected number on top, which makes the product of both
     * (1 + more)^2 times as large; a size as if it had been seen so many times on top */
    const double more = .5, seen = .3;
    for (int i = 0; i < l->rows; ++i) p->row[i] = log2(p->row[i] + more * (all + 1) / (living + 1));
    for (int j = 0; j < l->columns; ++j) p->column[j] = log2(p->column[j] + more * (all + 1) / (used + 1));
    p->all = log2((1 + more) * (1 + more) * all + 1);
    for (int s = 1; s < SIZES; ++s) p->bits[s] = 1 - log2((sizes[s] + seen) / (all + seen * SIZES));
}

static prices make_prices(const weights *l)
{
    return (prices){.row = vd_calloc(l->rows, sizeof(double)), .column = vd_calloc(l->columns, sizeof(double))};
}

static void free_prices(prices *p)
{
    free(p->row);
    free(p->column);
}

/* ---- rounding ---------------------------------------------------------------------------------------------------- */

/* within the integers that there are, also for a weight that no step reaches */
static int nearest_integer(float w, float step)
{
    return (int)fminf(fmaxf(rintf(w / step), -VD_MOST_INTEGER), VD_MOST_INTEGER);
}

static void round_to_nearest(weights *l, float step)
{
    for (size_t k = 0; k < l->n; ++k) l->steps[k] = nearest_integer(l->w[k], step);
}

static double error_of(const weights *l, size_t k, float step, int steps)
{
    double error = (l->w[k] - (double)steps * step) / l->sigma[k];
    return error * error / 2;
}

/* the best integer for each weight at these prices: the nearest, the next one towards 0, or 0; returns the whole cost
 * in nats */
static double choose(weights *l, const prices *p, float step, double rate)
{
    double all = 0;
    for (size_t k = 0; k < l->n; ++k) {
        double place = place_bits(p, (int)(l->at[k] / l->columns), (int)(l->at[k] % l->columns)), best = INFINITY;
        int nearest = nearest_integer(l->w[k], step), chosen = 0, towards = nearest < 0 ? 1 : -1;
        int candidates[] = {nearest, nearest + towards, 0};
        for (int c = nearest ? 0 : 2; c < 3; ++c) {
            double cost = error_of(l, k, step, candidates[c]) + rate * M_LN2 * bits_of(p, place, candidates[c]);
            if (cost < best) best = cost, chosen = candidates[c];
        }
        l->steps[k] = chosen;
        all += best;
    }
    return all;
}

/* prices depend on the integers and these on the prices: in turns, from the nearest integers on. Returns the cost at
 * the last prices */
static double round_by_rate(weights *l, float step, double rate)
{
    enum { TIMES = 4 };
    prices p = make_prices(l);
    double cost = 0;
    round_to_nearest(l, step);
    for (int i = 0; i < TIMES; ++i) {
        price(l, &p);
        cost = choose(l, &p, step, rate);
    }
    free_prices(&p);
    return cost;
}

static uint8_t largest_step_of(double most)
{
    int k = LAST_STEP;
    while (k > 0 && vd_pack_step((uint8_t)k) > most) --k;
    return (uint8_t)k;
}

uint8_t vd_grid_step_that_reaches(size_t n, const float *x, int least, int most)
{
    float largest = 0;
    int k = least;
    for (size_t i = 0; i < n; ++i) largest = fmaxf(largest, fabsf(x[i]));
    while (k < LAST_STEP && vd_pack_step((uint8_t)k) * (float)most < largest) ++k;
    return (uint8_t)k;
}

/* entropy-coded multiples of a step cost least near step^2 = 12 rate sigma^2;
 * four steps an octave around it are tried */
static int step_by_rate(weights *l, double sigma, double rate)
{
    enum { BELOW = 4, ABOVE = 4 };
    int middle = largest_step_of(sigma * sqrt(12 * rate)), best = middle;
    double least = INFINITY;
    for (int k = middle - BELOW; k <= middle + ABOVE; ++k) {
        if (k < 0 || k > LAST_STEP || vd_grid_step_that_reaches(l->n, l->w, k, VD_MOST_INTEGER) > k) continue;
        double cost = round_by_rate(l, vd_pack_step((uint8_t)k), rate);
        if (cost < least) least = cost, best = k;
    }
    return best;
}

static int chosen_step(weights *l, double rate)
{
    double sigma = median(l->n, l->sigma);
    return rate > 0 ? step_by_rate(l, sigma, rate) : largest_step_of(sigma / 2);
}

static uint8_t round_weights(weights *l, vd_grid_rule rule)
{
    int number = rule.is_fixed ? rule.least : chosen_step(l, rule.rate);
    if (number < rule.least) number = rule.least;
    number = vd_grid_step_that_reaches(l->n, l->w, number, rule.rate > 0 ? VD_MOST_INTEGER : STEPS_OF_INT8);
    float step = vd_pack_step((uint8_t)number);
    if (rule.rate > 0) round_by_rate(l, step, rule.rate);
    else round_to_nearest(l, step);
    return (uint8_t)number;
}

uint8_t vd_grid_round(vd_part p, const float *log_sigma2, vd_grid_rule rule)
{
    weights l = read_weights(p, log_sigma2);
    uint8_t number = rule.least;
    if (l.n) {
        number = round_weights(&l, rule);
        for (size_t k = 0; k < l.n; ++k) p.weights[l.at[k]] = (float)l.steps[k] * vd_pack_step(number);
    }
    free_weights(&l);
    return number;
}

void vd_grid_round_to(size_t n, float *x, uint8_t step)
{
    float by = vd_pack_step(step);
    for (size_t i = 0; i < n; ++i) x[i] = rintf(x[i] / by) * by;
}

double vd_smallest_rate(double lowest, size_t bytes, size_t (*size)(void *context, double rate), void *context)
{
    double low = lowest, high = log2(VD_LARGEST_RATE);
    /* where plain layers take most of a file, it is not the largest rate that makes the smallest one */
    while (high > low && size(context, exp2(high)) > bytes) --high;
    if (high <= low) return VD_LARGEST_RATE;
    while (high - low > .01) {
        double middle = (low + high) / 2;
        if (size(context, exp2(middle)) > bytes) low = middle;
        else high = middle;
    }
    return exp2(high);
}
