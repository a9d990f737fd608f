/* darknet vd dataset: the folder it writes from IDX files or drawn digits, and what it refuses. */
#include "commands/dataset/dataset.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <stb/stb_image.h>

#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

/* every test has a folder of its own, DIR: DIR/in holds small IDX files, DIR/out receives the pictures */
static char *dir, *in, *out;

static char *read_text(const char *path)
{
    size_t n;
    return read_bytes(path, &n);
}

static int exists(const char *folder, const char *name)
{
    struct stat st;
    char *path = vd_format("%s/%s", folder, name);
    int found = !stat(path, &st);
    free(path);
    return found;
}

static unsigned char byte_of(int split, size_t i, size_t j)
{
    return (unsigned char)(split * 101 + i * 37 + j * 11);
}

/* IDX files of train and t10k into DIR/in: pixel j of image i is byte_of(split, i, j), its label i % 10 */
static void write_idx(int split, size_t count, size_t height, size_t width)
{
    size_t n = count * height * width;
    unsigned char *images = vd_calloc(16 + n, 1), *labels = vd_calloc(8 + count, 1);
    const size_t size[] = {count, height, width};
    for (int k = 0; k < 3; ++k) {
        for (int b = 0; b < 4; ++b) images[4 + 4 * k + b] = (unsigned char)(size[k] >> (24 - 8 * b));
    }
    memcpy(labels + 4, images + 4, 4);
    images[2] = labels[2] = 8;
    images[3] = 3;
    labels[3] = 1;
    for (size_t i = 0; i < n; ++i) images[16 + i] = byte_of(split, i / (height * width), i % (height * width));
    for (size_t i = 0; i < count; ++i) labels[8 + i] = (unsigned char)(i % 10);
    const char *prefix = split ? "t10k" : "train";
    char *path = vd_format("%s/%s-images-idx3-ubyte", in, prefix);
    write_bytes(path, images, 16 + n);
    free(path);
    path = vd_format("%s/%s-labels-idx1-ubyte", in, prefix);
    write_bytes(path, labels, 8 + count);
    free(path);
    free(images);
    free(labels);
}

static void make_dir(void)
{
    dir = make_folder();
    in = in_folder(dir, "in");
    out = in_folder(dir, "out");
    ck_assert_int_eq(mkdir(in, 0700), 0);
    write_idx(0, 200, 5, 7);
    write_idx(1, 30, 5, 7);
}

static void remove_dir(void)
{
    remove_folder(dir);
    free(in);
    free(out);
}

typedef struct {
    int status;
    char *out, *err;
} result;

/* a command that fails frees nothing: end before a leak checker runs */
static void end_now(int status, void *unused)
{
    (void)unused;
    fflush(0);
    _exit(status);
}

/* run the command in a process of its own; arguments end with NULL */
static result run_dataset(const char *first, ...)
{
    char *argv[16] = {"dataset"};
    int argc = 1, status;
    va_list list;
    va_start(list, first);
    for (const char *a = first; a; a = va_arg(list, const char *)) argv[argc++] = (char *)(uintptr_t)a;
    va_end(list);

    char *out_path = vd_format("%s/stdout", dir), *err_path = vd_format("%s/stderr", dir);
    fflush(0);
    pid_t child = fork();
    if (!child) {
        if (!freopen(out_path, "wb", stdout) || !freopen(err_path, "wb", stderr)) _exit(99);
        on_exit(end_now, 0);
        status = vd_dataset_command(argc, argv);
        end_now(status, 0);
    }
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status));
    result r = {WEXITSTATUS(status), read_text(out_path), read_text(err_path)};
    free(out_path);
    free(err_path);
    return r;
}

static void free_result(result r)
{
    free(r.out);
    free(r.err);
}

static void expect_success(result r)
{
    ck_assert_msg(r.status == 0, "status %d: %s", r.status, r.err);
    free_result(r);
}

