/* The nodes of a graph, one after the other, as sections of a cfg. A node becomes a section of its own, or a key and
 * numbers of the section before: a bias, batch normalisation, an activation. */
#include "import/import.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURE = -1 }; /* the layer that the input comes from */

/* where a tensor comes from, and its shape without the batch; flat: numbers in a row */
typedef struct {
    const char *tensor;
    int layer, c, h, w, flat;
} place;

typedef struct {
    const vd_onnx_graph *g;
    const char *path;
    const vd_onnx_node *node; /* that is translated */
    vd_import_network net;
    int n_places;
    place *places;
    int n_constants; /* of nodes: [n_constants] */
    const vd_onnx_node **constants;
} importing;

__attribute__((format(printf, 2, 3), noreturn)) static void refuse(const importing *im, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *why = vd_vformat(fmt, args);
    va_end(args);
    if (im->node) vd_die("%s: node %s (%s): %s", im->path, im->node->name, im->node->type, why);
    vd_die("%s: %s", im->path, why);
}

/* ---- the graph ---- */

static int is_one_of(const char *type, const char *const *list)
{
    for (; *list; ++list)
        if (!strcmp(type, *list)) return 1;
    return 0;
}

/* what leaves numbers and their order as they are */
static int passes_on(const vd_onnx_node *node)
{
    static const char *const types[] = {"Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Cast", 0};
    return is_one_of(node->type, types);
}

static const vd_onnx_node *maker_of(const importing *im, const char *tensor)
{
    for (int i = 0; i < im->g->nodes; ++i)
        if (!strcmp(im->g->node[i].output[0], tensor)) return im->g->node + i;
    return 0;
}

/* the tensor whose numbers this one has */
static const char *root_of(const importing *im, const char *tensor)
{
    for (int i = im->g->nodes; i--;) { /* nodes come behind what they read: one pass from the last is enough */
        const vd_onnx_node *node = im->g->node + i;
        if (!strcmp(node->output[0], tensor) && passes_on(node) && node->inputs) tensor = node->input[0];
    }
    return tensor;
}

/* how many nodes read the numbers of a tensor, the graph's output being one */
static int reads_of(const importing *im, const char *tensor)
{
    const char *root = root_of(im, tensor);
    int n = 0;
    for (int i = 0; i < im->g->nodes; ++i)
        for (int k = 0; k < im->g->node[i].inputs && !passes_on(im->g->node + i); ++k)
            n += !strcmp(root_of(im, im->g->node[i].input[k]), root);
    for (int i = 0; i < im->g->outputs; ++i) n += !strcmp(root_of(im, im->g->output[i].name), root);
    return n;
}

/* the one node that reads a tensor; null: none, or several */
static const vd_onnx_node *reader_of(const importing *im, const char *tensor)
{
    const vd_onnx_node *found = 0;
    if (reads_of(im, tensor) != 1) return 0;
    for (int i = 0; i < im->g->nodes; ++i)
        for (int k = 0; k < im->g->node[i].inputs; ++k)
            if (!strcmp(im->g->node[i].input[k], tensor)) found = im->g->node + i;
    return found;
}

/* a constant: an initializer, or the value of a Constant; null: it is none */
static const vd_onnx_tensor *constant_of(const importing *im, const char *name)
{
    for (int i = 0; i < im->n_constants; ++i)
        if (!strcmp(im->constants[i]->output[0], name))
            return &vd_onnx_find_attribute(im->constants[i], "value")->tensor;
    return vd_onnx_find_tensor(im->g, name);
}

static const vd_onnx_tensor *constant_input(const importing *im, int i, int real)
{
    const vd_onnx_tensor *t = i < im->node->inputs ? constant_of(im, im->node->input[i]) : 0;
    if (!t) refuse(im, "input %d: a constant is expected", i);
    if (real ? !t->real : !t->integer) refuse(im, "input %d: %s are expected", i, real ? "floats" : "integers");
    return t;
}

static place *find_place(const importing *im, const char *tensor)
{
    for (int i = im->n_places; i--;)
        if (!strcmp(im->places[i].tensor, tensor)) return im->places + i;
    return 0;
}

static place input_of(const importing *im, int i)
{
    const place *p = i < im->node->inputs ? find_place(im, im->node->input[i]) : 0;
    if (!p) refuse(im, "input %d: the output of a layer is expected", i);
    return *p;
}

static int numbers_in(place p)
{
    return p.c * p.h * p.w;
}

static void set_place(importing *im, place p)
{
    enum { MOST = 1 << 26 };
    if ((double)p.c * p.h * p.w > MOST) refuse(im, "an output of %dx%dx%d is too large", p.c, p.h, p.w);
    im->places = vd_realloc(im->places, (im->n_places + 1) * sizeof(*im->places));
    p.tensor = im->node ? im->node->output[0] : p.tensor;
    im->places[im->n_places++] = p;
}

