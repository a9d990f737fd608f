/* The detector's commands: exact scores for a network made by hand, and every command on trained ones. */
#include "support/drawings.h"
#include "support/support.h"
#include "commands/dataset/png.h"
#include "data/results.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- a network made by hand: it sees blocks of 8x8 pixels, white ones of class 0 and grey ones of class 1 ---- */

#define HEADS                                                                                           \
    "filters=7\nsize=8\nstride=8\nactivation=linear\nlog_sigma2=-20\n"                                  \
    "[yolo]\nmask=0\nanchors=8,8,16,16\nclasses=2\nnum=2\njitter=0\nignore_thresh=.6\ntruth_thresh=1\n" \
    "[route]\nlayers=0\n[vd_convolutional]\nfilters=7\nsize=1\nactivation=linear\nlog_sigma2=-20\n"     \
    "[yolo]\nmask=1\nanchors=8,8,16,16\nclasses=2\nnum=2\njitter=0\nignore_thresh=.6\ntruth_thresh=1\n"

static const char yolo_cfg[] =
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=1\n[vd_convolutional]\n" HEADS "[vd_cost]\nsamples=2\n";
static const char region_cfg[] =
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=1\n[vd_convolutional]\nfilters=7\nsize=8\nstride=8\n"
    "activation=linear\nlog_sigma2=-20\n"
    "[region]\nanchors=1,1\nclasses=2\ncoords=4\nnum=1\nsoftmax=0\njitter=0\n[vd_cost]\nsamples=2\n";

/* filter i answers gain (mean of the block - level) */
static void answer(layer l, int filter, float gain, float level)
{
    int n = l.c * l.size * l.size;
    for (int i = 0; i < n; ++i) l.weights[filter * n + i] = gain / n;
    l.biases[filter] = -gain * level;
}

/* x, y at the middle of the cell, width and height of the anchor, then object and the two classes */
static void save_made_by_hand(const char *text, char *path)
{
    network *net = network_of(text, 0);
    silence_stderr();
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != CONVOLUTIONAL) continue;
        for (int f = 0; f < 4; ++f) answer(l, f, 0, 0);
        answer(l, 4, i ? 0 : 40, .25f);
        if (i) l.biases[4] = -20; /* the second head sees nothing */
        answer(l, 5, 40, .75f);
        answer(l, 6, -40, .75f);
    }
    save_weights(net, path);
    free_network(net);
}

enum { BLOCKS = 3 };

typedef struct {
    int x, y, grey; /* cell, brightness; x < 0: none */
} block;

/* brighter blocks have higher scores */
static const block pictures[2][BLOCKS] = {{{0, 0, 250}, {2, 1, 230}, {3, 3, 128}},
                                          {{1, 1, 220}, {0, 2, 120}, {-1, 0, 0}}};
static const char *const names[2] = {"a.png", "b.JPEG"}; /* the format is found from the first bytes */

static char *cfg, *weights, *data_file;

static void make_by_hand(void)
{
    make_test_folder();
    cfg = in_folder(folder, "hand.cfg"), weights = in_folder(folder, "hand.weights"),
    data_file = in_folder(folder, "hand.data");
    write_text(cfg, yolo_cfg);
    save_made_by_hand(yolo_cfg, weights);
    static const char *const folders[] = {"images", "labels", "results"};
    for (int i = 0; i < 3; ++i) {
        char *path = in_folder(folder, folders[i]);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        free(path);
    }
    for (int p = 0; p < 2; ++p) {
        unsigned char pixels[32 * 32] = {0};
        for (int b = 0; b < BLOCKS && pictures[p][b].x >= 0; ++b)
            for (int i = 0; i < 64; ++i)
                pixels[(8 * pictures[p][b].y + i / 8) * 32 + 8 * pictures[p][b].x + i % 8] =
                    (unsigned char)pictures[p][b].grey;
        char *path = vd_format("%s/images/%s", folder, names[p]);
        vd_png_write(path, 32, 32, 1, pixels);
        free(path);
    }
    char *list = vd_format("%s/images/a.png\n%s/images/b.JPEG\n", folder, folder);
    char *text = vd_format("classes=2\nvalid=%s/list\nnames=%s/names\nresults=%s/results\n", folder, folder, folder);
    write_in_folder("list", list);
    write_in_folder("names", "white\ngrey\n");
    write_in_folder("labels/a.txt", "0 .125 .125 .25 .25\n0 .625 .375 .25 .25\n1 .875 .875 .25 .25\n");
    write_in_folder("labels/b.txt", "0 .375 .375 .25 .25\n1 .125 .625 .25 .25\n");
    write_text(data_file, text);
    free(list), free(text);
}

