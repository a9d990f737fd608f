/* export/removal.c: which channels are removed, which are kept and why; every export is compared with its network. */
#include "support/export_support.h"

#include "export/removal.h"
#include "export/channels.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define NET "[net]\nbatch=2\nheight=8\nwidth=8\nchannels=2\n"
#define FIRST "[vd_convolutional]\nfilters=8\nsize=3\npad=1\n" /* layer 0, the activation follows */
#define LAST "[vd_connected]\noutput=3\nactivation=linear\n"

/* prune filters of layer 0 (a bit each) and what `change` prunes, export compact: layer i keeps this many filters, and
 * its reason for more holds `why` (null: none is given) */
static void expect_with(const char *cfg, void (*change)(network *), int pruned, int i, int filters, const char *why)
{
    network *net = random_network(cfg, 3);
    for (int f = 0; f < 8; ++f)
        if (pruned >> f & 1) prune_filter(net, 0, f);
    if (change) change(net);
    for (int fuse = 0; fuse < 2; ++fuse) {
        vd_export_result r = export_network(folder, cfg, net, fuse, 1);
        vd_export_line line = line_of(r, i);
        ck_assert_msg(line.filters[1] == filters, "%s: layer %d keeps %d, not %d: %s", cfg, i, line.filters[1], filters,
                      line.why);
        if (why) ck_assert_msg(strstr(line.why, why), "%s: \"%s\" says nothing of \"%s\"", cfg, line.why, why);
        else ck_assert_msg(!*line.why, "%s: %s", cfg, line.why);
        free_vd_export_result(r);
    }
    free_network(net);
}

/* prune a network, export it compact, and compare how many filters layers 0 .. n - 1 keep; ANY: not compared */
enum { ANY = -1 };
#define KEEPS(...)                                        \
    COUNT_OF(((const int[]){__VA_ARGS__})), (const int[]) \
    {                                                     \
        __VA_ARGS__                                       \
    }
static void expect_filters(const char *cfg, unsigned seed, void (*prune_some)(network *), int n, const int *kept)
{
    network *net = random_network(cfg, seed);
    if (prune_some) prune_some(net);
    vd_export_result r = export_network(folder, cfg, net, 0, 1);
    for (int i = 0; i < n; ++i)
        if (kept[i] != ANY) ck_assert_int_eq(line_of(r, i).filters[1], kept[i]);
    free_vd_export_result(r);
    free_network(net);
}

static void expect(const char *cfg, int pruned, int i, int filters, const char *why)
{
    expect_with(cfg, 0, pruned, i, filters, why);
}

static const char *const activations[] = {"linear", "relu", "leaky", "logistic", "tanh",  "elu",
                                          "selu",   "plse", "ramp",  "loggy",    "relie", "lhtan"};
enum { ACTIVATIONS = COUNT_OF(activations) };

START_TEST(a_dead_filter_goes_and_its_constant_moves_into_an_unpadded_convolution)
{
    for (int norm = 0; norm < 4; ++norm) {
        char *cfg =
            vd_format(NET FIRST "batch_normalize=%d\nactivation=%s\n"
                                "[vd_convolutional]\nfilters=4\nsize=3\nbatch_normalize=%d\nactivation=%s\n" LAST,
                      norm & 1, activations[_i], norm >> 1, activations[_i]);
        expect(cfg, 0x2a, 0, 5, 0);
        free(cfg);
    }
}
END_TEST

START_TEST(a_dead_unit_goes_and_its_constant_moves_into_the_next_connected_layer)
{
    for (int norm = 0; norm < 4; ++norm) {
        char *cfg = vd_format("[net]\nbatch=2\ninputs=5\n[vd_connected]\noutput=8\nbatch_normalize=%d\nactivation=%s\n"
                              "[vd_connected]\noutput=6\nbatch_normalize=%d\nactivation=%s\n" LAST,
                              norm & 1, activations[_i], norm >> 1, activations[_i]);
        expect(cfg, 0x81, 0, 6, 0);
        free(cfg);
    }
}
END_TEST

