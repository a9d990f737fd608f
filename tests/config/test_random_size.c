/* config/random_size.c: the sizes that random=1 draws. */
#include "config/random_size.h"
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>

/* a network of `halvings` convolutions of stride 2, and back up by one of them */
static network *net_of(int w, int h, int halvings)
{
    char *cfg = vd_format("[net]\nbatch=1\nwidth=%d\nheight=%d\nchannels=1\n", w, h);
    for (int i = 0; i < halvings; ++i) {
        char *more = vd_format("%s[conv]\nsize=3\nstride=2\npad=1\n", cfg);
        free(cfg);
        cfg = more;
    }
    char *whole = vd_format("%s[max]\nsize=2\nstride=1\n[upsample]\n[route]\nlayers=-1,-4\n[conv]\n", cfg);
    network *net = network_of(whole, 0);
    free(whole), free(cfg);
    return net;
}

static const struct {
    int usual, least, most; /* of stock Darknet */
} detector = {416, 320, 608}, classifier = {224, 128, 448};

START_TEST(squares_in_stocks_range_draw_what_stock_draws)
{
    static const int sides[] = {320, 416, 544, 608};
    network *net = net_of(sides[_i], sides[_i], 5);
    vd_random_sizes s = vd_random_sizes_of(net, detector.usual, detector.least, detector.most);
    for (int r = 0, w, h; r < 1000; r += 7) {
        vd_random_size(s, r, &w, &h);
        ck_assert_int_eq(w, (r % 10 + 10) * 32);
        ck_assert_int_eq(h, w);
    }
    int w, h;
    vd_random_size(s, -1, &w, &h);
    ck_assert_int_eq(w, 608);
    ck_assert_int_eq(h, 608);
    free_network(net);
    net = net_of(224, 224, 3);
    s = vd_random_sizes_of(net, classifier.usual, classifier.least, classifier.most);
    for (int r = 0; r < 100; ++r) {
        vd_random_size(s, r, &w, &h);
        ck_assert_int_eq(w, (r % 11 + 4) * 32);
    }
    free_network(net);
}
END_TEST

static const struct {
    int w, h, halvings, step, least_w, most_w, exact;
} shapes[] = {
    {96, 64, 3, 8, 72, 144, 1},                                      /* (F15) 3:2 in units of 24x16 */
    {96, 96, 3, 8, 72, 144, 1},                                      /* fewer than 4 sizes in steps of 32 */
    {832, 416, 5, 32, 640, 1216, 1}, {640, 384, 5, 32, 480, 960, 1}, /* 5:3 in units of 160x96 */
    {416, 256, 5, 32, 320, 608, 0},  {1216, 1216, 5, 32, 928, 1792, 1},
    {104, 72, 3, 8, 80, 152, 0},     {8, 8, 3, 8, 8, 8, 1},
};

START_TEST(others_draw_the_same_shares_of_their_own_size)
{
    network *net = net_of(shapes[_i].w, shapes[_i].h, shapes[_i].halvings);
    vd_random_sizes s = vd_random_sizes_of(net, detector.usual, detector.least, detector.most);
    int least = 1 << 20, most = 0, step = shapes[_i].step;
    for (int r = -1, w, h; r < 100; ++r) {
        vd_random_size(s, r, &w, &h);
        if (w < least) least = w;
        if (w > most) most = w;
        ck_assert_msg(w % step == 0 && h % step == 0, "%dx%d", w, h);
        if (r < 0) ck_assert_int_eq(w, shapes[_i].most_w);
        if (shapes[_i].exact) ck_assert_int_eq(w * shapes[_i].h, h * shapes[_i].w);
        else ck_assert_int_le(abs(w * shapes[_i].h - h * shapes[_i].w), step * shapes[_i].w);
        resize_network(net, w, h);
        layer last = net->layers[net->n - 1];
        ck_assert_msg(last.out_w == 2 * w / step && last.out_h == 2 * h / step, "%dx%d gives %dx%d", w, h, last.out_w,
                      last.out_h);
    }
    ck_assert_int_eq(least, shapes[_i].least_w);
    ck_assert_int_eq(most, shapes[_i].most_w);
    free_network(net);
}
END_TEST

/* sides are multiples of the most pixels that one of a layer stands for, in either direction */
static const struct {
    const char *sections;
    int step;
} nets[] = {
    {"[conv]\nsize=3\nstride=2\nstride_y=4\npad=1\n", 4},
    {"[conv]\nsize=3\nstride=4\nstride_y=2\npad=1\n", 4},
    {"[conv]\nsize=3\nstride=2\npad=1\nfilters=4\n[reorg]\nstride=2\n", 4},
    {"[conv]\nsize=3\nstride=2\npad=1\nfilters=4\n[reorg]\nstride=2\nreverse=1\n", 2},
    {"[max]\nsize=2\nstride=4\n[upsample]\nstride=2\n[max]\nsize=2\nstride=2\n[upsample]\nstride=-2\n", 8},
    {"[deconv]\nsize=2\nstride=2\n[conv]\nsize=3\nstride=4\npad=1\n", 2},
    {"[conv]\nsize=3\nstride=64\npad=1\n", 40},
};

START_TEST(steps_are_those_of_the_coarsest_layer)
{
    char *cfg = vd_format("[net]\nbatch=1\nwidth=40\nheight=24\nchannels=4\n%s", nets[_i].sections);
    network *net = network_of(cfg, 0);
    ck_assert_int_eq(vd_random_sizes_of(net, detector.usual, detector.least, detector.most).step, nets[_i].step);
    free_network(net);
    free(cfg);
}
END_TEST

SUITE_OF(random_size)
{
    LOOP(steps_are_those_of_the_coarsest_layer, COUNT_OF(nets));
    LOOP(squares_in_stocks_range_draw_what_stock_draws, 4);
    LOOP(others_draw_the_same_shares_of_their_own_size, COUNT_OF(shapes));
}
