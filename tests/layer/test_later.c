/* Cfgs of later Darknets: [yolo] heads against numbers of AlexeyAB's program, [route] groups, activations that need
 * their input, the epsilon of batch normalisation. */
#include "hooks/rules.h"
#include "layer/norm.h"
#include "layer/overlap.h"
#include "layer/yolo_head.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"
#include "weights/vdw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

/* ---- [yolo] ---- */

#define YOLO                                                              \
    "[net]\nwidth=64\nheight=48\nchannels=3\n"                            \
    "[convolutional]\nfilters=14\nsize=1\nstride=16\nactivation=linear\n" \
    "[yolo]\nmask=0,2\nanchors=9,8, 14,20, 30,24\nnum=3\nclasses=2\nignore_thresh=.5\ntruth_thresh=1\nmax=10\n"

/* The same cfgs, input and truth in AlexeyAB's Darknet (commit 59596d78, built AVX=1): cost, the sums of
 * delta[i] sin(.9 i + 1), of |delta|, and of output[i] cos(.3 i) */
static const struct {
    const char *keys;
    double cost, weighted, magnitude, output;
} heads[] = {
    {"scale_x_y=1.05\niou_loss=ciou\niou_normalizer=0.07\nmax_delta=5\nnms_kind=greedynms\nbeta_nms=0.6\n", 8.094367,
     -2.071951, 14.49006, -0.2059906},
    {"iou_loss=giou\niou_normalizer=.5\niou_thresh=0.213\ncls_normalizer=.5\nobj_normalizer=.4\n", 2.52192, -1.826922,
     22.84159, -0.2006559},
    {"scale_x_y=2.0\nnew_coords=1\nobjectness_smooth=1\niou_loss=ciou\niou_normalizer=.05\n", 9.968559, -2.538789,
     15.81888, 0.4116286},
    {"iou_loss=mse\niou_normalizer=.75\nlabel_smooth_eps=.1\ntruth_thresh=.3\n", 29.66557, -6.194581, 22.73918,
     -0.2006559},
    {"iou_loss=diou\ncounters_per_class=10,40\nfocal_loss=0\nmax_delta=2\n", 10.08044, -5.464567, 21.14588, -0.2006559},
    {"scale_x_y=1.2\nfocal_loss=1\niou_loss=iou\n", 7.574828, -4.069814, 20.13283, -0.2219949},
};

static void train_head(network *net, int new_coords)
{
    static const float objects[4][5] = {
        {.31f, .42f, .22f, .35f, 1}, {.7f, .6f, .5f, .4f, 0}, {.71f, .61f, .45f, .42f, 1}, {.12f, .85f, .06f, .1f, 1}};
    layer l = net->layers[1];
    network n = *net;
    float *input = vd_calloc(l.outputs, sizeof(float)), *truth = vd_calloc(l.truths, sizeof(float));
    for (int i = 0; i < l.outputs; ++i) input[i] = (float)(new_coords ? .5 + .4 * sin(i * 1.7) : 1.5 * sin(i * 1.7));
    memcpy(truth, objects, sizeof(objects));
    n.train = 1;
    n.input = input;
    n.truth = truth;
    n.index = 1;
    l.forward(l, n);
    free(input), free(truth);
}

START_TEST(heads_train_as_alexeyabs_do)
{
    char *cfg = vd_format("%s%s", YOLO, heads[_i].keys);
    network *net = network_of(cfg, 0);
    layer l = net->layers[1];
    double weighted = 0, magnitude = 0, output = 0;
    ck_assert(vd_yolo_head_of(l) != 0);
    train_head(net, strstr(cfg, "new_coords=1") != 0);
    for (int i = 0; i < l.outputs; ++i) {
        weighted += l.delta[i] * sin(i * .9 + 1);
        magnitude += fabs(l.delta[i]);
        output += l.output[i] * cos(i * .3);
    }
    ck_assert_msg(close_to(l.cost[0], heads[_i].cost, 2e-6, 0), "cost %.8g, not %.8g", l.cost[0], heads[_i].cost);
    ck_assert_msg(close_to(weighted, heads[_i].weighted, 5e-6, 0), "delta %.8g", weighted);
    ck_assert_msg(close_to(magnitude, heads[_i].magnitude, 5e-6, 0), "|delta| %.8g", magnitude);
    ck_assert_msg(close_to(output, heads[_i].output, 1e-5, 0), "output %.8g", output);
    free_network(net), free(cfg);
}
END_TEST

