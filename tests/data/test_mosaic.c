/* data/mosaic.c: pictures of rectangles in pure colours, one colour a class. In a mosaic of them every pixel of a
 * colour lies in a box of its class. */
#include "data/mosaic.h"
#include "support/support.h"
#include "base/seed.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 12, COLOURS = 6, W = 64, H = 48, BOXES = 40, NUMBERS = 5 };

/* red, green, blue, yellow, magenta, cyan; the rest of a picture is black, and grey is around it */
static const float colours[COLOURS][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {1, 0, 1}, {0, 1, 1}};

static char *paths[PICTURES];

/* picture p has a rectangle in some cells of 2 x 3, each in another place and of another size */
static void draw(int p)
{
    int w = 40 + 7 * p % 50, h = 36 + 11 * p % 40;
    unsigned char *pixels = calloc((size_t)w * h, 3);
    char *name = vd_format("p%d.ppm", p), *label = vd_format("p%d.txt", p), *lines = vd_format("%s", ""), *more;
    for (int c = 0; c < COLOURS; ++c) {
        int cw = w / 3, ch = h / 2, left = c % 3 * cw + (p + c) % 4, top = c / 3 * ch + (p + 2 * c) % 5;
        int right = (c % 3 + 1) * cw - (p + 3 * c) % 4, bottom = (c / 3 + 1) * ch - (p * c) % 6;
        if ((p + c) % 4 == 3) continue;
        for (int y = top; y < bottom; ++y)
            for (int x = left; x < right; ++x)
                for (int k = 0; k < 3; ++k) pixels[(y * w + x) * 3 + k] = (unsigned char)(255 * colours[c][k]);
        more = vd_format("%s%d %.9g %.9g %.9g %.9g\n", lines, c, (left + right) / 2. / w, (top + bottom) / 2. / h,
                         (right - left) / (double)w, (bottom - top) / (double)h);
        free(lines);
        lines = more;
    }
    char *head = vd_format("P6 %d %d 255\n", w, h), *path = in_folder(folder, name);
    FILE *fp = fopen(path, "wb");
    fwrite(head, 1, strlen(head), fp);
    fwrite(pixels, 3, (size_t)w * h, fp);
    fclose(fp);
    write_in_folder(label, lines);
    paths[p] = path;
    free(head), free(lines), free(label), free(name), free(pixels);
}

static void set_up(void)
{
    make_test_folder();
    for (int p = 0; p < PICTURES; ++p) draw(p);
}

static void tear_down(void)
{
    for (int p = 0; p < PICTURES; ++p) free(paths[p]);
    remove_test_folder();
}

/* the colour of a pixel, -1: none, or one that was mixed at a border */
static int colour_at(const float *x, int column, int row)
{
    if (column < 0 || row < 0 || column >= W || row >= H) return -1;
    for (int c = 0; c < COLOURS; ++c) {
        float off = 0;
        for (int k = 0; k < 3; ++k) off = fmaxf(off, fabsf(x[(k * H + row) * W + column] - colours[c][k]));
        if (off < .02f) return c;
    }
    return -1;
}

/* a pixel of something that is at most two pixels thick: boxes of up to one are left out */
static int is_sliver(const float *x, int column, int row)
{
    int c = colour_at(x, column, row), across = 1, along = 1;
    for (int d = -1; d <= 1; d += 2) {
        for (int k = 1; k < 3 && colour_at(x, column + d * k, row) == c; ++k) ++across;
        for (int k = 1; k < 3 && colour_at(x, column, row + d * k) == c; ++k) ++along;
    }
    return across < 3 || along < 3;
}

static int is_in(const float *o, float x, float y, float slack)
{
    return fabsf(x - o[0] * W) <= o[2] * W / 2 + slack && fabsf(y - o[1] * H) <= o[3] * H / 2 + slack;
}

static void every_pixel_is_in_a_box(const float *x, const float *truth)
{
    for (int row = 0; row < H; ++row)
        for (int column = 0; column < W; ++column) {
            int c = colour_at(x, column, row), found = 0;
            if (c < 0 || is_sliver(x, column, row)) continue;
            for (const float *o = truth; *o != 0; o += NUMBERS)
                found |= (int)o[4] == c && is_in(o, column + .5f, row + .5f, 1);
            ck_assert_msg(found, "pixel %d, %d of colour %d", column, row, c);
        }
}

/* with mosaic_bound a box has nothing else in it, and reaches as far as its colour;
 * a part of it may be mixed colours */
