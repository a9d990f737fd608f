/* training/log.c: the csv of a training holds what its lines say, survives kills and resumes, and costs no result. */
#include "training/log.h"
#include "training/csv.h"
#include "layer/schedule.h"
#include "support/digits.h"
#include "base/text.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void setup(void)
{
    make_digits(200, 10);
}

#define SIZES \
    "[net]\nbatch=20\nheight=28\nwidth=28\nchannels=1\nflip=0\nmax_crop=28\nseed=3\nadam=1\nlearning_rate=.01\n"
#define VARIATIONAL                                                       \
    "[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nactivation=leaky\n" \
    "[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n"
#define PLAIN "[connected]\noutput=10\nactivation=linear\n[softmax]\n"

static char *write_cfg(const char *name, const char *keys, const char *layers)
{
    char *file = vd_format("%s.cfg", name), *path = in_folder(folder, file);
    char *text = vd_format(SIZES "%s%s", keys, layers);
    write_text(path, text);
    free(text);
    free(file);
    return path;
}

static char *backup_text(const char *name)
{
    size_t n;
    char *path = backup(name), *text = read_bytes(path, &n);
    ck_assert_msg(text != 0, "%s is missing", path);
    free(path);
    return text;
}

static vd_csv csv_of(const char *name)
{
    char *path = backup(name), *fault;
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    free(path);
    return c;
}

START_TEST(a_row_holds_what_the_report_line_says)
{
    char *cfg = write_cfg("log", "max_batches=30\n", VARIATIONAL "[vd_cost]\nsamples=200\nkl_ramp=20\n");
    run_result r = train_digits(0, cfg, 0);
    vd_csv c = csv_of("log.csv");
    const char *at = r.err;
    ck_assert_uint_eq(c.n, 3);
    ck_assert_msg(strstr(r.err, "\ncurves in ") && strstr(r.err, "/backup/log.html\n"), "%s", r.err);
    for (size_t i = 0; i < c.n; ++i) {
        double epoch, loss, cost, part, w, kl, all, *row = c.rows[i].at;
        long batch;
        at = strstr(at, "\nvd: epoch ");
        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(sscanf(++at, "vd: epoch %lf, batch %ld: loss %lf = cost %lf + KL %lf (w %lf, KL %lf nats)",
                                &epoch, &batch, &loss, &cost, &part, &w, &kl),
                         7);
        ck_assert_int_eq(sscanf(strstr(at, ", all ") + 6, "%lf %%", &all), 1);
        ck_assert(row[VD_CSV_BATCH] == (double)batch && row[VD_CSV_IMAGES] == 20. * (double)batch);
        ck_assert(close_to(row[VD_CSV_EPOCH], epoch, 0, .005));
        ck_assert(close_to(row[VD_CSV_LOSS], loss, 0, 6e-6) && close_to(row[VD_CSV_COST], cost, 0, 6e-6));
        ck_assert(close_to(row[VD_CSV_KL], kl, 1e-5, 0) && close_to(row[VD_CSV_W], w, 5e-3, 0));
        ck_assert(close_to(row[VD_CSV_LOSS], row[VD_CSV_COST] + row[VD_CSV_W] / 200 * row[VD_CSV_KL], 1e-6, 0));
        ck_assert(close_to(100 * row[VD_CSV_SPARSITY], all, 0, .0051));
        ck_assert(close_to(row[VD_CSV_NONZERO], (1 - row[VD_CSV_SPARSITY]) * (4 * 25 + 10 * 4 * 12 * 12), 1e-6, 0));
        ck_assert(row[VD_CSV_SECONDS] > (i ? c.rows[i - 1].at[VD_CSV_SECONDS] : 0));
        ck_assert(close_to(row[VD_CSV_RATE], .01, 1e-6, 0));
        ck_assert(isnan(row[VD_CSV_ERROR]) && isnan(row[VD_CSV_MAP]));
    }
    vd_csv_free(&c);
    free_run(r);
    free(cfg);
}
END_TEST

