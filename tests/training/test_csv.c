/* training/csv.c: what a log may say, and that a file is whole whatever happens to it. */
#include "training/csv.h"
#include "support/support.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define HEADER "batch,epoch,images,seconds,rate,loss,cost,kl,w,sparsity,nonzero,error,map\n"
#define ROW1 "1,0.5,20,1.5,0.001,2.5,1.25,125,0.01,0.25,75,,\n"
#define ROW2 "2,1,40,3,0.001,2,1,100,0.01,0.5,50,0.125,\n"

static char *path;

static void setup(void)
{
    make_test_folder();
    path = in_folder(folder, "run.csv");
}

static void teardown(void)
{
    free(path);
    remove_test_folder();
}

static vd_csv_row row_of(double batch)
{
    vd_csv_row row = vd_csv_row_empty();
    row.at[VD_CSV_BATCH] = batch;
    row.at[VD_CSV_LOSS] = 1 / batch;
    return row;
}

/* the file is read without a fault, and has these batches, 0 after the last */
static void expect_batches(const double *batches)
{
    char *fault;
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    size_t n = 0;
    for (; batches[n]; ++n) {
        ck_assert_uint_lt(n, c.n);
        ck_assert(c.rows[n].at[VD_CSV_BATCH] == batches[n]);
        ck_assert(close_to(c.rows[n].at[VD_CSV_LOSS], 1 / batches[n], 1e-8, 0));
        ck_assert(isnan(c.rows[n].at[VD_CSV_MAP]));
    }
    ck_assert_uint_eq(c.n, n);
    vd_csv_free(&c);
}

START_TEST(what_is_written_is_what_was_read)
{
    char *fault, *copy = in_folder(folder, "copy.csv");
    write_text(path, HEADER ROW1 ROW2);
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    ck_assert_uint_eq(c.n, 2);
    ck_assert(isnan(c.rows[0].at[VD_CSV_ERROR]));
    ck_assert(c.rows[1].at[VD_CSV_ERROR] == .125);
    free(c.path);
    c.path = copy;
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_file(copy, HEADER ROW1 ROW2, strlen(HEADER ROW1 ROW2));
    vd_csv_free(&c);
}
END_TEST

/* which ends its lines with a carriage return and a newline, and may begin the file with a byte order mark */
START_TEST(lines_of_a_spreadsheet_are_read)
{
    int header = strlen(HEADER) - 1, row = strlen(ROW1) - 1;
    const char *mark = _i ? "\xef\xbb\xbf" : "";
    char *text = vd_format("%s%.*s\r\n%.*s\r\n" ROW2, mark, header, HEADER, row, ROW1), *fault;
    write_text(path, text);
    free(text);
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    ck_assert_uint_eq(c.n, 2);
    ck_assert(c.rows[1].at[VD_CSV_ERROR] == .125);
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_file(path, HEADER ROW1 ROW2, strlen(HEADER ROW1 ROW2));
    vd_csv_free(&c);
}
END_TEST

/* a rate is a float, the others are doubles */
START_TEST(cells_have_as_many_digits_as_are_known)
{
    vd_csv c = {.path = vd_format("%s", path), .replace = 1};
    vd_csv_row row = row_of(3);
    row.at[VD_CSV_RATE] = .0012345678f;
    row.at[VD_CSV_KL] = 123456.78951;
    vd_csv_add(&c, row);
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_file(path, HEADER "3,,,,0.001234568,0.333333333,,123456.79,,,,,\n",
                strlen(HEADER "3,,,,0.001234568,0.333333333,,123456.79,,,,,\n"));
    vd_csv_free(&c);
}
END_TEST

START_TEST(what_is_not_finite_is_an_empty_cell)
{
    vd_csv c = {.path = vd_format("%s", path), .replace = 1};
    vd_csv_row row = row_of(3);
    row.at[VD_CSV_LOSS] = INFINITY;
    row.at[VD_CSV_KL] = NAN;
    vd_csv_add(&c, row);
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_file(path, HEADER "3,,,,,,,,,,,,\n", strlen(HEADER "3,,,,,,,,,,,,\n"));
    vd_csv_free(&c);
}
END_TEST

static const struct {
    const char *text, *fault;
} bad[] = {
    {"", "line 1: the line of column names is missing"},
    {"batch,loss\n", "line 1: expected the columns batch,epoch,"},
    {HEADER ROW1 "2,1,40\n", "line 3: 3 columns, expected 13"},
    {HEADER ROW1 "2,,,,,,,,,,,,,\n", "line 3: more than 13 columns"},
    {HEADER "1,0.5,20,1.5,fast,2.5,,,,,,,\n", "line 2: column 5, rate: 'fast' is not a number"},
    {HEADER "1,,,,,nan,,,,,,,\n", "line 2: column 6, loss: 'nan' is not a number"},
    {HEADER ",,,,,,,,,,,,\n", "line 2: column 1, batch: '' is not a number"},
    {HEADER "1.5,,,,,,,,,,,,\n", "line 2: column 1, batch: '1.5' is not a count"},
    {HEADER "-1,,,,,,,,,,,,\n", "line 2: column 1, batch: '-1' is not a count"},
    {HEADER ROW2 ROW1, "line 3: column 1, batch: 1 is not greater than 2 in the line before"},
    {HEADER ROW1 ROW1, "line 3: column 1, batch: 1 is not greater than 1 in the line before"},
};

