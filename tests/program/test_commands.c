/* Darknet's own commands on networks and pictures they were not tried with: each gives a right answer, or one line. */
#include "support/support.h"
#include "base/text.h"
#include "commands/dataset/png.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ONE_CLASSIFIER(net, filters)                                                                      \
    "[net]\nheight=32\nwidth=32\nchannels=1\nseed=3\n" net                                                \
    "\n[convolutional]\nfilters=8\nsize=2\nstride=2\nactivation=leaky\n[convolutional]\nfilters=" filters \
    "\nsize=1\nactivation=linear\n[avgpool]\n[softmax]\n"

/* brighter on the left side, or on the right */
static void draw(const char *path, int w, int h, int right)
{
    unsigned char *pixels = calloc(w, h);
    for (int i = 0; i < w * h; ++i) pixels[i] = (i % w >= w / 2) == right ? 220 : 20;
    vd_png_write(path, w, h, 1, pixels);
    free(pixels);
}

static void setup(void)
{
    enter_test_folder();
    ck_assert_int_eq(mkdir("data", 0700) | mkdir("backup", 0700), 0);
    draw("1left.png", 32, 32, 0), draw("2right.png", 40, 32, 1), draw("3left.png", 20, 90, 0);
    write_text("list", "1left.png\n2right.png\n3left.png\n");
    write_text("labels", "left\nright\n");
    write_text("c.data",
               "classes=2\ntrain=list\nvalid=list\ntest=list\nlabels=labels\nnames=labels\nbackup=backup\ntop=1\n");
    write_text("c.cfg", ONE_CLASSIFIER("batch=1", "2"));
    write_text("c8.cfg", ONE_CLASSIFIER("batch=8", "2"));
}

/* ---- classifiers ---- */

static const char *const valid_words[] = {"valid",     "validfull", "valid10", "validmulti", "validcrop",
                                          "fout list", "label",     "csv",     "test",       "predict"};

/* the batch of the cfg is that of a training; what a command predicts does not depend on it */
START_TEST(a_command_that_predicts_sets_its_own_batch)
{
    char *out[2];
    for (int i = 0; i < 2; ++i) {
        const char *cfg = i ? "c8.cfg" : "c.cfg", *word = valid_words[_i];
        run_result r = !strcmp(word, "fout list")
                           ? darknet(0, "classifier", "fout", "c.data", cfg, "", "list", NULL)
                           : darknet(0, "classifier", word, "c.data", cfg, "", "1left.png", NULL);
        char *from = strstr(r.out, "Loaded") ? strstr(r.out, "top 1") : r.out, *seconds = strstr(from, " seconds");
        out[i] = vd_format("%.*s", seconds ? 30 : (int)strlen(from), from);
        free_run(r);
    }
    ck_assert_int_gt(strlen(out[0]), 4);
    ck_assert_str_eq(out[0], out[1]);
    free(out[0]), free(out[1]);
}
END_TEST

START_TEST(a_picture_of_the_networks_size_is_freed_once)
{
    write_text("list", "1left.png\n");
    run_result r = darknet(0, "classifier", "validfull", "c.data", "c.cfg", NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "0: top 1: "));
    free_run(r);
}
END_TEST

/* more classes, names or best answers than the network has outputs */
START_TEST(more_answers_than_outputs_are_refused)
{
    static const struct {
        const char *word, *data, *said;
    } wrong[] = {
        {"fout", "classes=3\n", "c.data: classes=3, but the network has 2 outputs"},
        {"label", "classes=3\nnames=three\n", "c.data: classes=3, but the network has 2 outputs"},
        {"csv", "classes=2\ntop=3\n", "c.data: top=3, but the network has 2 outputs"},
        {"predict", "classes=2\ntop=3\n", "c.data: top=3, but the network has 2 outputs"},
    };
    char *data = vd_format("test=list\nvalid=list\nlabels=labels\n%s%s",
                           strstr(wrong[_i].data, "names") ? "" : "names=labels\n", wrong[_i].data);
    write_text("three", "a\nb\nc\n");
    write_text("c.data", data);
    run_result r = darknet(1, "classifier", wrong[_i].word, "c.data", "c.cfg", "", "list", NULL);
    ck_assert_msg(strstr(r.err, wrong[_i].said) != 0, "%s", r.err);
    free_run(r), free(data);
}
END_TEST