static int64_t limited(const importing *im, const char *name, int64_t x, int64_t low, int64_t high)
{
    if (x < low || x > high)
        refuse(im, "%s=%lld: from %lld to %lld is expected", name, (long long)x, (long long)low, (long long)high);
    return x;
}

/* a list of n numbers of an attribute */
static void list_of(const importing *im, const char *name, int n, int64_t otherwise, int64_t *x)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(im->node, name);
    if (a && (a->kind != VD_ONNX_INTEGERS || a->n != n)) refuse(im, "%s: %d integers are expected", name, n);
    for (int i = 0; i < n; ++i) x[i] = a ? limited(im, name, a->integers[i], 0, 1 << 16) : otherwise;
}

/* ---- sections ---- */

static vd_import_layer *add_layer(importing *im, const char *section, char *keys)
{
    vd_import_network *net = &im->net;
    net->layers = vd_realloc(net->layers, (net->n + 1) * sizeof(*net->layers));
    vd_import_layer *l = net->layers + net->n++;
    *l = (vd_import_layer){.section = section, .keys = keys};
    return l;
}

static int last_layer(const importing *im)
{
    return im->net.n - 1;
}

/* the next section is to read this: a [route] where another one comes before */
static void read_place(importing *im, place p)
{
    if (p.layer == last_layer(im)) return;
    if (p.layer == PICTURE) refuse(im, "it reads the input, which only the first layer can");
    add_layer(im, "route", vd_format("layers=%d\n", p.layer));
}

/* the section before, where this tensor is its output alone and nothing came behind the sum; else null */
static vd_import_layer *open_layer(const importing *im, place p, int reads)
{
    vd_import_layer *l = p.layer == last_layer(im) && p.layer != PICTURE ? im->net.layers + p.layer : 0;
    if (!l || !l->activation || strcmp(l->activation, "linear")) return 0;
    return reads_of(im, p.tensor) == reads ? l : 0;
}

static float *copy_of(const float *x, size_t n)
{
    float *copy = vd_calloc(n, sizeof(*x));
    memcpy(copy, x, n * sizeof(*x));
    return copy;
}

static void add_weights(vd_import_layer *l, int filters, size_t columns)
{
    l->filters = filters;
    l->columns = columns;
    l->weights = vd_calloc((size_t)filters * columns, sizeof(float));
    l->biases = vd_calloc(filters, sizeof(float));
    l->activation = "linear";
}

static void set_biases(const importing *im, vd_import_layer *l, int input)
{
    if (input >= im->node->inputs || !*im->node->input[input]) return;
    const vd_onnx_tensor *b = constant_input(im, input, 1);
    if (b->n != (size_t)l->filters && b->n != 1) refuse(im, "%zu biases for %d filters", b->n, l->filters);
    for (int f = 0; f < l->filters; ++f) l->biases[f] = b->real[b->n == 1 ? 0 : f];
}

/* ---- products ---- */

typedef struct {
    int64_t size[2], stride[2], pad[4], gap[2];
} window;

/* auto_pad=SAME as pads: as much on both sides, the odd one behind (SAME_UPPER) or in front */
static void pad_same(window *v, place x, int upper)
{
    int n[2] = {x.h, x.w};
    for (int k = 0; k < 2; ++k) {
        int64_t out = (n[k] + v->stride[k] - 1) / v->stride[k];
        int64_t all = (out - 1) * v->stride[k] + (v->size[k] - 1) * v->gap[k] + 1 - n[k];
        if (all < 0) all = 0;
        v->pad[k] = upper ? all / 2 : all - all / 2;
        v->pad[k + 2] = all - v->pad[k];
    }
}

static window window_of(const importing *im, place x, const int64_t *size)
{
    window v;
    const char *same = vd_onnx_text_of(im->node, "auto_pad", "NOTSET");
    memcpy(v.size, size, sizeof(v.size));
    list_of(im, "strides", 2, 1, v.stride);
    list_of(im, "dilations", 2, 1, v.gap);
    list_of(im, "pads", 4, 0, v.pad);
    if (x.flat) refuse(im, "a map is expected: its input is a row of numbers");
    for (int k = 0; k < 2; ++k)
        if (v.size[k] < 1 || v.stride[k] < 1 || v.gap[k] < 1) refuse(im, "a window without a size, stride or dilation");
    if (v.size[0] != v.size[1])
        refuse(im, "a window of %lldx%lld: a square is expected", (long long)v.size[0], (long long)v.size[1]);
    if (!strncmp(same, "SAME", 4)) pad_same(&v, x, !strcmp(same, "SAME_UPPER"));
    return v;
}

/* numbers of the output along an axis of n */
static int64_t out_of(int64_t n, int64_t pad, int64_t reach, int64_t stride, int round_up)
{
    return n + pad < reach ? 0 : (n + pad - reach + (round_up ? stride - 1 : 0)) / stride + 1;
}

