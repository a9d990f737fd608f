/* data/skip_broken.c: broken pictures and labels among many, with -skip-broken and without. */
#include "data/skip_broken.h"
#include "support/drawings.h"
#include "support/digits.h"
#include "base/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TRAINED = 100, TESTED = 20 };

static char *cfg, *weights;

static char *picture(const char *set, int i)
{
    return vd_format("%s/digits/%s/%05d_digit%d.png", folder, set, i, i % 10);
}

static void write_cfg(int max_batches)
{
    char *text = vd_format("[net]\nbatch=20\nwidth=28\nheight=28\nchannels=1\nmax_crop=28\nflip=0\nlearning_rate=.01\n"
                           "max_batches=%d\nseed=4\n[convolutional]\nfilters=8\nsize=5\nactivation=relu\n"
                           "[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=100\n",
                           max_batches);
    write_text(cfg, text);
    free(text);
}

static void setup(void)
{
    make_digits(TRAINED, TESTED);
    cfg = in_folder(folder, "net.cfg");
    weights = backup("net.weights");
    write_cfg(20);
}

static void teardown(void)
{
    remove_digits();
    free(cfg), free(weights);
}

/* ways for a picture to be broken */
enum { CUT, OTHER, EMPTY, MISSING, DIRECTORY, WAYS };

static void break_picture(const char *path, int way)
{
    size_t n;
    char *bytes = read_bytes(path, &n);
    ck_assert_ptr_nonnull(bytes);
    remove(path);
    if (way == CUT) write_bytes(path, bytes, n / 2);
    else if (way == OTHER) write_text(path, "no picture");
    else if (way == EMPTY) write_text(path, "");
    else if (way == DIRECTORY) ck_assert_int_eq(mkdir(path, 0700), 0);
    free(bytes);
}

static run_result train(int status, const char *option)
{
    return train_digits(status, cfg, option);
}

/* one line, the last, that names the file */
static void names(run_result r, const char *path)
{
    char *said = strstr(r.err, path), *start = said;
    ck_assert_msg(said != 0, "%s is not named: %s", path, r.err);
    while (start > r.err && start[-1] != '\n') --start;
    ck_assert_msg(strchr(said, '\n') == said + strlen(said) - 1, "more than a line: %s", start);
    ck_assert_int_eq(count_of(r.err, path), 1);
    free_run(r);
}

START_TEST(a_broken_picture_ends_a_training_with_one_line_that_names_it)
{
    char *path = picture("train", 37);
    break_picture(path, _i % WAYS);
    if (_i >= WAYS) setenv("DARKNET_IMAGE_CACHE", "0", 1);
    for (int again = 0; again < 3; ++again) names(train(1, NULL), path); /* loader threads end the program */
    unsetenv("DARKNET_IMAGE_CACHE");
    free(path);
}
END_TEST

