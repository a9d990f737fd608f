#include "data/picture_file.h"
#include "data/jpeg.h"
#include "data/jpeg_header.h"
#include "data/png_header.h"
#include "data/raw_picture.h"
#include "data/upright.h"
#include "base/stock_libc.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stb/stb_image.h>

/* of the last picture this thread has decoded; null where there was none, or stb_image or a lack of memory is the
 * reason */
static __thread char *fault_of_last;

void vd_picture_forget_fault(void)
{
    free(fault_of_last);
    fault_of_last = 0;
}

FILE *vd_picture_open(const char *path)
{
    char *fault, *here;
    FILE *fp = vd_input_open(path, "rb", &fault);
    if (fp) return fp;
    if (*path == '/' || !access(path, F_OK) || errno != ENOENT) vd_die("%s", fault);
    here = getcwd(0, 0);
    vd_die("%s (in %s, the current folder)", fault, here ? here : ".");
}

/* the rest of a file and its length; null where memory was refused */
static unsigned char *read_rest(FILE *fp, size_t *n)
{
    unsigned char *bytes = 0;
    size_t room = 0, got = 1;
    for (*n = 0; got; *n += got) {
        if (*n == room) {
            unsigned char *more = stock_picture_realloc(bytes, room = 2 * room + (1 << 16));
            if (!more) {
                free(bytes);
                return 0;
            }
            bytes = more;
        }
        got = fread(bytes + *n, 1, room - *n, fp);
    }
    return bytes;
}

static unsigned char *decode_by_stb(const unsigned char *bytes, size_t n, int *w, int *h, int *c, int channels)
{
    if (n > INT_MAX) {
        fault_of_last = vd_format("too large: %zu bytes", n);
        return 0;
    }
    unsigned char *pixels = stbi_load_from_memory(bytes, (int)n, w, h, c, channels);
    if (!pixels || !vd_is_png(bytes, n)) return pixels;
    return vd_upright(pixels, w, h, channels ? channels : *c, vd_png_orientation(bytes, n));
}

/* a file that begins as a JPEG or a PNG does */
static unsigned char *decode_marked(const char *path, FILE *fp, int *w, int *h, int *c, int channels)
{
    size_t n;
    unsigned char *bytes = read_rest(fp, &n), *pixels = 0;
    if (bytes && vd_is_jpeg(bytes, n)) pixels = vd_jpeg_decode(path, bytes, n, w, h, c, channels, &fault_of_last);
    else if (bytes) pixels = decode_by_stb(bytes, n, w, h, c, channels);
    free(bytes);
    return pixels;
}

static void brighten(size_t n, unsigned char *bytes, int white)
{
    for (size_t i = 0; i < n; ++i)
        bytes[i] = (unsigned char)(bytes[i] < white ? (bytes[i] * 255 + white / 2) / white : 255);
}

static unsigned char *decode(const char *path, FILE *fp, int *w, int *h, int *c, int channels)
{
    int white;
    fault_of_last = vd_raw_picture_fault(fp, &white);
    if (fault_of_last) return 0;
    int first = getc(fp); /* a pipe takes back this one */
    if (first != EOF) ungetc(first, fp);
    if (first == 0xff || first == VD_PNG_FIRST_BYTE) return decode_marked(path, fp, w, h, c, channels);
    unsigned char *pixels = stbi_load_from_file(fp, w, h, c, channels);
    if (pixels && white < 255) brighten((size_t)*w * *h * (channels ? channels : *c), pixels, white);
    return pixels;
}

unsigned char *vd_picture_decode(const char *path, int *w, int *h, int *c, int channels)
{
    stock_picture_refused();
    FILE *fp = vd_picture_open(path);
    vd_picture_forget_fault(); /* a callback of vd_on_die() may leave from the next line */
    unsigned char *pixels = decode(path, fp, w, h, c, channels);
    fclose(fp);
    return pixels;
}

char *vd_picture_fault(void)
{
    size_t bytes = stock_picture_refused();
    if (fault_of_last) return vd_format("%s", fault_of_last);
    if (bytes) return vd_format("out of memory: cannot allocate %zu bytes", bytes);
    const char *reason = stbi_failure_reason();
    int is_unknown = !strcmp(reason, "unknown image type");
    return vd_format("%s%s", reason, is_unknown ? ": JPEG, PNG, BMP, GIF, TGA, PSD, PNM, HDR and PIC are read" : "");
}

char *vd_picture_file_fault(const char *path)
{
    struct stat s;
    if (stat(path, &s) || (S_ISREG(s.st_mode) && access(path, R_OK))) return vd_format("%s", strerror(errno));
    return S_ISDIR(s.st_mode) ? vd_format("is a directory") : 0;
}
