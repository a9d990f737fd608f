/* The tile in vectors: sums of some rows and vectors of C stay in registers over all of k. The Makefile builds this
 * file once for each instruction set. Rows are blocks of at most MOST_ROWS, of which each number has its own code. */
#include "kernels/products/tile.h"
#include "kernels/lanes.h"
#include "kernels/lengths.h"
#include "kernels/variant.h"

#include <string.h>

/* how many rows and vectors there are registers for: sums, as many vectors of x as a row has, and one of a */
#if defined(__AVX512F__) || defined(__aarch64__)
#define MOST_ROWS 12
#define MOST_VECTORS(m) ((m) <= 2 ? 8 : (m) <= 4 ? 6 : (m) <= 6 ? 4 : (m) <= 8 ? 3 : 2)
#else
#define MOST_ROWS 6
#define MOST_VECTORS(m) ((m) <= 1 ? 8 : (m) <= 2 ? 5 : (m) <= 4 ? 3 : 2)
#endif

enum { LONGEST_FLOAT_SUM = 512, IN_LINE = 16 /* floats of a cache line */ };

/* 0, 1, 2 ...: the rows of x where they have no offsets */
#define FOUR(i) i, i + 1, i + 2, i + 3
#define SIXTEEN(i) FOUR(i), FOUR(i + 4), FOUR(i + 8), FOUR(i + 12)
#define SIXTY_FOUR(i) SIXTEEN(i), SIXTEEN(i + 16), SIXTEEN(i + 32), SIXTEEN(i + 48)
static const int one_after_the_other[LONGEST_FLOAT_SUM] = {
    SIXTY_FOUR(0),   SIXTY_FOUR(64),  SIXTY_FOUR(128), SIXTY_FOUR(192),
    SIXTY_FOUR(256), SIXTY_FOUR(320), SIXTY_FOUR(384), SIXTY_FOUR(448),
};

static inline vd_lanes load(const float *x)
{
    return *(const vd_lanes_in_memory *)x;
}

/* The last vector of a row, of which only some numbers may be read and written. Everywhere c + scale sum is one
 * operation, with c = 0 where nothing is added, so that all places round alike. */
#if defined(__AVX512F__)
#define TAIL_IS_MASKED 1
#define SOME uint32_t
#define SOME_OF(n) (uint32_t)((1ull << (n)) - 1)

static inline vd_lanes load_some(const float *x, SOME some)
{
    return (vd_lanes)_mm512_maskz_loadu_ps((__mmask16)some, x);
}

static inline void add_up_some(float *c, SOME some, float scale, vd_lanes sum, uint32_t keep)
{
    _mm512_mask_storeu_ps(c, (__mmask16)some, (__m512)(load_some(c, some & keep) + scale * sum));
}

static inline void add_up(float *c, float scale, vd_lanes sum, uint32_t keep)
{
    *(vd_lanes_in_memory *)c = load_some(c, keep) + scale * sum;
}
#else
#define TAIL_IS_MASKED 0
#define SOME int
#define SOME_OF(n) (n)
#if defined(__AVX2__)
static inline __m256i mask_of(SOME some)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(some), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vd_lanes load_some(const float *x, SOME some)
{
    return (vd_lanes)_mm256_maskload_ps(x, mask_of(some));
}
#else
static inline vd_lanes load_some(const float *x, SOME some)
{
    return (vd_lanes){x[0], some > 1 ? x[1] : 0, some > 2 ? x[2] : 0, 0};
}
#endif

static inline void add_up(float *c, float scale, vd_lanes sum, uint32_t keep)
{
    vd_lanes old = {0};
    if (keep) old = load(c);
    *(vd_lanes_in_memory *)c = old + scale * sum;
}

static inline void add_up_some(float *c, SOME some, float scale, vd_lanes sum, uint32_t keep)
{
    float old[VD_WIDTH] = {0};
    if (keep) memcpy(old, c, some * sizeof(float));
    add_up(old, scale, sum, ~0u);
    memcpy(c, old, some * sizeof(float));
}
#endif

