/* tests/tables/tables.sh trains, measures and resumes the rows of a small table. */
#include "support/drawings.h"
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char rows[] = "# a comment\n"
                           "first-1 digits lenet5-digits-vd - max_batches=12 samples=200 kl_ramp=5 seed=1\n"
                           "then-1 digits lenet5-digits-vd first-1 max_batches=4 samples=200 seed=1 # another\n"
                           "other-1 digits lenet5-digits - max_batches=4\n";

/* the rows in the test's folder that fit a pattern, into its folder out */
static run_result make_table(const char *pattern)
{
    char *out = in_folder(folder, "out"), *list = in_folder(folder, "rows");
    const char *const argv[] = {"tests/tables/tables.sh", out, list, pattern, 0};
    run_result r = run(argv);
    free(list);
    free(out);
    return r;
}

/* drawn digits, and rows on them */
static void prepare(const char *text, int train)
{
    char *data_file = in_folder(folder, "digits/digits.data");
    draw_digits(folder, train, 50);
    write_in_folder("rows", text);
    setenv("DIGITS_DATA", data_file, 1);
    free(data_file);
}

START_TEST(rows_are_trained_measured_and_not_trained_again)
{
    prepare(rows, 200);

    run_result r = make_table("*-1");
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "first-1: error "));
    ck_assert_ptr_nonnull(strstr(r.out, "then-1: error "));
    ck_assert_ptr_nonnull(strstr(r.out, "other-1: error "));
    free_run(r);
    char *cfg = text_in_folder("out/first-1/lenet5-digits-vd.cfg"), *table = text_in_folder("out/RESULTS.md");
    ck_assert_ptr_nonnull(strstr(cfg, "\nmax_batches=12\n"));
    ck_assert_ptr_nonnull(strstr(cfg, "\nkl_ramp=5\n"));
    ck_assert_ptr_nonnull(
        strstr(table, "\n| first-1 | lenet5-digits-vd.cfg | max_batches=12 samples=200 kl_ramp=5 seed=1 | "));
    ck_assert_ptr_nonnull(strstr(table, "\n| other-1 | lenet5-digits.cfg | max_batches=4 | "));

    r = make_table("*-1");
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_null(strstr(r.out, "error"));
    char *again = text_in_folder("out/RESULTS.md");
    ck_assert_str_eq(again, table);
    free_run(r);
    unsetenv("DIGITS_DATA");
    free(again), free(table), free(cfg);
}
END_TEST

START_TEST(a_detector_has_a_mean_average_precision_and_its_twin_starts_from_it)
{
    char *data_file = in_folder(folder, "boxes.data");
    char *data = vd_format("classes=3\ntrain=%s/list\nvalid=%s/list\nnames=%s/three\nbackup=\nresults=%s/results\n",
                           folder, folder, folder, folder);
    draw_pictures(folder);
    write_in_folder("three", "full\nframe\nnone\n");
    write_text(data_file, data);
    write_in_folder("rows", "boxes-1 boxes bccd-tiny - max_batches=2 batch=4 seed=1\n"
                            "boxes-vd-1 boxes bccd-tiny-vd boxes-1 max_batches=1 batch=4 samples=24 seed=1\n");
    setenv("BOXES_DATA", data_file, 1);

    run_result r = make_table("*");
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(strstr(r.out, "boxes-1: map ") && strstr(r.out, "boxes-vd-1: map "), "%s", r.out);
    char *table = text_in_folder("out/RESULTS.md"), *log = text_in_folder("out/boxes-vd-1/epochs.log");
    ck_assert_ptr_nonnull(strstr(table, "| row | seeds | mAP@0.5 % (median) |"));
    ck_assert_ptr_null(strstr(table, "| seeds | error %"));
    ck_assert_ptr_nonnull(
        strstr(table, "\n| boxes-vd-1 | bccd-tiny-vd.cfg | from boxes-1: max_batches=1 batch=4 samples=24 seed=1 | "));
    ck_assert_ptr_nonnull(strstr(log, "out/boxes-1/bccd-tiny.weights"));
    free_run(r);
    unsetenv("BOXES_DATA");
    free(log), free(table), free(data), free(data_file);
}
END_TEST

START_TEST(a_row_does_not_start_from_a_training_that_was_interrupted)
{
    prepare(rows, 100);
    free_run(make_table("first-1"));
    char *result = in_folder(folder, "out/first-1/result");
    ck_assert_int_eq(remove(result), 0);
    run_result r = make_table("then-1");
    ck_assert_int_ne(r.status, 0);
    ck_assert_msg(strstr(r.err, "then-1: starts from first-1, whose training is not done\n") != 0, "%s", r.err);
    free_run(r);
    unsetenv("DIGITS_DATA");
    free(result);
}
END_TEST

