/* data/jpeg.c, data/jpeg_header.c, data/upright.c: JPEGs become the pixels of libjpeg-turbo, turned as EXIF says;
 * damaged ones are refused. */
#include "data/jpeg.h"
#include "data/image_cache.h"
#include "data/picture_file.h"
#include "data/jpeg_header.h"
#include "support/support.h"
#include "base/fail.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <stb/stb_image.h>
#include <stb/stb_image_write.h>

enum { W = 50, H = 38, ROOM = 1 << 20 }; /* no whole blocks */

/* a file in memory */
typedef struct {
    unsigned char bytes[ROOM];
    size_t n;
} file;

static file made;
static char *path;

static void setup(void)
{
    make_test_folder();
    path = in_folder(folder, "a.jpg");
}

static void teardown(void)
{
    free(path);
    remove_test_folder();
}

/* coloured waves and a few hard dots, in c channels */
static unsigned char *draw(int c)
{
    unsigned char *pixels = vd_calloc(W * H, (size_t)c);
    for (int y = 0; y < H; ++y)
        for (int x = 0; x < W; ++x)
            for (int k = 0; k < c; ++k) {
                int wave = (7 * x + 3 * y * (k + 1) + 50 * k) % 256, dot = (x * 31 + y * 17) % 23 == 0;
                pixels[(y * W + x) * c + k] = (unsigned char)(dot          ? 255 * (k % 2)
                                                              : wave < 128 ? 2 * wave
                                                                           : 511 - 2 * wave);
            }
    return pixels;
}

static unsigned char *decoded(const file *f, int *w, int *h, int *c, int channels)
{
    char *fault;
    unsigned char *pixels = vd_jpeg_decode("a.jpg", f->bytes, f->n, w, h, c, channels, &fault);
    ck_assert_msg(pixels != 0, "%s", fault ? fault : "no memory");
    ck_assert_ptr_null(fault);
    return pixels;
}

static void expect_refused(const file *f, const char *said)
{
    int w, h, c;
    char *fault;
    ck_assert_ptr_null(vd_jpeg_decode("a.jpg", f->bytes, f->n, &w, &h, &c, 3, &fault));
    if (said) ck_assert_msg(fault && strstr(fault, said), "'%s', not '%s'", fault ? fault : "", said);
    free(fault);
}

static void append(void *context, void *data, int n)
{
    file *f = context;
    ck_assert_uint_le(f->n + (size_t)n, ROOM);
    memcpy(f->bytes + f->n, data, (size_t)n);
    f->n += (size_t)n;
}

/* by stb, with colours of full resolution */
static void write_plain(int c)
{
    unsigned char *pixels = draw(c);
    made.n = 0;
    ck_assert(stbi_write_jpg_to_func(append, &made, W, H, c, pixels, 95));
    free(pixels);
}

/* a segment of n bytes after the first two bytes of the file */
static void insert_segment(int marker, const void *data, size_t n)
{
    ck_assert_uint_le(made.n + n + 4, ROOM);
    memmove(made.bytes + 2 + n + 4, made.bytes + 2, made.n - 2);
    made.bytes[2] = 0xff;
    made.bytes[3] = (unsigned char)marker;
    made.bytes[4] = (unsigned char)((n + 2) >> 8);
    made.bytes[5] = (unsigned char)(n + 2);
    memcpy(made.bytes + 6, data, n);
    made.n += n + 4;
}

/* ---- EXIF ---- */

static void put(unsigned char *at, unsigned x, int bytes, int little)
{
    for (int i = 0; i < bytes; ++i) at[i] = (unsigned char)(x >> 8 * (little ? i : bytes - 1 - i));
}

enum { EXIF = 6 + 8 + 2 + 2 * 12 + 4, SHORT = 3, LONG = 4 };

/* the width of the picture, and the orientation, in a number of this type */
static void make_exif(unsigned char *at, unsigned orientation, int type, int little)
{
    memset(at, 0, EXIF);
    memcpy(at, "Exif\0", 6);
    memcpy(at + 6, little ? "II" : "MM", 2);
    put(at + 8, 42, 2, little);
    put(at + 10, 8, 4, little);
    put(at + 14, 2, 2, little);
    put(at + 16, 0x0100, 2, little);
    put(at + 18, LONG, 2, little);
    put(at + 20, 1, 4, little);
    put(at + 24, W, 4, little);
    put(at + 28, 0x0112, 2, little);
    put(at + 30, (unsigned)type, 2, little);
    put(at + 32, 1, 4, little);
    put(at + 36, orientation, type == LONG ? 4 : 2, little);
}

