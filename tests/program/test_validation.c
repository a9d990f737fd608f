/* validate= and patience= of a .data file, <base>_best.weights and <base>_last.weights: what they measure, and that the
 * training they belong to does not notice. */
#include "support/digits.h"
#include "support/drawings.h"
#include "support/faulty_run.h"
#include "base/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- data: digits for a classifier, drawings for a detector ---- */

static char *data_with_keys; /* a .data file of the test's own */

static void setup(void)
{
    make_digits(60, 20);
    draw_pictures(folder);
    data_with_keys = in_folder(folder, "own.data");
}

static void teardown(void)
{
    remove_digits();
    free(data_with_keys);
}

/* own.data: the lines of another one, and more */
static void write_data(const char *of, const char *keys)
{
    size_t n;
    char *path = in_folder(folder, of), *text = read_bytes(path, &n), *longer = vd_format("%s%s", text, keys);
    write_text(data_with_keys, longer);
    free(path), free(text), free(longer);
}

#define NET \
    "[net]\nbatch=10\nheight=28\nwidth=28\nchannels=1\nflip=0\nangle=5\nmax_crop=32\nlearning_rate=.01\nadam=1\n"
#define LAYERS(vd, between)                                                                                    \
    "[" vd "convolutional]\nfilters=4\nsize=5\nstride=2\nbatch_normalize=1\nactivation=leaky\n" between "[" vd \
    "convolutional]\nfilters=10\nsize=3\nactivation=linear\n[avgpool]\n[softmax]\n"
#define DROPOUT "[dropout]\nprobability=.3\n"
#define HEAD                                                                                                  \
    "[yolo]\nmask=0,1\nanchors=16,16, 20,24\nclasses=2\nnum=2\njitter=.1\nignore_thresh=.6\ntruth_thresh=1\n" \
    "random=1\n"
#define DETECTOR(vd)                                                                                        \
    "[net]\nbatch=4\nsubdivisions=2\nwidth=64\nheight=64\nchannels=3\nlearning_rate=.001\nadam=1\nseed=1\n" \
    "max_batches=24\n[" vd "convolutional]\nfilters=8\nsize=3\nstride=4\npad=1\nbatch_normalize=1\n"        \
    "activation=leaky\n[maxpool]\nsize=2\nstride=2\n[" vd                                                   \
    "convolutional]\nfilters=14\nsize=1\nstride=1\nactivation=linear\n" HEAD

static const struct {
    const char *command, *data, *final, *cfg;
} trainings[] = {
    {"classifier", "digits/digits.data", "digits/backup/net.weights",
     NET "seed=1\nmax_batches=24\nrandom=1\n" LAYERS("", "")},
    {"classifier", "digits/digits.data", "digits/backup/net.weights",
     NET "seed=1\nmax_batches=24\n" LAYERS("vd_", DROPOUT) "[vd_cost]\nsamples=60\nkl_ramp=10\n"},
    {"detector", "set.data", "net_final.weights", DETECTOR("")},
    {"detector", "set.data", "net_final.weights", DETECTOR("vd_") "[vd_cost]\nsamples=24\nkl_ramp=10\n"},
};

static char *write_cfg(const char *text)
{
    char *path = in_folder(folder, "net.cfg");
    write_text(path, text);
    return path;
}

/* both files have the same bytes */
static void expect_same(const char *a, const char *b)
{
    size_t n;
    char *path = in_folder(folder, a), *first = read_bytes(path, &n), *other = in_folder(folder, b);
    ck_assert_msg(first != 0, "%s is missing", path);
    expect_file(other, first, n);
    free(path), free(first), free(other);
}

static void keep(const char *from, const char *to)
{
    char *a = in_folder(folder, from), *b = in_folder(folder, to);
    ck_assert_msg(!rename(a, b), "%s is missing", a);
    free(a), free(b);
}

static void drop(const char *name)
{
    char *path = in_folder(folder, name);
    unlink(path);
    free(path);
}

/* the number behind `before` in the i-th validation line, from 0, that has it */
static double number_in(const char *err, const char *before, int i)
{
    const char *at = err - 1;
    do at = strstr(at + 1, before);
    while (at && i--);
    ck_assert_msg(at != 0, "no '%s' in %s", before, err);
    return strtod(at + strlen(before), 0);
}

