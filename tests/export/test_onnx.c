/* export/onnx*.c: darknet vd export -format onnx. What is written is read back here and run, for two pictures at once
 * and others than the exporter has checked, and answers as the masked network. tests/export/readers/onnx.sh runs other
 * programs. */
#include "support/export_support.h"
#include "support/random_export.h"

#include "commands/dataset/png.h"
#include "layer/vd_layer.h"
#include "onnx/evaluate.h"
#include "base/text.h"
#include "base/version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PICTURES = 2 };

static vd_export_options options_of(const char *out)
{
    return (vd_export_options){.cfg = in_folder(folder, "net.cfg"),
                               .weights = in_folder(folder, "net.weights"),
                               .out = in_folder(folder, out),
                               .format = "onnx",
                               .fuse = 1};
}

static void free_options_of(vd_export_options o)
{
    free((char *)o.cfg);
    free((char *)o.weights);
    free((char *)o.out);
}

static void save_network(const char *cfg, network *net)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    write_text(path, cfg);
    save_weights(net, weights);
    free(path), free(weights);
}

/* ---- the answers of a file and of the network ---- */

static void expect_numbers(const vd_onnx_tensor *t, size_t from, size_t n, const float *y, double atol)
{
    double largest = 0;
    for (size_t i = 0; i < n; ++i) largest = fmax(largest, fabs(y[i]));
    ck_assert_msg(isfinite(largest), "nothing to compare with: %g", largest);
    for (size_t i = 0; i < n; ++i)
        ck_assert_msg(close_to(t->real[from + i], y[i], 0, atol * largest), "%s %zu is %.9g, in the network %.9g",
                      t->name, i, t->real[from + i], y[i]);
}

/* Darknet's number of box i of all heads: those of [yolo] are cell by cell, those of [region] anchor by anchor */
static int number_of(const network *net, int i)
{
    layer last = net->layers[net->n - 1];
    int cells = last.w * last.h;
    return last.type == REGION ? i % last.n * cells + i / last.n : i;
}

/* boxes and scores as the command `detector` has them, cell by cell */
static void expect_detections(network *net, const vd_onnx_tensor *boxes, const vd_onnx_tensor *scores, int picture)
{
    int n, classes = net->layers[net->n - 1].classes; /* [region] does not set those of a detection */
    detection *d = get_network_boxes(net, net->w, net->h, -1, 0, 0, 1, &n);
    ck_assert_int_eq(boxes->dims[1], n);
    for (int i = 0; i < n; ++i) {
        const float *box = boxes->real + ((size_t)picture * n + i) * 4, *of = &d[number_of(net, i)].bbox.x,
                    *prob = d[number_of(net, i)].prob;
        const float *score = scores->real + ((size_t)picture * n + i) * classes;
        for (int k = 0; k < 4; ++k)
            ck_assert_msg(close_to(box[k], of[k], 1e-4, 1e-5), "box %d: %g, in Darknet %g", i, box[k], of[k]);
        for (int c = 0; c < classes; ++c)
            ck_assert_msg(close_to(score[c], prob[c], 1e-4, 1e-6), "score %d: %g %g", i, score[c], prob[c]);
    }
    free_detections(d, n);
}

static int detects(const network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].type == YOLO || net->layers[i].type == REGION) return 1;
    return 0;
}

/* the file out.onnx for PICTURES pictures at once */
static vd_onnx_run *run_file(const char *name, network *net, vd_onnx_graph **g, float **x)
{
    char *path = in_folder(folder, name);
    const char *const wanted[] = {"output", "boxes", "scores"};
    int head = detects(net);
    *g = vd_onnx_read(path);
    *x = malloc(sizeof(float) * net->inputs * PICTURES);
    fill_random(*x, (size_t)net->inputs * PICTURES, 77);
    ck_assert_int_eq((*g)->inputs, 1);
    ck_assert_str_eq((*g)->input->name, "input");
    ck_assert_int_eq((*g)->input->dims[0], -1);
    vd_onnx_run *run = make_vd_onnx_run(*g, path, head ? 2 : 1, head ? wanted + 1 : wanted);
    int64_t dims[4] = {PICTURES, (*g)->input->dims[1], (*g)->input->dims[2], (*g)->input->dims[3]};
    vd_onnx_run_forward(run, 4, dims, *x);
    free(path);
    return run;
}

