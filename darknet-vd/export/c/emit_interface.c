#include "export/c/emit_parts.h"
#include "base/fail.h"

#include <stdlib.h>

enum {
    MOST_STORED = 4096, /* inputs of the self test that are stored; more are drawn */
    MOST_ANSWERS = 256  /* of its outputs that are compared */
};

static const char *input_type(const vd_c_plan *p)
{
    return p->is_int8 ? "uint8_t" : "float";
}

static const char *output_type(const vd_c_plan *p)
{
    return p->is_int8 ? "int32_t" : "float";
}

/* ---- NAME_begin(), NAME_row(), NAME_predict() ---- */

void vd_c_emit_interface(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    const vd_c_map *in = p->maps;
    fprintf(fp, "/* ---- interface ---- */\n\nvoid %s_begin(void)\n{\n", a->name);
    for (int k = 0; k < p->n_maps; ++k) {
        char *name = vd_c_map_name(p, k);
        fprintf(fp, "    %s.made = 0;\n", name);
        free(name);
    }
    for (int k = 0; k < p->n; ++k) {
        char *name = vd_c_stage_name(p->stages + k);
        fprintf(fp, "    done.%s = 0;\n", name);
        free(name);
    }
    fprintf(fp, "}\n\nvoid %s_row(const %s *pixels, int channel_step, %s output[%s_OUTPUTS])\n{\n", a->name,
            input_type(p), output_type(p), a->big);
    fprintf(fp, "    value *row = open_row(&input)");
    if (in->pad) fprintf(fp, " + %d", in->pad);
    fprintf(fp,
            ";\n    for (int c = 0; c < %d; ++c)\n        for (int x = 0; x < %d; ++x) row[c * %d + x] = "
            "pixels[c * channel_step + x];\n    close_row(&input);\n    run(output);\n}\n\n",
            in->channels, in->w, vd_c_columns(in));
    fprintf(fp, "void %s_predict(const %s input_pixels[%s_INPUTS], %s output[%s_OUTPUTS])\n{\n    %s_begin();\n",
            a->name, input_type(p), a->big, output_type(p), a->big, a->name);
    if (in->h == 1) fprintf(fp, "    %s_row(input_pixels, %d, output);\n}\n", a->name, in->w);
    else
        fprintf(fp, "    for (int y = 0; y < %d; ++y) %s_row(input_pixels + y * %d, %d, output);\n}\n", in->h, a->name,
                in->w, in->h * in->w);
}

/* ---- the self test ---- */

/* the line of the generated file that draws the next input, and the same here */
static uint32_t next_state(uint32_t state)
{
    return state * 1664525u + 1013904223u;
}

/* in the order of the rows: a row of all channels after the other */
void *vd_c_test_input(const vd_c_plan *p)
{
    const vd_c_map *in = p->maps;
    uint32_t state = 1;
    if (p->inputs <= MOST_STORED) return 0;
    float *floats = vd_calloc(p->inputs, sizeof(float));
    uint8_t *pixels = vd_calloc(p->inputs, 1);
    for (int y = 0; y < in->h; ++y)
        for (int c = 0; c < in->channels; ++c)
            for (int x = 0; x < in->w; ++x) {
                size_t i = ((size_t)c * in->h + y) * in->w + x;
                state = next_state(state);
                pixels[i] = (uint8_t)(state >> 24);
                floats[i] = (float)(state >> 24) / 256;
            }
    free(p->is_int8 ? (void *)floats : (void *)pixels);
    return p->is_int8 ? (void *)pixels : (void *)floats;
}

static size_t step_of_answers(const vd_c_plan *p)
{
    return (p->outputs + MOST_ANSWERS - 1) / MOST_ANSWERS;
}

static void write_numbers(const char *name, size_t n, size_t step, const void *x, int integer, int bytes, FILE *fp)
{
    int column = 0;
    fprintf(fp, "static const %s %s[%zu] TABLE = {",
            !integer     ? "float"
            : bytes == 1 ? "uint8_t"
                         : "int32_t",
            name, (n + step - 1) / step);
    for (size_t i = 0; i < n; i += step) {
        fprintf(fp, column ? " " : "\n    ");
        if (!integer) vd_c_emit_float(((const float *)x)[i], fp);
        else fprintf(fp, "%d", bytes == 1 ? ((const uint8_t *)x)[i] : (int)((const int32_t *)x)[i]);
        fprintf(fp, ",");
        column = (column + 1) % (integer ? 16 : 8);
    }
    fprintf(fp, "\n};\n");
}

/* fill `row`, [channels][w] */
static void write_row_of_input(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    const vd_c_map *in = p->maps;
    if (a->input)
        fprintf(fp,
                "        for (int c = 0; c < %d; ++c)\n            for (int x = 0; x < %d; ++x)\n"
                "                row[c * %d + x] = %s(test_input + (c * %d + y) * %d + x);\n",
                in->channels, in->w, in->w, p->is_int8 ? "U8" : "F32", in->h, in->w);
    else
        fprintf(fp,
                "        for (int i = 0; i < %d; ++i) {\n            state = state * 1664525u + 1013904223u;\n"
                "            row[i] = %s;\n        }\n",
                in->channels * in->w, p->is_int8 ? "(uint8_t)(state >> 24)" : "(float)(state >> 24) / 256");
}

/* integers must be the same; a compiler may contract float products and sums */
static void write_comparison(const vd_c_plan *p, FILE *fp)
{
    size_t step = step_of_answers(p), n = (p->outputs + step - 1) / step;
    const char *index = step == 1 ? "i" : "i * STEP";
    if (step > 1) fprintf(fp, "    enum { STEP = %zu }; /* of the outputs that are compared */\n", step);
    if (p->is_int8) {
        fprintf(fp, "    for (int i = 0; i < %zu; ++i)\n        if (output[%s] != I32(test_output + i)) return 1;\n", n,
                index);
        return;
    }
    fprintf(fp,
            "    float largest = 0;\n    for (int i = 0; i < %zu; ++i) {\n        float x = F32(test_output + i);\n"
            "        if (x > largest) largest = x;\n        if (-x > largest) largest = -x;\n    }\n"
            "    for (int i = 0; i < %zu; ++i) {\n        float d = output[%s] - F32(test_output + i);\n"
            "        if (!(d <= 1e-4f * largest && -d <= 1e-4f * largest)) return 1;\n    }\n",
            n, n, index);
}

void vd_c_emit_self_test(const vd_c_plan *p, const vd_c_about *a, FILE *fp)
{
    const vd_c_map *in = p->maps;
    fprintf(fp, "\n#ifdef %s_SELF_TEST\n", a->big);
    if (a->input) write_numbers("test_input", p->inputs, 1, a->input, p->is_int8, 1, fp);
    write_numbers("test_output", p->outputs, step_of_answers(p), a->output, p->is_int8, 4, fp);
    fprintf(fp, "\nint %s_self_test(void)\n{\n    static %s row[%d];\n    static %s output[%s_OUTPUTS];\n", a->name,
            input_type(p), in->channels * in->w, output_type(p), a->big);
    if (!a->input) fprintf(fp, "    uint32_t state = 1;\n");
    fprintf(fp, "    %s_begin();\n    for (int y = 0; y < %d; ++y) {\n", a->name, in->h);
    write_row_of_input(p, a, fp);
    fprintf(fp, "        %s_row(row, %d, output);\n    }\n", a->name, in->w);
    write_comparison(p, fp);
    fprintf(fp, "    return 0;\n}\n#endif\n");
}
