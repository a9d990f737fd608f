/* OUT.c and OUT.h: the network as C99 */
#include "export/format.h"
#include "export/c/emit.h"
#include "export/c/interpret.h"
#include "export/c/quantise.h"
#include "base/fail.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* how much more than the largest value of the calibration a map of 16 bits can hold: pictures show what there will be,
 * random numbers do not */
static const double margin_of_pictures = 2, margin_of_numbers = 8;

static double margin_of(const vd_exporting *e)
{
    return e->o->pictures ? margin_of_pictures : margin_of_numbers;
}

/* the largest difference that integers may have, of the largest output: more is no rounding */
static const double grossly_wrong = .5;

static void refuse(const vd_exporting *e)
{
    if (!e->o->fuse) vd_die("darknet vd export: -format c folds batch normalisation: leave out -no-fuse");
}

/* ---- the check ---- */

/* the layer whose output an answer is */
static int answered_layer(const vd_model *m, const vd_c_stage *s)
{
    const vd_model_layer *l = m->layers + s->layer;
    return l->type == SOFTMAX || l->type == YOLO ? vd_layer_of_source(l->sources[0]) : s->layer;
}

/* [n] pictures of one layer of the masked network */
static const float *masked_of(const vd_exporting *e, int layer, size_t *count)
{
    for (int k = 0; k < e->masked.n; ++k)
        if (e->masked.layer[k] == layer) {
            *count = e->masked.count[k] / e->n;
            return e->masked.value[k];
        }
    vd_die("%s: layer %d: not written as C: it has no output to compare with", e->o->cfg, layer);
}

typedef struct {
    vd_difference difference;
    int same, n; /* pictures whose largest output is the same one, of a classifier */
} comparison;

/* outputs  [pictures][outputs] */
static comparison compare(const vd_c_plan *p, const vd_exporting *e, const float *outputs)
{
    comparison c = {.n = e->n};
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        if (s->kind != VD_C_ANSWER) continue;
        int layer = answered_layer(p->m, s);
        size_t count;
        const float *masked = masked_of(e, layer, &count);
        double most = 0, largest = 0, factor = p->m->layers[layer].factor;
        for (int i = 0; i < e->n; ++i) {
            const float *a = outputs + i * p->outputs + s->offset, *b = masked + i * count;
            for (size_t j = 0; j < count; ++j) {
                most = isfinite(a[j]) ? fmax(most, fabs(a[j] - factor * b[j])) : INFINITY;
                largest = fmax(largest, fabs(factor * b[j]));
            }
            c.same += max_index((float *)a, (int)count) == max_index((float *)b, (int)count);
        }
        double relative = most == 0 ? 0 : most / largest;
        if (relative > c.difference.relative) c.difference = (vd_difference){relative, layer};
    }
    return c;
}

/* outputs of all pictures, as numbers */
static float *run_pictures(const vd_c_plan *p, const vd_exporting *e)
{
    float *outputs = vd_calloc(e->n * p->outputs, sizeof(float));
    int32_t *integers = vd_calloc(p->outputs, sizeof(int32_t));
    uint8_t *pixels = vd_c_pixels(e->n * p->inputs, e->pictures);
    for (int i = 0; i < e->n; ++i) {
        float *output = outputs + i * p->outputs;
        if (!p->is_int8) {
            vd_c_run_float(p, e->pictures + i * p->inputs, output, 0);
            continue;
        }
        vd_c_run_int8(p, pixels + i * p->inputs, integers);
        for (size_t k = 0; k < p->outputs; ++k) output[k] = (float)(integers[k] * vd_c_output_step(p));
    }
    free(integers);
    free(pixels);
    return outputs;
}

/* ---- the files ---- */

/* the last part of a path as an identifier, with "net_" in front where it cannot begin one or is taken */
static char *identifier_of(const char *last)
{
    char *name = vd_format("net_%s", last);
    for (char *c = name; *c; ++c)
        if (!isalnum((unsigned char)*c) || (unsigned char)*c > 127) *c = '_';
    int is_whole = isalpha((unsigned char)*last) && !vd_c_is_taken(name + strlen("net_"));
    if (is_whole) memmove(name, name + strlen("net_"), strlen(last) + 1);
    return name;
}

static char *capitals_of(const char *name)
{
    char *big = vd_format("%s", name);
    for (char *c = big; *c; ++c) *c = (char)toupper((unsigned char)*c);
    return big;
}

/* input and output of the self test: the first picture, or numbers that the file draws itself */
static void *test_output(const vd_c_plan *p, const void *input)
{
    void *output = vd_calloc(p->outputs, sizeof(int32_t));
    if (p->is_int8) vd_c_run_int8(p, input, output);
    else vd_c_run_float(p, input, output, 0);
    return output;
}