static void expect_alike(network *net, double atol)
{
    vd_onnx_graph *g;
    float *x;
    vd_onnx_run *run = run_file("out.onnx", net, &g, &x);
    set_batch_network(net, 1);
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_changed(net->layers[i]);
    for (int p = 0; p < PICTURES; ++p) {
        const float *y = network_predict(net, x + (size_t)p * net->inputs);
        const vd_onnx_tensor *t = vd_onnx_run_tensor(run, "output");
        if (detects(net)) {
            expect_detections(net, vd_onnx_run_tensor(run, "boxes"), vd_onnx_run_tensor(run, "scores"), p);
            continue;
        }
        ck_assert_uint_eq(t->n, (size_t)net->outputs * PICTURES);
        expect_numbers(t, (size_t)p * net->outputs, net->outputs, y, atol);
    }
    free_vd_onnx_run(run);
    free_vd_onnx_graph(g);
    free(x);
}

/* for the programs of tests/export/readers: files of the test, where ONNX_KEEP names a folder */
static void keep(const char *name)
{
    static const char *const endings[] = {"cfg", "weights", "onnx"};
    const char *to = getenv("ONNX_KEEP");
    for (int k = 0; to && *to && k < COUNT_OF(endings); ++k) {
        size_t n;
        char *from = vd_format("%s/%s.%s", folder, k < 2 ? "net" : "out", endings[k]), *bytes = read_bytes(from, &n);
        char *path = vd_format("%s/%s.%s", to, name, endings[k]);
        write_bytes(path, bytes, n);
        free(from), free(bytes), free(path);
    }
}

/* export in this process, which ends it when the exporter finds a difference, and compare */
static void expect_exported(const char *cfg, network *net, int fuse, int compact, double atol, const char *name)
{
    vd_export_options o = options_of("out");
    o.fuse = fuse;
    o.compact = compact;
    save_network(cfg, net);
    vd_export_result r = vd_export(o);
    ck_assert_msg(r.difference.relative < atol, "%g at layer %d", r.difference.relative, r.difference.layer);
    if (name) keep(name);
    expect_alike(net, atol);
    free_vd_export_result(r);
    free_options_of(o);
}

static void expect_cfg(const char *cfg, const char *name)
{
    network *net = random_network(cfg, 3);
    expect_exported(cfg, net, 1, 0, 1e-5, name);
    free_network(net);
}

/* ---- every layer ---- */

/* wider than high: on squares rows and columns could be exchanged */
#define WIDE "[net]\nbatch=1\nheight=8\nwidth=12\nchannels=4\n"
#define CONV "[convolutional]\nsize=1\nstride=1\nfilters=4\nactivation="

START_TEST(every_activation)
{
    static const char *const names[] = {"logistic", "relu",  "relie", "ramp",  "tanh",      "plse",
                                        "leaky",    "elu",   "loggy", "stair", "hardtan",   "lhtan",
                                        "selu",     "relu6", "swish", "mish",  "hard_mish", "gelu"};
    for (int i = 0; i < COUNT_OF(names); ++i) {
        /* numbers on both sides of every bend: from -13 to 13 */
        char *cfg =
            vd_format("[net]\nbatch=1\nheight=9\nwidth=9\nchannels=1\n[convolutional]\nfilters=3\nsize=1\nstride=1\n"
                      "activation=%s\n",
                      names[i]);
        network *net = random_network(cfg, 3);
        for (int f = 0; f < 3; ++f)
            net->layers[0].weights[f] = 3.f + 5.f * (float)f, net->layers[0].biases[f] = .1f * (float)f;
        expect_exported(cfg, net, 1, 0, 1e-5, names[i]);
        free_network(net);
        free(cfg);
    }
}
END_TEST

