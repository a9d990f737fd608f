#include "export/c/emit_parts.h"
#include "base/text.h"
#include "base/version.h"

#include <stdlib.h>

#include "activations.h"

/* ---- the sheet ---- */

static const char *format_of(const vd_c_plan *p)
{
    return p->value_bits == 8 ? "-format c -int8 -values 8" : p->is_int8 ? "-format c -int8" : "-format c";
}

/* "5 x 5 / 2, relu": what a stage does, for the sheet; a fresh string */
static char *detail_of(const vd_c_plan *p, const vd_c_stage *s)
{
    const vd_model_layer *l = p->m->layers + s->layer;
    int is_window = s->kind == VD_C_POOL || (s->kind == VD_C_PRODUCT && l->type == CONVOLUTIONAL);
    char *window = is_window ? vd_format(" %d x %d", s->size, s->size) : vd_format("%s", "");
    char *stride = *window && s->stride > 1 ? vd_format(" / %d", s->stride) : vd_format("%s", "");
    char *pool = s->pooled ? vd_format(", max %d x %d", 1 << s->pooled, 1 << s->pooled) : vd_format("%s", "");
    const char *name = s->activation == LINEAR ? "" : get_activation_string(s->activation);
    char *text = vd_format("%s%s%s%s%s%s", l->section, window, stride, *name ? " " : "", name, pool);
    free(window), free(stride), free(pool);
    return text;
}

static double sums_of(const vd_c_stage *s)
{
    double entries = s->kind == VD_C_PRODUCT ? s->entries.n : 0;
    return entries * s->turns * s->width;
}

static void write_line(const vd_c_plan *p, const vd_c_stage *s, FILE *fp)
{
    const vd_c_map *m = p->maps + s->out;
    char *detail = detail_of(p, s),
         *map = vd_format("%d x %d x %d", s->wide ? m->channels / 2 : m->channels, m->h, m->w);
    fprintf(fp, " *   %3d  %-36s %16s %8d %-6s %9zu %9zu %12.0f\n", s->layer, detail, map, s->entries.n,
            s->kind != VD_C_PRODUCT ? ""
            : s->entries.is_dense   ? "dense"
                                    : "sparse",
            vd_c_stage_bytes(p, s), vd_c_map_bytes(p, m), sums_of(s));
    free(detail), free(map);
}

static void write_totals(const vd_c_plan *p, FILE *fp)
{
    double sums = 0;
    int entries = 0;
    for (int k = 0; k < p->n; ++k) sums += sums_of(p->stages + k), entries += p->stages[k].entries.n;
    fprintf(fp, " *        %-36s %16s %8d %-6s %9zu %9zu %12.0f\n", "all", "", entries, "", vd_c_flash_bytes(p),
            vd_c_ram_bytes(p), sums);
}

/* the comment at the top of the file */
static void emit_sheet(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    const vd_c_map *in = p->maps;
    char *map = vd_format("%d x %d x %d", in->channels, in->h, in->w);
    fprintf(fp, "/* %s: a neural network, made from %s and %s\n", a->name, a->cfg, a->weights);
    fprintf(fp, " * by `darknet vd export %s` of darknet-vd %s. Change those, not this file.\n *\n", format_of(p),
            vd_version());
    fprintf(fp, " *        layer                                 what it makes  entries              flash       RAM  "
                "multiply-adds\n");
    fprintf(fp, " *        %-36s %16s %8s %-6s %9s %9zu\n", "input", map, "", "", "", vd_c_map_bytes(p, in));
    for (int k = 0; k < p->n; ++k)
        if (p->stages[k].kind != VD_C_ANSWER) write_line(p, p->stages + k, fp);
    write_totals(p, fp);
    fprintf(fp, " *\n * Bytes of tables and of static data with integers and pointers of 32 bits. The code comes on "
                "top. Of each map only\n"
                " * the rows are kept that a layer still reads, and maps that are not in use at one time share memory. "
                "An entry is a\n"
                " * weight, or a zero on the way to one that is more than 255 values away.\n");
    if (*a->note) fprintf(fp, " *\n * %s\n", a->note);
    fprintf(fp, " */\n");
    free(map);
}

double vd_c_output_step(const vd_c_plan *p)
{
    const vd_c_stage *last = p->stages + p->n - 1;
    return p->maps[last->in[0].map].step;
}

/* ---- the file ---- */

void vd_c_emit_source(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    emit_sheet(p, a, fp);
    fprintf(fp, "#include \"%s.h\"\n\n", a->file);
    if (vd_c_needs_math(p)) fprintf(fp, "#include <math.h>\n\n");
    vd_c_emit_functions(p, fp);
    vd_c_emit_tables(p, fp);
    vd_c_emit_layers(p, fp);
    vd_c_emit_interface(p, a, fp);
    vd_c_emit_self_test(p, a, fp);
    vd_c_emit_decode(p, a, fp);
}