START_TEST(delta_normalizer_is_a_factor_of_what_goes_back_alone)
{
    network *plain = network_of(YOLO "iou_loss=ciou\n", 0),
            *scaled = network_of(YOLO "iou_loss=ciou\ndelta_normalizer=3\n", 0);
    layer a = plain->layers[1], b = scaled->layers[1];
    network n = *scaled;
    train_head(plain, 0), train_head(scaled, 0);
    ck_assert(a.cost[0] == b.cost[0]);
    n.delta = vd_calloc(b.inputs, sizeof(float));
    b.backward(b, n);
    for (int i = 0; i < b.inputs; ++i) ck_assert(n.delta[i] == 3 * a.delta[i]);
    free(n.delta), free_network(plain), free_network(scaled);
}
END_TEST

START_TEST(a_head_without_such_keys_is_stock_darknets)
{
    network *net = network_of(YOLO, 0);
    ck_assert_ptr_null(vd_yolo_head_of(net->layers[1]));
    ck_assert_int_eq(net->stretched, 0);
    free_network(net);
}
END_TEST

START_TEST(squares_give_the_sizes_of_new_coords)
{
    network *net = network_of(YOLO "new_coords=1\n", 0);
    layer l = net->layers[1];
    float x[7 * 12] = {0};
    for (int i = 0; i < 4; ++i) x[i * 12] = .25f * (float)(i + 1);
    box b = vd_yolo_box(l, x, 2, 1, 2, 64, 48);
    ck_assert(close_to(b.x, (1 + .25) / 4, 1e-6, 0) && close_to(b.y, (2 + .5) / 3, 1e-6, 0));
    ck_assert(close_to(b.w, 4 * .75 * .75 * 30 / 64, 1e-6, 0) && close_to(b.h, 4. * 24 / 48, 1e-6, 0));
    free_network(net);
}
END_TEST

static const struct {
    const char *keys, *message;
} bad_heads[] = {
    {"nms_kind=best\n", "layer 1 [yolo]: nms_kind=best is not known: expected default, greedynms or diounms"},
    {"iou_loss=miou\n", "layer 1 [yolo]: iou_loss=miou is not known: expected mse, iou, giou, diou or ciou"},
    {"counters_per_class=1,2,3\n", "layer 1 [yolo]: counters_per_class has 3 numbers, but classes=2"},
    {"label_smooth_eps=2\n", "label_smooth_eps=2"},
};

static void load(const char *path)
{
    free_network(parse_network_cfg((char *)path));
}

static void expect_refused(const char *cfg, const char *message)
{
    char *path = in_folder(folder, "c.cfg"), *err;
    write_text(path, cfg);
    ck_assert_int_eq(in_child(load, path, &err), 1);
    ck_assert_msg(strstr(err, message) != 0, "'%s' is not in: %s", message, err);
    free(err), free(path);
}

START_TEST(bad_values_of_a_head_are_named)
{
    char *cfg = vd_format("%s%s", YOLO, bad_heads[_i].keys);
    expect_refused(cfg, bad_heads[_i].message);
    free(cfg);
}
END_TEST

START_TEST(all_heads_of_a_network_of_theirs_follow_their_rules)
{
    char *mixed = vd_format("%sscale_x_y=1.1\n[route]\nlayers=0\n%s", YOLO, strstr(YOLO, "[yolo]"));
    network *some = network_of(mixed, 0);
    for (int i = 1; i < 4; i += 2) {
        ck_assert_int_eq(vd_yolo_head_of(some->layers[i])->stretched, 1);
        ck_assert(close_to(vd_yolo_head_of(some->layers[i])->iou_normalizer, .75, 1e-6, 0));
    }
    ck_assert_int_eq(some->stretched, 1);
    free_network(some), free(mixed);
}
END_TEST

/* the other network is read after it */
static void train_first(const char *path)
{
    network *first = parse_network_cfg((char *)path);
    free_network(network_of("[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\n[cost]\n", 0));
    train_network_datum(first);
}