/* exit status 1, nothing on stdout and one line on stderr that holds both words */
static void expect_failure(result r, const char *culprit, const char *why)
{
    ck_assert_msg(r.status == 1, "status %d, wanted: %s", r.status, why);
    ck_assert_str_eq(r.out, "");
    ck_assert_msg(strstr(r.err, culprit) && strstr(r.err, why), "said: %s wanted: %s %s", r.err, culprit, why);
    ck_assert_ptr_eq(strchr(r.err, '\n'), r.err + strlen(r.err) - 1);
    free_result(r);
}

/* the lines of out/NAME; *count of them; the caller frees the array and its first string */
static char **read_lines(const char *name, int *count)
{
    char *path = vd_format("%s/%s", out, name), *text = read_text(path), *rest = text;
    char **lines = vd_calloc(100000, sizeof(*lines));
    ck_assert_msg(text != 0, "%s: missing", path);
    free(path);
    for (*count = 0; *rest; ++*count) {
        lines[*count] = rest;
        rest = strchr(rest, '\n');
        ck_assert_ptr_nonnull(rest);
        *rest++ = 0;
    }
    return lines;
}

static void free_text(char **lines)
{
    free(lines[0]);
    free(lines);
}

/* the class as Darknet's fill_truth finds it: the one line of labels.list that is part of the path */
static int class_of(const char *path, char **labels, int classes)
{
    int found = -1;
    for (int k = 0; k < classes; ++k) {
        if (!strstr(path, labels[k])) continue;
        ck_assert_msg(found < 0, "%s has two labels", path);
        found = k;
    }
    ck_assert_msg(found >= 0, "%s has no label", path);
    return found;
}

/* how many of the pictures in NAME.list carry another class than their index % 10 */
static int wrong_labels(const char *name, int wanted)
{
    int n, classes, wrong = 0;
    char **paths = read_lines(name, &n), **labels = read_lines("labels.list", &classes);
    ck_assert_int_eq(n, wanted);
    ck_assert_int_eq(classes, 10);
    for (int k = 0; k < classes; ++k) {
        char *label = vd_format("_digit%d.", k);
        ck_assert_str_eq(labels[k], label);
        free(label);
    }
    for (int i = 0; i < n; ++i) {
        ck_assert_msg(access(paths[i], R_OK) == 0, "%s: missing", paths[i]);
        wrong += class_of(paths[i], labels, classes) != i % 10;
    }
    free_text(paths);
    free_text(labels);
    return wrong;
}

START_TEST(pictures_read_back_are_the_bytes_of_the_idx_file)
{
    expect_success(run_dataset("mnist", in, out, NULL));
    for (int split = 0; split < 2; ++split) {
        int n;
        char **paths = read_lines(split ? "test.list" : "train.list", &n);
        ck_assert_int_eq(n, split ? 30 : 200);
        for (int i = 0; i < n; ++i) {
            int w, h, channels;
            unsigned char *pixels = stbi_load(paths[i], &w, &h, &channels, 0);
            ck_assert_msg(pixels != 0, "%s: %s", paths[i], stbi_failure_reason());
            ck_assert_int_eq(w, 7);
            ck_assert_int_eq(h, 5);
            ck_assert_int_eq(channels, 1);
            for (int j = 0; j < 35; ++j) ck_assert_int_eq(pixels[j], byte_of(split, (size_t)i, (size_t)j));
            stbi_image_free(pixels);
        }
        free_text(paths);
    }
}
END_TEST

START_TEST(every_path_carries_its_own_label_and_no_other)
{
    expect_success(run_dataset("mnist", in, out, NULL));
    ck_assert_int_eq(wrong_labels("train.list", 200), 0);
    ck_assert_int_eq(wrong_labels("test.list", 30), 0);
}
END_TEST