START_TEST(tag_shows_no_more_tags_than_there_are)
{
    write_text("data/tags.txt", "one\ntwo\n");
    run_result r = darknet(0, "tag", "test", "c8.cfg", "", "1left.png", NULL);
    ck_assert_int_eq(count_of(r.out, "%: "), 2);
    free_run(r);
    write_text("data/tags.txt", "one\n");
    r = darknet(1, "tag", "test", "c8.cfg", "", "1left.png", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "data/tags.txt: 1 lines for 2 classes"));
    free_run(r);
}
END_TEST

START_TEST(a_batch_that_does_not_divide_the_pictures_is_an_error)
{
    write_text("c.cfg", ONE_CLASSIFIER("batch=3\nmax_batches=1", "2"));
    ck_assert_int_eq(mkdir("tag", 0700), 0);
    write_text("tag/train.list", "1left.png\n");
    run_result r = darknet(1, "tag", "train", "c.cfg", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "c.cfg: batch=3 does not divide the 1024 images"));
    free_run(r);
}
END_TEST

/* ---- wider than high ---- */

#define WIDE(w, h)                                                                                                  \
    "[net]\nbatch=4\nheight=" #h "\nwidth=" #w "\nchannels=1\nseed=3\nflip=0\nmax_batches=60\nlearning_rate=0.05\n" \
    "max_crop=" #w "\n[connected]\noutput=2\nactivation=linear\n[softmax]\n"

START_TEST(a_rectangular_classifier_trains)
{
    static const char *const texts[] = {WIDE(24, 12), WIDE(12, 24), WIDE(16, 16)};
    write_text("r.cfg", texts[_i]);
    draw("1left.png", 48, 30, 0), draw("2right.png", 48, 30, 1), draw("3left.png", 48, 24, 0);
    free_run(darknet(0, "classifier", "train", "c.data", "r.cfg", NULL));
    for (int crop = 0; crop < 2; ++crop) {
        const char *word = crop ? "validcrop" : "valid", *said = crop ? "top 1: 1.000000" : "2: top 1: 1.000000";
        run_result r = darknet(0, "classifier", word, "c.data", "r.cfg", "backup/r.weights", NULL);
        ck_assert_msg(strstr(r.out, said) != 0, "%s: %s", word, r.out);
        free_run(r);
    }
    run_result r = darknet(0, "classifier", "label", "c.data", "r.cfg", "backup/r.weights", NULL);
    ck_assert_str_eq(r.out, "left\nright\nleft\n");
    free_run(r);
    r = darknet(0, "classifier", "predict", "c.data", "r.cfg", "backup/r.weights", "2right.png", NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "%: right"));
    free_run(r);
}
END_TEST

/* ---- text ---- */

static const char *const recurrent[] = {"rnn", "lstm", "gru"};

static char *text_cfg(const char *type, const char *batch)
{
    return vd_format("[net]\n%s\ninputs=256\nseed=9\n[%s]\noutput=16\nhidden=16\nbatch_normalize=1\n"
                     "[connected]\noutput=256\nactivation=leaky\n[softmax]\n",
                     batch, type);
}

/* what darknet rnn WORD CFG OPTIONS says to INPUT */
static char *say(const char *word, const char *cfg, const char *options, const char *input)
{
    const char *program = getenv("DARKNET");
    char *line = vd_format("printf '%s' | %s rnn %s %s %s >out 2>err", input, program, word, cfg, options);
    ck_assert_int_eq(system(line), 0);
    free(line);
    return text_in_folder("out");
}

/* the cfg a network was trained with has sequences; a command that predicts gets one symbol after the other */
START_TEST(rnn_predicts_with_the_cfg_it_was_trained_with)
{
    static const struct {
        const char *word, *options, *input;
    } commands[] = {{"generate", "-len 40 -srand 5 -seed abc", ""},
                    {"generatetactic", "-len 40 -srand 5", "abc"},
                    {"valid", "-seed abc", "hello you"},
                    {"validtactic", "-seed abc", "a>>bcd"},
                    {"vec", "-seed abc", "one\\ntwo\\n"}};
    char *one = text_cfg(recurrent[_i], "batch=1"), *many = text_cfg(recurrent[_i], "batch=8\ntime_steps=16");
    write_text("one.cfg", one), write_text("many.cfg", many);
    for (int i = 0; i < COUNT_OF(commands); ++i) {
        char *a = say(commands[i].word, "one.cfg", commands[i].options, commands[i].input);
        char *b = say(commands[i].word, "many.cfg", commands[i].options, commands[i].input);
        ck_assert_int_gt(strlen(a), 10);
        ck_assert_str_eq(a, b);
        free(a), free(b);
    }
    free(one), free(many);
}
END_TEST