static void every_box_is_full(const float *x, const float *truth)
{
    const float mixed = 3.5f;
    for (const float *o = truth; *o != 0; o += NUMBERS)
        for (int row = 0; row < H; ++row)
            for (int column = 0; column < W; ++column)
                if (is_in(o, column + .5f, row + .5f, -mixed))
                    ck_assert_msg(colour_at(x, column, row) == (int)o[4], "box %g %g %g %g of %g has another colour",
                                  o[0] * W, o[1] * H, o[2] * W, o[3] * H, o[4]);
}

static const vd_placement placements[] = {
    {.later = 1, .resize = 1, .mosaic = 1, .mosaic_bound = 1},
    {.later = 1, .resize = 1.3f, .mosaic = 1, .mosaic_bound = 1},
    {.later = 1, .resize = 1, .mosaic = 1},
    {.later = 1, .resize = 1.5f, .mosaic = 1},
    {.later = 1, .resize = .8f, .mosaic = 1},
};

START_TEST(boxes_enclose_what_they_are_of)
{
    enum { TRIES = 400 };
    const vd_placement p = placements[_i];
    int mosaics = 0, objects = 0;
    image_channels = 3;
    rand_seed(7 + _i);
    vd_placement_begin(p);
    for (int i = 0; i < TRIES; ++i) {
        float truth[(BOXES + 1) * NUMBERS] = {0}, *x;
        if (!vd_load_mosaic(paths, PICTURES, paths[i % PICTURES], W, H, BOXES, COLOURS, i % 2 * .3f, 0, 1, 1, &x,
                            truth))
            continue;
        ++mosaics;
        for (const float *o = truth; *o != 0; o += NUMBERS) ++objects;
        for (const float *o = truth; *o != 0; o += NUMBERS)
            for (int k = 0; k < 2; ++k) ck_assert(o[k] - o[k + 2] / 2 > -1e-5f && o[k] + o[k + 2] / 2 < 1 + 1e-5f);
        every_pixel_is_in_a_box(x, truth);
        if (p.mosaic_bound) every_box_is_full(x, truth);
        free(x);
    }
    ck_assert_int_ge(mosaics, TRIES * 4 / 10);
    ck_assert_int_le(mosaics, TRIES * 6 / 10);
    ck_assert_int_gt(objects, 4 * mosaics);
}
END_TEST

START_TEST(without_mosaic_nothing_is_drawn)
{
    float truth[NUMBERS] = {0}, *x = 0;
    rand_seed(3);
    int next = darknet_rand();
    rand_seed(3);
    vd_placement_begin((vd_placement){.later = 1, .resize = 1});
    for (int i = 0; i < 20; ++i)
        ck_assert_int_eq(vd_load_mosaic(paths, PICTURES, paths[0], W, H, 1, COLOURS, 0, 0, 1, 1, &x, truth), 0);
    ck_assert_int_eq(darknet_rand(), next);
    ck_assert_ptr_null(x);
}
END_TEST

/* a quarter of 100 x 80 that is cut at 30, 60, in pixels */
static const struct {
    int quarter, bound;
    vd_cut cut;
    float from[4], to[4]; /* left, right, top, bottom of an object; to[0] < 0: it is lost */
} moves[] = {
    {0, 0, {.left = 0}, {75, 85, 25, 45}, {5, 15, 5, 25}},
    {0, 0, {.left = 0}, {60, 85, 10, 45}, {0, 15, 0, 25}}, /* clipped at the mosaic's border */
    {0, 0, {.left = 0}, {60, 71, 10, 45}, {-1, 0, 0, 0}},  /* one pixel is left */
    {0, 0, {.left = 0}, {60, 71.5f, 10, 45}, {0, 1.5f, 0, 25}},
    {0, 0, {.right = -20}, {75, 95, 25, 45}, {25, 45, 5, 25}}, /* over the border of its quarter */
    {0, 1, {.right = -20}, {75, 95, 25, 45}, {25, 30, 5, 25}},
    {1, 0, {.left = 0}, {10, 20, 25, 45}, {40, 50, 5, 25}},
    {1, 0, {.left = -10}, {10, 20, 25, 45}, {30, 40, 5, 25}},
    {1, 0, {.left = 0}, {60, 90, 25, 45}, {90, 100, 5, 25}},
    {2, 0, {.left = 0}, {75, 85, 5, 15}, {5, 15, 65, 75}},
    {3, 0, {.left = 0}, {10, 20, 5, 50}, {40, 50, 65, 80}},
    {3,
     1,
     {.left = -80, .top = -8},
     {10, 45, 5, 20},
     {30, 45, 60, 72}}, /* the border is wider than the quarter may move */
};

