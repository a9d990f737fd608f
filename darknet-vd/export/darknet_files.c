/* OUT.cfg and OUT.weights for stock Darknet and other programs that read its files */
#include "export/format.h"
#include "export/readers.h"
#include "base/fail.h"

#include <stdlib.h>
#include <sys/stat.h>

static char *exported_text(const vd_exporting *e)
{
    vd_cfg_change *changes = vd_reader_changes(e->m, e->o->fuse);
    char *text = vd_export_cfg_text(e->o), *exported = vd_cfg_text_export(text, e->m->n, changes);
    free_vd_reader_changes(e->m->n, changes);
    free(text);
    return exported;
}

/* OpenCV looks for its weights after the variances, Darknet writes them before the scales */
static void refuse_normalized_connected(const vd_exporting *e)
{
    for (int i = 0; i < e->m->n && !e->o->fuse; ++i)
        if (e->m->layers[i].type == CONNECTED && e->m->layers[i].scales)
            vd_die(
                "%s: layer %d [%sconnected]: not exported with -no-fuse: OpenCV reads the weights of batch_normalize=1 "
                "in another order",
                e->o->cfg, i, e->m->layers[i].variational ? "vd_" : "");
}

static void refuse_misread(const vd_exporting *e)
{
    for (int i = 0; i < e->m->n; ++i) {
        const vd_model_layer *l = e->m->layers + i;
        if (l->misread_elsewhere)
            vd_die(
                "%s: layer %d [vd_%s]: not exported: size=1 with stride=%d and padding=%d reads its input in another "
                "order in stock Darknet; size=3 with padding=1 does not",
                e->o->cfg, i, l->section, l->stride, l->pad);
    }
}

static void refuse_unreadable(const vd_exporting *e)
{
    refuse_normalized_connected(e);
    refuse_misread(e);
}

/* ---- the two files ---- */

typedef struct {
    vd_output cfg, weights;
} outputs;

static outputs open_files(const vd_exporting *e, const char *text)
{
    outputs out;
    out.weights = vd_export_open(e->o, "weights", e->o->weights);
    out.cfg = vd_export_open(e->o, "cfg", e->o->cfg);
    fputs(text, out.cfg.fp);
    vd_model_write(e->m, out.weights.fp);
    vd_output_sync(&out.cfg);
    vd_output_sync(&out.weights);
    return out;
}

/* the written files are loaded as a network */
static vd_difference difference_of(outputs out, const vd_exporting *e)
{
    network *net = load_network(out.cfg.temporary, out.weights.temporary, 0);
    vd_outputs exported = vd_outputs_of(net, e->m, vd_reader_front(e->m), e->n, e->pictures);
    vd_difference d = vd_outputs_compare(e->m, exported, e->masked);
    free_vd_outputs(exported);
    free_network(net);
    return d;
}

static void write_darknet(const vd_exporting *e, vd_export_result *r)
{
    struct stat s;
    char *text = exported_text(e);
    outputs out = open_files(e, text);
    r->file[1] = stat(out.weights.temporary, &s) ? 0 : (long long)s.st_size;
    r->difference = difference_of(out, e);
    vd_export_check(out.cfg.path, r->difference, VD_EXPORT_TOLERANCE, e->o->fuse ? "; -no-fuse may help" : "");
    vd_output_close_all(2, (vd_output *[]){&out.weights, &out.cfg});
    vd_reader_warn(e->m, e->o->cfg);
    free(text);
}

const vd_export_format vd_darknet_format = {
    .name = "darknet", .ending = "weights", .refuse = refuse_unreadable, .write = write_darknet};
