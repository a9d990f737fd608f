/* The bytes of a file as a model. Nothing of the file is trusted: every length is checked against what is left, and the
 * numbers of a tensor against its shape. The field numbers are those of onnx.proto. */
#include "onnx/graph.h"
#include "onnx/wire.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/float_bits.h"
#include "base/fp16.h"
#include "base/hash.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DENSE = 1 << 26 }; /* numbers of a sparse tensor: its shape alone decides how many there are */

typedef struct {
    const char *path;
    char *place; /* the node, tensor or value that is read; null: none */
    vd_onnx_graph *g;
} reading;

__attribute__((format(printf, 2, 3), noreturn)) static void refuse(const reading *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *why = vd_vformat(fmt, args);
    va_end(args);
    vd_die("%s: %s%s%s", r->path, r->place ? r->place : "", r->place ? ": " : "", why);
}

/* ---- fields ---- */

static int next(const reading *r, vd_wire_part *p, vd_wire_field *f)
{
    int got = vd_wire_next(p, f);
    if (got < 0) refuse(r, "damaged: no ONNX file, or cut off");
    return got;
}

static int is_a(const reading *r, const vd_wire_field *f, uint64_t field, vd_wire_kind kind)
{
    if (f->field != field) return 0;
    if (f->kind != kind) refuse(r, "damaged: field %llu is of another type", (unsigned long long)field);
    return 1;
}

static int is_number(const reading *r, const vd_wire_field *f, uint64_t field)
{
    return is_a(r, f, field, VD_WIRE_NUMBER);
}

static int is_run(const reading *r, const vd_wire_field *f, uint64_t field)
{
    return is_a(r, f, field, VD_WIRE_RUN);
}

/* at most 64 KiB */
static char *any_text_of(const vd_wire_field *f)
{
    size_t n = f->part.end - f->part.at;
    return vd_format("%.*s", (int)(n < 1 << 16 ? n : 1 << 16), n ? (const char *)f->part.at : "");
}

/* names and words: no control characters, so that they can stand in a message, a cfg and in C's strings */
static char *text_of(const reading *r, const vd_wire_field *f)
{
    for (const unsigned char *c = f->part.at; c < f->part.end; ++c)
        if (*c < ' ' || *c == 0x7f) refuse(r, "damaged: a name has control characters");
    return any_text_of(f);
}

static void set_text(const reading *r, const vd_wire_field *f, char **text)
{
    free(*text);
    *text = 0;
    *text = text_of(r, f);
}

/* a list of numbers of a field: one, or a run of packed ones */
typedef struct {
    int64_t *x;
    size_t n;
} numbers;

static void add_number(numbers *list, uint64_t x)
{
    if (!(list->n & (list->n - 1))) list->x = vd_realloc(list->x, (list->n ? 2 * list->n : 1) * sizeof(*list->x));
    list->x[list->n++] = (int64_t)x;
}

static void add_numbers(const reading *r, const vd_wire_field *f, numbers *list)
{
    vd_wire_part p = f->part;
    uint64_t x;
    if (f->kind == VD_WIRE_NUMBER) add_number(list, f->number);
    else if (f->kind != VD_WIRE_RUN) refuse(r, "damaged: field %llu is of another type", (unsigned long long)f->field);
    while (f->kind == VD_WIRE_RUN && p.at < p.end) {
        if (!vd_wire_take_number(&p, &x)) refuse(r, "damaged: a list ends within a number");
        add_number(list, x);
    }
}

/* ---- tensors ---- */

typedef struct {
    numbers dims, words; /* words: int32_data and int64_data */
    vd_wire_part raw, floats, doubles;
    int has_raw;
    uint64_t type;
} tensor_fields;

static vd_onnx_type type_of(const reading *r, uint64_t type)
{
    switch (type) {
    case VD_ONNX_FLOAT:
    case VD_ONNX_UINT8:
    case VD_ONNX_INT8:
    case VD_ONNX_INT32:
    case VD_ONNX_INT64:
    case VD_ONNX_BOOL:
    case VD_ONNX_FLOAT16:
    case VD_ONNX_DOUBLE:
        return (vd_onnx_type)type;
    default:
        refuse(r, "tensors of type %llu are not read", (unsigned long long)type);
    }
}

