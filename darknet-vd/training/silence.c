#include "training/silence.h"
#include "config/heads.h"
#include "config/schema.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"

#include "network.h"

void vd_silence_check_over(const network *net)
{
    size_t batch = get_current_batch((network *)net);
    int max = net->max_batches;
    /* detector train ends at max_batches=0, classifier train goes on without end */
    if (batch < (size_t)max || (!max && !vd_has_head(net))) return;
    if (!max) vd_complain("%s: max_batches is 0 or missing: nothing is trained", net->cfg_file);
    else
        vd_complain(
            "%s: max_batches=%d, and the weights have %zu batches behind them: nothing is trained. -clear begins at "
            "0 with these weights",
            net->cfg_file, max, batch);
}

void vd_silence_check_pictures(const network *net, int pictures)
{
    const vd_cost *c = vd_cost_of(net);
    if (c && c->samples != pictures)
        vd_complain(
            "%s: [vd_cost]: samples=%.0f, and the list of training pictures has %d: the KL term has another weight",
            net->cfg_file, c->samples, pictures);
}

static int has_loss(layer l)
{
    return l.cost && !l.plugin && !(l.type == SOFTMAX && l.noloss);
}

void vd_silence_check_network(const network *net)
{
    static int said;
    int losses = 0, variational = -1;
    if (said) return;
    for (int i = 0; i < net->n; ++i) {
        losses += has_loss(net->layers[i]);
        if (variational < 0 && vd_layer_of(net->layers[i])) variational = i;
    }
    int kl_is_missing = variational >= 0 && !vd_cost_of(net);
    if (losses && !kl_is_missing) return;
    said = 1;
    if (!losses)
        vd_complain("%s: no layer computes a loss, [softmax], [cost], [yolo] or another: nothing is learned",
                    net->cfg_file);
    if (kl_is_missing)
        vd_complain(
            "%s: layer %d is variational, and there is no [vd_cost]: it trains without the KL term, which prunes",
            net->cfg_file, variational);
}
