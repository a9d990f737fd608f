/* The programs of examples/ on the built library: they train, predict what the program predicts, and report errors. */
#include "support/support.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 3 };

static const char *const classes[CLASSES] = {"across", "down", "aslant"};
static char *train, *predict, *cfg;
static run_result trained;

static char *built(const char *name)
{
    const char *examples = getenv("EXAMPLES_BUILT");
    char *path = vd_format("%s/%s", examples ? examples : "build/out/examples", name), *whole = realpath(path, 0);
    ck_assert_msg(whole != 0, "%s is not built", path);
    free(path);
    return whole;
}

/* trained once, in a folder that all tests read: stripes.weights, a picture of each class, and what names them */
static void set_up(void)
{
    train = built("train");
    predict = built("predict");
    cfg = realpath("examples/stripes-vd.cfg", 0);
    enter_test_folder();
    write_text("names.list", "across\ndown\naslant\n");
    write_text("stripes.data", "classes=3\nnames=names.list\ntop=3\n");
    trained = run((const char *const[]){train, cfg, "stripes.weights", NULL});
}

static void tear_down(void)
{
    free_run(trained);
    free(train), free(predict), free(cfg);
    leave_test_folder();
}

/* the number after the last occurrence of a text */
static double last_number(const char *in, const char *text)
{
    const char *at = 0;
    for (const char *next = in; (next = strstr(next, text)); ++next) at = next;
    ck_assert_msg(at != 0, "%s in %s", text, in);
    return atof(at + strlen(text));
}

START_TEST(training_reduces_the_loss_and_prunes)
{
    double first, last = last_number(trained.out, "\nepoch 20: loss ");
    ck_assert_int_eq(trained.status, 0);
    ck_assert_int_eq(sscanf(trained.out, "epoch  1: loss %lf", &first), 1);
    ck_assert_double_lt(last, first);
    ck_assert_double_gt(last_number(trained.out, "new pictures: "), 95);
    ck_assert_double_gt(last_number(trained.err, " %, all "), 90);
}
END_TEST

/* its classes and probabilities, most probable first, in the form of darknet's lines */
static char *lines_of_example(const char *weights, const char *picture)
{
    run_result r = run((const char *const[]){predict, cfg, weights, "names.list", picture, NULL});
    char *lines = strdup(""), name[100];
    double percent;
    int used;
    ck_assert_int_eq(r.status, 0);
    ck_assert(!strncmp(r.out, picture, strlen(picture)));
    for (const char *at = strchr(r.out, '\n'); sscanf(at, " %lf %% %99s%n", &percent, name, &used) == 2; at += used) {
        char *longer = vd_format("%s%5.2f%%: %s\n", lines, percent, name);
        free(lines);
        lines = longer;
    }
    free_run(r);
    return lines;
}

static void expect_same_prediction(const char *weights, const char *class)
{
    char *picture = vd_format("%s.png", class), *lines = lines_of_example(weights, picture),
         *best = vd_format("%%: %s\n", class);
    run_result r = darknet(0, "classifier", "predict", "stripes.data", cfg, weights, picture, NULL);
    ck_assert_str_eq(lines, r.out);
    ck_assert(!strncmp(strstr(lines, "%: "), best, strlen(best)));
    free_run(r);
    free(picture), free(lines), free(best);
}

START_TEST(prediction_is_that_of_the_program)
{
    expect_same_prediction("stripes.weights", classes[_i]);
}
END_TEST

START_TEST(packed_weights_are_read)
{
    free_run(darknet(0, "vd", "pack", cfg, "stripes.weights", "stripes.vdw", NULL));
    expect_same_prediction("stripes.vdw", classes[0]);
}
END_TEST

START_TEST(unreadable_picture_is_reported_and_the_others_are_done)
{
    run_result r = run((const char *const[]){predict, cfg, "stripes.weights", "names.list", "across.png", "nowhere.png",
                                             "stripes.data", "down.png", NULL});
    ck_assert_int_eq(r.status, 1);
    ck_assert_ptr_nonnull(strstr(r.err, "predict: Couldn't open file: nowhere.png"));
    ck_assert_ptr_nonnull(strstr(r.err, "predict: Cannot load image \"stripes.data\""));
    ck_assert_ptr_null(strstr(r.out, "nowhere"));
    ck_assert(strstr(r.out, "across.png") && strstr(r.out, "down.png"));
    free_run(r);
}
END_TEST

START_TEST(network_that_is_missing_is_reported_once)
{
    run_result r =
        run((const char *const[]){predict, "nowhere.cfg", "stripes.weights", "names.list", "across.png", NULL});
    ck_assert_int_eq(r.status, 1);
    ck_assert_str_eq(r.err, "predict: Couldn't open file: nowhere.cfg: No such file or directory\n");
    ck_assert_str_eq(r.out, "");
    free_run(r);
    r = run((const char *const[]){train, "nowhere.cfg", "other.weights", NULL});
    ck_assert_int_eq(r.status, 1);
    ck_assert_str_eq(r.err, "train: stopped by an error, no weights are saved:\n"
                            "Couldn't open file: nowhere.cfg: No such file or directory\n");
    ck_assert_ptr_null(fopen("other.weights", "rb"));
    free_run(r);
}
END_TEST

SUITE_OF(examples)
{
    ONCE(set_up, tear_down);
    TEST(training_reduces_the_loss_and_prunes);
    LOOP(prediction_is_that_of_the_program, CLASSES);
    TEST(packed_weights_are_read);
    TEST(unreadable_picture_is_reported_and_the_others_are_done);
    TEST(network_that_is_missing_is_reported_once);
}
