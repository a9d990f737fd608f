#include "layer/own_sections.h"
#include "layer/activation.h"
#include "layer/kept.h"
#include "layer/norm.h"
#include "layer/update.h"
#include "base/fail.h"
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

static size_t numbers_of(layer l)
{
    return (size_t)l.batch * l.outputs;
}

static void add_delta(layer l, network net)
{
    if (net.delta) vd_kernels_get()->add(numbers_of(l), l.delta, net.delta);
}

static void forward_activation(layer l, network net)
{
    memcpy(l.output, net.input, numbers_of(l) * sizeof(float));
    vd_activate_output(l, net);
}

static void backward_activation(layer l, network net)
{
    vd_activate_delta(l);
    add_delta(l, net);
}

/* vd_forward_norm() reads l.x, and activates: the section has activation 0, which is logistic */
static layer without_activation(layer l)
{
    l.activation = LINEAR;
    return l;
}

static void forward_batchnorm(layer l, network net)
{
    memcpy(l.x, net.input, numbers_of(l) * sizeof(float));
    vd_forward_norm(without_activation(l), net);
}

static void backward_batchnorm(layer l, network net)
{
    vd_backward_norm(without_activation(l), net);
    add_delta(l, net);
}

static void update_batchnorm(layer l, update_args a)
{
    l.batch_normalize = 1;
    vd_update_biases(l, a);
}

void vd_set_batchnorm(layer *l, int epsilon_in_root)
{
    l->epsilon_in_root = epsilon_in_root;
    l->update = epsilon_in_root ? update_batchnorm : 0;
}

/* ---- other sizes ---- */

/* as the layer in front now is */
static void follow_front(layer *l, const network *net, int index)
{
    const layer *front = index ? net->layers + index - 1 : 0;
    l->inputs = l->outputs = front ? front->outputs : net->w * net->h * net->c; /* net->inputs is of the old size */
    l->w = l->out_w = front ? front->out_w : net->w;
    l->h = l->out_h = front ? front->out_h : net->h;
    l->c = l->out_c = front ? front->out_c : net->c;
}

static float *fresh(float *old, size_t n)
{
    free(old);
    return vd_calloc(n, sizeof(float));
}

static void resize_own(layer *l, network *net, int index)
{
    follow_front(l, net, index);
    size_t n = numbers_of(*l);
    l->output = fresh(l->output, n);
    l->delta = fresh(l->delta, n);
    if (l->type != BATCHNORM) return;
    l->x = fresh(l->x, n);
    l->x_norm = fresh(l->x_norm, n);
}

/* its arrays are those of the layer in front */
static void resize_dropout(layer *l, network *net, int index)
{
    follow_front(l, net, index);
    l->rand = fresh(l->rand, numbers_of(*l));
    l->output = net->layers[index - 1].output;
    l->delta = net->layers[index - 1].delta;
}

void vd_take_own_section(layer *l)
{
    if (l->type == DROPOUT) l->resize = resize_dropout;
    if (l->type != ACTIVE && l->type != BATCHNORM) return;
    l->resize = resize_own;
    l->forward = l->type == ACTIVE ? forward_activation : forward_batchnorm;
    l->backward = l->type == ACTIVE ? backward_activation : backward_batchnorm;
    if (l->type == ACTIVE) vd_kept_attach(l);
}
