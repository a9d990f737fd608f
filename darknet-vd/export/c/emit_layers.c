/* Sentences (1) to (6) are those of plan.h. A map of the file has its `made`; what is open follows from the turns that
 * its stage has had, done.layerN. */
#include "export/c/emit_parts.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

char *vd_c_stage_title(const vd_c_plan *p, const vd_c_stage *s)
{
    const vd_model_layer *l = p->m->layers;
    if (s->kind == VD_C_ANSWER)
        return s->layer == p->m->output && !p->n_heads
                   ? vd_format("%s", "the output")
                   : vd_format("the map that layer %d [%s] reads", s->layer, l[s->layer].section);
    if (s->last == s->layer) return vd_format("layer %d [%s]", s->layer, l[s->layer].section);
    return vd_format("layers %d [%s] and %d [%s]", s->layer, l[s->layer].section, s->last, l[s->last].section);
}

char *vd_c_map_name(const vd_c_plan *p, int map)
{
    return map ? vd_format("map%d", p->maps[map].layer) : vd_format("%s", "input");
}

char *vd_c_stage_name(const vd_c_stage *s)
{
    return vd_format("%s%d", s->kind == VD_C_ANSWER ? "output" : "layer", s->layer);
}

/* ---- static data ---- */

static void write_maps(const vd_c_plan *p, FILE *fp)
{
    fprintf(fp, "/* ---- memory ---- */\n\nstatic value memory[%zu];\n", p->memory);
    if (p->sums) fprintf(fp, "static sum sums[%zu];\n", p->sums);
    fprintf(fp, "\n");
    for (int k = 0; k < p->n_maps; ++k) {
        const vd_c_map *m = p->maps + k;
        char *name = vd_c_map_name(p, k);
        fprintf(fp, "static map %s = {memory + %zu, %d, %d, %d, 0}; /* %d x %d x %d */\n", name, m->at, m->room,
                m->size, m->pad, m->channels, m->h, m->w);
        free(name);
    }
    fprintf(fp, "\n/* rows that each layer has made, before they are pooled */\nstatic struct {\n    int ");
    for (int k = 0, column = 8; k < p->n; ++k) {
        char *name = vd_c_stage_name(p->stages + k);
        if (column + strlen(name) > 110) fprintf(fp, "\n        "), column = 8;
        column += fprintf(fp, "%s%s", name, k + 1 < p->n ? ", " : ";\n");
        free(name);
    }
    fprintf(fp, "} done;\n\n");
}

/* ---- a function for each stage ---- */

/* a stage that makes one row has no y */
static const char the_only_row[] = "0";

static const char *row_of(const vd_c_stage *s)
{
    return s->turns == 1 ? the_only_row : "y";
}

/* a turn's row: "y", "2 * y + 1", "y / 2" */
static char *row_text(const char *y, int mul, int div, int more)
{
    if (!strcmp(y, the_only_row)) mul = 0;
    char *scaled = div > 1   ? vd_format("%s / %d", y, div)
                   : mul > 1 ? vd_format("%d * %s", mul, y)
                   : mul     ? vd_format("%s", y)
                             : vd_format("%s", "");
    char *text = !*scaled   ? vd_format("%d", more)
                 : more > 0 ? vd_format("%s + %d", scaled, more)
                 : more < 0 ? vd_format("%s - %d", scaled, -more)
                            : vd_format("%s", scaled);
    free(scaled);
    return text;
}

/* ends that a pool does not cross are the only ones that need a comparison */
static char *first_row_text(vd_c_reads r, const char *y)
{
    char *row = row_text(y, r.mul, r.div, r.from);
    if (r.from >= r.low) return row;
    char *text = vd_format("(%s < %d ? %d : %s)", row, r.low, r.low, row);
    free(row);
    return text;
}

static char *end_row_text(vd_c_reads r, const char *y, int last_turn, int most)
{
    char *row = row_text(y, r.mul, r.div, r.to);
    if (last_turn * r.mul / r.div + r.to <= most) return row;
    char *text = vd_format("(%s > %d ? %d : %s)", row, most, most, row);
    free(row);
    return text;
}

