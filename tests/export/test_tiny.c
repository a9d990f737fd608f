/* The tiny networks of cfg/ that later Darknets know: exported,
 * packed and with sparse products they answer as masked. */
#include "support/export_support.h"

#include "base/text.h"
#include "layer/vd_layer.h"
#include "weights/vdw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"yolov4-tiny", "yolov4-tiny-3l", "yolov7-tiny"};
enum { NAMES = COUNT_OF(names) };

/* the cfg with other values of some keys of [net] */
static char *small_cfg(const char *name)
{
    static const struct {
        const char *key;
        int value;
    } changes[] = {{"\nbatch=", 1}, {"\nsubdivisions=", 1}, {"\nwidth=", 64}, {"\nheight=", 64}};
    size_t n;
    char *path = vd_format("cfg/%s-vd.cfg", name), *text = read_bytes(path, &n);
    for (size_t k = 0; k < COUNT_OF(changes); ++k) {
        char *at = strstr(text, changes[k].key);
        ck_assert_msg(at != 0, "%s has no %s", path, changes[k].key);
        at += strlen(changes[k].key);
        char *changed = vd_format("%.*s%d%s", (int)(at - text), text, changes[k].value, strchr(at, '\n'));
        free(text);
        text = changed;
    }
    free(path);
    return text;
}

/* two weights of three, and every second filter, whose constant is then 0, so that padding lets it go */
static void prune_most(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (!vd_layer_of(l)) continue;
        for (int k = 0; k < filters_of(l) * columns_of(l); ++k)
            if (k % 3) prune(l, k);
        for (int f = 0; f < filters_of(l); f += 2) {
            prune_filter(net, i, f);
            l.biases[f] = l.rolling_mean[f] = 0;
        }
        vd_layer_changed(l);
    }
}

/* what all heads answer to one random picture; returns how many numbers, `most` at most */
static size_t answers(network *net, size_t most, float *out)
{
    size_t n = 0;
    float *x = malloc(net->inputs * sizeof(float));
    fill_random(x, net->inputs, 5);
    for (int i = 0; i < net->inputs; ++i) x[i] = fabsf(x[i]);
    network_predict(net, x);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != YOLO) continue;
        ck_assert_uint_le(n + l.outputs, most);
        memcpy(out + n, l.output, l.outputs * sizeof(float));
        n += l.outputs;
    }
    free(x);
    return n;
}

enum { MOST = 100000 };
static float masked[MOST], other[MOST];

static void expect_answers(network *net, size_t n, const char *way)
{
    float largest = 0;
    ck_assert_uint_eq(answers(net, MOST, other), n);
    for (size_t i = 0; i < n; ++i) largest = fmaxf(largest, fabsf(masked[i]));
    ck_assert(isfinite(largest) && largest > 0);
    for (size_t i = 0; i < n; ++i)
        ck_assert_msg(close_to(other[i], masked[i], 1e-4, 1e-5 * largest), "%s: output %zu is %.9g, masked %.9g", way,
                      i, other[i], masked[i]);
}

static void expect_sparse(network *net, size_t n)
{
    int sparse = 0;
    setenv("DARKNET_SPARSE", "1", 1);
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_changed(net->layers[i]);
    expect_answers(net, n, "sparse");
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) sparse += strcmp(vd_layer_test_time(net->layers[i]).way, "dense") != 0;
    ck_assert_int_gt(sparse, 10);
    setenv("DARKNET_SPARSE", "0", 1);
}

static void expect_packed(const char *cfg, network *net, size_t n)
{
    char *fault, *path = in_folder(folder, "net.vdw");
    vd_packed p = vd_pack_network(net, VD_PACK_FP32, &fault);
    ck_assert_msg(!fault, "%s", fault);
    write_bytes(path, p.file.bytes, p.file.n);
    vd_packed_free(&p);
    network *packed = network_of(cfg, path);
    expect_answers(packed, n, "packed");
    free_network(packed);
    free(path);
}

/* of every variational layer half the filters go, of those that [route] groups cut, too */
static void expect_exported(const char *cfg, network *net, size_t n, int fuse)
{
    vd_export_result r = export_network(folder, cfg, net, fuse, 1);
    char *out_cfg = in_folder(folder, "out.cfg"), *out_weights = in_folder(folder, "out.weights");
    network *exported = load_network(out_cfg, out_weights, 0);
    expect_answers(exported, n, fuse ? "fused" : "not fused");
    for (int k = 1; k < r.n; ++k) /* layer 0 is plain */
        if (vd_layer_of(net->layers[r.lines[k].index]))
            ck_assert_msg(2 * r.lines[k].filters[1] == r.lines[k].filters[0], "layer %d keeps %d filters of %d: %s",
                          r.lines[k].index, r.lines[k].filters[1], r.lines[k].filters[0], r.lines[k].why);
    for (int i = 0; i < exported->n; ++i)
        ck_assert_msg(exported->layers[i].type != ROUTE || exported->layers[i].groups == net->layers[i].groups,
                      "[route] %d", i);
    free_network(exported);
    free_vd_export_result(r);
    free(out_cfg), free(out_weights);
}

START_TEST(in_every_way_they_answer_as_the_masked_network)
{
    char *cfg = small_cfg(names[_i]);
    setenv("DARKNET_SPARSE", "0", 1);
    network *net = random_network(cfg, 4);
    prune_most(net);
    size_t n = answers(net, MOST, masked);
    expect_sparse(net, n);
    expect_packed(cfg, net, n);
    for (int fuse = 0; fuse < 2; ++fuse) expect_exported(cfg, net, n, fuse);
    free_network(net);
    free(cfg);
}
END_TEST

SUITE_OF(tiny)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    LOOP(in_every_way_they_answer_as_the_masked_network, NAMES);
}
