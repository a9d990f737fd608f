/* data/raw_picture.c: PNM, TGA and BMP files that end too early or have no valid size are refused. */
#include "data/raw_picture.h"
#include "data/picture.h"
#include "support/support.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *path;

static void setup(void)
{
    make_test_folder();
    path = in_folder(folder, "picture");
}

static int white; /* of the picture that was looked at last */

static void teardown(void)
{
    free(path);
    remove_test_folder();
}

/* the fault of the file at path; afterwards it can be read from its start */
static char *fault_of_file(void)
{
    FILE *fp = fopen(path, "rb");
    ck_assert_ptr_nonnull(fp);
    char *fault = vd_raw_picture_fault(fp, &white);
    ck_assert_int_eq(ftell(fp), 0);
    fclose(fp);
    return fault;
}

/* a file of `bytes` bytes that begins with head [n]: its fault must hold `said`; null: it must have none */
static void expect(const void *head, size_t n, size_t bytes, const char *said)
{
    char *data = vd_calloc(bytes + n, 1);
    memcpy(data, head, n);
    write_bytes(path, data, bytes);
    char *fault = fault_of_file();
    if (said) ck_assert_msg(fault && strstr(fault, said), "%zu bytes: '%s', not '%s'", bytes, fault ? fault : "", said);
    else ck_assert_msg(!fault, "%zu bytes: %s", bytes, fault);
    free(fault);
    free(data);
}

START_TEST(a_pnm_cut_anywhere_is_one)
{
    static const struct {
        const char *head;
        size_t pixels;
    } pictures[] = {
        {"P5 3 4 255\n", 12},
        {"P6\n3 4\n255\n", 36},
        {"P5\n# made by a program # or another\n3\n#\n4\n 100\n", 12},
        {"P6 1 1 1 ", 3},
    };
    for (size_t i = 0; i < COUNT_OF(pictures); ++i) {
        size_t n = strlen(pictures[i].head);
        for (size_t bytes = n; bytes < n + pictures[i].pixels; ++bytes)
            expect(pictures[i].head, n, bytes, "truncated: ");
        expect(pictures[i].head, n, n + pictures[i].pixels, 0);
        expect(pictures[i].head, n, n + pictures[i].pixels + 20, 0);
    }
    expect("P6 60000 60000 255\n", 19, 100, "truncated: 100 of 10800000019 bytes");
}
END_TEST

START_TEST(a_pnm_of_16_bits_is_refused)
{
    expect("P5 3 4 65535\n", 13, 13 + 24, "16-bit PNM");
    expect("P6 3 4 256\n", 11, 11 + 72, "16-bit PNM");
}
END_TEST

START_TEST(a_tga_without_compression_cut_anywhere_is_one)
{
    static const unsigned char colour[18] = {[0] = 2, [2] = 2, [12] = 3, [14] = 4, [16] = 24};
    static const unsigned char grey[18] = {[2] = 3, [12] = 3, [14] = 4, [16] = 8};
    static const unsigned char mapped[18] = {[1] = 1, [2] = 1, [5] = 5, [7] = 24, [12] = 3, [14] = 4, [16] = 8};
    const struct {
        const unsigned char *head;
        size_t bytes;
    } pictures[] = {{colour, 18 + 2 + 36}, {grey, 18 + 12}, {mapped, 18 + 15 + 12}};
    for (int i = 0; i < 3; ++i) {
        for (size_t bytes = 18; bytes < pictures[i].bytes; ++bytes) expect(pictures[i].head, 18, bytes, "truncated: ");
        expect(pictures[i].head, 18, pictures[i].bytes, 0);
        expect(pictures[i].head, 18, pictures[i].bytes + 26, 0); /* a footer */
    }
}
END_TEST

