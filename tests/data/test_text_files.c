/* data/text_files.c: lists with relative paths, and lists of pictures on standard input. */
#include "support/drawings.h"
#include "support/support.h"
#include "data/text_files.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- relative paths ---- */

static void make_set(void)
{
    enter_test_folder();
    ck_assert(!mkdir("set", 0700) && !mkdir("set/images", 0700) && !mkdir("images", 0700));
    write_in_folder("set/images/a.png", "");
    write_in_folder("set/images/b.png", "");
    write_in_folder("images/b.png", "");
}

static const struct {
    const char *list, *lines, *first, *second, *said;
} lists[] = {
    {"set/list", "images/a.png\nimages/b.png\n", "set/images/a.png", "set/images/b.png",
     "set/list: its relative paths are taken from set/, where it is, and not from the current folder, "},
    /* one rule for the whole list: the first that is found decides */
    {"set/list", "images/b.png\nimages/a.png\n", "images/b.png", "images/a.png", 0},
    {"set/list", "images/c.png\nimages/a.png\n", "set/images/c.png", "set/images/a.png", "taken from set/"},
    {"set/list", "/images/a.png\nimages/a.png\n", "/images/a.png", "set/images/a.png", "taken from set/"},
    {"set/list", "images/x.png\n/images/a.png\n", "images/x.png", "/images/a.png",
     "set/list: images/x.png is neither in the current folder, "},
    {"list", "images/b.png\nimages/a.png\n", "images/b.png", "images/a.png", 0},
    {"list", "images/x.png\nimages/y.png\n", "images/x.png", "images/y.png", 0},
    {"set/list", "/a.png\n/b.png\n", "/a.png", "/b.png", 0},
};

static void print_paths(const char *list)
{
    for (const node *n = get_paths((char *)list)->front; n; n = n->next) fprintf(stderr, "<%s>\n", (char *)n->val);
    exit(0);
}

START_TEST(relative_paths_are_from_the_current_folder_or_else_from_that_of_the_list)
{
    char *err, *first = vd_format("<%s>\n", lists[_i].first), *second = vd_format("<%s>\n", lists[_i].second);
    write_in_folder(lists[_i].list, lists[_i].lines);
    ck_assert_int_eq(in_child(print_paths, lists[_i].list, &err), 0);
    ck_assert_msg(strstr(err, first) && strstr(err, second), "%s", err);
    if (lists[_i].said) ck_assert_msg(strstr(err, lists[_i].said) != 0, "%s", err);
    else ck_assert_msg(err[0] == '<', "%s", err);
    free(err), free(first), free(second);
}
END_TEST

/* ---- commands on them ---- */

static void make_detector(void)
{
    enter_test_folder();
    draw_pictures(folder);
    write_in_folder("net.cfg",
                    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\nmax_batches=1\nseed=1\n[convolutional]\n"
                    "filters=7\nsize=8\nstride=8\nactivation=linear\n[yolo]\nanchors=8,8\nmask=0\nclasses=2\n"
                    "num=1\njitter=0\n");
    free_run(darknet(0, "detector", "train", "set.data", "net.cfg", NULL));
    write_in_folder("grid.cfg", "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\n[connected]\noutput=63\n"
                                "[detection]\nclasses=2\ncoords=4\nside=3\nnum=1\n");
    write_in_folder("class.cfg", "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\n[connected]\noutput=2\n[softmax]\n");
}

START_TEST(a_set_is_found_from_another_folder_and_a_lost_picture_says_where_it_was_looked_for)
{
    static const char *const commands[] = {"train", "valid", "recall", "map"};
    const char *command = commands[_i], *weights = _i ? "../net_final.weights" : NULL;
    write_in_folder("list", "p0.png\np1.png\n");
    ck_assert(!mkdir("elsewhere", 0700) && !chdir("elsewhere"));
    char *where = getcwd(0, 0), *said = vd_format("list: its relative paths are taken from %s/", folder);
    run_result r = darknet(0, "detector", command, "../set.data", "../net.cfg", weights, NULL);
    ck_assert_msg(strstr(r.err, said) != 0, "'%s': %s", said, r.err);
    free_run(r), free(said);
    write_in_folder("list", "no/p0.png\n");
    said = vd_format("no/p0.png: No such file or directory (in %s, the current folder)\n", where);
    r = darknet(1, "detector", command, "../set.data", "../net.cfg", weights, NULL);
    ck_assert_msg(strstr(r.err, said) && strstr(r.err, "list: no/p0.png is neither in the current folder, "), "%s",
                  r.err);
    free_run(r), free(said), free(where);
    r = darknet(1, "detector", command, "../set.data", "../net.cfg", weights ? weights : "-strict",
                weights ? "-strict" : NULL, NULL);
    ck_assert_msg(strstr(r.err, "neither") && r.err[strlen(r.err) - 1] == '\n', "%s", r.err);
    free_run(r);
    ck_assert(!chdir(".."));
}
END_TEST

/* ---- standard input ---- */

