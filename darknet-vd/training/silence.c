#include "training/silence.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/schema.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "network.h"

__attribute__((format(printf, 1, 2))) static void complain(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = vd_vformat(fmt, args);
    va_end(args);
    if (vd_schema_is_strict()) vd_die("%s", message);
    fprintf(stderr, "%s\n", message);
    free(message);
}

/* detector train ends at max_batches=0, classifier train goes on without end */
static int finds_objects(const network *net)
{
    for (int i = 0; i < net->n; ++i) {
        LAYER_TYPE t = net->layers[i].type;
        if (t == YOLO || t == REGION || t == DETECTION) return 1;
    }
    return 0;
}

void vd_silence_check_over(const network *net)
{
    size_t batch = get_current_batch((network *)net);
    int max = net->max_batches;
    if (batch < (size_t)max || (!max && !finds_objects(net))) return;
    if (!max) complain("%s: max_batches is 0 or missing: nothing is trained", net->cfg_file);
    else
        complain(
            "%s: max_batches=%d, and the weights have %zu batches behind them: nothing is trained. -clear begins at "
            "0 with these weights",
            net->cfg_file, max, batch);
}

void vd_silence_check_pictures(const network *net, int pictures)
{
    const vd_cost *c = vd_cost_of(net);
    if (c && c->samples != pictures)
        complain(
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
    for (int i = 0; i < net->n; ++i) {
        losses += has_loss(net->layers[i]);
        if (variational < 0 && vd_layer_of(net->layers[i])) variational = i;
    }
    int kl_is_missing = variational >= 0 && !vd_cost_of(net);
    if (said || (losses && !kl_is_missing)) return;
    said = 1;
    if (!losses)
        complain("%s: no layer computes a loss, [softmax], [cost], [yolo] or another: nothing is learned",
                 net->cfg_file);
    if (kl_is_missing)
        complain("%s: layer %d is variational, and there is no [vd_cost]: it trains without the KL term, which prunes",
                 net->cfg_file, variational);
}
