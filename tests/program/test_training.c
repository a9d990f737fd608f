/* End to end: the real binary trains small variational networks on pictures, and its other commands use the weights. */
#include "support/drawings.h"
#include "support/support.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IMAGES = 600,
    TESTED = 200,
    BATCH = 60,
    BATCHES = 300,
    KL_START = 50,
    KL_RAMP = 100,
    WEIGHTS = 150 + 27648 + 320
};

static const char *const layers = "[vd_convolutional]\nfilters=6\nsize=5\nstride=2\nactivation=relu\n"
                                  "[vd_connected]\noutput=32\nactivation=relu\n"
                                  "[vd_connected]\noutput=10\nactivation=linear\n"
                                  "[softmax]\n";

static char *net_text(int batch, int batches, const char *rate, const char *cost_keys)
{
    return vd_format("[net]\nbatch=%d\nchannels=1\nwidth=28\nheight=28\nmax_crop=28\nflip=0\nadam=1\nseed=1\n"
                     "%s\nmax_batches=%d\ndecay=0\nmomentum=0\n%s[vd_cost]\n%s",
                     batch, rate, batches, layers, cost_keys);
}

/* the files and results of one training */
typedef struct {
    char *folder, *data, *cfg, *weights, *log, *out;
    double accuracy;
    long weights_left;
} trained;

static trained truth, noise; /* true labels, labels drawn at random: the same schedule */

static trained dataset(const char *option)
{
    trained t = {.folder = make_folder()};
    free_run(
        darknet(0, "vd", "dataset", "digits", t.folder, "-train", "600", "-test", "200", "-seed", "3", option, NULL));
    t.data = in_folder(t.folder, "digits.data");
    return t;
}

/* train the cfg NAME.cfg with this text from weights (or none), into t */
static void train(trained *t, const char *name, const char *text, const char *weights)
{
    free(t->cfg), free(t->weights), free(t->log), free(t->out);
    t->cfg = vd_format("%s/%s.cfg", t->folder, name);
    t->weights = vd_format("%s/backup/%s.weights", t->folder, name);
    write_text(t->cfg, text);
    run_result r = darknet(0, "classifier", "train", t->data, t->cfg, weights, weights ? "-clear" : NULL, NULL);
    t->log = r.err;
    t->out = r.out;
}

static double accuracy_of(const trained *t)
{
    double accuracy = -1;
    run_result r = darknet(0, "classifier", "valid", t->data, t->cfg, t->weights, NULL);
    char *last = strstr(r.out, "\n199: top 1: ");
    ck_assert_msg(last != 0, "%s", r.out);
    ck_assert_int_eq(sscanf(last, "\n199: top 1: %lf", &accuracy), 1);
    free_run(r);
    return accuracy;
}

static double json_number(const char *json, const char *key)
{
    char *name = vd_format("],\"weights\":"), *from = strstr(json, name), *quoted = vd_format("\"%s\":", key);
    char *at = from ? strstr(from, quoted) : 0;
    ck_assert_msg(at != 0, "%s in %s", key, json);
    double value = atof(at + strlen(quoted));
    free(name), free(quoted);
    return value;
}

static long weights_left(const trained *t)
{
    run_result r = darknet(0, "vd", "report", t->cfg, t->weights, "-json", NULL);
    ck_assert_int_eq((int)json_number(r.out, "weights"), WEIGHTS);
    long left = (long)json_number(r.out, "nonzero");
    ck_assert(close_to(json_number(r.out, "sparsity"), 1 - (double)left / WEIGHTS, 0, 1e-8));
    free_run(r);
    return left;
}

