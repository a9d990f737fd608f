/* OUT.onnx: the graph of onnx_graph.h in one file. What was written is read back and run by onnx/evaluate.h, and
 * compared with the masked network. */
#include "export/format.h"
#include "export/onnx_check.h"
#include "export/onnx_graph.h"
#include "onnx/quantize.h"
#include "base/fail.h"
#include "base/text.h"
#include "base/version.h"

#include <stdlib.h>
#include <sys/stat.h>

/* largest differences, as a share of the largest output: of halves, which have 11 bits; of 8-bit numbers, where only a
 * mistake makes more */
#define HALVES_TOLERANCE 5e-2
#define INT8_TOLERANCE .5

static void refuse(const vd_exporting *e)
{
    int heads = 0;
    vd_onnx_refuse(e->m, e->o->cfg);
    for (int i = 0; i < e->m->n; ++i) heads += e->m->layers[i].head.n > 0;
    if (e->o->nms && !heads) vd_die("%s: -nms: there is no [yolo] or [region], whose boxes it is for", e->o->cfg);
}

/* the ranges of the activations on the pictures of int8, in the float graph */
static void quantize(const vd_exporting *e, vd_onnx_graph *g)
{
    const vd_export_options *o = e->o;
    network *net = load_network((char *)o->cfg, (char *)o->weights, 0);
    float *pictures = vd_pictures_load(net, o->cfg, o->ranges, o->range_files);
    vd_onnx_quantize(g, o->out, o->ranges, pictures);
    free(pictures);
    free_network(net);
}

/* of the file as it is read back */
static vd_difference difference_of_file(const vd_exporting *e, const vd_onnx_building *b, const char *path)
{
    vd_onnx_graph *g = vd_onnx_read(path);
    vd_difference d = vd_onnx_difference(e, b, g, path);
    free_vd_onnx_graph(g);
    return d;
}

static double tolerance_of(const vd_export_options *o)
{
    return o->ranges ? INT8_TOLERANCE : o->half ? HALVES_TOLERANCE : VD_EXPORT_TOLERANCE;
}

/* where NonMaxSuppression keeps other boxes than Darknet does; null: nowhere */
static char *note_of_nms(const vd_model *m)
{
    for (int i = 0; i < m->n; ++i)
        if (m->layers[i].head.beta_nms != 0)
            return vd_format("-nms: layer %d [yolo]: nms_kind= keeps boxes that overlap where their middles are apart; "
                             "ONNX's NonMaxSuppression takes the overlap alone",
                             i);
    return 0;
}

static void write_onnx(const vd_exporting *e, vd_export_result *r)
{
    struct stat s;
    const vd_export_options *o = e->o;
    vd_onnx_building b = make_vd_onnx_building(e->m, o->half, o->sparse, o->nms);
    char *cfg = vd_export_cfg_text(o), *path = vd_format("%s.onnx", o->out);
    vd_onnx_add_note(b.g, "darknet_cfg", cfg);
    vd_onnx_add_note(b.g, "darknet_vd", vd_version());
    if (o->ranges) {
        vd_export_check(path, vd_onnx_difference(e, &b, b.g, path), VD_EXPORT_TOLERANCE, "");
        quantize(e, b.g);
    }
    vd_output out = vd_export_open(o, "onnx", o->weights);
    vd_onnx_write(b.g, out.fp);
    vd_output_sync(&out);
    r->file[1] = stat(out.temporary, &s) ? 0 : (long long)s.st_size;
    r->difference = difference_of_file(e, &b, out.temporary);
    vd_export_check(path, r->difference, tolerance_of(o), "");
    vd_output_close(&out);
    if (o->nms) r->note = note_of_nms(e->m);
    free_vd_onnx_building(&b);
    free(cfg);
    free(path);
}

const vd_export_format vd_onnx_format = {
    .name = "onnx", .ending = "onnx", .has_int8 = 1, .refuse = refuse, .write = write_onnx};
