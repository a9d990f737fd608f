/* What a training update does with each weight: the posterior's gradient, the step, and sigma2 and KL divergence for
 * the next forward pass. The Makefile builds this file once for each instruction set, named by VD_VARIANT. */
#include "kernels/approx.h"
#include "kernels/approx_lanes.h"
#include "kernels/checksum.h"
#include "kernels/lanes.h"
#include "kernels/variant.h"

#include <float.h>
#include <string.h>

#define LOG2_E 1.44269504f
#define LOG2_E_REST 1.925963033e-8f /* log2(e) - LOG2_E: it counts where log_sigma2 is, say, 20 */
#define LN_2 .693147181f
#define LOG2_ALPHA_LIMIT (LOG2_E * VD_LOG_ALPHA_LIMIT)

/* log2 of sigma2 / (theta^2 + eps), not clipped; base 2 because vd_exp2() and vd_log2() are */
static inline float log2_alpha(float theta, float log_sigma2)
{
    float t2 = theta * theta, whole, part = vd_log2(t2 + VD_THETA_EPS, &whole);
    float x = (LOG2_E * log_sigma2 - whole) + (LOG2_E_REST * log_sigma2 - part);
    return t2 == t2 ? x : t2; /* vd_log2() drops a NaN */
}

static inline float clip(float limit, float x)
{
    x = x < -limit ? -limit : x;
    return x > limit ? limit : x;
}

void VARIANT(vd_log_alpha)(size_t n, const float *restrict theta, const float *restrict log_sigma2, float *restrict out)
{
    for (size_t i = 0; i < n; ++i) out[i] = clip(VD_LOG_ALPHA_LIMIT, LN_2 * log2_alpha(theta[i], log_sigma2[i]));
}

size_t VARIANT(vd_mask)(size_t n, const float *restrict theta, const float *restrict log_sigma2, float threshold,
                        float *restrict masked)
{
    size_t kept = 0;
    VARIANT(vd_log_alpha)(n, theta, log_sigma2, masked);
    for (size_t i = 0; i < n; ++i) masked[i] = masked[i] < threshold ? theta[i] : 0;
    for (size_t i = 0; i < n; ++i) kept += masked[i] != 0;
    return kept;
}

/* ---- variance and KL divergence ---- */

enum { KL_ROWS = 8, KL_BLOCK = KL_ROWS * VD_SUM_LANES };

/* of at most KL_BLOCK weights. A sum of logarithms is the logarithm of the product, at most (1 + e^8)^8 */
typedef struct {
    float rest[VD_SUM_LANES], product[VD_SUM_LANES];
} kl_sums;

static void kl_begin(kl_sums *s)
{
    for (int lane = 0; lane < VD_SUM_LANES; ++lane) s->rest[lane] = 0, s->product[lane] = 1;
}

static float kl_end(kl_sums *s)
{
    for (int lane = 0; lane < VD_SUM_LANES; ++lane) {
        float whole, part = vd_log2(s->product[lane], &whole);
        s->rest[lane] += .5f * LN_2 * (whole + part);
    }
    return vd_add_lanes(s->rest);
}

/* Registers that are worked on together: what is computed for one does not wait for another, and a processor looks
 * ahead over fewer instructions than the whole way of one takes. Each step below is a loop over `count` registers,
 * TOGETHER or 1, with n numbers in each */
enum { TOGETHER = 4, STRIDE = TOGETHER * VD_WIDTH };
#define EACH(u) for (int u = 0; u < count; ++u)

