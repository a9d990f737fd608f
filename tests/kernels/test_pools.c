/* kernels/pools.c: means of windows, maxima over channels, squares as channels, against their definitions. */
#include "support/support.h"
#include "kernels/pools.h"

#include <math.h>

static const vd_pool_shape shapes[] = {
    {6, 8, 2, 2, 0, 3, 4, 0}, {7, 9, 2, 2, 0, 4, 5, 0}, {7, 9, 3, 1, 1, 4, 9, 2}, {5, 6, 3, 2, 1, 5, 3, 1},
    {2, 2, 5, 1, 2, 2, 2, 0}, {3, 3, 1, 2, 0, 2, 3, 0}, {1, 1, 1, 1, 0, 1, 1, 0},
};
enum { MOST = 128 };

/* whether pixel p is in window q */
static int is_in(vd_pool_shape s, int p, int q)
{
    int down = s.down ? s.down : s.stride;
    int row = p / s.w - (q / s.out_w * down - s.offset), column = p % s.w - (q % s.out_w * s.stride - s.offset);
    return row >= 0 && row < s.size && column >= 0 && column < s.size;
}

START_TEST(means_are_of_the_pixels_inside_and_so_are_their_gradients)
{
    vd_pool_shape s = shapes[_i];
    float in[MOST], out[MOST], d_out[MOST], d_in[MOST];
    double want_d[MOST];
    fill_random(in, MOST, 1);
    fill_random(d_out, MOST, 2);
    for (int i = 0; i < MOST; ++i) out[i] = NAN, d_in[i] = 3, want_d[i] = 3;
    vd_mean_pool(s, in, out);
    vd_mean_pool_backward(s, d_out, d_in);
    for (int q = 0; q < s.out_h * s.out_w; ++q) {
        double sum = 0;
        int n = 0;
        for (int p = 0; p < s.h * s.w; ++p)
            if (is_in(s, p, q)) sum += in[p], ++n;
        ck_assert(close_to(out[q], n ? sum / n : 0, 1e-6, 1e-6));
        for (int p = 0; p < s.h * s.w; ++p)
            if (is_in(s, p, q)) want_d[p] += d_out[q] / n;
    }
    ck_assert(isnan(out[s.out_h * s.out_w]));
    for (int p = 0; p < MOST; ++p) ck_assert(close_to(d_in[p], want_d[p], 1e-6, 1e-6));
}
END_TEST

/* channels of 5 numbers, in thirds of 8: those of the first two thirds have one more */
START_TEST(the_largest_of_every_third_channel_is_found)
{
    enum { CHANNELS = 8, PIXELS = 5, STEP = 3 };
    float in[CHANNELS * PIXELS], out[PIXELS];
    int index[PIXELS];
    fill_random(in, CHANNELS * PIXELS, 3);
    in[4] = in[3 * PIXELS + 4] = in[6 * PIXELS + 4] = 2; /* the first of equal ones */
    for (int first = 0; first < STEP; ++first) {
        vd_channel_pool(CHANNELS, first, STEP, PIXELS, in, 100, out, index);
        for (int p = 0; p < PIXELS; ++p) {
            int best = first * PIXELS + p;
            for (int i = 0; i < CHANNELS * PIXELS; ++i)
                if (i % PIXELS == p && i / PIXELS % STEP == first && in[i] > in[best]) best = i;
            ck_assert(out[p] == in[best]);
            ck_assert_int_eq(index[p], 100 + best);
        }
    }
    vd_channel_pool(CHANNELS, 0, STEP, PIXELS, in, 0, out, 0);
    ck_assert(out[4] == 2);
}
END_TEST

START_TEST(squares_become_channels_and_back)
{
    enum { C = 3, H = 6, W = 4, S = 2, N = C * H * W };
    float in[N], out[N], back[N];
    fill_random(in, N, 4);
    vd_squares_to_channels(C, H, W, S, in, out);
    for (int k = 0; k < C; ++k)
        for (int h = 0; h < H; ++h)
            for (int w = 0; w < W; ++w) {
                int channel = (h % S * S + w % S) * C + k;
                ck_assert(out[(channel * (H / S) + h / S) * (W / S) + w / S] == in[(k * H + h) * W + w]);
            }
    for (int i = 0; i < N; ++i) back[i] = 1;
    vd_squares_to_channels_backward(C, H, W, S, out, back);
    for (int i = 0; i < N; ++i) ck_assert(back[i] == 1 + in[i]);
}
END_TEST

SUITE_OF(pools)
{
    LOOP(means_are_of_the_pixels_inside_and_so_are_their_gradients, COUNT_OF(shapes));
    TEST(the_largest_of_every_third_channel_is_found);
    TEST(squares_become_channels_and_back);
}
