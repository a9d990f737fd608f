/* The tile for one type of numbers: tile_vector.c includes this once for each, with
 *
 *   TILE(name)       the name of a function
 *   NUMBER, WIDTH    the type of the numbers in memory; how many of them a register holds
 *   COEFFICIENT      what one number of a is spread out from, and COEFFICIENT_OF(x) it
 *   VECTOR           a register of numbers
 *   LOAD(x), LOAD_SOME(x, some), SPREAD(coefficient)   vectors: from memory, of which the first `some`, all the same
 *   ADD_UP(c, scale, sum, keep), ADD_UP_SOME(c, some, scale, sum, keep)   c = (keep ? c : 0) + scale sum
 *   LONGEST_SUM      terms of a sum in the type of the numbers, before it is added to c
 *   COPY(to, a, some), BEYOND   to = COEFFICIENT_OF(a) for some numbers; how many more it may write
 *
 * and of the instruction set MOST_ROWS, MOST_VECTORS(m), SOME, SOME_OF(n). */

/* a block of C that registers hold: m rows of nv vectors, the last of them of `some` numbers where part is 1 */
typedef struct {
    int k;                /* at least 1 */
    const COEFFICIENT *a; /* [k][a_step] */
    long a_step;
    const NUMBER *x;
    const int *row; /* [k] in ldx numbers */
    long ldx;
    float *c;
    long ldc;
    uint32_t keep; /* all bits where the sums are added to c, none where not */
    float scale;
    SOME some;
} TILE(part);

static inline __attribute__((always_inline)) void TILE(block)(int m, int nv, int part, const TILE(part) * t, int j)
{
    VECTOR sum[MOST_ROWS][MOST_VECTORS(1)], v[MOST_VECTORS(1)];
    const int k = t->k, *row = t->row;
    const long a_step = t->a_step, ldx = t->ldx, ldc = t->ldc;
    const COEFFICIENT *a = t->a;
    const NUMBER *x = t->x + j;
    const SOME some = t->some;
    float *c = t->c + j;
#pragma GCC unroll 16
    for (int i = 0; i < m; ++i)
#pragma GCC unroll 16
        for (int q = 0; q < nv; ++q) {
            sum[i][q] = (VECTOR){0};
            if (q * WIDTH % IN_LINE == 0) __builtin_prefetch(c + i * ldc + q * WIDTH, 1);
        }
    int p = 0;
    do {
        const NUMBER *from = x + row[p] * ldx;
#pragma GCC unroll 16
        for (int q = 0; q < nv; ++q)
            v[q] = part && q == nv - 1 ? LOAD_SOME(from + q * WIDTH, some) : LOAD(from + q * WIDTH);
#pragma GCC unroll 16
        for (int i = 0; i < m; ++i)
#pragma GCC unroll 16
            for (int q = 0; q < nv; ++q) sum[i][q] += SPREAD(a[i]) * v[q];
        a += a_step;
    } while (++p < k);
    const float scale = t->scale;
    const uint32_t keep = t->keep;
#pragma GCC unroll 16
    for (int i = 0; i < m; ++i, c += ldc) {
#pragma GCC unroll 16
        for (int q = 0; q < nv; ++q) {
            if (part && q == nv - 1) ADD_UP_SOME(c + q * WIDTH, some, scale, sum[i][q], keep);
            else ADD_UP(c + q * WIDTH, scale, sum[i][q], keep);
        }
    }
}

/* m rows, n columns */
static inline __attribute__((always_inline)) void TILE(rows)(int m, TILE(part) * t, int n)
{
    enum { MASKED = TAIL_IS_MASKED };
    const int most = MOST_VECTORS(m);
    for (int j = 0; j < n;) {
        int left = n - j, vectors = MASKED ? (left + WIDTH - 1) / WIDTH : left / WIDTH;
        int nv = vectors < most ? vectors : most, in_block = nv * WIDTH < left ? nv * WIDTH : left;
        t->some = SOME_OF(in_block - (nv - 1) * WIDTH);
#define CASE(v)                                                         \
    case v:                                                             \
        if (v <= most) TILE(block)(m, v <= most ? v : 1, MASKED, t, j); \
        break
        switch (nv) {
            CASE(8);
            CASE(7);
            CASE(6);
            CASE(5);
            CASE(4);
            CASE(3);
            CASE(2);
            CASE(1);
        default:
            t->some = SOME_OF(left);
            TILE(block)(m, 1, 1, t, j);
            in_block = left;
        }
#undef CASE
        j += in_block;
    }
}