START_TEST(a_network_is_refused_for_its_own_keys)
{
    char *path = in_folder(folder, "m.cfg"), *err;
    network *fine = network_of("[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\n[cost]\n", 0);
    write_text(path, "[net]\ncutmix=1\nwidth=3\nheight=2\nchannels=4\n[conv]\n[cost]\n");
    ck_assert_int_eq(in_child(train_first, path, &err), 1);
    ck_assert_msg(strstr(err, "m.cfg: [net]: cutmix=1 is a key") != 0, "%s", err);
    free_network(parse_network_cfg(path));
    train_network_datum(fine);
    free_network(fine), free(err), free(path);
}
END_TEST

/* ---- overlaps ---- */

static double of_box(vd_overlap kind, box a, box b, int i, double h)
{
    float *part[] = {&a.x, &a.y, &a.w, &a.h};
    *part[i] = (float)(*part[i] + h);
    return vd_overlap_of(kind, a, b);
}

/* not diou and ciou: see overlap.h; the heads above hold those */
START_TEST(gradients_of_iou_and_giou_are_their_derivatives)
{
    static const box a = {.4f, .45f, .3f, .35f}, b = {.5f, .38f, .25f, .45f};
    const double h = 1e-3;
    float d[4];
    vd_overlap_gradient((vd_overlap)_i, a, b, d);
    for (int i = 0; i < 2; ++i) {
        double want = (of_box(_i, a, b, i, h) - of_box(_i, a, b, i, -h)) / (2 * h);
        ck_assert_msg(close_to(d[i], want, 5e-3, 1e-3), "%d: %g, not %g", i, d[i], want);
    }
    for (int i = 2; i < 4; ++i) { /* twice the derivative, as overlap.h says */
        double want = (of_box(_i, a, b, i, h) - of_box(_i, a, b, i, -h)) / h;
        ck_assert_msg(close_to(d[i], want, 5e-3, 1e-3), "%d: %g, not %g", i, d[i], want);
    }
}
END_TEST

START_TEST(overlaps_of_equal_and_distant_boxes)
{
    box a = {.3f, .3f, .2f, .2f}, far = {.7f, .3f, .2f, .2f};
    for (int kind = VD_IOU; kind <= VD_CIOU; ++kind) ck_assert(close_to(vd_overlap_of(kind, a, a), 1, 1e-6, 0));
    ck_assert(vd_overlap_of(VD_IOU, a, far) == 0);
    ck_assert(close_to(vd_overlap_of(VD_GIOU, a, far), -(.12 - .08) / .12, 1e-5, 0));
    ck_assert(close_to(vd_overlap_of(VD_DIOU, a, far), -pow(.16 / (.36 + .04), .6), 1e-5, 0));
    ck_assert(close_to(vd_overlap_of(VD_CIOU, a, far), -.16 / .4, 1e-5, 0));
    ck_assert(vd_overlap_with_distance(a, far, 0) == 0);
}
END_TEST

START_TEST(a_box_is_cut_at_the_sides_of_the_picture)
{
    static const struct {
        box b, inside;
    } cases[] = {{{3, 2, 2, 2}, {3, 2, 2, 2}},
                 {{0, 2, 2, 2}, {.5f, 2, 1, 2}},
                 {{7.5f, 3.5f, 3, 3}, {7, 3, 2, 2}},
                 {{4, 2, 20, 10}, {4, 2, 8, 4}},
                 {{4, 0, 2, 1}, {4, .25f, 2, .5f}}};
    for (int i = 0; i < COUNT_OF(cases); ++i) {
        box in = vd_box_inside(cases[i].b, 8, 4), want = cases[i].inside;
        ck_assert_msg(in.x == want.x && in.y == want.y && in.w == want.w && in.h == want.h, "%d: %g %g %g %g", i, in.x,
                      in.y, in.w, in.h);
    }
    ck_assert(vd_box_inside((box){-3, 2, 2, 2}, 8, 4).w == 0 && vd_box_inside((box){11, 2, 2, 2}, 8, 4).w == 0);
    ck_assert(vd_box_inside((box){4, -3, 2, 2}, 8, 4).h == 0 && vd_box_inside((box){4, 5, 2, 2}, 8, 4).h == 0);
}
END_TEST

