/* data/results.c: ids of pictures, formats and files of results are checked before the first picture. */
#include "support/drawings.h"
#include "support/support.h"
#include "base/text.h"
#include "commands/dataset/png.h"
#include "data/results.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- ids ---- */

START_TEST(a_coco_id_is_the_number_a_file_name_ends_in)
{
    static const struct {
        const char *path;
        int id;
    } some[] = {{"val2014/COCO_val2014_000000000139.jpg", 139},
                {"my_set/000000000139.jpg", 139},
                {"my_set/7", 7},
                {"12-3.jpeg", 3},
                {"2147483647.png", 2147483647}};
    for (int i = 0; i < COUNT_OF(some); ++i) ck_assert_int_eq(vd_coco_id(some[i].path), some[i].id);
}
END_TEST

static void id_of(const char *path)
{
    vd_coco_id(path);
}

START_TEST(a_picture_without_a_coco_id_is_an_error)
{
    static const char *const names[] = {"dog.jpg", "set_12/dog.jpg", "x12.tar.png",
                                        "12a.png", ".png",           "2147483648.png"};
    char *err;
    ck_assert_int_eq(in_child(id_of, names[_i], &err), 1);
    ck_assert_msg(strstr(err, names[_i]) && strstr(err, "eval=coco"), "%s", err);
    free(err);
}
END_TEST

START_TEST(a_name_ends_at_its_last_dot)
{
    static const char *const names[][2] = {{"cfg/net.a.cfg", "net.a"},
                                           {"net.cfg", "net"},
                                           {"a.b/net", "net"},
                                           {"/x/2018.10.12-cam1.jpg", "2018.10.12-cam1"}};
    for (int i = 0; i < COUNT_OF(names); ++i) {
        char *base = basecfg((char *)names[i][0]);
        ck_assert_str_eq(base, names[i][1]);
        free(base);
    }
}
END_TEST

/* ---- detector valid ---- */

/* a network of so many classes on 8x8 pictures, whose every box is an object of every class */
static void write_network(int classes)
{
    char *text = vd_format("[net]\nbatch=4\nwidth=8\nheight=8\nchannels=1\nseed=1\n"
                           "[convolutional]\nfilters=%d\nsize=8\nstride=8\nactivation=linear\n"
                           "[yolo]\nanchors=8,8\nmask=0\nclasses=%d\nnum=1\n",
                           classes + 5, classes);
    write_text("n.cfg", text);
    char *names = vd_format("%s", "");
    for (int i = 0; i < classes; ++i) {
        char *more = vd_format("%sc%d\n", names, i);
        free(names);
        names = more;
    }
    write_text("names", names);
    free(text), free(names);
}

static void write_data(const char *more)
{
    char *text = vd_format("valid=list\nnames=names\nresults=.\n%s\n", more);
    write_text("n.data", text);
    free(text);
}

static void draw(const char *path)
{
    unsigned char pixels[64];
    memset(pixels, 200, sizeof(pixels));
    vd_png_write(path, 8, 8, 1, pixels);
}

static void setup(void)
{
    enter_test_folder();
    ck_assert_int_eq(mkdir("a", 0700) | mkdir("my_set", 0700), 0);
    draw("a/2018.10.12-cam1.png"), draw("a/2018.11.02-cam2.png"), draw("my_set/000000000139.png"), draw("dog.png");
    write_text("list", "a/2018.10.12-cam1.png\na/2018.11.02-cam2.png\n");
    write_network(2);
    write_data("");
}

static run_result valid(int status)
{
    return darknet(status, "detector", "valid", "n.data", "n.cfg", NULL);
}

/* it says so, and has written nothing */
static void valid_refuses(const char *said)
{
    for (int flipped = 0; flipped < 2; ++flipped) {
        run_result r = darknet(1, "detector", flipped ? "valid2" : "valid", "n.data", "n.cfg", NULL);
        ck_assert_msg(strstr(r.err, said) != 0, "'%s' is not in: %s", said, r.err);
        free_run(r);
        ck_assert_int_eq(files_in(".", "comp4") + files_in(".", "coco") + files_in(".", "imagenet"), 0);
    }
}

START_TEST(results_name_whole_file_names)
{
    free_run(valid(0));
    char *text = text_in_folder("comp4_det_test_c0.txt");
    ck_assert_msg(strstr(text, "2018.10.12-cam1 ") && strstr(text, "2018.11.02-cam2 "), "%s", text);
    free(text);
}
END_TEST

/* a picture and its mirror image: with the cfg of a test, batch=1, there was memory for one */
START_TEST(valid2_is_the_same_with_any_batch)
{
    char *text[2];
    for (int i = 0; i < 2; ++i) {
        char *cfg = vd_format("[net]\nbatch=%d\nwidth=32\nheight=32\nchannels=3\nseed=3\n"
                              "[vd_conv]\nfilters=40\nsize=3\npad=1\nactivation=leaky\n"
                              "[max]\nsize=2\nstride=2\n[conv]\nfilters=7\nsize=1\nactivation=linear\n"
                              "[yolo]\nclasses=2\nanchors=8,8\n[vd_cost]\nsamples=9\n",
                              i + 1);
        write_text("n.cfg", cfg);
        free_run(darknet(0, "detector", "valid2", "n.data", "n.cfg", NULL));
        text[i] = text_in_folder("comp4_det_test_c0.txt");
        free(cfg);
    }
    ck_assert_ptr_nonnull(strstr(text[0], "2018.10.12-cam1 "));
    ck_assert_str_eq(text[0], text[1]);
    free(text[0]), free(text[1]);
}
END_TEST

