#include "layer/freeze_pruned.h"
#include "layer/posterior.h"

void vd_leave_active(layer l)
{
    vd_layer *vd = l.plugin;
    if (!vd->freezing.active) return;
    vd_active_write(vd->freezing.active, vd_all_parameters(l));
    vd_active_write_moments(vd->freezing.active, vd_all_parameters(l));
    free_vd_active(vd->freezing.active);
    vd->freezing.active = 0;
}

void vd_run_over_active(layer l, int batches)
{
    vd_layer *vd = l.plugin;
    int rows = l.type == CONVOLUTIONAL ? l.n : l.outputs;
    vd->variance.is_current = 0;
    vd->freezing.active = make_vd_active(vd_all_parameters(l), rows, (int)(vd->n / rows), batches);
}

size_t vd_frozen_weights(layer l, int batches)
{
    const vd_layer *vd = l.plugin;
    if (vd->freezing.active) return vd->n - vd->freezing.active->p.n;
    return vd->freezing.pruned_for ? vd_frozen(vd_all_parameters(l), batches) : 0;
}

void vd_freeze_pruned(layer l, int batches)
{
    enum { SPARSE = 4 }; /* with 1/4 of the weights left or fewer, lists are faster than matrices */
    vd_layer *vd = l.plugin;
    vd_leave_active(l);
    vd->variance.is_current = 0;
    size_t active = vd_freeze(vd_all_parameters(l), batches);
    int groups = l.type == CONVOLUTIONAL ? l.groups : 1;
    if (active <= vd->n / SPARSE && !vd->train_clip && groups == 1) vd_run_over_active(l, batches);
}