/* the layers between the dead filters 1 and 4 and the layer that reads them */
static const struct {
    const char *between;
} passing[] = {
    {""},
    {"[maxpool]\nsize=2\nstride=2\n"},
    {"[maxpool]\nsize=3\nstride=1\n"},
    {"[maxpool]\nsize=3\nstride=2\npadding=1\n"},
    {"[avgpool]\n"},
    {"[dropout]\nprobability=.5\n"},
    {"[activation]\nactivation=tanh\n"},
    {"[upsample]\nstride=2\n"},
    {"[upsample]\nstride=2\nscale=-1.5\n"},
    {"[upsample]\nstride=-2\nscale=.5\n"},
    {"[route]\nlayers=0\n"},
    {"[route]\nlayers=-1,0\n"},
    {"[reorg]\nstride=1\n"},
    {"[maxpool]\nsize=2\nstride=2\n[dropout]\nprobability=.1\n[upsample]\nstride=2\n[route]\nlayers=-1,0\n"},
};
enum { PASSING = COUNT_OF(passing) };

START_TEST(constants_pass_layers_that_treat_each_channel_alone)
{
    char *conv =
        vd_format(NET FIRST "activation=leaky\n%s[vd_convolutional]\nfilters=4\nsize=1\nactivation=relu\n" LAST,
                  passing[_i].between);
    char *connected = vd_format(NET FIRST "activation=leaky\n%s[vd_connected]\noutput=4\nactivation=relu\n" LAST,
                                passing[_i].between);
    expect(conv, 0x12, 0, 6, 0);
    expect(connected, 0x12, 0, 6, 0);
    free(conv);
    free(connected);
}
END_TEST

START_TEST(a_pool_with_windows_in_the_padding_alone_stops_constants)
{
    expect(NET FIRST "activation=logistic\n[maxpool]\nsize=2\nstride=2\npadding=4\n[activation]\nactivation=relu\n"
                     "[vd_convolutional]\nfilters=4\nsize=1\nactivation=relu\n" LAST,
           0x12, 0, 8, "does not preserve constants");
}
END_TEST

#define PADDED "[vd_convolutional]\nfilters=4\nsize=3\npad=1\nactivation=linear\n"

static void no_biases(network *net)
{
    for (int f = 0; f < 8; ++f) net->layers[0].biases[f] = 0;
}

static void centre_alone(network *net)
{
    for (int k = 0; k < 4 * 8 * 9; ++k)
        if (k % 9 != 4) prune(net->layers[1], k);
}

START_TEST(padding_keeps_a_constant_that_is_not_zero_and_says_so)
{
    expect(NET FIRST "activation=leaky\n" PADDED LAST, 0x12, 0, 8, "2 dead kept: layer 1 [convolutional] pads");
    expect(NET FIRST "activation=leaky\n[maxpool]\nsize=2\nstride=2\n" PADDED LAST, 0x12, 0, 8, "layer 2");
}
END_TEST

START_TEST(padding_lets_a_constant_of_zero_go)
{
    expect_with(NET FIRST "activation=leaky\n" PADDED LAST, no_biases, 0x12, 0, 6, 0);
    expect_with(NET FIRST "activation=relu\n" PADDED LAST, no_biases, 0x12, 0, 6, 0);
    expect_with(NET FIRST "activation=logistic\n" PADDED LAST, no_biases, 0x12, 0, 8, "pads"); /* logistic(0) = .5 */
}
END_TEST

START_TEST(padding_lets_a_constant_go_that_is_read_by_the_middle_of_filters_alone)
{
    expect_with(NET FIRST "activation=leaky\n" PADDED LAST, centre_alone, 0x12, 0, 6, 0);
    expect_with(NET FIRST "activation=leaky\n[vd_convolutional]\nfilters=4\nsize=3\npad=1\nstride=2\n"
                          "activation=linear\n" LAST,
                centre_alone, 0x12, 0, 6, 0);
}
END_TEST

static void right_column(network *net)
{
    for (int k = 0; k < 4 * 8 * 9; ++k)
        if (k % 9 != 5) prune(net->layers[1], k);
}

static void bottom_row(network *net)
{
    for (int k = 0; k < 4 * 8 * 9; ++k)
        if (k % 9 != 7) prune(net->layers[1], k);
}