START_TEST(coco_results_have_the_ids_of_the_files)
{
    write_text("list", "my_set/000000000139.png\n");
    write_data("eval=coco");
    free_run(valid(0));
    char *text = text_in_folder("coco_results.json");
    ck_assert_ptr_nonnull(strstr(text, "\"image_id\":139,"));
    free(text);
    write_text("list", "my_set/000000000139.png\ndog.png\n");
    ck_assert_int_eq(remove("coco_results.json"), 0);
    valid_refuses("dog.png: eval=coco: expected COCO's picture number");
}
END_TEST

START_TEST(two_pictures_of_one_id_are_reported)
{
    draw("my_set/dog.png");
    write_text("list", "dog.png\na/2018.10.12-cam1.png\nmy_set/dog.png\n");
    run_result r = valid(0);
    ck_assert_ptr_nonnull(strstr(r.err, "dog.png and my_set/dog.png: both are dog in the results"));
    free_run(r);
    free_run(darknet(1, "detector", "valid", "n.data", "n.cfg", "-strict", NULL));
}
END_TEST

START_TEST(two_classes_never_share_a_file)
{
    write_text("names", "cat\ncat\n");
    valid_refuses("n.data: names=: lines 1 and 2 are cat");
}
END_TEST

/* formats have numbers of classes of their own */
static const struct {
    const char *eval;
    int classes;
    const char *said; /* null: it works */
} formats[] = {
    {"imagenet", 2, "n.data: eval=imagenet: the network has 2 classes, but this format has 200"},
    {"imagenet", 201, "the network has 201 classes"},
    {"imagenet", 200, 0},
    {"coco", 100, "n.data: eval=coco: the network has 100 classes, but this format has 80"},
    {"coco", 80, 0},
    {"coco", 2, 0},
    {"foo", 2, "n.data: eval=foo is unknown: expected voc, coco or imagenet"},
    {"VOC", 2, "n.data: eval=VOC is unknown"},
    {"voc", 2, 0},
    {"voc", 100, 0},
};

START_TEST(a_format_has_its_number_of_classes)
{
    char *eval = vd_format("eval=%s", formats[_i].eval);
    write_text("list", "my_set/000000000139.png\n");
    write_network(formats[_i].classes);
    write_data(eval);
    if (formats[_i].said) valid_refuses(formats[_i].said);
    else free_run(valid(0));
    free(eval);
}
END_TEST

/* a network with a tree writes the classes map= names, 200 whatever the format */
START_TEST(a_map_has_200_classes_of_the_network)
{
    char *tree = vd_format("%s", "");
    for (int i = 0; i < 210; ++i) {
        char *more = vd_format("%sn%d -1\n", tree, i);
        free(tree);
        tree = more;
    }
    write_network(210);
    write_text("tree", tree);
    write_text("map", "0\n1\n");
    write_text("n.cfg",
               "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=1\n[convolutional]\nfilters=215\nsize=8\nstride=8\n"
               "activation=linear\n[region]\nanchors=1,1\nclasses=210\nnum=1\ncoords=4\ntree=tree\n");
    write_data("map=map");
    valid_refuses("n.data: map=map: line 3 of 200 is missing");
    write_text("map", "0\n210\n");
    valid_refuses("n.data: map=map: line 2: 210, but the network has classes 0 to 209");
    char *lines = vd_format("%s", "");
    for (int i = 0; i < 200; ++i) {
        char *more = vd_format("%s%d\n", lines, i);
        free(lines);
        lines = more;
    }
    write_text("map", lines);
    free_run(valid(0));
    free(tree), free(lines);
}
END_TEST

/* ---- names of weights ---- */

START_TEST(cfgs_with_dots_in_their_names_do_not_share_files)
{
    draw_pictures(".");
    for (int i = 0; i < 2; ++i) {
        const char *cfg = i ? "net.b.cfg" : "net.a.cfg";
        char *text = vd_format("[net]\nbatch=4\nwidth=32\nheight=32\nchannels=1\nmax_batches=%d\nseed=1\ncheckpoint=1\n"
                               "[convolutional]\nfilters=7\nsize=8\nstride=8\nactivation=linear\n"
                               "[yolo]\nanchors=8,8\nmask=0\nclasses=2\nnum=1\n",
                               i + 2);
        write_text(cfg, text);
        run_result r = darknet(0, "detector", "train", "set.data", cfg, "-resume", NULL);
        ck_assert_ptr_nonnull(strstr(r.err, "no checkpoint yet"));
        ck_assert_int_eq(strstr(r.err, "net.checkpoint: is of an earlier version") != 0, i);
        write_text("net.checkpoint", "");
        free_run(r), free(text);
    }
    ck_assert_int_eq(access("net.a_final.weights", R_OK) | access("net.b_final.weights", R_OK), 0);
    ck_assert_int_eq(access("net_final.weights", R_OK), -1);
}
END_TEST

SUITE_OF(results)
{
    EACH(setup, leave_test_folder);
    TEST(a_coco_id_is_the_number_a_file_name_ends_in);
    LOOP(a_picture_without_a_coco_id_is_an_error, 6);
    TEST(a_name_ends_at_its_last_dot);
    TEST(results_name_whole_file_names);
    TEST(valid2_is_the_same_with_any_batch);
    TEST(coco_results_have_the_ids_of_the_files);
    TEST(two_pictures_of_one_id_are_reported);
    TEST(two_classes_never_share_a_file);
    LOOP(a_format_has_its_number_of_classes, COUNT_OF(formats));
    TEST(a_map_has_200_classes_of_the_network);
    TEST(cfgs_with_dots_in_their_names_do_not_share_files);
}
