#include "import/translation.h"
#include "onnx/evaluate.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void vd_import_refuse(const vd_importing *im, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *why = vd_vformat(fmt, args);
    va_end(args);
    if (im->node) vd_die("%s: node %s (%s): %s", im->path, im->node->name, im->node->type, why);
    vd_die("%s: %s", im->path, why);
}

void vd_import_refuse_picture(const vd_importing *im, vd_place p)
{
    if (p.layer == VD_IMPORT_PICTURE) vd_import_refuse(im, "it reads the input, which only the first layer can");
}

void vd_import_picture_as_layer(vd_importing *im, vd_place *p)
{
    if (p->layer != VD_IMPORT_PICTURE || p->flat || im->net.n) return;
    vd_import_add_layer(im, "maxpool", vd_format("%s", "size=1\nstride=1\npadding=0\n"));
    p->layer = vd_import_last_layer(im);
}

/* ---- the graph ---- */

static int is_one_of(const char *name, const char *const *list)
{
    for (; *list; ++list)
        if (!strcmp(name, *list)) return 1;
    return 0;
}

/* what leaves numbers and their order as they are */
static int passes_on(const vd_onnx_node *node)
{
    static const char *const types[] = {"Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Cast", 0};
    return is_one_of(node->type, types);
}

const char *vd_import_root_of(const vd_importing *im, const char *tensor)
{
    for (int i = im->g->nodes; i--;) { /* nodes come behind what they read: one pass from the last is enough */
        const vd_onnx_node *node = im->g->node + i;
        if (!strcmp(node->output[0], tensor) && passes_on(node) && node->inputs) tensor = node->input[0];
    }
    return tensor;
}

int vd_import_reads_of(const vd_importing *im, const char *tensor)
{
    const vd_onnx_graph *g = im->g;
    const char **same = vd_calloc(g->nodes + 2, sizeof(*same)); /* tensors with these numbers, then a null */
    int n_same = 0, n = 0;
    same[n_same++] = vd_import_root_of(im, tensor);
    for (int i = 0; i < g->nodes; ++i) {
        const vd_onnx_node *node = g->node + i;
        int passes = passes_on(node);
        if (passes && node->inputs && is_one_of(node->input[0], same)) same[n_same++] = node->output[0];
        if (passes || !strcmp(node->type, "Shape")) continue;
        for (int k = 0; k < node->inputs; ++k) n += is_one_of(node->input[k], same);
    }
    for (int i = 0; i < g->outputs; ++i) n += is_one_of(g->output[i].name, same);
    free(same);
    return n;
}

const vd_onnx_node *vd_import_reader_of(const vd_importing *im, const char *tensor)
{
    const vd_onnx_node *found = 0;
    if (vd_import_reads_of(im, tensor) != 1) return 0;
    for (int i = 0; i < im->g->nodes; ++i)
        for (int k = 0; k < im->g->node[i].inputs && strcmp(im->g->node[i].type, "Shape"); ++k)
            if (!strcmp(im->g->node[i].input[k], tensor)) found = im->g->node + i;
    return found;
}

const vd_onnx_tensor *vd_import_constant_of(const vd_importing *im, const char *name)
{
    for (int i = 0; i < im->n_constants; ++i)
        if (!strcmp(im->constants[i].name, name)) return im->constants + i;
    return vd_onnx_find_tensor(im->g, name);
}

const vd_onnx_tensor *vd_import_constant_input(const vd_importing *im, int i, int real)
{
    const vd_onnx_tensor *t = i < im->node->inputs ? vd_import_constant_of(im, im->node->input[i]) : 0;
    if (!t) vd_import_refuse(im, "input %d: a constant is expected", i);
    if (real ? !t->real : !t->integer)
        vd_import_refuse(im, "input %d: %s are expected", i, real ? "floats" : "integers");
    return t;
}

vd_onnx_list vd_import_integers_of(const vd_importing *im, const char *attribute, int i)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(im->node, attribute);
    if (i < im->node->inputs && *im->node->input[i]) {
        const vd_onnx_tensor *t = vd_import_constant_input(im, i, 0);
        return (vd_onnx_list){t->integer, (int)t->n};
    }
    if (!a) return (vd_onnx_list){0, -1};
    if (a->kind != VD_ONNX_INTEGERS) vd_import_refuse(im, "%s: integers are expected", attribute);
    return (vd_onnx_list){a->integers, a->n};
}

/* the tensors that the node reads, in memory of the caller, null where it has left one out; 0: one is no constant */
static int constants_of(const vd_importing *im, const vd_onnx_tensor **in)
{
    for (int i = 0; i < im->node->inputs; ++i) {
        in[i] = *im->node->input[i] ? vd_import_constant_of(im, im->node->input[i]) : 0;
        if (*im->node->input[i] && !in[i]) return 0;
    }
    return im->node->inputs || !strcmp(im->node->type, "Constant");
}