static void make_trained(void)
{
    char *keys = vd_format("samples=%d\nkl_start=%d\nkl_ramp=%d\n", IMAGES, KL_START, KL_RAMP);
    char *text = net_text(BATCH, BATCHES, "learning_rate=.005\npolicy=poly\npower=1", keys);
    truth = dataset(NULL);
    noise = dataset("-random-labels");
    trained *both[] = {&truth, &noise};
    for (int i = 0; i < 2; ++i) {
        train(both[i], "net", text, 0);
        both[i]->accuracy = accuracy_of(both[i]);
        both[i]->weights_left = weights_left(both[i]);
    }
    free(keys), free(text);
}

static void free_trained(void)
{
    trained *both[] = {&truth, &noise};
    for (int i = 0; i < 2; ++i) {
        remove_folder(both[i]->folder);
        free(both[i]->data), free(both[i]->cfg), free(both[i]->weights), free(both[i]->log), free(both[i]->out);
    }
}

START_TEST(training_learns_the_digits_and_prunes)
{
    ck_assert_msg(truth.accuracy > .6, "top 1 %g", truth.accuracy); /* .77 when written */
    ck_assert_msg(truth.weights_left < WEIGHTS / 10, "%ld of %d weights left", truth.weights_left, WEIGHTS);
    ck_assert_int_gt(truth.weights_left, 100);
}
END_TEST

START_TEST(random_labels_leave_chance_accuracy_and_fewer_weights)
{
    ck_assert_msg(noise.accuracy < .2, "top 1 %g", noise.accuracy);
    ck_assert_msg(noise.weights_left < truth.weights_left * .7, "%ld of %d weights left, %ld with true labels",
                  noise.weights_left, WEIGHTS, truth.weights_left);
}
END_TEST

typedef struct {
    double epoch, loss, cost, part, weight, kl, sparsity[3], all;
    char w[16];
    long batch;
} line;

/* every line of the log that starts with "vd:"; each must fit the grammar. Returns how many there are */
static int lines_of(const char *log, line *lines, int most)
{
    int n = 0;
    char *text = vd_format("%s", log), *save = 0;
    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(0, "\n", &save)) {
        line *x = lines + n;
        int end = 0;
        if (strncmp(l, "vd:", 3)) continue;
        ck_assert_int_lt(n, most);
        sscanf(l,
               "vd: epoch %lf, batch %ld: loss %lf = cost %lf + KL %lf (w %15[^,], KL %lf nats), sparsity "
               "%lf-%lf-%lf %%, all %lf %%%n",
               &x->epoch, &x->batch, &x->loss, &x->cost, &x->part, x->w, &x->kl, x->sparsity, x->sparsity + 1,
               x->sparsity + 2, &x->all, &end);
        ck_assert_msg(end > 0 && !l[end], "not a line of the log: %s", l);
        x->weight = atof(x->w);
        ++n;
    }
    free(text);
    return n;
}

START_TEST(the_log_has_a_line_an_epoch_and_its_loss_is_cost_plus_kl)
{
    const trained *t = _i ? &noise : &truth;
    line lines[64];
    int n = lines_of(t->log, lines, 64);
    ck_assert_int_eq(n, BATCHES * BATCH / IMAGES);
    for (int i = 0; i < n; ++i) {
        line x = lines[i];
        char *w = vd_format("%.3g", fmin(fmax((x.batch - KL_START) / (double)KL_RAMP, 0), 1));
        ck_assert_int_eq(x.batch, (i + 1) * IMAGES / BATCH);
        ck_assert(close_to(x.epoch, i + 1, 0, 1e-9));
        ck_assert_msg(!strcmp(x.w, w), "batch %ld: w %s, not %s", x.batch, x.w, w);
        ck_assert_msg(close_to(x.loss, x.cost + x.part, 0, 1.6e-5), "%.5f = %.5f + %.5f", x.loss, x.cost, x.part);
        ck_assert_msg(close_to(x.part, x.weight * x.kl / IMAGES, 1e-2, 1e-5), "KL part %g",
                      x.part); /* w has 3 digits */
        ck_assert(x.cost > 0 && x.kl > 0);
        free(w);
    }
}
END_TEST

