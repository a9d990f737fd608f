/* Explains why channels that are constants stay. */
#include "export/removal.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static char *named(const vd_model *m, int i)
{
    return vd_format("layer %d [%s]", i, m->layers[i].section);
}

static char *why_pinned(const vd_model *m, int by)
{
    const vd_model_layer *l = m->layers + by;
    char *layer = named(m, by), *why;
    if ((l->type == CONVOLUTIONAL || l->kind == VD_ROUTE) && l->groups > 1) why = vd_format("%s has groups", layer);
    else if (by == m->output) why = vd_format("%s is the output", layer);
    else why = vd_format("%s needs all of its input", layer);
    free(layer);
    return why;
}

/* the layer that ties constants to channels that are not constants */
static char *why_tied(const vd_channels *ch, const vd_model *m, int first)
{
    for (int k = first; k >= 0; k = ch->next_tied[k]) {
        int source = vd_channel_source(ch, k), i = vd_layer_of_source(source);
        if (source == VD_PICTURE) continue;
        vd_kind kind = m->layers[i].kind;
        if (kind != VD_SHORTCUT && kind != VD_SCALED && kind != VD_REORG) continue;
        char *layer = named(m, i), *why = vd_format("%s ties them to channels that are not constant", layer);
        free(layer);
        return why;
    }
    return vd_format("a later layer does not preserve constants");
}

/* why constant k stays; a tie is named rather than padding, because it explains more */
static char *why_kept(const vd_channels *ch, const vd_model *m, int k)
{
    int first = ch->tied_to[k], by = ch->pinned_by[first], pads = -1;
    if (by == VD_PICTURE) return vd_format("they are channels of the picture");
    if (by != VD_NOT_PINNED) return why_pinned(m, vd_layer_of_source(by));
    for (int c = first; c >= 0; c = ch->next_tied[c]) {
        int reader = vd_channel_reader(ch, m, c);
        if (reader >= 0 && !ch->constant[c]) return why_tied(ch, m, first);
        if (reader >= 0) pads = reader;
    }
    if (pads < 0) return vd_format("a layer must keep one");
    char *layer = named(m, pads), *why = vd_format("%s pads with 0, but their constants are not 0", layer);
    free(layer);
    return why;
}

typedef struct {
    char **text; /* [n] */
    int *count;  /* [n] */
    int n;
} reasons;

static void count_reason(reasons *r, char *why)
{
    int i = 0;
    while (i < r->n && strcmp(r->text[i], why)) ++i;
    ++r->count[i];
    if (i < r->n) free(why);
    else r->text[r->n++] = why;
}

char *vd_channels_why(const vd_channels *ch, const vd_model *m, int i)
{
    int source = vd_source_of_layer(i), n = vd_channels_of(ch, source);
    char *all = vd_format("%s", "");
    reasons r = {vd_calloc(n, sizeof(char *)), vd_calloc(n, sizeof(int)), 0};
    for (int k = ch->first[source]; k < ch->first[source + 1]; ++k)
        if (ch->constant[k] && !ch->removed[k]) count_reason(&r, why_kept(ch, m, k));
    for (int k = 0; k < r.n; ++k) {
        vd_append(&all, "%s%d dead kept: %s", k ? "; " : "", r.count[k], r.text[k]);
        free(r.text[k]);
    }
    free(r.text);
    free(r.count);
    return all;
}