START_TEST(generatetactic_needs_text)
{
    char *one = text_cfg("rnn", "batch=1");
    write_text("one.cfg", one);
    char *line = vd_format("%s rnn generatetactic one.cfg </dev/null >out 2>err", getenv("DARKNET"));
    ck_assert_int_eq(system(line), 1 << 8);
    free(line), free(one);
    char *err = text_in_folder("err");
    ck_assert_ptr_nonnull(strstr(err, "expected text on standard input"));
    free(err);
}
END_TEST

START_TEST(rnn_needs_text_to_train_on)
{
    char *one = text_cfg("rnn", "batch=1");
    write_text("one.cfg", one);
    run_result r = darknet(1, "rnn", "train", "one.cfg", "-file", "/dev/null", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "/dev/null: empty: expected text to train on\n"));
    free_run(r);
    free(one);
}
END_TEST

START_TEST(a_recurrent_network_that_has_taken_one_image_takes_sequences_again)
{
    char *many = text_cfg(recurrent[_i], "batch=4\ntime_steps=8");
    network *net = network_of(many, 0);
    float *x = calloc(32 * 256, sizeof(float));
    set_batch_network(net, 1);
    set_batch_network(net, 32);
    ck_assert_int_eq(net->layers[0].steps, 8);
    ck_assert_int_eq(net->layers[0].batch, 4);
    network_predict(net, x);
    free(x), free(many);
    free_network(net);
}
END_TEST

/* ---- weights of other forms ---- */

/* batch normalisation folded in, and put in again: a convolution, a connected layer and what is inside a [gru] */
#define TWINS(norm)                                                                     \
    "[net]\nbatch=1\nheight=4\nwidth=4\nchannels=2\ntime_steps=1\nbn_eps=alexeyab\n"    \
    "[convolutional]\nfilters=3\nsize=3\nbatch_normalize=" norm "\nactivation=linear\n" \
    "[gru]\noutput=6\nbatch_normalize=" norm "\n[connected]\noutput=8\nbatch_normalize=" norm "\nactivation=linear\n"

static void predict_into(const char *cfg, const char *weights, float y[8])
{
    float x[32];
    network *net = load_network((char *)cfg, (char *)weights, 0);
    for (int i = 0; i < 32; ++i) x[i] = (float)(i * 7 % 11) / 11;
    memcpy(y, network_predict(net, x), 8 * sizeof(float));
    free_network(net);
}

/* scales and statistics as after a training; normalize has put in 1, 0 and 1 */
static void set_statistics(layer l, unsigned seed)
{
    int n = l.type == CONVOLUTIONAL ? l.n : l.outputs;
    fill_random(l.scales, n, seed), fill_random(l.rolling_mean, n, seed + 1);
    fill_random(l.rolling_variance, n, seed + 2);
    for (int i = 0; i < n; ++i) {
        l.scales[i] = 1 + .5f * l.scales[i];
        l.rolling_variance[i] = fabsf(l.rolling_variance[i]) + .3f;
    }
}

static void set_all_statistics(const char *cfg, const char *weights)
{
    network *net = load_network((char *)cfg, (char *)weights, 0);
    layer gru = net->layers[1];
    const layer parts[] = {net->layers[0], *gru.uz, *gru.ur, *gru.uh, *gru.wz, *gru.wr, *gru.wh, net->layers[2]};
    for (int i = 0; i < COUNT_OF(parts); ++i) set_statistics(parts[i], 10 * (unsigned)i + 1);
    save_weights(net, (char *)weights);
    free_network(net);
}

