/* Pictures with one channel and with three through Darknet's patched loaders, and flip=0. */
#include "support/support.h"
#include "commands/dataset/png.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stb/stb_image_write.h>

#include "image.h"

/* pictures are SIDE x SIDE; all are PNG, some under a name that ends in .jpg, as some loaders find labels for those
 * only */
enum { SIDE = 16, PIXELS = SIDE * SIDE, PICTURES = 4, CLASSES = 2 };

static char *paths[PICTURES], *compared[2 * PICTURES], *written[PICTURES];
static char *class_labels[CLASSES] = {"_even.", "_odd."};
static network *net;

/* no two pixels of a row are the same, so that a mirrored picture is another one */
static unsigned char grey_byte(int picture, int y, int x)
{
    return (unsigned char)(8 * x + y + 5 * picture);
}

static unsigned char colour_byte(int picture, int y, int x, int c)
{
    return (unsigned char)(grey_byte(picture, y, x) + (c == 1 ? 7 * y : c == 2 ? 6 * (SIDE - y) : 0));
}

static void write_grey(const char *path, int picture)
{
    unsigned char bytes[PIXELS];
    for (int i = 0; i < PIXELS; ++i) bytes[i] = grey_byte(picture, i / SIDE, i % SIDE);
    vd_png_write(path, SIDE, SIDE, 1, bytes);
}

static void write_colour(const char *path, int picture)
{
    unsigned char bytes[3 * PIXELS];
    for (int i = 0; i < 3 * PIXELS; ++i) bytes[i] = colour_byte(picture, i / 3 / SIDE, i / 3 % SIDE, i % 3);
    ck_assert(stbi_write_png(path, SIDE, SIDE, 3, bytes, 3 * SIDE));
}

static void write_text_of(const char *sub, int i, const char *text)
{
    char *path = vd_format("%s/%s/p%d_%s.txt", folder, sub, i, i % 2 ? "odd" : "even");
    write_text(path, text);
    free(path);
}

/* even pictures are grey, odd ones coloured */
static void setup(void)
{
    static const char *const subfolders[] = {"images", "labels", "mask", "imgs"};
    make_test_folder();
    for (int i = 0; i < 4; ++i) {
        char *sub = in_folder(folder, subfolders[i]);
        ck_assert_int_eq(mkdir(sub, 0700), 0);
        free(sub);
    }
    for (int i = 0; i < PICTURES; ++i) {
        paths[i] = vd_format("%s/images/p%d_%s.jpg", folder, i, i % 2 ? "odd" : "even");
        written[i] = vd_format("%s/w%d.png", folder, i);
        char *label = vd_format("%s/w%d-label.png", folder, i);
        (i % 2 ? write_colour : write_grey)(paths[i], i);
        (i % 2 ? write_colour : write_grey)(written[i], i);
        write_grey(label, i);
        free(label);
        write_text_of("labels", i, "1 .25 .5 .2 .4\n");
        write_text_of("mask", i, "1 20,40,30\n");
        for (int k = 0; k < 2; ++k) {
            compared[2 * i + k] = vd_format("%s/imgs/q%d.jpg", folder, 2 * i + k);
            write_colour(compared[2 * i + k], i);
            char *text = vd_format("%s/labels/q%d.txt", folder, 2 * i + k);
            write_text(text, k ? "0 .1\n" : "0 .9\n");
            free(text);
        }
    }
}

static void teardown(void)
{
    if (net) free_network(net);
    net = 0;
    for (int i = 0; i < PICTURES; ++i) free(paths[i]), free(written[i]);
    for (int i = 0; i < 2 * PICTURES; ++i) free(compared[i]);
    remove_test_folder();
}

/* a cfg decides how pictures are read; SIDE x SIDE unless keys say otherwise */
static void parse_net(int channels, const char *keys)
{
    char *cfg = vd_format("[net]\nbatch=2\nwidth=%d\nheight=%d\nchannels=%d\nmax_crop=%d\n%s"
                          "[connected]\noutput=%d\nactivation=linear\n[softmax]\n",
                          SIDE, SIDE, channels, SIDE, keys, CLASSES);
    net = network_of(cfg, 0);
    free(cfg);
}

/* how `classifier train` asks for its pictures; the network's own keys, as there */
static load_args classification(int n)
{
    load_args a = {0};
    a.w = net->w, a.h = net->h, a.size = net->w;
    a.min = (int)(net->min_ratio * net->w), a.max = (int)(net->max_ratio * net->w);
    a.angle = net->angle, a.aspect = net->aspect;
    a.hue = net->hue, a.saturation = net->saturation, a.exposure = net->exposure;
    a.paths = paths, a.m = PICTURES, a.n = n;
    a.labels = class_labels, a.classes = CLASSES;
    a.threads = 3;
    a.type = CLASSIFICATION_DATA;
    return a;
}

