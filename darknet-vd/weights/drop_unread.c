#include "weights/drop_unread.h"
#include "weights/matrix.h"
#include "layer/sources.h"
#include "base/fail.h"
#include "layer/variants.h"

#include <stdlib.h>
#include <string.h>

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

/* the output of layer `from` is read by layer `to` and by no other layer with weights */
static int follows(const network *net, int from, int to)
{
    for (int i = from + 1; i < to; ++i)
        if (!keeps_channels(net->layers[i])) return 0;
    return net->layers[to].type == CONNECTED || (net->layers[to].type == CONVOLUTIONAL && net->layers[to].groups == 1);
}

/* [columns] 1 where a column of the weights is not all 0; the caller frees */
static char *columns_read(vd_part p)
{
    char *read = vd_calloc(p.columns, 1);
    for (int i = 0; i < p.rows; ++i)
        for (int j = 0; j < p.columns; ++j)
            if (vd_count_nonzero(1, p.weights + (size_t)i * p.columns + j)) read[j] = 1;
    return read;
}

static void drop_row(vd_part p, int row)
{
    float *of_rows[] = {p.biases, p.scales, p.means, p.variances};
    for (int k = 0; k < 4; ++k)
        if (of_rows[k]) of_rows[k][row] = 0;
    memset(p.weights + (size_t)row * p.columns, 0, p.columns * sizeof(float));
}

/* each row of `from` is read through the same number of neighbouring columns of `to`: the taps of a filter, or the
 * pixels of a channel that a connected layer reads */
static void drop_rows(vd_part from, vd_part to)
{
    int width = to.columns / from.rows;
    char *read = columns_read(to);
    for (int i = 0; i < from.rows; ++i)
        if (!memchr(read + (size_t)i * width, 1, width)) drop_row(from, i);
    free(read);
}

void vd_drop_unread(const network *net, vd_parts p)
{
    if (reads_from_further_back(net)) return;
    for (int i = p.n - 2; i >= 0; --i) { /* backwards: a row that is dropped does not read either */
        vd_part from = p.part[i], to = p.part[i + 1];
        int is_product = net->layers[from.layer].type == CONVOLUTIONAL || net->layers[from.layer].type == CONNECTED;
        if (is_product && follows(net, from.layer, to.layer) && to.columns % from.rows == 0) drop_rows(from, to);
    }
}