static void insert_exif(unsigned orientation, int type, int little)
{
    unsigned char exif[EXIF];
    make_exif(exif, orientation, type, little);
    insert_segment(0xe1, exif, EXIF);
}

typedef struct {
    int w, h;
    unsigned char *pixels; /* [h][w][3] */
} colours;

static colours mirrored(colours p)
{
    colours m = {p.w, p.h, vd_calloc((size_t)p.w * p.h, 3)};
    for (int y = 0; y < p.h; ++y)
        for (int x = 0; x < p.w; ++x) memcpy(m.pixels + 3 * (y * p.w + x), p.pixels + 3 * (y * p.w + p.w - 1 - x), 3);
    free(p.pixels);
    return m;
}

/* a quarter to the right: the left column becomes the top row */
static colours turned_right(colours p)
{
    colours t = {p.h, p.w, vd_calloc((size_t)p.w * p.h, 3)};
    for (int y = 0; y < p.h; ++y)
        for (int x = 0; x < p.w; ++x) memcpy(t.pixels + 3 * (x * t.w + p.h - 1 - y), p.pixels + 3 * (y * p.w + x), 3);
    free(p.pixels);
    return t;
}

/* _i: orientation - 1, + 8 with another type and byte order; what it does, as mirroring and then turns to the right */
START_TEST(orientation_turns_the_picture)
{
    static const struct {
        char mirror, turns;
    } how[] = {{0, 0}, {1, 0}, {0, 2}, {1, 2}, {1, 3}, {0, 1}, {1, 1}, {0, 3}};
    int c, w, h;
    write_plain(3);
    colours want = {0, 0, 0};
    want.pixels = decoded(&made, &want.w, &want.h, &c, 3);
    ck_assert(want.w == W && want.h == H);
    if (how[_i % 8].mirror) want = mirrored(want);
    for (int t = 0; t < how[_i % 8].turns; ++t) want = turned_right(want);
    insert_exif((unsigned)(_i % 8 + 1), _i < 8 ? SHORT : LONG, _i < 8);
    unsigned char *pixels = decoded(&made, &w, &h, &c, 3);
    ck_assert(w == want.w && h == want.h && c == 3);
    ck_assert_mem_eq(pixels, want.pixels, (size_t)w * h * 3);
    free(pixels);

    /* and so does Darknet's own loader, from a file */
    write_bytes(path, made.bytes, made.n);
    image im = load_image(path, 0, 0, 3);
    ck_assert(im.w == want.w && im.h == want.h);
    for (int k = 0; k < 3; ++k)
        for (int i = 0; i < w * h; ++i)
            ck_assert_int_eq((int)(255 * im.data[k * w * h + i] + .5f), want.pixels[3 * i + k]);
    free_image(im);
    free(want.pixels);
}
END_TEST

START_TEST(other_orientations_and_damaged_exif_turn_nothing)
{
    static const unsigned numbers[] = {0, 9, 255, 65535};
    unsigned char exif[EXIF];
    for (int i = 0; i < COUNT_OF(numbers); ++i) {
        write_plain(1);
        insert_exif(numbers[i], SHORT, 1);
        ck_assert_int_eq(vd_read_jpeg_header(made.bytes, made.n).orientation, 1);
    }
    make_exif(exif, 6, SHORT, 0);
    for (size_t n = 0; n < EXIF; ++n) { /* cut short: known from the orientation's entry on */
        write_plain(1);
        insert_segment(0xe1, exif, n);
        ck_assert_int_eq(vd_read_jpeg_header(made.bytes, made.n).orientation, n < 40 ? 1 : 6);
    }
    for (int i = 0; i < EXIF; ++i)
        for (int bit = 0; bit < 8; ++bit) { /* no byte outside is read: this runs under ASan, too */
            unsigned char damaged[EXIF], *alone = vd_malloc(6 + EXIF);
            memcpy(damaged, exif, EXIF);
            damaged[i] ^= (unsigned char)(1 << bit);
            memcpy(alone, "\xff\xd8\xff\xe1\0", 5);
            alone[5] = EXIF + 2;
            memcpy(alone + 6, damaged, EXIF);
            int orientation = vd_read_jpeg_header(alone, 6 + EXIF).orientation;
            ck_assert(orientation >= 1 && orientation <= 8);
            free(alone);
        }
    write_plain(1);
    insert_exif(3, SHORT, 1);
    insert_exif(6, SHORT, 1); /* the first counts */
    ck_assert_int_eq(vd_read_jpeg_header(made.bytes, made.n).orientation, 6);
    insert_segment(0xe1, "http://ns.adobe.com/xap/1.0/", 29);
    ck_assert_int_eq(vd_read_jpeg_header(made.bytes, made.n).orientation, 6);
}
END_TEST