static char *stride_keys(const window *v)
{
    if (v->stride[0] == v->stride[1]) return vd_format("stride=%lld\n", (long long)v->stride[0]);
    return vd_format("stride_x=%lld\nstride_y=%lld\n", (long long)v->stride[1], (long long)v->stride[0]);
}

/* stock Darknet reads the input of a 1x1 convolution with a stride in another order: every stride-th pixel goes before
 */
static place thinned(importing *im, place x, window *v)
{
    if (v->size[0] != 1 || (v->stride[0] == 1 && v->stride[1] == 1)) return x;
    char *stride = stride_keys(v);
    read_place(im, x);
    add_layer(im, "maxpool", vd_format("size=1\n%spadding=0\n", stride));
    free(stride);
    x.layer = last_layer(im);
    x.h = (int)out_of(x.h, 0, 1, v->stride[0], 0);
    x.w = (int)out_of(x.w, 0, 1, v->stride[1], 0);
    v->stride[0] = v->stride[1] = 1;
    return x;
}

static void convolution(importing *im)
{
    place x = input_of(im, 0);
    const vd_onnx_tensor *w = constant_input(im, 1, 1);
    int64_t groups = vd_onnx_integer_of(im->node, "group", 1);
    if (w->rank != 4 || groups < 1 || groups > w->dims[0] || w->dims[0] % groups || w->dims[1] * groups != x.c)
        refuse(im, "weights that do not fit %d channels", x.c);
    window v = window_of(im, x, w->dims + 2);
    int64_t pad = v.pad[0], reach = (v.size[0] - 1) * v.gap[0] + 1;
    if (v.pad[1] != pad || v.pad[2] != pad || v.pad[3] != pad) refuse(im, "pads that are not the same on all sides");
    if (v.gap[0] != v.gap[1] || pad % v.gap[0])
        refuse(im, "dilations that Darknet has not: one, which divides the pads");
    if (v.size[0] == 1 && pad) refuse(im, "a 1x1 window with pads");
    x = thinned(im, x, &v);
    int64_t h = out_of(x.h, 2 * pad, reach, v.stride[0], 0), width = out_of(x.w, 2 * pad, reach, v.stride[1], 0);
    if (h < 1 || width < 1 || w->n == 0) refuse(im, "a window that does not fit");
    read_place(im, x);
    char *stride = stride_keys(&v),
         *more = groups > 1 ? vd_format("groups=%lld\n", (long long)groups) : vd_format("%s", "");
    char *gap = v.gap[0] > 1 ? vd_format("dilation=%lld\n", (long long)v.gap[0]) : vd_format("%s", "");
    vd_import_layer *l = add_layer(im, "convolutional",
                                   vd_format("filters=%lld\nsize=%lld\n%spadding=%lld\n%s%s", (long long)w->dims[0],
                                             (long long)v.size[0], stride, (long long)(pad / v.gap[0]), more, gap));
    add_weights(l, (int)w->dims[0], w->n / (size_t)w->dims[0]);
    memcpy(l->weights, w->real, w->n * sizeof(float));
    set_biases(im, l, 2);
    set_place(im, (place){0, last_layer(im), l->filters, (int)h, (int)width, 0});
    free(stride), free(more), free(gap);
}

/* w [in][out], or transposed [out][in] */
static void matrix(importing *im, const vd_onnx_tensor *w, int transposed)
{
    place x = input_of(im, 0);
    if (w->rank != 2 || !w->n || w->dims[transposed] != numbers_in(x))
        refuse(im, "a matrix that does not fit %d numbers", numbers_in(x));
    int64_t in = w->dims[transposed], out = w->dims[!transposed];
    if (!x.flat && x.h * x.w > 1) refuse(im, "a row of numbers is expected: its input is a map");
    read_place(im, x);
    vd_import_layer *l = add_layer(im, "connected", vd_format("output=%lld\n", (long long)out));
    add_weights(l, (int)out, (size_t)in);
    for (int64_t f = 0; f < out; ++f)
        for (int64_t k = 0; k < in; ++k) l->weights[f * in + k] = w->real[transposed ? f * in + k : k * out + f];
    set_place(im, (place){0, last_layer(im), (int)out, 1, 1, 1});
}

static void gemm(importing *im)
{
    if (vd_onnx_integer_of(im->node, "transA", 0)) refuse(im, "transA=1");
    if (vd_onnx_real_of(im->node, "alpha", 1) != 1 || vd_onnx_real_of(im->node, "beta", 1) != 1)
        refuse(im, "alpha and beta: 1 is expected");
    matrix(im, constant_input(im, 1, 1), vd_onnx_integer_of(im->node, "transB", 0) != 0);
    set_biases(im, im->net.layers + last_layer(im), 2);
}

