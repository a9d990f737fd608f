/* What those who come from AlexeyAB's Darknet type: detector test with -ext_output, -save_labels, -out NAME.json and a
 * list on standard input, and detector calc_anchors. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* every cell of 8x8 has an anchor of its own size in its middle, of both classes: with the object where a weight of 1
 * is on the brightness */
#define NET                                                                                                   \
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\nseed=1\n[convolutional]\nfilters=7\nsize=8\nstride=8\n" \
    "activation=linear\n[yolo]\nmask=0\nanchors=8,8\nclasses=2\nnum=1\njitter=0\nignore_thresh=.6\ntruth_thresh=1\n"

/* a block at column 1, row 2 is class 0 to 88 %, and class 1 to 73 % */
static void save_net_of_widths(const char *name, float width)
{
    char *path = in_folder(folder, name);
    network *net = network_of(NET, 0);
    layer l = net->layers[0];
    int n = l.c * l.size * l.size;
    memset(l.weights, 0, sizeof(float) * n * l.n);
    for (int i = 0; i < n; ++i) l.weights[4 * n + i] = 40.f / n;
    l.biases[2] = width, l.biases[4] = -20, l.biases[5] = 2, l.biases[6] = 1;
    silence_stderr();
    save_weights(net, path);
    free_network(net);
    free(path);
}

static void save_net(void)
{
    save_net_of_widths("net.weights", 0);
}

/* white blocks at two cells: (1, 2) and (0, 0) */
static void draw(const char *name, int both)
{
    char *rows = vd_format("%s", "P6\n32 32\n255\n");
    size_t head = strlen(rows), all = head + 32 * 32 * 3;
    unsigned char *bytes = calloc(all, 1);
    memcpy(bytes, rows, head);
    for (int y = 0; y < 32; ++y)
        for (int x = 0; x < 32; ++x) {
            int white = (x / 8 == 1 && y / 8 == 2) || (both && x / 8 == 0 && y / 8 == 0);
            if (white) memset(bytes + head + 3 * (y * 32 + x), 255, 3);
        }
    char *path = in_folder(folder, name);
    write_bytes(path, bytes, all);
    free(path), free(bytes), free(rows);
}

static void setup(void)
{
    enter_test_folder();
    write_in_folder("net.cfg", NET);
    write_in_folder("names", "a \"quoted\"\nb\n");
    write_in_folder("d.data", "classes=2\nnames=names\nvalid=list\ntrain=list\n");
    draw("one.ppm", 0), draw("two.ppm", 1);
    save_net();
}

/* run a shell's line with $D for the program; its status must be the given one */
static run_result shell(int status, const char *line)
{
    const char *program = getenv("DARKNET");
    char *text = vd_format("D='%s'; %s", program ? program : "./darknet", line);
    const char *const argv[] = {"sh", "-c", text, 0};
    run_result r = run(argv);
    ck_assert_msg(r.status == status, "%s: %d\n%s", line, r.status, r.err);
    free(text);
    return r;
}

