#include "weights/simplify.h"
#include "weights/matrix.h"
#include "layer/activation.h"
#include "layer/norm.h"
#include "layer/sources.h"
#include "layer/variants.h"
#include "base/fail.h"
#include "base/float_bits.h"

#include <stdlib.h>
#include <string.h>

/* ---- which parts follow each other ------------------------------------------------------------------------------- */

/* each output channel depends on the input channel of the same number alone */
static int keeps_channels(layer l)
{
    LAYER_TYPE type = l.type;
    return (type == MAXPOOL && l.variant != VD_CHANNEL_MAXIMA) || type == AVGPOOL || type == DROPOUT || type == ACTIVE;
}

static int reads_from_further_back(const network *net)
{
    const int *from;
    for (int i = 0; i < net->n; ++i)
        if (vd_far_sources(net->layers + i, &from)) return 1;
    return 0;
}

/* a weight of 0 is there minus the mean magnitude of its row: nothing is unread, and what is taken out changes the
 * mean */
static int is_binary(layer l)
{
    return l.binary || l.xnor;
}

static int is_product(layer l)
{
    return l.type == CONVOLUTIONAL || l.type == CONNECTED;
}

/* the output of layer `from` is read by layer `to` and by no other layer with weights */
static int follows(const network *net, int from, int to)
{
    layer l = net->layers[to];
    for (int i = from + 1; i < to; ++i)
        if (!keeps_channels(net->layers[i])) return 0;
    return l.type == CONNECTED || (l.type == CONVOLUTIONAL && l.groups == 1);
}