static void remove_by_hand(void)
{
    remove_test_folder();
    free(cfg), free(weights), free(data_file);
}

static void dies(run_result r, const char *why)
{
    const char *said = strstr(r.err, why);
    ck_assert_msg(said && strchr(said, '\n') == r.err + strlen(r.err) - 1, "'%s' is not the last line of\n%s", why,
                  r.err);
    free_run(r);
}

typedef struct {
    double objects, ap, tp, fp, fn, precision, recall, f1;
} row;

/* the line of a class in the table of `detector map` */
static row row_of(const char *table, const char *class)
{
    row r;
    char *start = vd_format("\n%s ", class);
    const char *line = strstr(table, start);
    ck_assert_msg(line != 0, "no line for %s in\n%s", class, table);
    ck_assert_int_eq(sscanf(line + strlen(start), "%lf %lf %% %lf %lf %lf %lf %% %lf %% %lf", &r.objects, &r.ap, &r.tp,
                            &r.fp, &r.fn, &r.precision, &r.recall, &r.f1),
                     8);
    free(start);
    return r;
}

static void check_row(const char *table, const char *class, row wanted)
{
    row r = row_of(table, class);
    const double *got = (const double *)&r, *should = (const double *)&wanted;
    for (int i = 0; i < 8; ++i)
        ck_assert_msg(close_to(got[i], should[i], 0, i == 7 ? 6e-5 : 6e-3), "%s, column %d: %g, should be %g\n%s",
                      class, i, got[i], should[i], table);
}

START_TEST(map_is_1_when_every_detection_is_perfect)
{
    static const char *const points[] = {"0", "11", "101"};
    if (_i == 3) {
        write_text(cfg, region_cfg);
        save_made_by_hand(region_cfg, weights);
    }
    run_result r =
        darknet(0, "detector", "map", data_file, cfg, weights, "-points", points[_i % 3], "-iou", "0.95", NULL);
    check_row(r.out, "white", (row){3, 100, 3, 0, 0, 100, 100, 1});
    check_row(r.out, "grey", (row){2, 100, 2, 0, 0, 100, 100, 1});
    check_row(r.out, "all", (row){5, 100, 5, 0, 0, 100, 100, 1});
    ck_assert_ptr_nonnull(strstr(r.out, "mAP@0.95 100.00 %"));
    ck_assert_ptr_nonnull(strstr(r.out, " mean average precision (mAP@0.95) = 1.000000, or 100.00 %\n"));
    ck_assert_ptr_nonnull(strstr(r.err, "map: 2 of 2 pictures\n"));
    free_run(r);
}
END_TEST

/* one white block has no label, and one label no block: a hit, a false alarm and a hit of 3 objects */
START_TEST(map_counts_false_alarms_and_missed_objects)
{
    write_in_folder("labels/a.txt", "0 .125 .125 .25 .25\n0 .125 .875 .25 .25\n1 .875 .875 .25 .25\n");
    run_result r = darknet(0, "detector", "map", data_file, cfg, weights, NULL);
    check_row(r.out, "white", (row){3, 100 * (1 + 2. / 3) / 3, 2, 1, 1, 200. / 3, 200. / 3, 2. / 3});
    check_row(r.out, "grey", (row){2, 100, 2, 0, 0, 100, 100, 1});
    check_row(r.out, "all", (row){5, 100 * ((1 + 2. / 3) / 3 + 1) / 2, 4, 1, 1, 80, 80, .8});
    free_run(r);
}
END_TEST

/* boxes half as wide have an overlap of one half */
START_TEST(map_takes_the_least_overlap_from_its_option)
{
    write_in_folder("labels/a.txt", "0 .125 .125 .25 .25\n0 .625 .375 .25 .25\n1 .875 .875 .1249 .25\n");
    run_result r = darknet(0, "detector", "map", data_file, cfg, weights, "-iou", "0.49", NULL);
    check_row(r.out, "grey", (row){2, 100, 2, 0, 0, 100, 100, 1});
    free_run(r);
    r = darknet(0, "detector", "map", data_file, cfg, weights, "-iou", "0.51", NULL);
    /* the hit, 120, has a lower score than the false alarm: precision is 1/2 where recall is */
    check_row(r.out, "grey", (row){2, 25, 1, 1, 1, 50, 50, .5});
    free_run(r);
}
END_TEST