/* the list of a .data file, with line `from` replaced by another picture */
static void replace_in_list(int from, int to)
{
    char *list = in_folder(folder, "digits/train.list"), *old = picture("train", from), *new = picture("train", to);
    size_t n;
    char *text = read_bytes(list, &n), *at = strstr(text, old);
    ck_assert_ptr_nonnull(at);
    char *changed = vd_format("%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    write_text(list, changed);
    free(list), free(old), free(new), free(text), free(changed);
}

START_TEST(a_skipped_picture_is_replaced_by_the_next_of_its_list)
{
    char *broken[2] = {picture("train", 37), picture("train", 38)};
    size_t n, m;
    break_picture(broken[0], _i % WAYS);
    break_picture(broken[1], (_i + 1) % WAYS);
    if (_i == 1) setenv("DARKNET_THREADS", "1", 1);
    if (_i == 2) setenv("DARKNET_IMAGE_CACHE", "0", 1);
    run_result r = train(0, "-skip-broken");
    for (int b = 0; b < 2; ++b) {
        char *line = vd_format("%s: skipped: ", broken[b]);
        ck_assert_msg(count_of(r.err, line) == 1, "%s", r.err);
        free(line), free(broken[b]);
    }
    ck_assert_msg(strstr(r.err, "-skip-broken: 2 pictures skipped\n") != 0, "%s", r.err);
    free_run(r);
    char *skipped = read_bytes(weights, &n);
    unsetenv("DARKNET_THREADS");
    unsetenv("DARKNET_IMAGE_CACHE");
    replace_in_list(37, 39);
    replace_in_list(38, 39);
    free_run(train(0, NULL));
    char *replaced = read_bytes(weights, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(skipped, replaced, n);
    free(skipped), free(replaced);
}
END_TEST

START_TEST(a_training_that_is_stopped_says_how_many_it_skipped)
{
    const char *const argv[] = {"darknet", "classifier", "train", data_file, cfg, "-skip-broken", 0};
    char *broken = picture("train", 37);
    break_picture(broken, CUT);
    write_cfg(1000000);
    run_result r = run_until(argv, "6, ", SIGTERM); /* a batch after all pictures have been drawn */
    ck_assert_int_eq(r.status, 128 + SIGTERM);
    ck_assert_msg(strstr(r.err, "-skip-broken: 1 pictures skipped\n") != 0, "%s", r.err);
    free_run(r);
    free(broken);
}
END_TEST

START_TEST(a_validation_leaves_a_broken_picture_out)
{
    static const char *const commands[] = {"valid", "valid10", "validcrop"};
    free_run(train(0, NULL));
    char *path = picture("test", 7);
    break_picture(path, _i);
    names(darknet(1, "classifier", commands[_i], data_file, cfg, weights, NULL), path);
    run_result r = darknet(0, "classifier", commands[_i], data_file, cfg, weights, "-skip-broken", NULL);
    ck_assert_int_eq(count_of(r.err, path), 1);
    ck_assert_ptr_nonnull(strstr(r.err, "-skip-broken: 1 pictures skipped\n"));
    if (_i == 2) {
        ck_assert_ptr_nonnull(strstr(r.out, "Loaded: 19 images"));
    } else {
        ck_assert_ptr_nonnull(strstr(r.out, "\n18: top 1: "));
        ck_assert_ptr_null(strstr(r.out, "\n19: top 1: "));
    }
    free_run(r);
    free(path);
}
END_TEST

START_TEST(a_list_of_broken_pictures_ends_the_program)
{
    const char *set = _i ? "test" : "train", *command = _i ? "valid" : "train";
    if (_i) free_run(train(0, NULL));
    for (int i = 0; i < (_i ? TESTED : TRAINED); ++i) {
        char *path = picture(set, i);
        break_picture(path, i % WAYS);
        free(path);
    }
    run_result r = darknet(1, "classifier", command, data_file, cfg, _i ? weights : "-skip-broken",
                           _i ? "-skip-broken" : NULL, NULL);
    ck_assert_int_eq(count_of(r.err, "pictures of its list\n"), 1);
    free_run(r);
}
END_TEST

/* ---- detectors ---- */

static const char detector[] =
    "[net]\nbatch=4\nwidth=32\nheight=32\nchannels=3\nlearning_rate=.001\nmax_batches=12\nseed=1\n"
    "[vd_convolutional]\nfilters=7\nsize=8\nstride=8\nactivation=linear\n"
    "[yolo]\nmask=0\nanchors=16,16\nclasses=2\nnum=1\njitter=.1\nignore_thresh=.6\ntruth_thresh=1\n"
    "[vd_cost]\nsamples=24\n";

START_TEST(broken_labels_and_pictures_of_a_detector_are_skipped)
{
    char *set = make_folder(), *its_data = in_folder(set, "set.data"), *net = in_folder(set, "net.cfg");
    draw_pictures(set);
    char *made = in_folder(set, "net_final.weights"), *path;
    static const char *const labels[] = {"2 .5 .5 .5 .5\n", "0 .5 .5 x .5\n", "0 .5 .5 .5\n", "\001\002"};
    write_text(net, detector);
    for (int i = 0; i < 4; ++i) {
        path = vd_format("%s/p%d.txt", set, 2 * i);
        write_text(path, labels[i]);
        free(path);
    }
    size_t n;
    char *text = read_bytes(its_data, &n), *all = vd_format("%sshuffle=1\n", text); /* every picture is drawn */
    write_text(its_data, all);
    free(text), free(all);
    path = vd_format("%s/p1.png", set);
    break_picture(path, CUT);
    free_run(darknet(1, "detector", "train", its_data, net, NULL));
    run_result r = darknet(0, "detector", "train", its_data, net, "-skip-broken", NULL);
    ck_assert_int_eq(count_of(r.err, "png: skipped: "), 5);
    ck_assert_ptr_nonnull(strstr(r.err, "p0.txt: an object of class 2, but the network has 2 classes\n"));
    ck_assert_ptr_nonnull(strstr(r.err, "p2.txt: line 1: width=x is not a number\n"));
    ck_assert_ptr_nonnull(strstr(r.err, "-skip-broken: 5 pictures skipped\n"));
    free_run(r);

    free_run(darknet(1, "detector", "map", its_data, net, made, NULL));
    r = darknet(0, "detector", "map", its_data, net, made, "-skip-broken", NULL);
    ck_assert_int_eq(count_of(r.err, "png: skipped: "), 5);
    ck_assert_ptr_nonnull(strstr(r.out, ", 19 pictures"));
    free_run(r);
    free_run(darknet(1, "detector", "recall", its_data, net, made, NULL));
    r = darknet(0, "detector", "recall", its_data, net, made, "-skip-broken", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "-skip-broken: 4 pictures skipped\n")); /* any class is good enough for it */
    free_run(r);
    names(darknet(1, "detector", "valid", its_data, net, made, NULL), path); /* reads no labels */
    r = darknet(0, "detector", "valid", its_data, net, made, "-skip-broken", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "-skip-broken: 1 pictures skipped\n"));
    free_run(r);
    free(path);

    for (int i = 0; i < DRAWN; ++i) {
        path = vd_format("%s/p%d.txt", set, i);
        remove(path);
        free(path);
    }
    r = darknet(1, "detector", "train", its_data, net, "-skip-broken", NULL);
    ck_assert_int_eq(count_of(r.err, "pictures of its list\n"), 1);
    free_run(r);
    r = darknet(1, "detector", "map", its_data, net, made, "-skip-broken", NULL);
    ck_assert_int_eq(count_of(r.err, "broken, as are all 24 pictures of its list\n"), 1);
    free_run(r);
    remove_folder(set);
    free(its_data), free(net), free(made);
}
END_TEST

SUITE_OF(skip_broken)
{
    TIMEOUT(240);
    EACH(setup, teardown);
    LOOP(a_broken_picture_ends_a_training_with_one_line_that_names_it, 2 * WAYS);
    LOOP(a_skipped_picture_is_replaced_by_the_next_of_its_list, WAYS);
    TEST(a_training_that_is_stopped_says_how_many_it_skipped);
    LOOP(a_validation_leaves_a_broken_picture_out, 3);
    LOOP(a_list_of_broken_pictures_ends_the_program, 2);
    TEST(broken_labels_and_pictures_of_a_detector_are_skipped);
}