static void dies(run_result r, const char *why)
{
    const char *said = strstr(r.err, why);
    ck_assert_msg(said && strchr(said, '\n') == r.err + strlen(r.err) - 1, "'%s' is not the last line of\n%s", why,
                  r.err);
    free_run(r);
}

/* ---- tests ---- */

START_TEST(a_training_that_validates_ends_with_the_bytes_of_one_that_does_not)
{
    char *cfg = write_cfg(trainings[_i].cfg);
    write_data(trainings[_i].data, "");
    setenv("DARKNET_THREADS", "1", 1);
    free_run(darknet(0, trainings[_i].command, "train", data_with_keys, cfg, NULL));
    keep(trainings[_i].final, "before");
    write_data(trainings[_i].data, "validate=2\n");
    setenv("DARKNET_THREADS", "3", 1);
    run_result r = darknet(0, trainings[_i].command, "train", data_with_keys, cfg, NULL);
    ck_assert_msg(count_of(r.err, ", best ") == 2, "%s", r.err); /* 4 epochs */
    expect_same("before", trainings[_i].final);
    free_run(r);
    free(cfg);
}
END_TEST

START_TEST(the_best_weights_are_those_of_the_best_line_and_valid_measures_the_same)
{
    char *cfg = write_cfg(trainings[1].cfg), *best = backup("net_best.weights");
    write_data(trainings[1].data, "validate=1\n");
    run_result r = darknet(0, "classifier", "train", data_with_keys, cfg, NULL);
    double errors[4], least = 101;
    int at = 0;
    for (int i = 0; i < 4; ++i) {
        errors[i] = number_in(r.err, ": error ", i);
        if (errors[i] < least) least = errors[i], at = i;
        ck_assert_double_eq(number_in(r.err, ", best ", i), least);
    }
    ck_assert_double_eq(number_in(r.err, " % at batch ", 3), 6 * (at + 1));
    char *numbered = vd_format("digits/backup/net_%d.weights", at + 1);
    expect_same(numbered, "digits/backup/net_best.weights");
    expect_same("digits/backup/net.weights", "digits/backup/net_last.weights");
    free_run(r);
    r = darknet(0, "classifier", "valid", data_with_keys, cfg, best, NULL);
    ck_assert_double_eq_tol(100 * (1 - number_in(r.out, "\n19: top 1: ", 0)), least, 5e-3);
    free_run(r);
    free(numbered), free(best), free(cfg);
}
END_TEST

/* they are of the weights that the training begins with; its own files are whole */
START_TEST(keys_of_loading_do_not_change_what_is_measured)
{
    static const char *const keys[] = {"", "dontload=1\n", "dontloadscales=1\n", "numload=2\n", "flipped=1\n"};
    static const char first[] = "[convolutional]\n", layers[] = LAYERS("", "");
    double errors[4];
    write_data(trainings[0].data, "validate=1\n");
    for (int k = 0; k < COUNT_OF(keys); ++k) {
        char *text = vd_format(NET "seed=1\nmax_batches=24\n%s%s%s", first, keys[k], layers + strlen(first));
        char *cfg = write_cfg(text);
        run_result r = darknet(0, "classifier", "train", data_with_keys, cfg, NULL);
        for (int i = 0; i < 4; ++i) {
            double error = number_in(r.err, ": error ", i);
            if (!k) errors[i] = error;
            ck_assert_double_eq(error, errors[i]);
        }
        free_run(r), free(cfg), free(text);
    }
    char *cfg = write_cfg(NET "max_batches=24\n[convolutional]\ndontsave=1\nfilters=10\n[avgpool]\n[softmax]\n");
    dies(darknet(1, "classifier", "train", data_with_keys, cfg, NULL), "net.cfg: layer 0 has dontsave=1");
    free(cfg);
}
END_TEST

START_TEST(a_detector_is_measured_as_map_measures_it)
{
    char *cfg = write_cfg(trainings[3].cfg), *best = in_folder(folder, "net_best.weights");
    write_data(trainings[3].data, "");
    run_result r =
        darknet(0, "detector", "train", data_with_keys, cfg, "-map", "-iou_thresh", ".1", "-dont_show", NULL);
    ck_assert_msg(count_of(r.err, ": mAP@0.10 ") == 4, "%s", r.err);
    double map = number_in(r.err, ", best ", 3);
    free_run(r);
    r = darknet(0, "detector", "map", data_with_keys, cfg, best, "-iou_thresh", ".1", NULL);
    ck_assert_double_eq(number_in(r.out, "mAP@0.10 ", 0), map);
    free_run(r);
    r = darknet(0, "detector", "train", data_with_keys, cfg, "-map", "-mAP_epochs", "3", NULL);
    ck_assert_msg(count_of(r.err, ": mAP@0.50 ") == 2, "%s", r.err); /* after 3 epochs, and at the end */
    free_run(r);
    free(best), free(cfg);
}
END_TEST