/* the blocks that are found have 230 and 120 grey beside brighter ones: less sure */
START_TEST(counts_are_those_at_more_confidence_than_thresh_and_average_precision_is_not)
{
    run_result r = darknet(0, "detector", "map", data_file, cfg, weights, "-thresh", ".9999", "-dont_show", NULL);
    row all = row_of(r.out, "all");
    ck_assert_msg(all.tp < 5 && all.tp + all.fn == 5 && all.ap == 100, "%s", r.out);
    free_run(r);
    r = darknet(0, "detector", "map", data_file, cfg, weights, "-least", ".9999", NULL);
    ck_assert_msg(row_of(r.out, "all").ap < 100, "%s", r.out);
    free_run(r);
}
END_TEST

/* the picture's boxes of 8x8 are one unit wide in a detection; half of each is the other's */
START_TEST(the_mean_overlap_counts_false_alarms_as_0)
{
    write_in_folder("labels/a.txt", "0 .125 .125 .25 .25\n1 .875 .875 .25 .125\n");
    run_result r = darknet(0, "detector", "map", data_file, cfg, weights, "-iou_thresh", ".4", NULL);
    /* hits with overlaps 1, 1/2, 1, 1 and a false alarm */
    ck_assert_msg(strstr(r.out, "with a mean overlap of 70.00 %") != 0, "%s", r.out);
    ck_assert_msg(strstr(r.out, "\n mean average precision (mAP@0.40) = ") != 0, "%s", r.out);
    free_run(r);
}
END_TEST

/* one of the three white blocks has no label: it is a false alarm, unless the other list says that it is difficult */
START_TEST(objects_of_the_difficult_list_need_not_be_found_and_are_no_false_alarms)
{
    write_in_folder("labels/a.txt", "0 .125 .125 .25 .25\n1 .875 .875 .25 .25\n");
    run_result r = darknet(0, "detector", "map", data_file, cfg, weights, NULL);
    ck_assert_double_eq(row_of(r.out, "white").fp, 1);
    free_run(r);
    write_in_folder("labels/a_hard.txt", "0 .625 .375 .25 .25\n1 .125 .625 .25 .25\n");
    write_in_folder("labels/b_hard.txt", "");
    char *text = vd_format("%s/images/a_hard.png\n%s/images/b_hard.png\n", folder, folder),
         *data = text_in_folder("hand.data"), *longer = vd_format("%sdifficult=%s/hard\n", data, folder);
    write_in_folder("hard", text);
    write_text(data_file, longer);
    r = darknet(0, "detector", "map", data_file, cfg, weights, NULL);
    check_row(r.out, "white", (row){2, 100, 2, 0, 0, 100, 100, 1});
    check_row(r.out, "grey", (row){2, 100, 2, 0, 0, 100, 100, 1});
    free_run(r);
    write_in_folder("hard", "images/a_hard.png\n");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, NULL), "hard: 1 lines, but ");
    write_in_folder("hard", "gone/a.png\ngone/b.png\n");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, NULL),
         "gone/a.png: no labels: gone/a.txt does not exist");
    free(text), free(data), free(longer);
}
END_TEST

/* a class without objects does not count in the mean */
START_TEST(the_mean_is_over_classes_that_have_objects)
{
    write_in_folder("labels/a.txt", "0 .125 .125 .25 .25\n0 .625 .375 .25 .25\n");
    write_in_folder("labels/b.txt", "0 .375 .375 .25 .25\n");
    run_result r = darknet(0, "detector", "map", data_file, cfg, weights, NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "mAP@0.50 100.00 %"));
    const char *grey = strstr(r.out, "\ngrey ");
    ck_assert(grey && strchr(grey, '-') && strchr(grey, '-') < strchr(grey + 1, '\n'));
    free_run(r);
}
END_TEST

