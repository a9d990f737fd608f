#include "layer/own_sections.h"
#include "layer/activation.h"
#include "layer/delta.h"
#include "layer/norm.h"
#include "layer/update.h"
#include "base/fail.h"
#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

static size_t numbers_of(layer l)
{
    return (size_t)l.batch * l.outputs;
}

enum { PIECE = 1 << 14 }; /* numbers of a piece of work: passes that follow each other find it in a near cache */

typedef struct {
    layer l;
    const float *x; /* the input */
    float *d_x;     /* the gradient of the input */
    int overwrites; /* delta.h */
} job;

static void in_pieces(void (*pass)(int, void *), job *j)
{
    vd_parallel_for(vd_pieces(numbers_of(j->l), PIECE), pass, j);
}

static void activate_piece(int i, void *context)
{
    const job *j = context;
    size_t at = (size_t)i * PIECE, n = vd_piece_length(numbers_of(j->l), PIECE, i);
    memcpy(j->l.output + at, j->x + at, n * sizeof(float));
    vd_activate(j->l.activation, n, j->l.output + at);
}

static void give_piece(int i, void *context)
{
    const job *j = context;
    size_t at = (size_t)i * PIECE, n = vd_piece_length(numbers_of(j->l), PIECE, i);
    vd_give_delta(j->overwrites, n, j->l.delta + at, j->d_x + at);
}

static void activate_piece_backward(int i, void *context)
{
    const job *j = context;
    size_t at = (size_t)i * PIECE, n = vd_piece_length(numbers_of(j->l), PIECE, i);
    vd_activate_backward(j->l.activation, n, j->x + at, j->l.output + at, j->l.delta + at);
    give_piece(i, context);
}

static void give_delta(layer l, network net, void (*pass)(int, void *))
{
    job j = {l, net.input, net.delta, vd_overwrites_input_delta(l, net)};
    if (net.delta) in_pieces(pass, &j);
}

static void forward_activation(layer l, network net)
{
    in_pieces(activate_piece, &(job){.l = l, .x = net.input});
}

static void backward_activation(layer l, network net)
{
    give_delta(l, net, activate_piece_backward);
}

/* what vd_forward_norm() and vd_backward_norm() take: x is the input, and there is no activation; the section has 0 as
 * its activation, which is logistic */
static layer norm_of(layer l, const float *input)
{
    l.x = (float *)input;
    l.activation = LINEAR;
    return l;
}

static void forward_batchnorm(layer l, network net)
{
    vd_forward_norm(norm_of(l, net.input), net);
}

static void backward_batchnorm(layer l, network net)
{
    vd_backward_norm(norm_of(l, net.input), net);
    give_delta(l, net, give_piece);
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

static void renew(float **array, size_t n)
{
    free(*array);
    *array = 0; /* a callback of vd_on_die() may leave from the next line */
    *array = vd_calloc(n, sizeof(float));
}

static void resize_own(layer *l, network *net, int index)
{
    follow_front(l, net, index);
    size_t n = numbers_of(*l);
    renew(&l->output, n);
    renew(&l->delta, n);
}

/* its arrays are those of the layer in front */
static void resize_dropout(layer *l, network *net, int index)
{
    follow_front(l, net, index);
    renew(&l->rand, numbers_of(*l));
    l->output = net->layers[index - 1].output;
    l->delta = net->layers[index - 1].delta;
}

/* arrays of stock Darknet's functions, which these do not use */
static void drop(float **array)
{
    free(*array);
    *array = 0;
}

void vd_take_own_section(layer *l)
{
    if (l->type == DROPOUT) l->resize = resize_dropout;
    if (l->type != ACTIVE && l->type != BATCHNORM) return;
    l->resize = resize_own;
    l->forward = l->type == ACTIVE ? forward_activation : forward_batchnorm;
    l->backward = l->type == ACTIVE ? backward_activation : backward_batchnorm;
    drop(&l->x);
    drop(&l->x_norm);
}

int vd_is_own_section(layer l)
{
    return l.forward == forward_activation || l.forward == forward_batchnorm;
}