START_TEST(a_plain_network_has_a_row_an_epoch_with_the_mean_of_its_losses)
{
    char *cfg = write_cfg("plain", "max_batches=25\n", PLAIN);
    run_result r = train_digits(0, cfg, 0);
    vd_csv c = csv_of("plain.csv");
    ck_assert_uint_eq(c.n, 2); /* 200 pictures, 20 a batch */
    ck_assert_ptr_null(strstr(r.err, "curves in"));
    for (int epoch = 0; epoch < 2; ++epoch) {
        const double *row = c.rows[epoch].at;
        double sum = 0;
        for (int b = 10 * epoch + 1; b <= 10 * epoch + 10; ++b) {
            char *start = vd_format("\n%d, ", b), *at = strstr(r.out, start);
            double loss;
            ck_assert_int_eq(sscanf(at + strlen(start), "%*f: %lf", &loss), 1);
            sum += loss;
            free(start);
        }
        ck_assert(row[VD_CSV_BATCH] == 10 * epoch + 10 && row[VD_CSV_EPOCH] == epoch + 1);
        ck_assert_msg(close_to(row[VD_CSV_LOSS], sum / 10, 0, 2e-6), "%g, not %g", row[VD_CSV_LOSS], sum / 10);
        ck_assert(row[VD_CSV_COST] == row[VD_CSV_LOSS]);
        ck_assert(isnan(row[VD_CSV_KL]) && isnan(row[VD_CSV_W]));
        ck_assert(isnan(row[VD_CSV_SPARSITY]) && isnan(row[VD_CSV_NONZERO]));
    }
    char *page = backup_text("plain.html");
    ck_assert_ptr_nonnull(strstr(page, "\"epoch\":2.5,")); /* that of its batch, not of the last row */
    free(page);
    vd_csv_free(&c);
    free_run(r);
    free(cfg);
}
END_TEST

static void end_at(const char *cfg, const char *line, int signal, const char *option)
{
    const char *const argv[] = {"darknet", "classifier", "train", data_file, cfg, option, 0};
    run_result r = run_until(argv, line, signal);
    ck_assert_int_eq(r.status, 128 + signal);
    free_run(r);
}

/* the rows of the page's layer_rows */
static int history_rows(const char *page)
{
    const char *at = strstr(page, "\"layer_rows\":[\n");
    ck_assert_ptr_nonnull(at);
    const char *end = strstr(at, "\n]");
    ck_assert_ptr_nonnull(end);
    int n = 0;
    for (; (at = strchr(at, '\n')) && at < end; ++at) ++n;
    return n;
}

START_TEST(without_variational_layers_there_is_no_sparsity)
{
    char *cfg = write_cfg("none", "max_batches=10\n", PLAIN "[vd_cost]\nsamples=200\n");
    run_result r = train_digits(0, cfg, 0);
    vd_csv c = csv_of("none.csv");
    const char *line = strstr(r.err, "vd: epoch 1.00, batch 10: loss ");
    ck_assert_msg(line && !strncmp(line + strcspn(line, "\n") - 6, " nats)", 6), "%s", r.err);
    ck_assert_uint_eq(c.n, 1);
    for (int i = VD_CSV_KL; i <= VD_CSV_NONZERO; ++i) ck_assert(isnan(c.rows[0].at[i]));
    ck_assert(isfinite(c.rows[0].at[VD_CSV_LOSS]) && c.rows[0].at[VD_CSV_LOSS] == c.rows[0].at[VD_CSV_COST]);
    vd_csv_free(&c);
    free_run(r);
    free(cfg);
}
END_TEST

