#include "training/silence.h"
#include "training/checkpoint.h"
#include "config/heads.h"
#include "config/keys.h"
#include "config/options.h"
#include "layer/delta.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"
#include "ranks/ranks.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "network.h"

/* 1 where batches are left. detector train ends at max_batches=0, classifier train goes on without end */
static int has_batches_left(const network *net)
{
    return get_current_batch((network *)net) < (size_t)net->max_batches || (!net->max_batches && !vd_has_head(net));
}

static int asked = 1, divisor = 1; /* batch= and subdivisions= */
static int chose_gradients;        /* add_gradients= is given */

void vd_silence_options(vd_section net)
{
    asked = (int)vd_key_integer(net, "batch");
    divisor = (int)vd_key_integer(net, "subdivisions");
    chose_gradients = vd_option_given(net, "add_gradients");
}

void vd_silence_check_batch(const network *net)
{
    if (asked % divisor)
        vd_complain("%s: batch=%d is no multiple of subdivisions=%d: a batch has %d pictures", net->cfg_file, asked,
                    divisor, asked / divisor * divisor);
}

void vd_silence_check_gradients(const network *net)
{
    int first = 0, more = -1;
    for (int i = net->n - 1; i > 0; --i)
        if (vd_loses_gradient(net, i)) first = i, ++more;
    if (!first || chose_gradients) return;
    char *others = more ? vd_format("; so do %d more", more) : vd_format("%s", "");
    LAYER_TYPE type = net->layers[first].type;
    const char *key = type == CONVOLUTIONAL ? "size=1 " : type == UPSAMPLE ? "a negative stride " : "";
    vd_complain("%s: layer %d [%s]: %swrites over the gradient that a [shortcut] or [route] has given layer %d, as in "
                "stock Darknet%s. With add_gradients=1 in [net] they are added",
                net->cfg_file, first, get_layer_string(type), key, first - 1, others);
    free(others);
}

/* the rate of policy=poly is infinite then, and all batches are among the last ones */
void vd_silence_check_end(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (net->max_batches) return;
    if (net->policy == POLY)
        vd_die("%s: [net]: policy=poly needs max_batches: its rate falls to 0 by then", net->cfg_file);
    if (c && c->fine_tune)
        vd_die("%s: [vd_cost]: fine_tune=%d needs max_batches, whose last batches it is for", net->cfg_file,
               c->fine_tune);
}

static int has_bytes_of(const char *path, const char *other)
{
    size_t n, m;
    if (vd_same_file(path, other)) return 1;
    unsigned char *a = vd_input_bytes(path, &n), *b = vd_input_bytes(other, &m);
    int same = n == m && !memcmp(a, b, n);
    free(a);
    free(b);
    return same;
}

/* the weights at the end of a training, by its command */
static void check_replaces(const network *net, const char *folder, const char *base, const char *loaded)
{
    static const char *const names[] = {"%s/%s.weights", "%s/%s_final.weights"};
    char *path = vd_format(names[vd_has_head(net) != 0], folder, base);
    if (access(path, F_OK) == 0 && !(loaded && has_bytes_of(path, loaded)))
        vd_die("%s: there is nothing to train, and this file would be replaced by %s", path,
               loaded ? loaded : "random weights");
    free(path);
}

void vd_silence_check_over(const network *net, const char *folder, const char *base, const char *loaded)
{
    size_t batch = get_current_batch((network *)net);
    int max = net->max_batches;
    if (has_batches_left(net)) return;
    if (!max) vd_complain("%s: max_batches is 0 or missing: nothing is trained", net->cfg_file);
    else
        vd_complain("%s: max_batches=%d, and the weights have %zu batches behind them: nothing is trained. %s",
                    net->cfg_file, max, batch,
                    vd_checkpoint_resumed() ? "-resume goes on with a larger max_batches"
                                            : "-clear begins at 0 with these weights");
    if (!vd_rank() && !vd_checkpoint_resumed()) check_replaces(net, folder, base, loaded);
}

void vd_silence_check_plain(const network *net)
{
    size_t batch = get_current_batch((network *)net);
    if (batch && has_batches_left(net))
        vd_complain("%s: the weights are of a plain network, with %zu batches behind them: learning rate and KL term "
                    "are as after so many. -clear begins at 0 with these weights",
                    net->cfg_file, batch);
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