/* made + open (4): "map1.made", "map1.made + done.layer1 % 2" */
static char *newest_text(const vd_c_plan *p, int m, const char *map)
{
    if (!p->maps[m].read_open) return vd_format("%s.made", map);
    const vd_c_stage *maker = vd_c_maker_of(p, m);
    char *name = vd_c_stage_name(maker);
    char *text = vd_format("%s.made + done.%s %% %d", map, name, vd_c_turns_of_row(maker));
    free(name);
    return text;
}

/* "row_of(&map1, map1.made, y) + 3" */
static char *source_text(const vd_c_plan *p, const vd_c_stage *s, int k, int pad)
{
    const vd_c_map *m = p->maps + s->in[k].map;
    char *map = vd_c_map_name(p, s->in[k].map), *row = first_row_text(vd_c_reads_of(p, s, k), row_of(s));
    char *newest = newest_text(p, s->in[k].map, map);
    int more = s->in[k].first * vd_c_columns(m) + m->pad - pad;
    char *text = more ? vd_format("row_of(&%s, %s, %s) + %d", map, newest, row, more)
                      : vd_format("row_of(&%s, %s, %s)", map, newest, row);
    free(map);
    free(newest);
    free(row);
    return text;
}

static void write_ratio(const vd_c_plan *p, double ratio, int integer, FILE *fp)
{
    if (p->is_int8) fprintf(fp, "%d", integer);
    else vd_c_emit_float(ratio, fp);
    fprintf(fp, ", ");
}

/* zeros below (5) are made where some turn reads them */
static void write_zeros(const vd_c_plan *p, const vd_c_stage *s, FILE *fp)
{
    vd_c_reads r = vd_c_reads_of(p, s, 0);
    if (vd_c_end_row(r, s->turns - 1) <= r.below) return;
    char *map = vd_c_map_name(p, s->in[0].map), *end = end_row_text(r, row_of(s), s->turns - 1, r.high);
    fprintf(fp, "    make_zeros(&%s, %s);\n", map, end);
    free(map), free(end);
}

static void write_product(const vd_c_stage *s, const char *name, const char *in, FILE *fp)
{
    fprintf(fp, "    %s_row%d(&%s, %s, ", s->entries.is_dense ? "dense" : "sparse", s->width >= 4 ? 4 : 1, name, in);
    if (s->pooled) fprintf(fp, "y %% %d, row);\n", vd_c_turns_of_row(s));
    else fprintf(fp, "0, row);\n");
}

static void write_pool(const vd_c_plan *p, const vd_c_stage *s, const char *in, int to, FILE *fp)
{
    const vd_c_map *m = p->maps + s->in[0].map;
    vd_c_reads r = vd_c_reads_of(p, s, 0);
    char *first = first_row_text(r, row_of(s)), *end = end_row_text(r, row_of(s), s->turns - 1, r.high);
    fprintf(fp, "    int rows = %s - %s%s%s;\n", end, *first == '(' ? "" : "(", first, *first == '(' ? "" : ")");
    fprintf(fp, "    pool_row(%s, %d, %d, rows, %d, %d, %d, %d, %d, %d, %d, row);\n", in, m->size, vd_c_columns(m),
            s->in[0].channels, m->w, s->size, s->stride, s->pad, p->maps[s->out].w, to);
    free(first);
    free(end);
}

static void write_join(const vd_c_plan *p, const vd_c_stage *s, int to, FILE *fp)
{
    int channels = 0;
    for (int k = 0; k < s->n_in; ++k) {
        const vd_c_map *m = p->maps + s->in[k].map;
        char *in = source_text(p, s, k, 0);
        fprintf(fp, "    join_row(%s, %d, %d, %d, ", in, vd_c_columns(m), s->in[k].channels, m->w);
        write_ratio(p, 1, s->factors[k], fp);
        fprintf(fp, "%d, row%s", to, channels ? " + " : "");
        if (channels) fprintf(fp, "%d", channels * to);
        fprintf(fp, ");\n");
        channels += s->in[k].channels;
        free(in);
    }
}