static void mat_mul(importing *im)
{
    matrix(im, constant_input(im, 1, 1), 0);
}

/* ---- behind a product ---- */

/* numbers of one channel each: a 1x1 convolution in groups of one, all weights 1 */
static vd_import_layer *each_channel(importing *im, place x)
{
    read_place(im, x);
    vd_import_layer *l =
        add_layer(im, "convolutional", vd_format("filters=%d\nsize=1\nstride=1\npadding=0\ngroups=%d\n", x.c, x.c));
    add_weights(l, x.c, 1);
    for (int c = 0; c < x.c; ++c) l->weights[c] = 1;
    return l;
}

/* a product with this output alone, whose sum can take more; else a new one */
static vd_import_layer *product_before(importing *im, place x)
{
    vd_import_layer *l = open_layer(im, x, 1);
    if (l && l->filters && !l->scales) return l;
    if (x.flat) refuse(im, "it is not behind a Conv, Gemm or MatMul of its own");
    return each_channel(im, x);
}

/* Darknet divides by sqrt(variance) + 1e-6, ONNX by sqrt(variance + epsilon); the product's biases go into the mean */
static void batch_norm(importing *im)
{
    place x = input_of(im, 0);
    const vd_onnx_tensor *p[4];
    double epsilon = vd_onnx_real_of(im->node, "epsilon", 1e-5f);
    for (int i = 0; i < 4; ++i) {
        p[i] = constant_input(im, i + 1, 1);
        if (p[i]->n != (size_t)x.c) refuse(im, "input %d has %zu numbers for %d channels", i + 1, p[i]->n, x.c);
    }
    vd_import_layer *l = product_before(im, x);
    l->scales = copy_of(p[0]->real, x.c);
    l->mean = copy_of(p[2]->real, x.c);
    l->variance = copy_of(p[3]->real, x.c);
    for (int c = 0; c < x.c; ++c) {
        double root = sqrt(l->variance[c] + epsilon) - 1e-6;
        if (!(root > 0)) refuse(im, "a variance of %g", l->variance[c]);
        l->variance[c] = (float)(root * root);
        l->mean[c] -= l->biases[c];
        l->biases[c] = p[1]->real[c];
    }
    x.layer = last_layer(im);
    set_place(im, x);
}

static void activate(importing *im, place x, const char *activation, int reads)
{
    vd_import_layer *l = open_layer(im, x, reads);
    if (!l) {
        read_place(im, x);
        l = add_layer(im, "activation", vd_format("%s", ""));
    }
    l->activation = activation;
    x.layer = last_layer(im);
    set_place(im, x);
}

/* the Mul whose gate this node is, or is on the way to: x s(x), x tanh(softplus(x)) */
static int is_gate(const importing *im, const vd_onnx_node *node)
{
    if (!node->inputs) return 0;
    const vd_onnx_node *next = reader_of(im, node->output[0]);
    const char *x = root_of(im, node->input[0]);
    if (next && !strcmp(node->type, "Softplus") && !strcmp(next->type, "Tanh")) next = reader_of(im, next->output[0]);
    else if (next && !strcmp(node->type, "Tanh")) {
        const vd_onnx_node *soft = maker_of(im, node->input[0]);
        if (!soft || strcmp(soft->type, "Softplus") || !soft->inputs) return 0;
        x = root_of(im, soft->input[0]);
    } else if (strcmp(node->type, "Sigmoid")) return 0;
    if (!next || strcmp(next->type, "Mul") || next->inputs != 2) return 0;
    return !strcmp(root_of(im, next->input[0]), x) || !strcmp(root_of(im, next->input[1]), x);
}

/* the bounds of a Clip: inputs, or attributes before opset 11 */
static const char *clip_of(const importing *im)
{
    double bound[2] = {vd_onnx_real_of(im->node, "min", -INFINITY), vd_onnx_real_of(im->node, "max", INFINITY)};
    for (int i = 0; i < 2; ++i)
        if (i + 1 < im->node->inputs && *im->node->input[i + 1]) {
            const vd_onnx_tensor *t = constant_input(im, i + 1, 1);
            if (t->n != 1) refuse(im, "one number is expected for a bound");
            bound[i] = t->real[0];
        }
    if (bound[0] == 0 && bound[1] == 6) return "relu6";
    if (bound[0] == -1 && bound[1] == 1) return "hardtan";
    if (bound[0] == 0 && bound[1] == INFINITY) return "relu";
    refuse(im, "from %g to %g: 0 to 6 and -1 to 1 are expected", bound[0], bound[1]);
}

static int is_near(double a, double b)
{
    return fabs(a - b) < 1e-3 * fabs(b);
}