/* ---- [route] groups ---- */

#define GROUPED                                                                                              \
    "[net]\nbatch=2\nwidth=3\nheight=2\nchannels=4\n[convolutional]\nfilters=6\nsize=1\nactivation=linear\n" \
    "[route]\nlayers=-1\ngroups=3\ngroup_id=1\n"

START_TEST(a_route_passes_on_one_group_and_its_gradient)
{
    network *net = network_of(GROUPED "[convolutional]\nfilters=2\nsize=1\nactivation=linear\n[cost]\n", 0);
    layer conv = net->layers[0], route = net->layers[1];
    enum { PLANE = 6, OUT = 2 * PLANE, ALL = 6 * PLANE };
    ck_assert_int_eq(route.out_c, 2);
    ck_assert_int_eq(route.outputs, OUT);
    fill_random(net->input, (size_t)net->inputs * 2, 1);
    fill_random(net->truth, (size_t)net->truths * 2, 2);
    net->train = 1;
    forward_network(net);
    for (int b = 0; b < 2; ++b)
        for (int i = 0; i < OUT; ++i) ck_assert(route.output[b * OUT + i] == conv.output[b * ALL + OUT + i]);
    memset(conv.delta, 0, 2 * ALL * sizeof(float));
    fill_random(route.delta, 2 * OUT, 3);
    route.backward(route, *net);
    for (int b = 0; b < 2; ++b)
        for (int i = 0; i < ALL; ++i) {
            int inside = i >= OUT && i < 2 * OUT;
            ck_assert(conv.delta[b * ALL + i] == (inside ? route.delta[b * OUT + i - OUT] : 0));
        }
    resize_network(net, 5, 4);
    ck_assert_int_eq(net->layers[1].outputs, 2 * 20);
    ck_assert_int_eq(net->layers[1].out_c, 2);
    free_network(net);
}
END_TEST

START_TEST(groups_that_do_not_fit_are_named)
{
    expect_refused("[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\nfilters=6\n[route]\nlayers=-1\ngroups=4\n",
                   "layer 1 [route]: groups=4 does not divide 6 channels");
    expect_refused(
        "[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\nfilters=6\n[route]\nlayers=-1\ngroups=3\ngroup_id=3\n",
        "layer 1 [route]: group_id=3 is not below groups=3");
}
END_TEST

/* ---- activations ---- */

static const char *const smooth_nets[] = {
    "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=mish\n",
    "[convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=mish\n",
    "[convolutional]\nfilters=4\nsize=3\nstride=2\nactivation=swish\n",
    "[convolutional]\nfilters=4\nsize=1\nactivation=hard_mish\n",
    "[connected]\noutput=9\nactivation=gelu\n",
    "[convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=swish\n",
};

START_TEST(gradients_go_through_smooth_activations)
{
    char *cfg = vd_format("[net]\nbatch=4\nwidth=6\nheight=5\nchannels=2\nseed=2\n%s[connected]\noutput=3\n"
                          "activation=linear\n[cost]\n",
                          smooth_nets[_i]);
    network *net = network_of(cfg, 0);
    layer l = net->layers[0];
    fill_random(net->input, (size_t)net->inputs * 4, 1);
    fill_random(net->truth, (size_t)net->truths * 4, 2);
    expect_weight_gradients(net, l, l.type == CONVOLUTIONAL ? l.nweights : l.inputs * l.outputs, 4e-3f);
    free_network(net), free(cfg);
}
END_TEST

START_TEST(a_smooth_activation_is_refused_where_it_is_not_built)
{
    expect_refused("[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\n[local]\nactivation=mish\n",
                   "layer 1 [local]: activation=mish is not built for this section: expected [convolutional], "
                   "[connected], [shortcut], [scale_channels], [sam] or [activation]");
    expect_refused("[net]\nwidth=3\nheight=2\nchannels=4\n[rnn]\noutput=2\nactivation=swish\n",
                   "layer 0 [rnn]: activation=swish is not built for this section");
    expect_refused("[net]\nwidth=3\nheight=2\nchannels=4\n[crnn]\nactivation=gelu\n",
                   "layer 0 [crnn]: activation=gelu is not built for this section");
}
END_TEST

