/* darknet vd sweep: its rows are what valid, report and pack say at each threshold, and the rule that chooses. */
#include "support/digits.h"
#include "base/text.h"
#include "commands/dataset/png.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *cfg, *weights;

static void write_cfg(double threshold)
{
    char *text = vd_format("[net]\nbatch=20\nheight=28\nwidth=28\nchannels=1\nflip=0\nadam=1\nlearning_rate=.003\n"
                           "max_batches=60\nseed=2\n[vd_connected]\noutput=40\nactivation=relu\nlog_sigma2=-6\n"
                           "threshold=%g\n[vd_connected]\noutput=10\nactivation=linear\nlog_sigma2=-6\nthreshold=%g\n"
                           "[softmax]\n[vd_cost]\nsamples=200\nkl_scale=1\nkl_ramp=20\n",
                           threshold, threshold);
    write_text(cfg, text);
    free(text);
}

static void setup(void)
{
    make_digits(200, 60);
    cfg = in_folder(folder, "net.cfg");
    weights = backup("net.weights");
    write_cfg(3);
    free_run(train_digits(0, cfg, 0));
}

static run_result sweep(const char *const *options)
{
    const char *argv[16] = {"darknet", "vd", "sweep", data_file, cfg, weights};
    for (int i = 0; options[i]; ++i) argv[6 + i] = options[i];
    return run(argv);
}

#define SWEEP(...) sweep((const char *const[]){__VA_ARGS__, 0})

static double after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    ck_assert_msg(at != 0, "%s is missing: %s", key, text);
    return atof(at + strlen(key));
}

/* "N: top 1: 0.8, ...", the last line */
static double error_by_valid(void)
{
    run_result r = run((const char *[]){"darknet", "classifier", "valid", data_file, cfg, weights, 0});
    const char *last = 0;
    for (const char *at = r.out; (at = strstr(at, "top 1: ")); ++at) last = at;
    ck_assert_msg(last != 0, "%s%s", r.out, r.err);
    double error = 1 - atof(last + 7);
    free_run(r);
    return error;
}

static double nonzero_by_report(void)
{
    run_result r = run((const char *[]){"darknet", "vd", "report", cfg, weights, "-json", 0});
    double sparsity = after(strstr(r.out, "],"), "\"sparsity\":");
    free_run(r);
    return sparsity;
}

static long bytes_by_pack(void)
{
    struct stat st;
    char *packed = in_folder(folder, "net.vdw");
    free_run(run((const char *[]){"darknet", "vd", "pack", cfg, weights, packed, 0}));
    ck_assert_int_eq(stat(packed, &st), 0);
    free(packed);
    return (long)st.st_size;
}

START_TEST(a_row_is_what_other_commands_say)
{
    run_result r = SWEEP("-from", "-4", "-to", "4", "-step", "2", "-json");
    ck_assert_msg(!r.status, "%s", r.err);
    ck_assert_int_eq(count_of(r.out, "\"threshold\":"), 5);
    const char *at = r.out;
    for (int i = 0; i < 5; ++i) {
        at = strstr(at, "\"threshold\":");
        write_cfg(-4 + 2 * i);
        ck_assert(after(at, "\"threshold\":") == -4 + 2 * i);
        double error = error_by_valid(), spread = sqrt(error * (1 - error) / 60);
        ck_assert(close_to((float)after(at, "\"error\":"), (float)error, 0, 1e-5));
        ck_assert(close_to((float)after(at, "\"standard_error\":"), (float)spread, 0, 1e-5));
        ck_assert(close_to((float)after(at, "\"sparsity\":"), (float)nonzero_by_report(), 0, 1e-7));
        ck_assert_int_eq((long)after(at, "\"bytes\":"), bytes_by_pack());
        ++at;
    }
    free_run(r);
}
END_TEST

