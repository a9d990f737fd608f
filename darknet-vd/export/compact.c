/* Takes removed channels out of a model's weights. */
#include "export/removal.h"

#include <stdlib.h>
#include <string.h>

/* move the removed constants that filter f reads into its bias, or, with batch norm, into the mean to subtract */
static void move_constants(vd_model_layer *l, const vd_channels *ch, const int *column, int f)
{
    double sum = 0, part;
    for (int p = 0; p < vd_channels_of(ch, l->sources[0]); ++p) {
        int in = vd_channel(ch, l->sources[0], p);
        const float *w = l->weights + (size_t)f * l->columns + column[p];
        if (!ch->removed[in] || !ch->constant[in]) continue;
        if (vd_channel_contribution(l, w, column[p + 1] - column[p], ch->value[in], &part)) sum += part;
    }
    if (l->scales) l->mean[f] = (float)(l->mean[f] - sum);
    else l->biases[f] = (float)(l->biases[f] + sum);
}

/* copy the weights of filter f that stay to `to`; returns where the next filter's go */
static float *keep_columns(const vd_model_layer *l, const vd_channels *ch, const int *column, int f, float *to)
{
    for (int p = 0; p < vd_channels_of(ch, l->sources[0]); ++p) {
        int n = column[p + 1] - column[p];
        if (ch->removed[vd_channel(ch, l->sources[0], p)]) continue;
        memmove(to, l->weights + (size_t)f * l->columns + column[p], n * sizeof(float));
        to += n;
    }
    return to;
}

static void compact_product(vd_model_layer *l, const vd_channels *ch, int i)
{
    const int *column = ch->column[i];
    float *arrays[] = {l->biases, l->scales, l->mean, l->variance}, *to = l->weights;
    int kept = 0, columns = 0;
    for (int p = 0; p < vd_channels_of(ch, l->sources[0]); ++p)
        if (!ch->removed[vd_channel(ch, l->sources[0], p)]) columns += column[p + 1] - column[p];
    for (int f = 0; f < l->filters; ++f) {
        if (ch->removed[vd_channel(ch, vd_source_of_layer(i), f)]) continue;
        move_constants(l, ch, column, f);
        to = keep_columns(l, ch, column, f, to);
        for (size_t k = 0; k < sizeof(arrays) / sizeof(*arrays); ++k)
            if (arrays[k]) arrays[k][kept] = arrays[k][f];
        ++kept;
    }
    l->filters = kept;
    l->columns = columns;
}

void vd_model_compact(vd_model *m, const vd_channels *ch)
{
    for (int i = 0; i < m->n; ++i)
        if (ch->column[i]) compact_product(m->layers + i, ch, i);
}