START_TEST(every_layer)
{
    static const struct {
        const char *name, *cfg;
    } nets[] = {
        {"groups", WIDE "[convolutional]\nsize=3\npad=1\ngroups=2\nfilters=6\nactivation=leaky\n"},
        {"windows",
         WIDE "[convolutional]\nsize=3\npad=1\ndilation=2\nfilters=5\nstride_x=2\nstride_y=1\nactivation=relu\n"},
        {"strides", WIDE "[vd_convolutional]\nsize=1\nstride=2\nfilters=6\nactivation=leaky\n"
                         "[vd_convolutional]\nsize=1\npadding=1\ngroups=2\nfilters=4\nactivation=relu\n"},
        {"pools",
         WIDE "[maxpool]\nsize=2\nstride=1\n[maxpool]\nsize=3\nstride=2\n[maxpool]\nsize=2\nstride=2\npadding=0\n"},
        {"pool_down", WIDE "[maxpool]\nsize=3\nstride_x=1\nstride_y=2\n"},
        {"channels", WIDE "[maxpool]\nmaxpool_depth=1\nout_channels=2\n"},
        {"channels_of_a_row", WIDE "[connected]\noutput=6\nactivation=tanh\n[maxpool]\nmaxpool_depth=1\n"
                                   "out_channels=3\n[convolutional]\nfilters=2\nsize=1\nactivation=leaky\n"},
        {"means", WIDE "[local_avgpool]\nsize=3\nstride=2\n[avgpool]\n[connected]\noutput=3\nactivation=tanh\n"},
        {"upsample", WIDE CONV "linear\n[upsample]\nstride=2\nscale=.5\n[upsample]\nstride=-2\nscale=.25\n"},
        {"reorg", WIDE "[reorg]\nstride=2\n[reorg]\nstride=2\nreverse=1\n[reorg3d]\nstride=4\n"},
        {"joined", WIDE CONV "leaky\n" CONV "relu\n[route]\nlayers=0,-1\ngroups=2\ngroup_id=1\n[route]\nlayers=-1,1\n"},
        {"sizes", WIDE "[maxpool]\nsize=2\nstride=2\n" CONV "relu\n[maxpool]\nsize=2\nstride=2\n[route]\nlayers=-1,0\n"
                       "[connected]\noutput=3\nactivation=linear\n"},
        {"sum", WIDE CONV "leaky\n" CONV "tanh\n[shortcut]\nfrom=0\nalpha=.5\nbeta=-2\nactivation=leaky\n"},
        {"less", WIDE CONV "tanh\n[convolutional]\nsize=1\nstride=1\nfilters=7\nactivation=tanh\n"
                           "[shortcut]\nfrom=0\nalpha=.5\nbeta=-2\nactivation=leaky\n"},
        {"more",
         WIDE "[convolutional]\nsize=1\nstride=1\nfilters=7\nactivation=tanh\n" CONV "tanh\n[shortcut]\nfrom=0\n"},
        {"larger", WIDE CONV "tanh\n[convolutional]\nsize=3\npad=1\nstride=2\nfilters=6\nactivation=tanh\n"
                             "[shortcut]\nfrom=0\nalpha=.5\nbeta=-2\nactivation=leaky\n"},
        {"several", WIDE CONV "leaky\n" CONV "tanh\n" CONV "tanh\n[shortcut]\nfrom=0,1\nactivation=swish\n"},
        {"weighted", WIDE CONV "leaky\n" CONV "tanh\n" CONV "tanh\n[shortcut]\nfrom=0,1\nweights_type=per_channel\n"
                               "weights_normalization=softmax\n[shortcut]\nfrom=0\nweights_type=per_feature\n"},
        {"squeeze", WIDE CONV "leaky\n[avgpool]\n" CONV "logistic\n[scale_channels]\nfrom=0\nactivation=relu\n" CONV
                              "logistic\n[sam]\nfrom=-2\n"},
        {"softmax", WIDE CONV "tanh\n[softmax]\ngroups=4\ntemperature=2\n"},
        {"units",
         "[net]\nbatch=1\ninputs=12\n[connected]\noutput=9\nactivation=relu\n[dropout]\n[connected]\noutput=4\n"
         "activation=linear\n[shortcut]\nfrom=0\n[logistic]\n"},
        {"normal",
         WIDE "[convolutional]\nsize=3\nfilters=5\nbatch_normalize=1\nactivation=mish\n[connected]\noutput=3\n"
              "batch_normalize=1\nactivation=logistic\n[softmax]\n[cost]\n"},
        {"alone",
         WIDE "[batchnorm]\n" CONV "leaky\n[batchnorm]\n[connected]\noutput=3\nactivation=linear\n[batchnorm]\n"},
        {"alone_later",
         "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=4\nbn_eps=alexeyab\n[batchnorm]\n" CONV "leaky\n[batchnorm]\n"},
    };
    for (int i = 0; i < COUNT_OF(nets); ++i) {
        fprintf(stderr, "%s\n", nets[i].name);
        expect_cfg(nets[i].cfg, nets[i].name);
    }
}
END_TEST

