#include "layer/plain_shortcut.h"
#include "layer/activation.h"
#include "layer/delta.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "kernels/scratch.h"

#include <string.h>

#include "shortcut_layer.h"

/* numbers of a piece of work, and of a block: passes that follow each other find it in the nearest cache */
enum { PIECE = 1 << 14, BLOCK = 2048 };

typedef struct {
    layer l;
    const float *x, *z;
    float *d_x, *d_z;
    int overwrites_x, overwrites_z; /* delta.h */
} job;

static int is_of_one_size(layer l)
{
    return l.w == l.out_w && l.h == l.out_h && l.c == l.out_c;
}

/* y = activation(x + z) */
static void add_activated(ACTIVATION a, size_t n, const float *x, const float *z, float *y)
{
    float slope;
    int leaky = vd_activation_is_leaky(a, &slope);
    vd_kernels_get()->add_leaky(n, a == LEAKY ? .1 : leaky ? slope : 1, x, z, y);
    if (!leaky) vd_activate(a, n, y);
}

/* d y *= activation'(y),  d x += d y */
static void backward_to_front(const job *j, size_t at, size_t n)
{
    float *d = j->l.delta + at;
    vd_activate_backward(j->l.activation, n, 0, j->l.output + at, d);
    vd_give_delta(j->overwrites_x, n, d, j->d_x + at);
}

/* ---- maps of one size ---- */

static void forward_piece(int i, void *context)
{
    const job *j = context;
    size_t first = (size_t)i * PIECE;
    int n = vd_piece_length((size_t)j->l.batch * j->l.outputs, PIECE, i);
    add_activated(j->l.activation, n, j->x + first, j->z + first, j->l.output + first);
}

static void backward_piece(int i, void *context)
{
    const job *j = context;
    size_t first = (size_t)i * PIECE, end = first + vd_piece_length((size_t)j->l.batch * j->l.outputs, PIECE, i);
    for (size_t at = first; at < end; at += BLOCK) {
        size_t n = end - at < BLOCK ? end - at : BLOCK;
        backward_to_front(j, at, n);
        if (j->d_z) vd_give_delta(j->overwrites_z, n, j->l.delta + at, j->d_z + at);
    }
}

/* ---- of different sizes ---- */

/* Pixel (h, w) of c channels: of y at (sample h, sample w), of z at (stride h, stride w). stride or sample is 1 */
typedef struct {
    int c, h, w, stride, sample;
} meeting;

static int least(int a, int b)
{
    return a < b ? a : b;
}

static meeting meeting_of(layer l)
{
    return (meeting){least(l.c, l.out_c), least(l.h, l.out_h), least(l.w, l.out_w), l.w > l.out_w ? l.w / l.out_w : 1,
                     l.w < l.out_w ? l.out_w / l.w : 1};
}

/* one image; z is spread over a plane of y, with 0 between its pixels */
static void forward_image(int b, void *context)
{
    const job *j = context;
    layer l = j->l;
    meeting m = meeting_of(l);
    size_t plane = (size_t)l.out_h * l.out_w;
    float *spread = vd_scratch(VD_SCRATCH_COLUMNS, plane);
    memset(spread, 0, plane * sizeof(float));
    for (int c = 0; c < l.out_c; ++c) {
        size_t at = ((size_t)b * l.out_c + c) * plane;
        const float *z = j->z + ((size_t)b * l.c + c) * l.h * l.w;
        if (c == m.c) memset(spread, 0, plane * sizeof(float));
        for (int h = 0; c < m.c && h < m.h; ++h)
            for (int w = 0; w < m.w; ++w)
                spread[(size_t)h * m.sample * l.out_w + w * m.sample] = z[(size_t)h * m.stride * l.w + w * m.stride];
        add_activated(l.activation, plane, j->x + at, spread, l.output + at);
    }
}

static void backward_image(int b, void *context)
{
    const job *j = context;
    layer l = j->l;
    meeting m = meeting_of(l);
    size_t plane = (size_t)l.out_h * l.out_w, z_plane = (size_t)l.h * l.w;
    float *d_z = j->d_z ? j->d_z + (size_t)b * l.c * z_plane : 0;
    if (d_z && j->overwrites_z) memset(d_z, 0, l.c * z_plane * sizeof(float));
    for (int c = 0; c < l.out_c; ++c) {
        size_t at = ((size_t)b * l.out_c + c) * plane;
        backward_to_front(j, at, plane);
        for (int h = 0; d_z && c < m.c && h < m.h; ++h)
            for (int w = 0; w < m.w; ++w)
                d_z[c * z_plane + (size_t)h * m.stride * l.w + w * m.stride] +=
                    l.delta[at + (size_t)h * m.sample * l.out_w + w * m.sample];
    }
}

/* ---- the layer ---- */

static void forward_shortcut(layer l, network net)
{
    job j = {.l = l, .x = net.input, .z = net.layers[l.index].output};
    if (is_of_one_size(l)) vd_parallel_for(vd_pieces((size_t)l.batch * l.outputs, PIECE), forward_piece, &j);
    else vd_parallel_for(l.batch, forward_image, &j);
}

static void backward_shortcut(layer l, network net)
{
    job j = {.l = l, .d_x = net.delta, .d_z = net.layers[l.index].delta};
    j.overwrites_x = vd_overwrites_input_delta(l, net);
    j.overwrites_z = j.d_z != j.d_x && vd_overwrites_source_delta(l, net, l.index); /* d x comes first */
    if (is_of_one_size(l)) vd_parallel_for(vd_pieces((size_t)l.batch * l.outputs, PIECE), backward_piece, &j);
    else vd_parallel_for(l.batch, backward_image, &j);
}

int vd_is_fast_shortcut(layer l)
{
    return l.forward == forward_shortcut;
}

/* one whole number is the ratio of both sides; stock Darknet's function ends the program where none is */
static int sides_fit(layer l)
{
    if (!l.w || !l.h || !l.out_w || !l.out_h) return 0;
    return l.w / l.out_w == l.h / l.out_h && l.out_w / l.w == l.out_h / l.h;
}

void vd_speed_up_shortcut(layer *l)
{
    if (l->forward != forward_shortcut_layer || l->alpha != 1 || l->beta != 1 || !sides_fit(*l)) return;
    l->forward = forward_shortcut;
    l->backward = backward_shortcut;
}