static void write_sum(const vd_c_plan *p, const vd_c_stage *s, const char *name, const char *in, int to, FILE *fp)
{
    const vd_c_map *a = p->maps + s->in[0].map, *b = p->maps + s->in[1].map;
    char *second = source_text(p, s, 1, 0);
    fprintf(fp, "    sum_row(&%s, %s, %d, ", name, in, vd_c_columns(a));
    write_ratio(p, s->alpha, s->factors[0], fp);
    write_ratio(p, 1, s->factors[2], fp);
    fprintf(fp, "\n            %s, %d, ", second, vd_c_columns(b));
    write_ratio(p, s->beta, s->factors[1], fp);
    fprintf(fp, "%d, %d, %d, %d, row);\n", s->in[0].channels, s->in[1].channels, a->w, to);
    free(second);
}

static void write_reorder(const vd_c_plan *p, const vd_c_stage *s, const char *in, int to, FILE *fp)
{
    const vd_c_map *m = p->maps + s->in[0].map, *out = p->maps + s->out;
    if (s->reverse)
        fprintf(fp, "    square_row(%s, %d, %d, %d, %s, %d, %d, row);\n", in, vd_c_columns(m), out->channels, s->stride,
                row_of(s), out->w, to);
    else
        fprintf(fp, "    reorder_row(%s, %d, %d, %d, %d, %d, %d, %s, %d, row);\n", in, m->size, vd_c_columns(m),
                s->in[0].channels, m->h, m->w, s->stride, row_of(s), to);
}

/* of an upsample or an activation */
static void write_values(const vd_c_plan *p, const vd_c_stage *s, const char *name, const char *in, FILE *fp)
{
    const vd_c_map *m = p->maps + s->in[0].map, *out = p->maps + s->out;
    if (s->kind == VD_C_REPEAT)
        fprintf(fp, "    repeat_row(%s, %d, %d, %d, ", in, vd_c_columns(m), out->channels, s->stride);
    else fprintf(fp, "    bend_row(&%s, %s, %d, %d, %d, ", name, in, vd_c_columns(m), out->channels, m->w);
    write_ratio(p, s->alpha, s->factors[0], fp);
    if (s->kind == VD_C_REPEAT) fprintf(fp, "%d, ", out->w);
    fprintf(fp, "%d, row);\n", vd_c_columns(out));
}

/* the call that makes a row */
static void write_call(const vd_c_plan *p, const vd_c_stage *s, const char *name, FILE *fp)
{
    const vd_c_map *m = p->maps + s->in[0].map, *out = p->maps + s->out;
    int step = vd_c_columns(m), to = vd_c_columns(out);
    char *in = source_text(p, s, 0, s->kind == VD_C_PRODUCT ? s->pad : 0);
    if (s->kind == VD_C_PRODUCT) write_zeros(p, s, fp), write_product(s, name, in, fp);
    else if (s->kind == VD_C_POOL) write_pool(p, s, in, to, fp);
    else if (s->kind == VD_C_JOIN) write_join(p, s, to, fp);
    else if (s->kind == VD_C_SUM) write_sum(p, s, name, in, to, fp);
    else if (s->kind == VD_C_REORDER) write_reorder(p, s, in, to, fp);
    else if (s->kind == VD_C_MEAN)
        fprintf(fp, "    mean_row(%s, %d, %d, %s, %d, %d, sums + %zu, %d, row);\n", in, step, out->channels, row_of(s),
                m->h, m->w, s->offset, to);
    else write_values(p, s, name, in, fp);
    free(in);
}