static void emit(const vd_c_plan *p, const vd_exporting *e, const char *note, FILE *c, FILE *h)
{
    uint8_t *pixels = vd_c_pixels(p->inputs, e->pictures);
    void *drawn = vd_c_test_input(p);
    const void *first = p->is_int8 ? (const void *)pixels : e->pictures;
    void *output = test_output(p, drawn ? drawn : first);
    char *name = identifier_of(vd_file_name(e->o->out)), *big = capitals_of(name);
    vd_c_about about = {.file = vd_file_name(e->o->out),
                        .name = name,
                        .big = big,
                        .cfg = vd_file_name(e->o->cfg),
                        .weights = vd_file_name(e->o->weights),
                        .note = note,
                        .input = drawn ? 0 : first,
                        .output = output};
    vd_c_emit_source(p, &about, c);
    vd_c_emit_header(p, &about, h);
    free(name), free(big), free(output), free(drawn), free(pixels);
}

static char *calibration_of(const vd_exporting *e)
{
    const char *inputs = e->o->pictures ? "pictures" : "inputs of random numbers";
    if (e->o->values != 8)
        return vd_format("Ranges of the maps are %g times those on %d %s.", margin_of(e), e->n, inputs);
    return vd_format("Ranges of the maps are %g times those on %d %s, of an output of two bytes %g times.",
                     VD_C_MARGIN_OF_BYTES, e->n, inputs, margin_of(e));
}

static char *note_of(const vd_c_plan *p, const comparison *c, const vd_exporting *e)
{
    char *bytes = vd_format("tables: %zu bytes, static data: %zu bytes", vd_c_flash_bytes(p), vd_c_ram_bytes(p));
    char *same = p->n_heads ? vd_format("%s", "") : vd_format("\nsame class: %d of %d", c->same, c->n);
    char *advice =
        !p->is_int8 || e->o->pictures
            ? vd_format("%s", "")
            : vd_format("\nranges are from random numbers: give pictures, or -calibrate DATA, for better ones");
    char *note = vd_format("%s%s%s", bytes, same, advice);
    free(bytes), free(same), free(advice);
    return note;
}

static void quantise(vd_c_plan *p, const vd_exporting *e)
{
    vd_c_refuse_int8(p, e->o->cfg);
    vd_c_quantise(p, e->o->cfg, e->n, e->pictures, margin_of(e));
    for (int k = 0; k < p->n; ++k)
        if (p->stages[k].kind == VD_C_ANSWER && p->maps[p->stages[k].in[0].map].step != vd_c_output_step(p))
            vd_die("%s: layer %d [%s]: not written with -int8: its map and those of other heads have different steps",
                   e->o->cfg, p->stages[k].layer, p->m->layers[p->stages[k].layer].section);
}

static void check(const vd_c_plan *p, const char *path, vd_difference d)
{
    if (!p->is_int8) vd_export_check(path, d, VD_EXPORT_TOLERANCE, "");
    if (p->is_int8 && !(d.relative <= grossly_wrong))
        vd_die(
            "%s: not written: outputs of layer %d in integers differ by %.3g of the largest output, more than %g: give "
            "other pictures, or leave out -int8",
            path, d.layer, d.relative, grossly_wrong);
}

static void write_c(const vd_exporting *e, vd_export_result *r)
{
    vd_c_plan *p = make_vd_c_plan(e->m, e->o->cfg, e->o->int8, e->o->values ? e->o->values : 16);
    struct stat s;
    if (e->o->int8) quantise(p, e);
    float *outputs = run_pictures(p, e);
    comparison c = compare(p, e, outputs);
    char *path = vd_format("%s.c", e->o->out), *note = e->o->int8 ? calibration_of(e) : vd_format("%s", "");
    check(p, path, c.difference);
    vd_output source = vd_export_open(e->o, "c", e->o->weights), header = vd_export_open(e->o, "h", e->o->cfg);
    emit(p, e, note, source.fp, header.fp);
    vd_output_sync(&source);
    vd_output_sync(&header);
    r->file[1] = stat(source.temporary, &s) ? 0 : (long long)s.st_size;
    r->difference = c.difference;
    r->note = note_of(p, &c, e);
    vd_output_close_all(2, (vd_output *[]){&header, &source});
    free(outputs), free(path), free(note);
    free_vd_c_plan(p);
}

const vd_export_format vd_c_format = {.name = "c",
                                      .ending = "c",
                                      .compacts = 1,
                                      .absorbs = 1,
                                      .gives_logits = 1,
                                      .has_int8 = 1,
                                      .refuse = refuse,
                                      .write = write_c};