static void set_dims(const reading *r, vd_onnx_tensor *t, const numbers *dims, size_t most)
{
    if (dims->n > VD_ONNX_RANK) refuse(r, "%zu dimensions: %d at most are read", dims->n, VD_ONNX_RANK);
    t->rank = (int)dims->n;
    for (int i = 0; i < t->rank; ++i) t->dims[i] = dims->x[i];
    if (vd_onnx_first_misfit(t, most) < t->rank) refuse(r, "damaged: its shape has more numbers than the file");
}

static double double_of(uint64_t bytes)
{
    double x;
    memcpy(&x, &bytes, sizeof(x));
    return x;
}

/* sign of an integer of 1, 4 or 8 bytes */
static int64_t integer_of(vd_onnx_type type, uint64_t bytes)
{
    return type == VD_ONNX_INT8    ? (int8_t)bytes
           : type == VD_ONNX_INT32 ? (int32_t)bytes
           : type == VD_ONNX_BOOL  ? bytes != 0
                                   : (int64_t)bytes;
}

static void set_number(vd_onnx_tensor *t, size_t i, uint64_t bytes)
{
    if (t->type == VD_ONNX_FLOAT) t->real[i] = vd_float_of_bits((uint32_t)bytes);
    else if (t->type == VD_ONNX_FLOAT16) t->real[i] = vd_float_of_fp16((uint16_t)bytes);
    else if (t->type == VD_ONNX_DOUBLE) t->real[i] = (float)double_of(bytes);
    else t->integer[i] = integer_of(t->type, bytes);
}

static void set_raw(vd_onnx_tensor *t, const unsigned char *raw, size_t size)
{
    for (size_t i = 0; i < t->n; ++i) {
        uint64_t bytes = 0;
        for (size_t k = 0; k < size; ++k) bytes |= (uint64_t)raw[i * size + k] << 8 * k;
        set_number(t, i, bytes);
    }
}

static void set_numbers(const reading *r, vd_onnx_tensor *t, const tensor_fields *f)
{
    int is_float = t->type == VD_ONNX_FLOAT, is_double = t->type == VD_ONNX_DOUBLE;
    vd_wire_part raw = f->has_raw ? f->raw : is_float ? f->floats : f->doubles;
    size_t size = (size_t)vd_onnx_size_of(t->type), n = raw.end - raw.at;
    int as_words = !f->has_raw && !is_float && !is_double;
    size_t have = as_words ? f->words.n : n / size;
    set_dims(r, t, &f->dims, have);
    size_t want = 1;
    for (int i = 0; i < t->rank; ++i) want *= (size_t)t->dims[i];
    if (want != have || (!as_words && n % size)) refuse(r, "damaged: its shape has other numbers than its data");
    vd_onnx_tensor_make(t);
    if (!as_words) set_raw(t, raw.at, size);
    else if (f->words.x) /* null: no numbers */
        for (size_t i = 0; i < t->n; ++i) set_number(t, i, (uint64_t)f->words.x[i]);
}

/* one run of packed floats; floats one by one are not written by anyone */
static void set_run(const reading *r, const vd_wire_field *f, vd_wire_part *run)
{
    if (f->kind != VD_WIRE_RUN || run->at) refuse(r, "numbers that are not packed are not read");
    *run = f->part;
}

static void set_place(reading *r, const vd_onnx_tensor *t)
{
    free(r->place);
    r->place = vd_format("tensor %s", t->name ? t->name : "without a name");
}

static void read_tensor(reading *r, vd_wire_part p, vd_onnx_tensor *t)
{
    tensor_fields f = {.type = VD_ONNX_FLOAT};
    vd_wire_field w;
    while (next(r, &p, &w)) {
        if (w.field == 1) add_numbers(r, &w, &f.dims);
        else if (is_number(r, &w, 2)) f.type = w.number;
        else if (w.field == 4) set_run(r, &w, &f.floats);
        else if (w.field == 5 || w.field == 7) add_numbers(r, &w, &f.words);
        else if (is_run(r, &w, 8)) set_text(r, &w, &t->name);
        else if (is_run(r, &w, 9)) f.raw = w.part, f.has_raw = 1;
        else if (w.field == 10) set_run(r, &w, &f.doubles);
        else if (w.field == 13 || (is_number(r, &w, 14) && w.number))
            refuse(r, "%s: numbers in another file are not read: export to one file (PyTorch: external_data=False)",
                   t->name ? t->name : "a tensor");
    }
    set_place(r, t);
    t->type = type_of(r, f.type);
    set_numbers(r, t, &f);
    free(f.dims.x);
    free(f.words.x);
}