/* variational and killed, plain, variational and stopped, which makes the page, too */
START_TEST(a_killed_training_goes_on_in_its_csv_as_if_it_had_never_been_killed)
{
    int plain = _i == 1, signal = _i == 2 ? SIGTERM : SIGKILL;
    char *cfg = write_cfg("killed", "max_batches=40\ncheckpoint=5\n",
                          plain ? PLAIN : VARIATIONAL "[vd_cost]\nsamples=200\nkl_ramp=20\nreport=2\n");
    free_run(train_digits(0, cfg, 0));
    vd_csv whole = csv_of("killed.csv");
    ck_assert_uint_eq(whole.n, plain ? 4 : 20);
    char *checkpoint = backup("killed.checkpoint");
    remove(checkpoint);
    end_at(cfg, "14, ", signal, 0);
    end_at(cfg, "29, ", signal, "-resume");
    free_run(train_digits(0, cfg, "-resume"));
    vd_csv c = csv_of("killed.csv");
    ck_assert_uint_eq(c.n, whole.n);
    for (size_t i = 0; i < c.n; ++i) {
        for (int k = 0; k < VD_CSV_COLUMNS; ++k) {
            double a = c.rows[i].at[k], b = whole.rows[i].at[k];
            /* a plain network's mean begins anew at the checkpoint */
            if (k == VD_CSV_SECONDS || (plain && (k == VD_CSV_LOSS || k == VD_CSV_COST))) continue;
            ck_assert_msg(a == b || (isnan(a) && isnan(b)), "row %zu, %s: %.9g, not %.9g", i, vd_csv_names[k], a, b);
        }
        ck_assert(c.rows[i].at[VD_CSV_SECONDS] > (i ? c.rows[i - 1].at[VD_CSV_SECONDS] : 0));
    }
    char *page = backup_text("killed.html");
    if (_i == 2) ck_assert_int_eq(history_rows(page), 20);
    free(page);
    free(checkpoint);
    vd_csv_free(&c);
    vd_csv_free(&whole);
    free(cfg);
}
END_TEST

START_TEST(a_new_training_starts_the_csv_anew)
{
    char *cfg = write_cfg("anew", "max_batches=20\n", PLAIN), *shorter = write_cfg("anew", "max_batches=10\n", PLAIN);
    char *path = backup("anew.csv");
    free_run(train_digits(0, cfg, 0));
    write_text(path, "of something else\n");
    free_run(train_digits(0, shorter, 0));
    vd_csv c = csv_of("anew.csv");
    ck_assert_uint_eq(c.n, 1);
    vd_csv_free(&c);
    free(path);
    free(shorter);
    free(cfg);
}
END_TEST

START_TEST(a_csv_that_cannot_be_read_is_not_gone_on_in)
{
    static const char text[] = "batch,loss\n1,2\n";
    char *cfg = write_cfg("other", "max_batches=20\ncheckpoint=5\n", PLAIN), *path = backup("other.csv");
    free_run(train_digits(0, cfg, 0));
    write_text(path, text);
    run_result r = train_digits(1, cfg, "-resume");
    ck_assert_msg(strstr(r.err, "other.csv: line 1: expected the columns"), "%s", r.err);
    expect_file(path, text, strlen(text));
    free_run(r);
    free(path);
    free(cfg);
}
END_TEST

START_TEST(a_cfg_that_can_be_read_once_alone_is_named)
{
    char *cfg = write_cfg("once", "max_batches=2\n", PLAIN), *pipe = in_folder(folder, "pipe.cfg");
    char *feed = vd_format("mkfifo %s && { timeout 20 cat %s >%s & }", pipe, cfg, pipe);
    ck_assert_int_eq(system(feed), 0);
    run_result r = train_digits(1, pipe, 0);
    ck_assert_msg(strstr(r.err, "pipe.cfg: not a regular file: a training reads its cfg more than once"), "%s", r.err);
    free_run(r);
    free(feed), free(pipe), free(cfg);
}
END_TEST

/* the weights are those of a training whose log could not be written, which says so in two lines: at once, and at the
 * end */