START_TEST(folding_batch_normalisation_and_putting_it_in_changes_no_answer)
{
    float with[8], without[8], again[8];
    write_text("n.cfg", TWINS("1"));
    write_text("f.cfg", TWINS("0"));
    network *net = parse_network_cfg("f.cfg");
    save_weights(net, "f.w");
    free_network(net);
    free_run(darknet(0, "normalize", "f.cfg", "f.w", "n.w", NULL));
    set_all_statistics("n.cfg", "n.w");
    free_run(darknet(0, "reset", "n.cfg", "n.w", "r.w", NULL));
    free_run(darknet(0, "statistics", "n.cfg", "n.w", NULL));
    free_run(darknet(0, "denormalize", "n.cfg", "n.w", "f.w", NULL));
    predict_into("n.cfg", "n.w", with);
    predict_into("f.cfg", "f.w", without);
    free_run(darknet(0, "normalize", "f.cfg", "f.w", "a.w", NULL));
    predict_into("n.cfg", "a.w", again);
    for (int i = 0; i < 8; ++i) {
        ck_assert(close_to(without[i], with[i], 1e-4, 1e-5));
        ck_assert(close_to(again[i], with[i], 1e-3, 1e-4));
    }
}
END_TEST

START_TEST(oneoff_is_for_one_network)
{
    run_result r = darknet(1, "oneoff", "c.cfg", "absent.weights", "o.w", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "c.cfg: oneoff is for a network whose last convolution"));
    free_run(r);
}
END_TEST

START_TEST(the_cfg_is_not_overwritten)
{
    run_result r = darknet(1, "partial", "c.cfg", "absent.weights", "./c.cfg", "0", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "./c.cfg: would overwrite the cfg: choose another name for OUT"));
    free_run(r);
}
END_TEST

/* ---- what it runs in ---- */

/* the first file that is opened must not take the place of standard error */
START_TEST(a_closed_stream_is_not_the_next_file)
{
    network *net = parse_network_cfg("c.cfg");
    save_weights(net, "c.w");
    char *line = vd_format("%s vd export c.cfg c.w o 2>&- >out", getenv("DARKNET"));
    ck_assert_int_eq(system(line), 0);
    size_t n;
    char *bytes = read_bytes("c.w", &n);
    expect_file("o.weights", bytes, n);
    free(bytes), free(line);
    free_network(net);
}
END_TEST

START_TEST(a_signal_leaves_no_temporary_file)
{
    static const char *const signals[] = {"TERM", "HUP", "INT"};
    char *line = vd_format("env --default-signal=INT timeout -s %s .3 %s vd dataset digits dd -train 100000 >out 2>&1; "
                           "test $? = 124 && test -d dd/train && ! ls dd/train | grep -q tmp",
                           signals[_i], getenv("DARKNET"));
    ck_assert_int_eq(system(line), 0);
    free(line);
}
END_TEST

/* ---- training ---- */

START_TEST(gpus_change_nothing_here)
{
    write_text("t.cfg", ONE_CLASSIFIER("batch=2\nmax_batches=6\nlearning_rate=0.01", "2"));
    run_result r = darknet(0, "classifier", "train", "c.data", "t.cfg", NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "Learning Rate: 0.01,"));
    ck_assert_ptr_null(strstr(r.err, "-gpus"));
    free_run(r);
    size_t n;
    char *expected = read_bytes("backup/t.weights", &n);
    static const char *const lists[] = {"0,1", "0", "1,2,3", "x"};
    for (int i = 0; i < COUNT_OF(lists); ++i) {
        r = darknet(0, "classifier", "train", "c.data", "t.cfg", "-gpus", lists[i], NULL);
        ck_assert_msg(strstr(r.err, "left out, as this program is built without CUDA") != 0, "%s", r.err);
        ck_assert_ptr_nonnull(strstr(r.out, "Learning Rate: 0.01,"));
        expect_file("backup/t.weights", expected, n);
        free_run(r);
    }
    free(expected);
    free_run(darknet(1, "classifier", "train", "c.data", "t.cfg", "-gpus", "0,1", "-strict", NULL));
}
END_TEST