START_TEST(a_bad_line_is_named_with_its_column)
{
    char *fault;
    write_text(path, bad[_i].text);
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_ptr_nonnull(fault);
    ck_assert_msg(!strncmp(fault, path, strlen(path)) && strstr(fault, bad[_i].fault), "%s", fault);
    free(fault);
    vd_csv_free(&c);
}
END_TEST

START_TEST(a_line_without_its_end_is_not_there_yet)
{
    char *fault;
    write_text(path, HEADER ROW1 "2,1,40,3.0");
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_ptr_null(fault);
    ck_assert_uint_eq(c.n, 1);
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_file(path, HEADER ROW1, strlen(HEADER ROW1));
    vd_csv_free(&c);
}
END_TEST

START_TEST(rows_are_added_to_the_file_and_not_written_anew)
{
    struct stat first, later;
    vd_csv c = {.path = vd_format("%s", path), .replace = 1};
    ck_assert_ptr_null(vd_csv_write(&c));
    ck_assert_int_eq(stat(path, &first), 0);
    for (int batch = 1; batch <= 3; ++batch) {
        vd_csv_add(&c, row_of(batch));
        ck_assert_ptr_null(vd_csv_write(&c));
    }
    ck_assert_int_eq(stat(path, &later), 0);
    ck_assert(first.st_ino == later.st_ino);
    expect_batches((double[]){1, 2, 3, 0});
    vd_csv_free(&c);
}
END_TEST

START_TEST(a_training_that_goes_back_drops_the_rows_of_what_it_leaves)
{
    vd_csv c = {.path = vd_format("%s", path), .replace = 1};
    for (int batch = 1; batch <= 5; ++batch) vd_csv_add(&c, row_of(batch));
    ck_assert_ptr_null(vd_csv_write(&c));
    vd_csv_drop_after(&c, 2);
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_batches((double[]){1, 2, 0});
    vd_csv_add(&c, row_of(2)); /* again */
    vd_csv_add(&c, row_of(7));
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_batches((double[]){1, 2, 7, 0});
    vd_csv_free(&c);
}
END_TEST

START_TEST(a_file_that_another_program_changed_is_made_anew)
{
    vd_csv c = {.path = vd_format("%s", path), .replace = 1};
    vd_csv_add(&c, row_of(1));
    ck_assert_ptr_null(vd_csv_write(&c));
    if (_i) write_text(path, "something else\n");
    else remove(path);
    vd_csv_add(&c, row_of(2));
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_batches((double[]){1, 2, 0});
    vd_csv_free(&c);
}
END_TEST

static void limit_files(long bytes)
{
    struct rlimit now;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &now), 0);
    now.rlim_cur = bytes < 0 ? now.rlim_max : (rlim_t)bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &now), 0);
}

/* at every size: the file keeps whole rows, and has all once there is room again */
START_TEST(a_full_disk_leaves_whole_rows_and_the_next_write_adds_all_that_are_missing)
{
    vd_csv c = {.path = vd_format("%s", path), .replace = 1};
    vd_csv_add(&c, row_of(1));
    ck_assert_ptr_null(vd_csv_write(&c));
    vd_csv_add(&c, row_of(2));
    vd_csv_add(&c, row_of(3));
    limit_files((long)c.bytes + _i);
    char *fault = vd_csv_write(&c);
    limit_files(-1);
    ck_assert_ptr_nonnull(fault);
    ck_assert_msg(strstr(fault, "run.csv: not written: "), "%s", fault);
    expect_batches((double[]){1, 0});
    vd_csv_add(&c, row_of(4));
    ck_assert_ptr_null(vd_csv_write(&c));
    expect_batches((double[]){1, 2, 3, 4, 0});
    free(fault);
    vd_csv_free(&c);
}
END_TEST

SUITE_OF(csv)
{
    EACH(setup, teardown);
    TEST(what_is_written_is_what_was_read);
    LOOP(lines_of_a_spreadsheet_are_read, 2);
    TEST(cells_have_as_many_digits_as_are_known);
    TEST(what_is_not_finite_is_an_empty_cell);
    LOOP(a_bad_line_is_named_with_its_column, COUNT_OF(bad));
    TEST(a_line_without_its_end_is_not_there_yet);
    TEST(rows_are_added_to_the_file_and_not_written_anew);
    TEST(a_training_that_goes_back_drops_the_rows_of_what_it_leaves);
    LOOP(a_file_that_another_program_changed_is_made_anew, 2);
    LOOP(a_full_disk_leaves_whole_rows_and_the_next_write_adds_all_that_are_missing, 30);
}