static void expect_text(const char *name, const char *expected)
{
    char *text = text_in_folder(name);
    ck_assert_msg(text != 0, "%s is missing", name);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(ext_output_tells_where_boxes_are_from_left_to_right)
{
    run_result r = darknet(0, "detector", "test", "d.data", "net.cfg", "net.weights", "two.ppm", "-ext_output",
                           "-dont_show", NULL);
    const char *lines = strstr(r.out, "a \"quoted\": ");
    ck_assert_msg(lines != 0, "%s", r.out);
    ck_assert_str_eq(lines, "a \"quoted\": 88%\t(left_x:    0   top_y:    0   width:    8   height:    8)\n"
                            "b: 73%\t(left_x:    0   top_y:    0   width:    8   height:    8)\n"
                            "a \"quoted\": 88%\t(left_x:    8   top_y:   16   width:    8   height:    8)\n"
                            "b: 73%\t(left_x:    8   top_y:   16   width:    8   height:    8)\n");
    free_run(r);
    r = darknet(0, "detector", "test", "d.data", "net.cfg", "net.weights", "one.ppm", NULL);
    ck_assert_msg(strstr(r.out, "\na \"quoted\": 88%\nb: 73%\n") != 0, "%s", r.out);
    free_run(r);
}
END_TEST

#define OBJECTS(x, y)                                                                                                 \
    "  {\"class_id\":0, \"name\":\"a \\\"quoted\\\"\", \"relative_coordinates\":{\"center_x\":" x ", \"center_y\":" y \
    ", \"width\":0.250000, \"height\":0.250000}, \"confidence\":0.880797}, \n"                                        \
    "  {\"class_id\":1, \"name\":\"b\", \"relative_coordinates\":{\"center_x\":" x ", \"center_y\":" y                \
    ", \"width\":0.250000, \"height\":0.250000}, \"confidence\":0.731059}"

/* the form of AlexeyAB's program (59596d78) for two pictures, the second without an object */
START_TEST(a_list_on_standard_input_gives_a_frame_a_picture)
{
    draw("none.ppm", 0);
    write_in_folder("dark.ppm", "P6\n1 1\n255\n\x01\x01\x01");
    write_in_folder("stdin.txt", "\xef\xbb\xbfone.ppm\r\n\r\n  \ndark.ppm\r\n");
    run_result r = shell(0, "$D detector test d.data net.cfg net.weights -ext_output -out o.json < stdin.txt");
    expect_text("o.json",
                "[\n{\n \"frame_id\":1, \n \"filename\":\"one.ppm\", \n \"objects\": [ \n" OBJECTS(
                    "0.375000",
                    "0.625000") "\n ] \n}, \n"
                                "{\n \"frame_id\":2, \n \"filename\":\"dark.ppm\", \n \"objects\": [ \n\n ] \n}\n]");
    ck_assert_msg(strstr(r.err, "predictions.jpg: shows the last of 2 pictures; -out FOLDER/ writes each\n") != 0, "%s",
                  r.err);
    free_run(r);
}
END_TEST

START_TEST(a_broken_or_missing_picture_ends_a_list_and_is_left_out_with_skip_broken)
{
    write_in_folder("o.json", "as it was");
    write_in_folder("broken.ppm", "P6\n32 32\n255\n");
    write_in_folder("stdin.txt", "one.ppm\nbroken.ppm\ngone.ppm\ntwo.ppm\n");
    run_result r = shell(1, "$D detector test d.data net.cfg net.weights -out o.json < stdin.txt");
    ck_assert_msg(strstr(r.err, "broken.ppm") && !strstr(r.err, "gone.ppm"), "%s", r.err);
    ck_assert_int_eq(files_in(folder, "o.json"), 1); /* and no temporary one */
    expect_text("o.json", "as it was");
    free_run(r);
    r = shell(0, "$D detector test d.data net.cfg net.weights -out o.json -skip-broken < stdin.txt");
    ck_assert_msg(strstr(r.err, "gone.ppm: skipped: ") && strstr(r.err, "-skip-broken: 2 pictures skipped\n"), "%s",
                  r.err);
    char *json = text_in_folder("o.json");
    ck_assert_msg(strstr(json, "\"frame_id\":2, \n \"filename\":\"two.ppm\"") != 0, "%s", json);
    free(json);
    free_run(r);
}
END_TEST

START_TEST(labels_are_saved_where_train_looks_for_them)
{
    ck_assert(!mkdir("images", 0700) && !mkdir("labels", 0700) && !mkdir("other", 0700) &&
              !mkdir("other/images", 0700));
    ck_assert(!rename("one.ppm", "images/one.ppm") && !rename("two.ppm", "other/images/two.ppm"));
    write_in_folder("stdin.txt", "images/one.ppm\nother/images/two.ppm\n");
    run_result r = shell(0, "$D detector test d.data net.cfg net.weights -save_labels -dont_show < stdin.txt");
    ck_assert_msg(strstr(r.err, "-save_labels: 2 files of labels, of which 0 replace others\n") != 0, "%s", r.err);
    free_run(r);
    expect_text("labels/one.txt", "0 0.3750 0.6250 0.2500 0.2500\n");
    char *two = text_in_folder("other/images/two.txt");
    ck_assert_msg(two && count_of(two, "\n") == 2, "%s", two ? two : "is missing");
    free(two);
    r = shell(0, "$D detector test d.data net.cfg net.weights -save_labels -thresh .9 < stdin.txt");
    ck_assert_msg(strstr(r.err, "-save_labels: 2 files of labels, of which 2 replace others\n") != 0, "%s", r.err);
    expect_text("labels/one.txt", "");
    free_run(r);
    save_net_of_widths("wide.weights", 2); /* 1.8 pictures wide */
    free_run(shell(0, "$D detector test d.data net.cfg wide.weights -save_labels < stdin.txt"));
    expect_text("labels/one.txt", "0 0.5000 0.6250 1.0000 0.2500\n");
}
END_TEST

START_TEST(a_folder_takes_a_drawing_of_each_picture)
{
    ck_assert(!mkdir("drawn", 0700));
    write_in_folder("stdin.txt", "one.ppm\ntwo.ppm\n");
    free_run(shell(0, "$D detector test d.data net.cfg net.weights -out drawn/ < stdin.txt"));
    ck_assert_int_eq(files_in("drawn", "one.jpg") + files_in("drawn", "two.jpg"), 2);
    ck_assert_int_eq(files_in(".", "predictions"), 0);
    run_result r = shell(1, "$D detector test d.data net.cfg net.weights -out nowhere/ < stdin.txt");
    ck_assert_str_eq(strstr(r.err, "-out nowhere/"), "-out nowhere/: there is no such folder\n");
    free_run(r);
}
END_TEST

START_TEST(pictures_of_one_name_are_drawn_and_labelled_apart)
{
    ck_assert(!mkdir("drawn", 0700) && !mkdir("a", 0700) && !mkdir("b", 0700));
    draw("a/x.ppm", 0), draw("b/x.ppm", 1), draw("x-2.ppm", 1);
    write_in_folder("stdin.txt", "a/x.ppm\nb/x.ppm\na/x.ppm\nx-2.ppm\n./x-2.ppm\n");
    run_result r = shell(0, "$D detector test d.data net.cfg net.weights -out drawn/ < stdin.txt");
    const char *said = strstr(r.err, "b/x.ppm: shown by drawn/x-2.jpg, as drawn/x.jpg shows another\n");
    ck_assert_msg(said && strstr(said, "x-2.ppm: shown by drawn/x-2-2.jpg, as drawn/x-2.jpg shows another\n"), "%s",
                  r.err);
    free_run(r);
    ck_assert_int_eq(files_in("drawn", "x.jpg") + files_in("drawn", "x-2.jpg") + files_in("drawn", "x-2-2.jpg"), 3);
    ck_assert_int_eq(files_in("drawn", "x"), 3);

    draw("a/x.bmp", 1); /* a PNM by its bytes */
    write_in_folder("stdin.txt", "a/x.ppm\na/x.ppm\na/x.bmp\n");
    r = shell(1, "$D detector test d.data net.cfg net.weights -save_labels < stdin.txt");
    ck_assert_msg(strstr(r.err, "a/x.txt: has the labels of a/x.ppm, and would have those of a/x.bmp\n") != 0, "%s",
                  r.err);
    free_run(r);
    expect_text("a/x.txt", "0 0.3750 0.6250 0.2500 0.2500\n");
    write_in_folder("stdin.txt", "a/x.ppm\na/x.ppm\n");
    r = shell(0, "$D detector test d.data net.cfg net.weights -save_labels < stdin.txt");
    ck_assert_msg(strstr(r.err, "-save_labels: 2 files of labels, of which 1 replace others\n") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(a_picture_is_not_replaced_by_its_drawing)
{
    static const char *const lines[] = {"-out ./", "-out one", "-out $PWD/one"};
    draw("one.jpg", 0);
    char *before = text_in_folder("one.jpg");
    for (int i = 0; i < 3; ++i) {
        char *line = vd_format("$D detector test d.data net.cfg net.weights one.jpg %s", lines[i]);
        run_result r = shell(1, line);
        ck_assert_msg(strstr(r.err, "one.jpg: would be replaced by its drawing: choose another -out\n") != 0, "%s",
                      r.err);
        expect_text("one.jpg", before);
        free_run(r), free(line);
    }
    run_result r = shell(1, "$D detector test d.data net.cfg net.weights one.ppm -out ./"); /* another picture */
    ck_assert_msg(strstr(r.err, "one.jpg: is beside the pictures and would be replaced by the drawing of one.ppm") != 0,
                  "%s", r.err);
    expect_text("one.jpg", before);
    free_run(r), free(before);
    r = shell(1, "$D detector test d.data net.cfg net.weights one.ppm -out nowhere/x");
    ck_assert_str_eq(strstr(r.err, "-out nowhere/x"), "-out nowhere/x: there is no such folder\n");
    free_run(r);
    r = shell(1, "$D detector test d.data net.cfg net.weights one.ppm -out ''");
    ck_assert_msg(strstr(r.err, "-out: the name is empty\n") && !files_in(".", ".jpg.") && access(".jpg", F_OK), "%s",
                  r.err);
    free_run(r);
}
END_TEST

/* exp(1000) */
START_TEST(boxes_without_a_finite_width_are_left_out_and_counted)
{
    save_net_of_widths("wide.weights", 1000);
    run_result r = darknet(0, "detector", "test", "d.data", "net.cfg", "wide.weights", "two.ppm", "-out", "o.json",
                           "-save_labels", "-ext_output", NULL);
    ck_assert_msg(strstr(r.err, "two.ppm: 2 detections are left out: their numbers are not finite\n") != 0, "%s",
                  r.err);
    ck_assert(!strstr(r.out, "left_x"));
    expect_text("two.txt", "");
    expect_text("o.json", "[\n{\n \"frame_id\":1, \n \"filename\":\"two.ppm\", \n \"objects\": [ \n\n ] \n}\n]");
    free_run(r);
}
END_TEST

START_TEST(classes_named_dont_show_are_not_shown)
{
    write_in_folder("names", "dont_show_a\nb\n");
    run_result r =
        darknet(0, "detector", "test", "d.data", "net.cfg", "net.weights", "one.ppm", "-out", "o.json", NULL);
    char *json = text_in_folder("o.json");
    ck_assert_msg(!strstr(r.out, "dont_show") && strstr(r.out, "b: 73%"), "%s", r.out);
    ck_assert_msg(!strstr(json, "class_id\":0") && strstr(json, "class_id\":1"), "%s", json);
    free(json);
    free_run(r);
}
END_TEST

/* ---- calc_anchors ---- */

/* by area: 16x8 and its like, 26x26, 20x60 of 100 */
static void write_labels(void)
{
    write_in_folder("list", "one.ppm\r\n\ntwo.ppm\n");
    write_in_folder("one.txt", "0 .5 .5 .16 .08\n1 .5 .5 .26 .26\n1 .5 .5 0 .5\n");
    write_in_folder("two.txt", "0 .5 .5 .2 .6\n0 .5 .5 .16 .10\n");
}

START_TEST(anchors_are_printed_and_written_as_a_cfg_takes_them)
{
    write_labels();
    for (int i = 0; i < 2; ++i) { /* the same again */
        run_result r = darknet(0, "detector", "calc_anchors", "d.data", "-num_of_clusters", "3", "-width", "100",
                               "-height", "100", NULL);
        ck_assert_msg(strstr(r.out, "\nanchors =  16,  9,  26, 26,  20, 60\n") != 0, "%s", r.out);
        /* 16x8 and 16x10 with 16x9: 8/9 and 9/10 */
        ck_assert_msg(strstr(r.out, "\n avg IoU = 94.72 % \n") != 0, "%s", r.out);
        ck_assert_msg(strstr(r.out, "read labels from 2 images: 4 boxes \n") != 0, "%s", r.out);
        free_run(r);
        expect_text("anchors.txt", " 16,  9,  26, 26,  20, 60");
        expect_text("counters_per_class.txt", "counters_per_class = 3, 1");
    }
    free_run(darknet(0, "detector", "calc_anchors", "d.data", "-num_of_clusters", "1", "-width", "13", "-height", "26",
                     NULL));
    expect_text("anchors.txt", "2.5350,6.7600"); /* .195 and .26 of it: cells, with decimals */
}
END_TEST

/* of 32x32 pictures in 96x64: they fill it, or are 64x64 there */
START_TEST(anchors_for_pictures_that_keep_their_shape_have_it_too)
{
    static const char *const expected[] = {" 15,  6,  25, 17,  19, 38", " 10,  6,  17, 17,  13, 38"};
    write_labels();
    for (int keep = 0; keep < 2; ++keep) {
        free_run(darknet(0, "detector", "calc_anchors", "d.data", "-num_of_clusters", "3", "-width", "96", "-height",
                         "64", keep ? "-keep_shape" : NULL, NULL));
        expect_text("anchors.txt", expected[keep]);
    }
}
END_TEST

/* the text of a million counts is written in one go */
START_TEST(calc_anchors_counts_a_million_classes)
{
    write_labels();
    write_in_folder("d.data", "train=list\n");
    write_in_folder("two.txt", "999999 .5 .5 .2 .6\n");
    free_run(shell(0, "timeout 50 $D detector calc_anchors d.data -width 100 -height 100 -num_of_clusters 1"));
    char *counts = text_in_folder("counters_per_class.txt");
    ck_assert_int_eq(count_of(counts, ","), 999999);
    ck_assert_str_eq(counts + strlen(counts) - 6, "0, 0, 1" + 1);
    free(counts);
}
END_TEST

static void dies(run_result r, const char *why)
{
    const char *said = strstr(r.err, why);
    ck_assert_msg(said && strchr(said, '\n') == r.err + strlen(r.err) - 1, "'%s' is not the last line of\n%s", why,
                  r.err);
    free_run(r);
}

#define ANCHORS "detector", "calc_anchors", "d.data"
#define SIZE "-width", "64", "-height", "64"

START_TEST(calc_anchors_names_what_is_wrong)
{
    write_labels();
    dies(darknet(1, ANCHORS, NULL), "DATA, -width and -height are needed; see -h");
    dies(darknet(1, ANCHORS, SIZE, "-show", NULL), "-show is not built here: shows windows, which needs OpenCV");
    dies(darknet(1, ANCHORS, SIZE, "-num_of_clusters", "0", NULL), "-num_of_clusters 0 is not an integer from 1");
    dies(darknet(1, ANCHORS, SIZE, "-num_of_clusters", NULL), "-num_of_clusters needs an integer");
    dies(darknet(1, ANCHORS, SIZE, "-x", NULL), "unknown option -x");
    dies(darknet(1, ANCHORS, SIZE, NULL), "list: 4 objects in its 2 pictures, but -num_of_clusters is 5");
    write_in_folder("two.ppm", "x");
    dies(darknet(1, ANCHORS, SIZE, "-num_of_clusters", "1", "-keep_shape", NULL),
         "Cannot load image \"two.ppm\": unknown image type");
    write_in_folder("two.txt", "7 .5 .5 .2 .6\n");
    dies(darknet(1, ANCHORS, SIZE, NULL), "two.txt: an object of class 7, but the network has 2 classes");
    unlink("two.txt");
    dies(darknet(1, ANCHORS, SIZE, NULL), "two.ppm: no labels: two.txt does not exist");
    free_run(darknet(0, ANCHORS, SIZE, "-skip-broken", "-num_of_clusters", "2", NULL));
    write_in_folder("d.data", "classes=2\n");
    dies(darknet(1, ANCHORS, SIZE, NULL), "d.data: train= (the list of pictures) is missing");
    run_result r = darknet(0, "detector", "calc_anchors", "-h", NULL);
    ck_assert_ptr_eq(strstr(r.out, "usage: darknet detector calc_anchors"), r.out);
    free_run(r);
}
END_TEST

SUITE_OF(later_commands)
{
    EACH(setup, leave_test_folder);
    TEST(ext_output_tells_where_boxes_are_from_left_to_right);
    TEST(a_list_on_standard_input_gives_a_frame_a_picture);
    TEST(a_broken_or_missing_picture_ends_a_list_and_is_left_out_with_skip_broken);
    TEST(labels_are_saved_where_train_looks_for_them);
    TEST(a_folder_takes_a_drawing_of_each_picture);
    TEST(pictures_of_one_name_are_drawn_and_labelled_apart);
    TEST(a_picture_is_not_replaced_by_its_drawing);
    TEST(boxes_without_a_finite_width_are_left_out_and_counted);
    TEST(classes_named_dont_show_are_not_shown);
    TEST(anchors_are_printed_and_written_as_a_cfg_takes_them);
    TEST(anchors_for_pictures_that_keep_their_shape_have_it_too);
    TEST(calc_anchors_counts_a_million_classes);
    TEST(calc_anchors_names_what_is_wrong);
}