/* ---- detectors ---- */

#define MAP "[convolutional]\nsize=1\nstride=1\nactivation=linear\nfilters="

START_TEST(every_head)
{
    static const struct {
        const char *name, *cfg;
    } nets[] = {
        {"yolo", WIDE MAP "14\n[yolo]\nclasses=2\nnum=3\nmask=2,0\nanchors=2,3,4,5,1,1\n"},
        {"yolos",
         WIDE MAP "7\n[yolo]\nclasses=2\nnum=3\nmask=1\nanchors=2,3,4,5,1,1\nscale_x_y=1.2\n[route]\nlayers=0\n"
                  "[maxpool]\nsize=2\nstride=2\n" MAP "14\n[yolo]\nclasses=2\nnum=3\nmask=0,2\nanchors=2,3,4,5,1,1\n"},
        {"new_coords", WIDE "[convolutional]\nsize=1\nstride=1\nfilters=14\nactivation=logistic\n"
                            "[yolo]\nclasses=2\nnum=3\nmask=2,0\nanchors=2,3,4,5,1,1\nnew_coords=1\nscale_x_y=2\n"},
        {"region", WIDE MAP "16\n[region]\nclasses=3\nnum=2\ncoords=4\nsoftmax=1\nanchors=1,2,.5,3\n"},
        {"region_logistic", WIDE MAP "16\n[region]\nclasses=3\nnum=2\ncoords=4\nanchors=1,2,.5,3\n"},
        {"region_background",
         WIDE MAP "16\n[region]\nclasses=3\nnum=2\ncoords=4\nsoftmax=1\nbackground=1\nanchors=1,2,.5,3\n"},
    };
    for (int i = 0; i < COUNT_OF(nets); ++i) {
        fprintf(stderr, "%s\n", nets[i].name);
        expect_cfg(nets[i].cfg, nets[i].name);
    }
}
END_TEST

/* sure of most boxes: behind the four of its place, each has its objectness and two classes */
static void make_sure(layer l)
{
    for (int f = 0; f < l.n; ++f)
        if (f % 7 > 3) l.biases[f] += 2;
}

START_TEST(a_detector_has_its_maps_and_one_list_of_boxes)
{
    static const char cfg[] =
        WIDE MAP "7\n[yolo]\nclasses=2\nnum=3\nmask=1\nanchors=2,3,1,1,4,4\n[route]\nlayers=0\n" MAP
                 "14\n[yolo]\nclasses=2\nnum=3\nmask=0,2\nanchors=2,3,1,1,4,4\n";
    static const char *const names[] = {"head0", "head1", "boxes", "scores", "selected"};
    network *net = random_network(cfg, 3);
    vd_export_options o = options_of("out");
    char *path = in_folder(folder, "out.onnx");
    o.nms = 1;
    make_sure(net->layers[0]);
    make_sure(net->layers[3]);
    save_network(cfg, net);
    free_vd_export_result(vd_export(o));
    vd_onnx_graph *g = vd_onnx_read(path);
    ck_assert_int_eq(g->outputs, 5);
    for (int i = 0; i < 5; ++i) ck_assert_str_eq(g->output[i].name, names[i]);
    ck_assert(g->output[1].dims[1] == 14 && g->output[1].dims[2] == 8 && g->output[1].dims[3] == 12);
    ck_assert(g->output[2].dims[1] == 3 * 8 * 12 && g->output[2].dims[2] == 4 && g->output[3].dims[2] == 2);
    ck_assert_str_eq(g->node[g->nodes - 1].type, "NonMaxSuppression");
    free_vd_onnx_graph(g);
    o.nms = 0;
    free_vd_export_result(vd_export(o));
    keep("crowded"); /* whose boxes readers suppress */
    free_options_of(o);
    free(path);
    free_network(net);
}
END_TEST