/* Darknet's name of an activation */
static const char *activation_of(const importing *im)
{
    const vd_onnx_node *node = im->node;
    if (!strcmp(node->type, "LeakyRelu")) {
        double alpha = vd_onnx_real_of(node, "alpha", .01f);
        if (is_near(alpha, .1)) return "leaky";
        if (is_near(alpha, .01)) return "relie";
        refuse(im, "alpha=%g: Darknet has .1 and .01", alpha);
    }
    if (!strcmp(node->type, "Elu")) {
        if (vd_onnx_real_of(node, "alpha", 1) == 1) return "elu";
        refuse(im, "alpha=%g: 1 is expected", vd_onnx_real_of(node, "alpha", 1));
    }
    if (!strcmp(node->type, "Selu")) {
        double alpha = vd_onnx_real_of(node, "alpha", 1.67326f), gamma = vd_onnx_real_of(node, "gamma", 1.0507f);
        if (is_near(alpha, 1.6732) && is_near(gamma, 1.0507)) return "selu";
        refuse(im, "alpha=%g gamma=%g: Darknet has 1.6732 and 1.0507", alpha, gamma);
    }
    if (!strcmp(node->type, "Clip")) return clip_of(im);
    if (!strcmp(node->type, "Relu")) return "relu";
    if (!strcmp(node->type, "Sigmoid")) return "logistic";
    if (!strcmp(node->type, "Mish")) return "mish";
    if (!strcmp(node->type, "Tanh")) return "tanh";
    return 0;
}

static void activation(importing *im)
{
    if (is_gate(im, im->node)) return; /* its Mul is translated */
    const char *name = activation_of(im);
    if (!name) refuse(im, "Darknet has no such activation");
    activate(im, input_of(im, 0), name, 1);
}

/* ---- two tensors ---- */

/* which input, 0 or 1, is the activation's own argument and the other its gate; -1: neither */
static int gated_input(const importing *im, const char **name)
{
    for (int k = 0; k < 2; ++k) {
        const vd_onnx_node *gate = maker_of(im, im->node->input[!k]);
        const char *x = root_of(im, im->node->input[k]);
        if (!gate || !is_gate(im, gate)) continue;
        if (!strcmp(gate->type, "Sigmoid") && !strcmp(root_of(im, gate->input[0]), x)) return *name = "swish", k;
        const vd_onnx_node *soft = maker_of(im, gate->input[0]);
        if (!strcmp(gate->type, "Tanh") && soft && !strcmp(root_of(im, soft->input[0]), x)) return *name = "mish", k;
    }
    return -1;
}

/* a product of two tensors: [sam], or [scale_channels] where one has a number for each channel */
static void scaled(importing *im)
{
    place a = input_of(im, 0), b = input_of(im, 1);
    int by_channel = numbers_in(a) != numbers_in(b);
    if (numbers_in(a) < numbers_in(b)) {
        place swap = a;
        a = b, b = swap;
    }
    if (a.flat || b.flat || a.c != b.c || (by_channel ? b.h * b.w != 1 : a.h != b.h || a.w != b.w))
        refuse(im, "a product of %dx%dx%d and %dx%dx%d", a.c, a.h, a.w, b.c, b.h, b.w);
    if (a.layer == PICTURE) refuse(im, "it reads the input, which only the first layer can");
    read_place(im, b);
    add_layer(im, by_channel ? "scale_channels" : "sam", vd_format("from=%d\n", a.layer))->activation = "linear";
    a.layer = last_layer(im);
    set_place(im, a);
}

static void multiply(importing *im)
{
    const char *name = 0;
    if (im->node->inputs != 2) refuse(im, "%d inputs: 2 are expected", im->node->inputs);
    int k = gated_input(im, &name);
    if (k >= 0) activate(im, input_of(im, k), name, 2);
    else scaled(im);
}

/* numbers added to each channel are biases; a tensor is a [shortcut] */
static void add(importing *im)
{
    if (im->node->inputs != 2) refuse(im, "%d inputs: 2 are expected", im->node->inputs);
    int k = constant_of(im, im->node->input[0]) ? 0 : 1;
    if (constant_of(im, im->node->input[k])) {
        place x = input_of(im, !k);
        const vd_onnx_tensor *c = constant_input(im, k, 1);
        int by_channel =
            c->n == (size_t)x.c && (x.flat || x.h * x.w == 1 || (c->rank >= 3 && c->dims[c->rank - 3] == x.c));
        if (c->n != 1 && !by_channel) refuse(im, "%zu numbers for %d channels", c->n, x.c);
        vd_import_layer *l = product_before(im, x);
        for (int i = 0; i < x.c; ++i) l->biases[i] += c->real[c->n == 1 ? 0 : i];
        x.layer = last_layer(im);
        set_place(im, x);
        return;
    }
    place a = input_of(im, 0), b = input_of(im, 1);
    if (a.c != b.c || a.h != b.h || a.w != b.w) refuse(im, "tensors of different shapes");
    if (b.layer == last_layer(im)) {
        place swap = a;
        a = b, b = swap;
    }
    if (b.layer == PICTURE) refuse(im, "it reads the input, which only the first layer can");
    read_place(im, a);
    add_layer(im, "shortcut", vd_format("from=%d\n", b.layer))->activation = "linear";
    a.layer = last_layer(im);
    set_place(im, a);
}

