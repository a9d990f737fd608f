/* darknet vd split: which pictures are held out, what the three files hold, and what is refused. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void write_set(int pictures)
{
    char *list = vd_format("%s", "");
    for (int i = 0; i < pictures; ++i) {
        char *more = vd_format("%sp%d.png\n", list, i);
        free(list);
        list = more;
    }
    write_in_folder("all.txt", list);
    free(list);
    write_in_folder("set.data", "# a comment\nclasses = 2\ntrain = all.txt\n valid=test.txt\nnames=n.txt\n");
}

static run_result split(const char *const *rest)
{
    const char *argv[10] = {"darknet", "vd", "split"};
    for (int i = 0; i < 6 && rest[i]; ++i) argv[3 + i] = rest[i];
    return run(argv);
}

#define SPLIT(...) split((const char *const[8]){__VA_ARGS__})

static void expect_text(const char *name, const char *text)
{
    char *found = text_in_folder(name);
    ck_assert_msg(found != 0, "%s", name);
    ck_assert_str_eq(found, text);
    free(found);
}

/* the order of seed 1 for ten pictures, from an implementation in another language:
 * x = 3, ten draws; for i = 10 to 2: x = 16807 x mod (2^31 - 1), swap place i with place 1 + floor(x / (2^31 - 1) i) */
START_TEST(the_last_of_the_shuffled_list_are_held_out)
{
    write_set(10);
    run_result r = SPLIT("set.data", "3");
    ck_assert_msg(!r.status, "%s", r.err);
    ck_assert_str_eq(r.out, "set-held-out.data: 7 training pictures, 3 held out, seed 1\n");
    expect_text("set-held-out.train", "p9.png\np4.png\np7.png\np8.png\np2.png\np6.png\np0.png\n");
    expect_text("set-held-out.valid", "p3.png\np5.png\np1.png\n");
    expect_text("set-held-out.data", "# a comment\nclasses = 2\nnames=n.txt\n"
                                     "train=set-held-out.train\nvalid=set-held-out.valid\n");
    free_run(r);
}
END_TEST

START_TEST(a_list_with_a_line_for_each_picture_of_valid_goes_with_it)
{
    write_set(10);
    write_in_folder("set.data", "train=all.txt\nvalid=test.txt\ndifficult = hard.txt\nnames=n.txt\n");
    run_result r = SPLIT("set.data", "3");
    ck_assert_str_eq(r.err, "set.data: difficult = hard.txt: not kept, it belongs to valid=\n");
    expect_text("set-held-out.data", "names=n.txt\ntrain=set-held-out.train\nvalid=set-held-out.valid\n");
    free_run(r);
}
END_TEST

START_TEST(another_seed_and_name)
{
    write_set(40);
    free_run(SPLIT("set.data", "20", "a.data"));
    run_result r = SPLIT("set.data", "20", "b.data", "-seed", "2");
    ck_assert_int_eq(r.status, 0);
    char *a = text_in_folder("a.valid"), *b = text_in_folder("b.valid");
    ck_assert_int_eq(count_of(a, "\n"), 20);
    ck_assert_int_eq(count_of(b, "\n"), 20);
    ck_assert_str_ne(a, b);
    free(a);
    free(b);
    free_run(r);
}
END_TEST

/* every copy of a picture is on the same side, and a held-out one is there once */
START_TEST(a_picture_listed_twice_is_on_one_side)
{
    write_set(0);
    write_in_folder("all.txt", "a.png\nb.png\na.png\nc.png\nb.png\nc.png\n");
    run_result r = SPLIT("set.data", "1");
    ck_assert_str_eq(r.out, "set-held-out.data: 4 training pictures, 1 held out, seed 1\n");
    char *train = text_in_folder("set-held-out.train"), *valid = text_in_folder("set-held-out.valid");
    ck_assert_int_eq(count_of(valid, "\n"), 1);
    ck_assert_int_eq(count_of(train, valid), 0);
    ck_assert_int_eq(count_of(train, "\n"), 4);
    free(train);
    free(valid);
    free_run(r);
}
END_TEST

static const struct {
    const char *argv[6], *said;
} bad[] = {
    {{"set.data"}, "DATA and N are needed"},
    {{"set.data", "0"}, "N 0 is not an integer from 1"},
    {{"set.data", "3x"}, "N 3x is not an integer"},
    {{"set.data", "10"}, "all.txt: 10 different pictures: 10 cannot be held out"},
    {{"set.data", "3", "out"}, "out does not end with .data"},
    {{"set.data", "3", "set.data"}, "set.data: would overwrite what set.data is made of"},
    {{"listed.data", "3", "own.data"}, "own.valid: would overwrite what listed.data is made of"},
    {{"set.data", "3", "-seed"}, "-seed needs an integer"},
    {{"set.data", "3", "a.data", "b.data"}, "unexpected argument b.data"},
    {{"set.data", "3", "-sed"}, "unknown option -sed"},
    {{"none.data", "3"}, "none.data"},
    {{"untrained.data", "3"}, "untrained.data: train=, the list of training pictures, is missing"},
};

START_TEST(what_does_not_fit_is_named)
{
    write_set(10);
    write_in_folder("untrained.data", "classes=2\n");
    write_in_folder("listed.data", "train=all.txt\nvalid=own.valid\n");
    write_in_folder("own.valid", "test.png\n");
    run_result r = split(bad[_i].argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, bad[_i].said) != 0, "'%s': %s", bad[_i].said, r.err);
    ck_assert_ptr_eq(strchr(r.err, '\n'), r.err + strlen(r.err) - 1);
    ck_assert_int_eq(files_in(folder, "set"), 1);
    ck_assert_int_eq(files_in(folder, "own"), 1);
    expect_text("own.valid", "test.png\n");
    free_run(r);
}
END_TEST

SUITE_OF(split)
{
    EACH(enter_test_folder, leave_test_folder);
    TEST(the_last_of_the_shuffled_list_are_held_out);
    TEST(a_list_with_a_line_for_each_picture_of_valid_goes_with_it);
    TEST(another_seed_and_name);
    TEST(a_picture_listed_twice_is_on_one_side);
    LOOP(what_does_not_fit_is_named, COUNT_OF(bad));
}