/* greedynms of later Darknets, too, looks at the distance of the middles */
START_TEST(other_suppressions_are_a_note)
{
    static const char *const kinds[] = {"", "nms_kind=greedynms\n", "nms_kind=diounms\n"};
    for (int i = 0; i < COUNT_OF(kinds); ++i) {
        char *cfg = vd_format(WIDE MAP "7\n[yolo]\nclasses=2\nnum=1\nanchors=2,3\n%s", kinds[i]);
        network *net = random_network(cfg, 3);
        vd_export_options o = options_of("out");
        save_network(cfg, net);
        for (o.nms = 0; o.nms < 2; ++o.nms) {
            vd_export_result r = vd_export(o);
            ck_assert_int_eq(r.note && strstr(r.note, "layer 1 [yolo]: nms_kind="), o.nms && i > 0);
            free_vd_export_result(r);
        }
        free_options_of(o);
        free_network(net);
        free(cfg);
    }
}
END_TEST

/* ---- random networks ---- */

enum { GROUPS = 8, IN_A_GROUP = 10 };

START_TEST(random_networks_answer_as_before)
{
    for (int k = 0; k < IN_A_GROUP; ++k) {
        int number = _i * IN_A_GROUP + k;
        char *cfg, *name = vd_format("random%d", number);
        network *net = draw_network(2000 + number, number % 2 ? DRAW_GROUPS | DRAW_ALL_ACTIVATIONS : DRAW_GROUPS, &cfg);
        write_in_folder("net.cfg", cfg);
        expect_exported(cfg, net, !(k & 2), k & 1, 2e-5, number < 40 ? name : 0);
        free_network(net);
        free(cfg), free(name);
    }
}
END_TEST

/* ---- the file ---- */

static const char tiny[] =
    "[net]\nbatch=1\nheight=2\nwidth=2\nchannels=1\n[vd_convolutional]\nfilters=1\nsize=1\nstride=1\n"
    "activation=leaky\n[connected]\noutput=2\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=10\n";

static network *tiny_network(void)
{
    network *net = random_network(tiny, 1);
    const float weights[8] = {1, -1, .5f, 0, 2, 3, -.25f, 4};
    net->layers[0].weights[0] = 2;
    net->layers[0].biases[0] = -1;
    memcpy(net->layers[1].weights, weights, sizeof(weights));
    net->layers[1].biases[0] = .5f;
    net->layers[1].biases[1] = 0;
    vd_layer_changed(net->layers[0]);
    save_network(tiny, net);
    return net;
}

/* made by another program: see the file. Its producer's version comes before it, the notes come behind it */
static const unsigned char golden[] = {
#include "golden_onnx.h"
};

START_TEST(a_tiny_network_is_this_file_to_the_byte)
{
    size_t n;
    network *net = tiny_network();
    vd_export_options o = options_of("out");
    free_vd_export_result(vd_export(o));
    char *path = in_folder(folder, "out.onnx"), *bytes = read_bytes(path, &n);
    char *producer = vd_format("\x08\x08\x12\x0a"
                               "darknet-vd\x1a%c%s",
                               (int)strlen(vd_version()), vd_version());
    size_t front = strlen(producer), notes = n - front - sizeof(golden);
    ck_assert(n > front + sizeof(golden) && !memcmp(bytes, producer, front));
    for (size_t i = 0; i < sizeof(golden); ++i)
        ck_assert_msg((unsigned char)bytes[front + i] == golden[i], "byte %zu: %02x, in the golden file %02x", i,
                      (unsigned char)bytes[front + i], golden[i]);
    ck_assert_uint_gt(notes, sizeof(tiny));
    vd_onnx_graph *g = vd_onnx_read(path);
    ck_assert(g->notes == 2 && !strcmp(g->note[0][0], "darknet_cfg") && !strcmp(g->note[0][1], tiny));
    ck_assert(!strcmp(g->note[1][0], "darknet_vd") && !strcmp(g->note[1][1], vd_version()));
    free_vd_onnx_graph(g);
    free_options_of(o);
    free_network(net);
    free(path), free(bytes), free(producer);
}
END_TEST

/* ---- other weights ---- */