START_TEST(the_thinnest_of_those_good_enough_is_chosen)
{
    static const char *const within[] = {"0", "5", "100"};
    enum { ROWS = 13 };
    run_result r = SWEEP("-from", "-6", "-to", "6", "-step", "1", "-within", within[_i]);
    double best = 100, error[ROWS], sparsity[ROWS], threshold[ROWS], densest = -1;
    char *line = strchr(r.out, '\n') + 1; /* after the names of the columns */
    for (int i = 0; i < ROWS; ++i, line = strchr(line, '\n') + 1) {
        ck_assert_int_eq(sscanf(line, "%lf %lf %lf", threshold + i, error + i, sparsity + i), 3);
        best = fmin(best, error[i]);
    }
    double chosen = after(line, "chosen: ");
    for (int i = 0; i < ROWS; ++i)
        if (error[i] <= best + atof(within[_i]) + 1e-9) densest = fmax(densest, sparsity[i]);
    int found = 0;
    for (int i = 0; i < ROWS; ++i)
        if (threshold[i] == chosen) found = sparsity[i] == densest && error[i] <= best + atof(within[_i]) + 1e-9;
    ck_assert_msg(found, "%s", r.out);
    free_run(r);
}
END_TEST

/* ---- a detector ---- */

#define DETECTOR(threshold)                                                                                 \
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=1\n[vd_convolutional]\nfilters=7\nsize=8\nstride=8\n"    \
    "activation=linear\nthreshold=" threshold "\n[yolo]\nmask=0\nanchors=8,8\nclasses=2\nnum=1\njitter=0\n" \
    "[vd_cost]\nsamples=1\n"

/* a white block at column 1, row 2 is an object of class 0 as long as filter 4 has its weights, whose log_alpha is 1;
 * nothing depends on those of filter 6, whose is 3 */
static void write_detector(void)
{
    enum { PIXELS = 64 };
    unsigned char pixels[32 * 32] = {0};
    network *net = network_of(DETECTOR("3"), 0);
    layer l = net->layers[0];
    vd_layer *vd = vd_layer_of(l);
    for (int f = 0; f < 7; ++f)
        for (int i = f * PIXELS; i < (f + 1) * PIXELS; ++i) {
            l.weights[i] = f == 4 ? 40.f / PIXELS : f == 6 ? 1e-3f : 0;
            vd->log_sigma2[i] = f == 4 ? 1 + 2 * logf(40.f / PIXELS) : 3 + logf(1e-6f + 1e-8f);
        }
    l.biases[4] = -20, l.biases[5] = 2, l.biases[6] = -2;
    for (int i = 0; i < PIXELS; ++i) pixels[(16 + i / 8) * 32 + 8 + i % 8] = 255;
    char *made = in_folder(folder, "d.weights"), *picture = in_folder(folder, "d.png"),
         *text = vd_format("classes=2\nvalid=%s/list\nnames=%s/names\n", folder, folder), *list;
    silence_stderr();
    save_weights(net, made);
    vd_png_write(picture, 32, 32, 1, pixels);
    list = vd_format("%s\n", picture);
    write_in_folder("d.txt", "0 .375 .625 .25 .25\n");
    write_in_folder("d.data", text), write_in_folder("list", list), write_in_folder("names", "a\nb\n");
    free(made), free(picture), free(text), free(list);
    free_network(net);
}

static run_result on_detector(const char *command, const char *verb, const char *threshold, const char *option)
{
    char *data = in_folder(folder, "d.data"), *net = in_folder(folder, "d.cfg"), *made = in_folder(folder, "d.weights");
    write_in_folder("d.cfg", strcmp(threshold, "0") ? DETECTOR("2") : DETECTOR("0"));
    run_result r = strcmp(command, "vd") ? darknet(0, command, verb, data, net, made, NULL)
                                         : darknet(0, command, verb, data, net, made, "-from", "0", "-to", "4", "-step",
                                                   "2", option, NULL);
    free(data), free(net), free(made);
    return r;
}