#define STANDS_STILL_FOR(batches)                                                                                    \
    "batch=10\nheight=28\nwidth=28\nchannels=1\nflip=0\nmax_crop=28\nlearning_rate=0\nseed=1\nmax_batches=" #batches \
    "\n" LAYERS("", "")
#define STANDS_STILL "[net]\n" STANDS_STILL_FOR(60)

START_TEST(patience_ends_a_training_that_gets_no_better_and_a_resumed_one_ends_at_once)
{
    char *cfg = write_cfg(STANDS_STILL);
    write_data("digits/digits.data", "validate=1\npatience=2\n");
    run_result r = darknet(0, "classifier", "train", data_with_keys, cfg, NULL);
    /* without a rate no error is ever better than the first one, but the statistics of the batches do change it */
    int lines = count_of(r.err, ", best ");
    const char *last = strstr(r.err, " ends by patience=2: no validation was better than that of batch ");
    ck_assert_msg(last && lines < 10 && lines >= 3, "%s", r.err);
    expect_same("digits/backup/net.weights", "digits/backup/net_last.weights");
    free_run(r);
    char *keeps = vd_format("%s", strstr(STANDS_STILL, "\n") + 1), *text = vd_format("[net]\ncheckpoint=6\n%s", keeps);
    write_text(cfg, text);
    free_run(darknet(0, "classifier", "train", data_with_keys, cfg, NULL));
    r = darknet(0, "classifier", "train", data_with_keys, cfg, "-resume", NULL);
    ck_assert_msg(strstr(r.err, "resumed after batch") && strstr(r.err, " ends by patience=2: "), "%s", r.err);
    ck_assert_msg(!strstr(r.err, ", best ") && !strstr(r.out, "Loaded:"), "%s", r.err);
    free_run(r);
    free(keeps), free(text), free(cfg);
}
END_TEST

/* at 80 % of the batches the share asked for is frozen: worse validations before that do not count */
START_TEST(patience_counts_once_target_sparsity_has_its_share)
{
    char *cfg = write_cfg(STANDS_STILL), *size = 0,
         *text = vd_format("[net]\nbatch=10\nheight=28\nwidth=28\nchannels=1\nmax_crop=28\nlearning_rate=0\nseed=1\n"
                           "max_batches=60\n%s[vd_cost]\nsamples=60\ntarget_sparsity=.5\n",
                           LAYERS("vd_", ""));
    write_text(cfg, text);
    write_data("digits/digits.data", "validate=1\npatience=1\n");
    run_result r = darknet(0, "classifier", "train", data_with_keys, cfg, NULL);
    char *end = strstr(r.err, ": ends by patience=1: ");
    ck_assert_msg(end != 0, "%s", r.err);
    *end = 0;
    ck_assert_msg(strtol(strrchr(r.err, ' ') + 1, &size, 10) >= 48, "%s", r.err);
    free_run(r);
    free(text), free(cfg);
}
END_TEST

/* fewer weights make more errors: the best weights of all would be some from before the pruning. From batch 120 + .8 of
 * 120 on the share asked for is frozen */
START_TEST(the_best_weights_are_among_those_that_meet_the_target)
{
    char *cfg = write_cfg(NET "seed=1\nmax_batches=240\n" LAYERS(
             "vd_", "") "[vd_cost]\nsamples=60\nkl_scale=.01\nkl_start=120\ntarget_sparsity=.97\n"),
         *best = backup("net_best.weights");
    write_data("digits/digits.data", "validate=2\n");
    run_result r = darknet(0, "classifier", "train", data_with_keys, cfg, NULL);
    const char *last = strstr(r.err, ": error ");
    for (const char *at = last; at; at = strstr(at + 1, ": error ")) last = at;
    ck_assert_msg(last && strstr(r.err, " % at batch 12, before its target\n"), "%s", r.err);
    ck_assert_msg(!strstr(last, "before its target"), "%s", last);
    ck_assert_double_ge(number_in(last, " % at batch ", 0), 216);
    ck_assert_double_gt(number_in(last, ", best ", 0), number_in(r.err, ", best ", 8));
    free_run(r);
    r = darknet(0, "vd", "report", cfg, best, "-json", NULL);
    ck_assert_double_eq_tol(number_in(r.out, "],\"weights\":460,\"nonzero\":", 0), 14, 2.3); /* half a point of 460 */
    free_run(r);
    free(best), free(cfg);
}
END_TEST

