/* kernels/window_vector.c: pooling and the columns of a convolution, in every table this processor runs, against loops
 * over single windows. */
#include "support/support.h"
#include "kernels/kernels.h"

enum { TABLES = 8 };

static const vd_kernels *tables[TABLES];

static void expect_close(size_t shape, int pixel, double got, double want, double tolerance)
{
    ck_assert_msg(close_to(got, want, tolerance, tolerance), "shape %zu: pixel %d is %.9g, want %.9g", shape, pixel,
                  got, want);
}

static const vd_pool_shape pools[] = {
    {24, 24, 2, 2, 0, 12, 12, 0}, {8, 8, 2, 2, 0, 4, 4, 0},     {12, 12, 2, 2, 0, 6, 6, 0},  {7, 9, 2, 2, 0, 4, 5, 0},
    {7, 9, 2, 2, 0, 3, 4, 0},     {8, 72, 2, 2, 0, 4, 36, 0},   {4, 34, 2, 2, 0, 2, 17, 0},  {3, 64, 2, 2, 0, 1, 32, 0},
    {2, 67, 2, 2, 0, 1, 33, 0},   {8, 8, 3, 2, 1, 4, 4, 0},     {5, 6, 3, 1, 1, 5, 6, 0},    {4, 4, 2, 1, 0, 4, 4, 0},
    {13, 13, 2, 1, 0, 13, 13, 0}, {24, 24, 3, 2, 1, 12, 12, 0}, {3, 3, 5, 3, 2, 1, 1, 0},    {2, 2, 2, 2, 0, 1, 1, 0},
    {9, 24, 2, 2, 0, 9, 12, 1},   {24, 9, 3, 1, 1, 12, 9, 2},   {11, 13, 2, 1, 0, 4, 13, 3}, {8, 8, 2, 2, 0, 8, 4, 1}};

START_TEST(max_pool_finds_the_first_largest_of_every_window)
{
    for (size_t i = 0; i < COUNT_OF(pools); ++i) {
        vd_pool_shape s = pools[i];
        float plane[24 * 24], out[256];
        int index[256];
        fill_random(plane, 24 * 24, (unsigned)i);
        for (int p = 0; p < 24 * 24; ++p)
            plane[p] = p % 5 < 2 ? .25f : plane[p]; /* ties: the first one wins, as in Darknet */
        tables[_i]->max_pool(s, plane, 1000, out, index);
        for (int q = 0; q < s.out_h * s.out_w; ++q) {
            int best = -1;
            for (int tap = 0; tap < s.size * s.size; ++tap) {
                int h = q / s.out_w * vd_pool_down(s) - s.offset + tap / s.size,
                    w = q % s.out_w * s.stride - s.offset + tap % s.size;
                int in = h >= 0 && h < s.h && w >= 0 && w < s.w;
                if (in && (best < 0 || plane[h * s.w + w] > plane[best])) best = h * s.w + w;
            }
            ck_assert_int_eq(index[q], 1000 + best);
            ck_assert(out[q] == plane[best]);
        }
    }
}
END_TEST

/* several planes; what is behind them is not written */
START_TEST(max_pool_without_indexes_has_the_same_values)
{
    for (size_t i = 0; i < COUNT_OF(pools); ++i) {
        vd_pool_shape s = pools[i];
        enum { PLANES = 5 };
        float in[PLANES * 24 * 24], out[PLANES * 256 + 1], want[256];
        int index[256], n = s.out_h * s.out_w;
        fill_random(in, PLANES * 24 * 24, (unsigned)i);
        for (int planes = 1; planes <= PLANES; ++planes) {
            out[planes * n] = 77;
            tables[_i]->max_pool_values(s, planes, in, out);
            for (int p = 0; p < planes; ++p) {
                tables[_i]->max_pool(s, in + p * s.h * s.w, 0, want, index);
                for (int q = 0; q < n; ++q) ck_assert_msg(out[p * n + q] == want[q], "shape %zu, plane %d", i, p);
            }
            ck_assert(out[planes * n] == 77);
        }
    }
}
END_TEST

START_TEST(max_pool_sends_its_gradient_where_the_largest_were)
{
    for (size_t i = 0; i < COUNT_OF(pools); ++i) {
        vd_pool_shape s = pools[i];
        float plane[24 * 24], out[256], d_out[256], d_in[24 * 24], want[24 * 24];
        int index[256];
        fill_random(plane, 24 * 24, (unsigned)i);
        fill_random(d_out, 256, 100);
        for (int p = 0; p < 24 * 24; ++p) d_in[p] = want[p] = 1;
        tables[_i]->max_pool(s, plane, 1000, out, index);
        index[s.out_w - 1] = -1; /* as in a window of padding */
        for (int q = 0; q < s.out_h * s.out_w; ++q)
            if (index[q] >= 0) want[index[q] - 1000] += d_out[q];
        tables[_i]->max_pool_backward(s, 1000, index, d_out, d_in);
        for (int p = 0; p < 24 * 24; ++p) expect_close(i, p, d_in[p], want[p], 1e-6);
    }
}
END_TEST