START_TEST(a_log_that_cannot_be_written_stops_nothing_and_changes_no_weight)
{
    static const char *const names[] = {"blind.csv", "blind.html"};
    char *cfg = write_cfg("blind", "max_batches=30\n", VARIATIONAL "[vd_cost]\nsamples=200\nkl_ramp=20\nreport=1\n");
    char *weights = backup("blind.weights"), *log = backup(names[_i]);
    size_t n;
    free_run(train_digits(0, cfg, 0));
    char *seeing = read_bytes(weights, &n);
    ck_assert_ptr_nonnull(seeing);
    remove(weights);
    remove(log);
    ck_assert_int_eq(mkdir(log, 0700), 0);
    run_result r = train_digits(1, cfg, 0);
    expect_file(weights, seeing, n);
    char *at_once = vd_format("%s: cannot write: is a directory; the training goes on\n", log);
    char *at_end = vd_format("%s: cannot write: is a directory\n", log);
    ck_assert_msg(count_of(r.err, names[_i]) == (_i ? 3 : 2), "%s", r.err); /* and "curves in" */
    ck_assert_msg(strstr(r.err, at_once) && strstr(r.err, at_end), "%s", r.err);
    ck_assert(!strcmp(r.err + strlen(r.err) - strlen(at_end), at_end));
    free(at_once);
    free(at_end);
    free(seeing);
    free(weights);
    free(log);
    free_run(r);
    free(cfg);
}
END_TEST

/* ---- in this process ---- */

#define IN_PROCESS \
    "[net]\nbatch=2\ninputs=6\nseed=1\n[vd_connected]\noutput=3\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=8\n"

static void log_steps(network *net, int first, int n)
{
    for (int i = first; i < first + n; ++i) {
        train_steps(net, i, 1, 7);
        vd_log_batch(net);
        vd_log_write(net);
    }
}

START_TEST(a_validation_goes_into_the_row_of_its_batch_or_into_its_own)
{
    network *net = network_of(IN_PROCESS, 0);
    vd_cost_of(net)->report = 4; /* batches */
    silence_stderr();
    vd_log_begin(net, folder, "in", 0);
    vd_log_pictures(8);
    log_steps(net, 0, 3);
    train_steps(net, 3, 1, 7); /* the fourth batch ends the epoch */
    vd_log_batch(net);
    vd_log_validated(net, .25, NAN);
    vd_log_write(net);
    log_steps(net, 4, 1);
    vd_log_validated(net, NAN, .5); /* after the fifth was logged, which has no row */
    vd_log_write(net);
    log_steps(net, 5, 3);
    vd_log_validated(net, .125, NAN); /* after the row of the eighth was written */
    vd_log_end(net);
    char *path = in_folder(folder, "in.csv"), *fault;
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    ck_assert_uint_eq(c.n, 3);
    const double batches[] = {4, 5, 8}, errors[] = {.25, NAN, .125}, maps[] = {NAN, .5, NAN};
    for (int i = 0; i < 3; ++i) {
        const double *row = c.rows[i].at;
        ck_assert(row[VD_CSV_BATCH] == batches[i]);
        ck_assert(row[VD_CSV_ERROR] == errors[i] || (isnan(row[VD_CSV_ERROR]) && isnan(errors[i])));
        ck_assert(row[VD_CSV_MAP] == maps[i] || (isnan(row[VD_CSV_MAP]) && isnan(maps[i])));
        ck_assert(isnan(row[VD_CSV_LOSS]) == (i == 1));
        ck_assert(close_to(row[VD_CSV_EPOCH], batches[i] / 4, 1e-9, 0));
    }
    vd_csv_free(&c);
    free(path);
    free_network(net);
}
END_TEST

/* it was stopped in the validation of its last batch: the resumed one validates, and trains nothing */
START_TEST(a_validation_that_is_all_a_resumed_training_does_is_in_its_csv)
{
    network *net = network_of(IN_PROCESS, 0);
    vd_cost_of(net)->report = 4; /* batches */
    silence_stderr();
    for (int resumed = 0; resumed < 2; ++resumed) {
        vd_log_begin(net, folder, "owed", resumed);
        vd_log_pictures(8);
        if (!resumed) log_steps(net, 0, 4);
        else vd_log_validated(net, .25, NAN);
        vd_log_end(net);
    }
    char *path = in_folder(folder, "owed.csv"), *page = in_folder(folder, "owed.html"), *fault;
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    ck_assert_uint_eq(c.n, 1);
    ck_assert(c.rows[0].at[VD_CSV_ERROR] == .25 && isfinite(c.rows[0].at[VD_CSV_LOSS]));
    size_t n;
    char *text = read_bytes(page, &n);
    ck_assert_ptr_nonnull(strstr(text, ",0.25,null]"));
    vd_csv_free(&c);
    free(text);
    free(page);
    free(path);
    free_network(net);
}
END_TEST