/* the label of a folder is every picture's: accuracy 1 says nothing */
START_TEST(a_label_in_a_folders_name_is_reported)
{
    static const char said[] = "right-or-wrong/1.png: the label right is in the name of a folder";
    ck_assert_int_eq(mkdir("right-or-wrong", 0700) | mkdir("left", 0700), 0);
    draw("right-or-wrong/1.png", 32, 32, 0), draw("left/left2.png", 32, 32, 0);
    write_text("list", "left/left2.png\nright-or-wrong/1.png\n");
    write_text("t.cfg", ONE_CLASSIFIER("batch=2\nmax_batches=6", "2"));
    for (int train = 0; train < 2; ++train) {
        const char *word = train ? "train" : "valid";
        run_result r = darknet(0, "classifier", word, "c.data", "t.cfg", NULL);
        ck_assert_int_eq(count_of(r.err, said), 1);
        free_run(r);
        free_run(darknet(1, "classifier", word, "c.data", "t.cfg", "-strict", NULL));
    }
    /* a slash says that it is meant */
    write_text("list", "left/left2.png\nright-or-wrong/1.png\n");
    write_text("labels", "left2\nright-or-wrong/\n");
    free_run(darknet(0, "classifier", "valid", "c.data", "t.cfg", "-strict", NULL));
}
END_TEST

/* ---- masks ---- */

static const struct {
    const char *mask, *said; /* null: it trains */
} masks[] = {
    {"0 0,128,128\n", 0},
    {"0 0,256\n0 256\n", 0},
    {"0 0,256\n1 0,256\n", "mask/a.txt: an object of class 1, but the network has 1 classes"},
    {"-1 0,256\n", "mask/a.txt: an object of class -1, but the network has 1 classes"},
    {"0 0,257\n", "mask/a.txt: a mask has more than the 16x16 pixels of its picture"},
};

#define TWO_MAPS                                                                                         \
    "[net]\nbatch=1\nwidth=16\nheight=16\nchannels=1\nmax_batches=2\nlearning_rate=0.001\nmax_crop=16\n" \
    "min_crop=16\nseed=3\n[convolutional]\nfilters=2\nactivation=linear\n"

/* one picture with its masks, and a network of two maps */
static void write_masks(const char *mask, const char *cfg)
{
    ck_assert_int_eq(mkdir("images", 0700) | mkdir("mask", 0700), 0);
    draw("images/a.jpg", 16, 16, 0);
    write_text("mask/a.txt", mask);
    write_text("list", "images/a.jpg\n");
    write_text("s.cfg", cfg);
}

START_TEST(masks_fit_the_network)
{
    write_masks(masks[_i].mask, TWO_MAPS "[iseg]\nclasses=1\nids=1\n");
    run_result r = darknet(masks[_i].said != 0, "isegmenter", "train", "c.data", "s.cfg", NULL);
    ck_assert_msg(!masks[_i].said || strstr(r.err, masks[_i].said), "%s", r.err);
    free_run(r);
}
END_TEST

