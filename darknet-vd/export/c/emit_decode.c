#include "export/c/emit_parts.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static int most_anchors(const vd_c_plan *p)
{
    int most = 1;
    for (int k = 0; k < p->n_heads; ++k)
        if (p->m->layers[p->heads[k]].head.n > most) most = p->m->layers[p->heads[k]].head.n;
    return most;
}

static void write_head(const vd_c_plan *p, const vd_model_layer *l, const vd_c_map *m, int layer, FILE *fp)
{
    fprintf(fp, "static const head head%d = {%d, %d, %d, %d,\n                            {", layer, l->head.n,
            l->head.classes, m->h, m->w);
    for (int i = 0; i < l->head.n; ++i) {
        fprintf(fp, "%s{", i ? ", " : "");
        vd_c_emit_float((double)l->head.anchors[2 * i] / p->m->w, fp);
        fprintf(fp, ", ");
        vd_c_emit_float((double)l->head.anchors[2 * i + 1] / p->m->h, fp);
        fprintf(fp, "}%s", i % 3 == 2 && i + 1 < l->head.n ? "\n                            " : "");
    }
    fprintf(fp, "},\n                            ");
    vd_c_emit_float(l->head.scale_x_y, fp);
    fprintf(fp, ", %d};\n", l->head.new_coords);
}

static const char *type_of(const vd_c_plan *p)
{
    return p->is_int8 ? "int32_t" : "float";
}

/* the text, with what stands between @ put in */
static void write_text(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    char *anchors = vd_format("%d", most_anchors(p));
    const char *words[][2] = {{"type", type_of(p)}, {"name", a->name}, {"NAME", a->big}, {"anchors", anchors}};
    for (const char *at = vd_c_decode_text, *end; *at; at = *end ? strchr(end + 1, '@') + 1 : end) {
        end = strchrnul(at, '@');
        fwrite(at, 1, (size_t)(end - at), fp);
        for (size_t k = 0; *end && k < sizeof(words) / sizeof(*words); ++k)
            if (!strncmp(end + 1, words[k][0], strlen(words[k][0])) && end[1 + strlen(words[k][0])] == '@')
                fputs(words[k][1], fp);
        if (strncmp(end, "@step@", 6) || !p->is_int8) continue;
        fprintf(fp, " * ");
        vd_c_emit_float(vd_c_output_step(p), fp);
    }
    free(anchors);
}

void vd_c_emit_decode(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    if (!p->n_heads) return;
    fprintf(fp, "\n#ifdef %s_DECODE\n#include <math.h>\n\n", a->big);
    write_text(p, a, fp);
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        if (s->kind == VD_C_ANSWER) write_head(p, p->m->layers + s->layer, p->maps + s->in[0].map, s->layer, fp);
    }
    fprintf(fp,
            "\nint %s_decode(const %s output[%s_OUTPUTS], float threshold, %s_box *boxes, int room)\n{\n    int found "
            "= 0;\n",
            a->name, type_of(p), a->big, a->name);
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        if (s->kind != VD_C_ANSWER) continue;
        fprintf(fp, "    found = decode_head(output + %zu, &head%d, threshold, found, boxes, room);\n", s->offset,
                s->layer);
    }
    fprintf(fp, "    return found;\n}\n#endif\n");
}