static data loaded(load_args a)
{
    data d = {0};
    a.d = &d;
    pthread_join(load_data(a), 0);
    return d;
}

/* the picture a row of grey or coloured planes shows, or -1; *mirrored whether it is mirrored */
static int picture_of(const float *row, int channels, int *mirrored)
{
    for (int p = 0; p < PICTURES; ++p)
        for (*mirrored = 0; *mirrored < 2; ++*mirrored) {
            int same = 1;
            for (int i = 0; i < channels * PIXELS && same; ++i) {
                int c = i / PIXELS, y = i % PIXELS / SIDE, x = *mirrored ? SIDE - 1 - i % SIDE : i % SIDE, byte;
                if (p % 2 == 0) byte = grey_byte(p, y, x);
                else if (channels == 3) byte = colour_byte(p, y, x, c);
                else /* stb_image's luminance */
                    byte =
                        (77 * colour_byte(p, y, x, 0) + 150 * colour_byte(p, y, x, 1) + 29 * colour_byte(p, y, x, 2)) >>
                        8;
                same = fabsf(row[i] - byte / 255.f) < 1e-6f;
            }
            if (same) return p;
        }
    return -1;
}

START_TEST(load_image_color_gives_the_channels_of_the_net)
{
    int channels = _i ? 3 : 1, mirrored;
    parse_net(channels, "");
    for (int p = 0; p < PICTURES; ++p) {
        image im = load_image_color(paths[p], 0, 0);
        ck_assert_int_eq(im.c, channels);
        ck_assert_int_eq(im.w, SIDE);
        ck_assert_int_eq(picture_of(im.data, channels, &mirrored), p);
        ck_assert_int_eq(mirrored, 0);
        free_image(im);
    }
}
END_TEST

START_TEST(classification_with_max_crop_and_without_flip_reads_the_very_bytes)
{
    int channels = _i ? 3 : 1, seen[PICTURES] = {0}, mirrored;
    parse_net(channels, "flip=0\n");
    data d = loaded(classification(60));
    ck_assert_int_eq(d.X.rows, 60);
    ck_assert_int_eq(d.X.cols, channels * PIXELS);
    for (int i = 0; i < d.X.rows; ++i) {
        int p = picture_of(d.X.vals[i], channels, &mirrored);
        ck_assert_int_ge(p, 0);
        ck_assert_int_eq(mirrored, 0);
        ck_assert_float_eq(d.y.vals[i][p % 2], 1);
        ++seen[p];
    }
    for (int p = 0; p < PICTURES; ++p) ck_assert_int_gt(seen[p], 0);
    free_data(d);
}
END_TEST

START_TEST(classification_mirrors_half_the_pictures_unless_flip_is_0)
{
    int channels = _i ? 3 : 1, count = 0, mirrored;
    parse_net(channels, _i ? "flip=1\n" : ""); /* 1 is what stock Darknet does */
    data d = loaded(classification(100));
    for (int i = 0; i < d.X.rows; ++i) {
        ck_assert_int_ge(picture_of(d.X.vals[i], channels, &mirrored), 0);
        count += mirrored;
    }
    ck_assert_int_gt(count, 20); /* 6 standard deviations from 50 */
    ck_assert_int_lt(count, 80);
    free_data(d);
}
END_TEST

/* the box of every label has its middle at x = .25; a mirrored picture's is at .75 */
START_TEST(detection_mirrors_pictures_with_their_boxes_unless_flip_is_0)
{
    int channels = _i % 2 ? 3 : 1, flip = _i / 2, count = 0;
    parse_net(channels, flip ? "" : "flip=0\n");
    load_args a = classification(100);
    a.type = DETECTION_DATA;
    a.num_boxes = 5;
    data d = loaded(a);
    ck_assert_int_eq(d.X.cols, channels * PIXELS);
    for (int i = 0; i < d.X.rows; ++i) {
        int mirrored =
            d.X.vals[i][SIDE / 2 * SIDE] > d.X.vals[i][SIDE / 2 * SIDE + 4]; /* rows rise from left to right */
        ck_assert(close_to(d.y.vals[i][0], mirrored ? .75 : .25, 1e-5, 0));
        ck_assert_float_eq(d.y.vals[i][4], 1);
        count += mirrored;
    }
    if (flip) ck_assert_msg(count > 20 && count < 80, "%d of 100 mirrored", count);
    else ck_assert_int_eq(count, 0);
    free_data(d);
}
END_TEST