/* ---- damaged files ---- */

START_TEST(a_jpeg_cut_anywhere_is_refused)
{
    write_plain(3);
    size_t n = made.n;
    for (made.n = 2; made.n < n; made.n += made.n < 700 ? 1 : 13) expect_refused(&made, 0);
    made.n = n - 2; /* all but the end marker: as stb_image */
    expect_refused(&made, 0);
    made.n = n;
    memcpy(made.bytes + n, "more", 4); /* is no fault */
    made.n += 4;
    int w, h, c;
    free(decoded(&made, &w, &h, &c, 3));
}
END_TEST

static size_t find_frame(void)
{
    size_t at = 2;
    while (made.bytes[at + 1] != 0xc0) at += 2 + ((size_t)made.bytes[at + 2] << 8 | made.bytes[at + 3]);
    return at + 4; /* bits, height, width */
}

START_TEST(huge_sizes_are_refused_before_memory_is_asked_for)
{
    write_plain(3);
    put(made.bytes + find_frame() + 1, 0xfde8fde8, 4, 0);                            /* 65000 x 65000 */
    expect_refused(&made, strcmp(vd_jpeg_decoder(), "stb_image") ? "too large" : 0); /* it gives its reason elsewhere */
    put(made.bytes + find_frame() + 1, 0, 4, 0);
    expect_refused(&made, 0);
    static const unsigned char junk[64] = {0xff, 0xd8, 0xff};
    for (size_t n = 0; n < sizeof(junk); ++n) {
        memcpy(made.bytes, junk, n);
        made.n = n;
        expect_refused(&made, 0);
    }
}
END_TEST

START_TEST(a_command_names_the_picture)
{
    char *data = in_folder(folder, "digits/digits.data"), *cfg = in_folder(folder, "c.cfg"), *list;
    draw_digits(folder, 10, 10);
    list = in_folder(folder, "digits/train.list");
    write_plain(1);
    char *picture = in_folder(folder, "digits/cut_c3.jpg");
    write_bytes(picture, made.bytes, made.n / 2);
    write_text(list, picture);
    write_text(cfg, "[net]\nbatch=1\nheight=28\nwidth=28\nchannels=1\nmax_batches=1\n"
                    "[connected]\noutput=10\n[softmax]\n");
    run_result r = darknet(1, "classifier", "train", data, cfg, NULL);
    ck_assert_msg(strstr(r.err, picture) != 0, "%s", r.err);
    free_run(r);
    free(picture);
    free(list);
    free(data);
    free(cfg);
}
END_TEST

/* a file that begins with 0xff and is no JPEG goes to stb_image, which knows that a marker may have more of them */
START_TEST(other_files_go_to_stb_image)
{
    int w, h, c;
    unsigned char *own;
    write_bytes(path, "\xff\xfeno picture", 12);
    ck_assert_ptr_null(image_cache_load(path, &w, &h, &c, 3, &own));
    char *fault = vd_picture_fault();
    ck_assert_str_eq(fault, "unknown image type: JPEG, PNG, BMP, GIF, TGA, PSD, PNM, HDR and PIC are read");
    free(fault);
    write_bytes(path, "\xff", 1);
    ck_assert_ptr_null(image_cache_load(path, &w, &h, &c, 3, &own));
    write_bytes(path, "", 0);
    ck_assert_ptr_null(image_cache_load(path, &w, &h, &c, 3, &own));
}
END_TEST

#ifdef VD_JPEG
#include <jpeglib.h>

