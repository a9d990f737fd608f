/* active_kernels.h in vectors. The Makefile builds this file once for each instruction set, named by VD_VARIANT. */
#include "kernels/lane_masks.h"
#include "kernels/lanes.h"
#include "kernels/lengths.h"
#include "kernels/variant.h"

#include <string.h>

/* W numbers of a register, and how many registers of sums of each kind leave room for the factors */
#if defined __AVX512F__
enum { W = VD_WIDTH, MOST = 12 };
#else
enum { W = VD_WIDTH, MOST = 6 };
#endif

typedef float vec __attribute__((vector_size(4 * W), may_alias));              /* aligned */
typedef float some __attribute__((vector_size(4 * W), aligned(4), may_alias)); /* of any alignment */

#define AT(x) (*(const vec *)(x))
#define TO(x) (*(vec *)(x))
#define UNROLL _Pragma("GCC unroll 16")
#define INLINE static inline __attribute__((always_inline))

/* f(1) f(2) ... f(MOST), at most 12 */
#define TIMES_6(f) f(1) f(2) f(3) f(4) f(5) f(6)
#if defined __AVX512F__
#define TIMES_MOST(f) TIMES_6(f) f(7) f(8) f(9) f(10) f(11) f(12)
#else
#define TIMES_MOST(f) TIMES_6(f)
#endif

/* n vectors are cut into parts of at most MOST, as equal as they can be: where part i begins */
static inline size_t cut(size_t n, size_t i)
{
    return n * i / ((n + MOST - 1) / MOST);
}

/* ---- sums ---- */

INLINE void sum_vectors(int count, int square, vd_active_list s, const float *x, const float *x2, int add, size_t ldy,
                        float *y, float *y2)
{
    for (int r = 0; r < s.rows; ++r, y += ldy, y2 += ldy) {
        int e = s.start[r * s.step], end = s.start[r * s.step + 1];
        if (add && e == end) continue;
        vec sum[MOST], sum2[MOST];
        UNROLL for (int p = 0; p < count; ++p) sum[p] = add ? AT(y + p * W) : (vec){0};
        UNROLL for (int p = 0; p < count; ++p) sum2[p] = add ? AT(y2 + p * W) : (vec){0};
        for (; e < end; ++e) {
            const float *from = x + s.offset[e], *from2 = square ? 0 : x2 + s.offset[e];
            float theta = s.theta[e], sigma2 = s.sigma2[e];
            UNROLL for (int p = 0; p < count; ++p)
            {
                vec z = AT(from + p * W);
                sum[p] += theta * z;
                if (square) sum2[p] += sigma2 * (z * z);
            }
            UNROLL for (int p = 0; p < count && !square; ++p) sum2[p] += sigma2 * AT(from2 + p * W);
        }
        UNROLL for (int p = 0; p < count; ++p) TO(y + p * W) = sum[p];
        UNROLL for (int p = 0; p < count; ++p) TO(y2 + p * W) = sum2[p];
    }
}

#define SUM_OF(count)                                                                                         \
    static void sum_##count(vd_active_list s, const float *x, const float *x2, int add, size_t ldy, float *y, \
                            float *y2)                                                                        \
    {                                                                                                         \
        if (x2) sum_vectors(count, 0, s, x, x2, add, ldy, y, y2);                                             \
        else sum_vectors(count, 1, s, x, 0, add, ldy, y, y2);                                                 \
    }
TIMES_MOST(SUM_OF)

static void sums_v(vd_active_list s, size_t n, const float *x, const float *x2, int add, size_t ldy, float *y,
                   float *y2)
{
#define SUM_NAME(count) sum_##count,
    static void (*const of[])(vd_active_list, const float *, const float *, int, size_t, float *,
                              float *) = {0, TIMES_MOST(SUM_NAME)};
    size_t vectors = n / W, at, end;
    for (size_t i = 0; (at = cut(vectors, i)) < vectors; ++i) {
        end = cut(vectors, i + 1);
        of[end - at](s, x + at * W, x2 ? x2 + at * W : 0, add, ldy, y + at * W, y2 + at * W);
    }
}

/* ---- dots ---- */

