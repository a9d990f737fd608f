/* kernels/transpose_vector.c, of each table: every element is in its place,
 * and nothing outside the matrix is written. */
#include "support/support.h"
#include "kernels/kernels.h"

#include <string.h>

enum { LARGEST = 70, SIZES = 8 };
static const int sizes[SIZES] = {1, 4, 7, 8, 16, 21, 33, LARGEST};

static const vd_kernels *tables[VD_KERNELS_MOST];

START_TEST(transpose_puts_every_element_in_its_place_and_no_other)
{
    enum { EXTRA = 3 };
    static float in[(LARGEST + EXTRA) * LARGEST], out[(LARGEST + EXTRA) * LARGEST], old[(LARGEST + EXTRA) * LARGEST];
    static uint16_t in16[(LARGEST + EXTRA) * LARGEST], out16[(LARGEST + EXTRA) * LARGEST];
    const vd_kernels *k = tables[_i / SIZES / SIZES];
    int rows = sizes[_i / SIZES % SIZES], columns = sizes[_i % SIZES], ld_in = columns + EXTRA, ld_out = rows + EXTRA;
    fill_random(in, rows * ld_in, 1);
    fill_random(old, columns * ld_out, 2);
    for (int i = 0; i < rows * ld_in; ++i) in16[i] = (uint16_t)(i + 1);
    for (int add = 0; add < 2; ++add) {
        memcpy(out, old, sizeof(out));
        (add ? k->transpose_add : k->transpose)(rows, columns, in, ld_in, out, ld_out);
        for (int i = 0; i < columns * ld_out; ++i) {
            int r = i % ld_out, c = i / ld_out;
            ck_assert(out[i] == (r < rows ? (add ? old[i] : 0) + in[r * ld_in + c] : old[i]));
        }
    }
    memset(out16, 0, sizeof(out16));
    k->transpose_16(rows, columns, in16, ld_in, out16, ld_out);
    for (int i = 0; i < columns * ld_out; ++i) {
        int r = i % ld_out, c = i / ld_out;
        ck_assert_int_eq(out16[i], r < rows ? in16[r * ld_in + c] : 0);
    }
}
END_TEST

SUITE_OF(transpose)
{
    int n = vd_kernels_list(tables, VD_KERNELS_MOST);
    LOOP(transpose_puts_every_element_in_its_place_and_no_other, n * SIZES * SIZES);
}