/* values at places of a tensor as one row, or at [row][column].. of it */
static void spread(reading *r, const vd_onnx_tensor *values, const vd_onnx_tensor *places, vd_onnx_tensor *t)
{
    int width = places->rank == 2 ? t->rank : 1;
    if (!values->real || !places->integer || places->n != values->n * (size_t)width)
        refuse(r, "damaged: a sparse tensor whose values and places do not fit");
    for (size_t i = 0; i < values->n; ++i) {
        int64_t at = 0;
        for (int k = 0; k < width; ++k) {
            int64_t x = places->integer[i * width + k], bound = width == 1 ? (int64_t)t->n : t->dims[k];
            if (x < 0 || x >= bound) refuse(r, "damaged: a sparse tensor with a place outside of it");
            at = width == 1 ? x : at * t->dims[k] + x;
        }
        t->real[at] = values->real[i];
    }
}

static void read_sparse(reading *r, vd_wire_part p, vd_onnx_tensor *t)
{
    vd_onnx_tensor values = {0}, places = {0};
    numbers dims = {0};
    vd_wire_field w;
    while (next(r, &p, &w)) {
        if (is_run(r, &w, 1) && !values.n) read_tensor(r, w.part, &values);
        else if (is_run(r, &w, 2) && !places.n) read_tensor(r, w.part, &places);
        else if (w.field == 3) add_numbers(r, &w, &dims);
    }
    t->name = values.name;
    values.name = 0;
    set_place(r, t);
    t->type = VD_ONNX_FLOAT;
    t->sparse = 1;
    set_dims(r, t, &dims, MOST_DENSE);
    vd_onnx_tensor_make(t);
    spread(r, &values, &places, t);
    vd_onnx_tensor_clear(&values);
    vd_onnx_tensor_clear(&places);
    free(dims.x);
}

/* ---- which nodes are needed ---- */

/* names of tensors that the outputs depend on, as bytes of the file; slots: a power of 2, at least twice as many */
typedef struct {
    vd_wire_part *slot;
    size_t slots, n;
} names;

/* where a name is, or would be */
static vd_wire_part *slot_of(const names *s, vd_wire_part name)
{
    size_t n = name.end - name.at, i = (size_t)vd_fnv64(VD_FNV64_START, name.at, n) & (s->slots - 1);
    for (;; i = (i + 1) & (s->slots - 1)) {
        vd_wire_part *x = s->slot + i;
        if (!x->at || ((size_t)(x->end - x->at) == n && !memcmp(x->at, name.at, n))) return x;
    }
}

static void add_name(names *s, vd_wire_part name)
{
    if (name.at == name.end) return; /* an input that is left out */
    if (2 * s->n >= s->slots) {
        names larger = {.slots = s->slots ? 2 * s->slots : 64, .n = s->n};
        larger.slot = vd_calloc(larger.slots, sizeof(*larger.slot));
        for (size_t i = 0; i < s->slots; ++i)
            if (s->slot[i].at) *slot_of(&larger, s->slot[i]) = s->slot[i];
        free(s->slot);
        *s = larger;
    }
    vd_wire_part *x = slot_of(s, name);
    s->n += !x->at;
    *x = name;
}

static vd_wire_part part_of(const char *name)
{
    const unsigned char *bytes = (const unsigned char *)name;
    return (vd_wire_part){bytes, bytes + strlen(name)};
}

/* a node's own name, or that of its first output */
static char *name_of(const reading *r, vd_wire_part p)
{
    vd_wire_field w;
    char *name = 0, *output = 0;
    while (next(r, &p, &w)) {
        if (is_run(r, &w, 3)) set_text(r, &w, &name);
        else if (is_run(r, &w, 2) && !output) output = text_of(r, &w);
    }
    return name && *name ? name : output;
}

