/* darknet vd dataset cifar: both forms of CIFAR-10 give the same pictures, and what is refused. */
#include "support/support.h"
#include "commands/dataset/png.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stb/stb_image.h>

enum { PLANE = 32 * 32, RECORD = 1 + 3 * PLANE, FILES = 6, PICTURES = 3 };

static const char *const names[10] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                      "dog",      "frog",       "horse", "ship", "truck"};

/* pixel p of channel c of picture i of a file */
static unsigned char byte_of(int file, int i, int c, int p)
{
    return (unsigned char)(file * 53 + i * 97 + c * 31 + p * 7 + p / 32);
}

static int label_of(int file, int i)
{
    return (3 * file + 7 * i + 2) % 10;
}

static char *batch(int file, const char *suffix)
{
    return file < FILES - 1 ? vd_format("in/data_batch_%d.%s", file + 1, suffix)
                            : vd_format("in/test_batch.%s", suffix);
}

static void write_in(const char *name, const void *bytes, size_t n)
{
    char *path = in_folder(folder, name);
    write_bytes(path, bytes, n);
    free(path);
}

static void write_binary(void)
{
    for (int f = 0; f < FILES; ++f) {
        unsigned char bytes[PICTURES * RECORD], *at = bytes;
        for (int i = 0; i < PICTURES; ++i) {
            *at++ = (unsigned char)label_of(f, i);
            for (int c = 0; c < 3; ++c) {
                for (int p = 0; p < PLANE; ++p) *at++ = byte_of(f, i, c, p);
            }
        }
        char *name = batch(f, "bin");
        write_in(name, bytes, sizeof(bytes));
        free(name);
    }
}

/* what the npm package has */
static void write_sheets(void)
{
    char train[200] = "[", test[200] = "[";
    for (int f = 0; f < FILES; ++f) {
        unsigned char rows[PICTURES * 3 * PLANE], *at = rows;
        char *labels = f < FILES - 1 ? train : test;
        for (int i = 0; i < PICTURES; ++i) {
            for (int p = 0; p < PLANE; ++p) {
                for (int c = 0; c < 3; ++c) *at++ = byte_of(f, i, c, p);
            }
            sprintf(labels + strlen(labels), "%s%d", labels[1] ? "," : "", label_of(f, i));
        }
        char *name = batch(f, "png"), *path = in_folder(folder, name);
        vd_png_write(path, PLANE, PICTURES, 3, rows);
        free(path), free(name);
    }
    strcat(train, "]"), strcat(test, " ]\n");
    write_in_folder("in/train_lables.json", train);
    write_in_folder("in/test_lables.json", test);
}

static void make_in(void)
{
    make_test_folder();
    char *in = in_folder(folder, "in");
    ck_assert_int_eq(mkdir(in, 0700), 0);
    free(in);
}

static run_result write_pictures(int status)
{
    char *in = in_folder(folder, "in"), *out = in_folder(folder, "out");
    run_result r = run((const char *const[]){"darknet", "vd", "dataset", "cifar", in, out, 0});
    ck_assert_msg(r.status == status, "%s", r.err);
    free(in), free(out);
    return r;
}

/* a picture of the list is that of its file, and its path has its label */
static void check_picture(const char *path, int file, int i)
{
    int w, h, channels;
    unsigned char *pixels = stbi_load(path, &w, &h, &channels, 0);
    char *end = vd_format("/%05d_%s.png", file < FILES - 1 ? file * PICTURES + i : i, names[label_of(file, i)]);
    ck_assert_msg(pixels != 0, "%s: %s", path, stbi_failure_reason());
    ck_assert_str_eq(strrchr(path, '/'), end);
    ck_assert(w == 32 && h == 32 && channels == 3);
    for (int p = 0; p < PLANE; ++p) {
        for (int c = 0; c < 3; ++c) ck_assert_int_eq(pixels[3 * p + c], byte_of(file, i, c, p));
    }
    free(end);
    stbi_image_free(pixels);
}