START_TEST(map_names_what_is_wrong)
{
    dies(darknet(1, "detector", "map", data_file, cfg, weights, "-letter_box", NULL),
         "-letter_box is not built here: pictures keep their shape with letter_box=1 in [net]");
    dies(darknet(1, "detector", "map", data_file, cfg, NULL), "DATA, CFG and WEIGHTS are needed");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, "-points", "7", NULL), "-points must be 0, 11 or 101");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, "-iou", "2", NULL), "-iou 2 is not a number");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, "-iou", NULL), "-iou needs a number");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, "-x", NULL), "unknown option -x");
    write_in_folder("labels/a.txt", "2 .5 .5 .1 .1\n");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, NULL),
         "labels/a.txt: an object of class 2, but the network has 2 classes");
    write_in_folder("labels/a.txt", ""), write_in_folder("labels/b.txt", "");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, NULL), "no object in any of the 2 pictures");
    write_text(data_file, "classes=2\n");
    dies(darknet(1, "detector", "map", data_file, cfg, weights, NULL), "valid= (the list of pictures) is missing");
    run_result r = darknet(0, "detector", "map", "-h", NULL);
    ck_assert_ptr_eq(strstr(r.out, "usage: darknet detector map"), r.out);
    free_run(r);
}
END_TEST

START_TEST(recall_reads_the_list_of_the_data_file_and_finds_the_labels_of_png_pictures)
{
    run_result r = darknet(0, "detector", "recall", data_file, cfg, weights, NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "    1     5     5\t"));
    ck_assert_ptr_nonnull(strstr(r.err, "IOU: 100.00%\tRecall:100.00%\n"));
    free_run(r);
}
END_TEST

START_TEST(valid_takes_fewer_than_four_pictures)
{
    size_t n;
    free_run(darknet(0, "detector", "valid", data_file, cfg, weights, NULL));
    char *path = in_folder(folder, "results/comp4_det_test_grey.txt"), *text = read_bytes(path, &n);
    double at[4];
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(sscanf(text, "a 0.%*d %lf %lf %lf %lf", at, at + 1, at + 2, at + 3), 4);
    for (int i = 0; i < 4; ++i) /* pixels from 1, cut at the edge */
        ck_assert_msg(close_to(at[i], i < 2 ? 25 : 32, 0, 1e-3), "%s", text);
    free(path), free(text);
}
END_TEST

/* a white block of a network twice as wide as high, which has 8x4 cells */
static void draw_wide(const char *name, int size, int x, int y)
{
    int w = 8 * size, n = size * size;
    unsigned char *pixels = calloc((size_t)w, (size_t)w / 2);
    for (int i = 0; i < n; ++i) pixels[(y * size + i / size) * w + x * size + i % size] = 250;
    char *path = vd_format("%s/images/%s", folder, name);
    vd_png_write(path, w, w / 2, 1, pixels);
    free(pixels), free(path);
}

START_TEST(boxes_of_a_wide_network_are_where_they_are_in_a_larger_picture)
{
    char *wide = vd_format("%s", yolo_cfg), *picture = in_folder(folder, "images/a.png"),
         *out = in_folder(folder, "out");
    memcpy(strstr(wide, "width=32"), "width=64", 8);
    write_text(cfg, wide);
    draw_wide("a.png", 16, 5, 1), draw_wide("b.JPEG", 8, 2, 3);
    write_in_folder("labels/a.txt", "0 .6875 .375 .125 .25\n"),
        write_in_folder("labels/b.txt", "0 .3125 .875 .125 .25\n");
    run_result r = darknet(0, "detector", "map", data_file, cfg, weights, "-iou", ".95", NULL);
    check_row(r.out, "white", (row){2, 100, 2, 0, 0, 100, 100, 1});
    free_run(r);
    r = darknet(0, "detector", "recall", data_file, cfg, weights, NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "IOU: 100.00%\tRecall:100.00%\n"));
    free_run(r);
    free_run(darknet(0, "detector", "valid", data_file, cfg, weights, NULL));
    char *text = text_in_folder("results/comp4_det_test_white.txt"), *line = strstr(text, "a ");
    double at[4];
    ck_assert_msg(line && sscanf(line, "a %*f %lf %lf %lf %lf", at, at + 1, at + 2, at + 3) == 4, "%s", text);
    for (int i = 0; i < 4; ++i) ck_assert_msg(close_to(at[i], (const int[]){81, 17, 97, 33}[i], 0, 1e-2), "%s", text);
    r = darknet(0, "detector", "test", data_file, cfg, weights, picture, "-ext_output", "-out", out, NULL);
    ck_assert_msg(strstr(r.out, "(left_x:   80   top_y:   16   width:   16   height:   16)") != 0, "%s", r.out);
    free_run(r);
    free(text), free(picture), free(out), free(wide);
}
END_TEST

