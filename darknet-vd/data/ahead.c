#include "data/ahead.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

typedef struct picture {
    struct picture *next;
    int w, h, c, channels;
    unsigned char *pixels;
    char *path;
} picture;

static __thread picture *first; /* the latest */

void vd_ahead_put(const char *path, int w, int h, int c, int channels, unsigned char *pixels)
{
    picture *p = vd_malloc(sizeof(*p));
    *p = (picture){first, w, h, c, channels, pixels, vd_format("%s", path)};
    first = p;
}

/* the first of the list leaves it, but for its pixels */
static unsigned char *remove_at(picture **at)
{
    picture *p = *at;
    unsigned char *pixels = p->pixels;
    *at = p->next;
    free(p->path);
    free(p);
    return pixels;
}

unsigned char *vd_ahead_take(const char *path, int *w, int *h, int *c, int channels)
{
    picture **at = &first;
    while (*at && ((*at)->channels != channels || strcmp((*at)->path, path))) at = &(*at)->next;
    if (!*at) return 0;
    *w = (*at)->w, *h = (*at)->h, *c = (*at)->c;
    return remove_at(at);
}

void vd_ahead_clear(void)
{
    while (first) free(remove_at(&first));
}