/* whether output `which` of a node is needed; -1: any of its outputs */
static int is_needed(const reading *r, const names *needed, vd_wire_part p, int which)
{
    vd_wire_field w;
    int k = 0, found = 0;
    while (next(r, &p, &w)) {
        if (!is_run(r, &w, 2)) continue;
        if (which < 0 || which == k++) found |= needed->slots && slot_of(needed, w.part)->at;
    }
    return found;
}

/* Of nodes that come behind what they read, as ONNX has them. One that is found needed only later is read by a node in
 * front of it */
static void find_needed(const reading *r, int n, const vd_wire_part *nodes, names *needed)
{
    vd_wire_field w;
    char *is_found = vd_calloc((size_t)n + 1, 1);
    for (int i = n - 1; i >= 0; --i) {
        vd_wire_part p = nodes[i];
        is_found[i] = (char)is_needed(r, needed, p, -1);
        while (is_found[i] && next(r, &p, &w))
            if (is_run(r, &w, 1)) add_name(needed, w.part);
    }
    for (int i = 0; i < n; ++i) {
        if (is_found[i] || !is_needed(r, needed, nodes[i], -1)) continue;
        refuse(r, "node %s stands behind a node that reads its output: it is expected in front", name_of(r, nodes[i]));
    }
    free(is_found);
}

/* ---- nodes ---- */

static void add_reals(const reading *r, const vd_wire_field *f, vd_onnx_attribute *a)
{
    vd_wire_part p = f->part;
    if (f->kind == VD_WIRE_FOUR_BYTES) *VD_ONNX_ONE_MORE(a->reals, a->n) = vd_float_of_bits((uint32_t)f->number);
    else if (f->kind != VD_WIRE_RUN || (p.end - p.at) % 4) refuse(r, "damaged: field 7 is of another type");
    for (; f->kind == VD_WIRE_RUN && p.at < p.end; p.at += 4) {
        float x;
        memcpy(&x, p.at, sizeof(x));
        *VD_ONNX_ONE_MORE(a->reals, a->n) = x;
    }
}

static void read_attribute(reading *r, vd_wire_part p, vd_onnx_attribute *a)
{
    vd_wire_field w;
    numbers list = {0};
    int type = 0, kind = 0; /* what it says, and what it has: older files say nothing */
    while (next(r, &p, &w)) {
        if (is_run(r, &w, 1)) set_text(r, &w, &a->name);
        else if (is_a(r, &w, 2, VD_WIRE_FOUR_BYTES)) a->f = vd_float_of_bits((uint32_t)w.number), kind = VD_ONNX_REAL;
        else if (is_number(r, &w, 3)) a->i = (int64_t)w.number, kind = VD_ONNX_INTEGER;
        else if (is_run(r, &w, 4)) set_text(r, &w, &a->text), kind = VD_ONNX_TEXT;
        else if (is_run(r, &w, 5) && kind != VD_ONNX_TENSOR) read_tensor(r, w.part, &a->tensor), kind = VD_ONNX_TENSOR;
        else if (w.field == 7) add_reals(r, &w, a), kind = VD_ONNX_REALS;
        else if (w.field == 8) add_numbers(r, &w, &list), kind = VD_ONNX_INTEGERS;
        else if (is_number(r, &w, 20)) type = (int)w.number;
        else if (w.field == 6 || w.field == 11) refuse(r, "graphs within nodes (If, Loop, Scan) are not read");
    }
    if (!type) type = kind;
    if (type == VD_ONNX_TEXT && !a->text) a->text = vd_format("%s", "");
    int known = type == VD_ONNX_REAL || type == VD_ONNX_INTEGER || type == VD_ONNX_TEXT || type == VD_ONNX_REALS ||
                type == VD_ONNX_INTEGERS || (type == VD_ONNX_TENSOR && kind == VD_ONNX_TENSOR);
    if (!a->name || !known)
        refuse(r, "attribute %s is of a type that is not read", a->name ? a->name : "without a name");
    a->kind = (vd_onnx_kind)type;
    if (a->kind == VD_ONNX_INTEGERS) a->integers = list.x, a->n = (int)list.n;
    else free(list.x);
}

