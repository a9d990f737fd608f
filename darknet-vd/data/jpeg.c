#include "data/jpeg.h"
#include "data/jpeg_header.h"
#include "data/upright.h"
#include "base/stock_libc.h"
#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef VD_JPEG

#include <setjmp.h>
#include <stdarg.h>

#include <jpeglib.h>
/* the second: the numbers of its messages depend on the first */
#include <jerror.h>

/* a picture of two billion bytes can be described in two hundred, and a progressive one walked through for each of its
 * scans; honest files have about ten */
enum { MOST_SCANS = 500 };

/* one call; a fault leaves libjpeg by longjmp() to read_picture(), over libjpeg's functions and the callbacks here */
typedef struct {
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf back;
    char fault[JMSG_LENGTH_MAX]; /* empty: stock_picture_malloc() has refused memory */
    const unsigned char *bytes;
    size_t n;
    int channels;          /* wanted, 0: the file's */
    int c;                 /* the file's */
    unsigned char *pixels; /* [h][w][channels or c] */
    unsigned char *row;    /* [w][3 or 4], where pixels are not what libjpeg gives */
} picture;

/* ---- errors ---- */

__attribute__((format(printf, 2, 3), noreturn)) static void refuse(picture *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->fault, sizeof(p->fault), fmt, args);
    va_end(args);
    longjmp(p->back, 1);
}

static void leave(j_common_ptr common)
{
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    refuse(common->client_data, "%s", common->err->msg_code == JERR_OUT_OF_MEMORY ? "out of memory in libjpeg" : text);
}

/* libjpeg fills what is missing with grey and goes on. Oddities that cost no pixel are let pass */
static void judge_warning(j_common_ptr common, int level)
{
    switch (level < 0 ? common->err->msg_code : 0) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        leave(common);
        break;
    default:
        break;
    }
}

static void count_scans(j_common_ptr common)
{
    picture *p = common->client_data;
    if (p->d.input_scan_number > MOST_SCANS) refuse(p, "a progressive JPEG of over %d scans", MOST_SCANS);
}

/* ---- pixels ---- */

/* a b / 255, rounded */
static unsigned char product(int a, int b)
{
    return (unsigned char)((a * b + 127) / 255);
}

/* ink on white; Adobe's programs store 255 - ink */
static void rgb_of_cmyk(const unsigned char *cmyk, int inverted, unsigned char *rgb)
{
    int flip = inverted ? 0 : 255;
    for (int i = 0; i < 3; ++i) rgb[i] = product(cmyk[i] ^ flip, cmyk[3] ^ flip);
}

