#include "export/c/emit_parts.h"
#include "export/c/entries.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* characters of a line; bytes of structures and numbers in the file, on a processor with 32 bits */
enum { LINE = 116, MAP_STRUCT = 20, BEND_INT8 = 8, POINTER = 4, INTEGER = 4, BYTES_OF_CURVE = 2 * VD_C_CURVE };

/* ---- numbers, as many to a line as fit ---- */

typedef struct {
    FILE *fp;
    int column;
} numbers;

static numbers open_list(const char *type, const char *stage, const char *what, int n, FILE *fp)
{
    fprintf(fp, "static const %s %s_%s[%d] TABLE = {\n", type, stage, what, n);
    return (numbers){fp, 0};
}

static void add_text(numbers *l, const char *text)
{
    int length = (int)strlen(text) + 2;
    if (l->column && l->column + length > LINE) l->column = 0, fputc('\n', l->fp);
    fprintf(l->fp, "%s%s,", l->column ? " " : "    ", text);
    l->column += length;
}

static void add_integer(numbers *l, long long x)
{
    char *text = vd_format("%lld", x);
    add_text(l, text);
    free(text);
}

static void close_list(numbers *l)
{
    fprintf(l->fp, "\n};\n");
}

static char *text_of_float(double x)
{
    char *text = vd_format("%.9g", x);
    char *whole = vd_format("%s%sf", text, strpbrk(text, ".e") ? "" : ".");
    free(text);
    return whole;
}

void vd_c_emit_float(double x, FILE *fp)
{
    char *text = text_of_float(x);
    fputs(text, fp);
    free(text);
}

static void add_float(numbers *l, double x)
{
    char *text = text_of_float(x);
    add_text(l, text);
    free(text);
}

/* ---- the tables of one layer ---- */

int vd_c_count_bytes(const vd_c_plan *p)
{
    int most = 0;
    for (int k = 0; k < p->n; ++k) {
        const vd_c_entries *e = &p->stages[k].entries;
        for (int f = 0; e->counts && f < p->stages[k].filters; ++f)
            if (e->counts[f] > most) most = e->counts[f];
    }
    return most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : 4;
}

int vd_c_offsets_are_short(const vd_c_plan *p)
{
    for (int k = 0; k < p->n; ++k)
        for (int f = 0; p->stages[k].offsets && f < p->stages[k].filters; ++f)
            if (p->stages[k].offsets[f] != (int16_t)p->stages[k].offsets[f]) return 0;
    return 1;
}

static void write_weights(const vd_c_plan *p, const vd_c_stage *s, const char *name, FILE *fp)
{
    const vd_c_entries *e = &s->entries;
    numbers l = open_list("weight", name, "weights", e->n ? e->n : 1, fp);
    for (int k = 0; k < e->n; ++k)
        if (p->is_int8) add_integer(&l, e->integers[k]);
        else add_float(&l, e->values[k]);
    if (!e->n) add_integer(&l, 0);
    close_list(&l);
    if (e->is_dense) return;
    l = open_list("uint8_t", name, "steps", e->n ? e->n : 1, fp);
    for (int k = 0; k < e->n; ++k) add_integer(&l, e->steps[k]);
    if (!e->n) add_integer(&l, 0);
    close_list(&l);
    l = open_list("count", name, "counts", s->filters, fp);
    for (int f = 0; f < s->filters; ++f) add_integer(&l, e->counts[f]);
    close_list(&l);
}

static void write_biases(const vd_c_plan *p, const vd_c_stage *s, const char *name, FILE *fp)
{
    numbers l = open_list(p->is_int8 ? "offset" : "float", name, p->is_int8 ? "offsets" : "biases", s->filters, fp);
    for (int f = 0; f < s->filters; ++f)
        if (p->is_int8) add_integer(&l, s->offsets[f]);
        else add_float(&l, s->biases[f]);
    close_list(&l);
    if (!p->is_int8) return;
    l = open_list("uint8_t", name, "gains", s->filters, fp);
    for (int f = 0; f < s->filters; ++f) add_integer(&l, s->gains[f]);
    close_list(&l);
}

static void write_curve(const vd_c_stage *s, const char *name, FILE *fp)
{
    if (!s->curve) return;
    numbers l = open_list("int16_t", name, "curve", VD_C_CURVE, fp);
    for (int i = 0; i < VD_C_CURVE; ++i) add_integer(&l, s->curve[i]);
    close_list(&l);
}

/* the members of a bend */
static void write_bend(const vd_c_plan *p, const vd_c_stage *s, const char *name, FILE *fp)
{
    if (!p->is_int8) {
        fprintf(fp, "{.kind = %d}", (int)s->activation);
        return;
    }
    fprintf(fp, "{.low = %d, .high = %d", (int)s->low, (int)s->high);
    if (s->activation == LEAKY) fprintf(fp, ", .leaky = 1");
    if (s->curve) fprintf(fp, ", .curve = %s_curve", name);
    fprintf(fp, "}");
}