typedef struct {
    const char *name;
    int components, h, v, progressive; /* sampling of the first component; others 1x1 */
    int stb_within;                    /* 0: stb_image is not asked */
} kind;

/* stb_image differs by more in a column of 4:2:2, which is why we are here. It rounds its transform otherwise, and
 * takes the middle between samples where libjpeg-turbo does */
static const kind kinds[] = {
    {"4:4:4", 3, 1, 1, 0, 3}, {"4:2:2", 3, 2, 1, 0, 3}, {"4:2:0", 3, 2, 2, 0, 3}, {"4:4:0", 3, 1, 2, 0, 3},
    {"4:1:1", 3, 4, 1, 0, 3}, {"grey", 1, 1, 1, 0, 3},  {"4:4:4", 3, 1, 1, 1, 3}, {"4:2:2", 3, 2, 1, 1, 3},
    {"4:2:0", 3, 2, 2, 1, 3}, {"grey", 1, 1, 1, 1, 3},
};

static void write_kind(kind k)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    unsigned char *pixels = draw(k.components), *out = 0;
    unsigned long n = 0;
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &n);
    c.image_width = W;
    c.image_height = H;
    c.input_components = k.components;
    c.in_color_space = k.components == 1 ? JCS_GRAYSCALE : k.components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 90, TRUE);
    if (k.components == 4 && k.progressive) jpeg_set_colorspace(&c, JCS_YCCK);
    else if (k.progressive) jpeg_simple_progression(&c);
    c.comp_info[0].h_samp_factor = k.h;
    c.comp_info[0].v_samp_factor = k.v;
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        unsigned char *row = pixels + (size_t)c.next_scanline * W * k.components;
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    ck_assert_uint_le(n, ROOM);
    memcpy(made.bytes, out, made.n = n);
    free(out);
    free(pixels);
}

/* libjpeg-turbo's own pixels, by its defaults */
static unsigned char *by_libjpeg(J_COLOR_SPACE space, int channels)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr errors;
    unsigned char *pixels = vd_calloc(W * H, (size_t)channels);
    d.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, made.bytes, made.n);
    jpeg_read_header(&d, TRUE);
    d.out_color_space = space;
    jpeg_start_decompress(&d);
    ck_assert_int_eq(d.output_components, channels);
    while (d.output_scanline < d.output_height) {
        unsigned char *row = pixels + (size_t)d.output_scanline * W * channels;
        jpeg_read_scanlines(&d, &row, 1);
    }
    jpeg_finish_decompress(&d);
    jpeg_destroy_decompress(&d);
    return pixels;
}

START_TEST(pixels_are_libjpeg_turbos)
{
    int w, h, c;
    write_kind(kinds[_i]);
    unsigned char *grey = by_libjpeg(JCS_GRAYSCALE, 1), *rgb = by_libjpeg(JCS_RGB, 3);
    for (int channels = 0; channels <= 4; ++channels) {
        unsigned char *pixels = decoded(&made, &w, &h, &c, channels);
        ck_assert(w == W && h == H && c == kinds[_i].components);
        int n = channels ? channels : c, colours = n < 3 ? 1 : 3;
        for (int i = 0; i < W * H; ++i) {
            ck_assert_mem_eq(pixels + n * i, (colours == 1 ? grey : rgb) + colours * i, (size_t)colours);
            if (n % 2 == 0) ck_assert_int_eq(pixels[n * i + n - 1], 255);
        }
        free(pixels);
    }
    free(grey);
    free(rgb);
}
END_TEST

/* whole files, as the program reads them, but for the column of 4:2:2 that stb_image has wrong */
START_TEST(pixels_are_stb_images_to_3)
{
    int w, h, c, worst = 0, worst_of_column = 0, halved = kinds[_i].h == 2 && kinds[_i].v == 1;
    write_kind(kinds[_i]);
    ck_assert_int_eq(vd_read_jpeg_header(made.bytes, made.n).halved, halved);
    write_bytes(path, made.bytes, made.n);
    unsigned char *own, *stb = stbi_load(path, &w, &h, &c, 3);
    const unsigned char *pixels = image_cache_load(path, &w, &h, &c, 3, &own);
    ck_assert(pixels && stb);
    for (int i = 0; i < W * H * 3; ++i) {
        int *most = halved && i / 3 % W == W - 2 ? &worst_of_column : &worst, far = abs(pixels[i] - stb[i]);
        if (far > *most) *most = far;
    }
    ck_assert_msg(worst <= kinds[_i].stb_within, "%s: %d", kinds[_i].name, worst);
    if (halved) ck_assert_int_gt(worst_of_column, 10); /* else libstb is mended, and JPEG=0 need not report it */
    free(own);
    free(stb);
}
END_TEST

