#include "hooks/variational.h"
#include "base/text.h"
#include "layer/layer_state.h"
#include "layer/magnitude.h"
#include "layer/vd_cost_layer.h"
#include "layer/vd_layer.h"
#include "weights/vdw.h"

#include <math.h>
#include <stdint.h>

#include "option_list.h"

/* values that the stock parser accepts and a variational layer does not support */
static void check_layer(vd_section s, vd_section_kind kind)
{
    if (kind != VD_CONVOLUTIONAL) return;
    if (vd_key_integer(s, "binary") || vd_key_integer(s, "xnor"))
        vd_section_die(s, "binary and xnor weights cannot be variational");
}

/* the stock [cost] parser must find its type, and no keys that have no meaning here */
static void check_cost_keys(vd_section s)
{
    const char *base = vd_section_find(s.type)->base;
    for (const vd_key *k = vd_section_find(base)->keys; k->name; ++k)
        if (vd_option_given(s, k->name)) vd_section_die(s, "%s is not a key of this section", k->name);
    read_option(vd_format("type=sse"), s.options);
}

void vd_variational_check(vd_section s, vd_section_kind kind)
{
#ifdef GPU
    vd_section_die(s, "variational layers have no CUDA code yet: use a build without GPU=1");
#endif
    if (kind == VD_COST) check_cost_keys(s);
    else check_layer(s, kind);
}

void vd_variational_attach(vd_section s, layer *l, network *net, uint64_t seed)
{
    vd_layer *vd = make_vd_layer(net, s.index, vd_weights_of(*l), (float)vd_key_number(s, "log_sigma2"));
    vd->threshold = (float)vd_key_number(s, "threshold");
    vd->relative = vd_option_given(s, "log_alpha");
    vd->log_alpha = vd->relative ? (float)vd_key_number(s, "log_alpha") : 0;
    if (vd->relative && (vd->log_alpha <= -VD_LOG_ALPHA_LIMIT || vd->log_alpha >= vd->threshold))
        vd_section_die(s, "log_alpha=%g is not between -%g and threshold=%g", vd->log_alpha, VD_LOG_ALPHA_LIMIT,
                       vd->threshold);
    vd->train_clip = (int)vd_key_integer(s, "train_clip");
    vd->seed = seed;
    attach_vd_layer(l, vd);
}

/* weights that are over a log alpha below the clip while w(t) is small may come back: count once it no longer grows */
static double default_freeze_start(const vd_cost *c)
{
    return c->freeze_log_alpha < VD_LOG_ALPHA_LIMIT ? c->kl_start + c->kl_ramp : 0;
}

static void set_freezing(vd_section s, vd_cost *c)
{
    static const char *const keys[] = {"freeze_log_alpha", "freeze_start"};
    c->freeze_pruned = (int)vd_key_integer(s, "freeze_pruned");
    c->freeze_log_alpha = vd_key_number(s, "freeze_log_alpha");
    c->freeze_start = vd_option_given(s, keys[1]) ? vd_key_number(s, "freeze_start") : default_freeze_start(c);
    for (int i = 0; i < 2; ++i)
        if (vd_option_given(s, keys[i]) && !vd_option_given(s, "freeze_pruned"))
            vd_section_die(s, "%s needs freeze_pruned=N, the batches after which a weight is frozen", keys[i]);
}

/* what `asked` says must not be met by a threshold that every weight exceeds */
static void check_thresholds(vd_section s, const char *asked, const network *net)
{
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        if (vd && vd->threshold <= -VD_LOG_ALPHA_LIMIT)
            vd_section_die(s, "%s: layer %d has threshold=%g, which prunes every weight", asked, i, vd->threshold);
    }
}

static void set_target(vd_section s, vd_cost *c, const network *net)
{
    c->target_sparsity = vd_key_number(s, "target_sparsity");
    c->target_size = (double)vd_key_integer(s, "target_size");
    c->packed_size = vd_packed_size;
    if (!vd_cost_has_target(c)) return;
    const char *key = c->target_size ? "target_size" : "target_sparsity";
    if (c->target_size && c->target_sparsity)
        vd_section_die(s, "target_size=%.0f and target_sparsity=%g: only one can be steered to", c->target_size,
                       c->target_sparsity);
    if (c->target_sparsity == 1) vd_section_die(s, "target_sparsity=1 would prune every weight");
    if (!vd_variational_layers(net)) vd_section_die(s, "%s: no variational layer, so there is nothing to prune", key);
    check_thresholds(s, key, net);
    if (!c->kl_scale) vd_section_die(s, "%s needs a kl_scale to start from, over 0", key);
    if (net->max_batches - c->fine_tune <= c->kl_start)
        vd_section_die(s, "%s: max_batches=%d leaves no batches with a KL term, which begins at batch %g", key,
                       net->max_batches, c->kl_start);
    if (c->freeze_pruned) return;
    c->freeze_pruned = UINT16_MAX; /* weights freeze by their rank alone: */
    c->freeze_start = INFINITY;    /* batches are not counted */
}