/* the lines of validations, one after another; the caller's to free */
static char *lines_of(const char *err)
{
    char *all = vd_format("%s", "");
    for (const char *at = err, *end; at && (end = strchr(at, '\n')); at = end + 1) {
        char *line = vd_format("%.*s\n", (int)(end - at), at);
        if (strstr(line, ", best ")) {
            char *longer = vd_format("%s%s", all, line);
            free(all);
            all = longer;
        }
        free(line);
    }
    return all;
}

START_TEST(a_stopped_and_resumed_training_has_the_same_best_weights)
{
    char *cfg = write_cfg(trainings[_i].cfg);
    write_data(trainings[_i].data, "validate=1\n");
    const char *best = _i < 2 ? "digits/backup/net_best.weights" : "net_best.weights";
    run_result whole = darknet(0, trainings[_i].command, "train", data_with_keys, cfg, NULL);
    keep(best, "best"), keep(trainings[_i].final, "final");
    const char *const argv[] = {"darknet", trainings[_i].command, "train", data_with_keys, cfg, "-resume", 0};
    run_result first = run_until(argv, "13", SIGINT);
    ck_assert_int_eq(first.status, 128 + SIGINT);
    run_result rest = run(argv);
    ck_assert_msg(rest.status == 0, "%s", rest.err);
    expect_same("best", best), expect_same("final", trainings[_i].final);
    char *one = lines_of(whole.err), *a = lines_of(first.err), *b = lines_of(rest.err), *both = vd_format("%s%s", a, b);
    ck_assert_str_eq(one, both);
    free(one), free(a), free(b), free(both);
    free_run(whole), free_run(first), free_run(rest);
    free(cfg);
}
END_TEST

/* the first picture goes to the end, in a folder by another path: the same pictures; or it is left out */
static void change_list(const char *list, int leaves_out)
{
    char *text = text_in_folder(list), *path = in_folder(folder, list), *rest = strchr(text, '\n') + 1;
    char *name = strstr(text, "/test/");
    ck_assert(name && name < rest);
    char *turned = vd_format("%s%.*s/.%.*s", rest, (int)(name - text), text, (int)(rest - name), name);
    write_text(path, leaves_out ? rest : turned);
    free(text), free(path), free(turned);
}

START_TEST(a_result_on_other_pictures_is_no_longer_the_best)
{
    static const struct {
        const char *cfg;
        int is_other;
        const char *best;
    } parts[] = {{"[net]\ncheckpoint=6\n" STANDS_STILL_FOR(12), 0, "at batch 6\n"},
                 {"[net]\ncheckpoint=6\n" STANDS_STILL_FOR(18), 1, "at batch 18\n"},
                 {"[net]\ncheckpoint=6\n" STANDS_STILL_FOR(24), 1, "at batch 24\n"}};
    char *cfg = write_cfg("[net]\ncheckpoint=6\n" STANDS_STILL_FOR(6));
    write_data("digits/digits.data", "validate=1\n");
    free_run(darknet(0, "classifier", "train", data_with_keys, cfg, NULL));
    for (int i = 0; i < COUNT_OF(parts); ++i) {
        change_list("digits/test.list", parts[i].is_other);
        write_text(cfg, parts[i].cfg);
        run_result r = darknet(0, "classifier", "train", data_with_keys, cfg, "-resume", NULL);
        ck_assert_msg(count_of(r.err, "was on other pictures than those of valid=") == parts[i].is_other, "%s", r.err);
        ck_assert_msg(strstr(r.err, parts[i].best) != 0, "no \"%s\": %s", parts[i].best, r.err);
        free_run(r);
    }
    free(cfg);
}
END_TEST