START_TEST(either_form_gives_each_picture_its_pixels_and_its_label)
{
    (_i ? write_sheets : write_binary)();
    free_run(write_pictures(0));
    char *train = text_in_folder("out/train.list"), *test = text_in_folder("out/test.list"), *rest = 0;
    char *all = vd_format("%s%s", train, test), *path = strtok_r(all, "\n", &rest);
    for (int f = 0; f < FILES; ++f) {
        for (int i = 0; i < PICTURES; ++i, path = strtok_r(0, "\n", &rest)) {
            ck_assert_ptr_nonnull(path);
            check_picture(path, f, i);
        }
    }
    ck_assert_ptr_null(path);
    char *labels = text_in_folder("out/labels.list"), *class_names = text_in_folder("out/names.list");
    ck_assert_int_eq(strncmp(labels, "_airplane.\n_automobile.\n_bird.\n", 31), 0);
    ck_assert_int_eq(strncmp(class_names, "airplane\nautomobile\nbird\n", 25), 0);
    free(train), free(test), free(all), free(labels), free(class_names);
}
END_TEST

/* one line that says all parts, and no data file */
static void expect_line(const char *const parts[2])
{
    run_result r = write_pictures(1);
    char *data = in_folder(folder, "out/cifar.data");
    for (int k = 0; k < 2; ++k) ck_assert_msg(strstr(r.err, parts[k]) != 0, "%s, wanted %s", r.err, parts[k]);
    ck_assert_msg(strchr(r.err, '\n') == r.err + strlen(r.err) - 1, "%s", r.err);
    ck_assert_int_ne(access(data, F_OK), 0);
    free(data);
    free_run(r);
}

START_TEST(a_folder_without_either_form_is_refused)
{
    expect_line((const char *const[]){"/in: contains neither data_batch_1.bin", "data_batch_1.png"});
}
END_TEST

START_TEST(a_bad_file_of_the_binary_version_is_named)
{
    static const struct {
        size_t bytes;
        unsigned char label;
        const char *parts[2];
    } cases[] = {{0, 0, {"/in/data_batch_4.bin: 0 bytes", "truncated"}},
                 {2 * RECORD - 1, 0, {"/in/data_batch_4.bin: 6145 bytes", "pictures of 3073 bytes"}},
                 {2 * RECORD, 10, {"/in/data_batch_4.bin: label 1 is 10", "not 0 to 9"}}};
    unsigned char bytes[2 * RECORD] = {0};
    write_binary();
    bytes[RECORD] = cases[_i].label;
    write_in("in/data_batch_4.bin", bytes, cases[_i].bytes);
    expect_line(cases[_i].parts);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    (_i ? write_sheets : write_binary)();
    char *name = batch(FILES - 1, _i ? "png" : "bin"), *path = in_folder(folder, name);
    remove(path);
    expect_line((const char *const[]){path, "No such file"});
    free(path), free(name);
}
END_TEST

START_TEST(a_sheet_of_another_width_is_refused)
{
    char *path = in_folder(folder, "in/data_batch_2.png");
    unsigned char pixels[96 * 96] = {0};
    write_sheets();
    vd_png_write(path, 96, 32, 3, pixels);
    expect_line((const char *const[]){"/in/data_batch_2.png: 96 pixels wide", "expected 1024"});
    write_in("in/data_batch_2.png", "\x89PNG", 4);
    expect_line((const char *const[]){"/in/data_batch_2.png: ", "cannot be decoded"});
    free(path);
}
END_TEST

START_TEST(a_bad_list_of_labels_is_named)
{
    static const struct {
        const char *text, *part;
    } cases[] = {{"", "does not begin with ["},
                 {"{\"a\":1}", "does not begin with ["},
                 {"[1,2", "no , or ] behind label 1"},
                 {"[1,,2]", "label 1 is not a number"},
                 {"[1,2,10]", "label 2 is 10, not"},
                 {"[1,-2,3]", "label 1 is -2, not"},
                 {"[1,2]", "2 labels, but there are 3 pictures"},
                 {"[1,2,3,4]", "4 labels, but there are 3 pictures"},
                 {"[]", "label 0 is not a number"},
                 {"[1,2,3]x", "there is more behind the ]"}};
    write_sheets();
    write_in_folder("in/test_lables.json", cases[_i].text);
    expect_line((const char *const[]){"/in/test_lables.json: ", cases[_i].part});
}
END_TEST

SUITE_OF(dataset_cifar)
{
    EACH(make_in, remove_test_folder);
    LOOP(either_form_gives_each_picture_its_pixels_and_its_label, 2);
    TEST(a_folder_without_either_form_is_refused);
    LOOP(a_bad_file_of_the_binary_version_is_named, 3);
    LOOP(a_missing_file_is_named, 2);
    TEST(a_sheet_of_another_width_is_refused);
    LOOP(a_bad_list_of_labels_is_named, 10);
}
