#include "export/export.h"
#include "export/readers.h"
#include "export/removal.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include "network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RANDOM_PICTURES = 8 };

static char *read_text(const char *path)
{
    FILE *fp = fopen(path, "rb");
    char *text = 0;
    size_t room = 0;
    if (!fp) vd_die("%s: cannot open: %s", path, strerror(errno));
    errno = 0;
    if (getdelim(&text, &room, 0, fp) < 0) vd_die("%s: cannot read: %s", path, errno ? strerror(errno) : "empty");
    fclose(fp);
    return text;
}

static long long file_size(const char *path)
{
    struct stat s;
    return stat(path, &s) ? 0 : (long long)s.st_size;
}

/* ---- the two files ---- */

typedef struct {
    vd_output cfg, weights;
} outputs;

static void check_target(const char *path, const char *source)
{
    struct stat target;
    if (!stat(path, &target) && !S_ISREG(target.st_mode)) vd_die("%s: exists but is not a regular file", path);
    if (vd_same_file(path, source)) vd_die("%s: would overwrite the file to export: choose another name", path);
}

/* OUT.weights while it is in place and OUT.cfg is not: it is removed when the program ends in between */
static char *without_cfg;

static void remove_without_cfg(void)
{
    if (without_cfg) remove(without_cfg);
}

static vd_output open_output(vd_export_options o, const char *ending, const char *source)
{
    char *path = vd_format("%s.%s", o.out, ending);
    check_target(path, source);
    vd_output out = vd_output_open(path);
    free(path);
    return out;
}

static outputs write_files(vd_export_options o, const char *text, const vd_model *m)
{
    outputs out;
    out.weights = open_output(o, "weights", o.weights);
    out.cfg = open_output(o, "cfg", o.cfg);
    fputs(text, out.cfg.fp);
    vd_model_write(m, out.weights.fp);
    vd_output *both[] = {&out.cfg, &out.weights};
    for (int i = 0; i < 2; ++i)
        if (fflush(both[i]->fp) || ferror(both[i]->fp) || fsync(fileno(both[i]->fp)))
            vd_die("%s: not written: %s", both[i]->path, strerror(errno));
    return out;
}

static void close_files(outputs out)
{
    if (atexit(remove_without_cfg)) vd_die("out of memory");
    char *weights = vd_format("%s", out.weights.path);
    vd_output_close(&out.weights);
    without_cfg = weights;
    vd_output_close(&out.cfg);
    free(without_cfg);
    without_cfg = 0;
}

/* ---- the network ---- */

static vd_export_line *measure(const vd_model *m, int *n)
{
    vd_export_line *lines = vd_calloc(m->n, sizeof(*lines));
    *n = 0;
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        if (!l->filters) continue;
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

static char *exported_text(vd_export_options o, const vd_model *m)
{
    vd_cfg_change *changes = vd_reader_changes(m, o.fuse);
    char *text = read_text(o.cfg), *exported = vd_cfg_text_export(text, m->n, changes);
    free_vd_reader_changes(m->n, changes);
    free(text);
    return exported;
}

/* OpenCV looks for its weights after the variances, Darknet writes them before the scales */
static void refuse_normalized_connected(const vd_model *m, const char *filename)
{
    for (int i = 0; i < m->n; ++i)
        if (m->layers[i].type == CONNECTED && m->layers[i].scales)
            vd_die(
                "%s: layer %d [%sconnected]: not exported with -no-fuse: OpenCV reads the weights of batch_normalize=1 "
                "in another order",
                filename, i, m->layers[i].variational ? "vd_" : "");
}

/* the outputs the exported network must have; *m is the model it is made from */
static vd_outputs read_network(vd_export_options o, vd_model **m, int *n, float **pictures)
{
    network *net = load_network((char *)o.cfg, (char *)o.weights, 0);
    *m = make_vd_model(net, o.cfg);
    *n = o.pictures ? o.pictures : RANDOM_PICTURES;
    *pictures = o.pictures ? vd_pictures_load(net, o.cfg, *n, o.files) : vd_pictures_random(net, *n);
    vd_outputs masked = vd_outputs_of(net, *m, 0, *n, *pictures);
    free_network(net);
    return masked;
}

static vd_difference check_files(outputs out, const vd_model *m, int n, const float *pictures, vd_outputs masked)
{
    network *net = load_network(out.cfg.temporary, out.weights.temporary, 0);
    vd_outputs exported = vd_outputs_of(net, m, vd_reader_front(m), n, pictures);
    vd_difference d = vd_outputs_compare(m, exported, masked);
    free_vd_outputs(exported);
    free_network(net);
    return d;
}

vd_export_result vd_export(vd_export_options o)
{
    vd_export_result r = {0};
    vd_model *m;
    float *pictures;
    vd_outputs masked = read_network(o, &m, &r.pictures, &pictures);
    r.lines = measure(m, &r.n);
    r.total[0] = vd_model_total(m);
    r.file[0] = file_size(o.weights);
    if (o.fuse) vd_model_fuse(m);
    else refuse_normalized_connected(m, o.cfg);
    vd_model_fold(m);
    if (o.compact) compact(m, &r);
    measure_again(m, &r);
    char *text = exported_text(o, m);
    outputs out = write_files(o, text, m);
    r.file[1] = file_size(out.weights.temporary);
    r.difference = check_files(out, m, r.pictures, pictures, masked);
    if (r.difference.relative > VD_EXPORT_TOLERANCE)
        vd_die("%s: not written: outputs of layer %d differ by %.3g of the largest output, more than %g%s",
               out.cfg.path, r.difference.layer, r.difference.relative, VD_EXPORT_TOLERANCE,
               o.fuse ? "; -no-fuse may help" : "");
    close_files(out);
    vd_reader_warn(m, o.cfg);
    free(text);
    free(pictures);
    free_vd_outputs(masked);
    free_vd_model(m);
    return r;
}

void free_vd_export_result(vd_export_result r)
{
    for (int k = 0; k < r.n; ++k) free(r.lines[k].why);
    free(r.lines);
}