/* the mean of the losses Darknet printed for batches first .. last */
static double mean_printed_loss(const char *out, int first, int last)
{
    double sum = 0;
    for (int b = first; b <= last; ++b) {
        char *start = vd_format("\n%d, ", b), *at = strstr(out, start);
        double loss = 0;
        ck_assert_msg(at && sscanf(at + strlen(start), "%*f: %lf", &loss) == 1, "no loss of batch %d", b);
        sum += loss;
        free(start);
    }
    return sum / (last - first + 1);
}

START_TEST(the_cost_of_a_line_is_the_mean_over_the_epoch)
{
    line lines[64];
    int a_line = IMAGES / BATCH;
    lines_of(truth.log, lines, 64);
    for (int i = 0; i < KL_START / a_line; ++i) { /* while the KL has no weight Darknet prints the cost alone */
        double mean = mean_printed_loss(truth.out, i * a_line + 1, (i + 1) * a_line);
        ck_assert_msg(close_to(lines[i].cost, mean, 0, 1e-5), "line %d: cost %.5f, mean %.6f", i, lines[i].cost, mean);
    }
}
END_TEST

START_TEST(darknet_prints_the_loss_with_the_kl_in_it)
{
    line lines[64];
    int n = lines_of(truth.log, lines, 64);
    for (int i = KL_START * BATCH / IMAGES; i < n; ++i) {
        double printed = mean_printed_loss(truth.out, (int)lines[i].batch, (int)lines[i].batch);
        ck_assert_msg(printed > lines[i].part && printed < lines[i].part + 3 * lines[i].cost,
                      "%g printed, KL %g, cost %g", printed, lines[i].part, lines[i].cost);
    }
}
END_TEST

START_TEST(cost_falls_before_the_kl_enters_and_sparsity_grows_after)
{
    line lines[64];
    int n = lines_of(truth.log, lines, 64), first = KL_START * BATCH / IMAGES - 1;
    ck_assert_msg(lines[first].cost < .6 * lines[0].cost, "cost %g, then %g", lines[0].cost, lines[first].cost);
    ck_assert(lines[first].all < 10);
    ck_assert(lines[n - 1].all > 90);
    ck_assert_msg(lines[n - 1].loss < lines[n / 2].loss, "loss %g, then %g", lines[n / 2].loss, lines[n - 1].loss);
    for (int i = first + 1; i < n; ++i)
        ck_assert_msg(lines[i].all > lines[i - 1].all - 2, "sparsity %g, then %g", lines[i - 1].all, lines[i].all);
    ck_assert(
        close_to(lines[n - 1].all, 100. - 100. * truth.weights_left / WEIGHTS, 0, .006)); /* as `vd report` prints it */
}
END_TEST

START_TEST(predict_names_the_digits)
{
    int right = 0;
    for (int i = 0; i < 10; ++i) {
        char name[64] = "", *picture = vd_format("%s/test/%05d_digit%d.png", truth.folder, i, i);
        double percent = 0;
        run_result r = darknet(0, "classifier", "predict", truth.data, truth.cfg, truth.weights, picture, NULL);
        char *result = strrchr(r.out, '%');
        ck_assert_msg(result && sscanf(r.out, "%lf%%: %63s", &percent, name) == 2, "%s", r.out);
        ck_assert(percent > 0 && percent <= 100);
        right += name[0] == '0' + i && !name[1];
        free(picture);
        free_run(r);
    }
    ck_assert_msg(right >= 5, "%d of 10 digits are right", right);
}
END_TEST