/* _i = 0: CMYK, 1: YCCK, both with Adobe's marker: 255 - ink is stored */
START_TEST(ink_becomes_colour)
{
    int w, h, c;
    write_kind((kind){"cmyk", 4, 1, 1, _i, 3});
    unsigned char *ink = by_libjpeg(JCS_CMYK, 4), *rgb = decoded(&made, &w, &h, &c, 3), *grey, *all;
    ck_assert_int_eq(c, 3);
    grey = decoded(&made, &w, &h, &c, 1);
    all = decoded(&made, &w, &h, &c, 4);
    for (int i = 0; i < W * H; ++i) {
        double want[3];
        for (int k = 0; k < 3; ++k) {
            want[k] = ink[4 * i + k] * ink[4 * i + 3] / 255.;
            ck_assert(close_to(rgb[3 * i + k], want[k], 0, .5));
            ck_assert_int_eq(all[4 * i + k], rgb[3 * i + k]);
        }
        ck_assert_int_eq(all[4 * i + 3], 255);
        ck_assert(close_to(grey[i], .299 * want[0] + .587 * want[1] + .114 * want[2], 0, 2));
    }
    int wide, high;
    unsigned char *stb = stbi_load_from_memory(made.bytes, (int)made.n, &wide, &high, &c, 3);
    ck_assert_ptr_nonnull(stb);
    for (int i = 0; i < 3 * W * H; ++i) ck_assert_int_le(abs(stb[i] - rgb[i]), 3);
    free(ink), free(rgb), free(grey), free(all), free(stb);
}
END_TEST

/* the end marker put back: libjpeg would give grey for what is missing */
START_TEST(missing_data_before_the_end_marker_are_refused)
{
    write_kind(kinds[_i]);
    size_t n = made.n;
    for (made.n = n - n / 3; made.n < n - 40; made.n += 97) {
        file cut = made;
        memcpy(cut.bytes + cut.n, "\xff\xd9", 2);
        cut.n += 2;
        expect_refused(&cut, "");
    }
}
END_TEST

static void *decode_often(void *context)
{
    const unsigned char *want = context;
    for (int i = 0; i < 50; ++i) {
        int w, h, c;
        file *cut = vd_malloc(sizeof(*cut));
        *cut = made;
        unsigned char *pixels = decoded(&made, &w, &h, &c, 3);
        ck_assert_mem_eq(pixels, want, W * H * 3);
        cut->n /= 2;
        expect_refused(cut, "Premature end");
        free(pixels);
        free(cut);
    }
    return 0;
}

START_TEST(threads_decode_side_by_side)
{
    pthread_t threads[4];
    write_kind(kinds[1]);
    unsigned char *want = by_libjpeg(JCS_RGB, 3);
    for (int i = 0; i < 4; ++i) ck_assert_int_eq(pthread_create(threads + i, 0, decode_often, want), 0);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], 0);
    free(want);
}
END_TEST
#endif

SUITE_OF(jpeg)
{
    EACH(setup, teardown);
    LOOP(orientation_turns_the_picture, 16);
    TEST(other_orientations_and_damaged_exif_turn_nothing);
    TEST(a_jpeg_cut_anywhere_is_refused);
    TEST(huge_sizes_are_refused_before_memory_is_asked_for);
    TEST(a_command_names_the_picture);
    TEST(other_files_go_to_stb_image);
#ifdef VD_JPEG
    LOOP(pixels_are_libjpeg_turbos, COUNT_OF(kinds));
    LOOP(pixels_are_stb_images_to_3, COUNT_OF(kinds));
    LOOP(ink_becomes_colour, 2);
    LOOP(missing_data_before_the_end_marker_are_refused, COUNT_OF(kinds));
    TEST(threads_decode_side_by_side);
#else
    skipped(33, "this build has no libjpeg-turbo (JPEG=0)");
#endif
}