START_TEST(rows_on_data_that_is_not_there_are_left_out)
{
    prepare("pictures-1 cifar vgg-cifar-vd - max_batches=4\n"
            "boxes-1 boxes bccd-tiny - max_batches=2\n"
            "other-1 digits lenet5-digits - max_batches=4\n",
            100);
    for (int again = 0; again < 2; ++again) {
        run_result r = make_table("*");
        ck_assert_msg(r.status == 0, "%s", r.err);
        ck_assert_msg(strstr(r.err, "rows on cifar are left out: they need CIFAR=archive\n") != 0, "%s", r.err);
        ck_assert_msg(strstr(r.err, "rows on boxes are left out: they need BOXES_DATA\n") != 0, "%s", r.err);
        ck_assert((strstr(r.out, "other-1: error ") != 0) == !again);
        free_run(r);
    }
    run_result r = make_table("pictures-*"); /* none of these can be trained */
    ck_assert_int_eq(r.status, 1);
    free_run(r);
    unsetenv("DIGITS_DATA");
}
END_TEST

START_TEST(the_page_keeps_what_it_had_of_other_rows)
{
    char *page = in_folder(folder, "page");
    prepare("pictures-1 cifar vgg-cifar-vd - max_batches=4\n"
            "lenet-1 digits lenet5-digits - max_batches=4\n"
            "other-1 digits lenet5-digits - max_batches=5\n",
            100);
    write_in_folder("page",
                    "| row | net | keys | error % | layers | compression | time | date |\n|---|\n"
                    "| pictures-1 | vgg-cifar-vd.cfg | max_batches=4 | 12.34 | 1.0-2.0 | 9 x | 77 s | 2026-01-02 |\n"
                    "| lenet-1 | lenet5-digits.cfg | max_batches=4 | 23.45 |  |  | 88 s | 2026-01-02 |\n");
    setenv("PAGE", page, 1);
    free_run(make_table("other-*"));
    char *table = text_in_folder("out/RESULTS.md");
    ck_assert_msg(strstr(table, "\n| pictures-1 | ") && strstr(table, " 12.34 |") && strstr(table, " 23.45 |"), "%s",
                  table);
    ck_assert_ptr_nonnull(strstr(table, "\n| other-1 | "));
    free(table);
    free_run(make_table("*")); /* trains the other, too: the page's is no result */
    table = text_in_folder("out/RESULTS.md");
    ck_assert_msg(strstr(table, " 12.34 |") && !strstr(table, " 23.45 |"), "%s", table);
    unsetenv("PAGE");
    unsetenv("DIGITS_DATA");
    free(table), free(page);
}
END_TEST

START_TEST(a_row_may_start_from_one_that_starts_from_another)
{
    prepare("third-1 digits lenet5-digits-vd second-1 max_batches=2 samples=100\n"
            "second-1 digits lenet5-digits-vd first-1 teacher=first-1 max_batches=2 samples=100\n"
            "first-1 digits lenet5-digits - max_batches=2\n"
            "clipped-1 digits lenet5-digits-vd =third-1 threshold=1\n",
            100);
    run_result r = make_table("*");
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(strstr(r.out, "third-1: error ") && strstr(r.out, "clipped-1: error "), "%s", r.out);
    char *cfg = text_in_folder("out/second-1/lenet5-digits-vd.cfg");
    ck_assert_ptr_nonnull(strstr(cfg, "out/first-1/lenet5-digits.cfg\n"));
    ck_assert_ptr_nonnull(strstr(cfg, "out/first-1/lenet5-digits.weights\n"));
    free_run(r), free(cfg);
    unsetenv("DIGITS_DATA");
}
END_TEST

START_TEST(a_data_set_that_is_not_known_ends_it)
{
    write_in_folder("rows",
                    "good-1 digits lenet5-digits - max_batches=2\nbad-1 digitz lenet5-digits - max_batches=2\n");
    run_result r = make_table("good-1");
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "rows: data set digitz is not known\n") && !strchr(r.err, '\n')[1], "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(a_row_that_fails_is_named)
{
    prepare("lost-1 boxes bccd-tiny - max_batches=4\nother-1 digits lenet5-digits - max_batches=4\n", 100);
    setenv("BOXES_DATA", "/nowhere/boxes.data", 1);
    run_result r = make_table("*");
    ck_assert_int_ne(r.status, 0);
    ck_assert_msg(strstr(r.err, "/nowhere/boxes.data") != 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "other-1: error "));
    char *table = text_in_folder("out/RESULTS.md");
    ck_assert_ptr_nonnull(strstr(table, "\n| other-1 | "));
    free_run(r);
    unsetenv("DIGITS_DATA");
    unsetenv("BOXES_DATA");
    free(table);
}
END_TEST

SUITE_OF(tables)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    TEST(rows_are_trained_measured_and_not_trained_again);
    TEST(a_detector_has_a_mean_average_precision_and_its_twin_starts_from_it);
    TEST(a_row_does_not_start_from_a_training_that_was_interrupted);
    TEST(rows_on_data_that_is_not_there_are_left_out);
    TEST(the_page_keeps_what_it_had_of_other_rows);
    TEST(a_row_may_start_from_one_that_starts_from_another);
    TEST(a_data_set_that_is_not_known_ends_it);
    TEST(a_row_that_fails_is_named);
}