/* a classic mistake: the KL divergence of all weights against the cost of one image */
START_TEST(a_kl_weight_of_1_instead_of_1_over_n_kills_the_network_within_an_epoch)
{
    trained t = dataset(NULL);
    char *text = net_text(BATCH, 100, "learning_rate=.005\npolicy=poly\npower=1", "samples=600\nkl_scale=0\n");
    train(&t, "before", text, 0);
    char *before = vd_format("%s", t.weights);
    free(text);
    double accuracy[2];
    long left[2];
    for (int i = 0; i < 2; ++i) { /* one more epoch, in small batches */
        text = net_text(10, IMAGES / 10, "learning_rate=.01\npolicy=constant", i ? "samples=600\n" : "samples=1\n");
        train(&t, i ? "right" : "wrong", text, before);
        accuracy[i] = accuracy_of(&t);
        left[i] = weights_left(&t);
        free(text);
    }
    ck_assert_msg(left[0] < WEIGHTS / 100, "samples=1: %ld of %d weights left", left[0], WEIGHTS);
    ck_assert_msg(accuracy[0] < .2, "samples=1: top 1 %g", accuracy[0]);
    ck_assert_msg(left[1] > WEIGHTS / 20, "samples=600: %ld of %d weights left", left[1], WEIGHTS);
    ck_assert_msg(accuracy[1] > .35, "samples=600: top 1 %g", accuracy[1]); /* .55 when written */
    free(before);
    remove_folder(t.folder);
    free(t.data), free(t.cfg), free(t.weights), free(t.log), free(t.out);
}
END_TEST

START_TEST(a_loss_that_is_not_finite_ends_with_one_line_and_leaves_saved_weights_alone)
{
    static const char saved[] = "the weights of yesterday";
    trained t = dataset(NULL);
    char *text = net_text(BATCH, 50, "learning_rate=1e9", "samples=600\n");
    char *adam = strstr(text, "adam=1");
    if (!_i) {
        adam[5] = '0';
        memcpy(strstr(text, "momentum=0"), "momentum=1", 10);
    }
    t.cfg = in_folder(t.folder, "wild.cfg");
    t.weights = in_folder(t.folder, "backup/wild.weights");
    write_text(t.cfg, text);
    write_text(t.weights, saved);
    run_result r = darknet(1, "classifier", "train", t.data, t.cfg, NULL);
    char *said = strstr(r.err, t.cfg);
    ck_assert_msg(said && strstr(said, "the loss is not finite"), "%s", r.err);
    ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1); /* one line, the last */
    size_t n;
    char *now = read_bytes(t.weights, &n);
    ck_assert_str_eq(now, saved);
    char *count = vd_format("ls %s/backup | grep -cv 'wild.csv\\|wild.html' | grep -qx 1", t.folder); /* and the log */
    ck_assert_int_eq(system(count), 0);
    free_run(r);
    free(now), free(count), free(text);
    remove_folder(t.folder);
    free(t.data), free(t.cfg), free(t.weights);
}
END_TEST

/* ---- detector: white rectangles and frames on black ---- */

enum { ITERATIONS = 300 };

static const char detector_cfg[] =
    "[net]\nbatch=8\nsubdivisions=2\nwidth=32\nheight=32\nchannels=%d\nlearning_rate=.005\nadam=1\nmax_batches=%d\n"
    "seed=2\ndecay=0\nmomentum=0\nflip=0\npolicy=poly\npower=1\n"
    "[vd_convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    "[vd_convolutional]\nfilters=16\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    "[vd_convolutional]\nfilters=16\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    "[vd_convolutional]\nfilters=14\nsize=1\nactivation=linear\n"
    "[yolo]\nmask=0,1\nanchors=10,10,15,16\nclasses=2\nnum=2\njitter=0\nignore_thresh=.6\ntruth_thresh=1\nrandom=0\n"
    "[vd_cost]\nsamples=%d\nkl_start=100\nkl_ramp=100\nkl_scale=.01\n";

static double area_of(double left, double top, double right, double bottom)
{
    return right > left && bottom > top ? (right - left) * (bottom - top) : 0;
}

static double overlap(drawn d, double left, double top, double right, double bottom)
{
    double both = area_of(fmax(d.left, left), fmax(d.top, top), fmin(d.right, right), fmin(d.bottom, bottom));
    return both / (area_of(d.left, d.top, d.right, d.bottom) + area_of(left, top, right, bottom) - both);
}

