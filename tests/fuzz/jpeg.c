/* any bytes as a JPEG: the first gives the channels, the others are the file */
#include "data/jpeg.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <stb/stb_image_write.h>

void fuzz_begin(void)
{
}

void fuzz_one(const uint8_t *data, size_t n)
{
    int w, h, c, channels = n ? data[0] % 5 : 0;
    unsigned sum = 0;
    char *fault;
    if (!n) return;
    unsigned char *pixels = vd_jpeg_decode("a.jpg", data + 1, n - 1, &w, &h, &c, channels, &fault);
    size_t bytes = pixels ? (size_t)w * (size_t)h * (size_t)(channels ? channels : c) : 0;
    for (size_t i = 0; i < bytes; ++i) sum += pixels[i]; /* all of them are there */
    if (sum == 1) puts("");
    free(pixels);
    free(fault);
}

typedef struct {
    uint8_t bytes[1 << 14];
    size_t n;
} file;

static void append(void *context, void *data, int n)
{
    file *f = context;
    if (f->n + (size_t)n > sizeof(f->bytes)) abort();
    memcpy(f->bytes + f->n, data, (size_t)n);
    f->n += (size_t)n;
}

/* qualities up to 90 have 4:2:0; with the orientation of a camera held upright */
void fuzz_seeds(void)
{
    static const char exif[] = "\xff\xe1\0\x22"
                               "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    static const char *const names[] = {"grey", "halved", "colour"};
    static const int channels[] = {1, 3, 3}, quality[] = {95, 60, 95};
    unsigned char pixels[20 * 18 * 3];
    for (size_t i = 0; i < sizeof(pixels); ++i) pixels[i] = (unsigned char)(i * i / 7);
    for (int k = 0; k < 3; ++k) {
        file f = {{(uint8_t)channels[k], 0xff, 0xd8}, 3};
        append(&f, (void *)exif, sizeof(exif) - 1);
        size_t start = f.n;
        stbi_write_jpg_to_func(append, &f, 20, 18, channels[k], pixels, quality[k]);
        memmove(f.bytes + start, f.bytes + start + 2, f.n - start - 2); /* its own first marker */
        fuzz_seed(names[k], f.bytes, f.n - 2);
    }
}