static const char wide[] =
    "[net]\nbatch=1\nheight=6\nwidth=6\nchannels=2\n[vd_convolutional]\nfilters=8\nsize=3\nactivation=relu\n"
    "[vd_connected]\noutput=200\nactivation=relu\n[connected]\noutput=5\nactivation=linear\n[softmax]\n"
    "[vd_cost]\nsamples=10\n";

static network *sparse_network(void)
{
    network *net = random_network(wide, 5);
    layer l = net->layers[1];
    for (int k = 0; k < 200 * 128; ++k)
        if (k % 20) prune(l, k);
    vd_layer_changed(l);
    save_network(wide, net);
    return net;
}

static vd_export_result exported(vd_export_options o, long long *bytes)
{
    struct stat s;
    char *path = in_folder(folder, "out.onnx");
    vd_export_result r = vd_export(o);
    ck_assert_int_eq(stat(path, &s), 0);
    ck_assert_int_eq(s.st_size, r.file[1]);
    *bytes = r.file[1];
    free(path);
    return r;
}

START_TEST(halves_and_sparse_weights_are_smaller_files)
{
    long long dense, half, sparse;
    network *net = sparse_network();
    vd_export_options o = options_of("out");
    free_vd_export_result(exported(o, &dense));
    o.half = 1;
    free_vd_export_result(exported(o, &half));
    expect_alike(net, 2e-3);
    o.half = 0;
    o.sparse = 1;
    free_vd_export_result(exported(o, &sparse));
    expect_alike(net, 1e-5);
    ck_assert_msg(10 * half < 6 * dense, "%lld of %lld", half, dense);
    ck_assert_msg(4 * sparse < dense, "%lld of %lld", sparse, dense);
    free_options_of(o);
    free_network(net);
}
END_TEST

/* ---- the command ---- */

/* grey pictures and a data file whose train= lists them */
static char *write_data(int n, int w, int h, int white)
{
    char *list = vd_format("%s", ""), *path = in_folder(folder, "set.data"), *names = in_folder(folder, "train.list");
    unsigned char *pixels = malloc((size_t)w * h);
    for (int k = 0; k < n; ++k) {
        for (int i = 0; i < w * h; ++i) pixels[i] = (unsigned char)((37 * i * (k + 1) + i / 3) % 256 * white / 255);
        char *picture = vd_format("%s/p%d.png", folder, k), *longer = vd_format("%s%s\n", list, picture);
        vd_png_write(picture, w, h, 1, pixels);
        free(list), free(picture);
        list = longer;
    }
    char *data = vd_format("classes=5\ntrain=%s\n", names);
    write_text(names, list);
    write_text(path, data);
    free(pixels), free(list), free(names), free(data);
    return path;
}

static void expect_line(run_result r, const char *line)
{
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, line) != 0, "no \"%s\": %s", line, r.err);
    ck_assert_str_eq(r.out, "");
    ck_assert_int_eq(files_in(folder, "out"), 0);
    free_run(r);
}

static run_result export_as_onnx(const char *option, const char *value)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights"),
         *to = in_folder(folder, "out");
    run_result r =
        run((const char *const[]){"darknet", "vd", "export", path, weights, to, "-format", "onnx", option, value, 0});
    free(path), free(weights), free(to);
    return r;
}

static void expect_refused(const char *cfg, const char *line)
{
    network *net = random_network(cfg, 3);
    save_network(cfg, net);
    free_network(net);
    expect_line(export_as_onnx(0, 0), line);
}

static const vd_onnx_node *reader_of(const vd_onnx_graph *g, const char *name)
{
    for (int i = 0; i < g->nodes; ++i)
        if (!strcmp(g->node[i].input[0], name)) return g->node + i;
    return 0;
}

/* OpenCV 5.0.0 stops at other pools */
static void expect_pools_of_bytes(const vd_onnx_graph *g, int pools)
{
    for (int i = 0; i < g->nodes; ++i) {
        const vd_onnx_node *pool = g->node + i, *before = 0, *behind = 0;
        if (strcmp(pool->type, "MaxPool") != 0) continue;
        before = vd_onnx_maker_of(g, pool->input[0]), behind = reader_of(g, pool->output[0]);
        ck_assert(before && !strcmp(before->type, "DequantizeLinear"));
        ck_assert(behind && !strcmp(behind->type, "QuantizeLinear"));
        const vd_onnx_tensor *a = vd_onnx_find_tensor(g, before->input[1]),
                             *b = vd_onnx_find_tensor(g, behind->input[1]);
        ck_assert(a && b && a->real[0] == b->real[0]);
        --pools;
    }
    ck_assert_int_eq(pools, 0);
}