static void write_product(const vd_c_plan *p, const vd_c_stage *s, const char *name, FILE *fp)
{
    const vd_c_entries *e = &s->entries;
    fprintf(fp, "static const product %s TABLE = {\n    .weights = %s_weights,\n", name, name);
    if (!e->is_dense) fprintf(fp, "    .steps = %s_steps,\n    .counts = %s_counts,\n", name, name);
    if (p->is_int8)
        fprintf(fp,
                "    .offsets = %s_offsets,\n    .gains = %s_gains,\n    .before = %d,\n    .after = %d,\n    .half = "
                "%d,\n",
                name, name, s->before, s->after, s->after ? 1 << (s->after - 1) : 0);
    else fprintf(fp, "    .biases = %s_biases,\n", name);
    fprintf(fp, "    .shape = ");
    write_bend(p, s, name, fp);
    fprintf(fp, ",\n    .filters = %d,\n    .width = %d,\n    .stride = %d,\n    .out_step = %d,\n    .pooled = %d,\n",
            s->filters, s->width, s->stride, vd_c_columns(p->maps + s->out), s->pooled);
    if (s->wide) fprintf(fp, "    .wide = %d,\n", s->wide);
    if (e->is_dense)
        fprintf(fp,
                "    .window_rows = %d,\n    .row_step = %d,\n    .window_channels = %d,\n    .channel_step = %d,\n"
                "    .taps = %d,\n    .per_group = %d,\n    .group_step = %d,\n",
                e->rows, e->row_step, e->channels, e->channel_step, e->taps, e->per_group, e->group_step);
    fprintf(fp, "};\n\n");
}

static void write_proof(const vd_c_plan *p, const vd_c_stage *s, FILE *fp)
{
    const vd_c_map *in = p->maps + s->in[0].map;
    if (!p->is_int8) return;
    fprintf(fp, "/* No sum is larger than %lld: a filter's weights without signs, times %d, the largest input. */\n",
            (long long)s->bound, (int)in->limit);
}

void vd_c_emit_tables(const vd_c_plan *p, FILE *fp)
{
    fprintf(fp, "/* ---- tables ---- */\n\n");
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        char *title = vd_c_stage_title(p, s), *name = vd_c_stage_name(s);
        if (s->kind == VD_C_PRODUCT) {
            fprintf(fp, "/* %s */\n", title);
            write_weights(p, s, name, fp);
            write_biases(p, s, name, fp);
            write_curve(s, name, fp);
            write_proof(p, s, fp);
            write_product(p, s, name, fp);
        } else if (s->kind == VD_C_SUM || s->kind == VD_C_ACTIVATE) {
            fprintf(fp, "/* %s */\n", title);
            write_curve(s, name, fp);
            fprintf(fp, "static const bend %s TABLE = ", name);
            write_bend(p, s, name, fp);
            fprintf(fp, ";\n\n");
        }
        free(title);
        free(name);
    }
}

/* ---- bytes ---- */

/* of the structs only the members that all layers have differ with the file, by a few bytes: counted with all */
static size_t struct_bytes(const vd_c_plan *p, const vd_c_stage *s)
{
    int has_dense = 0, has_sparse = 0, has_leaky = 0, has_curve = 0, has_wide = 0;
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *other = p->stages + k;
        if (other->kind == VD_C_PRODUCT) has_dense |= other->entries.is_dense, has_sparse |= !other->entries.is_dense;
        has_leaky |= other->activation == LEAKY;
        has_curve |= other->curve != 0;
        has_wide |= other->wide != 0;
    }
    size_t bend = p->is_int8 ? BEND_INT8 + INTEGER * (size_t)(has_leaky + has_curve) : INTEGER;
    if (s->kind == VD_C_SUM || s->kind == VD_C_ACTIVATE) return bend;
    if (s->kind != VD_C_PRODUCT) return 0;
    return bend + POINTER * (size_t)(1 + 2 * has_sparse) + (p->is_int8 ? 2 * POINTER + 3 * INTEGER : POINTER) +
           INTEGER * (size_t)(5 + 7 * has_dense + has_wide);
}

size_t vd_c_stage_bytes(const vd_c_plan *p, const vd_c_stage *s)
{
    size_t bytes = struct_bytes(p, s) + (s->curve ? BYTES_OF_CURVE : 0), filters = (size_t)s->filters;
    if (s->kind != VD_C_PRODUCT) return bytes;
    bytes += vd_c_entries_bytes(p, s) + filters * (p->is_int8 ? vd_c_offsets_are_short(p) ? 3 : 5 : 4);
    return bytes + (s->entries.is_dense ? 0 : filters * (size_t)(vd_c_count_bytes(p) - 1));
}

size_t vd_c_map_bytes(const vd_c_plan *p, const vd_c_map *m)
{
    return (size_t)m->room * m->size * (size_t)p->value_bits / 8;
}

size_t vd_c_flash_bytes(const vd_c_plan *p)
{
    size_t bytes = 0;
    for (int k = 0; k < p->n; ++k) bytes += vd_c_stage_bytes(p, p->stages + k);
    return bytes;
}

size_t vd_c_ram_bytes(const vd_c_plan *p)
{
    return p->memory * (size_t)p->value_bits / 8 + p->sums * 4 + (size_t)p->n_maps * MAP_STRUCT +
           (size_t)p->n * INTEGER;
}