static void concat(importing *im)
{
    place x = input_of(im, 0);
    char *layers = vd_format("%s", "layers=");
    int64_t axis = vd_onnx_integer_of(im->node, "axis", 1);
    x.c = 0;
    if (axis != 1 && axis != (x.flat ? -1 : -3)) refuse(im, "axis=%lld: channels, 1, are expected", (long long)axis);
    for (int i = 0; i < im->node->inputs; ++i) {
        place p = input_of(im, i);
        if (p.layer == PICTURE) refuse(im, "it reads the input, which only the first layer can");
        if (p.flat != x.flat || p.h != x.h || p.w != x.w) refuse(im, "maps of different sizes");
        char *longer = vd_format("%s%s%d", layers, i ? "," : "", p.layer);
        free(layers);
        layers = longer;
        x.c += p.c;
    }
    add_layer(im, "route", vd_format("%s\n", layers));
    free(layers);
    x.layer = last_layer(im);
    set_place(im, x);
}

/* ---- maps ---- */

/* Darknet's padding is that of both borders together, half of it, rounded down, in front */
static int64_t padding_of(const importing *im, const window *v, place x, const int64_t *out)
{
    for (int64_t p = 2 * v->pad[0]; p <= 2 * v->pad[0] + 1; ++p)
        if (v->pad[1] == v->pad[0] && out_of(x.h, p, v->size[0], v->stride[0], 0) == out[0] &&
            out_of(x.w, p, v->size[1], v->stride[1], 0) == out[1])
            return p;
    refuse(im, "pads of %lld,%lld,%lld,%lld: as much on all sides, or one more behind, is expected",
           (long long)v->pad[0], (long long)v->pad[1], (long long)v->pad[2], (long long)v->pad[3]);
}

static void pool(importing *im)
{
    int is_mean = !strcmp(im->node->type, "AveragePool"), up = vd_onnx_integer_of(im->node, "ceil_mode", 0) != 0;
    place x = input_of(im, 0);
    int64_t size[2], out[2];
    list_of(im, "kernel_shape", 2, 0, size);
    if (is_mean && !x.flat && size[0] == x.h && size[1] == x.w && !vd_onnx_find_attribute(im->node, "pads")) {
        read_place(im, x);
        add_layer(im, "avgpool", vd_format("%s", ""));
        set_place(im, (place){0, last_layer(im), x.c, 1, 1, 0});
        return;
    }
    window v = window_of(im, x, size);
    int padded = v.pad[0] + v.pad[1] + v.pad[2] + v.pad[3] > 0;
    for (int k = 0; k < 2; ++k) out[k] = out_of(k ? x.w : x.h, v.pad[k] + v.pad[k + 2], size[k], v.stride[k], up);
    if (v.gap[0] != 1 || v.gap[1] != 1) refuse(im, "dilations of a pool");
    if (out[0] < 1 || out[1] < 1) refuse(im, "a window that does not fit");
    if (is_mean && padded && vd_onnx_integer_of(im->node, "count_include_pad", 0)) refuse(im, "count_include_pad=1");
    if (is_mean && up) refuse(im, "ceil_mode=1");
    char *stride = stride_keys(&v);
    int64_t padding = padding_of(im, &v, x, out);
    read_place(im, x);
    add_layer(im, is_mean ? "local_avgpool" : "maxpool",
              vd_format("size=%lld\n%spadding=%lld\n", (long long)size[0], stride, (long long)padding));
    set_place(im, (place){0, last_layer(im), x.c, (int)out[0], (int)out[1], 0});
    free(stride);
}

/* of all pixels; ReduceMean says so by its axes */
static void mean_of_maps(importing *im)
{
    place x = input_of(im, 0);
    if (x.flat) refuse(im, "a map is expected");
    if (!strcmp(im->node->type, "ReduceMean")) {
        int64_t axes[2];
        list_of(im, "axes", 2, 0, axes);
        if (axes[0] + axes[1] != 5 || axes[0] * axes[1] != 6) refuse(im, "axes: 2 and 3 are expected");
    }
    read_place(im, x);
    add_layer(im, "avgpool", vd_format("%s", ""));
    int flat = !strcmp(im->node->type, "ReduceMean") && !vd_onnx_integer_of(im->node, "keepdims", 1);
    set_place(im, (place){0, last_layer(im), x.c, 1, 1, flat});
}