/* every loader: its type, and what it makes of one picture for a net of c channels */
static const struct {
    data_type type;
    const char *name;
    int planes; /* in units of c */
} loaders[] = {
    {CLASSIFICATION_DATA, "CLASSIFICATION_DATA", 1},
    {OLD_CLASSIFICATION_DATA, "OLD_CLASSIFICATION_DATA", 1},
    {DETECTION_DATA, "DETECTION_DATA", 1},
    {REGION_DATA, "REGION_DATA", 1},
    {REGRESSION_DATA, "REGRESSION_DATA", 1},
    {SEGMENTATION_DATA, "SEGMENTATION_DATA", 1},
    {INSTANCE_DATA, "INSTANCE_DATA", 1},
    {ISEG_DATA, "ISEG_DATA", 1},
    {TAG_DATA, "TAG_DATA", 1},
    {SUPER_DATA, "SUPER_DATA", 1},
    {WRITING_DATA, "WRITING_DATA", 1},
    {SWAG_DATA, "SWAG_DATA", 1},
    {COMPARE_DATA, "COMPARE_DATA", 2},
};
enum { LOADERS = COUNT_OF(loaders) };

static load_args arguments_of(data_type type)
{
    load_args a = classification(PICTURES);
    a.type = type;
    a.num_boxes = 3;
    a.jitter = 0;
    a.scale = 1;
    a.coords = type == INSTANCE_DATA ? 4 + 14 * 14 : 4;
    a.out_w = a.out_h = SIDE;
    if (type == COMPARE_DATA) a.paths = compared, a.m = 0;
    if (type == WRITING_DATA) a.paths = written;
    return a;
}

START_TEST(every_loader_gives_one_plane_or_three)
{
    int channels = _i % 2 ? 3 : 1;
    data d = {0};
    parse_net(channels, "flip=0\nhue=.1\nsaturation=1.5\nexposure=1.5\n");
    load_args a = arguments_of(loaders[_i / 2].type);
    a.d = &d;
    pthread_join(load_data_in_thread(a), 0); /* load_data() cannot join what SWAG_DATA gives */
    ck_assert_msg(d.X.cols == loaders[_i / 2].planes * channels * PIXELS, "%s: %d numbers", loaders[_i / 2].name,
                  d.X.cols);
    ck_assert_int_eq(d.X.rows, a.type == SWAG_DATA ? 1 : PICTURES);
    for (int i = 0; i < d.X.rows; ++i) {
        int different = 0;
        for (int j = 0; j < d.X.cols; ++j) {
            float x = d.X.vals[i][j];
            ck_assert_msg(x >= 0 && x <= 1, "%s: pixel %d of picture %d is %g", loaders[_i / 2].name, j, i, x);
            different += x != d.X.vals[i][0];
        }
        ck_assert_int_gt(different, PIXELS / 2);
    }
    if (a.type == SUPER_DATA) ck_assert_int_eq(d.y.cols, channels * PIXELS);
    free_data(d);
}
END_TEST

START_TEST(image_and_letterbox_loaders_give_one_plane_or_three)
{
    int channels = _i % 2 ? 3 : 1, letterbox = _i / 2;
    image im = {0}, resized = {0};
    parse_net(channels, "");
    load_args a = {.type = letterbox ? LETTERBOX_DATA : IMAGE_DATA, .path = paths[1], .w = 20, .h = 10};
    a.im = &im, a.resized = &resized;
    pthread_join(load_data_in_thread(a), 0);
    ck_assert_int_eq(im.c, channels);
    ck_assert_int_eq(resized.c, channels);
    ck_assert_int_eq(resized.w, 20);
    ck_assert_int_eq(resized.h, 10);
    for (int c = 0; c < channels && letterbox; ++c) {
        ck_assert_float_eq(resized.data[(c * 10 + 5) * 20], .5f); /* the grey bands left and right */
        ck_assert_float_eq(resized.data[(c * 10 + 5) * 20 + 19], .5f);
    }
    free_image(im), free_image(resized);
}
END_TEST

/* there is no hue or saturation in a grey picture: it stays as it is */
START_TEST(colour_jitter_leaves_grey_nets_alone_and_changes_colours)
{
    int channels = _i ? 3 : 1, changed = 0, mirrored;
    parse_net(channels, "flip=0\nhue=.2\nsaturation=2\nexposure=2\n");
    data d = loaded(classification(20));
    for (int i = 0; i < d.X.rows; ++i) changed += picture_of(d.X.vals[i], channels, &mirrored) < 0;
    if (channels == 1) ck_assert_int_eq(changed, 0);
    else ck_assert_int_gt(changed, 10);
    free_data(d);
}
END_TEST