START_TEST(the_data_file_names_everything_by_absolute_path)
{
    expect_success(run_dataset("mnist", in, out, NULL));
    int n;
    char **lines = read_lines("mnist.data", &n), **names = read_lines("names.list", &n);
    const char *const wanted[] = {"classes=10",
                                  "train=/train.list",
                                  "valid=/test.list",
                                  "labels=/labels.list",
                                  "names=/names.list",
                                  "backup=/backup",
                                  "top=1"};
    for (int i = 0; i < 7; ++i) {
        const char *value = strchr(wanted[i], '=') + 1;
        char *line = vd_format("%.*s%s%s", (int)(value - wanted[i]), wanted[i], *value == '/' ? out : "", value);
        ck_assert_str_eq(lines[i], line);
        ck_assert(*value != '/' || access(line + (value - wanted[i]), R_OK) == 0);
        free(line);
    }
    ck_assert_int_eq(n, 10);
    for (int k = 0; k < n; ++k) {
        ck_assert_int_eq(names[k][0], '0' + k);
        ck_assert_int_eq(names[k][1], 0);
    }
    free_text(lines);
    free_text(names);
}
END_TEST

START_TEST(a_relative_folder_becomes_absolute_in_the_lists)
{
    ck_assert_int_eq(chdir(dir), 0);
    expect_success(run_dataset("mnist", "in", "./out/", NULL));
    ck_assert_int_eq(wrong_labels("train.list", 200), 0);
    int n;
    char **lines = read_lines("train.list", &n);
    ck_assert_int_eq(strncmp(lines[0], out, strlen(out)), 0);
    free_text(lines);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(the_last_line_says_what_was_written_and_what_comes_next)
{
    result r = run_dataset("mnist", in, out, "-random-labels", "-seed", "5", NULL);
    char *line = vd_format("200 training and 30 test pictures of 7x5 in %s (random training labels, seed 5); next: "
                           "darknet classifier train %s/mnist.data cfg/lenet5-vd.cfg\n",
                           out, out);
    ck_assert_str_eq(r.out, line);
    free(line);
    free_result(r);
}
END_TEST

START_TEST(the_other_spelling_of_the_names_is_found)
{
    char *from = vd_format("%s/train-images-idx3-ubyte", in), *to = vd_format("%s/train-images.idx3-ubyte", in);
    ck_assert_int_eq(rename(from, to), 0);
    expect_success(run_dataset("mnist", in, out, NULL));
    free(from);
    free(to);
}
END_TEST

START_TEST(gzip_files_are_found_and_read_like_plain_ones)
{
    char *from = vd_format("%s/t10k-labels-idx1-ubyte", in), *to = vd_format("%s.gz", from);
    unsigned char labels[8 + 30] = {0, 0, 8, 1, 0, 0, 0, 30};
    for (int i = 0; i < 30; ++i) labels[8 + i] = (unsigned char)(i % 10);
    gzFile file = gzopen(to, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, labels, sizeof(labels)), sizeof(labels));
    ck_assert_int_eq(gzclose(file), Z_OK);
    remove(from);
    expect_success(run_dataset("mnist", in, out, NULL));
    ck_assert_int_eq(wrong_labels("test.list", 30), 0);
    free(from);
    free(to);
}
END_TEST

START_TEST(an_unreachable_idx_file_is_not_taken_for_a_missing_one)
{
    char *path = vd_format("%s/t10k-labels-idx1-ubyte", in);
    remove(path);
    ck_assert_int_eq(symlink(path, path), 0);
    expect_failure(run_dataset("mnist", in, out, NULL), path, "cannot open: Too many levels");
    free(path);
}
END_TEST

START_TEST(a_missing_idx_file_is_named)
{
    char *path = vd_format("%s/t10k-labels-idx1-ubyte", in), *nowhere = vd_format("%s/nowhere", dir);
    remove(path);
    expect_failure(run_dataset("mnist", in, out, NULL), in, "t10k-labels-idx1-ubyte");
    expect_failure(run_dataset("mnist", nowhere, out, NULL), nowhere, "No such file");
    ck_assert(!exists(dir, "out"));
    free(path);
    free(nowhere);
}
END_TEST

START_TEST(a_bad_idx_file_leaves_an_earlier_data_set_alone)
{
    expect_success(run_dataset("mnist", in, out, NULL));
    char *path = vd_format("%s/t10k-images-idx3-ubyte", in);
    ck_assert_int_eq(truncate(path, 50), 0);
    expect_failure(run_dataset("mnist", in, out, "-random-labels", NULL), path, "truncated");
    ck_assert(exists(out, "mnist.data"));
    ck_assert_int_eq(wrong_labels("train.list", 200), 0);
    free(path);
}
END_TEST

