/* data/label_path.c: where the labels and masks of a picture are, in every command that reads them. */
#include "support/drawings.h"
#include "support/support.h"
#include "commands/dataset/png.h"
#include "data/label_path.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* second null: there is one place only */
static const struct {
    const char *picture, *first, *second;
} places[] = {
    {"strawberry/a.jpg", "strawberry/a.txt", 0},
    {"rawhide/a.jpg", "rawhide/a.txt", 0},
    {"1196.jpg.14.jpg", "1196.jpg.14.txt", 0},
    {"a.txt.png", "a.txt.txt", 0},
    {"c.jpeg", "c.txt", 0},
    {"c.JPEG", "c.txt", 0},
    {"c.JpeG", "c.txt", 0},
    {"c.bmp", "c.txt", 0},
    {"c.PNG", "c.txt", 0},
    {"c.Jpg", "c.txt", 0},
    {"c.jpe", "c.txt", 0},
    {"c.tga", "c.txt", 0},
    {"c.gif", "c.txt", 0},
    {"c.psd", "c.txt", 0},
    {"c.pic", "c.txt", 0},
    {"c.hdr", "c.txt", 0},
    {"c.pnm", "c.txt", 0},
    {"c.ppm", "c.txt", 0},
    {"c.PGM", "c.txt", 0},
    {"c.jpg", "c.txt", 0},
    {"c.jpg2", "c.jpg2.txt", 0},
    {"cam.2018", "cam.2018.txt", 0},
    {"2018.10.12-cam1.jpg", "2018.10.12-cam1.txt", 0},
    {"set.jpg/x", "set.jpg/x.txt", 0},
    {"set.jpg/x.png", "set.jpg/x.txt", 0},
    {"x", "x.txt", 0},
    {".jpg", ".txt", 0},
    {"car_images/h.jpg", "car_images/h.txt", 0},
    {"images2/h.jpg", "images2/h.txt", 0},
    {"Images/h.jpg", "Images/h.txt", 0},
    {"images", "images.txt", 0},
    {"images.jpg", "images.txt", 0},
    {"a/images.jpg", "a/images.txt", 0},
    {"images/h.jpg", "labels/h.txt", "images/h.txt"},
    {"/images/h.jpg", "/labels/h.txt", "/images/h.txt"},
    {"./images/h.jpg", "./labels/h.txt", "./images/h.txt"},
    {"images//h.jpg", "labels//h.txt", "images//h.txt"},
    {"/set/images/train/g.jpg", "/set/labels/train/g.txt", "/set/images/train/g.txt"},
    {"VOC2007/JPEGImages/images_7.jpg", "VOC2007/labels/images_7.txt", "VOC2007/JPEGImages/images_7.txt"},
    {"JPEGImages/images.png", "labels/images.txt", "JPEGImages/images.txt"},
    {"raw/1.jpg", "labels/1.txt", "raw/1.txt"},
    {"images/raw/1.jpg", "images/labels/1.txt", "images/raw/1.txt"},
    {"images/car/images/train/x.jpg", "images/car/labels/train/x.txt", "images/car/images/train/x.txt"},
    {"images/images/x.jpg", "images/labels/x.txt", "images/images/x.txt"},
};

START_TEST(labels_are_in_the_last_folder_of_pictures_turned_to_labels_else_beside_them)
{
    char *got[2];
    vd_label_places(places[_i].picture, "labels", got);
    ck_assert_str_eq(got[0], places[_i].first);
    if (places[_i].second) ck_assert_str_eq(got[1], places[_i].second);
    else ck_assert_ptr_null(got[1]);
    free(got[0]), free(got[1]);
}
END_TEST

START_TEST(masks_have_the_same_rule)
{
    char *got[2];
    vd_label_places("/set/images/car_images/x.PNG", "mask", got);
    ck_assert_str_eq(got[0], "/set/mask/car_images/x.txt");
    ck_assert_str_eq(got[1], "/set/images/car_images/x.txt");
    free(got[0]), free(got[1]);
}
END_TEST

START_TEST(the_labels_folder_wins_and_labels_beside_the_picture_are_found)
{
    char *fault, *found;
    ck_assert_ptr_null(vd_label_path("images/x.jpg", &fault));
    ck_assert_str_eq(fault, "no labels: neither labels/x.txt nor images/x.txt exists");
    free(fault);
    ck_assert_ptr_null(vd_label_path("x.jpg", &fault));
    ck_assert_str_eq(fault, "no labels: x.txt does not exist");
    free(fault);
    ck_assert(!mkdir("images", 0700) && !mkdir("labels", 0700));
    write_in_folder("images/x.txt", "");
    found = vd_label_path("images/x.jpg", &fault);
    ck_assert_str_eq(found, "images/x.txt");
    free(found);
    write_in_folder("labels/x.txt", "");
    found = vd_label_path("images/x.jpg", &fault);
    ck_assert_str_eq(found, "labels/x.txt");
    ck_assert_ptr_null(fault);
    free(found);
}
END_TEST

/* ---- the same in train, recall and map ---- */

#define CFG                                                                                                \
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\nmax_batches=1\nseed=1\n[convolutional]\nfilters=7\n" \
    "size=8\nstride=8\nactivation=linear\n[yolo]\nanchors=8,8\nmask=0\nclasses=2\nnum=1\njitter=0\n"