/* how many times as many pixels along axis k; 0: not a whole number of them */
static int64_t times_of(const importing *im, place x, int k)
{
    const vd_onnx_node *node = im->node;
    int by_size = node->inputs > 3 && *node->input[3], n = k == 2 ? x.h : x.w;
    if (by_size) {
        const vd_onnx_tensor *t = constant_input(im, 3, 0);
        return t->n == 4 && t->integer[k] % n == 0 ? t->integer[k] / n : 0;
    }
    const vd_onnx_tensor *t = constant_input(im, node->inputs > 2 ? 2 : 1, 1);
    float s = t->n == 4 ? t->real[k] : 0;
    return s >= 1 && s <= 1024 && s == floorf(s) ? (int64_t)s : 0;
}

static void resize(importing *im)
{
    place x = input_of(im, 0);
    const char *pixel = vd_onnx_text_of(im->node, "coordinate_transformation_mode", "half_pixel");
    int is_old = !strcmp(im->node->type, "Upsample");
    if (x.flat) refuse(im, "a map is expected");
    if (strcmp(vd_onnx_text_of(im->node, "mode", "nearest"), "nearest")) refuse(im, "mode: nearest is expected");
    if (!is_old && strcmp(pixel, "asymmetric")) refuse(im, "%s: asymmetric is expected", pixel);
    if (!is_old && strcmp(vd_onnx_text_of(im->node, "nearest_mode", "round_prefer_floor"), "floor"))
        refuse(im, "nearest_mode: floor is expected");
    int64_t down = times_of(im, x, 2), across = times_of(im, x, 3);
    if (down != across || down < 1 || down > 64)
        refuse(im, "a whole number of times as many rows and columns is expected");
    read_place(im, x);
    add_layer(im, "upsample", vd_format("stride=%lld\n", (long long)down));
    set_place(im, (place){0, last_layer(im), x.c, x.h * (int)down, x.w * (int)down, 0});
}

/* one of several equal parts of the channels */
static void slice(importing *im)
{
    place x = input_of(im, 0);
    const vd_onnx_tensor *first = constant_input(im, 1, 0), *end = constant_input(im, 2, 0);
    const vd_onnx_tensor *axis = im->node->inputs > 3 ? constant_input(im, 3, 0) : 0;
    const vd_onnx_tensor *step = im->node->inputs > 4 ? constant_input(im, 4, 0) : 0;
    if (first->n != 1 || end->n != 1 || !axis || axis->n != 1 || axis->integer[0] != 1 ||
        (step && step->integer[0] != 1))
        refuse(im, "a part of the channels, axis 1, is expected");
    int64_t from = first->integer[0], to = end->integer[0] > x.c ? x.c : end->integer[0], n = to - from;
    if (from < 0 || n < 1 || x.c % n || from % n) refuse(im, "one of several equal parts is expected");
    if (x.layer == PICTURE) refuse(im, "it reads the input, which only the first layer can");
    add_layer(
        im, "route",
        vd_format("layers=%d\ngroups=%lld\ngroup_id=%lld\n", x.layer, (long long)(x.c / n), (long long)(from / n)));
    x.layer = last_layer(im);
    x.c = (int)n;
    set_place(im, x);
}

static void softmax(importing *im)
{
    place x = input_of(im, 0);
    int64_t axis = vd_onnx_integer_of(im->node, "axis", im->g->opset < 13 ? 1 : -1);
    int row = x.flat || x.h * x.w == 1;
    if (!row || (axis != 1 && !(axis == -1 && x.flat))) refuse(im, "over a map, or along another axis than 1");
    read_place(im, x);
    add_layer(im, "softmax", vd_format("%s", ""));
    x.layer = last_layer(im);
    set_place(im, x);
}

/* ---- the same numbers ---- */

static void identity(importing *im)
{
    set_place(im, input_of(im, 0));
}

/* to a row of numbers, or to the shape it has */
static void reshape(importing *im)
{
    place x = input_of(im, 0);
    int to_flat = !strcmp(im->node->type, "Flatten") && vd_onnx_integer_of(im->node, "axis", 1) == 1;
    int squeezed = !strcmp(im->node->type, "Squeeze") && (x.flat || x.h * x.w == 1);
    if (!strcmp(im->node->type, "Reshape")) {
        const vd_onnx_tensor *s = constant_input(im, 1, 0);
        const int64_t *d = s->integer;
        int same = s->n == 4 && !x.flat && (d[1] == x.c || !d[1]) && (d[2] == x.h || !d[2]) && (d[3] == x.w || !d[3]);
        if (same) {
            identity(im);
            return;
        }
        to_flat = s->n == 2 && (d[1] == -1 || d[1] == numbers_in(x));
        int to_map = s->n == 4 && numbers_in(x) == x.c && d[1] == x.c && d[2] == 1 && d[3] == 1;
        if (to_map) {
            x.flat = 0;
            set_place(im, x);
            return;
        }
    }
    if (!to_flat && !squeezed) refuse(im, "a row of all numbers, or the shape it has, is expected");
    x.c = numbers_in(x);
    x.h = x.w = x.flat = 1;
    set_place(im, x);
}