START_TEST(labels_beyond_nine_are_refused)
{
    unsigned char labels[8 + 30] = {0, 0, 8, 1, 0, 0, 0, 30};
    labels[8 + 17] = 10;
    char *path = vd_format("%s/t10k-labels-idx1-ubyte", in);
    write_bytes(path, labels, sizeof(labels));
    expect_failure(run_dataset("mnist", in, out, NULL), path, "label 17 is 10");
    free(path);
}
END_TEST

START_TEST(as_many_labels_as_images_are_needed)
{
    unsigned char labels[8 + 29] = {0, 0, 8, 1, 0, 0, 0, 29};
    char *path = vd_format("%s/t10k-labels-idx1-ubyte", in);
    write_bytes(path, labels, sizeof(labels));
    expect_failure(run_dataset("mnist", in, out, NULL), path, "29 labels, but ");
    free(path);
}
END_TEST

START_TEST(test_pictures_of_another_size_are_refused)
{
    write_idx(1, 30, 7, 5);
    expect_failure(run_dataset("mnist", in, out, NULL), "t10k-images-idx3-ubyte", "5 x 7 pixels");
}
END_TEST

START_TEST(random_labels_change_training_only)
{
    expect_success(run_dataset("mnist", in, out, "-random-labels", NULL));
    int wrong = wrong_labels("train.list", 200);
    ck_assert_int_gt(wrong, 160); /* 180 expected, standard deviation 4.2 */
    ck_assert_int_lt(wrong, 198);
    ck_assert_int_eq(wrong_labels("test.list", 30), 0);
    int n;
    char **lines = read_lines("mnist.data", &n);
    ck_assert_str_eq(lines[0], "# random labels, seed 1");
    free_text(lines);
}
END_TEST

START_TEST(random_labels_come_from_the_seed)
{
    char *list = vd_format("%s/train.list", out), *text[3];
    const char *const seed[] = {"7", "7", "8"};
    for (int i = 0; i < 3; ++i) {
        expect_success(run_dataset("mnist", in, out, "-seed", seed[i], "-random-labels", NULL));
        text[i] = read_text(list);
    }
    ck_assert_str_eq(text[0], text[1]);
    ck_assert_str_ne(text[0], text[2]);
    for (int i = 0; i < 3; ++i) free(text[i]);
    free(list);
}
END_TEST

START_TEST(a_second_run_leaves_no_stale_lists)
{
    expect_success(run_dataset("mnist", in, out, "-random-labels", NULL));
    write_idx(0, 100, 5, 7);
    expect_success(run_dataset("mnist", in, out, NULL));
    ck_assert_int_eq(wrong_labels("train.list", 100), 0);
    int n;
    char **lines = read_lines("mnist.data", &n);
    ck_assert_int_eq(n, 8);
    ck_assert_str_eq(lines[0], "classes=10");
    free_text(lines);
}
END_TEST

START_TEST(the_other_kind_in_the_same_folder_takes_the_lists_over)
{
    expect_success(run_dataset("mnist", in, out, NULL));
    expect_success(run_dataset("digits", out, "-train", "20", "-test", "10", NULL));
    ck_assert(!exists(out, "mnist.data"));
    ck_assert(exists(out, "digits.data"));
    ck_assert_int_eq(wrong_labels("train.list", 20), 0);
}
END_TEST

START_TEST(an_interrupted_run_leaves_no_data_file)
{
    expect_success(run_dataset("mnist", in, out, NULL));
    /* a folder where the last test picture should go */
    char *blocked = vd_format("%s/test/00029_digit9.png", out), *inside = vd_format("%s/x", blocked);
    remove(blocked);
    ck_assert_int_eq(mkdir(blocked, 0700), 0);
    ck_assert_int_eq(mkdir(inside, 0700), 0);
    result r = run_dataset("mnist", in, out, NULL);
    ck_assert_int_eq(r.status, 1);
    ck_assert_ptr_nonnull(strstr(r.err, blocked));
    ck_assert(!exists(out, "mnist.data"));
    free_result(r);
    free(blocked);
    free(inside);
}
END_TEST

