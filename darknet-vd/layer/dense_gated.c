#include "layer/dense_gated.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <limits.h>
#include <string.h>

int vd_dense_is_gated(layer l)
{
    const double most = .6; /* of the numbers may be other than zero: an instruction for each against 1.2 for all */
    size_t n = (size_t)l.batch * l.outputs, weights = (size_t)l.inputs * l.outputs;
    return l.inputs % VD_LIST_LANES == 0 && weights <= INT_MAX && (size_t)l.batch * l.inputs <= INT_MAX &&
           vd_kernels_get()->behind_pool->not_zero((int)n, l.delta, 0, 0) <= most * n;
}

/* what stands for the numbers of the lists in d_var: number `place` of list i is d_var[i list + place number] */
static void take_variance(int n, const float *d_var, int list, int number, vd_dense_lists *l)
{
    for (int i = 0; i < n; ++i)
        for (int e = l->start[i]; e < l->start[i + 1]; ++e)
            l->variance[e] = d_var[(size_t)i * list + (size_t)l->place[e] * number];
}

vd_gated vd_dense_gate(layer l, const float *d_var, int columns)
{
    vd_gated g = {.columns = columns};
    int batch = l.batch, out = l.outputs;
    size_t n = (size_t)batch * out, units = vd_cut_dense_lists(0, out, n, &g.units),
           images = vd_cut_dense_lists(0, batch, n, &g.images);
    float *buffer = vd_scratch(VD_SCRATCH_LISTS, units + images + batch + n);
    vd_cut_dense_lists(buffer, out, n, &g.units);
    vd_cut_dense_lists(buffer + units, batch, n, &g.images);
    g.at_in_piece = (void *)(buffer + units + images);
    float *turned = buffer + units + images + batch;
    for (int b = 0; b < batch; ++b) g.at_in_piece[b] = b * columns;
    vd_transpose(batch, out, l.delta, out, turned, batch);
    vd_make_dense_lists(out, batch, turned, batch, l.inputs, &g.units);
    vd_make_dense_lists(batch, out, l.delta, out, l.inputs, &g.images);
    if (!d_var) return g;
    take_variance(out, d_var, 1, out, &g.units);
    take_variance(batch, d_var, out, 1, &g.images);
    return g;
}

void vd_gated_gradients(const vd_gated *g, layer l, const float *input, vd_product p, int c, int n)
{
    const vd_dense_lists *of = &g->units;
    vd_add_dense_lists(of, l.outputs, of->mean, n, l.inputs, input + c, p.d_theta + c);
    if (!p.sigma2) return;
    float *square = vd_scratch(VD_SCRATCH_SQUARE, (size_t)l.batch * n);
    for (int b = 0; b < l.batch; ++b)
        vd_kernels_get()->square(n, input + (size_t)b * l.inputs + c, square + (size_t)b * n);
    vd_add_dense_lists(of, l.outputs, of->variance, n, n, square, p.d_sigma2 + c);
}

void vd_gated_data(const vd_gated *g, layer l, const float *input, vd_product p, int c, int n, float *d_input)
{
    vd_dense_lists of = g->images;
    for (int b = 0; p.overwrites && b < l.batch; ++b) memset(d_input + (size_t)b * l.inputs + c, 0, n * sizeof(float));
    vd_add_dense_lists(&of, l.batch, of.mean, n, l.inputs, p.theta + c, d_input + c);
    if (!p.sigma2) return;
    int columns = g->columns;
    float *d_square = vd_scratch(VD_SCRATCH_D_SQUARE, (size_t)l.batch * columns);
    memset(d_square, 0, (size_t)l.batch * columns * sizeof(float));
    of.at = g->at_in_piece;
    vd_add_dense_lists(&of, l.batch, of.variance, n, l.inputs, (const float *)p.sigma2 + c, d_square);
    for (int b = 0; b < l.batch; ++b) {
        size_t at = (size_t)b * l.inputs + c;
        vd_kernels_get()->add_twice_product(n, input + at, d_square + (size_t)b * columns, d_input + at);
    }
}