static void constant(importing *im)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(im->node, "value");
    if (!a || a->kind != VD_ONNX_TENSOR) refuse(im, "a value that is a tensor is expected");
    im->constants = vd_realloc(im->constants, (im->n_constants + 1) * sizeof(*im->constants));
    im->constants[im->n_constants++] = im->node;
}

/* ---- all of them ---- */

static const struct {
    const char *type;
    void (*translate)(importing *im);
} nodes[] = {
    {"Add", add},
    {"AveragePool", pool},
    {"BatchNormalization", batch_norm},
    {"Cast", identity},
    {"Clip", activation},
    {"Concat", concat},
    {"Constant", constant},
    {"Conv", convolution},
    {"Dropout", identity},
    {"Elu", activation},
    {"Flatten", reshape},
    {"Gemm", gemm},
    {"GlobalAveragePool", mean_of_maps},
    {"Identity", identity},
    {"LeakyRelu", activation},
    {"MatMul", mat_mul},
    {"MaxPool", pool},
    {"Mish", activation},
    {"Mul", multiply},
    {"ReduceMean", mean_of_maps},
    {"Relu", activation},
    {"Reshape", reshape},
    {"Resize", resize},
    {"Selu", activation},
    {"Sigmoid", activation},
    {"Slice", slice},
    {"Softmax", softmax},
    {"Softplus", activation},
    {"Squeeze", reshape},
    {"Tanh", activation},
    {"Upsample", resize},
};

/* [N][c][h][w], or [N][n] */
static void read_input(importing *im)
{
    const vd_onnx_value *input = 0;
    for (int i = 0; i < im->g->inputs; ++i) {
        if (vd_onnx_find_tensor(im->g, im->g->input[i].name)) continue;
        if (input) refuse(im, "two inputs, %s and %s: one is expected", input->name, im->g->input[i].name);
        input = im->g->input + i;
    }
    if (!input || input->type != VD_ONNX_FLOAT || (input->rank != 4 && input->rank != 2))
        refuse(im, "one input of floats, [N, C, H, W] or [N, numbers], is expected");
    int64_t dims[3] = {1, 1, 1};
    for (int i = 1; i < input->rank; ++i) {
        if (input->dims[i] < 1 || input->dims[i] > 1 << 14)
            refuse(im, "input %s: a fixed size from 1 to 16384 is expected in dimension %d", input->name, i);
        dims[i - 1] = input->dims[i];
    }
    if (dims[0] * dims[1] * dims[2] > 1 << 26) refuse(im, "input %s: too large", input->name);
    place x = {input->name, PICTURE, (int)dims[0], (int)dims[1], (int)dims[2], input->rank == 2};
    im->net.inputs = numbers_in(x);
    if (!x.flat) im->net.channels = x.c, im->net.h = x.h, im->net.w = x.w;
    if (reads_of(im, x.tensor) > 1 && !x.flat) { /* others than the first layer can read a layer that changes nothing */
        add_layer(im, "maxpool", vd_format("%s", "size=1\nstride=1\npadding=0\n"));
        x.layer = 0;
    }
    set_place(im, x);
}

static void translate(importing *im)
{
    for (size_t k = 0; k < sizeof nodes / sizeof *nodes; ++k)
        if (!strcmp(nodes[k].type, im->node->type)) {
            nodes[k].translate(im);
            return;
        }
    refuse(im, "Darknet has no such layer");
}

vd_import_network make_vd_import_network(const vd_onnx_graph *g, const char *path)
{
    importing im = {.g = g, .path = path};
    read_input(&im);
    if (g->outputs != 1) refuse(&im, "%d outputs: one is expected", g->outputs);
    for (int i = 0; i < g->nodes; ++i) {
        im.node = g->node + i;
        translate(&im);
    }
    im.node = 0;
    const place *out = find_place(&im, g->output[0].name);
    if (!out || out->layer == PICTURE) refuse(&im, "the output %s is not that of a layer", g->output[0].name);
    read_place(&im, *out);
    im.net.output = g->output[0].name;
    free(im.places);
    free(im.constants);
    return im.net;
}

void free_vd_import_network(vd_import_network *net)
{
    for (int i = 0; i < net->n; ++i) {
        vd_import_layer *l = net->layers + i;
        float *arrays[] = {l->weights, l->biases, l->scales, l->mean, l->variance};
        for (size_t k = 0; k < sizeof arrays / sizeof *arrays; ++k) free(arrays[k]);
        free(l->keys);
    }
    free(net->layers);
}