/* sigma2 and d_kl of the weights from number i of the block on */
VD_INLINE void variance_lanes(int count, size_t n, size_t i, const vd_lanes *theta, const vd_lanes *log_sigma2,
                              kl_sums *sums, vd_lanes *sigma2, vd_lanes *d_kl)
{
    vd_lanes t2[TOGETHER], x[TOGETHER], clipped[TOGETHER], inverse[TOGETHER], e[TOGETHER];
    EACH(u)
    {
        t2[u] = theta[u] * theta[u];
        vd_lanes whole, part = vd_lanes_log2(t2[u] + VD_THETA_EPS, &whole);
        x[u] = (LOG2_E * log_sigma2[u] - whole) + (LOG2_E_REST * log_sigma2[u] - part);
        x[u] = vd_lanes_where(t2[u] == t2[u], x[u], t2[u]); /* vd_lanes_log2() drops a NaN */
        clipped[u] = vd_lanes_at_most(LOG2_ALPHA_LIMIT, vd_lanes_at_least(-LOG2_ALPHA_LIMIT, x[u]));
    }
    EACH(u) inverse[u] = vd_lanes_exp2(-clipped[u]); /* 1/alpha */
    EACH(u) e[u] = vd_lanes_exp2(-VD_K3 * clipped[u] - LOG2_E * VD_K2);
    EACH(u)
    {
        /* s = 1/(1 + e),  q = alpha/(1 + alpha) = 1/(1 + 1/alpha),  alpha: one reciprocal for the three */
        vd_lanes s_inverse = 1 + e[u], q_inverse = 1 + inverse[u], both = s_inverse * q_inverse;
        vd_lanes r = vd_lanes_reciprocal(both * inverse[u]), ri = r * inverse[u];
        vd_lanes s = ri * q_inverse, q = ri * s_inverse;
        vd_lanes rest = VD_K1 * (e[u] * s); /* k1 - k1 s;  s (1 - s) = e s^2 without cancellation */
        vd_lanes_mask is_clipped = (x[u] < clipped[u]) | (x[u] > clipped[u]);
        sigma2[u] = r * both * t2[u];
        d_kl[u] = vd_lanes_but(is_clipped, -(rest * (VD_K3 * s) + .5f * inverse[u] * q));
        size_t lane = (i + u * VD_WIDTH) % VD_SUM_LANES;
        float *to_rest = sums->rest + lane, *to_product = sums->product + lane;
        vd_lanes_store(n, to_rest, vd_lanes_load(n, to_rest) + rest);
        vd_lanes_store(n, to_product, vd_lanes_load(n, to_product) * q_inverse);
    }
}

VD_INLINE void load_lanes(int count, size_t n, const float *x, vd_lanes *to)
{
    EACH(u) to[u] = vd_lanes_load(n, x + u * VD_WIDTH);
}

VD_INLINE void store_lanes(int count, size_t n, float *to, const vd_lanes *x)
{
    EACH(u) vd_lanes_store(n, to + u * VD_WIDTH, x[u]);
}

VD_INLINE void variance_step(int count, size_t n, size_t i, const float *theta, const float *log_sigma2, kl_sums *sums,
                             float *sigma2, float *d_kl)
{
    vd_lanes t[TOGETHER], ls[TOGETHER], s2[TOGETHER], d[TOGETHER];
    load_lanes(count, n, theta + i, t);
    load_lanes(count, n, log_sigma2 + i, ls);
    variance_lanes(count, n, i, t, ls, sums, s2, d);
    store_lanes(count, n, sigma2 + i, s2);
    store_lanes(count, n, d_kl + i, d);
}

static float variance_kl_block(size_t n, const float *theta, const float *log_sigma2, float *sigma2, float *d_kl)
{
    kl_sums sums;
    size_t i = 0;
    kl_begin(&sums);
    for (; i + STRIDE <= n; i += STRIDE) variance_step(TOGETHER, VD_WIDTH, i, theta, log_sigma2, &sums, sigma2, d_kl);
    for (; i + VD_WIDTH <= n; i += VD_WIDTH) variance_step(1, VD_WIDTH, i, theta, log_sigma2, &sums, sigma2, d_kl);
    if (i < n) variance_step(1, n - i, i, theta, log_sigma2, &sums, sigma2, d_kl);
    return kl_end(&sums);
}