/* pictures whose best detection of all classes has the right class and is on the drawing */
static int found(const char *folder)
{
    static const char *const files[] = {"full", "frame"};
    double best[DRAWN] = {0};
    int good[DRAWN] = {0}, count = 0;
    for (int c = 0; c < 2; ++c) {
        size_t n;
        char *path = vd_format("%s/results/comp4_det_test_%s.txt", folder, files[c]), *text = read_bytes(path, &n),
             *save;
        ck_assert_msg(text != 0, "%s is missing", path);
        for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(0, "\n", &save)) {
            int i;
            double p, x0, y0, x1, y1;
            ck_assert_msg(sscanf(l, "p%d %lf %lf %lf %lf %lf", &i, &p, &x0, &y0, &x1, &y1) == 6, "%s", l);
            ck_assert(i >= 0 && i < DRAWN && p > 0 && p <= 1);
            if (p <= best[i]) continue;
            best[i] = p;
            good[i] = drawing(i).is_frame == c && overlap(drawing(i), x0 - 1, y0 - 1, x1 - 1, y1 - 1) > .4;
        }
        free(path), free(text);
    }
    for (int i = 0; i < DRAWN; ++i) count += good[i];
    return count;
}

START_TEST(a_vd_yolo_network_learns_to_detect)
{
    char *folder = make_folder(), *data = in_folder(folder, "set.data"), *cfg = in_folder(folder, "yolo.cfg");
    char *weights = in_folder(folder, "yolo_final.weights"), *picture = in_folder(folder, "p1.png");
    char *text = vd_format(detector_cfg, _i ? 3 : 1, ITERATIONS, DRAWN), *out = in_folder(folder, "drawn");
    draw_pictures(folder);
    write_text(cfg, text);
    run_result r = darknet(0, "detector", "train", data, cfg, NULL);
    double first = 0, last = 0;
    char *end = vd_format("\n%d: ", ITERATIONS);
    ck_assert(strstr(r.out, "\n5: ") && sscanf(strstr(r.out, "\n5: "), "\n5: %lf", &first) == 1);
    ck_assert_ptr_nonnull(strstr(r.out, end));
    ck_assert_int_eq(sscanf(strstr(r.out, end) + strlen(end), "%*f, %lf avg", &last), 1);
    ck_assert_msg(last > 0 && last < first / 2, "loss %g, then %g", first, last);
    free_run(r);
    free_run(darknet(0, "detector", "valid", data, cfg, weights, NULL));
    ck_assert_msg(found(folder) >= DRAWN / 2, "%d of %d drawings found", found(folder), DRAWN);

    r = darknet(0, "detector", "test", data, cfg, weights, picture, "-out", out, NULL);
    ck_assert_ptr_nonnull(strstr(r.out, "Predicted in"));
    free_run(r);
    remove_folder(folder);
    free(data), free(cfg), free(weights), free(picture), free(text), free(out), free(end);
}
END_TEST

SUITE_OF(training)
{
    ONCE(make_trained, free_trained);
    TEST(training_learns_the_digits_and_prunes);
    TEST(random_labels_leave_chance_accuracy_and_fewer_weights);
    LOOP(the_log_has_a_line_an_epoch_and_its_loss_is_cost_plus_kl, 2);
    TEST(the_cost_of_a_line_is_the_mean_over_the_epoch);
    TEST(darknet_prints_the_loss_with_the_kl_in_it);
    TEST(cost_falls_before_the_kl_enters_and_sparsity_grows_after);
    TEST(predict_names_the_digits);
    CASE("more");
    TEST(a_kl_weight_of_1_instead_of_1_over_n_kills_the_network_within_an_epoch);
    LOOP(a_loss_that_is_not_finite_ends_with_one_line_and_leaves_saved_weights_alone, 2);
    LOOP(a_vd_yolo_network_learns_to_detect, 2);
}