/* every file left in out/FOLDER ends with .png: no temporary one */
START_TEST(no_temporary_file_is_left)
{
    expect_success(run_dataset("mnist", in, out, NULL));
    char *path = vd_format("%s/train", out);
    DIR *d = opendir(path);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        ck_assert_str_eq(e->d_name + strlen(e->d_name) - 4, ".png");
        ++n;
    }
    closedir(d);
    ck_assert_int_eq(n, 200);
    free(path);
}
END_TEST

START_TEST(digits_have_the_counts_asked_for)
{
    expect_success(run_dataset("digits", out, "-train", "120", "-test", "30", "-seed", "9", NULL));
    ck_assert_int_eq(wrong_labels("train.list", 120), 0);
    ck_assert_int_eq(wrong_labels("test.list", 30), 0);
    ck_assert(exists(out, "digits.data"));
}
END_TEST

START_TEST(digits_take_random_labels_too)
{
    expect_success(run_dataset("digits", out, "-train", "200", "-test", "20", "-random-labels", NULL));
    ck_assert_int_gt(wrong_labels("train.list", 200), 160);
    ck_assert_int_eq(wrong_labels("test.list", 20), 0);
}
END_TEST

START_TEST(a_folder_that_contains_a_label_is_refused)
{
    char *bad = vd_format("%s/a_digit3.b", dir), *below = vd_format("%s/out", bad);
    expect_failure(run_dataset("mnist", in, bad, NULL), bad, "_digit3.");
    ck_assert(!exists(dir, "a_digit3.b"));
    ck_assert_int_eq(mkdir(bad, 0700), 0);
    expect_failure(run_dataset("mnist", in, below, NULL), below, "_digit3.");
    free(bad);
    free(below);
}
END_TEST

START_TEST(a_folder_with_white_space_is_refused)
{
    char *bad = vd_format("%s/a b", dir);
    expect_failure(run_dataset("mnist", in, bad, NULL), bad, "white space");
    ck_assert(!exists(dir, "a b"));
    free(bad);
}
END_TEST

START_TEST(a_path_longer_than_darknets_buffers_is_refused)
{
    const int most = 255 - 64 - 7; /* less "/backup" and "/NAME_EPOCH.weights" */
    char *longest = vd_format("%s/%0*d", dir, most - (int)strlen(dir) - 1, 0), *longer = vd_format("%s0", longest);
    expect_failure(run_dataset("digits", longer, NULL), longer, "Darknet's buffers");
    expect_success(run_dataset("digits", longest, "-train", "1", "-test", "1", NULL));
    free(longest);
    free(longer);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_named)
{
    char *deep = vd_format("%s/no/out", dir), *file = vd_format("%s/in/train-images-idx3-ubyte", dir);
    expect_failure(run_dataset("mnist", in, deep, NULL), deep, "No such file");
    expect_failure(run_dataset("mnist", in, file, NULL), file, "is not a directory");
    free(deep);
    free(file);
}
END_TEST

START_TEST(bad_arguments_are_one_line)
{
    expect_failure(run_dataset("imagenet", out, NULL), "imagenet", "is not mnist, cifar or digits");
    expect_failure(run_dataset("mnist", NULL), "mnist", "IDXDIR is missing");
    expect_failure(run_dataset("mnist", in, NULL), "mnist", "OUTDIR is missing");
    expect_failure(run_dataset("cifar", NULL), "cifar", "DIR is missing");
    expect_failure(run_dataset("digits", NULL), "digits", "OUTDIR is missing");
    expect_failure(run_dataset("mnist", in, out, "more", NULL), "more", "unexpected argument more");
    expect_failure(run_dataset("mnist", in, out, "-train", "5", NULL), "-train", "unknown option -train");
    expect_failure(run_dataset("digits", out, "-foo", NULL), "-foo", "unknown option -foo");
    expect_failure(run_dataset("digits", out, "-seed", NULL), "-seed", "needs an integer");
    expect_failure(run_dataset("digits", out, "-seed", "1.5", NULL), "-seed 1.5", "not an integer");
    expect_failure(run_dataset("digits", out, "-seed", "-1", NULL), "-seed -1", "not an integer from 0 to");
    expect_failure(run_dataset("digits", out, "-train", "0", NULL), "-train 0", "not an integer from 1 to");
    expect_failure(run_dataset("digits", out, "-test", "1e3", NULL), "-test 1e3", "not an integer");
    ck_assert(!exists(dir, "out"));
}
END_TEST