char *vd_parts_chained(const network *net, vd_parts p)
{
    char *chained = vd_calloc(p.n + 1, 1);
    if (reads_from_further_back(net)) return chained;
    for (int i = 0; i + 1 < p.n; ++i) {
        vd_part from = p.part[i], to = p.part[i + 1];
        chained[i] = (char)(is_product(net->layers[from.layer]) && from.layer < to.layer &&
                            follows(net, from.layer, to.layer) && to.columns % from.rows == 0);
    }
    return chained;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static float *row_of(vd_part p, int row)
{
    return p.weights + (size_t)row * p.columns;
}

enum { ARRAYS_OF_ROWS = 4 };
static void arrays_of_rows(vd_part p, float *arrays[ARRAYS_OF_ROWS])
{
    float *all[] = {p.biases, p.scales, p.means, p.variances};
    memcpy(arrays, all, sizeof(all));
}

int vd_row_is_alive(vd_part p, int row)
{
    float *arrays[ARRAYS_OF_ROWS];
    arrays_of_rows(p, arrays);
    for (int k = 0; k < ARRAYS_OF_ROWS; ++k)
        if (arrays[k] && !vd_is_zero(arrays[k][row])) return 1;
    return p.weights && vd_count_nonzero(p.columns, row_of(p, row));
}

static void drop_row(vd_part p, int row)
{
    float *arrays[ARRAYS_OF_ROWS];
    arrays_of_rows(p, arrays);
    for (int k = 0; k < ARRAYS_OF_ROWS; ++k)
        if (arrays[k]) arrays[k][row] = 0;
    memset(row_of(p, row), 0, p.columns * sizeof(float));
}

/* ---- constants --------------------------------------------------------------------------------------------------- */

/* x, the same in every pixel, through layers first .. last - 1; 0 when it is a constant no longer */
static int pass_constant(const network *net, int first, int last, float *x)
{
    for (int i = first; i < last; ++i) {
        layer l = net->layers[i];
        if (l.type == ACTIVE) vd_activate(l.activation, 1, x);
        if (l.type == MAXPOOL && l.pad - l.pad / 2 >= l.size) return 0; /* windows of padding alone */
    }
    return 1;
}

/* the output of a row without weights */
static float constant_of(layer l, vd_part p, int row)
{
    float x = 0;
    if (p.scales) x = -p.means[row] / vd_norm_deviation(l, p.variances[row]) * p.scales[row];
    x += p.biases[row];
    vd_activate(l.activation, 1, &x);
    return x;
}

/* a constant in `width` columns of `to` from `first` on moves into its biases */
static void take_constant(vd_part to, int first, int width, float x)
{
    for (int i = 0; i < to.rows; ++i) {
        float *w = row_of(to, i) + first;
        double sum = 0;
        for (int j = 0; j < width; ++j) sum += (double)w[j] * x;
        if (to.scales) to.means[i] = (float)(to.means[i] - sum);
        else to.biases[i] = (float)(to.biases[i] + sum);
        memset(w, 0, width * sizeof(float));
    }
}

/* a filter that sees the padding has no place for a constant other than 0 */
static int takes_constants(layer l)
{
    return l.type == CONNECTED || !l.pad;
}

static void move_constants(const network *net, vd_part from, vd_part to)
{
    layer l = net->layers[from.layer], next = net->layers[to.layer];
    int width = to.columns / from.rows;
    if (is_binary(next)) return;
    for (int i = 0; i < from.rows; ++i) {
        if (vd_count_nonzero(from.columns, row_of(from, i))) continue;
        float x = constant_of(l, from, i);
        if (!pass_constant(net, from.layer + 1, to.layer, &x) || (x != 0 && !takes_constants(next))) continue;
        take_constant(to, i * width, width, x);
        drop_row(from, i);
    }
}

/* ---- what nothing reads ------------------------------------------------------------------------------------------ */

static void drop_unread(vd_part from, vd_part to)
{
    int width = to.columns / from.rows;
    char *read = vd_calloc(from.rows, 1);
    for (int i = 0; i < to.rows; ++i)
        for (int j = 0; j < from.rows; ++j)
            if (!read[j]) read[j] = vd_count_nonzero(width, row_of(to, i) + (size_t)j * width) > 0;
    for (int j = 0; j < from.rows; ++j)
        if (!read[j]) drop_row(from, j);
    free(read);
}

void vd_simplify(const network *net, vd_parts p)
{
    char *chained = vd_parts_chained(net, p);
    for (int i = 0; i < p.n; ++i) /* forwards: a row whose inputs are all constants becomes one */
        if (chained[i]) move_constants(net, p.part[i], p.part[i + 1]);
    for (int i = p.n - 1; i >= 0; --i) /* backwards: a row that is dropped does not read either */
        if (chained[i] && !is_binary(net->layers[p.part[i + 1].layer])) drop_unread(p.part[i], p.part[i + 1]);
    free(chained);
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

typedef struct {
    int row, alive;
    float bias;
    size_t weights;
} ranked;

static int compare(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->alive != y->alive) return y->alive - x->alive;
    if (x->bias != y->bias) return x->bias < y->bias ? -1 : 1;
    if (x->weights != y->weights) return x->weights > y->weights ? -1 : 1;
    return x->row - y->row;
}

/* lines[k] = lines[order[k].row], each of `length` numbers */
static void permute(int n, const ranked *order, size_t length, float *lines)
{
    float *before = vd_calloc(n * length, sizeof(float));
    memcpy(before, lines, n * length * sizeof(float));
    for (int k = 0; k < n; ++k)
        memcpy(lines + k * length, before + (size_t)order[k].row * length, length * sizeof(float));
    free(before);
}

static void order_rows(vd_part from, vd_part to)
{
    ranked *order = vd_calloc(from.rows, sizeof(*order));
    float *arrays[ARRAYS_OF_ROWS];
    arrays_of_rows(from, arrays);
    for (int i = 0; i < from.rows; ++i)
        order[i] =
            (ranked){i, vd_row_is_alive(from, i), from.biases[i], vd_count_nonzero(from.columns, row_of(from, i))};
    qsort(order, from.rows, sizeof(*order), compare);
    for (int k = 0; k < ARRAYS_OF_ROWS; ++k)
        if (arrays[k]) permute(from.rows, order, 1, arrays[k]);
    permute(from.rows, order, from.columns, from.weights);
    for (int i = 0; i < to.rows; ++i) permute(from.rows, order, to.columns / from.rows, row_of(to, i));
    free(order);
}

void vd_order_rows(const network *net, vd_parts p)
{
    char *chained = vd_parts_chained(net, p);
    for (int i = 0; i < p.n; ++i)
        if (chained[i] && (net->layers[p.part[i].layer].type == CONNECTED || net->layers[p.part[i].layer].groups == 1))
            order_rows(p.part[i], p.part[i + 1]);
    free(chained);
}
