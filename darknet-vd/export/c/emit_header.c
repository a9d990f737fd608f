#include "export/c/emit_parts.h"

#include <string.h>

static void write_head(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    const vd_c_map *in = p->maps;
    fprintf(fp, "/* %s: a neural network. %s.c tells what it is made of. */\n", a->name, a->file);
    fprintf(fp, "#ifndef %s_H\n#define %s_H\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
            a->big, a->big);
    fprintf(fp, "#define %s_INPUTS %zu /* %d x %d x %d: channels, height, width */\n", a->big, p->inputs, in->channels,
            in->h, in->w);
    fprintf(fp, "#define %s_CHANNELS %d\n#define %s_HEIGHT %d\n#define %s_WIDTH %d\n", a->big, in->channels, a->big,
            in->h, a->big, in->w);
    fprintf(fp, "#define %s_OUTPUTS %zu\n", a->big, p->outputs);
    fprintf(fp, "#define %s_FLASH_BYTES %zu /* of tables, */\n", a->big, vd_c_flash_bytes(p));
    fprintf(fp, "#define %s_RAM_BYTES %zu   /* of static data, with pointers and integers of 32 bits */\n", a->big,
            vd_c_ram_bytes(p));
    if (!p->is_int8) return;
    fprintf(fp, "#define %s_OUTPUT_STEP ", a->big);
    vd_c_emit_float(vd_c_output_step(p), fp);
    fprintf(fp, " /* an output is this times its integer */\n");
}

/* macros are in capitals; these can be written as the file is, too */
static void write_other_spelling(const vd_c_about *a, FILE *fp)
{
    static const char *const sizes[] = {"INPUTS", "OUTPUTS", "FLASH_BYTES", "RAM_BYTES"};
    if (!strcmp(a->name, a->big)) return;
    fputc('\n', fp);
    for (int i = 0; i < 4; ++i) fprintf(fp, "#define %s_%s %s_%s\n", a->name, sizes[i], a->big, sizes[i]);
    fprintf(fp, "#if defined(%s_SELF_TEST) && !defined(%s_SELF_TEST)\n#define %s_SELF_TEST\n#endif\n", a->name, a->big,
            a->big);
}

static void write_maps(const vd_c_plan *p, FILE *fp)
{
    size_t at = 0;
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        const vd_c_map *m = p->maps + s->in[0].map;
        if (s->kind != VD_C_ANSWER) continue;
        fprintf(fp, " *     from %zu on: [%d][%d][%d], what layer %d [%s] reads\n", at, s->in[0].channels, m->h, m->w,
                s->layer, p->m->layers[s->layer].section);
        at += (size_t)s->in[0].channels * m->h * m->w;
    }
}

static void write_predict(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    const char *in = p->is_int8 ? "uint8_t" : "float", *out = p->is_int8 ? "int32_t" : "float";
    fprintf(fp, "\n/* The network's answer to one picture.\n *\n *   input    [channels][height][width] %s\n",
            p->is_int8 ? "pixels, 0..255" : "pixels / 255: 0..1");
    if (p->n_heads) {
        fprintf(fp, " *   output   the maps before the heads, one after the other:\n");
        write_maps(p, fp);
    } else {
        fprintf(fp, " *   output   what the last layer before [softmax] gives: the largest one is the answer of a "
                    "classifier\n");
    }
    fprintf(fp, " *\n * The functions work in static memory: they cannot be called from two threads or an interrupt at "
                "a time. */\n");
    fprintf(fp, "void %s_predict(const %s input[%s_INPUTS], %s output[%s_OUTPUTS]);\n\n", a->name, in, a->big, out,
            a->big);
    fprintf(fp,
            "/* The same with a row at a time, so that no picture need be in memory: begin, then row after row from "
            "the top.\n"
            " *\n *   pixels   of the row: that of channel c and column x is pixels[c * channel_step + x]\n"
            " *   output   the same at each call; complete after the last row */\n"
            "void %s_begin(void);\nvoid %s_row(const %s *pixels, int channel_step, %s output[%s_OUTPUTS]);\n",
            a->name, a->name, in, out, a->big);
    fprintf(fp,
            "\n#ifdef %s_SELF_TEST\n/* 0 when a stored input is answered as where the file was made */\nint "
            "%s_self_test(void);\n#endif\n",
            a->big, a->name);
}

static int most_classes(const vd_c_plan *p)
{
    int most = 1;
    for (int k = 0; k < p->n_heads; ++k)
        if (p->m->layers[p->heads[k]].head.classes > most) most = p->m->layers[p->heads[k]].head.classes;
    return most;
}

static void write_decode(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    fprintf(fp, "\n#ifdef %s_DECODE\n#define %s_CLASSES %d\n\n", a->big, a->big, most_classes(p));
    fprintf(fp,
            "/* centre and size are relative to the network's input */\ntypedef struct {\n    float x, y, w, h;\n    "
            "float objectness;\n"
            "    float scores[%s_CLASSES]; /* objectness times class; 0 up to the threshold */\n} %s_box;\n\n",
            a->big, a->name);
    fprintf(fp, "/* boxes of an output, those whose objectness is above the threshold, before non-maximum suppression. "
                "Returns how many\n"
                " * there are; the first `room` of them are written. Needs expf() of <math.h> */\n");
    fprintf(fp, "int %s_decode(const %s output[%s_OUTPUTS], float threshold, %s_box *boxes, int room);\n#endif\n",
            a->name, p->is_int8 ? "int32_t" : "float", a->big, a->name);
}

void vd_c_emit_header(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    write_head(p, a, fp);
    write_other_spelling(a, fp);
    write_predict(p, a, fp);
    if (p->n_heads) write_decode(p, a, fp);
    fprintf(fp, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