/* keys that say something to the other method */
static void check_method(vd_section s, vd_method method)
{
    static const char *const keys[][9] = {
        [VD_VARIATIONAL] = {"magnitude", "prune_start", "prune_ramp", "prune_every", 0},
        [VD_MAGNITUDE] = {"kl_scale", "kl_start", "kl_ramp", "target_size", "freeze_pruned", "freeze_log_alpha",
                          "freeze_start", "fine_tune", 0}};
    for (int i = 0; keys[method][i]; ++i)
        if (vd_option_given(s, keys[method][i]))
            vd_section_die(s, "%s has no meaning %s method=magnitude", keys[method][i],
                           method == VD_MAGNITUDE ? "with" : "without");
}

/* all weights are left, and the products are those of test time */
static void make_noiseless(const network *net)
{
    for (int i = 0; i < net->n; ++i) {
        vd_layer *vd = vd_layer_of(net->layers[i]);
        if (!vd) continue;
        for (size_t k = 0; k < vd->n; ++k) vd->log_sigma2[k] = vd_magnitude_log_sigma2;
        vd->train_clip = vd->relative = 0;
    }
}

/* with the other method these are at their defaults */
static void read_magnitude(vd_section s, vd_cost *c, const network *net)
{
    static const char *const methods[] = {"variational", "magnitude", 0}, *const sets[] = {"global", "uniform", 0};
    c->method = (vd_method)vd_key_choice(s, "method", methods);
    c->magnitude.is_uniform = vd_key_choice(s, "magnitude", sets);
    c->magnitude.start = vd_key_integer(s, "prune_start");
    c->magnitude.every = vd_key_integer(s, "prune_every");
    c->magnitude.ramp = vd_option_given(s, "prune_ramp") ? vd_key_integer(s, "prune_ramp")
                                                         : (net->max_batches - c->magnitude.start) / 2;
    check_method(s, c->method);
}

static void set_magnitude(vd_section s, vd_cost *c, const network *net)
{
    c->target_sparsity = vd_key_number(s, "target_sparsity");
    if (!c->target_sparsity) vd_section_die(s, "method=magnitude needs target_sparsity, the share to be pruned");
    if (c->target_sparsity == 1) vd_section_die(s, "target_sparsity=1 would prune every weight");
    if (!vd_variational_layers(net))
        vd_section_die(s, "method=magnitude: no variational layer, so there is nothing to prune");
    if (c->magnitude.start >= net->max_batches)
        vd_section_die(s, "prune_start=%ld: no batch of max_batches=%d prunes", c->magnitude.start, net->max_batches);
    if (c->magnitude.ramp < 1 || c->magnitude.start + c->magnitude.ramp > net->max_batches)
        vd_section_die(s, "prune_start=%ld and prune_ramp=%ld: the last batch that prunes is not one of max_batches=%d",
                       c->magnitude.start, c->magnitude.ramp, net->max_batches);
    c->freeze_pruned = UINT16_MAX; /* what is pruned is frozen at once: */
    c->freeze_start = INFINITY;    /* batches are not counted */
    check_thresholds(s, "method=magnitude", net);
    make_noiseless(net);
}

void vd_variational_attach_cost(vd_section s, layer *l, network *net)
{
    vd_cost c = {.net = net};
    if (s.index == 0) vd_section_die(s, "cannot be the first layer");
    if (s.index != net->n - 1) vd_section_die(s, "must be the last section, but layer %d follows", s.index + 1);
    if (!vd_option_given(s, "samples")) vd_section_die(s, "samples=N (the number of training images) is missing");
    c.samples = (double)vd_key_integer(s, "samples");
    c.kl_scale = vd_key_number(s, "kl_scale");
    c.kl_start = vd_key_number(s, "kl_start");
    c.kl_ramp = vd_key_number(s, "kl_ramp");
    set_freezing(s, &c);
    c.fine_tune = (int)vd_key_integer(s, "fine_tune");
    read_magnitude(s, &c, net);
    if (c.method == VD_MAGNITUDE) set_magnitude(s, &c, net);
    else set_target(s, &c, net);
    c.report = (int)vd_key_integer(s, "report");
    make_vd_cost_layer(l, net->layers[s.index - 1], c);
}