/* 'darknet ...' with a file of the test's folder as standard input */
static run_result run_on(const char *input, const char *arguments)
{
    const char *program = getenv("DARKNET") ? getenv("DARKNET") : "./darknet";
    char *command = vd_format("exec \"$0\" %s < %s", arguments, input);
    run_result r = run((const char *const[]){"sh", "-c", command, program, 0});
    free(command);
    return r;
}

static char *long_path(void)
{
    char *name = vd_calloc(201, 1), *longer, *slash = "";
    char *path = vd_format("%s", "");
    memset(name, 'd', 200);
    for (int i = 0; i < 2; ++i) {
        longer = vd_format("%s%s%s", path, slash, name);
        free(path), path = longer, slash = "/";
        ck_assert(!mkdir(path, 0700));
    }
    longer = vd_format("%s/long.png", path);
    ck_assert(!rename("p2.png", longer));
    free(path), free(name);
    return longer;
}

static const char *const readers[] = {"detector test set.data net.cfg net_final.weights",
                                      "classifier predict set.data class.cfg", "yolo test grid.cfg ''",
                                      "coco test grid.cfg ''"};
enum { WITH_OPTION = 2 }; /* the first so many have -skip-broken */

START_TEST(a_list_on_standard_input_is_read_as_one_in_a_file)
{
    char *path = long_path(), *lines = vd_format("\xef\xbb\xbfp0.png\r\n\r\n  \n%s  \r\n\np1.png", path);
    write_in_folder("in", lines);
    run_result r = run_on("in", readers[_i]);
    ck_assert_msg(r.status == 0, "%d: %s", r.status, r.err);
    const char *said = strstr(r.out, "Predicted in ") ? r.out : r.err;
    ck_assert_msg(count_of(said, "Predicted in ") == 3 && strstr(said, "p0.png: ") && strstr(said, path) &&
                      strstr(said, "p1.png: "),
                  "%s", said);
    free_run(r), free(path), free(lines);
}
END_TEST

START_TEST(a_missing_picture_on_standard_input_is_named_or_skipped)
{
    char *skipping = vd_format("%s -skip-broken", readers[_i]);
    write_in_folder("broken.png", "no picture");
    write_in_folder("in", "p0.png\r\nno/where.png\r\nbroken.png\np1.png\n");
    run_result r = run_on("in", readers[_i]);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "no/where.png: No such file or directory (in ") != 0, "%s", r.err);
    free_run(r);
    if (_i < WITH_OPTION) {
        r = run_on("in", skipping);
        ck_assert_msg(r.status == 0, "%d: %s", r.status, r.err);
        ck_assert_int_eq(count_of(r.out, "Predicted in ") + count_of(r.err, "Predicted in "), 2);
        ck_assert_ptr_nonnull(strstr(r.err, "no/where.png: skipped: No such file or directory\n"));
        ck_assert_ptr_nonnull(strstr(r.err, "broken.png: skipped: "));
        ck_assert_ptr_nonnull(strstr(r.err, "-skip-broken: 2 pictures skipped\n"));
        free_run(r);
    }
    free(skipping);
}
END_TEST

START_TEST(the_list_of_the_detectors_commands_has_those_of_the_plugin)
{
    run_result r = darknet(1, "detector", "maps", "set.data", "net.cfg", NULL);
    ck_assert_ptr_nonnull(
        strstr(r.err, "unknown command maps; commands are test train valid valid2 recall map calc_anchors\n"));
    free_run(r);
}
END_TEST

START_TEST(a_box_is_an_object_where_some_of_it_is_in_the_picture)
{
    int n;
    write_text("boxes.txt", "0 1.5 .5 .2 .2\n1 -.3 .5 .5 .2\n2 .5 1.2 .2 .3\n3 .5 -.1 .2 .1\n4 1.05 -.05 .2 .2\n"
                            "5 .5 .5 0 .2\n6 .5 .5 .2 .2\n7 .5 .5 2 2\n");
    box_label *boxes = read_boxes("boxes.txt", &n);
    static const int seen[] = {4, 6, 7};
    ck_assert_int_eq(n, COUNT_OF(seen));
    for (int i = 0; i < n; ++i) ck_assert_int_eq(boxes[i].id, seen[i]);
    free(boxes);
}
END_TEST

SUITE_OF(text_files)
{
    EACH(make_set, leave_test_folder);
    LOOP(relative_paths_are_from_the_current_folder_or_else_from_that_of_the_list, COUNT_OF(lists));
    TEST(a_box_is_an_object_where_some_of_it_is_in_the_picture);
    CASE("commands");
    EACH(make_detector, leave_test_folder);
    LOOP(a_set_is_found_from_another_folder_and_a_lost_picture_says_where_it_was_looked_for, 4);
    LOOP(a_list_on_standard_input_is_read_as_one_in_a_file, COUNT_OF(readers));
    LOOP(a_missing_picture_on_standard_input_is_named_or_skipped, COUNT_OF(readers));
    TEST(the_list_of_the_detectors_commands_has_those_of_the_plugin);
}
