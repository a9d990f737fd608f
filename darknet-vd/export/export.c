#include "export/export.h"
#include "export/format.h"
#include "export/removal.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RANDOM_PICTURES = 8 };

static const vd_export_format *const formats[] = {&vd_darknet_format, &vd_c_format, &vd_onnx_format};

/* ---- what a format needs ---- */

vd_output vd_export_open(const vd_export_options *o, const char *ending, const char *source)
{
    struct stat target;
    char *path = vd_format("%s.%s", o->out, ending);
    if (!stat(path, &target) && !S_ISREG(target.st_mode)) vd_die("%s: exists but is not a regular file", path);
    if (vd_same_file(path, source)) vd_die("%s: would overwrite the file to export: choose another name", path);
    vd_output out = vd_output_open(path);
    free(path);
    return out;
}

char *vd_export_cfg_text(const vd_export_options *o)
{
    size_t n;
    return (char *)vd_input_bytes(o->cfg, &n);
}

void vd_export_check(const char *path, vd_difference d, double most, const char *advice)
{
    if (!(d.relative <= most))
        vd_die("%s: not written: outputs of layer %d differ by %.3g of the largest output, more than %g%s", path,
               d.layer, d.relative, most, advice);
}

/* ---- what changes ---- */

static vd_export_line *measure(const vd_model *m, int *n)
{
    vd_export_line *lines = vd_calloc(m->n, sizeof(*lines));
    *n = 0;
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        if (!l->filters || !l->columns) continue;
        vd_export_line *line = lines + (*n)++;
        line->index = i;
        line->section = l->section;
        line->filters[0] = line->filters[1] = l->filters;
        line->size[0] = line->size[1] = vd_model_layer_size(l);
        line->why = vd_format("%s", "");
    }
    return lines;
}

static void measure_again(const vd_model *m, vd_export_result *r)
{
    for (int k = 0; k < r->n; ++k) {
        const vd_model_layer *l = m->layers + r->lines[k].index;
        r->lines[k].filters[1] = l->filters;
        r->lines[k].size[1] = vd_model_layer_size(l);
    }
    r->total[1] = vd_model_total(m);
}

static void compact(vd_model *m, vd_export_result *r)
{
    vd_channels *ch = make_vd_channels(m);
    for (int k = 0; k < r->n; ++k) {
        free(r->lines[k].why);
        r->lines[k].why = vd_channels_why(ch, m, r->lines[k].index);
    }
    vd_model_compact(m, ch);
    free_vd_channels(ch);
}

/* ---- the export ---- */

static const vd_export_format *find_format(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i)
        if (!name || !strcmp(name, formats[i]->name)) return formats[i];
    char *known = 0;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i)
        vd_append(&known, "%s%s", i ? ", " : "", formats[i]->name);
    vd_die("darknet vd export: -format %s: one of %s is expected", name, known);
}

/* the outputs the exported network must have; *m is the model it is made from */
static vd_outputs read_network(const vd_export_options *o, vd_model **m, int *n, float **pictures)
{
    network *net = load_network((char *)o->cfg, (char *)o->weights, 0);
    *m = make_vd_model(net, o->cfg);
    *n = o->pictures ? o->pictures : RANDOM_PICTURES;
    *pictures = o->pictures ? vd_pictures_load(net, o->cfg, *n, o->files) : vd_pictures_random(net, *n);
    vd_outputs masked = vd_outputs_of(net, *m, 0, *n, *pictures);
    vd_outputs_check_finite(o->cfg, masked);
    free_network(net);
    return masked;
}

vd_export_result vd_export(vd_export_options o)
{
    const vd_export_format *format = find_format(o.format);
    vd_check_stem(o.out);
    if (o.int8 && !format->has_int8) vd_die("darknet vd export: -int8 is of -format c and onnx");
    if (o.values && !o.int8) vd_die("darknet vd export: -values is of -int8");
    vd_export_result r = {.ending = format->ending};
    vd_model *m;
    float *pictures;
    struct stat source;
    vd_outputs masked = read_network(&o, &m, &r.pictures, &pictures);
    r.lines = measure(m, &r.n);
    r.total[0] = vd_model_total(m);
    r.file[0] = stat(o.weights, &source) ? 0 : (long long)source.st_size;
    vd_exporting e = {.o = &o, .m = m, .masked = masked, .n = r.pictures, .pictures = pictures};
    format->refuse(&e);
    if (o.fuse) vd_model_fuse(m);
    vd_model_agree_on_epsilon(m);
    if (format->absorbs) vd_model_absorb(m);
    if (format->gives_logits) m->layers[m->output].temperature = 1;
    vd_model_fold(m);
    if (o.compact || format->compacts) compact(m, &r);
    measure_again(m, &r);
    if (format->absorbs) vd_model_make_products(m);
    format->write(&e, &r);
    free(pictures);
    free_vd_outputs(masked);
    free_vd_model(m);
    return r;
}

void free_vd_export_result(vd_export_result r)
{
    for (int k = 0; k < r.n; ++k) free(r.lines[k].why);
    free(r.lines);
    free(r.note);
}