static void read_node(reading *r, vd_wire_part p, vd_onnx_node *node)
{
    vd_wire_field w;
    vd_wire_part all = p;
    while (next(r, &all, &w)) { /* its name first, for messages */
        if (is_run(r, &w, 3)) set_text(r, &w, &node->name);
        else if (is_run(r, &w, 4)) set_text(r, &w, &node->type);
        else if (is_run(r, &w, 1)) *VD_ONNX_ONE_MORE(node->input, node->inputs) = text_of(r, &w);
        else if (is_run(r, &w, 2)) *VD_ONNX_ONE_MORE(node->output, node->outputs) = text_of(r, &w);
    }
    if (!node->type || !node->outputs) refuse(r, "damaged: a node without an operator or an output");
    if (!node->name || !*node->name) {
        free(node->name);
        node->name = vd_format("%s", node->output[0]);
    }
    char *place = vd_format("node %s (%s)", node->name, node->type);
    while (next(r, &p, &w)) {
        free(r->place);
        r->place = vd_format("%s", place);
        if (is_run(r, &w, 5)) read_attribute(r, w.part, VD_ONNX_ONE_MORE(node->attribute, node->attributes));
        else if (is_run(r, &w, 7) && w.part.at < w.part.end) set_text(r, &w, &node->domain);
    }
    free(place);
    if (node->domain && strcmp(node->domain, "ai.onnx")) refuse(r, "operators of %s are not read", node->domain);
}

/* the outputs of a Split; of other operators 1, as the first one alone counts */
static int parts_of(const reading *r, vd_wire_part p)
{
    vd_wire_field w;
    int n = 0, splits = 0;
    while (next(r, &p, &w)) {
        if (is_run(r, &w, 2)) ++n;
        else if (is_run(r, &w, 4)) splits = w.part.end - w.part.at == 5 && !memcmp(w.part.at, "Split", 5);
    }
    return splits ? n : 1;
}

/* a Split of n outputs as nodes of one output, those that are needed; the bytes are read again for each */
static void read_nodes(reading *r, vd_wire_part p, const names *needed)
{
    vd_onnx_graph *g = r->g;
    if (!is_needed(r, needed, p, -1)) return;
    int parts = parts_of(r, p);
    if (parts > VD_ONNX_PARTS) refuse(r, "a Split into %d parts: %d at most are read", parts, VD_ONNX_PARTS);
    for (int k = 0; k < parts; ++k) {
        if (!is_needed(r, needed, p, parts > 1 ? k : -1)) continue;
        vd_onnx_node *node = VD_ONNX_ONE_MORE(g->node, g->nodes);
        read_node(r, p, node);
        if (strcmp(node->type, "Split")) return;
        vd_onnx_set_integer(node, "part", k);
        vd_onnx_set_integer(node, "parts", parts);
        char *swap = node->output[0];
        node->output[0] = node->output[k];
        node->output[k] = swap;
    }
}

/* ---- values, the graph, the model ---- */

static void read_shape(const reading *r, vd_wire_part p, vd_onnx_value *v)
{
    vd_wire_field w, d;
    while (next(r, &p, &w)) {
        if (!is_run(r, &w, 1)) continue;
        if (v->rank == VD_ONNX_RANK) refuse(r, "more than %d dimensions are not read", VD_ONNX_RANK);
        int64_t *dim = v->dims + v->rank++;
        *dim = -1;
        while (next(r, &w.part, &d))
            if (is_number(r, &d, 1)) *dim = (int64_t)d.number;
    }
}

static void read_value(reading *r, vd_wire_part p, vd_onnx_value *v)
{
    vd_wire_field w, type, part;
    while (next(r, &p, &w)) {
        if (is_run(r, &w, 1)) set_text(r, &w, &v->name);
        else if (is_run(r, &w, 2))
            while (next(r, &w.part, &type)) {
                if (!is_run(r, &type, 1)) continue;
                while (next(r, &type.part, &part)) {
                    if (is_number(r, &part, 1)) v->type = (vd_onnx_type)part.number;
                    else if (is_run(r, &part, 2)) read_shape(r, part.part, v);
                }
            }
    }
    if (!v->name) refuse(r, "damaged: an input or output without a name");
}