static void limit_files(long bytes)
{
    struct rlimit now;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &now), 0);
    now.rlim_cur = bytes < 0 ? now.rlim_max : (rlim_t)bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &now), 0);
}

/* the first row finds no room, the second does: vd_log_end() would end the program if a file were not written */
START_TEST(the_next_row_writes_what_a_full_disk_left_out)
{
    network *net = network_of(IN_PROCESS, 0);
    vd_cost_of(net)->report = 4; /* batches */
    silence_stderr();
    vd_log_begin(net, folder, "full", 0);
    limit_files(100); /* the line of names has 74 bytes */
    log_steps(net, 0, 4);
    limit_files(-1);
    char *path = in_folder(folder, "full.csv"), *page = in_folder(folder, "full.html"), *fault;
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    ck_assert_uint_eq(c.n, 0);
    vd_csv_free(&c);
    log_steps(net, 4, 4);
    c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    ck_assert_uint_eq(c.n, 2);
    ck_assert_int_eq(files_in(folder, "full.html.tmp"), 0);
    vd_log_end(net);
    size_t n;
    char *text = read_bytes(page, &n);
    ck_assert_ptr_nonnull(strstr(text, "\"state\":\"finished\""));
    vd_csv_free(&c);
    free(text);
    free(path);
    free(page);
    free_network(net);
}
END_TEST

START_TEST(rows_after_the_batch_a_training_goes_back_to_are_gone)
{
    network *net = network_of(IN_PROCESS, 0);
    vd_cost_of(net)->report = 4; /* batches */
    silence_stderr();
    vd_log_begin(net, folder, "back", 0);
    log_steps(net, 0, 9);
    *net->seen = 5 * 2;
    vd_log_back(net);
    vd_log_end(net);
    char *path = in_folder(folder, "back.csv"), *fault;
    vd_csv c = vd_csv_read(path, &fault);
    ck_assert_msg(!fault, "%s", fault);
    ck_assert_uint_eq(c.n, 1);
    ck_assert(c.rows[0].at[VD_CSV_BATCH] == 4);
    char *page = text_in_folder("back.html");
    ck_assert_ptr_nonnull(strstr(page, "\"rows\":[\n[4,"));
    ck_assert_ptr_nonnull(strstr(page, "\"layer_rows\":[\n[4,"));
    ck_assert_ptr_null(strstr(page, "\n[8,"));
    vd_csv_free(&c);
    free(path), free(page);
    free_network(net);
}
END_TEST

SUITE_OF(log)
{
    EACH(setup, remove_digits);
    TEST(a_row_holds_what_the_report_line_says);
    TEST(a_plain_network_has_a_row_an_epoch_with_the_mean_of_its_losses);
    TEST(without_variational_layers_there_is_no_sparsity);
    LOOP(a_killed_training_goes_on_in_its_csv_as_if_it_had_never_been_killed, 3);
    TEST(a_new_training_starts_the_csv_anew);
    TEST(a_csv_that_cannot_be_read_is_not_gone_on_in);
    TEST(a_cfg_that_can_be_read_once_alone_is_named);
    LOOP(a_log_that_cannot_be_written_stops_nothing_and_changes_no_weight, 2);
    CASE("in_process");
    EACH(make_test_folder, remove_test_folder);
    TEST(a_validation_goes_into_the_row_of_its_batch_or_into_its_own);
    TEST(a_validation_that_is_all_a_resumed_training_does_is_in_its_csv);
    TEST(the_next_row_writes_what_a_full_disk_left_out);
    TEST(rows_after_the_batch_a_training_goes_back_to_are_gone);
}