static const vd_window windows[] = {
    {1, 5, 5, 3, 1, 1, 5, 5, 0, 0},     {3, 9, 8, 3, 2, 1, 5, 4, 0, 0},     {2, 7, 6, 5, 1, 2, 7, 6, 0, 0},
    {2, 7, 6, 5, 1, 0, 3, 2, 0, 0},     {4, 6, 6, 1, 1, 0, 6, 6, 0, 0},     {4, 6, 6, 1, 2, 0, 3, 3, 0, 0},
    {2, 4, 4, 1, 1, 1, 6, 6, 0, 0},     {1, 10, 7, 4, 3, 2, 4, 3, 0, 0},    {2, 2, 2, 5, 1, 4, 6, 6, 0, 0},
    {1, 1, 1, 1, 1, 0, 1, 1, 0, 0},     {1, 3, 3, 3, 4, 3, 2, 2, 0, 0},     {3, 12, 12, 5, 1, 0, 8, 8, 0, 0},
    {1, 28, 28, 5, 1, 0, 24, 24, 0, 0}, {2, 13, 13, 3, 1, 1, 13, 13, 0, 0}, {1, 3, 41, 3, 1, 1, 3, 41, 0, 0},
    {1, 4, 69, 3, 1, 0, 2, 67, 0, 0},   {1, 2, 36, 2, 1, 0, 1, 35, 0, 0},   {2, 5, 19, 3, 1, 0, 3, 17, 0, 0},
    {1, 2, 2, 5, 3, 2, 1, 1, 0, 0},     {2, 12, 19, 3, 1, 2, 12, 19, 0, 1}, {2, 9, 14, 3, 1, 3, 9, 14, 0, 2},
    {1, 11, 10, 3, 2, 1, 11, 5, 1, 0},  {2, 10, 9, 5, 1, 4, 5, 9, 2, 1},    {3, 8, 9, 1, 1, 0, 3, 9, 3, 0},
    {2, 13, 12, 2, 3, 3, 8, 5, 2, 3},   {2, 4, 4, 3, 1, 5, 4, 4, 0, 4},
};
enum { IMAGE = 1024, COLUMNS = 20000 };

START_TEST(im2col_puts_every_pixel_where_the_product_wants_it)
{
    static float image[IMAGE], columns[COLUMNS];
    static uint16_t image_bf16[IMAGE], columns_bf16[COLUMNS];
    fill_random(image, IMAGE, 4);
    for (int i = 0; i < IMAGE; ++i) image_bf16[i] = (uint16_t)(i + 1);
    for (size_t i = 0; i < COUNT_OF(windows); ++i) {
        vd_window s = windows[i];
        for (int p = 0; p < COLUMNS; ++p) columns[p] = 99, columns_bf16[p] = 0x7777;
        tables[_i]->im2col(s, image, columns);
        tables[_i]->im2col_bf16(s, image_bf16, columns_bf16);
        int at = 0;
        for (int c = 0; c < s.c; ++c)
            for (int kh = 0; kh < s.size; ++kh)
                for (int kw = 0; kw < s.size; ++kw)
                    for (int oh = 0; oh < s.out_h; ++oh)
                        for (int ow = 0; ow < s.out_w; ++ow, ++at) {
                            int h = oh * vd_window_down(s) - s.pad + kh * (s.gap + 1);
                            int w = ow * s.stride - s.pad + kw * (s.gap + 1);
                            int in = h >= 0 && h < s.h && w >= 0 && w < s.w, pixel = (c * s.h + h) * s.w + w;
                            ck_assert(columns[at] == (in ? image[pixel] : 0));
                            ck_assert(columns_bf16[at] == (in ? image_bf16[pixel] : 0));
                        }
        for (; at < COLUMNS; ++at) ck_assert(columns[at] == 99 && columns_bf16[at] == 0x7777);
    }
}
END_TEST

START_TEST(col2im_is_the_transpose_of_im2col_and_accumulates)
{
    static float columns[COLUMNS], image[IMAGE], want[IMAGE];
    fill_random(columns, COLUMNS, 6);
    for (size_t i = 0; i < COUNT_OF(windows); ++i) {
        vd_window s = windows[i];
        for (int p = 0; p < IMAGE; ++p) image[p] = want[p] = 2;
        tables[_i]->col2im_add(s, columns, image);
        int at = 0;
        for (int row = 0; row < s.c * s.size * s.size; ++row)
            for (int o = 0; o < s.out_h * s.out_w; ++o, ++at) {
                int h = o / s.out_w * vd_window_down(s) - s.pad + row / s.size % s.size * (s.gap + 1);
                int w = o % s.out_w * s.stride - s.pad + row % s.size * (s.gap + 1);
                if (h < 0 || h >= s.h || w < 0 || w >= s.w) continue;
                want[(row / s.size / s.size * s.h + h) * s.w + w] += columns[at];
            }
        for (int p = 0; p < IMAGE; ++p) expect_close(i, p, image[p], want[p], 1e-5);
    }
}
END_TEST

SUITE_OF(window_vector)
{
    int n_tables = vd_kernels_list(tables, TABLES);
    LOOP(max_pool_finds_the_first_largest_of_every_window, n_tables);
    LOOP(max_pool_without_indexes_has_the_same_values, n_tables);
    LOOP(max_pool_sends_its_gradient_where_the_largest_were, n_tables);
    LOOP(im2col_puts_every_pixel_where_the_product_wants_it, n_tables);
    LOOP(col2im_is_the_transpose_of_im2col_and_accumulates, n_tables);
}