START_TEST(a_detector_has_the_map_of_detector_map_and_the_greatest_is_the_best)
{
    static const char *const thresholds[] = {"0", "2"};
    write_detector();
    run_result json = on_detector("vd", "sweep", "0", "-json"), table = on_detector("vd", "sweep", "0", NULL);
    const char *at = json.out;
    for (int i = 0; i < 2; ++i) {
        run_result r = on_detector("detector", "map", thresholds[i], NULL);
        ck_assert((at = strstr(at + 1, "\"threshold\":")));
        ck_assert_double_eq(after(at, "\"threshold\":"), 2 * i);
        ck_assert_double_eq(after(at, "\"map\":"), i);
        ck_assert_double_eq(after(r.out, "mAP@0.50 "), 100 * i);
        free_run(r);
    }
    ck_assert_double_eq(after(json.out, "\"chosen\":"), 2);
    ck_assert_ptr_nonnull(strstr(table.out, "threshold     mAP % "));
    ck_assert_double_eq(after(table.out, "chosen: "), 2);
    free_run(json), free_run(table);
}
END_TEST

/* ---- the picture, and what is wrong ---- */

START_TEST(a_picture_is_drawn)
{
    char *picture = in_folder(folder, "sweep.svg");
    run_result r = SWEEP("-from", "0", "-to", "2", "-step", "1", "-plot", picture);
    char *svg = text_in_folder("sweep.svg");
    if (strstr(r.err, "built without cairo")) skipped(1, "built without cairo");
    else ck_assert_msg(!r.status && svg && strstr(svg, "<svg") && strstr(svg, "</svg>"), "%d: %s", r.status, r.err);
    free_run(r);
    free(picture), free(svg);
}
END_TEST

static const struct {
    const char *options[4], *said;
} bad[] = {
    {{"-from", "3", "-to", "1"}, "-to 1 is less than -from 3"},
    {{"-step", "0"}, "-step 0 is not a number from 0.001"},
    {{"-step", "0.001"}, "more than 1000 thresholds"},
    {{"-from"}, "-from needs a number"},
    {{"-plot"}, "-plot"},
    {{"-plot", "a.gif"}, "a.gif does not end with .svg or .png"},
    {{"-plot", "nowhere/a.svg"}, "nowhere/a.svg: "}, /* before the network is read */
    {{"-thresh", "1"}, "unknown option -thresh"},
    {{"more"}, "unexpected argument more"},
};

START_TEST(what_does_not_fit_is_named)
{
    const char *const *o = bad[_i].options;
    run_result r = SWEEP(o[0], o[1], o[2], o[3]);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, bad[_i].said) != 0, "'%s': %s", bad[_i].said, r.err);
    ck_assert_ptr_eq(strchr(r.err, '\n'), r.err + strlen(r.err) - 1);
    free_run(r);
}
END_TEST

/* all are good enough: the lowest prunes most */
START_TEST(a_choice_at_the_lowest_threshold_is_told)
{
    run_result r = SWEEP("-from", "0", "-to", "2", "-step", "1", "-within", "100");
    ck_assert_msg(strstr(r.out, "\nchosen: 0\n") != 0, "%s", r.out);
    ck_assert_msg(strstr(r.err, "with -from below 0 more may be pruned\n") != 0, "%s", r.err);
    free_run(r);
    r = SWEEP("-from", "0", "-to", "0", "-within", "100"); /* the only one */
    ck_assert_ptr_null(strstr(r.err, "more may be pruned"));
    free_run(r);
}
END_TEST

SUITE_OF(sweep)
{
    TIMEOUT(60);
    ONCE(setup, remove_digits);
    TEST(a_row_is_what_other_commands_say);
    LOOP(the_thinnest_of_those_good_enough_is_chosen, 3);
    TEST(a_choice_at_the_lowest_threshold_is_told);
    TEST(a_picture_is_drawn);
    LOOP(what_does_not_fit_is_named, COUNT_OF(bad));
    CASE("detector");
    EACH(make_test_folder, remove_test_folder);
    TEST(a_detector_has_the_map_of_detector_map_and_the_greatest_is_the_best);
}