START_TEST(a_bmp_has_a_height)
{
    unsigned char head[26] = "BM";
    head[14] = 40, head[18] = 3;
    expect(head, 26, 70, "BMP with an invalid height");
    head[25] = 0x80;
    expect(head, 26, 70, "BMP with an invalid height");
    head[25] = 0, head[22] = 4;
    expect(head, 26, 70, 0);
}
END_TEST

START_TEST(white_of_a_pnm_is_what_its_header_says)
{
    static const char head[] = "P6 2 1 15\n";
    static const unsigned char pixels[] = {15, 0, 8, 1, 16, 14};
    char data[sizeof(head) - 1 + sizeof(pixels)];
    memcpy(data, head, sizeof(head) - 1);
    memcpy(data + sizeof(head) - 1, pixels, sizeof(pixels));
    write_bytes(path, data, sizeof(data));
    ck_assert_ptr_null(fault_of_file());
    ck_assert_int_eq(white, 15);
    image im = vd_picture(path, 3);
    static const int want[] = {255, 17, 0, 255, 136, 238}; /* plane by plane; 16 is above white */
    for (int i = 0; i < 6; ++i) ck_assert_int_eq((int)lrintf(255 * im.data[i]), want[i]);
    free_image(im);
}
END_TEST

START_TEST(other_files_are_left_to_stb_image)
{
    static const unsigned char compressed[18] = {[2] = 10, [12] = 3, [14] = 4, [16] = 24};
    expect(compressed, 18, 20, 0);
    expect("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, 40, 0);
    expect("\xff\xd8\xff\xe0\0\x10JFIF", 10, 40, 0);
    expect("", 0, 0, 0);
    expect("P", 1, 1, 0);
    expect("# a text, as long as a header\n", 30, 30, 0);
    ck_assert_int_eq(white, 255);
    FILE *fp = fopen(folder, "rb");
    ck_assert_ptr_nonnull(fp);
    ck_assert_ptr_null(vd_raw_picture_fault(fp, &white));
    fclose(fp);

    int ends[2]; /* no byte of a pipe is consumed */
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "P5 3 4 65535\n", 13), 13);
    close(ends[1]);
    fp = fdopen(ends[0], "rb");
    ck_assert_ptr_nonnull(fp);
    ck_assert_ptr_null(vd_raw_picture_fault(fp, &white));
    ck_assert_int_eq(getc(fp), 'P');
    fclose(fp);
}
END_TEST

START_TEST(a_command_names_the_picture)
{
    char *data = in_folder(folder, "digits/digits.data"), *cfg = in_folder(folder, "c.cfg");
    draw_digits(folder, 10, 10);
    write_text(cfg, "[net]\nbatch=1\nheight=28\nwidth=28\nchannels=1\nmax_batches=1\n"
                    "[connected]\noutput=10\n[softmax]\n");
    free_run(darknet(0, "classifier", "train", data, cfg, NULL));
    char *weights = in_folder(folder, "digits/backup/c.weights");
    write_bytes(path, "P5 3 4 255\n123456789012", 23);
    free_run(darknet(0, "classifier", "predict", data, cfg, weights, path, NULL));
    write_bytes(path, "P5 3 4 255\n12345678901", 22);
    run_result r = darknet(1, "classifier", "predict", data, cfg, weights, path, NULL);
    ck_assert_msg(strstr(r.err, "/picture") && strstr(r.err, "truncated: 22 of 23 bytes"), "%s", r.err);
    free_run(r);
    free(data), free(cfg), free(weights);
}
END_TEST

SUITE_OF(raw_picture)
{
    EACH(setup, teardown);
    TEST(a_pnm_cut_anywhere_is_one);
    TEST(a_pnm_of_16_bits_is_refused);
    TEST(a_tga_without_compression_cut_anywhere_is_one);
    TEST(a_bmp_has_a_height);
    TEST(white_of_a_pnm_is_what_its_header_says);
    TEST(other_files_are_left_to_stb_image);
    TEST(a_command_names_the_picture);
}
