#include "layer/vd_cost_layer.h"
#include "layer/freeze_pruned.h"
#include "layer/magnitude.h"
#include "layer/sparsity.h"
#include "layer/target.h"
#include "layer/vd_layer.h"
#include "base/fail.h"

#include <stdlib.h>

/* KL divergence of all variational layers, in nats, at the latest training forward */
static double network_kl(const network *net)
{
    double kl = 0;
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) kl += vd_layer_of(net->layers[i])->variance.kl;
    return kl;
}

/* the network's own cost an image, as calc_network_cost() averages it */
static double own_cost(network net)
{
    double sum = 0;
    int count = 0;
    for (int i = 0; i < net.n; ++i) {
        if (!net.layers[i].cost || net.layers[i].plugin) continue;
        sum += net.layers[i].cost[0];
        ++count;
    }
    return count ? sum / count / net.batch : 0;
}

/* lines a training that has seen so many images has printed: one an epoch, or every `report` batches */
static long reports_due(const vd_cost *c, size_t seen)
{
    size_t batch = (size_t)c->net->batch * c->net->subdivisions;
    return c->report ? (long)(seen / batch) / c->report : (long)(seen / c->samples);
}

void vd_cost_count(vd_cost *c, double own)
{
    c->progress.cost += own;
    ++c->progress.forwards;
}

static void forward_vd_cost_layer(layer l, network net)
{
    vd_cost *c = l.plugin;
    l.cost[0] = 0;
    if (!net.train || !net.truth) return;
    if (!c->progress.started)
        c->progress.reported = reports_due(c, *net.seen - net.batch); /* not again what a resumed run has said */
    c->progress.started = 1;
    c->kl = network_kl(&net);
    l.cost[0] = (float)(net.batch * vd_cost_kl_weight(&net) / c->samples * c->kl);
    vd_cost_count(c, c->own = own_cost(net));
}

/* the KL divergence depends on weights only: nothing flows back through here */
static void backward_vd_cost_layer(layer l, network net)
{
    (void)l;
    (void)net;
}

/* one line on a running training: cost is the network's own, an image, mean since the line before; kl of all layers */
static void print_training_line(FILE *fp, network *net, double cost, double kl)
{
    const vd_cost *c = vd_cost_of(net);
    vd_report r = c->latest.left;
    double weight = vd_cost_kl_weight(net), part = weight / c->samples * kl;
    fprintf(fp, "vd: epoch %.2f, batch %ld: loss %.5f = cost %.5f + KL %.5f (w %.3g, KL %.6g nats)",
            *net->seen / c->samples, vd_cost_batch(net), cost + part, cost, part, weight, kl);
    for (int i = 0; i < r.n; ++i)
        fprintf(fp, "%s%.1f", i ? "-" : ", sparsity ",
                100 * vd_report_sparsity(r.layers[i].weights, r.layers[i].nonzero));
    if (r.n) fprintf(fp, " %%, all %.2f %%", 100 * vd_report_sparsity(r.weights, r.nonzero));
    fputs("\n", fp);
    if (c->freeze_pruned && c->method == VD_VARIATIONAL)
        fprintf(fp, "frozen: %.2f %% of the weights\n", 100 * vd_frozen_share(net));
    if (c->method == VD_MAGNITUDE) vd_magnitude_print(fp, net);
    else if (vd_cost_has_target(c)) vd_target_print(fp, net);
    fflush(fp);
}

int vd_cost_reports(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    int tells_what_came = vd_cost_has_target(c) && vd_cost_batch(net) == net->max_batches;
    return reports_due(c, *net->seen) != c->progress.reported || tells_what_came;
}

/* the last update of a batch: one line an epoch, or every `report` batches; with a target at the end, too */
static void update_vd_cost_layer(layer l, update_args a)
{
    (void)a;
    vd_cost *c = l.plugin;
    if (c->method == VD_MAGNITUDE) vd_magnitude_batch(c->net);
    else if (vd_cost_has_target(c)) vd_target_batch(c->net);
    double cost = c->progress.forwards ? c->progress.cost / c->progress.forwards : 0;
    if (!vd_cost_reports(c->net)) return;
    c->progress.reported = reports_due(c, *c->net->seen);
    free(c->latest.left.layers);
    c->latest.batch = vd_cost_batch(c->net);
    c->latest.cost = cost;
    c->latest.kl = c->kl;
    c->latest.left = vd_report_network(c->net);
    fflush(stdout); /* in one file with Darknet's own lines it begins a line */
    print_training_line(stderr, c->net, cost, c->kl);
    c->progress.cost = 0;
    c->progress.forwards = 0;
}

static void free_vd_cost_layer(layer l)
{
    free(((vd_cost *)l.plugin)->latest.left.layers);
    free(l.plugin);
}

void make_vd_cost_layer(layer *l, layer previous, vd_cost cost)
{
    vd_cost *c = vd_calloc(1, sizeof(*c));
    *c = cost;
    l->plugin = c;
    l->plugin_free = free_vd_cost_layer;
    l->forward = forward_vd_cost_layer;
    l->backward = backward_vd_cost_layer;
    l->update = update_vd_cost_layer;
    l->w = previous.w;
    l->h = previous.h;
    l->c = previous.c;
    l->n = previous.n;
    l->out_w = previous.out_w;
    l->out_h = previous.out_h;
    l->out_c = previous.out_c;
    l->classes = previous.classes;
    l->coords = previous.coords;
    l->jitter = previous.jitter;
    l->random = previous.random;
    l->max_boxes = previous.max_boxes;
    l->truths = previous.truths ? previous.truths : previous.outputs;
    l->side = previous.side;
    l->background = previous.background;
    l->total = previous.total;
    l->sqrt = previous.sqrt;
    l->softmax = previous.softmax;
}
