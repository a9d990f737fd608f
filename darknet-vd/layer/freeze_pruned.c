#include "layer/freeze_pruned.h"
#include "layer/convolution_winograd.h"
#include "layer/pooled.h"
#include "layer/posterior.h"
#include "layer/schedule.h"

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
    int is_convolution = l.type == CONVOLUTIONAL, rows = is_convolution ? l.n : l.outputs;
    vd_forget_derived(l);
    vd->freezing.active = make_vd_active(vd_all_parameters(l), rows, (int)(vd->n / rows), is_convolution ? l.groups : 1,
                                         vd->train_clip, batches);
}

/* the percentage of active weights from which on lists are faster than matrices, as `make bench-active` measures it.
 * Products with so few taps leave most of a matrix kernel's registers empty; lists do not care. With a stride, lines
 * are made number by number; what is a plain matrix product has no columns to save; and Winograd's filtering has a
 * quarter of the multiplications, of 5x5 filters, which have it in front of a pool, too, a sixth */
static int lists_pay_below(layer l)
{
    enum { FEW_TAPS = 32, LARGE = 5 };
    const vd_layer *vd = l.plugin;
    if (l.type != CONVOLUTIONAL) return 27;
    int is_filtered = vd_winograd_convolution_fits(l), is_pooled = vd_pool_behind(*vd->net, vd->index) != 0;
    if (is_filtered && !is_pooled) return 18;
    if (is_filtered && l.size == LARGE) return 20;
    if (l.stride > 1 || l.size == 1) return 20;
    return l.c / l.groups * l.size * l.size <= FEW_TAPS ? 90 : 33;
}

size_t vd_frozen_weights(layer l, int batches)
{
    const vd_layer *vd = l.plugin;
    if (vd->freezing.active) return vd->n - vd->freezing.active->p.n;
    return vd->freezing.pruned_for ? vd_frozen(vd_all_parameters(l), batches) : 0;
}

double vd_frozen_share(const network *net)
{
    double frozen = 0, all = 0;
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        if (!vd) continue;
        frozen += (double)vd_frozen_weights(net->layers[i], vd_cost_freeze_pruned(net));
        all += (double)vd->n;
    }
    return all ? frozen / all : 0;
}

void vd_freeze_pruned(layer l, int batches)
{
    vd_layer *vd = l.plugin;
    vd_forget_derived(l);
    if (vd->freezing.active) {
        vd_active_freeze(vd->freezing.active, vd_all_parameters(l), batches);
        return;
    }
    size_t active = vd_freeze(vd_all_parameters(l), batches);
    /* without noise a matrix product is half the work, and lists are what they were */
    double limit = vd_cost_is_magnitude(vd->net) ? lists_pay_below(l) / 2. : lists_pay_below(l);
    if (active <= vd->n / 100. * limit) vd_run_over_active(l, batches);
}
