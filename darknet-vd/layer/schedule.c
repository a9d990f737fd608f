#include "layer/schedule.h"
#include "kernels/kernels.h"

#include <math.h>

vd_cost *vd_cost_of(const network *net)
{
    layer last = net->layers[net->n - 1];
    return last.type == COST ? last.plugin : 0;
}

long vd_cost_batch(const network *net)
{
    size_t batch = (size_t)net->batch * net->subdivisions;
    return (long)((*net->seen + batch - 1) / batch);
}

int vd_stops_backward(layer l, const network *net)
{
    return l.stopbackward == 1 || (l.stopbackward && vd_cost_batch(net) <= l.stopbackward);
}

int vd_cost_fine_tunes(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    return c && c->fine_tune && vd_cost_batch(net) > net->max_batches - c->fine_tune;
}

int vd_cost_is_magnitude(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    return c && c->method == VD_MAGNITUDE;
}

int vd_cost_is_noiseless(const network *net)
{
    return vd_cost_is_magnitude(net) || vd_cost_fine_tunes(net);
}

double vd_cost_kl_weight(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (!c || vd_cost_is_noiseless(net)) return 0;
    if (c->target.phase == VD_TARGET_SETTLES) return 0;
    double t = vd_cost_batch(net) - c->kl_start, scale = c->kl_scale * exp(c->target.log_factor);
    if (c->kl_ramp == 0) return t >= 0 ? scale : 0;
    return scale * fmin(fmax(t / c->kl_ramp, 0), 1);
}

float vd_cost_kl_scale(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    return c ? (float)(vd_cost_kl_weight(net) / c->samples) : 0;
}

int vd_cost_freeze_pruned(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    return c ? c->freeze_pruned : 0;
}

int vd_cost_freezes(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    return vd_cost_freeze_pruned(net) > 0 && vd_cost_batch(net) >= c->freeze_start;
}

float vd_cost_freeze_alpha(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    return c && c->freeze_log_alpha < VD_LOG_ALPHA_LIMIT ? expf((float)c->freeze_log_alpha) : INFINITY;
}

int vd_cost_has_target(const vd_cost *c)
{
    return c->target_sparsity > 0 || c->target_size > 0;
}

int vd_cost_still_prunes(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (!c || !vd_cost_has_target(c) || vd_cost_fine_tunes(net)) return 0;
    if (c->target_size && c->target.empty > c->target_size) return 0;
    return c->target.phase != VD_TARGET_SETTLES;
}