START_TEST(int8_weights_and_activations_have_ranges_of_the_pictures_given)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=1\n[convolutional]\nfilters=6\nsize=3\n"
                              "activation=relu\n[maxpool]\nsize=2\nstride=2\n[convolutional]\nfilters=4\nsize=1\n"
                              "activation=leaky\n[maxpool]\nsize=2\nstride=1\n[connected]\noutput=5\n"
                              "activation=linear\n[softmax]\n";
    network *net = random_network(cfg, 6);
    char *data = write_data(9, 8, 8, 255), *path = in_folder(folder, "out.onnx");
    save_network(cfg, net);
    run_result r = export_as_onnx("-int8", data);
    ck_assert_msg(r.status == 0, "%s", r.err);
    vd_onnx_graph *g = vd_onnx_read(path);
    const vd_onnx_tensor *w = vd_onnx_find_tensor(g, "convolutional_0/weights");
    const vd_onnx_tensor *b = vd_onnx_find_tensor(g, "convolutional_0/biases");
    const vd_onnx_tensor *s = vd_onnx_find_tensor(g, "convolutional_0/weights/scale");
    const vd_onnx_tensor *x = vd_onnx_find_tensor(g, "input/scale"),
                         *t = vd_onnx_find_tensor(g, "convolutional_0/biases/scale");
    ck_assert(w && w->type == VD_ONNX_INT8 && b && b->type == VD_ONNX_INT32 && s && s->n == 6 && x && t);
    for (int f = 0; f < 6; ++f) {
        float largest = 0;
        for (int k = 0; k < 9; ++k) largest = fmaxf(largest, fabsf(net->layers[0].weights[9 * f + k]));
        ck_assert(close_to(s->real[f], largest / 127, 1e-6, 0));
        ck_assert(close_to(t->real[f], s->real[f] * x->real[0], 1e-6, 0));
        for (int k = 0; k < 9; ++k)
            ck_assert(fabs(w->integer[9 * f + k] * (double)s->real[f] - net->layers[0].weights[9 * f + k]) <=
                      .501 * s->real[f]);
        ck_assert(fabs(b->integer[f] * (double)t->real[f] - net->layers[0].biases[f]) <= t->real[f]);
    }
    ck_assert(close_to(x->real[0], 1 / 255., 1e-2, 0)); /* from black to white */
    expect_pools_of_bytes(g, 2);
    expect_alike(net, .1);
    free_vd_onnx_graph(g);
    free_network(net);
    free_run(r);
    free(data), free(path);
}
END_TEST

/* factors that cannot go into the weights in front stay in the graph, where products read what they give */
START_TEST(int8_takes_layers_with_a_factor)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=1\n[convolutional]\nfilters=6\nsize=3\n"
                              "activation=elu\n[upsample]\nscale=.5\n[convolutional]\nfilters=4\nactivation=elu\n"
                              "[softmax]\ntemperature=2\n[connected]\noutput=5\nactivation=linear\n";
    network *net = random_network(cfg, 4);
    char *data = write_data(9, 8, 8, 255);
    save_network(cfg, net);
    run_result r = export_as_onnx("-int8", data);
    ck_assert_msg(r.status == 0, "%s", r.err);
    expect_alike(net, .1);
    free_network(net);
    free_run(r);
    free(data);
}
END_TEST

/* as those of a dark set are: random numbers from 0 to 1 are four times as large */
START_TEST(int8_is_checked_on_pictures_of_its_ranges)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=1\n[connected]\noutput=5\n"
                              "activation=linear\n";
    network *net = random_network(cfg, 4);
    char *data = write_data(20, 8, 8, 60);
    save_network(cfg, net);
    run_result r = export_as_onnx("-int8", data);
    ck_assert_msg(r.status == 0 && strstr(r.out, "largest difference on 16 pictures: "), "%s%s", r.out, r.err);
    free_network(net);
    free_run(r);
    free(data);
}
END_TEST