double VARIANT(vd_variance_kl)(size_t n, const float *theta, const float *log_sigma2, float *sigma2, float *d_kl)
{
    double sum = 0; /* of blocks summed in float */
    for (size_t i = 0; i < n; i += KL_BLOCK) {
        size_t m = n - i < KL_BLOCK ? n - i : KL_BLOCK;
        sum += variance_kl_block(m, theta + i, log_sigma2 + i, sigma2 + i, d_kl + i);
    }
    return sum;
}

/* forward was sigma2 = alpha theta^2 and KL(log_alpha), log_alpha = clip(log_sigma2 - log(theta^2 + eps)). Both parts
 * of d_theta have the denominator theta (theta^2 + eps). Below tiny they are negligible, and 1/theta would overflow */
void VARIANT(vd_posterior_backward)(size_t n, const float *restrict theta, const float *restrict sigma2,
                                    const float *restrict d_kl, float kl_scale, float *restrict d_theta,
                                    float *restrict d_log_sigma2)
{
    const float tiny = 1e-20f;
    for (size_t i = 0; i < n; ++i) {
        float t = theta[i], t2 = t * t, t2_eps = t2 + VD_THETA_EPS;
        float d = d_log_sigma2[i] * sigma2[i], d_log_alpha = kl_scale * d_kl[i];
        int clipped = d_kl[i] == 0;
        float r = fabsf(t) < tiny ? 0 : 2 / (t * t2_eps);
        d_theta[i] += r * (d * (clipped ? t2_eps : VD_THETA_EPS) - d_log_alpha * t2);
        d_log_sigma2[i] = clipped ? 0 : d + d_log_alpha;
    }
}

/* what the steps of one call have in common */
typedef struct {
    float per_image, rate, c2, b1, b2, new1, new2, eps, decay;
} adam_rates;

VD_INLINE adam_rates rates_of(vd_adam_args a)
{
    return (adam_rates){1 / a.batch, a.rate / a.correction1, 1 / a.correction2, a.b1, a.b2, 1 - a.b1, 1 - a.b2, a.eps,
                        a.decay};
}

/* one step of x along `step` */
VD_INLINE void adam_lanes(int count, size_t n, adam_rates a, vd_lanes *x, const vd_lanes *step, float *m, float *v)
{
    const float tiny = 1e-37f; /* where v is 0 */
    EACH(u)
    {
        float *mu = m + u * VD_WIDTH, *vu = v + u * VD_WIDTH;
        vd_lanes g = a.per_image * step[u] - a.decay * x[u];
        vd_lanes m1 = a.b1 * vd_lanes_load(n, mu) + a.new1 * g;
        vd_lanes v1 = a.b2 * vd_lanes_load(n, vu) + a.new2 * g * g;
        vd_lanes_store(n, mu, m1);
        vd_lanes_store(n, vu, v1);
        vd_lanes root = vd_lanes_root(vd_lanes_scaled_at_least(tiny, a.c2, v1));
        x[u] += a.rate * m1 * vd_lanes_reciprocal(root + a.eps);
    }
}

VD_INLINE void adam_step(int count, size_t n, adam_rates a, float *x, float *step, float *m, float *v)
{
    vd_lanes x0[TOGETHER], step0[TOGETHER];
    load_lanes(count, n, x, x0);
    load_lanes(count, n, step, step0);
    adam_lanes(count, n, a, x0, step0, m, v);
    store_lanes(count, n, x, x0);
    EACH(u) vd_lanes_store(n, step + u * VD_WIDTH, (vd_lanes){0});
}

void VARIANT(vd_adam)(size_t n, vd_adam_args a, float *x, float *step, float *m, float *v)
{
    adam_rates rates = rates_of(a);
    size_t i = 0;
    for (; i + STRIDE <= n; i += STRIDE) adam_step(TOGETHER, VD_WIDTH, rates, x + i, step + i, m + i, v + i);
    for (; i + VD_WIDTH <= n; i += VD_WIDTH) adam_step(1, VD_WIDTH, rates, x + i, step + i, m + i, v + i);
    if (i < n) adam_step(1, n - i, rates, x + i, step + i, m + i, v + i);
}

