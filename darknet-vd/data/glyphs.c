#include "data/glyphs.h"
#include "base/fail.h"

#include <assert.h>
#include <stdint.h>

#include <stb/stb_image.h>

#include "darknet.h"

/* glyphs.S: all files one after the other, size by size; and the offset of each, then that of the end */
extern const unsigned char vd_glyphs[];
extern const uint32_t vd_glyph_offset[VD_GLYPH_SIZES * VD_GLYPH_CHARACTERS + 1];

const unsigned char *vd_glyph_png(int character, int size, int *bytes)
{
    assert(character >= VD_GLYPH_FIRST && character < VD_GLYPH_FIRST + VD_GLYPH_CHARACTERS);
    assert(size >= 0 && size < VD_GLYPH_SIZES);
    const uint32_t *offset = vd_glyph_offset + size * VD_GLYPH_CHARACTERS + character - VD_GLYPH_FIRST;
    *bytes = (int)(offset[1] - offset[0]);
    return vd_glyphs + offset[0];
}

static image glyph_image(int character, int size)
{
    enum { CHANNELS = 3 };
    int bytes, w, h, channels;
    const unsigned char *png = vd_glyph_png(character, size, &bytes);
    unsigned char *pixels = stbi_load_from_memory(png, bytes, &w, &h, &channels, CHANNELS);
    if (!pixels) vd_die("the glyph '%c' built into this program: %s", character, stbi_failure_reason());
    image im = make_image(w, h, CHANNELS);
    for (int i = 0; i < w * h; ++i)
        for (int k = 0; k < CHANNELS; ++k) im.data[k * w * h + i] = pixels[CHANNELS * i + k] / 255.f;
    stbi_image_free(pixels);
    return im;
}

/* replaces Darknet's function, without reading files: [size][character] */
image **load_alphabet()
{
    enum { ASCII = 128 };
    image **alphabet = vd_calloc(VD_GLYPH_SIZES, sizeof(*alphabet));
    for (int size = 0; size < VD_GLYPH_SIZES; ++size) {
        alphabet[size] = vd_calloc(ASCII, sizeof(**alphabet));
        for (int c = VD_GLYPH_FIRST; c < VD_GLYPH_FIRST + VD_GLYPH_CHARACTERS; ++c)
            alphabet[size][c] = glyph_image(c, size);
    }
    return alphabet;
}

void free_alphabet(image **alphabet)
{
    for (int size = 0; size < VD_GLYPH_SIZES; ++size) {
        for (int c = VD_GLYPH_FIRST; c < VD_GLYPH_FIRST + VD_GLYPH_CHARACTERS; ++c) free_image(alphabet[size][c]);
        free(alphabet[size]);
    }
    free(alphabet);
}