/* a picture of odd size would reach the padding on the right and at the bottom */
START_TEST(compaction_does_not_count_on_the_size_of_the_picture)
{
    expect_with(NET FIRST "activation=leaky\n[vd_convolutional]\nfilters=4\nsize=3\npad=1\nstride=2\n"
                          "activation=linear\n" LAST,
                bottom_row, 0x12, 0, 8, "pads");
    expect_with(NET FIRST "activation=leaky\n[vd_convolutional]\nfilters=4\nsize=3\npad=1\nstride=2\n"
                          "activation=linear\n" LAST,
                right_column, 0x12, 0, 8, "pads");
}
END_TEST

static void of_both_routes(network *net)
{
    prune_filter(net, 1, 2);
    prune_filter(net, 1, 4);
    prune_input(net, 3, 5 + 6, 1); /* nothing reads filter 6 of layer 0 */
    prune_input(net, 1, 6 * 9, 9);
}

START_TEST(channels_of_routes_are_found_at_their_offsets)
{
    expect_filters(NET FIRST "activation=leaky\n"                                               /* 0 */
                             "[vd_convolutional]\nfilters=5\nsize=3\npad=1\nactivation=leaky\n" /* 1 */
                             "[route]\nlayers=-1,0,-1\n"
                             "[convolutional]\nfilters=4\nsize=1\nactivation=relu\n" LAST,
                   4, of_both_routes, KEEPS(7, 3));
}
END_TEST