START_TEST(last_weights_follow_savelast_and_numbered_ones_saveweights)
{
    char *cfg = write_cfg(trainings[2].cfg);
    write_data("set.data", "savelast=7\nsaveweights=9\n");
    run_result r = darknet(0, "detector", "train", data_with_keys, cfg, NULL);
    ck_assert_int_eq(count_of(r.err, "net_last.weights\n"), 4); /* 7, 14, 21, and 24: the end */
    ck_assert_int_eq(count_of(r.err, "net_9.weights\n"), 1);
    ck_assert_int_eq(count_of(r.err, "net_18.weights\n"), 1);
    expect_same("net_final.weights", "net_last.weights");
    free_run(r);
    drop("net_last.weights");
    write_data("set.data", "savelast=0\n");
    r = darknet(0, "detector", "train", data_with_keys, cfg, NULL);
    ck_assert_int_eq(count_of(r.err, "_last"), 0);
    free_run(r);
    free(cfg);
}
END_TEST

/* files of batches and of epochs */
START_TEST(numbers_of_weights_that_meet_are_said)
{
    char *cfg = write_cfg(trainings[0].cfg);
    write_data("digits/digits.data", "saveweights=2\n");
    run_result r = darknet(0, "classifier", "train", data_with_keys, cfg, NULL);
    ck_assert_int_eq(count_of(r.err, "saveweights=2: classifier train numbers weights by epochs, too"), 1);
    free_run(r);
    write_data("digits/digits.data", "saveweights=100\n");
    free_run(darknet(0, "classifier", "train", data_with_keys, cfg, "-strict", NULL));
    free(cfg);
    cfg = write_cfg(trainings[2].cfg); /* a detector counts batches alone */
    write_data("set.data", "saveweights=2\n");
    free_run(darknet(0, "detector", "train", data_with_keys, cfg, "-strict", NULL));
    free(cfg);
}
END_TEST

START_TEST(topk_tells_the_error_of_the_first_five)
{
    char *cfg = write_cfg(trainings[0].cfg);
    write_data("digits/digits.data", "");
    char *text = text_in_folder("own.data"), *top = strstr(text, "top=1\n");
    ck_assert_ptr_nonnull(top);
    memset(top, '\n', strlen("top=1"));
    write_text(data_with_keys, text);
    run_result r =
        darknet(0, "classifier", "train", data_with_keys, cfg, "-topk", "-dont_show", "-dontuse_opencv", NULL);
    ck_assert_msg(count_of(r.err, "%, top 5 error ") == 4, "%s", r.err);
    for (int i = 0; i < 4; ++i) ck_assert(number_in(r.err, "top 5 error ", i) <= number_in(r.err, ": error ", i));
    free_run(r);
    free(text), free(cfg);
}
END_TEST

START_TEST(what_is_wrong_is_said_before_the_first_batch)
{
    char *cfg = write_cfg(trainings[2].cfg), *label = in_folder(folder, "p3.txt");
    static const struct {
        const char *keys, *why;
    } wrong[] = {
        {"validate=-1\n", "own.data: validate=-1"},
        {"validate=x\n", "own.data: validate=x"},
        {"patience=3\n", "own.data: patience=3 counts validations, but there are none: validate=N is missing"},
    };
    for (int i = 0; i < COUNT_OF(wrong); ++i) {
        write_data("set.data", wrong[i].keys);
        run_result r = darknet(1, "detector", "train", data_with_keys, cfg, NULL);
        ck_assert_msg(strstr(r.err, wrong[i].why) && !strstr(r.out, "Loaded"), "%s: %s", wrong[i].why, r.err);
        free_run(r);
    }
    write_text(data_with_keys, "classes=2\ntrain=list\nbackup=.\nvalidate=1\n");
    dies(darknet(1, "detector", "train", data_with_keys, cfg, NULL),
         "valid= (the list of pictures to validate on) is missing");
    write_text(data_with_keys, "classes=2\ntrain=list\nvalid=gone\nbackup=.\nvalidate=1\n");
    dies(darknet(1, "detector", "train", data_with_keys, cfg, NULL), "gone: No such file");
    char *csv = in_folder(folder, "net.csv"), *picture = in_folder(folder, "p3.png");
    write_text(csv, "of an earlier training\n");
    char *no_list = vd_format("classes=2\ntrain=gone\nvalid=%s/list\nbackup=%s\nvalidate=1\n", folder, folder);
    write_text(data_with_keys, no_list);
    free(no_list);
    dies(darknet(1, "detector", "train", data_with_keys, cfg, NULL), "gone: No such file");
    expect_file(csv, "of an earlier training\n", 23);
    size_t n;
    char *sound = read_bytes(picture, &n);
    write_bytes(picture, sound, n / 2);
    write_data("set.data", "validate=1\n");
    run_result broken = darknet(1, "detector", "train", data_with_keys, cfg, NULL);
    ck_assert_msg(strstr(broken.err, "p3.png: ") && strstr(broken.err, ": a picture of ") &&
                      !strstr(broken.out, "Loaded"),
                  "%s", broken.err);
    free_run(broken);
    expect_file(csv, "of an earlier training\n", 23);
    write_bytes(picture, sound, n);
    free(sound), free(csv), free(picture);
    unlink(label);
    run_result r = darknet(1, "detector", "train", data_with_keys, cfg, NULL);
    ck_assert_msg(strstr(r.err, "p3.png: no labels: ") && !strstr(r.out, "Loaded"), "%s", r.err);
    free_run(r);
    free(label), free(cfg);
}
END_TEST

