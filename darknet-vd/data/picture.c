#include "data/picture.h"

#include <stdlib.h>

#include "base/fail.h"
#include "data/image_cache.h"
#include "data/picture_file.h"

/* [pixels][c] of bytes -> [c][pixels] */
static void to_planes(size_t pixels, int c, const unsigned char *bytes, float *planes)
{
    if (c == 1) { /* the compiler makes a vector loop of this one */
        for (size_t i = 0; i < pixels; ++i) planes[i] = bytes[i] / 255.f;
    } else {
        for (int k = 0; k < c; ++k)
            for (size_t i = 0; i < pixels; ++i) planes[k * pixels + i] = bytes[i * c + k] / 255.f;
    }
}

image vd_picture(const char *path, int channels)
{
    image im;
    unsigned char *own;
    const unsigned char *bytes = image_cache_load(path, &im.w, &im.h, &im.c, channels, &own);
    if (!bytes) vd_die("Cannot load image \"%s\": %s", path, vd_picture_fault());
    if (channels) im.c = channels;
    size_t pixels = (size_t)im.w * im.h, size = pixels * im.c * sizeof(float);
    im.data = malloc(size);
    if (!im.data) vd_die("Cannot load image \"%s\": out of memory: cannot allocate %zu bytes", path, size);
    to_planes(pixels, im.c, bytes, im.data);
    free(own);
    return im;
}