START_TEST(a_route_of_different_planes_is_read_pixel_by_pixel)
{
    static const char cfg[] = NET FIRST "activation=leaky\n[maxpool]\nsize=2\nstride=2\n"
                                        "[vd_convolutional]\nfilters=4\nsize=3\nstride=2\nactivation=relu\n"
                                        "[route]\nlayers=0,-1,1\n" LAST;
    network *net = random_network(cfg, 5);
    prune_filter(net, 0, 3);
    prune_filter(net, 2, 1);
    vd_export_result r = export_network(folder, cfg, net, 0, 1);
    ck_assert_int_eq(line_of(r, 0).filters[1], 7);
    ck_assert_int_eq(line_of(r, 2).filters[1], 3);
    ck_assert_uint_eq(line_of(r, 4).size[1].weights, 3 * (7 * 64 + 3 * 1 + 7 * 16));
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

/* ---- shortcuts ---- */

#define BRANCH(filters) "[vd_convolutional]\nfilters=" #filters "\nsize=3\npad=1\nactivation=leaky\n"
#define READER "[convolutional]\nfilters=4\nsize=1\nactivation=relu\n"

/* dead in both branches */
static void second_branch(network *net)
{
    prune_filter(net, 1, 1);
    prune_filter(net, 1, 4);
    net->layers[0].biases[1] = net->layers[0].biases[4] = 0; /* layer 1 pads */
}

START_TEST(a_channel_goes_through_a_shortcut_when_both_sides_are_dead)
{
    expect_with(NET FIRST "activation=leaky\n" BRANCH(8) "[shortcut]\nfrom=-2\nactivation=leaky\n" READER LAST,
                second_branch, 0x12, 0, 6, 0);
    expect_with(NET FIRST "activation=leaky\n" BRANCH(8) "[shortcut]\nfrom=-2\nactivation=logistic\n" READER LAST,
                second_branch, 0x12, 1, 6, 0);
    expect_with(
        NET FIRST "activation=leaky\n" BRANCH(
            8) "[shortcut]\nfrom=0\nalpha=.3\nbeta=-2\nactivation=linear\n[maxpool]\nsize=2\nstride=2\n" READER LAST,
        second_branch, 0x12, 1, 6, 0);
}
END_TEST

START_TEST(a_channel_stays_when_a_shortcut_adds_live_ones)
{
    expect_with(NET FIRST "activation=leaky\n" BRANCH(8) "[shortcut]\nfrom=-2\nactivation=leaky\n" READER LAST, 0, 0x12,
                0, 8, "2 dead kept: layer 2 [shortcut] ties them to channels that are not constant");
}
END_TEST

static void one_the_sum_leaves_out(network *net)
{
    prune_filter(net, 0, 6); /* the sum has 5 channels: layer 1 alone reads it, and pads */
    net->layers[0].biases[6] = 0;
}

static void one_it_does_not_touch(network *net)
{
    prune_filter(net, 1, 9); /* goes straight through */
    prune_filter(net, 1, 3); /* channel 3 of layer 0 is added */
}

START_TEST(a_shortcut_of_fewer_channels_leaves_the_others_to_one_side)
{
    expect_filters(NET FIRST "activation=leaky\n" BRANCH(5) "[shortcut]\nfrom=0\nactivation=leaky\n" READER LAST, 6,
                   one_the_sum_leaves_out, KEEPS(7, 5));
    expect_filters(NET FIRST
                   "activation=leaky\n" BRANCH(12) "[shortcut]\nfrom=0\nalpha=.3\nactivation=leaky\n" READER LAST,
                   6, one_it_does_not_touch, KEEPS(8, 11));
}
END_TEST

static void both_sides(network *net)
{
    prune_filter(net, 0, 2);
    prune_filter(net, 2, 2);
    net->layers[0].biases[2] = 0; /* layer 2 pads */
}

START_TEST(a_shortcut_of_different_planes_is_a_constant_only_where_all_pixels_are_added)
{
    static const char larger[] = NET FIRST "activation=leaky\n[maxpool]\nsize=2\nstride=2\n" BRANCH(
        8) "[shortcut]\nfrom=0\nactivation=linear\n" READER LAST;
    static const char smaller[] = NET FIRST
        "activation=leaky\n[maxpool]\nsize=2\nstride=2\n[upsample]\nstride=2\n[shortcut]\nfrom=1\n" READER LAST;
    expect_filters(larger, 7, both_sides, KEEPS(7, ANY, 7));
    expect(smaller, 0x4, 0, 8, "ties them");
}
END_TEST

/* the largest of -2 x is not -2 times the largest x: the scale stays where it is */
START_TEST(a_negative_factor_does_not_pass_a_pool)
{
    expect(NET FIRST "activation=linear\n[maxpool]\nsize=3\nstride=1\n[upsample]\nstride=2\nscale=-2\n" READER LAST, 0,
           0, 8, 0);
}
END_TEST

/* ---- groups of a [route] ---- */

static void first_three_of_the_second_half(network *net)
{
    for (int f = 4; f < 7; ++f) prune_filter(net, 0, f);
}

START_TEST(a_group_that_nobody_reads_goes_as_far_as_the_group_that_is_read)
{
    expect_with(NET FIRST "activation=leaky\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n" READER LAST,
                first_three_of_the_second_half, 0, 0, 2, 0);
    expect_with(NET FIRST "activation=leaky\n[route]\nlayers=-1\ngroups=2\ngroup_id=0\n" READER LAST, 0, 0x4, 0, 6, 0);
    expect_with(NET FIRST "activation=leaky\n[route]\nlayers=-1\ngroups=4\ngroup_id=2\n" READER LAST, 0, 0x20, 0, 4, 0);
}
END_TEST

/* the block of YOLOv4-tiny: a branch reads the second half, and all is joined behind it */
#define HALF_BRANCH                                                              \
    NET FIRST "activation=leaky\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n"     \
              "[vd_convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\n" \
              "[route]\nlayers=-1,0\n[maxpool]\nsize=2\nstride=2\n" READER LAST

START_TEST(as_many_channels_stay_in_each_group)
{
    expect_with(HALF_BRANCH, no_biases, 0x55, 0, 4, 0);                                         /* 2 and 2 */
    expect_with(HALF_BRANCH, no_biases, 0x17, 0, 6, "2 dead kept: layer 1 [route] has groups"); /* 1 and 3 */
    expect_with(HALF_BRANCH, no_biases, 0xe1, 0, 6, "2 dead kept: layer 1 [route] has groups"); /* 3 and 1 */
    expect_with(HALF_BRANCH, no_biases, 0x0e, 0, 8, "3 dead kept: layer 1 [route] has groups"); /* 1 and 4 */
}
END_TEST

/* two routes cut one layer, and one of them two layers */
START_TEST(what_stays_for_one_route_counts_for_the_next)
{
    static const char cfg[] = NET FIRST "activation=relu\n"                                        /* 0 */
                                        "[vd_convolutional]\nfilters=6\nsize=1\nactivation=relu\n" /* 1 */
                                        "[route]\nlayers=0,1\ngroups=2\ngroup_id=0\n"              /* 2 */
                                        "[route]\nlayers=0,1\n"                                    /* 3 */
                                        "[route]\nlayers=-1\ngroups=7\ngroup_id=0\n"               /* 4 */
                                        "[route]\nlayers=2,3,4\n" READER LAST;
    network *net = random_network(cfg, 8);
    no_biases(net);
    prune_filter(net, 0, 7);
    for (int fuse = 0; fuse < 2; ++fuse) { /* 7 and 6 channels; 14 is the next that 7 divides */
        vd_export_result r = export_network(folder, cfg, net, fuse, 1);
        ck_assert_int_eq(line_of(r, 0).filters[1], 8);
        ck_assert_int_eq(line_of(r, 1).filters[1], 6);
        free_vd_export_result(r);
    }
    free_network(net);
}
END_TEST

/* ---- reorg ---- */

START_TEST(reorg_lets_whole_groups_go)
{
    /* filters 4 to 7 share a plane; 8 / 2^2 = 2 rows of every picture, so that constants do not mix */
    expect(NET FIRST "activation=leaky\n[reorg]\nstride=2\n" READER LAST, 0xf0, 0, 4, 0);
    expect(NET FIRST "activation=leaky\n[reorg]\nstride=2\n" READER LAST, 0x70, 0, 8,
           "3 dead kept: layer 1 [reorg] ties them to channels that are not constant");
    expect(NET FIRST "activation=leaky\n[reorg]\nstride=2\n" READER LAST, 0xaa, 0, 8, "4 dead kept");
}
END_TEST

START_TEST(reorg_backwards_lets_every_second_filter_go)
{
    expect(NET FIRST "activation=leaky\n[reorg]\nstride=2\nreverse=1\n" READER LAST, 0xf0, 0, 8, "ties them");
    expect_with(NET FIRST "activation=relu\n[reorg]\nstride=2\nreverse=1\n" READER LAST, no_biases, 0xaa, 0, 4, 0);
}
END_TEST

#define SIX "[net]\nbatch=2\nheight=6\nwidth=6\nchannels=2\n"

static void equal_biases(network *net)
{
    for (int f = 4; f < 8; ++f) net->layers[0].biases[f] = .75f;
}

/* 6 rows are no multiple of 4: output channels hold pixels of two inputs */
START_TEST(reorg_that_mixes_channels_lets_equal_constants_go_alone)
{
    expect(SIX FIRST "activation=leaky\n[reorg]\nstride=2\n" READER LAST, 0xf0, 0, 8, "4 dead kept");
    expect_with(SIX FIRST "activation=leaky\n[reorg]\nstride=2\n" READER LAST, equal_biases, 0xf0, 0, 4, 0);
}
END_TEST

static void second_half_of_every_picture(network *net)
{
    for (int offset = 0; offset < 4; ++offset) prune_input(net, 2, (offset * 2 + 1) * 4, 4);
}

START_TEST(reorg_lets_channels_go_that_nobody_reads)
{
    expect_filters(NET FIRST "activation=leaky\n[reorg]\nstride=2\n" READER LAST, 8, second_half_of_every_picture,
                   KEEPS(4));
}
END_TEST

/* against the layer itself, fed with pictures of which one channel is 1 and the others 0 */
START_TEST(reorg_inputs_are_those_the_layer_reads)
{
    static const struct {
        int c, h, w, stride, reverse;
    } shapes[] = {{8, 8, 8, 2, 0}, {8, 6, 4, 2, 0},  {4, 2, 10, 2, 0}, {18, 9, 6, 3, 0},
                  {8, 3, 5, 2, 1}, {18, 2, 3, 3, 1}, {3, 4, 4, 1, 0}};
    for (size_t i = 0; i < COUNT_OF(shapes); ++i) {
        int square = shapes[i].stride * shapes[i].stride, inputs[9];
        char *cfg = vd_format("[net]\nbatch=1\nheight=%d\nwidth=%d\nchannels=%d\n[reorg]\nstride=%d\nreverse=%d\n",
                              shapes[i].h, shapes[i].w, shapes[i].c, shapes[i].stride, shapes[i].reverse);
        network *net = network_of(cfg, 0);
        vd_model *m = make_vd_model(net, "test.cfg");
        int plane = shapes[i].h * shapes[i].w, out = m->layers[0].out_h * m->layers[0].out_w;
        ck_assert_int_eq(m->layers[0].kind, VD_REORG);
        for (int p = 0; p < shapes[i].c; ++p) {
            for (int k = 0; k < net->inputs; ++k) net->input[k] = k / plane == p;
            const float *output = network_predict(net, net->input);
            for (int c = 0; c < m->layers[0].channels; ++c) {
                int reads = 0, listed = 0, n = vd_reorg_inputs(m->layers, c, inputs);
                ck_assert_int_le(n, square);
                for (int k = 0; k < out; ++k) reads |= output[c * out + k] != 0;
                for (int k = 0; k < n; ++k) listed |= inputs[k] == p;
                ck_assert_msg(reads == listed, "%s: output %d, input %d: %d", cfg, c, p, reads);
            }
        }
        free_vd_model(m);
        free_network(net);
        free(cfg);
    }
}
END_TEST

/* ---- channels that nothing reads, channels that must stay ---- */

static void from_the_output_down(network *net)
{
    prune_input(net, 3, 2 * 64, 2 * 64); /* the output reads channels 0, 1, 4 of layer 2 */
    for (int f = 0; f < 5; ++f)          /* and those read channels 0 to 2 of layer 1 */
        for (int k = 3 * 9; f != 2 && f != 3 && k < 6 * 9; ++k) prune(net->layers[2], f * 6 * 9 + k);
    for (int f = 0; f < 3; ++f) /* which read channel 7 of layer 0 */
        for (int k = 0; k < 7 * 9; ++k) prune(net->layers[1], f * 8 * 9 + k);
}

START_TEST(what_nobody_reads_goes_and_frees_what_it_read)
{
    expect_filters(NET FIRST "activation=leaky\n" BRANCH(6) BRANCH(5) LAST, 9, from_the_output_down, KEEPS(1, 3, 3, 3));
}
END_TEST

static void all_but_a_channel(network *net)
{
    for (int f = 0; f < 7; ++f) prune_filter(net, 0, f);
    for (int k = 0; k < 3; ++k) prune(net->layers[1], k * 8 + 7); /* filters 0 to 2 read constants alone */
}

START_TEST(a_filter_without_weights_on_live_channels_is_dead_too)
{
    expect_filters(NET FIRST "activation=leaky\n" READER LAST, 10, all_but_a_channel, KEEPS(1, 1));
}
END_TEST

static void scales_of_zero(network *net)
{
    net->layers[0].scales[2] = net->layers[0].scales[5] = 0;
}

START_TEST(a_filter_that_batch_norm_multiplies_by_zero_is_dead)
{
    expect_with(NET FIRST "batch_normalize=1\nactivation=leaky\n" READER LAST, scales_of_zero, 0, 0, 6, 0);
}
END_TEST

START_TEST(a_layer_keeps_one_filter)
{
    expect(NET FIRST "activation=leaky\n" READER LAST, 0xff, 0, 1, "1 dead kept: a layer must keep one");
    expect(NET FIRST "activation=leaky\n" READER LAST, 0xff, 1, 1, "a layer must keep one");
    expect(NET FIRST "activation=leaky\n[maxpool]\nsize=2\nstride=2\n[route]\nlayers=-1,-1\n" READER LAST, 0xff, 0, 1,
           "a layer must keep one");
}
END_TEST

START_TEST(groups_are_left_alone_on_both_sides)
{
    expect(NET FIRST "activation=leaky\n[vd_convolutional]\nfilters=4\nsize=1\ngroups=2\nactivation=relu\n" LAST, 0x12,
           0, 8, "2 dead kept: layer 1 [convolutional] has groups");
    expect(NET FIRST "groups=2\nactivation=leaky\n" READER LAST, 0x12, 0, 8, 0);
}
END_TEST

START_TEST(layers_that_need_their_input_whole_say_so)
{
    expect(NET FIRST "activation=leaky\n[local]\nfilters=2\nsize=1\nstride=1\npad=0\nactivation=leaky\n" LAST, 0x12, 0,
           8, "layer 1 [local] needs all of its input");
    expect(NET "[vd_convolutional]\nfilters=7\nsize=3\npad=1\nactivation=linear\n"
               "[yolo]\nmask=0\nanchors=2,3\nclasses=2\nnum=1\n",
           0x12, 0, 7, "layer 1 [yolo]");
    expect(NET FIRST "activation=leaky\n[convolutional]\nfilters=4\nsize=1\nstride=2\nactivation=leaky\n" LAST, 0x12, 0,
           8, "layer 1 [convolutional]"); /* stock Darknet's plain one reads its input in another order */
    expect(NET FIRST "activation=leaky\n", 0x12, 0, 8, "layer 0 [convolutional] is the output");
    expect("[net]\nbatch=2\ninputs=5\n[vd_connected]\noutput=8\nactivation=linear\n[softmax]\n", 0x12, 0, 8,
           "layer 1 [softmax]");
}
END_TEST

START_TEST(layers_nobody_reads_keep_one_filter)
{
    expect_filters(NET FIRST "activation=leaky\n" BRANCH(6) "[route]\nlayers=0\n" LAST, 11, 0, KEEPS(8, 1));
}
END_TEST

START_TEST(without_compact_nothing_goes)
{
    static const char cfg[] = NET FIRST "activation=leaky\n" READER LAST;
    network *net = random_network(cfg, 12);
    prune_filter(net, 0, 3);
    vd_export_result r = export_network(folder, cfg, net, 0, 0);
    ck_assert_int_eq(line_of(r, 0).filters[1], 8);
    ck_assert_str_eq(line_of(r, 0).why, "");
    ck_assert_uint_eq(r.total[1].weights, r.total[0].weights);
    ck_assert_uint_eq(r.total[1].nonzero, r.total[0].weights - 18);
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

SUITE_OF(removal)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    LOOP(a_dead_filter_goes_and_its_constant_moves_into_an_unpadded_convolution, ACTIVATIONS);
    LOOP(a_dead_unit_goes_and_its_constant_moves_into_the_next_connected_layer, ACTIVATIONS);
    LOOP(constants_pass_layers_that_treat_each_channel_alone, PASSING);
    TEST(a_pool_with_windows_in_the_padding_alone_stops_constants);
    TEST(padding_keeps_a_constant_that_is_not_zero_and_says_so);
    TEST(padding_lets_a_constant_of_zero_go);
    TEST(padding_lets_a_constant_go_that_is_read_by_the_middle_of_filters_alone);
    TEST(compaction_does_not_count_on_the_size_of_the_picture);
    TEST(channels_of_routes_are_found_at_their_offsets);
    TEST(a_route_of_different_planes_is_read_pixel_by_pixel);
    TEST(a_channel_goes_through_a_shortcut_when_both_sides_are_dead);
    TEST(a_channel_stays_when_a_shortcut_adds_live_ones);
    TEST(a_shortcut_of_fewer_channels_leaves_the_others_to_one_side);
    TEST(a_negative_factor_does_not_pass_a_pool);
    TEST(a_shortcut_of_different_planes_is_a_constant_only_where_all_pixels_are_added);
    TEST(a_group_that_nobody_reads_goes_as_far_as_the_group_that_is_read);
    TEST(as_many_channels_stay_in_each_group);
    TEST(what_stays_for_one_route_counts_for_the_next);
    TEST(reorg_lets_whole_groups_go);
    TEST(reorg_backwards_lets_every_second_filter_go);
    TEST(reorg_that_mixes_channels_lets_equal_constants_go_alone);
    TEST(reorg_lets_channels_go_that_nobody_reads);
    TEST(reorg_inputs_are_those_the_layer_reads);
    TEST(what_nobody_reads_goes_and_frees_what_it_read);
    TEST(a_filter_without_weights_on_live_channels_is_dead_too);
    TEST(a_filter_that_batch_norm_multiplies_by_zero_is_dead);
    TEST(a_layer_keeps_one_filter);
    TEST(groups_are_left_alone_on_both_sides);
    TEST(layers_that_need_their_input_whole_say_so);
    TEST(layers_nobody_reads_keep_one_filter);
    TEST(without_compact_nothing_goes);
}
