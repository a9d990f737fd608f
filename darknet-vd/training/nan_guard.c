#include "training/nan_guard.h"
#include "training/checkpoint.h"
#include "layer/nonfinite.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/keys.h"
#include "ranks/ranks.h"
#include "layer/vd_cost_layer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* after this many setbacks in a row, end the program; after each multiple of this many, go back further */
enum { GIVE_UP = 10, FURTHER = 3 };

static struct {
    int wanted, active;
    char *fault; /* null: none */
    long batch;  /* where it was found */
    long before; /* go back to a batch before this one */
} guard;

void vd_nan_guard_options(vd_section net)
{
    guard.wanted = (int)vd_key_integer(net, "nan_guard");
}

static const char *cfg_of(const network *net)
{
    return net->cfg_file ? net->cfg_file : "network";
}

void vd_nan_guard_begin(network *net)
{
    guard.active = 0;
    if (!guard.wanted) return;
    char *fault = vd_fault_of_state(net, net->n, 1);
    if (fault) vd_die("%s: nan_guard: %s before training starts", cfg_of(net), fault);
    if (!vd_checkpoint_keep_start(net))
        vd_die("%s: nan_guard: networks with recurrent layers have no checkpoints", cfg_of(net));
    guard.active = 1;
}

int vd_nan_guard_sound(void)
{
    return !guard.fault;
}

/* `what` is not finite, because of fault. Remembers it, or ends the program where training cannot go back; returns 0 */
static int found(network *net, const char *what, char *fault)
{
    guard.fault = vd_format("%s: batch %ld: %s not finite: %s", cfg_of(net), vd_cost_batch(net), what, fault);
    guard.batch = guard.before = vd_cost_batch(net);
    free(fault);
    if (guard.active) return 0;
    char *last = guard.fault; /* a callback of vd_on_die() may leave: other networks can still train */
    guard.fault = 0;
    vd_die("%s: training stopped; saved weights are unchanged", last);
}

int vd_nan_guard_loss(network *net)
{
    if (isfinite(*net->cost)) return 1;
    found(net, "the loss is", vd_fault_of_forward(net));
    guard.before = guard.batch - 1; /* no rate helps a batch whose forward pass fails: an earlier update must change */
    return 0;
}

int vd_nan_guard_weights(network *net)
{
    char *fault = vd_fault_of_update(net);
    return fault ? found(net, "the weights are", fault) : 1;
}

int vd_nan_guard_state(network *net)
{
    char *fault = vd_fault_of_state(net, net->n, 1);
    return fault ? found(net, "the optimiser's state is", fault) : 1;
}

void vd_nan_guard_agree(void)
{
    typedef struct {
        char text[1000];
        long batch, before;
    } told;
    told *all = vd_calloc(vd_ranks(), sizeof(told)), *mine = all + vd_rank();
    if (guard.fault) snprintf(mine->text, sizeof(mine->text), "%s", guard.fault);
    mine->batch = guard.batch;
    mine->before = guard.before;
    vd_ranks_gather(all, sizeof(told));
    int first = 0;
    while (!*all[first].text) ++first;
    free(guard.fault);
    guard.fault = vd_format("%s", all[first].text);
    guard.batch = all[first].batch;
    guard.before = all[first].before;
    free(all);
}

int vd_nan_guard_back(network *net)
{
    if (!guard.fault) return 0;
    vd_setbacks *s = vd_checkpoint_setbacks();
    if (guard.batch > s->batch) s->in_a_row = 0;
    if (s->in_a_row == GIVE_UP)
        vd_die("%s: stopped after going back %d times; saved weights are unchanged", guard.fault, GIVE_UP);
    if (s->in_a_row && s->in_a_row % FURTHER == 0 && s->to < guard.before) guard.before = (long)s->to;
    ++s->in_a_row;
    ++s->halvings;
    s->batch = guard.batch;
    vd_checkpoint_back(net, guard.before);
    fprintf(stderr, "%s: back to batch %ld, learning_rate is now %g\n", guard.fault, (long)s->to, net->learning_rate);
    free(guard.fault);
    guard.fault = 0;
    return 1;
}