/* what ONNX Runtime 1.30 says to a second one, with -int8: "two nodes with same node name";
 * findings/ort-relu-behind-relu.sh */
START_TEST(a_relu_behind_a_relu_is_no_node)
{
    static const char cfg[] = WIDE CONV "relu\n[activation]\nactivation=relu\n" CONV
                                        "leaky\n[activation]\nactivation=relu\n[activation]\nactivation=relu\n";
    network *net = random_network(cfg, 3);
    char *path = in_folder(folder, "out.onnx");
    int n = 0;
    save_network(cfg, net);
    free_run(export_as_onnx(0, 0));
    vd_onnx_graph *g = vd_onnx_read(path);
    for (int i = 0; i < g->nodes; ++i) n += !strcmp(g->node[i].type, "Relu");
    ck_assert_int_eq(n, 2);
    expect_alike(net, 1e-6);
    free_vd_onnx_graph(g);
    free_network(net);
    free(path);
}
END_TEST

START_TEST(what_onnx_cannot_say_is_a_line)
{
    expect_refused(WIDE "[local]\nfilters=2\nsize=3\nstride=1\nactivation=relu\n",
                   "net.cfg: layer 0 [local]: not exported to ONNX: ONNX has no operator for this section");
    expect_refused(WIDE "[normalization]\n", "layer 0 [normalization]: not exported to ONNX");
    expect_refused(WIDE "[gru]\noutput=4\n", "layer 0 [gru]: not exported");
    expect_refused(WIDE "[convolutional]\nsize=1\nstride=2\nfilters=2\nactivation=relu\n",
                   "stock Darknet reads its input in another order");
    expect_refused(WIDE "[maxpool]\nsize=1\nstride=1\npadding=2\n", "some of its windows are wholly outside the map");
    expect_refused(WIDE CONV "tanh\n[maxpool]\nmaxpool_depth=1\nout_channels=3\n",
                   "layer 1 [maxpool]: not exported to ONNX: out_channels does not divide its channels");
    expect_refused(WIDE "[maxpool]\nsize=2\nstride=2\n[upsample]\nstride=2\n[shortcut]\nfrom=0\n",
                   "layer 2 [shortcut]: not exported to ONNX: it adds a map that is smaller");
    expect_refused(WIDE "[reorg]\nstride=2\nflatten=1\n", "layer 0 [reorg]: not exported to ONNX");
}
END_TEST

START_TEST(options_that_do_not_fit_are_a_line)
{
    free_network(tiny_network());
    expect_line(export_as_onnx("-nms", 0), "net.cfg: -nms: there is no [yolo] or [region]");
    expect_line(export_as_onnx("-fp16", "-sparse"), "one of -fp16, -sparse and -int8, not more");
    expect_line(export_as_onnx("-int8", 0), "-int8 needs a value");
    expect_line(export_as_onnx("-values", "8"), "-values is of -format c");
    expect_line(export_as_onnx("-int8", "absent.data"), "absent.data");
}
END_TEST

START_TEST(the_command_writes_one_file_and_says_how_close_it_is)
{
    free_network(tiny_network());
    run_result r = export_as_onnx("-compact", 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "out.onnx: "));
    ck_assert_ptr_nonnull(strstr(r.out, "largest difference on 8 random inputs: "));
    ck_assert_int_eq(files_in(folder, "out"), 1);
    free_run(r);
}
END_TEST

SUITE_OF(onnx)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(every_activation);
    TEST(every_layer);
    TEST(every_head);
    TEST(a_detector_has_its_maps_and_one_list_of_boxes);
    TEST(other_suppressions_are_a_note);
    LOOP(random_networks_answer_as_before, GROUPS);
    TEST(a_tiny_network_is_this_file_to_the_byte);
    TEST(halves_and_sparse_weights_are_smaller_files);
    TEST(int8_weights_and_activations_have_ranges_of_the_pictures_given);
    TEST(int8_takes_layers_with_a_factor);
    TEST(int8_is_checked_on_pictures_of_its_ranges);
    TEST(a_relu_behind_a_relu_is_no_node);
    TEST(what_onnx_cannot_say_is_a_line);
    TEST(options_that_do_not_fit_are_a_line);
    TEST(the_command_writes_one_file_and_says_how_close_it_is);
}