START_TEST(revleaky_is_leaky_and_exported_as_that)
{
    static const char cfg[] = "[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\nactivation=revleaky\n"
                              "[vd_conn]\nactivation=revleaky\n[vd_cost]\nsamples=9\n";
    char *path = in_folder(folder, "n.cfg"), *weights = in_folder(folder, "n.weights"), *out = in_folder(folder, "out");
    write_text(path, cfg);
    network *net = network_of(cfg, 0);
    ck_assert(net->layers[0].activation == LEAKY && net->layers[1].activation == LEAKY);
    save_weights(net, weights);
    free_run(darknet(0, "vd", "export", path, weights, out, (char *)0));
    char *text = text_in_folder("out.cfg");
    ck_assert_msg(strstr(text, "=leaky\n") && !strstr(text, "revleaky"), "%s", text);
    free(text), free_network(net), free(path), free(weights), free(out);
}
END_TEST

/* ---- the epsilon of batch normalisation ---- */

static const struct {
    const char *cfg;
    int in_root;
} epsilons[] = {
    {"[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\nbatch_normalize=1\n", 0},
    {"[net]\nwidth=3\nheight=2\nchannels=4\nbn_eps=alexeyab\n[conv]\nbatch_normalize=1\n", 1},
    {"[net]\nwidth=3\nheight=2\nchannels=4\n[conv]\nfilters=2\nbatch_normalize=1\n[route]\nlayers=-1\ngroups=2\n", 1},
    {"[net]\nwidth=3\nheight=2\nchannels=4\nbn_eps=stock\n[conv]\nfilters=2\nbatch_normalize=1\n"
     "[route]\nlayers=-1\ngroups=2\n",
     0},
};

START_TEST(the_cfg_says_which_epsilon)
{
    network *net = network_of(epsilons[_i].cfg, 0);
    layer l = net->layers[0];
    ck_assert_int_eq(l.epsilon_in_root, epsilons[_i].in_root);
    double want = epsilons[_i].in_root ? sqrt(1e-4 + 1e-5) : 1e-2 + 1e-6;
    ck_assert(close_to(vd_norm_deviation(l, 1e-4f), want, 1e-6, 0));
    free_network(net);
}
END_TEST

/* the input's channel becomes 1, less a mean of 0, over the deviation, in each of the three parts */
START_TEST(parts_of_recurrent_layers_have_that_epsilon)
{
    for (int in_root = 0; in_root < 2; ++in_root) {
        char *cfg = vd_format("[net]\nbatch=1\ninputs=1\nbn_eps=%s\n[rnn]\noutput=1\nhidden=1\nbatch_normalize=1\n"
                              "activation=linear\n",
                              in_root ? "alexeyab" : "stock");
        network *net = network_of(cfg, 0);
        layer l = net->layers[0], *parts[] = {l.input_layer, l.self_layer, l.output_layer};
        for (int i = 0; i < 3; ++i) {
            parts[i]->weights[0] = 1;
            parts[i]->rolling_mean[0] = 0;
            parts[i]->rolling_variance[0] = 1e-4f;
        }
        float one = 1;
        double deviation = in_root ? sqrt(1e-4 + 1e-5) : 1e-2 + 1e-6;
        ck_assert(close_to(*network_predict(net, &one), 1 / (deviation * deviation), 1e-5, 0));
        free_network(net), free(cfg);
    }
}
END_TEST

START_TEST(weights_say_which_epsilon_and_keep_it)
{
    char *path = in_folder(folder, "n.weights"), *again = in_folder(folder, "again.weights");
    network *net = network_of(epsilons[0].cfg, 0);
    save_weights(net, path);
    size_t n;
    char *bytes = read_bytes(path, &n);
    ck_assert_int_eq(bytes[8], 0);
    bytes[8] = 5; /* the version is 0.2.5 */
    write_bytes(path, bytes, n);
    network *later = network_of(epsilons[0].cfg, path);
    ck_assert_int_eq(later->layers[0].epsilon_in_root, 1);
    save_weights(later, again);
    expect_file(again, bytes, n);
    free_network(later), free(bytes), free(path), free(again);
    free_network(net);
}
END_TEST