/* a tensor without numbers: a Shape needs no others */
static vd_onnx_tensor shape_of(vd_place p)
{
    return (vd_onnx_tensor){.type = VD_ONNX_FLOAT, .rank = p.flat ? 2 : 4, .dims = {1, p.c, p.h, p.w}};
}

int vd_import_fold(vd_importing *im)
{
    const vd_onnx_node *node = im->node;
    const vd_onnx_tensor **in = vd_calloc(node->inputs + 1, sizeof(*in));
    const vd_place *p = node->inputs == 1 ? vd_import_find(im, node->input[0]) : 0;
    vd_onnx_tensor shape = p ? shape_of(*p) : (vd_onnx_tensor){0};
    int is_shape = p && !strcmp(node->type, "Shape");
    int folds = is_shape || constants_of(im, in);
    if (folds && !vd_onnx_knows(node->type))
        vd_import_refuse(im,
                         "it makes a constant in a way that is not known: a model with folded constants is expected");
    if (is_shape) in[0] = &shape;
    if (folds) {
        vd_onnx_tensor t = vd_onnx_run_node(node, im->g->opset, im->path, in);
        t.name = vd_format("%s", node->output[0]);
        im->constants = vd_realloc(im->constants, (im->n_constants + 1) * sizeof(t));
        im->constants[im->n_constants++] = t;
    }
    free(in);
    return folds;
}

vd_place *vd_import_find(const vd_importing *im, const char *tensor)
{
    for (int i = im->n_places; i--;)
        if (!strcmp(im->places[i].tensor, tensor)) return im->places + i;
    return 0;
}

vd_place vd_import_padded_input(const vd_importing *im, int i)
{
    const vd_place *p = i < im->node->inputs ? vd_import_find(im, im->node->input[i]) : 0;
    if (!p) vd_import_refuse(im, "input %d: the output of a layer is expected", i);
    return *p;
}

vd_place vd_import_input_of(const vd_importing *im, int i)
{
    vd_place p = vd_import_padded_input(im, i);
    if (vd_place_is_padded(p))
        vd_import_refuse(im, "only a Conv, an AveragePool, or a MaxPool behind a Relu can read what a Pad makes");
    return p;
}

int vd_place_numbers(vd_place p)
{
    return p.c * p.h * p.w;
}

int vd_place_is_padded(vd_place p)
{
    return p.pad[0] || p.pad[1] || p.pad[2] || p.pad[3];
}

void vd_import_check_size(const vd_importing *im, int64_t c, int64_t h, int64_t w)
{
    enum { MOST = 1 << 26 };
    if ((double)c * (double)h * (double)w > MOST)
        vd_import_refuse(im, "an output of %lldx%lldx%lld is too large", (long long)c, (long long)h, (long long)w);
}

void vd_import_set(vd_importing *im, vd_place p)
{
    vd_import_check_size(im, p.c, p.h, p.w);
    im->places = vd_realloc(im->places, (im->n_places + 1) * sizeof(*im->places));
    p.tensor = im->node ? im->node->output[0] : p.tensor;
    im->places[im->n_places++] = p;
}

static int64_t limited(const vd_importing *im, const char *name, int64_t x, int64_t low, int64_t high)
{
    if (x < low || x > high)
        vd_import_refuse(im, "%s=%lld: from %lld to %lld is expected", name, (long long)x, (long long)low,
                         (long long)high);
    return x;
}

void vd_import_list_of(const vd_importing *im, const char *name, int n, int64_t otherwise, int64_t *x)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(im->node, name);
    if (a && (a->kind != VD_ONNX_INTEGERS || a->n != n)) vd_import_refuse(im, "%s: %d integers are expected", name, n);
    for (int i = 0; i < n; ++i) x[i] = a ? limited(im, name, a->integers[i], 0, 1 << 16) : otherwise;
}

/* ---- sections ---- */

vd_import_layer *vd_import_add_layer(vd_importing *im, const char *section, char *keys)
{
    vd_import_network *net = &im->net;
    net->layers = vd_realloc(net->layers, (net->n + 1) * sizeof(*net->layers));
    vd_import_layer *l = net->layers + net->n++;
    *l = (vd_import_layer){.section = section, .keys = keys};
    return l;
}

int vd_import_last_layer(const vd_importing *im)
{
    return im->net.n - 1;
}

void vd_import_read(vd_importing *im, vd_place p)
{
    if (p.layer == vd_import_last_layer(im)) return;
    vd_import_refuse_picture(im, p);
    vd_import_add_layer(im, "route", vd_format("layers=%d\n", p.layer));
}

vd_import_layer *vd_import_open_layer(const vd_importing *im, vd_place p, int reads)
{
    vd_import_layer *l =
        p.layer == vd_import_last_layer(im) && p.layer != VD_IMPORT_PICTURE ? im->net.layers + p.layer : 0;
    if (!l || !l->activation || strcmp(l->activation, "linear")) return 0;
    return vd_import_reads_of(im, p.tensor) == reads ? l : 0;
}