/* of as many classes as the network has maps */
START_TEST(a_segmenter_of_two_classes_trains)
{
    write_masks("0 0,128\n1 128,128\n", TWO_MAPS "[logistic]\n");
    free_run(darknet(0, "segmenter", "train", "c.data", "s.cfg", NULL));
    write_text("mask/a.txt", "2 0,128\n");
    run_result r = darknet(1, "segmenter", "train", "c.data", "s.cfg", NULL);
    ck_assert_msg(strstr(r.err, "mask/a.txt: an object of class 2, but the network has 2 classes") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

static const struct {
    const char *command, *head;
} trains_on_folders[] = {
    {"isegmenter", "[iseg]\nclasses=1\nids=1\n"},
    {"segmenter", "[logistic]\n"},
    {"regressor", "[connected]\noutput=2\n[cost]\n"},
};

/* its rate would be infinite, which was reported as weights that are not finite */
START_TEST(a_rate_that_falls_to_0_at_the_end_needs_one)
{
    write_masks("0 0,128\n", "");
    write_text("images/a.txt", ".5 .25\n");
    char *cfg = vd_format("%s%s",
                          "[net]\nbatch=1\nwidth=16\nheight=16\nchannels=1\npolicy=poly\n"
                          "[convolutional]\nfilters=2\nactivation=linear\n",
                          trains_on_folders[_i].head);
    write_text("s.cfg", cfg);
    run_result r = darknet(1, trains_on_folders[_i].command, "train", "c.data", "s.cfg", NULL);
    ck_assert_msg(strstr(r.err, "s.cfg: [net]: policy=poly needs max_batches") != 0, "%s", r.err);
    free_run(r);
    free(cfg);
}
END_TEST

/* of more than 255 bytes with the names of the weights */
START_TEST(the_path_of_a_backup_folder_may_be_long)
{
    char name[101] = "", *path, *data;
    memset(name, 'd', sizeof(name) - 1);
    path = vd_format("%s/%s/%s", name, name, name);
    for (size_t i = 0, n = sizeof(name) - 1; i < 3; ++i, n += sizeof(name)) {
        char *folder = vd_format("%.*s", (int)n, path);
        ck_assert_int_eq(mkdir(folder, 0700), 0);
        free(folder);
    }
    data = vd_format("train=list\nclasses=2\nbackup=%s\n", path);
    write_masks("0 0,128\n", "");
    write_text("images/a.txt", ".5 .25\n");
    char *cfg = vd_format("%s%s", TWO_MAPS, trains_on_folders[_i].head);
    write_text("s.cfg", cfg);
    write_text("long.data", data);
    free_run(darknet(0, trains_on_folders[_i].command, "train", "long.data", "s.cfg", NULL));
    ck_assert_int_gt(files_in(path, "s"), 1);
    free(path), free(data), free(cfg);
}
END_TEST

/* ---- the first detectors ---- */

START_TEST(coco_and_yolo_take_few_pictures_and_classes)
{
    ck_assert_int_eq(mkdir("results", 0700) | mkdir("data/voc", 0700), 0);
    draw("139.png", 32, 32, 0);
    write_text("data/coco_val_5k.list", "139.png\n");
    write_text("data/voc/2007_test.txt", "139.png\n");
    write_text("d.cfg", "[net]\nbatch=4\nwidth=16\nheight=16\nchannels=1\nseed=3\n[connected]\noutput=63\n"
                        "[detection]\nclasses=2\ncoords=4\nside=3\nnum=1\n");
    static const char *const commands[] = {"coco", "yolo"};
    free_run(darknet(0, commands[_i], "valid", "d.cfg", NULL));
    free_run(darknet(0, commands[_i], "test", "d.cfg", "", "139.png", NULL));
    if (_i) return;
    char *text = text_in_folder("results/coco_results.json");
    ck_assert_ptr_nonnull(strstr(text, "\n]\n"));
    free(text);
    write_text("data/coco_val_5k.list", "1left.png\n");
    free_run(darknet(1, "coco", "valid", "d.cfg", NULL));
}
END_TEST

SUITE_OF(commands)
{
    EACH(setup, leave_test_folder);
    LOOP(a_command_that_predicts_sets_its_own_batch, COUNT_OF(valid_words));
    TEST(a_picture_of_the_networks_size_is_freed_once);
    LOOP(more_answers_than_outputs_are_refused, 4);
    TEST(tag_shows_no_more_tags_than_there_are);
    TEST(a_batch_that_does_not_divide_the_pictures_is_an_error);
    LOOP(a_rectangular_classifier_trains, 3);
    LOOP(rnn_predicts_with_the_cfg_it_was_trained_with, COUNT_OF(recurrent));
    LOOP(a_recurrent_network_that_has_taken_one_image_takes_sequences_again, COUNT_OF(recurrent));
    TEST(rnn_needs_text_to_train_on);
    TEST(generatetactic_needs_text);
    TEST(folding_batch_normalisation_and_putting_it_in_changes_no_answer);
    TEST(oneoff_is_for_one_network);
    TEST(the_cfg_is_not_overwritten);
    TEST(a_closed_stream_is_not_the_next_file);
    LOOP(a_signal_leaves_no_temporary_file, 3);
    TEST(gpus_change_nothing_here);
    TEST(a_label_in_a_folders_name_is_reported);
    LOOP(masks_fit_the_network, COUNT_OF(masks));
    TEST(a_segmenter_of_two_classes_trains);
    LOOP(a_rate_that_falls_to_0_at_the_end_needs_one, COUNT_OF(trains_on_folders));
    LOOP(the_path_of_a_backup_folder_may_be_long, COUNT_OF(trains_on_folders));
    LOOP(coco_and_yolo_take_few_pictures_and_classes, 2);
}