START_TEST(valid_says_when_its_results_have_no_folder)
{
    char *results = in_folder(folder, "results");
    remove(results);
    dies(darknet(1, "detector", "valid", data_file, cfg, weights, NULL), "comp4_det_test_white.txt: cannot write");
    free(results);
}
END_TEST

START_TEST(a_list_of_too_few_names_is_an_error)
{
    static const char *const commands[] = {"valid", "map", "test"};
    write_in_folder("names", "white\n");
    dies(darknet(1, "detector", commands[_i], data_file, cfg, weights, NULL), "names: 1 lines for 2 classes");
}
END_TEST

START_TEST(test_writes_a_picture_and_says_when_it_cannot)
{
    char *picture = in_folder(folder, "images/a.png"), *out = in_folder(folder, "out"),
         *made = in_folder(folder, "out.jpg"), *nowhere = in_folder(folder, "no/out");
    size_t n;
    run_result r = darknet(0, "detector", "test", data_file, cfg, weights, picture, "-out", out, NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "white: 100%\n"));
    char *bytes = read_bytes(made, &n);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_mem_eq(bytes, "\xff\xd8", 2);
    free_run(r);
    dies(darknet(1, "detector", "test", data_file, cfg, weights, picture, "-out", nowhere, NULL),
         "there is no such folder");
    free(picture), free(out), free(made), free(nowhere), free(bytes);
}
END_TEST

START_TEST(boxes_are_seen_in_pictures_of_a_few_rows)
{
    enum { SIDE = 40, LEFT = 10, RIGHT = 30 }; /* of the box, high as wide */
    image im = make_image(SIDE, SIDE, 3);
    float sure = .9f;
    char *name = "white";
    detection found = {.bbox = {.5f, .5f, .5f, .5f}, .classes = 1, .prob = &sure};
    vd_drawing_is_silent(1);
    draw_detections(im, &found, 1, .5f, &name, 0, 1);
    for (int y = 0; y < SIDE; ++y) {
        for (int x = 0; x < SIDE; ++x) {
            int inside = x >= LEFT && x <= RIGHT && y >= LEFT && y <= RIGHT;
            int line = inside && (x == LEFT || x == RIGHT || y == LEFT || y == RIGHT);
            float *at = im.data + y * SIDE + x;
            ck_assert_msg((at[0] + at[SIDE * SIDE] + at[2 * SIDE * SIDE] > 0) == line, "pixel %d, %d", x, y);
        }
    }
    free_image(im);
}
END_TEST

/* ---- every command on networks with all that detectors are made of ---- */

#define CONV(filters, size) "[vd_convolutional]\nfilters=" #filters "\nsize=" #size "\nstride=1\npad=1\n"
#define LEAKY "batch_normalize=1\nactivation=leaky\n"
#define YOLO_HEAD(mask)                                                                                          \
    "[yolo]\nmask=" mask "\nanchors=16,16, 20,24, 28,28, 34,34\nclasses=2\nnum=4\njitter=.1\nignore_thresh=.6\n" \
    "truth_thresh=1\nrandom=1\n"
#define STEM                                                                                                        \
    "[net]\nbatch=4\nsubdivisions=2\nwidth=64\nheight=64\nchannels=3\nlearning_rate=.001\nadam=1\nmax_batches=12\n" \
    "decay=0\nmomentum=0\nseed=1\n"                                                                                 \
    "[convolutional]\nfilters=4\nsize=3\nstride=4\npad=1\n" LEAKY CONV(8, 3) LEAKY CONV(8, 3) LEAKY                 \
        "[shortcut]\nfrom=-2\nactivation=leaky\n[reorg]\nstride=2\n" CONV(8, 3) LEAKY

