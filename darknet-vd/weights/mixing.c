#include "weights/mixing.h"
#include "base/fail.h"

#include <assert.h>

enum {
    ONE = 65536,
    MOST_LOGIT = 2047,
    LEAST = 32,
    STRENGTH = 4,
    SLOWNESS = 16384,
    MOST_COUNT = 32767,
    MOST_WEIGHT = 1 << 24
};

/* rounded down, where C rounds to 0 */
static int64_t divide(int64_t a, int64_t by)
{
    int64_t quotient = a / by;
    return quotient - (a % by < 0);
}

static int clamp(int64_t x, int least, int most)
{
    return x < least ? least : x > most ? most : (int)x;
}

/* 65536/(1 + exp(-t/256)), linear between the knots */
static int squash(int t)
{
    enum { APART = 128 };
    static const int knots[] = {22,    36,    60,    98,    162,   267,   439,   720,   1179,  1921,  3108,
                                4971,  7812,  11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60565,
                                62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514};
    int from_first = t + 16 * APART, k = from_first / APART, rest = from_first % APART;
    return (knots[k] * (APART - rest) + knots[k + 1] * rest) / APART;
}

vd_mixing *make_vd_mixing(void)
{
    vd_mixing *m = vd_calloc(1, sizeof(*m));
    int t = -MOST_LOGIT;
    for (int i = 0; i < VD_STRETCHES; ++i) {
        while (t < MOST_LOGIT && squash(t) / (ONE / VD_STRETCHES) < i) ++t;
        m->stretch[i] = (int16_t)t;
    }
    return m;
}

vd_mixed vd_mixed_fresh(int n, const int32_t *weights)
{
    vd_mixed m = {.weight = {ONE}};
    assert(n <= VD_MOST_CONTEXTS);
    for (int k = 0; k < n; ++k) m.weight[1 + k] = weights[k];
    return m;
}

static int stretch(const vd_mixing *t, uint32_t p)
{
    return t->stretch[p / (ONE / VD_STRETCHES)];
}

static void count_bit(vd_count *c, int bit)
{
    if (c->n[bit] == MOST_COUNT) c->n[0] /= 2, c->n[1] /= 2;
    ++c->n[bit];
}

int vd_code_mixed(vd_coder *c, const vd_mixing *t, vd_mixed *kind, int n, vd_count *const *contexts, int bit)
{
    int input[1 + VD_MOST_CONTEXTS];
    const vd_count *b = &kind->base;
    uint32_t base = ((uint32_t)ONE * b->n[1] + ONE / 2) / (b->n[0] + b->n[1] + 1u);
    input[0] = stretch(t, base);
    int64_t sum = (int64_t)kind->weight[0] * input[0];
    for (int k = 0; k < n; ++k) {
        const vd_count *x = contexts[k];
        input[1 + k] = 0;
        if (!x) continue;
        uint32_t p = ((uint32_t)ONE * x->n[1] + STRENGTH * base) / (x->n[0] + x->n[1] + STRENGTH + 0u);
        input[1 + k] = stretch(t, p) - input[0];
        sum += (int64_t)kind->weight[1 + k] * input[1 + k];
    }
    int p = clamp(squash(clamp(divide(sum, ONE), -MOST_LOGIT, MOST_LOGIT)), LEAST, ONE - LEAST);
    bit = vd_code_odds(c, (uint32_t)(ONE - p), bit);
    int error = bit * ONE - p;
    for (int k = 0; k <= n; ++k)
        kind->weight[k] =
            clamp(kind->weight[k] + divide((int64_t)error * input[k], SLOWNESS), -MOST_WEIGHT, MOST_WEIGHT);
    count_bit(&kind->base, bit);
    for (int k = 0; k < n; ++k)
        if (contexts[k]) count_bit(contexts[k], bit);
    return bit;
}
