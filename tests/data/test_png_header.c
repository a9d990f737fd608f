/* data/png_header.c, data/exif.c: PNGs are turned as EXIF says, wherever in the file it stands; a damaged chunk turns
 * nothing. */
#include "data/png_header.h"
#include "support/support.h"
#include "base/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stb/stb_image_write.h>

enum { W = 5, H = 3, C = 3, BEFORE_CHUNKS = 33, END = 12, EXIF = 26, CHUNK = 12 + EXIF };

/* length, name, a TIFF file with one entry in its directory, orientation 6, and a CRC, which stb_image does not read */
static const unsigned char chunk[CHUNK] = "\0\0\0\x1a"
                                          "eXIf"
                                          "MM\0*\0\0\0\x08"
                                          "\0\1\1\x12\0\3\0\0\0\1\0\6";

static char *path;
static unsigned char pixels[W * H * C];

static void setup(void)
{
    make_test_folder();
    path = in_folder(folder, "a.png");
    for (int i = 0; i < W * H * C; ++i) pixels[i] = (unsigned char)(5 * i);
}

static void teardown(void)
{
    free(path);
    remove_test_folder();
}

static void append(void *file, void *bytes, int n)
{
    fwrite(bytes, 1, (size_t)n, file);
}

/* a PNG of W x H pixels with these n bytes at this place */
static unsigned char *png_with(const unsigned char *inserted, size_t n, int behind_pixels, size_t *size)
{
    char *plain;
    size_t length;
    FILE *file = open_memstream(&plain, &length);
    ck_assert(stbi_write_png_to_func(append, file, W, H, C, pixels, W * C) && !fclose(file));
    unsigned char *png = vd_malloc(*size = length + n);
    size_t at = behind_pixels ? length - END : BEFORE_CHUNKS;
    memcpy(png, plain, at);
    memcpy(png + at, inserted, n);
    memcpy(png + at + n, plain + at, length - at);
    free(plain);
    return png;
}

/* orientation 6 is a turn to the right */
START_TEST(a_png_is_turned_as_its_exif_says)
{
    size_t n;
    unsigned char *png = png_with(chunk, CHUNK, _i, &n);
    ck_assert_int_eq(vd_png_orientation(png, n), 6);
    write_bytes(path, png, n);
    image im = load_image(path, 0, 0, C);
    ck_assert(im.w == H && im.h == W);
    for (int k = 0; k < C; ++k)
        for (int y = 0; y < W; ++y)
            for (int x = 0; x < H; ++x)
                ck_assert_int_eq((int)(255 * im.data[(k * W + y) * H + x] + .5f),
                                 pixels[((H - 1 - x) * W + y) * C + k]);
    free_image(im);
    free(png);
}
END_TEST

START_TEST(a_png_without_or_with_damaged_exif_stays)
{
    size_t n;
    unsigned char *png = png_with(chunk, 0, 0, &n);
    ck_assert_int_eq(vd_png_orientation(png, n), 1);
    write_bytes(path, png, n);
    image im = load_image(path, 0, 0, C);
    ck_assert(im.w == W && im.h == H);
    free_image(im);
    free(png);

    png = png_with(chunk, CHUNK, 0, &n);
    for (size_t cut = 0; cut < n; ++cut) { /* no byte behind the end is read */
        unsigned char *alone = vd_malloc(cut + 1);
        memcpy(alone, png, cut);
        int orientation = vd_is_png(alone, cut) ? vd_png_orientation(alone, cut) : 1;
        ck_assert_int_eq(orientation, cut < BEFORE_CHUNKS + CHUNK ? 1 : 6);
        free(alone);
    }
    for (int i = 0; i < CHUNK; ++i)
        for (int bit = 0; bit < 8; ++bit) {
            png[BEFORE_CHUNKS + i] ^= (unsigned char)(1 << bit);
            int orientation = vd_png_orientation(png, n);
            ck_assert(orientation >= 1 && orientation <= 8);
            png[BEFORE_CHUNKS + i] ^= (unsigned char)(1 << bit);
        }
    free(png);
}
END_TEST

SUITE_OF(png_header)
{
    EACH(setup, teardown);
    LOOP(a_png_is_turned_as_its_exif_says, 2);
    TEST(a_png_without_or_with_damaged_exif_stays);
}