/* ---- one update ---- */

/* as posterior_backward() */
VD_INLINE void posterior_lanes(int count, const vd_lanes *theta, const vd_lanes *sigma2, const vd_lanes *d_kl,
                               float kl_scale, vd_lanes *d_theta, vd_lanes *d_log_sigma2)
{
    const float tiny = 1e-20f;
    EACH(u)
    {
        vd_lanes t = theta[u], t2 = t * t, t2_eps = t2 + VD_THETA_EPS, d = d_log_sigma2[u] * sigma2[u];
        vd_lanes d_log_alpha = kl_scale * d_kl[u], eps = vd_lanes_of(VD_THETA_EPS);
        vd_lanes_mask clipped = d_kl[u] == 0;
        vd_lanes r = vd_lanes_but((t < tiny) & (t > -tiny), 2 * vd_lanes_reciprocal(t * t2_eps));
        d_theta[u] += r * (d * vd_lanes_where(clipped, t2_eps, eps) - d_log_alpha * t2);
        d_log_sigma2[u] = vd_lanes_but(clipped, d + d_log_alpha);
    }
}

typedef struct {
    adam_rates theta, log_sigma2;
    float kl_scale;
} update_rates;

typedef struct {
    kl_sums kl;
    vd_lanes largest;
    vd_lanes_mask found; /* bit 31: a number was not finite */
} update_sums;

VD_INLINE void note(int count, const vd_lanes *theta, const vd_lanes *log_sigma2, const vd_lanes *sigma2,
                    update_sums *s)
{
    const int exponent = 0x7f800000, most = 0x7f7fffff; /* only an exponent of all ones makes the difference negative */
    EACH(u)
    {
        s->found |= most - ((vd_lanes_mask)theta[u] & exponent);
        s->found |= most - ((vd_lanes_mask)log_sigma2[u] & exponent);
        s->largest = vd_lanes_where(sigma2[u] > s->largest, sigma2[u], s->largest);
    }
}

VD_INLINE void update_step(int count, size_t n, size_t i, update_rates r, vd_adam_arrays a, update_sums *sums)
{
    vd_lanes t[TOGETHER], ls[TOGETHER], d_t[TOGETHER], d_ls[TOGETHER], s2[TOGETHER], d_kl[TOGETHER];
    load_lanes(count, n, a.theta + i, t);
    load_lanes(count, n, a.sigma2 + i, s2);
    load_lanes(count, n, a.d_kl + i, d_kl);
    load_lanes(count, n, a.d_theta + i, d_t);
    load_lanes(count, n, a.d_sigma2 + i, d_ls);
    posterior_lanes(count, t, s2, d_kl, r.kl_scale, d_t, d_ls);
    EACH(u) vd_lanes_store(n, a.d_theta + i + u * VD_WIDTH, (vd_lanes){0});
    EACH(u) vd_lanes_store(n, a.d_sigma2 + i + u * VD_WIDTH, (vd_lanes){0});
    adam_lanes(count, n, r.theta, t, d_t, a.theta_m + i, a.theta_v + i);
    store_lanes(count, n, a.theta + i, t);
    load_lanes(count, n, a.log_sigma2 + i, ls);
    adam_lanes(count, n, r.log_sigma2, ls, d_ls, a.log_sigma2_m + i, a.log_sigma2_v + i);
    store_lanes(count, n, a.log_sigma2 + i, ls);
    variance_lanes(count, n, i, t, ls, &sums->kl, s2, d_kl);
    store_lanes(count, n, a.sigma2 + i, s2);
    store_lanes(count, n, a.d_kl + i, d_kl);
    note(count, t, ls, s2, sums);
}