START_TEST(objects_move_with_their_picture)
{
    const image picture = {.w = 100, .h = 80, .c = 1};
    const float *f = moves[_i].from, *t = moves[_i].to;
    float in[2 * NUMBERS] = {(f[0] + f[1]) / 200, (f[2] + f[3]) / 160, (f[1] - f[0]) / 100, (f[3] - f[2]) / 80, 4};
    float out[3 * NUMBERS] = {.5f, .5f, .1f, .1f, 9};
    vd_quarter q = vd_quarter_of(moves[_i].quarter, 100, 80, 30, 60, picture, moves[_i].cut);
    vd_add_truth(out, 2, in, q, 100, 80, moves[_i].bound);
    ck_assert(out[4] == 9);
    const float *o = out + NUMBERS;
    if (t[0] < 0) {
        ck_assert(o[0] == 0);
        return;
    }
    ck_assert(o[4] == 4);
    ck_assert_msg(close_to(o[0], (t[0] + t[1]) / 200, 0, 1e-5) && close_to(o[1], (t[2] + t[3]) / 160, 0, 1e-5) &&
                      close_to(o[2], (t[1] - t[0]) / 100, 0, 1e-5) && close_to(o[3], (t[3] - t[2]) / 80, 0, 1e-5),
                  "%g %g %g %g", (o[0] - o[2] / 2) * 100, (o[0] + o[2] / 2) * 100, (o[1] - o[3] / 2) * 80,
                  (o[1] + o[3] / 2) * 80);
    vd_add_truth(out, 2, in, q, 100, 80, 0); /* no room */
    ck_assert(out[2 * NUMBERS] == 0);
}
END_TEST

START_TEST(objects_of_less_than_a_pixel_are_lost)
{
    float truth[4 * NUMBERS] = {.5f, .5f, .01f, .5f, 1, .4f, .4f, .5f, .02f, 2, .3f, .3f, .2f, .2f, 3};
    vd_placement_begin((vd_placement){.later = 0});
    vd_drop_small_boxes(truth, 4, W, H);
    ck_assert(truth[4] == 1);
    vd_placement_begin((vd_placement){.later = 1, .resize = 1});
    vd_drop_small_boxes(truth, 4, W, H);
    ck_assert(truth[4] == 3 && truth[0] == .3f && truth[NUMBERS] == 0 && truth[2 * NUMBERS] == 0);
}
END_TEST

/* ---- the program ---- */

#define NET "[net]\nbatch=8\nsubdivisions=2\nwidth=64\nheight=64\nchannels=3\nlearning_rate=.001\nseed=2\n"
#define HEAD                                                                                                  \
    "[conv]\nfilters=11\nsize=4\nstride=8\nactivation=linear\n[yolo]\nmask=0\nanchors=16,16\nclasses=6\nnum=" \
    "1\njitter=.2\n"

static run_result train(int status, const char *cfg, const char *option)
{
    char *list = vd_format("%s", ""), *more;
    for (int p = 0; p < PICTURES; ++p) more = vd_format("%s%s\n", list, paths[p]), free(list), list = more;
    write_in_folder("list.txt", list);
    char *data = vd_format("classes=6\ntrain=%s/list.txt\nbackup=%s\n", folder, folder);
    write_in_folder("m.data", data);
    write_in_folder("m.cfg", cfg);
    char *data_path = in_folder(folder, "m.data"), *cfg_path = in_folder(folder, "m.cfg");
    run_result r = darknet(status, "detector", "train", data_path, cfg_path, option, (char *)0);
    free(cfg_path), free(data_path), free(data), free(list);
    return r;
}

static char *final_weights(size_t *n)
{
    char *path = in_folder(folder, "m_final.weights"), *bytes = read_bytes(path, n);
    ck_assert_ptr_nonnull(bytes);
    remove(path);
    free(path);
    return bytes;
}