/* sums of W vectors: W sums in a vector. Each step adds the halves of vectors two by two */
#if defined __AVX512F__
#define MIX(a, b, ...) (__builtin_shufflevector(a, b, __VA_ARGS__))
#define ADD_1(a, b)                                                         \
    (MIX(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) + \
     MIX(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#define ADD_2(a, b)                                                        \
    (MIX(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) + \
     MIX(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#define ADD_4(a, b)                                                        \
    (MIX(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) + \
     MIX(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
#define ADD_8(a, b)                                                      \
    (MIX(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) + \
     MIX(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#elif defined __AVX__
#define MIX(a, b, ...) (__builtin_shufflevector(a, b, __VA_ARGS__))
#define ADD_1(a, b) (MIX(a, b, 0, 8, 2, 10, 4, 12, 6, 14) + MIX(a, b, 1, 9, 3, 11, 5, 13, 7, 15))
#define ADD_2(a, b) (MIX(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + MIX(a, b, 2, 3, 10, 11, 6, 7, 14, 15))
#define ADD_4(a, b) (MIX(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + MIX(a, b, 4, 5, 6, 7, 12, 13, 14, 15))
#else
#define MIX(a, b, ...) (__builtin_shufflevector(a, b, __VA_ARGS__))
#define ADD_1(a, b) (MIX(a, b, 0, 4, 2, 6) + MIX(a, b, 1, 5, 3, 7))
#define ADD_2(a, b) (MIX(a, b, 0, 1, 4, 5) + MIX(a, b, 2, 3, 6, 7))
#endif

#define HALVE(n, add) UNROLL for (int i = 0; i < (n); ++i) v[i] = add(v[2 * i], v[2 * i + 1]);

INLINE vec sum_each(const vec *vectors)
{
    vec v[W];
    UNROLL for (int i = 0; i < W; ++i) v[i] = vectors[i];
    HALVE(W / 2, ADD_1)
    HALVE(W / 4, ADD_2)
#if defined __AVX__
    HALVE(W / 8, ADD_4)
#endif
#if defined __AVX512F__
    HALVE(W / 16, ADD_8)
#endif
    return v[0];
}

/* the sums of the latest elements, a vector each: they are added up when there are W of them */
typedef struct {
    vec sum[W], sum2[W];
    int element[W], n;
    float *d_theta, *d_sigma2;
} pending;

static void add_pending(pending *q)
{
    float sums[W], sums2[W];
    vec sum = sum_each(q->sum), sum2 = sum_each(q->sum2);
    int first = q->element[0];
    if (q->n == W && q->element[W - 1] - first == W - 1) {
        *(some *)(q->d_theta + first) += sum;
        *(some *)(q->d_sigma2 + first) += sum2;
    } else {
        memcpy(sums, &sum, sizeof(sums));
        memcpy(sums2, &sum2, sizeof(sums2));
        for (int i = 0; i < q->n; ++i) q->d_theta[q->element[i]] += sums[i];
        for (int i = 0; i < q->n; ++i) q->d_sigma2[q->element[i]] += sums2[i];
    }
    q->n = 0;
}

/* some vectors of one row with its elements first .. first + n - 1 */
INLINE void dot_vectors(int count, const int *offset, int n, const float *x, const float *dy, const float *dy2, int add,
                        vec *sum, vec *sum2)
{
    vec d[MOST], d2[MOST];
    UNROLL for (int p = 0; p < count; ++p) d[p] = AT(dy + p * W);
    UNROLL for (int p = 0; p < count; ++p) d2[p] = AT(dy2 + p * W);
    for (int e = 0; e < n; ++e) {
        const float *from = x + offset[e];
        vec a = add ? sum[e] : (vec){0}, b = add ? sum2[e] : (vec){0};
        UNROLL for (int p = 0; p < count; ++p)
        {
            vec z = AT(from + p * W);
            a += d[p] * z;
            b += d2[p] * (z * z);
        }
        sum[e] = a;
        sum2[e] = b;
    }
}

#define DOT_OF(count)                                                                                             \
    static void dot_##count(const int *offset, int n, const float *x, const float *dy, const float *dy2, int add, \
                            vec *sum, vec *sum2)                                                                  \
    {                                                                                                             \
        dot_vectors(count, offset, n, x, dy, dy2, add, sum, sum2);                                                \
    }
TIMES_MOST(DOT_OF)

static void dots_v(vd_active_list s, size_t n, const float *x, size_t ldy, const float *dy, const float *dy2,
                   float *d_theta, float *d_sigma2)
{
#define DOT_NAME(count) dot_##count,
    static void (*const of[])(const int *, int, const float *, const float *, const float *, int, vec *,
                              vec *) = {0, TIMES_MOST(DOT_NAME)};
    size_t vectors = n / W, at, end;
    pending q = {.d_theta = d_theta, .d_sigma2 = d_sigma2};
    for (int r = 0; r < s.rows; ++r, dy += ldy, dy2 += ldy) {
        for (int e = s.start[r * s.step], last = s.start[r * s.step + 1]; e < last;) {
            int some = last - e < W - q.n ? last - e : W - q.n;
            for (size_t i = 0; (at = cut(vectors, i)) < vectors; ++i) {
                end = cut(vectors, i + 1);
                of[end - at](s.offset + e, some, x + at * W, dy + at * W, dy2 + at * W, i > 0, q.sum + q.n,
                             q.sum2 + q.n);
            }
            for (int i = 0; i < some; ++i) q.element[q.n + i] = e + i;
            q.n += some;
            e += some;
            if (q.n == W) add_pending(&q);
        }
    }
    if (q.n) add_pending(&q);
}

/* ---- between images and lines ---- */

/* Some adjacent lanes of a vector, and what selects them. load: those lanes at x, the others as in v; store writes no
 * others. Neither touches what is beside them */
#if defined __AVX512F__
typedef __mmask16 lanes; /* lanes_between() of lane_masks.h; other processors have it below */
INLINE vec load(vec v, const float *x, lanes l)
{
    return (vec)_mm512_mask_loadu_ps((__m512)v, l, x);
}
INLINE void store(float *x, lanes l, vec v)
{
    _mm512_mask_storeu_ps(x, l, (__m512)v);
}
#elif defined __AVX2__
typedef __m256i lanes;
INLINE lanes lanes_between(int low, int high)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(low), lane),
                               _mm256_cmpgt_epi32(_mm256_set1_epi32(high), lane));
}
INLINE vec load(vec v, const float *x, lanes l)
{
    return (vec)_mm256_blendv_ps((__m256)v, _mm256_maskload_ps(x, l), (__m256)l);
}
INLINE void store(float *x, lanes l, vec v)
{
    _mm256_maskstore_ps(x, l, (__m256)v);
}
#else
typedef struct {
    int low, high;
} lanes;
INLINE lanes lanes_between(int low, int high)
{
    return (lanes){low, high};
}
INLINE vec load(vec v, const float *x, lanes l)
{
    if (l.low == 0 && l.high == W) return *(const some *)x;
    for (int i = l.low; i < l.high; ++i) v[i] = x[i];
    return v;
}
INLINE void store(float *x, lanes l, vec v)
{
    if (l.low == 0 && l.high == W) *(some *)x = v;
    else
        for (int i = l.low; i < l.high; ++i) x[i] = v[i];
}
#endif

/* where a vector's lanes come from: lane i from x[from + i] */
typedef struct {
    long from;
    lanes l;
} piece;

/* Vector v of a row of images side by side, each `width` numbers: the pieces that images hold, of which number 0 of
 * image g is element g step + column of an array, and only elements g step .. g step + end - 1 exist */
static int pieces_of(int v, int images, int width, size_t step, int column, int end, piece pieces[W])
{
    int n = 0, lane = v * W;
    for (int g = lane / width; g < images && g * width < lane + W; ++g) {
        int at = g * width - lane; /* of the image's number 0 */
        int low = vd_at_least(0, vd_at_least(at, at - column)),
            high = vd_at_most(W, vd_at_most(at + width, at - column + end));
        if (low < high) pieces[n++] = (piece){(long)(g * step) + column - at, lanes_between(low, high)};
    }
    return n;
}

INLINE vec load_pieces(int n, const piece *pieces, const float *x)
{
    vec v = {0};
    for (int i = 0; i < n; ++i) v = load(v, x + pieces[i].from, pieces[i].l);
    return v;
}

/* ---- take ---- */

/* one vector of every row of a copy, strides of 1 */
static void take_vector(const vd_active_lines *s, vd_active_band b, int kw, int v, const float *channel, float *x)
{
    piece pieces[W];
    int n = pieces_of(v, b.images, s->out_w, b.in, kw * s->step - s->pad, s->w, pieces);
    for (int row = 0; row < b.rows + s->halo; ++row, x += s->pitch) {
        int y = b.first + row - s->pad;
        TO(x) = load_pieces(y < 0 || y >= s->h ? 0 : n, pieces, channel + (long)y * s->w);
    }
}

/* one row of a copy, any stride */
static void take_row(const vd_active_lines *s, vd_active_band b, vd_active_copy copy, int y, const float *channel,
                     float *x)
{
    int column = copy.kw * s->step - s->pad, first, end;
    vd_outputs_inside(s->w, s->out_w, column, s->stride, &first, &end);
    memset(x, 0, s->pitch * sizeof(float));
    for (int g = 0; y >= 0 && y < s->h && g < b.images; ++g) {
        const float *row = channel + g * b.in + (size_t)y * s->w;
        float *to = x + (size_t)g * s->out_w;
        if (s->stride == 2)
            for (int i = first; i < end; ++i) to[i] = row[2 * i + column];
        else
            for (int i = first; i < end; ++i) to[i] = row[i * s->stride + column];
    }
}

/* both strides */
static int are_one(const vd_active_lines *s)
{
    return s->stride == 1 && s->down == 1;
}

static void take_v(const vd_active_lines *s, vd_active_band b, const float *image, float *x)
{
    size_t size = (size_t)(s->rows + s->halo) * s->pitch;
    for (int k = 0; k < s->copies; ++k, x += size) {
        vd_active_copy copy = s->copy[k];
        const float *channel = image + (size_t)copy.channel * s->h * s->w;
        for (int v = 0; are_one(s) && v < s->pitch / W; ++v) take_vector(s, b, copy.kw, v, channel, x + v * W);
        for (int row = 0; !are_one(s) && row < b.rows + s->halo; ++row)
            take_row(s, b, copy, (b.first + row) * s->down + copy.phase - s->pad, channel, x + (size_t)row * s->pitch);
    }
}

/* ---- put and its gradient ---- */

static void put_v(const vd_active_lines *s, vd_active_band b, int planes, const float *y, const float *y2, float *out,
                  float *out2)
{
    for (int p = 0; p < planes; ++p) {
        for (int row = 0; row < b.rows; ++row) {
            size_t at = ((size_t)p * s->rows + row) * s->pitch, to = ((size_t)p * s->out_h + b.first + row) * s->out_w;
            for (int g = 0; g < b.images; ++g, at += s->out_w, to += b.out) {
                for (int i = 0; i < s->out_w; i += W) {
                    lanes l = lanes_between(0, vd_at_most(W, s->out_w - i));
                    store(out + to + i, l, load((vec){0}, y + at + i, l));
                    store(out2 + to + i, l, load((vec){0}, y2 + at + i, l));
                }
            }
        }
    }
}

static void take_gradient_plane(const vd_active_lines *s, vd_active_band b, int v, const float *d_out,
                                const float *gain, float *dy, float *dy2)
{
    piece pieces[W];
    int n = pieces_of(v, b.images, s->out_w, b.out, 0, s->out_w, pieces);
    for (int row = 0; row < s->rows; ++row, dy += s->pitch, dy2 += s->pitch, d_out += s->out_w, gain += s->out_w) {
        int here = row < b.rows ? n : 0;
        vec d = load_pieces(here, pieces, d_out);
        TO(dy) = d;
        TO(dy2) = d * load_pieces(here, pieces, gain);
    }
}

static void take_gradient_v(const vd_active_lines *s, vd_active_band b, int planes, const int *start, int step,
                            const float *d_out, const float *gain, float *dy, float *dy2)
{
    size_t halo = (size_t)s->halo * s->pitch, at = 0;
    for (int p = 0; p <= planes; ++p) {
        memset(dy + at, 0, halo * sizeof(float));
        memset(dy2 + at, 0, halo * sizeof(float));
        at += halo;
        if (p == planes) break;
        size_t from = ((size_t)p * s->out_h + b.first) * s->out_w;
        int is_empty = start[p * step] == start[(p + 1) * step];
        for (int v = 0; !is_empty && v < s->pitch / W; ++v)
            take_gradient_plane(s, b, v, d_out + from, gain + from, dy + at + v * W, dy2 + at + v * W);
        at += (size_t)s->rows * s->pitch;
    }
}

/* ---- the gradient of take ---- */

typedef struct {
    vd_active_band b;
    const int *copy_of; /* of the channel */
    const float *dx, *dx2;
    const float *image;
    float *d_image;
} folding;

/* W pixels of every row of a channel, strides of 1: they gather from the copies that hold them */
static void fold_vector(const vd_active_lines *s, const folding *f, int i)
{
    enum { PIECES = 32 }; /* more copies go in several rounds */
    long size = (long)(s->rows + s->halo) * s->pitch;
    lanes all = lanes_between(0, vd_at_most(W, s->w - i));
    for (int kw = 0; kw < s->size;) {
        piece pieces[PIECES];
        int n = 0;
        for (; kw < s->size && n < PIECES; ++kw) {
            int ow = i + s->pad - kw * s->step;
            int low = vd_at_least(0, -ow), high = vd_at_most(W, vd_at_most(s->out_w - ow, s->w - i));
            if (f->copy_of[kw] >= 0 && low < high)
                pieces[n++] = (piece){f->copy_of[kw] * size + ow, lanes_between(low, high)};
        }
        for (int row = 0; n && row < f->b.rows + s->halo; ++row) {
            int y = f->b.first + row - s->pad;
            if (y < 0 || y >= s->h) continue;
            for (int g = 0; g < f->b.images; ++g) {
                size_t at = (size_t)row * s->pitch + (size_t)g * s->out_w, to = g * f->b.in + (size_t)y * s->w + i;
                vec zero = {0}, sum = {0}, sum2 = {0};
                for (int k = 0; k < n; ++k) {
                    sum += load(zero, f->dx + at + pieces[k].from, pieces[k].l);
                    sum2 += load(zero, f->dx2 + at + pieces[k].from, pieces[k].l);
                }
                vec x = load(zero, f->image + to, all), d = load(zero, f->d_image + to, all);
                store(f->d_image + to, all, d + sum + 2 * x * sum2);
            }
        }
    }
}

/* one copy, any stride */
static void fold_copy(const vd_active_lines *s, const folding *f, int kw, int phase, const float *dx, const float *dx2)
{
    int column = kw * s->step - s->pad, first, end;
    vd_outputs_inside(s->w, s->out_w, column, s->stride, &first, &end);
    for (int row = 0; row < f->b.rows + s->halo; ++row, dx += s->pitch, dx2 += s->pitch) {
        int y = (f->b.first + row) * s->down + phase - s->pad;
        for (int g = 0; y >= 0 && y < s->h && g < f->b.images; ++g) {
            size_t at = (size_t)g * s->out_w, to = g * f->b.in + (size_t)y * s->w;
            const float *image = f->image + to;
            float *d_image = f->d_image + to;
            for (int i = first; i < end; ++i) {
                int x = i * s->stride + column;
                d_image[x] += dx[at + i] + 2 * image[x] * dx2[at + i];
            }
        }
    }
}

static void fold_v(const vd_active_lines *s, vd_active_band b, const float *dx, const float *dx2, const float *image,
                   float *d_image)
{
    size_t size = (size_t)(s->rows + s->halo) * s->pitch;
    for (int c = 0; c < s->c; ++c) {
        folding f = {b,
                     s->copy_of + (size_t)c * s->size * s->phases,
                     dx,
                     dx2,
                     image + (size_t)c * s->h * s->w,
                     d_image + (size_t)c * s->h * s->w};
        for (int i = 0; are_one(s) && i < s->w; i += W) fold_vector(s, &f, i);
        for (int k = 0; !are_one(s) && k < s->size * s->phases; ++k)
            if (f.copy_of[k] >= 0)
                fold_copy(s, &f, k / s->phases, k % s->phases, dx + f.copy_of[k] * size, dx2 + f.copy_of[k] * size);
    }
}

const vd_active_kernels VARIANT(vd_active_kernels) = {
    .sums = sums_v,
    .dots = dots_v,
    .take = take_v,
    .put = put_v,
    .take_gradient = take_gradient_v,
    .fold = fold_v,
};