static const char *const commands[] = {"train", "recall", "map"};
enum { COMMANDS = COUNT_OF(commands) };

static const char *const named[] = {"strawberry/a.jpg",        "1196.jpg.14.jpg",    "c.bmp",    "car_images/h.jpg",
                                    "JPEGImages/images_7.jpg", "images/train/g.jpg", "noending", "c.PNG"};
enum { NAMED = COUNT_OF(named) };

static void make_folders_of(const char *path)
{
    for (const char *at = path; (at = strchr(at, '/')); ++at) {
        char *part = vd_format("%.*s", (int)(at - path), path);
        mkdir(part, 0700);
        free(part);
    }
}

static void set_up(void)
{
    enter_test_folder();
    write_in_folder("net.cfg", CFG);
    write_in_folder("names", "a\nb\n");
    write_in_folder("set.data", "classes=2\ntrain=list\nvalid=list\nnames=names\nbackup=.\nresults=.\n");
    static const unsigned char pixels[SIDE * SIDE] = {255};
    for (int i = 0; i < NAMED; ++i) {
        make_folders_of(named[i]);
        vd_png_write(named[i], SIDE, SIDE, 1, pixels);
    }
    network *net = network_of(CFG, 0);
    silence_stderr();
    save_weights(net, "net.weights");
    free_network(net);
}

static run_result detector(int status, const char *command, const char *option)
{
    int is_training = !strcmp(command, "train");
    return darknet(status, "detector", command, "set.data", "net.cfg", is_training ? option : "net.weights",
                   is_training ? NULL : option, NULL);
}

/* the labels hold an object of class 7: a command that reads them says so */
START_TEST(every_command_reads_the_labels_of_these_names)
{
    const char *name = named[_i / COMMANDS], *command = commands[_i % COMMANDS];
    char *got[2], *list = vd_format("%s\n", name);
    write_in_folder("list", list);
    vd_label_places(name, "labels", got);
    for (int k = 0; k < 2 && got[k]; ++k) { /* none, then in each place */
        run_result r = detector(1, command, NULL);
        ck_assert_msg(strstr(r.err, ": no labels: ") && strstr(r.err, got[0]) && (!got[1] || strstr(r.err, got[1])),
                      "%s", r.err);
        free_run(r);
        make_folders_of(got[k]);
        write_text(got[k], "0 .5 .5 x .5\n");
        r = detector(1, command, NULL);
        char *said = vd_format("%s: line 1: width=x is not a number\n", got[k]);
        ck_assert_msg(strstr(r.err, said) != 0, "%s", r.err);
        free_run(r), free(said);
        remove(got[k]);
    }
    free(got[0]), free(got[1]), free(list);
}
END_TEST

START_TEST(without_a_label_file_is_an_error_or_skipped_and_an_empty_one_has_no_objects)
{
    const char *command = commands[_i];
    write_in_folder("list", "c.PNG\nnoending\n");
    write_in_folder("noending.txt", "0 .5 .5 .2 .2\n");
    run_result r = detector(1, command, NULL);
    ck_assert_msg(strstr(r.err, "c.PNG: no labels: c.txt does not exist\n") != 0, "%s", r.err);
    free_run(r);
    r = detector(0, command, "-skip-broken");
    ck_assert_msg(strstr(r.err, "c.PNG: skipped: no labels: c.txt does not exist\n") != 0, "%s", r.err);
    free_run(r);
    write_in_folder("c.txt", "");
    free_run(detector(0, command, NULL));
}
END_TEST

/* 3 boxes, of which one is an object */
START_TEST(a_box_of_no_size_is_no_object)
{
    int n;
    write_in_folder("noending.txt", "0 .5 .5 0 .2\n0 .5 .5 .2 .2\n1 .5 .5 .2 0\n");
    box_label *boxes = read_boxes("noending.txt", &n);
    ck_assert_int_eq(n, 1);
    ck_assert(boxes[0].id == 0 && boxes[0].w == .2f && boxes[0].h == .2f);
    free(boxes);
    write_in_folder("list", "noending\n");
    run_result r = detector(0, "recall", NULL);
    ck_assert_msg(strstr(r.err, "    0     0     1\t") || strstr(r.err, "    0     1     1\t"), "%s", r.err);
    free_run(r);
    r = detector(0, "map", NULL);
    ck_assert_msg(strstr(r.out, "\nb             0 "), "%s", r.out);
    free_run(r);
    r = detector(0, "train", NULL);
    ck_assert_msg(strstr(r.out, "count: 1\n"), "%s", r.out);
    free_run(r);
}
END_TEST

SUITE_OF(label_path)
{
    LOOP(labels_are_in_the_last_folder_of_pictures_turned_to_labels_else_beside_them, COUNT_OF(places));
    TEST(masks_have_the_same_rule);
    CASE("files");
    EACH(set_up, leave_test_folder);
    LOOP(every_command_reads_the_labels_of_these_names, NAMED * COMMANDS);
    LOOP(without_a_label_file_is_an_error_or_skipped_and_an_empty_one_has_no_objects, COMMANDS);
    TEST(a_box_of_no_size_is_no_object);
    CASE("empty");
    EACH(enter_test_folder, leave_test_folder);
    TEST(the_labels_folder_wins_and_labels_beside_the_picture_are_found);
}
