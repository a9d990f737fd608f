#include "hooks/rules.h"
#include "hooks/later.h"
#include "base/fail.h"
#include "config/foreign.h"
#include "config/heads.h"
#include "config/keys.h"
#include "layer/layer_state.h"
#include "layer/own_sections.h"
#include "layer/plain_layers.h"
#include "layer/schedule.h"
#include "layer/variants.h"
#include "layer/vd_layer.h"
#include "layer/window.h"
#include "layer/yolo_head.h"

#include "network.h"

/* net->bn_eps, whose epsilon batch normalisation has */
enum { BY_FILES, STOCK, ALEXEYAB };

/* of the network that is being read */
static struct {
    int later;         /* a section has keys of later Darknets */
    int add_gradients; /* [net] add_gradients=, -1 where it is not given */
} found;

void vd_rules_net(vd_section s, network *net)
{
    static const char *const programs[] = {"stock", "alexeyab", 0};
    found.later = 0;
    found.add_gradients = vd_option_given(s, "add_gradients") ? (int)vd_key_integer(s, "add_gradients") : -1;
    net->bn_eps = vd_option_given(s, "bn_eps") ? STOCK + vd_key_choice(s, "bn_eps", programs) : BY_FILES;
}

void vd_rules_found_later(void)
{
    found.later = 1;
}

int vd_rules_are_later(void)
{
    return found.later;
}

/* ---- batch normalisation ---- */

/* their functions are stock Darknet's, which see l.epsilon_in_root in forward_batchnorm_layer() */
static int set_epsilon_of_parts(layer l, int in_root)
{
    layer *parts[VD_LAYER_PARTS];
    int changed = 0;
    vd_parts_of(l, parts);
    for (int i = 0; i < VD_LAYER_PARTS; ++i) {
        if (!parts[i] || !parts[i]->batch_normalize || parts[i]->epsilon_in_root == in_root) continue;
        parts[i]->epsilon_in_root = in_root;
        changed = 1;
    }
    return changed;
}

static int set_epsilon(layer *l, int in_root)
{
    if (vd_is_recurrent(*l)) return set_epsilon_of_parts(*l, in_root);
    if ((!l->batch_normalize && l->type != BATCHNORM) || l->epsilon_in_root == in_root) return 0;
    if (l->type == BATCHNORM) {
        vd_set_batchnorm(l, in_root);
        return 1;
    }
    l->epsilon_in_root = in_root;
    if (!vd_layer_of(*l)) vd_speed_up_layer(l);
    return 1;
}

/* ---- gradients ---- */

/* the true gradient of a layer where stock Darknet's is not: see vd_is_true_convolution(). A 1x1 convolution with a
 * stride or a padding becomes one of theirs only in a network of theirs: its output is another one */
static void mend_gradient(layer *l, int is_later)
{
    int becomes_true = l->type == CONVOLUTIONAL && l->size == 1 && !l->stride_y && !l->binary && !l->xnor &&
                       (is_later || !vd_is_misread_1x1(*l));
    if (becomes_true) {
        l->stride_y = l->stride;
        if (!vd_layer_of(*l)) vd_speed_up_layer(l);
    }
    vd_make_backward_add(l);
}

/* unless [net] add_gradients= says so, not in a cfg that stock Darknet trains, too */
static void mend_gradients(network *net)
{
    int mends = found.add_gradients;
    if (mends < 0) mends = vd_variational_layers(net) || vd_cost_of(net);
    for (int i = 0; (net->later || mends) && i < net->n; ++i) mend_gradient(net->layers + i, net->later);
}

/* ---- heads, and where pictures are placed ---- */

/* a head that takes pictures for letterboxed */
static int is_stock_head(const layer *l)
{
    return vd_is_head(l->type) && !vd_yolo_head_of(*l);
}

static void set_stretched(layer *l)
{
    if (l->type == YOLO) ((vd_yolo_head *)l->later)->stretched = 1;
}

/* the heads of a network of theirs; returns how many had to be changed */
static int take_heads(network *net)
{
    int n = 0;
    net->stretched = !net->letter_box;
    for (int i = 0; i < net->n; ++i) {
        n += vd_later_make_head(net->layers + i);
        net->stretched &= !is_stock_head(net->layers + i);
    }
    for (int i = 0; i < net->n && net->stretched; ++i) set_stretched(net->layers + i);
    return n;
}

/* ---- when they are known ---- */

/* returns 1 where that changes a layer */
static int set_epsilons(network *net, int in_root)
{
    int changed = 0;
    for (int i = 0; i < net->n; ++i) changed |= set_epsilon(net->layers + i, in_root);
    return changed;
}

void vd_rules_end(network *net)
{
    net->no_training = vd_foreign_no_training();
    net->later = found.later || net->bn_eps == ALEXEYAB;
    net->stretched = 0;
    mend_gradients(net);
    if (net->later) take_heads(net);
    int changed = set_epsilons(net, net->bn_eps == BY_FILES ? found.later : net->bn_eps == ALEXEYAB);
    if (changed && net->bn_eps == BY_FILES)
        fprintf(stderr, "batch normalisation as in later Darknets, whose keys the cfg has\n");
}

/* what such weights have changed in a network stays: it would compute other numbers than stock Darknet's weights say */
static void check_stock_weights(const network *net, const char *filename, int major, int minor, int revision)
{
    if (net->later == VD_LATER_BY_WEIGHTS)
        vd_die(
            "\n%s: version %d.%d.%d: the network has loaded weights of a later Darknet, and follows it since; expected "
            "more of those, or a network that is made anew",
            filename, major, minor, revision);
}

void vd_rules_weights(network *net, const char *filename, int major, int minor, int revision)
{
    if (major != 0 || minor != 2 || revision < 5) {
        check_stock_weights(net, filename, major, minor, revision);
        return;
    }
    for (int i = 0; i < net->n; ++i)
        if (vd_later_orders_otherwise(net->layers[i]))
            vd_die("\n%s: layer %d [%s]: version %d.%d.%d: later Darknets store its weights in another order; expected "
                   "weights of version 0.2.0",
                   filename, i, get_layer_string(net->layers[i].type), major, minor, revision);
    if (net->bn_eps != BY_FILES) return;
    int changed = set_epsilons(net, 1);
    if (!net->later) net->later = VD_LATER_BY_WEIGHTS;
    mend_gradients(net);
    if (take_heads(net))
        fprintf(stderr, "%s: of a later Darknet: losses of [yolo] and placement of pictures as there\n", filename);
    if (changed) fprintf(stderr, "%s: of a later Darknet: batch normalisation as there\n", filename);
}