START_TEST(packed_weights_say_which_epsilon)
{
    char *path = in_folder(folder, "n.vdw"), *fault;
    for (int in_root = 0; in_root < 2; ++in_root) {
        network *net = network_of(epsilons[0].cfg, 0);
        vd_rules_weights(net, "n.weights", 0, 2, 5 * in_root);
        vd_packed p = vd_pack_network(net, VD_PACK_FP32, &fault);
        ck_assert_msg(!fault, "%s", fault);
        ck_assert_int_eq(p.file.bytes[3], 2 + in_root);
        write_bytes(path, (const char *)p.file.bytes, p.file.n);
        network *again = network_of(epsilons[0].cfg, path);
        ck_assert_int_eq(again->layers[0].epsilon_in_root, in_root);
        vd_packed_free(&p);
        free_network(net), free_network(again);
    }
    free(path);
}
END_TEST

static void load_one_after_the_other(const char *last)
{
    char *first = in_folder(folder, "later.weights");
    network *net = network_of(epsilons[0].cfg, first);
    load_weights(net, (char *)last);
    free_network(net), free(first);
}

/* the network would keep the epsilon of the first file */
START_TEST(stock_weights_after_those_of_a_later_darknet_are_refused)
{
    static const char *const names[] = {"later.weights", "stock.weights", "stock.vdw"};
    char *paths[3], *err, *fault;
    network *net = network_of(epsilons[0].cfg, 0);
    for (int i = 0; i < 3; ++i) paths[i] = in_folder(folder, names[i]);
    save_weights(net, paths[1]);
    vd_packed p = vd_pack_network(net, VD_PACK_FP32, &fault);
    write_bytes(paths[2], (const char *)p.file.bytes, p.file.n);
    size_t n;
    char *bytes = read_bytes(paths[1], &n);
    bytes[8] = 5; /* the version is 0.2.5 */
    write_bytes(paths[0], bytes, n);
    for (int i = 0; i < 3; ++i) {
        ck_assert_int_eq(in_child(load_one_after_the_other, paths[i], &err), i > 0);
        char *said = vd_format("%s: version 0.2.0: the network has loaded weights of a later Darknet", paths[i]);
        ck_assert_msg(!i || strstr(err, said), "%s", err);
        free(err), free(said);
    }
    for (int i = 0; i < 3; ++i) free(paths[i]);
    vd_packed_free(&p);
    free_network(net), free(bytes);
}
END_TEST

START_TEST(heads_follow_the_program_of_their_weights)
{
    char *path = in_folder(folder, "n.weights"), *kept = vd_format("[net]\nletter_box=1\n%s", YOLO + 6);
    network *net = network_of(YOLO, 0);
    save_weights(net, path);
    size_t n;
    char *bytes = read_bytes(path, &n);
    bytes[8] = 5; /* the version is 0.2.5 */
    write_bytes(path, bytes, n);
    network *later = network_of(YOLO, path), *boxed = network_of(kept, path);
    ck_assert_ptr_null(vd_yolo_head_of(net->layers[1]));
    ck_assert_ptr_nonnull(vd_yolo_head_of(later->layers[1]));
    ck_assert(close_to(vd_yolo_head_of(later->layers[1])->iou_normalizer, .75, 1e-6, 0));
    ck_assert_int_eq(later->stretched, 1);
    ck_assert_int_eq(boxed->stretched, 0);
    free_network(net), free_network(later), free_network(boxed), free(bytes), free(path), free(kept);
}
END_TEST

static const char *const lstms[] = {"[net]\ninputs=3\ntime_steps=2\nbatch=2\n[lstm]\noutput=3\n",
                                    "[net]\nbn_eps=stock\ninputs=3\ntime_steps=2\nbatch=2\n[lstm]\noutput=3\n",
                                    "[net]\nbn_eps=alexeyab\ninputs=3\ntime_steps=2\nbatch=2\n[lstm]\noutput=3\n"};

static void load_lstm(const char *path)
{
    char *cfg = in_folder(folder, "l.cfg");
    free_network(load_network(cfg, (char *)path, 0));
    free(cfg);
}