/* the row stays open from the first turn that it takes to the last (3) */
static void write_stage(const vd_c_plan *p, const vd_c_stage *s, FILE *fp)
{
    char *title = vd_c_stage_title(p, s), *name = vd_c_stage_name(s), *map = vd_c_map_name(p, s->out);
    char *pad = p->maps[s->out].pad ? vd_format(" + %d", p->maps[s->out].pad) : vd_format("%s", "");
    int turns = vd_c_turns_of_row(s);
    char *had = s->pooled ? vd_format("y %% %d", turns) : vd_format("%s", "y"); /* turns of the row before this one */
    fprintf(fp, "/* %s */\nstatic void run_%s(%s)\n{\n    value *row = ", title, name,
            s->turns == 1 ? "void" : "int y");
    if (turns > 1) fprintf(fp, "(%s ? row_of(&%s, %s.made + 1, %s.made) : open_row(&%s))", had, map, map, map, map);
    else fprintf(fp, "open_row(&%s)", map);
    fprintf(fp, "%s;\n", pad);
    write_call(p, s, name, fp);
    if (turns > 1) fprintf(fp, "    if (%s == %d) ", had, turns - 1);
    else fprintf(fp, "    ");
    fprintf(fp, "close_row(&%s);\n}\n\n", map);
    free(had), free(title), free(name), free(map), free(pad);
}

static void write_answer(const vd_c_plan *p, const vd_c_stage *s, FILE *fp)
{
    const vd_c_map *m = p->maps + s->in[0].map;
    char *title = vd_c_stage_title(p, s), *name = vd_c_stage_name(s), *in = source_text(p, s, 0, 0);
    fprintf(fp, "/* %s */\nstatic void run_%s(%sanswer *output)\n{\n", title, name, s->turns == 1 ? "" : "int y, ");
    int low = vd_c_low_bytes(p, s->in[0].map);
    fprintf(fp, "    %s_row(%s, %d, ", low ? "wide" : "answer", in, vd_c_columns(m));
    if (low) fprintf(fp, "%d, ", low);
    fprintf(fp, "%d, %s, %d, %d, output", s->in[0].channels, row_of(s), m->h, m->w);
    if (s->offset) fprintf(fp, " + %zu", s->offset);
    fprintf(fp, ");\n}\n\n");
    free(title), free(name), free(in);
}

/* ---- which stage runs when ---- */

/* needed rows (6) of source k */
static void write_condition(const vd_c_plan *p, const vd_c_stage *s, int k, const char *turn, FILE *fp)
{
    vd_c_reads r = vd_c_reads_of(p, s, k);
    char *map = vd_c_map_name(p, s->in[k].map);
    char *end = end_row_text(r, turn, s->turns - 1, r.below < r.high ? r.below : r.high);
    fprintf(fp, " && %s.made >= %s", map, end);
    free(map), free(end);
}

static void write_turns(const vd_c_plan *p, const vd_c_stage *s, const char *name, const char *turn, FILE *fp)
{
    int once = s->turns == 1, is_answer = s->kind == VD_C_ANSWER;
    fprintf(fp, once ? "    if (!%s" : "    while (%s < %d", turn, s->turns);
    for (int i = 0; i < s->n_in; ++i) write_condition(p, s, i, once ? the_only_row : turn, fp);
    if (once) fprintf(fp, ") {\n        %s = 1;\n        run_%s(%s);\n    }\n", turn, name, is_answer ? "output" : "");
    else fprintf(fp, ")\n        run_%s(%s++%s);\n", name, turn, is_answer ? ", output" : "");
}

static void write_run(const vd_c_plan *p, FILE *fp)
{
    fprintf(fp, "/* whatever can be made of the rows so far */\nstatic void run(answer *output)\n{\n");
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        char *name = vd_c_stage_name(s), *turn = vd_format("done.%s", name);
        write_turns(p, s, name, turn, fp);
        free(name), free(turn);
    }
    fprintf(fp, "}\n\n");
}

void vd_c_emit_layers(const vd_c_plan *p, FILE *fp)
{
    write_maps(p, fp);
    fprintf(fp, "/* ---- layers: row y of each ---- */\n\n");
    for (int k = 0; k < p->n; ++k)
        (p->stages[k].kind == VD_C_ANSWER ? write_answer : write_stage)(p, p->stages + k, fp);
    write_run(p, fp);
}