START_TEST(options_of_other_darknets_that_are_not_built_are_named)
{
    static const char *const names[] = {"-mjpeg_port",       "-show_imgs",  "-benchmark",
                                        "-benchmark_layers", "-letter_box", "-json_port"};
    static const char *const commands[] = {"detector", "classifier"};
    char *cfg = write_cfg(trainings[2].cfg);
    for (int c = 0; c < 2; ++c)
        for (int i = 0; i < COUNT_OF(names); ++i) {
            char *said = vd_format("darknet %s: %s is not built here: ", commands[c], names[i]);
            dies(darknet(1, commands[c], "train", data_with_keys, cfg, names[i], NULL), said);
            free(said);
        }
    for (int c = 0; c < 2; ++c) {
        run_result r = darknet(0, commands[c], "train", "-h", NULL);
        char *usage = vd_format("usage: darknet %s COMMAND", commands[c]);
        ck_assert_msg(strstr(r.out, usage) == r.out && !*r.err, "%s", r.out);
        free(usage), free_run(r);
    }
    dies(darknet(1, "detector", "train", data_with_keys, cfg, "-map", "-mAP_epochs", "0", NULL),
         "-mAP_epochs 0 is not an integer from 1");
    dies(darknet(1, "detector", "train", data_with_keys, cfg, "-iou_thresh", NULL), "-iou_thresh: a value is missing");
    dies(darknet(1, "detector", "train", data_with_keys, cfg, "-mAP_epochs", "-map", NULL),
         "-mAP_epochs: a value is missing");
    free(cfg);
}
END_TEST

/* as on a full disk: the weights that are there stay */
START_TEST(best_weights_that_cannot_be_written_end_the_training_with_a_line)
{
    char *cfg = write_cfg(trainings[2].cfg), *best = in_folder(folder, "net_best.weights");
    write_data("set.data", "validate=1\nsavelast=0\n");
    ck_assert_int_eq(mkdir(best, 0700), 0);
    run_result r = darknet(1, "detector", "train", data_with_keys, cfg, NULL);
    ck_assert_msg(strstr(r.err, "net_best.weights: cannot write: is a directory\n") != 0, "%s", r.err);
    ck_assert_int_eq(files_named(folder, ".tmp-"), 0);
    free_run(r);
    rmdir(best);
    free(best), free(cfg);
}
END_TEST

SUITE_OF(validation)
{
    TIMEOUT(240);
    EACH(setup, teardown);
    LOOP(a_training_that_validates_ends_with_the_bytes_of_one_that_does_not, COUNT_OF(trainings));
    TEST(the_best_weights_are_those_of_the_best_line_and_valid_measures_the_same);
    TEST(keys_of_loading_do_not_change_what_is_measured);
    TEST(a_detector_is_measured_as_map_measures_it);
    TEST(patience_ends_a_training_that_gets_no_better_and_a_resumed_one_ends_at_once);
    TEST(patience_counts_once_target_sparsity_has_its_share);
    TEST(the_best_weights_are_among_those_that_meet_the_target);
    LOOP(a_stopped_and_resumed_training_has_the_same_best_weights, COUNT_OF(trainings));
    TEST(a_result_on_other_pictures_is_no_longer_the_best);
    TEST(numbers_of_weights_that_meet_are_said);
    TEST(last_weights_follow_savelast_and_numbered_ones_saveweights);
    TEST(topk_tells_the_error_of_the_first_five);
    TEST(what_is_wrong_is_said_before_the_first_batch);
    TEST(options_of_other_darknets_that_are_not_built_are_named);
    TEST(best_weights_that_cannot_be_written_end_the_training_with_a_line);
}
