/* darknet vd plot: the picture of two runs has both, and bad input leaves the old picture. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#define HEADER "batch,epoch,images,seconds,rate,loss,cost,kl,w,sparsity,nonzero,error,map\n"
#define RUN1 HEADER "10,1,100,1,0.1,2.5,2,50,1,0.25,75,0.5,\n20,2,200,2,0.1,2,1.5,50,1,0.5,50,0.125,\n"
#define RUN2 HEADER "5,1,100,1,0.1,90,2,50,1,0.75,25,0.25,\n10,2,200,2,0.1,0.5,0.25,50,1,0.5,50,0.125,\n"

static void setup(void)
{
    enter_test_folder();
    write_in_folder("one.csv", RUN1);
    write_in_folder("two.csv", RUN2);
}

static run_result plot(const char *a, const char *b, const char *out)
{
    const char *const argv[] = {"darknet", "vd", "plot", a, b, out, 0};
    return run(argv);
}

static int has_cairo(void)
{
    run_result r = plot("one.csv", "two.csv", "probe.svg");
    int has = !strstr(r.err, "built without cairo");
    if (!has) skipped(0, "built without cairo");
    free_run(r);
    return has;
}

/* cairo writes each glyph as an outline: what a curve is can be told by its colour */
START_TEST(an_svg_has_a_curve_of_each_run_in_each_panel)
{
    static const char first[] = "stroke:rgb(0%,44.7", second[] = "stroke:rgb(83.5";
    if (!has_cairo()) return;
    run_result r = plot("one.csv", "two.csv", "out.svg");
    ck_assert_msg(r.status == 0 && !*r.err, "%s", r.err);
    char *svg = text_in_folder("out.svg");
    ck_assert_ptr_nonnull(svg);
    ck_assert(!strncmp(svg, "<?xml", 5) && strstr(svg, "</svg>"));
    ck_assert_int_eq(count_of(svg, first), 4); /* legend, loss, sparsity, error */
    ck_assert_int_eq(count_of(svg, second), 4);
    free(svg);
    free_run(r);
}
END_TEST

START_TEST(a_png_is_a_picture)
{
    if (!has_cairo()) return;
    run_result r = plot("one.csv", "two.csv", "out.png");
    ck_assert_msg(r.status == 0, "%s", r.err);
    image im = load_image_color("out.png", 0, 0);
    ck_assert_int_eq(im.w, 1720);
    ck_assert_int_gt(im.h, 1600);
    int coloured = 0;
    for (int i = 0; i < im.w * im.h; ++i) coloured += im.data[i] < .1f && im.data[2 * im.w * im.h + i] > .6f;
    ck_assert_int_gt(coloured, 500); /* the first run's blue */
    free_image(im);
    free_run(r);
}
END_TEST

static const struct {
    const char *argv[4], *fault;
} bad[] = {
    {{"one.csv"}, "RUN.csv and OUT are needed"},
    {{"one.csv", "two.csv"}, "two.csv does not end with .svg or .png"},
    {{"none.csv", "out.svg"}, "none.csv: No such file or directory"},
    {{"broken.csv", "out.svg"}, "broken.csv: line 3: column 6, loss: 'x' is not a number"},
    {{"one.csv", "empty.csv", "out.svg"}, "empty.csv: has no rows yet"},
    {{"bare.csv", "out.svg"}, "bare.csv: neither loss nor sparsity"},
    {{"one.csv", "-fast", "out.svg"}, "unknown option -fast"},
    {{"one.csv", "folder/out.svg"}, "folder/out.svg: cannot write"},
    {{"one.csv", "run.svg", "run.svg"}, "run.svg: would overwrite what it is drawn from: choose another name"},
};

START_TEST(bad_input_is_one_line_and_leaves_the_old_picture)
{
    const char *argv[8] = {"darknet", "vd", "plot"};
    if (!has_cairo()) return;
    write_in_folder("broken.csv", HEADER "1,1,1,1,1,1,1,1,1,1,1,,\n2,1,1,1,1,x,1,1,1,1,1,,\n");
    write_in_folder("empty.csv", HEADER);
    write_in_folder("bare.csv", HEADER "1,1,,,,,,,,,,,\n");
    write_in_folder("out.svg", "old\n");
    write_in_folder("run.svg", RUN1);
    for (int i = 0; i < 4; ++i) argv[3 + i] = bad[_i].argv[i];
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, bad[_i].fault) && count_of(r.err, "\n") == 1, "%s", r.err);
    expect_file("out.svg", "old\n", 4);
    expect_file("run.svg", RUN1, strlen(RUN1));
    free_run(r);
}
END_TEST

START_TEST(names_that_are_no_utf8_are_drawn_all_the_same)
{
    if (!has_cairo()) return;
    write_in_folder("caf\xe9.csv", RUN1);
    run_result r = plot("caf\xe9.csv", "two.csv", "out.svg");
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
}
END_TEST

SUITE_OF(plot)
{
    EACH(setup, leave_test_folder);
    TEST(an_svg_has_a_curve_of_each_run_in_each_panel);
    TEST(a_png_is_a_picture);
    LOOP(bad_input_is_one_line_and_leaves_the_old_picture, COUNT_OF(bad));
    TEST(names_that_are_no_utf8_are_drawn_all_the_same);
}