/* weights o .. end - 1, at most KL_BLOCK, which divides o */
static void update_block(size_t o, size_t end, update_rates r, vd_adam_arrays a, vd_update_sums *sums)
{
    update_sums s = {0};
    size_t i = o;
    kl_begin(&s.kl);
    for (; i + STRIDE <= end; i += STRIDE) update_step(TOGETHER, VD_WIDTH, i, r, a, &s);
    for (; i + VD_WIDTH <= end; i += VD_WIDTH) update_step(1, VD_WIDTH, i, r, a, &s);
    if (i < end) update_step(1, end - i, i, r, a, &s);
    sums->kl += kl_end(&s.kl);
    for (int lane = 0; lane < VD_WIDTH; ++lane) {
        if (s.largest[lane] > sums->largest) sums->largest = s.largest[lane];
        sums->is_infinite |= s.found[lane] < 0;
    }
}

void VARIANT(vd_update_adam)(size_t n, vd_adam_args theta, float kl_scale, vd_adam_arrays a, vd_update_sums *sums)
{
    vd_adam_args log_sigma2 = theta;
    log_sigma2.decay = 0;
    update_rates r = {rates_of(theta), rates_of(log_sigma2), kl_scale};
    for (size_t o = 0; o < n; o += KL_BLOCK) update_block(o, n - o < KL_BLOCK ? n : o + KL_BLOCK, r, a, sums);
}

void VARIANT(vd_sgd)(size_t n, float rate, float momentum, float decay, float batch, float *restrict x,
                     float *restrict step, float *restrict velocity)
{
    float along = rate / batch, shrink = decay * batch;
    if (velocity) {
        for (size_t i = 0; i < n; ++i) {
            float move = step[i] - shrink * x[i] + velocity[i];
            x[i] += along * move;
            velocity[i] = momentum * move;
        }
    } else {
        for (size_t i = 0; i < n; ++i) x[i] += along * (step[i] - shrink * x[i]);
    }
    memset(step, 0, n * sizeof(float));
}

void VARIANT(vd_count_pruned)(size_t n, float alpha, const float *restrict theta, const float *restrict sigma2,
                              const float *restrict d_kl, uint16_t *restrict pruned_for)
{
    for (size_t i = 0; i < n; ++i) {
        float square = theta[i] * theta[i];
        int clipped = (d_kl[i] == 0) & (sigma2[i] >= square);
        int pruned = clipped | ((square >= FLT_MIN) & (sigma2[i] >= alpha * square));
        int more = pruned_for[i] + (pruned_for[i] < UINT16_MAX);
        pruned_for[i] = (uint16_t)(more & -pruned);
    }
}

void VARIANT(vd_hold_frozen)(size_t n, int batches, const float *restrict theta, const uint16_t *restrict pruned_for,
                             float *restrict d_theta)
{
    for (size_t i = 0; i < n; ++i) d_theta[i] = (theta[i] == 0) & (pruned_for[i] >= batches) ? 0 : d_theta[i];
}

int VARIANT(vd_all_finite)(size_t n, const float *restrict x)
{
    const uint32_t exponent = 0x7f800000, lowest = 0x00800000; /* an exponent of all ones: infinity or NaN */
    uint32_t found = 0;
    for (size_t i = 0; i < n; ++i) found |= (vd_word_of(x + i) & exponent) + lowest; /* carries into the sign */
    return !(found >> 31);
}

uint64_t VARIANT(vd_checksum)(size_t n, const float *restrict x)
{
    uint32_t sums[VD_CHECKSUM_LANES] = {0}, sums_of_sums[VD_CHECKSUM_LANES] = {0};
    size_t i = 0;
    for (; i + VD_CHECKSUM_LANES <= n; i += VD_CHECKSUM_LANES)
        for (int lane = 0; lane < VD_CHECKSUM_LANES; ++lane) {
            sums[lane] += vd_word_of(x + i + lane);
            sums_of_sums[lane] += sums[lane];
        }
    for (int lane = 0; i < n; ++i, ++lane) {
        sums[lane] += vd_word_of(x + i);
        sums_of_sums[lane] += sums[lane];
    }
    return vd_checksum_join(sums, sums_of_sums);
}