START_TEST(the_next_cfg_sets_channels_and_flip_anew)
{
    parse_net(1, "flip=0\n");
    free_network(net);
    parse_net(3, "");
    ck_assert_int_eq(image_channels, 3);
    ck_assert_int_eq(image_flip, 1);
}
END_TEST

START_TEST(drawing_a_box_stays_inside_a_grey_picture)
{
    enum { GUARD = 2 * PIXELS };
    static float memory[PIXELS + GUARD];
    image im = {.w = SIDE, .h = SIDE, .c = 1, .data = memory};
    for (int i = 0; i < PIXELS + GUARD; ++i) memory[i] = (float)i;
    draw_box(im, 2, 2, 9, 9, 1, 1, 1);
    draw_box_width(im, 1, 3, 12, 14, 3, 1, 1, 1);
    rgbgr_image(im);
    for (int i = PIXELS; i < PIXELS + GUARD; ++i) ck_assert_float_eq(memory[i], (float)i);
}
END_TEST

static void write_list(const char *name, int n)
{
    char *list = in_folder(folder, name);
    FILE *fp = fopen(list, "w");
    ck_assert_ptr_nonnull(fp);
    for (int i = 0; i < n; ++i) fprintf(fp, "%s\n", paths[i % PICTURES]);
    fclose(fp);
    free(list);
}

/* `classifier train` for two batches with the given classes in the .data file and the given [net] keys */
static run_result train_classifier(int classes, const char *net_keys)
{
    write_list("train.list", 8);
    char *labels = in_folder(folder, "labels.list"), *cfg = in_folder(folder, "net.cfg");
    char *data_cfg = in_folder(folder, "set.data");
    char *text = vd_format("classes=%d\ntrain=%s/train.list\nvalid=%s/train.list\nlabels=%s\nbackup=%s\ntop=1\n",
                           classes, folder, folder, labels, folder);
    char *cfg_text = vd_format("[net]\nbatch=4\n%smax_batches=2\nlearning_rate=.01\n"
                               "[connected]\noutput=%d\nactivation=linear\n[softmax]\n",
                               net_keys, CLASSES);
    write_text(labels, "_even.\n_odd.\n_more.\n");
    write_text(data_cfg, text);
    write_text(cfg, cfg_text);
    run_result r = run((const char *const[]){"darknet", "classifier", "train", data_cfg, cfg, 0});
    free(labels), free(cfg), free(data_cfg), free(text), free(cfg_text);
    return r;
}

START_TEST(data_that_does_not_fit_the_net_ends_with_a_message_and_status_1)
{
    static const struct {
        int classes;
        const char *keys, *said;
    } bad[] = {
        /* the net has two outputs */
        {3, "width=16\nheight=16\nchannels=1\n", "check channels, width, height and classes"},
        /* three planes would be read */
        {2, "width=16\nheight=16\nchannels=2\n", "[net]: channels=2, but pictures of 'darknet classifier' have 1 or 3"},
    };
    run_result r = train_classifier(bad[_i].classes, bad[_i].keys);
    ck_assert_msg(r.status == 1, "status %d: %s", r.status, r.err);
    ck_assert_msg(!!strstr(r.err, bad[_i].said), "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(data_that_fits_trains)
{
    run_result r = train_classifier(2, _i ? "width=16\nheight=16\nchannels=3\nhue=.1\nexposure=1.5\n"
                                          : "width=16\nheight=16\nchannels=1\nhue=.1\nsaturation=2\nexposure=1.5\n");
    ck_assert_msg(r.status == 0, "status %d: %s", r.status, r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "\n2, "));
    free_run(r);
}
END_TEST

SUITE_OF(one_channel_pictures)
{
    EACH(setup, teardown);
    LOOP(load_image_color_gives_the_channels_of_the_net, 2);
    LOOP(classification_with_max_crop_and_without_flip_reads_the_very_bytes, 2);
    LOOP(classification_mirrors_half_the_pictures_unless_flip_is_0, 2);
    LOOP(detection_mirrors_pictures_with_their_boxes_unless_flip_is_0, 4);
    LOOP(every_loader_gives_one_plane_or_three, 2 * LOADERS);
    LOOP(image_and_letterbox_loaders_give_one_plane_or_three, 4);
    LOOP(colour_jitter_leaves_grey_nets_alone_and_changes_colours, 2);
    TEST(the_next_cfg_sets_channels_and_flip_anew);
    TEST(drawing_a_box_stays_inside_a_grey_picture);
    LOOP(data_that_does_not_fit_the_net_ends_with_a_message_and_status_1, 2);
    LOOP(data_that_fits_trains, 2);
}
