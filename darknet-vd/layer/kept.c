#include "layer/kept.h"
#include "base/fail.h"

#include <stdlib.h>

void vd_kept_attach(layer *l)
{
    if (l->later) return;
    l->later = vd_calloc(1, sizeof(vd_kept));
    if (!l->plugin_free) l->plugin_free = vd_kept_free;
}

void vd_kept_free(layer l)
{
    vd_kept *k = vd_kept_of(l);
    if (!k) return;
    free_vd_winograd(k->winograd.made);
    free(k->inputs.values);
    free(k);
}