START_TEST(a_variational_detector_trains_on_them_with_pictures_of_changing_size)
{
    char *weights[2];
    size_t n[2];
    for (int i = 0; i < 2; ++i) {
        if (i) setenv("DARKNET_THREADS", "3", 1);
        free_run(train(0,
                       NET "mosaic=1\nmosaic_bound=1\nema_alpha=.9\npolicy=sgdr\nsgdr_cycle=5\nmax_batches=24\n"
                           "[vd_conv]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n" HEAD
                           "iou_loss=ciou\nrandom=1\nresize=1.5\n[vd_cost]\nsamples=12\n",
                       0));
        unsetenv("DARKNET_THREADS");
        weights[i] = final_weights(n + i);
    }
    ck_assert_uint_eq(n[0], n[1]);
    ck_assert_int_eq(memcmp(weights[0], weights[1], n[0]), 0);
    char *means = in_folder(folder, "m_ema.weights"), *bytes = read_bytes(means, n);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(n[0], n[1]);
    free(bytes), free(means), free(weights[0]), free(weights[1]);
}
END_TEST

START_TEST(a_training_is_the_same_with_any_number_of_threads_and_resumed)
{
    static const char *const cfgs[] = {NET "mosaic=1\ncheckpoint=7\nmax_batches=12\n" HEAD "iou_loss=ciou\n",
                                       NET "mosaic=0\ncheckpoint=7\nmax_batches=12\n" HEAD "iou_loss=ciou\n"};
    char *weights[4], *checkpoint = in_folder(folder, "m.checkpoint");
    size_t n[4];
    for (int i = 0; i < 4; ++i) {
        if (i == 1) setenv("DARKNET_THREADS", "3", 1);
        if (i == 2) { /* goes on from batch 7 */
            free_run(train(0, NET "mosaic=1\ncheckpoint=7\nmax_batches=7\n" HEAD "iou_loss=ciou\n", 0));
        }
        free_run(train(0, cfgs[i == 3], i == 2 ? "-resume" : 0));
        weights[i] = final_weights(n + i);
        remove(checkpoint);
        unsetenv("DARKNET_THREADS");
        ck_assert_uint_eq(n[i], n[0]);
        ck_assert_msg(!memcmp(weights[i], weights[0], n[0]) == (i < 3), "training %d", i);
    }
    for (int i = 0; i < 4; ++i) free(weights[i]);
    free(checkpoint);
}
END_TEST

static const struct {
    const char *cfg, *message;
} refused[] = {
    {NET "mosaic=1\nletter_box=1\n" HEAD "iou_loss=ciou\n", "m.cfg: [net]: mosaic=1 puts pictures together that fill"},
    {NET "mosaic=1\n" HEAD, "m.cfg: [net]: mosaic=1 is built for [yolo] with keys of later Darknets"},
    {NET "mosaic=1\n[conv]\nfilters=6\nsize=64\nstride=64\n[softmax]\n",
     "m.cfg: [net]: mosaic=1 is built for detectors alone"},
    {NET "cutmix=1\n" HEAD "iou_loss=ciou\n", "m.cfg: [net]: cutmix=1 is a key of other Darknets that is not built"},
    {NET "mixup=1\n" HEAD "iou_loss=ciou\n", "m.cfg: [net]: mixup=1 is a key of other Darknets that is not built"},
};

START_TEST(what_is_not_built_is_named_when_a_training_begins)
{
    if (strstr(refused[_i].message, "detectors alone")) { /* by the command that trains such a network */
        char *data = vd_format("classes=6\ntrain=%s/list.txt\nbackup=%s\n", folder, folder);
        write_in_folder("m.data", data), write_in_folder("m.cfg", refused[_i].cfg), write_in_folder("list.txt", "a\n");
        char *data_path = in_folder(folder, "m.data"), *cfg_path = in_folder(folder, "m.cfg");
        run_result r = darknet(1, "classifier", "train", data_path, cfg_path, (char *)0);
        ck_assert_msg(strstr(r.err, refused[_i].message) != 0, "%s", r.err);
        free(cfg_path), free(data_path), free(data), free_run(r);
        return;
    }
    run_result r = train(1, refused[_i].cfg, 0);
    ck_assert_msg(strstr(r.err, refused[_i].message) != 0, "%s", r.err);
    free_run(r);
}
END_TEST

SUITE_OF(mosaic)
{
    TIMEOUT(120);
    EACH(set_up, tear_down);
    LOOP(boxes_enclose_what_they_are_of, COUNT_OF(placements));
    TEST(without_mosaic_nothing_is_drawn);
    LOOP(objects_move_with_their_picture, COUNT_OF(moves));
    TEST(objects_of_less_than_a_pixel_are_lost);
    TEST(a_variational_detector_trains_on_them_with_pictures_of_changing_size);
    TEST(a_training_is_the_same_with_any_number_of_threads_and_resumed);
    LOOP(what_is_not_built_is_named_when_a_training_begins, COUNT_OF(refused));
}