#define ROWS(m)                                                                 \
    static __attribute__((noinline)) void TILE(rows_##m)(TILE(part) * t, int n) \
    {                                                                           \
        TILE(rows)(m, t, n);                                                    \
    }
ROWS(1)
ROWS(2)
ROWS(3)
ROWS(4)
ROWS(5)
ROWS(6)
#if MOST_ROWS > 6
ROWS(7)
ROWS(8)
ROWS(9)
ROWS(10)
ROWS(11)
ROWS(12)
#endif
#undef ROWS

static void (*const TILE(by_rows)[])(TILE(part) *, int n) = {0,
                                                             TILE(rows_1),
                                                             TILE(rows_2),
                                                             TILE(rows_3),
                                                             TILE(rows_4),
                                                             TILE(rows_5),
                                                             TILE(rows_6),
#if MOST_ROWS > 6
                                                             TILE(rows_7),
                                                             TILE(rows_8),
                                                             TILE(rows_9),
                                                             TILE(rows_10),
                                                             TILE(rows_11),
                                                             TILE(rows_12)
#endif
};

/* to[p][i] = a[i a_row + p a_step], i < m, p < k */
static void TILE(copy)(int m, int k, const NUMBER *a, long a_row, long a_step, COEFFICIENT *to)
{
    if (a_row == 1) {
        const SOME some = SOME_OF(m);
        for (int p = 0; p < k; ++p) COPY(to + p * m, a + p * a_step, some);
    } else {
        for (int i = 0; i < m; ++i)
            for (int p = 0; p < k; ++p) to[p * m + i] = COEFFICIENT_OF(a[i * a_row + p * a_step]);
    }
}

/* k is cut into equal parts, m into equal blocks */
static void TILE(multiply)(vd_tile t)
{
    COEFFICIENT copy[MOST_ROWS * LONGEST_SUM + BEYOND];
    int parts = (t.k + LONGEST_SUM - 1) / LONGEST_SUM, blocks = (t.m + MOST_ROWS - 1) / MOST_ROWS;
    if (t.k <= 0 && !t.add) clear(t);
    TILE(part) part = {.ldx = t.offset ? 1 : t.ldx, .ldc = t.ldc, .scale = t.scale};
    for (int q = 0; q < parts; ++q) {
        int p = vd_first_of_part(t.k, q, parts);
        part.k = vd_first_of_part(t.k, q + 1, parts) - p;
        part.row = t.offset ? t.offset + p : one_after_the_other;
        part.x = (const NUMBER *)t.x + (t.offset ? 0 : p * t.ldx);
        part.keep = t.add || q > 0 ? ~0u : 0;
        for (int b = 0; b < blocks; ++b) {
            int i = vd_first_of_part(t.m, b, blocks), m = vd_first_of_part(t.m, b + 1, blocks) - i;
            long at = i * t.a_row + p * t.a_step;
            int in_place = t.a_row == 1 && (sizeof(NUMBER) == sizeof(COEFFICIENT) || t.twice);
            part.a = in_place ? (const COEFFICIENT *)t.a + at : copy;
            part.a_step = in_place ? t.a_step : m;
            part.c = t.c + i * t.ldc;
            if (!in_place) TILE(copy)(m, part.k, (const NUMBER *)t.a + at, t.a_row, t.a_step, copy);
            TILE(by_rows)[m](&part, t.n);
        }
    }
}

#undef TILE
#undef NUMBER
#undef WIDTH
#undef COEFFICIENT
#undef COEFFICIENT_OF
#undef VECTOR
#undef LOAD
#undef LOAD_SOME
#undef SPREAD
#undef ADD_UP
#undef ADD_UP_SOME
#undef LONGEST_SUM
#undef COPY
#undef BEYOND
