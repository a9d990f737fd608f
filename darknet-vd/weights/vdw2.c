#include "weights/vdw2.h"
#include "layer/layer_state.h"
#include "weights/crc32.h"
#include "weights/matrix.h"
#include "weights/simplify.h"
#include "weights/varint.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>

enum { STEP_BITS = 8, OCTAVE_BITS = 3, STEPS_AN_OCTAVE = 4 };

uint8_t vd_bias_step(vd_part_code code)
{
    int finer = STEPS_AN_OCTAVE * code.octaves;
    return (uint8_t)(code.step >= finer ? code.step - finer : code.step % STEPS_AN_OCTAVE);
}

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

/* the map of `pixels` that a channel in front of layer i is */
static vd_row_shape map_in_front(const network *net, int i, int rows, int channels, int pixels)
{
    int height = i ? net->layers[i - 1].out_h : net->h, width = i ? net->layers[i - 1].out_w : net->w;
    if ((int64_t)height * width != pixels) height = 1, width = pixels;
    return (vd_row_shape){rows, channels, height, width};
}

/* before: the part whose rows are its channels, null when there is none */
static vd_row_shape shape_of(const network *net, vd_part p, const vd_part *before)
{
    layer l = net->layers[p.layer];
    int square = l.size * l.size;
    switch (p.kind) {
    case VD_PART_CONVOLUTIONAL:
    case VD_PART_LOCAL:
    case VD_PART_DECONVOLUTIONAL:
        if (square > 0 && p.columns % square == 0) return (vd_row_shape){p.rows, p.columns / square, l.size, l.size};
        break;
    case VD_PART_CONNECTED:
        if (vd_is_recurrent(l)) break;
        if (before) return map_in_front(net, p.layer, p.rows, before->rows, p.columns / before->rows);
        if (!p.layer && net->c > 0 && p.columns % net->c == 0)
            return map_in_front(net, p.layer, p.rows, net->c, p.columns / net->c);
        break;
    default:
        break;
    }
    return (vd_row_shape){p.rows, p.columns, 1, 1};
}

uint32_t vd_shape_mark(const network *net, vd_parts p)
{
    vd_bytes all = {0};
    char *chained = vd_parts_chained(net, p);
    for (int i = 0; i < p.n; ++i) {
        vd_part q = p.part[i];
        vd_row_shape s = shape_of(net, q, i && chained[i - 1] ? p.part + i - 1 : 0);
        int numbers[] = {q.layer,   q.kind,     q.scales != 0, q.biases != 0, q.rows,
                         q.columns, s.channels, s.height,      s.width};
        for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); ++k) vd_add_varint(&all, (uint64_t)numbers[k]);
    }
    uint32_t mark = vd_crc32(all.bytes, all.n) & 0xffff;
    free(chained);
    vd_bytes_free(&all);
    return mark;
}

/* ---- forms ------------------------------------------------------------------------------------------------------- */

typedef struct {
    vd_form weights, biases, scales, means, variances;
} forms;

static forms forms_of(vd_part p, vd_pack_format format, vd_part_code code)
{
    static const vd_form exact = {.mantissa = VD_EXACT}, half = {.mantissa = VD_HALF}, power = {.mantissa = 0};
    forms f = {exact, exact, exact, exact, exact};
    if (code.exact) return f;
    if (format == VD_PACK_FP16) f.weights = half;
    if (format != VD_PACK_INT8) return f;
    f.weights = (vd_form){VD_INTEGERS, code.step};
    f.biases = p.scales ? half : (vd_form){VD_INTEGERS, vd_bias_step(code)};
    f.scales = f.means = half;
    f.variances = power;
    return f;
}

static void code_part_code(vd_coder *c, vd_pack_format format, vd_part_code *code)
{
    code->exact = (int)vd_code_raw(c, 1, (uint32_t)code->exact);
    if (code->exact || format != VD_PACK_INT8) return;
    code->step = (uint8_t)vd_code_raw(c, STEP_BITS, code->step);
    code->octaves = (uint8_t)vd_code_raw(c, OCTAVE_BITS, code->octaves);
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

/* what a part's channels come from: the rows of `before`, null when that is not known; the caller frees */
static uint8_t *make_sources(vd_row_shape s, const vd_part *before)
{
    uint8_t *source = vd_calloc(s.channels, 1);
    for (int i = 0; before && i < s.channels; ++i) {
        size_t n = vd_count_nonzero(before->columns, before->weights + (size_t)i * before->columns);
        int length = 0;
        for (; n; n >>= 1) ++length;
        source[i] = (uint8_t)(vd_row_is_alive(*before, i) ? VD_SOURCE_ALIVE + length : VD_SOURCE_DEAD);
    }
    return source;
}

static int code_part(vd_coder *c, const vd_mixing *mixing, vd_part p, forms f, vd_row_shape s, const vd_part *before)
{
    uint8_t *alive = vd_calloc(p.rows, 1), *source = make_sources(s, before);
    const struct {
        float *x;
        vd_form form;
    } of_rows[] = {{p.biases, f.biases}, {p.scales, f.scales}, {p.means, f.means}, {p.variances, f.variances}};
    int possible = 1;
    for (int i = 0; i < p.rows && !c->reading; ++i) alive[i] = (uint8_t)vd_row_is_alive(p, i);
    vd_code_alive(c, mixing, p.rows, alive);
    for (int k = 0; k < 4 && possible; ++k)
        if (of_rows[k].x) possible = vd_code_vector(c, mixing, of_rows[k].form, p.rows, alive, of_rows[k].x);
    if (possible && p.weights) possible = vd_code_weights(c, mixing, f.weights, s, alive, source, p.weights);
    free(alive);
    free(source);
    return possible;
}

char *vd_code_parts(vd_coder *c, const network *net, vd_parts p, vd_pack_format format, vd_part_code *codes,
                    size_t *bytes)
{
    char *chained = vd_parts_chained(net, p), *fault = 0;
    vd_mixing *mixing = make_vd_mixing();
    for (int i = 0; i < p.n && !fault; ++i) {
        const vd_part *before = i && chained[i - 1] ? p.part + i - 1 : 0;
        code_part_code(c, format, codes + i);
        int possible = code_part(c, mixing, p.part[i], forms_of(p.part[i], format, codes[i]),
                                 shape_of(net, p.part[i], before), before);
        if (!possible)
            fault = vd_format("layer %d: %s", p.part[i].layer,
                              c->reading ? "damaged data" : "a bias or scale is too large for this format");
        if (bytes) bytes[i] = vd_coder_bytes(c);
    }
    free(mixing);
    free(chained);
    return fault;
}