START_TEST(help_goes_to_stdout)
{
    const char *const ways[][2] = {{"-h", NULL}, {"--help", NULL}, {"mnist", "-h"}};
    for (int i = 0; i < 3; ++i) {
        result r = run_dataset(ways[i][0], ways[i][1], NULL);
        ck_assert_int_eq(r.status, 0);
        ck_assert_ptr_nonnull(strstr(r.out, "usage: darknet vd dataset"));
        ck_assert_str_eq(r.err, "");
        free_result(r);
    }
    result r = run_dataset(NULL);
    ck_assert_int_eq(r.status, 1);
    ck_assert_str_eq(r.out, "");
    ck_assert_str_eq(r.err, "darknet vd dataset: mnist, cifar or digits is needed; see -h\n");
    free_result(r);
}
END_TEST

START_TEST(mnist_itself_has_60000_and_10000_pictures)
{
    const char *mnist = getenv("MNIST");
    if (!mnist || !*mnist) {
        skipped(1, "MNIST itself (MNIST is not a folder)");
        return;
    }
    char *path = realpath(mnist, 0);
    ck_assert_msg(path != 0, "MNIST=%s", mnist);
    expect_success(run_dataset("mnist", path, out, NULL));
    static const char *const list[] = {"train.list", "test.list"};
    for (int s = 0; s < 2; ++s) {
        int n;
        char **lines = read_lines(list[s], &n);
        ck_assert_int_eq(n, s ? 10000 : 60000);
        ck_assert_msg(strstr(lines[0], s ? "00000_digit7." : "00000_digit5."), "%s", lines[0]);
        free_text(lines);
    }
    free(path);
}
END_TEST

SUITE_OF(dataset)
{
    EACH(make_dir, remove_dir);
    TIMEOUT(300);
    TEST(pictures_read_back_are_the_bytes_of_the_idx_file);
    TEST(every_path_carries_its_own_label_and_no_other);
    TEST(the_data_file_names_everything_by_absolute_path);
    TEST(a_relative_folder_becomes_absolute_in_the_lists);
    TEST(the_last_line_says_what_was_written_and_what_comes_next);
    TEST(the_other_spelling_of_the_names_is_found);
    TEST(gzip_files_are_found_and_read_like_plain_ones);
    TEST(an_unreachable_idx_file_is_not_taken_for_a_missing_one);
    TEST(a_missing_idx_file_is_named);
    TEST(a_bad_idx_file_leaves_an_earlier_data_set_alone);
    TEST(labels_beyond_nine_are_refused);
    TEST(as_many_labels_as_images_are_needed);
    TEST(test_pictures_of_another_size_are_refused);
    TEST(random_labels_change_training_only);
    TEST(random_labels_come_from_the_seed);
    TEST(a_second_run_leaves_no_stale_lists);
    TEST(the_other_kind_in_the_same_folder_takes_the_lists_over);
    TEST(an_interrupted_run_leaves_no_data_file);
    TEST(no_temporary_file_is_left);
    TEST(digits_have_the_counts_asked_for);
    TEST(digits_take_random_labels_too);
    TEST(a_folder_that_contains_a_label_is_refused);
    TEST(a_folder_with_white_space_is_refused);
    TEST(a_path_longer_than_darknets_buffers_is_refused);
    TEST(a_folder_that_cannot_be_made_is_named);
    TEST(bad_arguments_are_one_line);
    TEST(help_goes_to_stdout);
    TEST(mnist_itself_has_60000_and_10000_pictures);
}
