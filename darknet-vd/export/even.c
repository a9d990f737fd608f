/* Keeps as many channels in each of the groups that a [route] cuts its sources into. */
#include "export/removal.h"

#include <assert.h>

/* the channels tied to `first` stay after all, because layer i needs them. Their filters may have weights for channels
 * that are gone, and so another output than before. That does no harm: nothing reads them, but for constants that could
 * have moved into their readers' biases, and those stay what they are, as all that their filters read are constants */
static void keep_tied(vd_channels *ch, const vd_model *m, int first, int i)
{
    assert(ch->pinned_by[first] == VD_NOT_PINNED);
    for (int k = first; k >= 0; k = ch->next_tied[k]) {
        assert(ch->removed[k] && vd_channel_reader(ch, m, k) < 0);
        ch->removed[k] = 0;
        ++ch->channels_left[vd_channel_source(ch, k)];
    }
    ch->pinned_by[first] = vd_source_of_layer(i);
}

static int left(const vd_channels *ch, vd_channel_range group)
{
    int n = 0;
    for (int c = 0; c < group.n; ++c) n += !ch->removed[group.first + c];
    return n;
}

/* a removed channel of the group, a constant where there is one: its weights are zeros */
static int removed_one(const vd_channels *ch, vd_channel_range group)
{
    int found = -1;
    for (int k = group.first; k < group.first + group.n; ++k) {
        if (!ch->removed[k]) continue;
        if (ch->constant[k]) return k;
        if (found < 0) found = k;
    }
    return found;
}

/* source s of [route] i; returns 1 where channels stay that were removed */
static int even_source(vd_channels *ch, const vd_model *m, int i, int s)
{
    const vd_model_layer *l = m->layers + i;
    int n = vd_channels_of(ch, l->sources[s]) / l->groups, most = 0, changed = 0;
    for (int g = 0; g < l->groups; ++g) {
        int n_left = left(ch, (vd_channel_range){vd_channel(ch, l->sources[s], g * n), n});
        if (n_left > most) most = n_left;
    }
    for (int g = 0; g < l->groups; ++g) {
        vd_channel_range group = {vd_channel(ch, l->sources[s], g * n), n};
        while (left(ch, group) < most) {
            keep_tied(ch, m, ch->tied_to[removed_one(ch, group)], i);
            changed = 1;
        }
    }
    return changed;
}

/* again until nothing changes: what stays for one [route] may be in another's groups */
void vd_channels_even(vd_channels *ch, const vd_model *m)
{
    for (int changed = 1; changed;) {
        changed = 0;
        for (int i = 0; i < m->n; ++i)
            for (int s = 0; m->layers[i].kind == VD_ROUTE && m->layers[i].groups > 1 && s < m->layers[i].n_sources; ++s)
                changed |= even_source(ch, m, i, s);
    }
}