/* a sum of no terms */
static void clear(vd_tile t)
{
    for (int i = 0; i < t.m; ++i) memset(t.c + i * t.ldc, 0, t.n * sizeof(float));
}

#define TILE(name) float_##name
#define NUMBER float
#define WIDTH VD_WIDTH
#define COEFFICIENT float
#define COEFFICIENT_OF(x) (x)
#define VECTOR vd_lanes
#define LOAD(x) load(x)
#define LOAD_SOME(x, some) load_some(x, some)
#define SPREAD(a) (a)
#define ADD_UP(c, scale, sum, keep) add_up(c, scale, sum, keep)
#define ADD_UP_SOME(c, some, scale, sum, keep) add_up_some(c, some, scale, sum, keep)
#define LONGEST_SUM LONGEST_FLOAT_SUM
#define COPY(to, a, some) (void)some
#define BEYOND 0
#include "kernels/products/tile_block.h"

void VARIANT(vd_tile)(vd_tile t)
{
    float_multiply(t);
}

#ifdef __AVX512FP16__
typedef _Float16 lanes_of_half __attribute__((vector_size(64)));
typedef _Float16 halves_in_memory __attribute__((vector_size(64), aligned(2), may_alias));

static inline lanes_of_half load_halves(const uint16_t *x)
{
    return *(const halves_in_memory *)x;
}

static inline lanes_of_half load_some_halves(const uint16_t *x, SOME some)
{
    return (lanes_of_half)_mm512_maskz_loadu_epi16(some, x);
}

/* a is kept twice in 32 bits: to spread those out takes one load, where 16 bits take a shuffle, and with it a cycle of
 * the unit that multiplies */
static inline lanes_of_half spread(uint32_t a)
{
    return (lanes_of_half)_mm512_set1_epi32((int)a);
}

static inline void copy_some(uint32_t *to, const uint16_t *a, SOME some)
{
    __m512i x = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16((__mmask16)some, a));
    _mm512_storeu_si512(to, _mm512_or_si512(x, _mm512_slli_epi32(x, 16)));
}

static inline vd_lanes lower(lanes_of_half x)
{
    return (vd_lanes)_mm512_cvtxph_ps((__m256h)_mm512_castsi512_si256((__m512i)x));
}

static inline vd_lanes upper(lanes_of_half x)
{
    return (vd_lanes)_mm512_cvtxph_ps((__m256h)_mm512_extracti64x4_epi64((__m512i)x, 1));
}

static inline void add_up_halves(float *c, float scale, lanes_of_half sum, uint32_t keep)
{
    add_up(c, scale, lower(sum), keep);
    add_up(c + VD_WIDTH, scale, upper(sum), keep);
}

static inline void add_up_some_halves(float *c, SOME some, float scale, lanes_of_half sum, uint32_t keep)
{
    add_up_some(c, some, scale, lower(sum), keep);
    add_up_some(c + VD_WIDTH, some >> VD_WIDTH, scale, upper(sum), keep);
}

#define TILE(name) half_##name
#define NUMBER uint16_t
#define WIDTH (2 * VD_WIDTH)
#define COEFFICIENT uint32_t
#define COEFFICIENT_OF(x) (0x10001u * (x))
#define VECTOR lanes_of_half
#define LOAD(x) load_halves(x)
#define LOAD_SOME(x, some) load_some_halves(x, some)
#define SPREAD(a) spread(a)
#define ADD_UP(c, scale, sum, keep) add_up_halves(c, scale, sum, keep)
#define ADD_UP_SOME(c, some, scale, sum, keep) add_up_some_halves(c, some, scale, sum, keep)
#define LONGEST_SUM 100 /* relative error 6e-4 (rms) */
#define COPY(to, a, some) copy_some(to, a, some)
#define BEYOND VD_WIDTH
#include "kernels/products/tile_block.h"

void VARIANT(vd_tile_half)(vd_tile t)
{
    half_multiply(t);
}
#endif