static const char *const trained_cfgs[] = {
    STEM CONV(14, 1) "activation=linear\n" YOLO_HEAD("2,3") "[route]\nlayers=-3\n" CONV(4, 1) LEAKY
    "[upsample]\nstride=2\n[route]\nlayers=-1,3\n" CONV(14, 1) "activation=linear\n" YOLO_HEAD(
        "0,1") "[vd_cost]\nsamples=24\n",
    STEM "[route]\nlayers=-1,4\n" CONV(
        14,
        1) "activation=linear\n"
           "[region]\nanchors=2,2, 4,4\nclasses=2\ncoords=4\nnum=2\nsoftmax=1\njitter=.1\nrescore=1\nobject_scale=5\n"
           "noobject_scale=1\nclass_scale=1\ncoord_scale=1\nbias_match=1\nthresh=.6\nrandom=1\n"
           "[vd_cost]\nsamples=24\n",
};

START_TEST(all_commands_run_on_heads_routes_shortcuts_and_pictures_of_changing_size)
{
    char *set = make_folder(), *its_data = in_folder(set, "set.data"), *net = in_folder(set, "net.cfg");
    draw_pictures(set);
    char *trained = in_folder(set, "net_final.weights"), *picture = in_folder(set, "p3.png"),
         *out = in_folder(set, "o");
    write_text(net, trained_cfgs[_i]);
    run_result r = darknet(0, "detector", "train", its_data, net, NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "Resizing\n96\n"));
    ck_assert_ptr_nonnull(strstr(r.out, "\n12: "));
    ck_assert_ptr_nonnull(strstr(r.err, "vd: epoch 2.00, batch 12: loss "));
    free_run(r);
    r = darknet(0, "detector", "map", its_data, net, trained, "-least", "0", NULL);
    ck_assert_double_eq(row_of(r.out, "all").objects, DRAWN);
    free_run(r);
    r = darknet(0, "detector", "recall", its_data, net, trained, NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "   23 "));
    free_run(r);
    free_run(darknet(0, "detector", "valid", its_data, net, trained, NULL));
    r = darknet(0, "detector", "test", its_data, net, trained, picture, "-out", out, "-thresh", ".01", NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "p3.png: Predicted in "));
    free_run(r);
    remove_folder(set);
    free(its_data), free(net), free(trained), free(picture), free(out);
}
END_TEST

START_TEST(a_label_of_a_class_the_network_does_not_have_ends_a_training)
{
    char *set = make_folder(), *its_data = in_folder(set, "set.data"), *net = in_folder(set, "net.cfg");
    draw_pictures(set);
    for (int i = 0; i < DRAWN; ++i) {
        char *label = vd_format("%s/p%d.txt", set, i);
        write_text(label, "2 .5 .5 .5 .5\n");
        free(label);
    }
    write_text(net, trained_cfgs[_i]);
    dies(darknet(1, "detector", "train", its_data, net, NULL), "an object of class 2, but the network has 2 classes");
    remove_folder(set);
    free(its_data), free(net);
}
END_TEST

SUITE_OF(detector)
{
    EACH(make_by_hand, remove_by_hand);
    LOOP(map_is_1_when_every_detection_is_perfect, 4);
    TEST(map_counts_false_alarms_and_missed_objects);
    TEST(map_takes_the_least_overlap_from_its_option);
    TEST(counts_are_those_at_more_confidence_than_thresh_and_average_precision_is_not);
    TEST(the_mean_overlap_counts_false_alarms_as_0);
    TEST(objects_of_the_difficult_list_need_not_be_found_and_are_no_false_alarms);
    TEST(the_mean_is_over_classes_that_have_objects);
    TEST(map_names_what_is_wrong);
    TEST(recall_reads_the_list_of_the_data_file_and_finds_the_labels_of_png_pictures);
    TEST(valid_takes_fewer_than_four_pictures);
    TEST(boxes_of_a_wide_network_are_where_they_are_in_a_larger_picture);
    TEST(valid_says_when_its_results_have_no_folder);
    LOOP(a_list_of_too_few_names_is_an_error, 3);
    TEST(test_writes_a_picture_and_says_when_it_cannot);
    TEST(boxes_are_seen_in_pictures_of_a_few_rows);
    CASE("trained");
    LOOP(all_commands_run_on_heads_routes_shortcuts_and_pictures_of_changing_size, 2);
    LOOP(a_label_of_a_class_the_network_does_not_have_ends_a_training, 2);
}
