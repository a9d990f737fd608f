#include "weights/values.h"
#include "base/float_bits.h"
#include "weights/grid.h"
#include "weights/matrix.h"
#include "weights/simplify.h"
#include "layer/norm.h"
#include "layer/vd_layer.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* the first value that cannot be packed, as a line of text */
static char *find_fault(vd_part p, vd_pack_format format)
{
    char *fault = vd_part_fault(p);
    for (size_t i = 0; !fault && p.weights && i < vd_part_weights(p); ++i)
        if (fabsf(p.weights[i]) > vd_pack_largest(format))
            fault = vd_format("layer %d: weights[%zu] = %g is too large for this format", p.layer, i, p.weights[i]);
    return fault;
}

/* a part that is packed in the file's format: one of a variational layer */
static const vd_layer *variational(const network *net, vd_part p)
{
    return p.variational ? vd_layer_of(net->layers[p.layer]) : 0;
}

/* p = the arrays of own at test time */
static char *copy_masked(const network *net, vd_part own, vd_part p, vd_pack_format format)
{
    const vd_layer *vd = variational(net, p);
    vd_part_copy(p, own);
    char *fault = find_fault(own, VD_PACK_DENSE);
    if (fault || !vd) return fault;
    vd_kernels_get()->mask(vd->n, own.weights, vd->log_sigma2, vd->threshold, p.weights);
    return find_fault(p, format);
}

/* float32 with fewer bits of mantissa, to nearest */
static float shorten(float x, int mantissa)
{
    uint32_t bits = vd_bits_of_float(x), half = 1u << (VD_EXACT - 1 - mantissa);
    uint32_t rounded = (bits + half) & ~(2 * half - 1);
    if ((rounded & 0x7f800000u) == 0x7f800000u) rounded = bits & ~(2 * half - 1); /* not to infinity */
    return vd_float_of_bits(rounded);
}

/* scales and biases alone: y = scales (a*w - mean)/deviation + biases, with a mean of 0 and a variance of 1 */
static void fold_norm(layer l, vd_part p)
{
    for (int i = 0; i < p.rows; ++i) {
        if (!vd_row_is_alive(p, i)) continue;
        double scale = p.scales[i] / (double)vd_norm_deviation(l, p.variances[i]);
        p.biases[i] = shorten((float)(p.biases[i] - scale * p.means[i]), VD_HALF);
        p.scales[i] = shorten((float)(scale * vd_norm_deviation(l, 1)), VD_HALF);
        p.means[i] = 0;
        p.variances[i] = 1;
    }
}

/* the biases have a step of half that of the weights: what the posterior says of them is not known */
enum { FINER = 1 };

static int has_weights(vd_part p)
{
    return vd_count_nonzero(vd_part_weights(p), p.weights) > 0;
}

static vd_part_code round_to_integers(const network *net, vd_part p, vd_grid_rule rule)
{
    vd_part_code code = {.octaves = FINER};
    if (!p.scales) rule.least = vd_grid_step_that_reaches(p.rows, p.biases, 0, VD_MOST_INTEGER >> FINER);
    code.step = vd_grid_round(p, variational(net, p)->log_sigma2, rule);
    if (!p.scales) vd_grid_round_to(p.rows, p.biases, vd_bias_step(code));
    return code;
}

/* constants may have moved into biases, and where no weights are left, these alone say what step there is */
static void round_biases(vd_part p, vd_part_code *code)
{
    enum { MOST = 127 };
    if (!has_weights(p)) code->step = vd_grid_step_that_reaches(p.rows, p.biases, 0, MOST >> FINER);
    vd_grid_round_to(p.rows, p.biases, vd_bias_step(*code));
}

char *vd_begin_values(const network *net, vd_parts values, vd_pack_format format)
{
    vd_parts own = vd_parts_of_network(net);
    char *fault = 0;
    for (int i = 0; i < own.n && !fault; ++i) fault = copy_masked(net, own.part[i], values.part[i], format);
    free(own.part);
    if (!fault) vd_simplify(net, values);
    return fault;
}

static void round_to_floats(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes)
{
    for (int i = 0; i < values.n; ++i) {
        vd_part p = values.part[i];
        codes[i].exact = !variational(net, p);
        if (!codes[i].exact && format == VD_PACK_FP16) vd_round_to_halves(vd_part_weights(p), p.weights);
    }
}

void vd_round_by_rate(const network *net, vd_parts values, double rate, vd_part_code *codes)
{
    vd_grid_rule rule = {.rate = rate};
    for (int i = 0; i < values.n; ++i) {
        vd_part p = values.part[i];
        codes[i].exact = !variational(net, p);
        if (!codes[i].exact) codes[i] = round_to_integers(net, p, rule);
    }
}

void vd_finish_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes)
{
    vd_simplify(net, values); /* rounding may have left rows without weights */
    if (format != VD_PACK_INT8) return;
    for (int i = 0; i < values.n; ++i) {
        vd_part p = values.part[i];
        if (codes[i].exact) continue;
        if (p.scales) fold_norm(net->layers[p.layer], p);
        else round_biases(p, codes + i);
    }
    vd_order_rows(net, values);
}

char *vd_make_values(const network *net, vd_parts values, vd_pack_format format, double rate, vd_part_code *codes)
{
    char *fault = vd_begin_values(net, values, format);
    if (fault) return fault;
    if (format == VD_PACK_INT8) vd_round_by_rate(net, values, rate, codes);
    else round_to_floats(net, values, format, codes);
    vd_finish_values(net, values, format, codes);
    return 0;
}