START_TEST(weights_that_theirs_order_otherwise_are_refused)
{
    char *path = in_folder(folder, "l.weights"), *cfg = in_folder(folder, "l.cfg"), *err;
    network *net = network_of(lstms[COUNT_OF(lstms) - 1], 0);
    write_text(cfg, lstms[_i]);
    save_weights(net, path);
    size_t n;
    char *bytes = read_bytes(path, &n);
    ck_assert_int_eq(bytes[8], 0); /* stock Darknet's order, so its version */
    bytes[8] = 5;
    write_bytes(path, bytes, n);
    ck_assert_int_eq(in_child(load_lstm, path, &err), 1);
    ck_assert_msg(strstr(err, "l.weights: layer 0 [lstm]: version 0.2.5: later Darknets store its weights") != 0, "%s",
                  err);
    free_network(net), free(bytes), free(err), free(path), free(cfg);
}
END_TEST

/* ---- export ---- */

START_TEST(an_export_answers_as_the_network_does)
{
    char *cfg = vd_format("[net]\nwidth=64\nheight=48\nchannels=3\n"
                          "[vd_conv]\nfilters=8\nsize=3\nstride=16\npad=1\nbatch_normalize=1\nactivation=mish\n"
                          "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n"
                          "[conv]\nfilters=14\nsize=1\nactivation=linear\n"
                          "[yolo]\nmask=0,2\nanchors=9,8, 14,20, 30,24\nnum=3\nclasses=2\n%s[vd_cost]\nsamples=9\n",
                          _i ? "scale_x_y=1.3\n" : "iou_loss=ciou\n");
    char *path = in_folder(folder, "n.cfg"), *weights = in_folder(folder, "n.weights"), *out = in_folder(folder, "out");
    write_text(path, cfg);
    network *net = network_of(cfg, 0);
    for (int i = 0; i < 8; ++i) net->layers[0].rolling_variance[i] = 1e-4f * (float)(i + 1);
    save_weights(net, weights);
    free_run(darknet(0, "vd", "export", path, weights, out, (char *)0));
    free_run(darknet(0, "vd", "export", path, weights, out, "-no-fuse", "-compact", (char *)0));
    char *text = text_in_folder("out.cfg");
    ck_assert(strstr(text, "groups=2") && strstr(text, _i ? "scale_x_y=1.3" : "iou_loss=ciou"));
    free(text), free_network(net), free(cfg), free(path), free(weights), free(out);
}
END_TEST

SUITE_OF(later)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(heads_train_as_alexeyabs_do, COUNT_OF(heads));
    TEST(delta_normalizer_is_a_factor_of_what_goes_back_alone);
    TEST(a_head_without_such_keys_is_stock_darknets);
    TEST(squares_give_the_sizes_of_new_coords);
    LOOP(bad_values_of_a_head_are_named, COUNT_OF(bad_heads));
    TEST(all_heads_of_a_network_of_theirs_follow_their_rules);
    TEST(a_network_is_refused_for_its_own_keys);
    LOOP(gradients_of_iou_and_giou_are_their_derivatives, VD_GIOU + 1);
    TEST(overlaps_of_equal_and_distant_boxes);
    TEST(a_box_is_cut_at_the_sides_of_the_picture);
    TEST(a_route_passes_on_one_group_and_its_gradient);
    TEST(groups_that_do_not_fit_are_named);
    LOOP(gradients_go_through_smooth_activations, COUNT_OF(smooth_nets));
    TEST(a_smooth_activation_is_refused_where_it_is_not_built);
    TEST(revleaky_is_leaky_and_exported_as_that);
    LOOP(the_cfg_says_which_epsilon, COUNT_OF(epsilons));
    TEST(parts_of_recurrent_layers_have_that_epsilon);
    TEST(weights_say_which_epsilon_and_keep_it);
    TEST(packed_weights_say_which_epsilon);
    TEST(stock_weights_after_those_of_a_later_darknet_are_refused);
    TEST(heads_follow_the_program_of_their_weights);
    LOOP(weights_that_theirs_order_otherwise_are_refused, COUNT_OF(lstms));
    LOOP(an_export_answers_as_the_network_does, 2);
}