/* a row as libjpeg gave it into one of pixels: grey, RGB or CMYK to 1 to 4 channels */
static void spread(const picture *p, int channels, unsigned char *out)
{
    int given = p->d.output_components;
    const unsigned char *in = p->row;
    for (unsigned x = 0; x < p->d.output_width; ++x, in += given, out += channels) {
        unsigned char rgb[3] = {in[0], in[given > 1], in[given > 1 ? 2 : 0]};
        if (given == 4) rgb_of_cmyk(in, p->d.saw_Adobe_marker, rgb);
        for (int i = 0; i < channels && i < 3; ++i) out[i] = rgb[i];
        if (channels < 3 && given == 4) out[0] = (unsigned char)((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8);
        if (channels % 2 == 0) out[channels - 1] = 255;
    }
}

static void choose_colours(picture *p)
{
    p->c = p->d.num_components >= 3 ? 3 : 1;
    int wanted = p->channels ? p->channels : p->c;
    if (p->d.num_components == 4) p->d.out_color_space = JCS_CMYK;
    else p->d.out_color_space = wanted < 3 ? JCS_GRAYSCALE : JCS_RGB;
}

static void make_room(picture *p, int channels)
{
    size_t row = (size_t)p->d.image_width * (size_t)channels, all = row * p->d.image_height;
    if (all > INT_MAX) refuse(p, "too large: %u x %u pixels", p->d.image_width, p->d.image_height);
    p->pixels = stock_picture_malloc(all);
    if (p->pixels) p->row = stock_picture_malloc(4 * (size_t)p->d.image_width);
    if (!p->row) longjmp(p->back, 1);
}

static void read_all(picture *p)
{
    struct jpeg_decompress_struct *d = &p->d;
    jpeg_create_decompress(d);
    d->progress = &p->progress;
    jpeg_mem_src(d, p->bytes, p->n);
    jpeg_read_header(d, TRUE);
    choose_colours(p);
    int channels = p->channels ? p->channels : p->c;
    make_room(p, channels);
    jpeg_start_decompress(d);
    while (d->output_scanline < d->output_height) {
        unsigned char *out = p->pixels + (size_t)d->output_scanline * d->output_width * (size_t)channels;
        int same = d->output_components == channels && channels != 4;
        if (jpeg_read_scanlines(d, same ? &out : &p->row, 1) && !same) spread(p, channels, out);
    }
    jpeg_finish_decompress(d);
}

/* 0 when it has failed */
static int read_picture(picture *p)
{
    volatile int is_read = 0;
    if (!setjmp(p->back)) {
        read_all(p);
        is_read = 1;
    }
    jpeg_destroy_decompress(&p->d);
    free(p->row);
    return is_read;
}

static unsigned char *decode(const char *path, vd_jpeg_header header, const unsigned char *bytes, size_t n, int *w,
                             int *h, int *c, int channels, char **fault)
{
    (void)path, (void)header;
    picture p = {.bytes = bytes, .n = n, .channels = channels};
    p.d.err = jpeg_std_error(&p.errors);
    p.d.client_data = &p;
    p.errors.error_exit = leave;
    p.errors.emit_message = judge_warning;
    p.progress.progress_monitor = count_scans;
    if (!read_picture(&p)) {
        free(p.pixels);
        if (*p.fault) *fault = vd_format("%s", p.fault);
        return 0;
    }
    *w = (int)p.d.output_width;
    *h = (int)p.d.output_height;
    *c = p.c;
    return p.pixels;
}

#define TEXT_OF(x) #x
#define VERSION_TEXT(x) TEXT_OF(x)

const char *vd_jpeg_decoder(void)
{
#ifdef LIBJPEG_TURBO_VERSION
    return "libjpeg-turbo " VERSION_TEXT(LIBJPEG_TURBO_VERSION);
#else
    return "libjpeg " VERSION_TEXT(JPEG_LIB_VERSION);
#endif
}

#else

#include "base/fail.h"

#include <stdatomic.h>

#include <stb/stb_image.h>

static unsigned char *decode(const char *path, vd_jpeg_header header, const unsigned char *bytes, size_t n, int *w,
                             int *h, int *c, int channels, char **fault)
{
    static atomic_int said;
    static const char halved[] = "4:2:2 colours, which this build (JPEG=0) mixes wrongly in the last column but one";
    if (header.halved && channels != 1 && vd_is_strict()) *fault = vd_format("%s", halved);
    else if (n > INT_MAX) *fault = vd_format("too large: %zu bytes", n);
    if (*fault) return 0;
    if (header.halved && channels != 1 && !atomic_exchange(&said, 1))
        fprintf(stderr, "%s: %s; others are not named\n", path, halved);
    return stbi_load_from_memory(bytes, (int)n, w, h, c, channels);
}

const char *vd_jpeg_decoder(void)
{
    return "stb_image";
}

#endif

unsigned char *vd_jpeg_decode(const char *path, const unsigned char *bytes, size_t n, int *w, int *h, int *c,
                              int channels, char **fault)
{
    vd_jpeg_header header = vd_read_jpeg_header(bytes, n);
    *fault = 0;
    unsigned char *pixels = decode(path, header, bytes, n, w, h, c, channels, fault);
    return pixels ? vd_upright(pixels, w, h, channels ? channels : *c, header.orientation) : 0;
}