static void forget_place(reading *r)
{
    free(r->place);
    r->place = 0;
}

static void leave_out_inputs(vd_onnx_graph *g, const names *needed)
{
    int n = 0;
    for (int i = 0; i < g->inputs; ++i) {
        if (needed->slots && slot_of(needed, part_of(g->input[i].name))->at) g->input[n++] = g->input[i];
        else free(g->input[i].name);
    }
    g->inputs = n;
}

static void read_graph(reading *r, vd_wire_part p)
{
    vd_onnx_graph *g = r->g;
    vd_wire_field w;
    vd_wire_part *nodes = 0;
    names needed = {0};
    int n = 0;
    while (next(r, &p, &w)) {
        if (is_run(r, &w, 1)) *VD_ONNX_ONE_MORE(nodes, n) = w.part;
        else if (is_run(r, &w, 5)) read_tensor(r, w.part, VD_ONNX_ONE_MORE(g->tensor, g->tensors));
        else if (is_run(r, &w, 15)) read_sparse(r, w.part, VD_ONNX_ONE_MORE(g->tensor, g->tensors));
        else if (is_run(r, &w, 11)) read_value(r, w.part, VD_ONNX_ONE_MORE(g->input, g->inputs));
        else if (is_run(r, &w, 12)) read_value(r, w.part, VD_ONNX_ONE_MORE(g->output, g->outputs));
        forget_place(r);
    }
    for (int i = 0; i < g->tensors; ++i)
        if (!g->tensor[i].name) refuse(r, "damaged: an initializer without a name");
    for (int i = 0; i < g->outputs; ++i) add_name(&needed, part_of(g->output[i].name));
    find_needed(r, n, nodes, &needed);
    for (int i = 0; i < n; ++i, forget_place(r)) read_nodes(r, nodes[i], &needed);
    leave_out_inputs(g, &needed);
    free(nodes);
    free(needed.slot);
}

static void read_opset(reading *r, vd_wire_part p)
{
    vd_wire_field w;
    int64_t version = 0;
    int own = 1;
    while (next(r, &p, &w)) {
        if (is_run(r, &w, 1))
            own = w.part.at == w.part.end || (w.part.end - w.part.at == 7 && !memcmp(w.part.at, "ai.onnx", 7));
        else if (is_number(r, &w, 2)) version = (int64_t)w.number;
    }
    if (own) r->g->opset = version > 0 && version < 1000 ? (int)version : 0;
}

static void read_note(reading *r, vd_wire_part p)
{
    char *(*note)[2] = VD_ONNX_ONE_MORE(r->g->note, r->g->notes);
    vd_wire_field w;
    (*note)[0] = vd_format("%s", "");
    (*note)[1] = vd_format("%s", "");
    while (next(r, &p, &w))
        for (int k = 0; k < 2; ++k) {
            if (!is_run(r, &w, (uint64_t)k + 1)) continue;
            free((*note)[k]);
            (*note)[k] = 0;
            (*note)[k] = any_text_of(&w);
        }
}

static void read_model(reading *r, vd_wire_part p)
{
    vd_wire_field w;
    int graphs = 0;
    r->g->ir_version = r->g->opset = 0;
    while (next(r, &p, &w)) {
        if (is_number(r, &w, 1)) r->g->ir_version = (int)w.number;
        else if (is_run(r, &w, 7) && !graphs++) read_graph(r, w.part);
        else if (is_run(r, &w, 8)) read_opset(r, w.part);
        else if (is_run(r, &w, 14)) read_note(r, w.part);
    }
    if (!graphs || !r->g->opset) refuse(r, "no ONNX file: it has no graph, or no version of its operators");
}

vd_onnx_graph *vd_onnx_read(const char *path)
{
    size_t n;
    unsigned char *bytes = vd_input_bytes(path, &n);
    reading r = {.path = path, .g = make_vd_onnx_graph()};
    read_model(&r, (vd_wire_part){bytes, bytes + n});
    free(bytes);
    return r.g;
}
