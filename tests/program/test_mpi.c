/* `mpirun -n R darknet ... train` under Open MPI and MPICH: the bytes do not depend on R, a training that loses a rank
 * or is stopped goes on by another number of them, and what cannot work is refused. `make test-mpi` builds the
 * programs. */
#include "support/digits.h"
#include "support/drawings.h"
#include "base/text.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name, *launcher;
} mpis[] = {{"ompi", "mpirun.openmpi"}, {"mpich", "mpirun.mpich"}};
enum { MPIS = 2 };

/* a program of folder/$MPI for each; null when there is none, and the reason is noted */
static char *program_of(int mpi)
{
    const char *programs = getenv("MPI");
    if (programs) return vd_format("%s/%s/darknet", programs, mpis[mpi].name);
    skipped(1, "needs the programs of `make test-mpi`");
    return 0;
}

/* folder/teacher.cfg and its weights, for a training with teacher= */
static void write_teacher(void)
{
    static const char cfg[] = "[net]\nbatch=3\nheight=28\nwidth=28\nchannels=1\nseed=9\n"
                              "[connected]\noutput=10\nactivation=linear\n[softmax]\n";
    char *path = in_folder(folder, "teacher.cfg"), *weights = in_folder(folder, "teacher.weights");
    write_text(path, cfg);
    network *net = network_of(cfg, 0);
    save_weights(net, weights);
    free_network(net), free(weights), free(path);
}

static void set_up(void)
{
    make_digits(200, 10);
    write_teacher();
    setenv("DARKNET_THREADS", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
    setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 1);
}

/* ---- networks ---- */

#define SIZES(batch, sub) SIZES_FOR(batch, sub, 25)
#define SIZES_FOR(batch, sub, batches)                                                                   \
    "[net]\nbatch=" #batch "\nsubdivisions=" #sub "\nheight=28\nwidth=28\nchannels=1\nangle=5\nflip=0\n" \
    "max_crop=32\nseed=3\nmax_batches=" #batches "\n"
#define LENET                                                                                 \
    "[vd_convolutional]\nfilters=6\nsize=5\nactivation=linear\n[maxpool]\nsize=2\nstride=2\n" \
    "[vd_convolutional]\nfilters=8\nsize=5\nactivation=linear\n[maxpool]\nsize=2\nstride=2\n" \
    "[vd_connected]\noutput=40\nactivation=relu\n[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n"
#define NORMALISED(key)                                                                                         \
    "[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nbatch_normalize=1\nactivation=leaky\nlog_sigma2=-3\n" key \
    "[convolutional]\nfilters=4\nsize=3\nbatch_normalize=1\nactivation=leaky\n[dropout]\nprobability=.3\n"      \
    "[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-3\n" key                                           \
    "[connected]\noutput=10\nactivation=linear\n[softmax]\n"
#define YOLO                                                                                                         \
    "[net]\nbatch=12\nsubdivisions=4\nwidth=32\nheight=32\nchannels=1\nadam=1\nlearning_rate=.003\nmax_batches=25\n" \
    "seed=5\nmosaic=1\n[vd_convolutional]\nfilters=8\nsize=3\nstride=2\nbatch_normalize=1\nactivation=leaky\n"       \
    "[vd_convolutional]\nfilters=7\nsize=4\nstride=4\nactivation=linear\n"                                           \
    "[yolo]\nmask=0\nanchors=8,8,16,16\nclasses=2\nnum=2\njitter=.2\nrandom=1\niou_loss=ciou\n[vd_cost]\nsamples=24\n"

static const struct {
    const char *name, *text;
} nets[] = {
    {"lenet", SIZES(32, 8) "adam=1\nlearning_rate=.002\n" LENET "[vd_cost]\nsamples=200\nkl_ramp=20\n"},
    {"thirds", SIZES(36, 12) "momentum=.9\nlearning_rate=.01\n" NORMALISED("") "[vd_cost]\nsamples=200\nkl_ramp=10\n"},
    {"average", SIZES(32, 4) "adam=1\nema_alpha=.9\n" NORMALISED("train_clip=1\n") "[vd_cost]\nsamples=200\n"},
    {"frozen", SIZES(32, 4) "adam=1\nlearning_rate=.1\n" NORMALISED("") "[vd_cost]\nsamples=200\nkl_scale=100\n"
                                                                        "freeze_pruned=3\nfine_tune=8\n"},
    {"steered", SIZES(32, 4) "adam=1\nlearning_rate=.01\n" NORMALISED("") "[vd_cost]\nsamples=200\nkl_scale=2\n"
                                                                          "target_sparsity=.6\n"},
    {"sized", SIZES(32, 8) "adam=1\nlearning_rate=.01\n" NORMALISED("") "[vd_cost]\nsamples=200\nkl_scale=2\n"
                                                                        "target_size=9000\nfine_tune=3\n"},
    {"magnitude", SIZES(32, 4) "adam=1\nlearning_rate=.01\n" NORMALISED("") "[vd_cost]\nsamples=200\nmethod=magnitude\n"
                                                                            "target_sparsity=.97\nprune_every=2\n"},
    {"taught", SIZES(32, 4) "adam=1\nteacher=%s/teacher.cfg\nteacher_weights=%s/teacher.weights\n" NORMALISED(
                   "") "[vd_cost]\nsamples=200\n"},
    {"plain", SIZES(32, 4) "momentum=.9\n[convolutional]\nfilters=4\nsize=5\nstride=2\nbatch_normalize=1\n"
                           "[batchnorm]\n[connected]\noutput=10\nactivation=linear\n[softmax]\n"},
    {"broad",
     SIZES_FOR(32, 8, 60) "adam=1\nlearning_rate=.003\n[vd_convolutional]\nfilters=8\nsize=5\nactivation=relu\n"
                          "[vd_connected]\noutput=20\nactivation=relu\n[vd_connected]\noutput=10\n"
                          "activation=linear\n[softmax]\n[vd_cost]\nsamples=200\n"
                          "kl_scale=9\nfreeze_pruned=2\nfreeze_log_alpha=0\nreport=9\n"},
    {"yolo", YOLO},
};

static char *write_net(int i)
{
    char *name = vd_format("%s.cfg", nets[i].name), *path = in_folder(folder, name);
    char *text = vd_format(nets[i].text, folder, folder); /* of its teacher */
    write_text(path, text);
    free(text), free(name);
    return path;
}

/* ---- runs ---- */

typedef struct {
    int mpi, ranks;
    const char *cfg, *option;
} training;

static const char *kind_of(const char *cfg)
{
    return strstr(cfg, "yolo") ? "detector" : "classifier";
}

static run_result train(training t)
{
    char *program = program_of(t.mpi), *ranks = vd_format("%d", t.ranks);
    const char *kind = kind_of(t.cfg);
    const char *const argv[] = {
        mpis[t.mpi].launcher, "-n", ranks, program, kind, "train", data_file, t.cfg, t.option, 0};
    run_result r = run(argv);
    free(program), free(ranks);
    return r;
}

static void trains(training t)
{
    run_result r = train(t);
    ck_assert_msg(r.status == 0, "%d ranks of %s: status %d: %s", t.ranks, mpis[t.mpi].name, r.status, r.err);
    free_run(r);
}

/* the weights that a training has left, the caller's to free; they and the checkpoint are removed */
static char *results(const char *name, size_t *n)
{
    int detects = !strcmp(name, "yolo"); /* its weights lie beside its pictures */
    char *file = vd_format(detects ? "%s_final.weights" : "%s.weights", name);
    char *path = detects ? in_folder(folder, file) : backup(file), *bytes = read_bytes(path, n);
    ck_assert_msg(bytes != 0, "%s is missing", path);
    remove(path);
    free(path), free(file);
    file = vd_format("%s.checkpoint", name);
    path = backup(file);
    remove(path);
    free(path), free(file);
    return bytes;
}

static char *results_of(training t, const char *name, size_t *n)
{
    trains(t);
    return results(name, n);
}

START_TEST(all_numbers_of_ranks_end_with_the_same_bytes)
{
    int mpi = _i % MPIS;
    const char *name = nets[_i / MPIS].name;
    char *program = program_of(mpi);
    if (!program) return;
    char *cfg = write_net(_i / MPIS);
    if (!strcmp(name, "yolo")) {
        draw_pictures(folder);
        free(data_file);
        data_file = in_folder(folder, "set.data");
    }
    size_t n, m;
    free_run(darknet(0, kind_of(cfg), "train", data_file, cfg, NULL)); /* the program without MPI */
    char *alone = results(name, &n);
    int most = strstr(nets[_i / MPIS].text, "subdivisions=8\n") ? 8 : 4;
    for (int ranks = 1; ranks <= most; ranks *= 2) {
        char *shared = results_of((training){mpi, ranks, cfg, 0}, name, &m);
        ck_assert_msg(n == m && !memcmp(alone, shared, n), "%s: %d ranks of %s give other bytes", name, ranks,
                      mpis[mpi].name);
        free(shared);
    }
    free(alone), free(cfg), free(program);
}
END_TEST

START_TEST(without_a_seed_the_ranks_draw_from_a_common_one)
{
    char *program = program_of(_i), *cfg = in_folder(folder, "lenet.cfg");
    if (!program) return;
    char *text = vd_format("%s", nets[0].text), *seed = strstr(text, "seed=3\n");
    memmove(seed, seed + strlen("seed=3\n"), strlen(seed) - strlen("seed=3\n") + 1);
    write_text(cfg, text);
    run_result r = train((training){_i, 2, cfg, 0});
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_int_eq(count_of(r.err, "no seed= in the cfg"), 1);
    free_run(r);
    free(text), free(cfg), free(program);
}
END_TEST

/* the number behind the last `before` in text */
static double last_number(const char *text, const char *before)
{
    const char *last = 0;
    for (const char *at = text; (at = strstr(at, before)); ++at) last = at + strlen(before);
    ck_assert_msg(last != 0, "no \"%s\": %s", before, text);
    return atof(last);
}

START_TEST(frozen_weights_are_not_sent)
{
    enum { WEIGHTS = 2 * (4 * 25 + 100 * 4 * 20) }; /* of NORMALISED: gradients of theta and sigma2 */
    char *program = program_of(_i), *cfg = in_folder(folder, "sent.cfg");
    if (!program) return;
    char *text = vd_format("%s                       ", nets[3].text), *batches = strstr(text, "max_batches=25\n");
    memcpy(batches, "max_batches=99\n", strlen("max_batches=99\n")); /* weights are frozen in batch 50 */
    char *end = strstr(text, "freeze_pruned=3\n");
    strcpy(end, "freeze_pruned=3\nfreeze_log_alpha=3\nreport=9\n");
    write_text(cfg, text);
    run_result r = train((training){_i, 2, cfg, 0});
    ck_assert_msg(r.status == 0, "%s", r.err);
    double first = atof(strstr(r.err, "\nranks: ") + strlen("\nranks: ")), last = last_number(r.err, "\nranks: ");
    ck_assert_double_ge(last_number(r.err, "frozen: "), 95);
    ck_assert_msg(first > WEIGHTS * sizeof(float) / 1000. && last < first / 10, "%g kB, then %g kB", first, last);
    free_run(r);
    free(text), free(cfg), free(program);
}
END_TEST

/* ---- ranks that end ---- */

#define LONG "max_batches=400\ncheckpoint=5\n"

static char *long_net(void)
{
    char *cfg = in_folder(folder, "long.cfg");
    char *text = vd_format("%s", nets[0].text), *batches = strstr(text, "max_batches=25\n");
    *batches = 0;
    char *all = vd_format("%s" LONG "%s", text, batches + strlen("max_batches=25\n"));
    write_text(cfg, all);
    free(all), free(text);
    return cfg;
}

/* a file of /proc, whose length is not known before, begins with or has after a 0 this text */
static int holds(const char *process, const char *file, const char *text)
{
    static char bytes[1 << 16];
    char *path = vd_format("/proc/%s/%s", process, file);
    FILE *fp = fopen(path, "r");
    size_t n = fp ? fread(bytes, 1, sizeof(bytes) - 1, fp) : 0;
    bytes[n] = 0;
    int found = 0;
    for (size_t i = 0; i < n && !found; i += strlen(bytes + i) + 1) found = !strncmp(bytes + i, text, strlen(text));
    if (fp) fclose(fp);
    free(path);
    return found;
}

/* the process of a rank that trains with cfg, 0 when there is none */
static pid_t process_of(int rank, const char *cfg)
{
    pid_t found = 0;
    DIR *all = opendir("/proc");
    char *names[] = {vd_format("OMPI_COMM_WORLD_RANK=%d", rank), vd_format("PMI_RANK=%d", rank)};
    for (struct dirent *d; (d = readdir(all)) && !found;)
        if (atoi(d->d_name) && holds(d->d_name, "comm", "darknet") && holds(d->d_name, "cmdline", cfg) &&
            (holds(d->d_name, "environ", names[0]) || holds(d->d_name, "environ", names[1])))
            found = atoi(d->d_name);
    closedir(all);
    free(names[0]), free(names[1]);
    return found;
}

/* a training in the background; what it writes goes to folder/out and folder/err */
static pid_t begin(training t)
{
    char *program = program_of(t.mpi), *ranks = vd_format("%d", t.ranks);
    char *out = in_folder(folder, "out"), *err = in_folder(folder, "err");
    fflush(0);
    pid_t child = fork();
    if (!child) {
        if (freopen("/dev/null", "r", stdin) && freopen(out, "w", stdout) && freopen(err, "w", stderr))
            execlp(mpis[t.mpi].launcher, mpis[t.mpi].launcher, "-n", ranks, program, "classifier", "train", data_file,
                   t.cfg, t.option, (char *)0);
        _exit(127);
    }
    free(program), free(ranks), free(out), free(err);
    return child;
}

/* until a checkpoint of batch 5 or later is there */
static void wait_for_checkpoint(void)
{
    char *checkpoint = backup("long.checkpoint");
    for (int i = 0; i < 6000 && access(checkpoint, F_OK); ++i) usleep(10000);
    ck_assert_msg(!access(checkpoint, F_OK), "no checkpoint");
    free(checkpoint);
}

/* the status of a launcher, and what the ranks have said */
static int end_of(pid_t child, char **err)
{
    size_t n;
    int status;
    char *path = in_folder(folder, "err");
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    *err = read_bytes(path, &n);
    free(path);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

START_TEST(a_training_that_loses_a_rank_goes_on_by_fewer)
{
    int mpi = _i % MPIS, lost = _i / MPIS;
    char *program = program_of(mpi), *err;
    if (!program) return;
    size_t n, m;
    char *cfg = long_net(), *whole = results_of((training){mpi, 1, cfg, 0}, "long", &n);
    pid_t launcher = begin((training){mpi, 4, cfg, 0});
    wait_for_checkpoint();
    usleep((useconds_t)(rand() % 100000));
    pid_t rank = process_of(lost, cfg);
    ck_assert_int_gt(rank, 0);
    kill(rank, SIGKILL);
    ck_assert_int_ne(end_of(launcher, &err), 0);
    ck_assert_int_eq(files_in(folder, "long.weights.tmp"), 0);
    char *resumed = results_of((training){mpi, 2, cfg, "-resume"}, "long", &m);
    ck_assert_msg(n == m && !memcmp(whole, resumed, n), "other bytes after a rank was lost");
    free(err), free(whole), free(resumed), free(cfg), free(program);
}
END_TEST

START_TEST(a_rank_that_gives_no_sign_is_named)
{
    char *program = program_of(_i), *err;
    if (!program) return;
    char *cfg = long_net();
    setenv("DARKNET_MPI_TIMEOUT", "2", 1);
    pid_t launcher = begin((training){_i, 4, cfg, 0});
    wait_for_checkpoint();
    pid_t rank = process_of(2, cfg);
    ck_assert_int_gt(rank, 0);
    kill(rank, SIGSTOP);
    int status = end_of(launcher, &err);
    kill(rank, SIGKILL); /* a launcher may have left it */
    ck_assert_int_eq(status, 1);
    const char *said = strstr(err, "rank 2 (");
    ck_assert_msg(said && strstr(said, "has given no sign for 2 seconds"), "%s", err);
    ck_assert_msg(count_of(err, "has given no sign") == count_of(err, "rank 2 ("), "%s", err);
    free(err), free(cfg), free(program);
}
END_TEST

START_TEST(a_signal_stops_all_ranks_after_a_batch)
{
    int mpi = _i % MPIS;
    char *program = program_of(mpi), *err;
    if (!program) return;
    size_t n, m;
    char *cfg = long_net(), *whole = results_of((training){mpi, 1, cfg, 0}, "long", &n);
    pid_t launcher = begin((training){mpi, 2, cfg, 0});
    wait_for_checkpoint();
    kill(launcher, SIGTERM);
    end_of(launcher, &err);
    ck_assert_msg(count_of(err, "to continue, run the same command with -resume") == 1, "%s", err);
    char *resumed = results_of((training){mpi, 4, cfg, "-resume"}, "long", &m);
    ck_assert_msg(n == m && !memcmp(whole, resumed, n), "other bytes after a stop");
    free(err), free(whole), free(resumed), free(cfg), free(program);
}
END_TEST

/* found by trial: goes back several times, and then succeeds */
#define WILD "learning_rate=%g\nmomentum=.9\ncheckpoint=5\ncheckpoint_minutes=0\nnan_guard=1\n"

START_TEST(all_ranks_go_back_together_when_a_number_is_not_finite)
{
    char *program = program_of(_i);
    if (!program) return;
    size_t n, m;
    char *cfg = in_folder(folder, "wild.cfg"),
         *text = vd_format(SIZES(32, 4) WILD NORMALISED("") "[vd_cost]\nsamples=200\n", 1e4);
    write_text(cfg, text);
    run_result r = darknet(0, "classifier", "train", data_file, cfg, NULL);
    ck_assert_msg(count_of(r.err, ": back to batch ") >= 2, "%s", r.err);
    char *alone = results("wild", &n);
    run_result s = train((training){_i, 4, cfg, 0});
    ck_assert_msg(s.status == 0, "%s", s.err);
    char *shared = results("wild", &m);
    ck_assert_int_eq(count_of(s.err, ": back to batch "), count_of(r.err, ": back to batch "));
    ck_assert_msg(n == m && !memcmp(alone, shared, n), "other bytes");
    free_run(r), free_run(s);
    free(alone), free(shared), free(text), free(cfg), free(program);
}
END_TEST

/* found by trial: batch 55 fails after weights have been frozen in batch 50, and succeeds at a lower rate. Of those
 * that it goes back to, in batch 40, none is frozen yet */
#define THAWED                                                                                             \
    "adam=1\nlearning_rate=.01\npolicy=steps\nsteps=54\nscales=1e9\ncheckpoint=40\ncheckpoint_minutes=0\n" \
    "nan_guard=1\n[vd_connected]\noutput=20\nactivation=relu\n[connected]\noutput=10\nactivation=linear\n[cost]\n"

START_TEST(weights_frozen_by_batches_that_are_taken_back_are_trained_again)
{
    char *program = program_of(_i);
    if (!program) return;
    size_t n, m;
    char *cfg = in_folder(folder, "thawed.cfg");
    write_text(cfg, SIZES_FOR(16, 2, 62) THAWED "[vd_cost]\nsamples=200\nkl_scale=.02\nfreeze_pruned=2\n"
                                                "freeze_log_alpha=0\nfreeze_start=0\n");
    run_result r = darknet(0, "classifier", "train", data_file, cfg, NULL);
    ck_assert_msg(strstr(r.err, ": back to batch 40") != 0, "%s", r.err);
    char *alone = results("thawed", &n), *shared = results_of((training){_i, 2, cfg, 0}, "thawed", &m);
    ck_assert_msg(n == m && !memcmp(alone, shared, n), "other bytes");
    free_run(r);
    free(alone), free(shared), free(cfg), free(program);
}
END_TEST

START_TEST(a_validation_by_rank_0_ends_all_ranks)
{
    char *program = program_of(_i);
    if (!program) return;
    size_t n, m;
    char *cfg = write_net(0), *data = read_bytes(data_file, &n);
    char *all = vd_format("%svalidate=1\npatience=1\n", data);
    write_text(data_file, all);
    free_run(darknet(0, "classifier", "train", data_file, cfg, NULL));
    char *alone = results("lenet", &n), *shared = results_of((training){_i, 4, cfg, 0}, "lenet", &m);
    ck_assert_msg(n == m && !memcmp(alone, shared, n), "other bytes");
    free(alone), free(shared), free(all), free(data), free(cfg), free(program);
}
END_TEST

/* the first byte of a picture's file is changed; one of each half, so that either of two ranks meets one at first */
static void spoil_pictures(void)
{
    static const char *const names[] = {"digits/train/00003_digit3.png", "digits/train/00150_digit0.png"};
    for (int i = 0; i < 2; ++i) {
        char *path = in_folder(folder, names[i]);
        FILE *fp = fopen(path, "r+b");
        ck_assert_msg(fp && fputc('x', fp) == 'x' && !fclose(fp), "%s", path);
        free(path);
    }
}

START_TEST(pictures_skipped_by_any_rank_are_counted_once)
{
    char *program = program_of(_i);
    if (!program) return;
    size_t n, m;
    char *cfg = write_net(0);
    spoil_pictures();
    run_result r = darknet(0, "classifier", "train", data_file, cfg, "-skip-broken", NULL);
    ck_assert_msg(strstr(r.err, "-skip-broken: 2 pictures skipped\n") != 0, "%s", r.err);
    char *alone = results("lenet", &n);
    for (int ranks = 2; ranks <= 8; ranks *= 4) {
        run_result s = train((training){_i, ranks, cfg, "-skip-broken"});
        ck_assert_msg(s.status == 0 && count_of(s.err, "-skip-broken: 2 pictures skipped\n") == 1, "%s", s.err);
        char *shared = results("lenet", &m);
        ck_assert_msg(n == m && !memcmp(alone, shared, n), "%d ranks: other bytes", ranks);
        free(shared), free_run(s);
    }
    free(alone), free_run(r), free(cfg), free(program);
}
END_TEST

/* a limit on the length of its files stands for a disk that is full */
START_TEST(a_disk_that_is_full_ends_all_ranks_and_leaves_the_checkpoint)
{
    char *program = program_of(_i), *err;
    if (!program) return;
    size_t n, m;
    char *cfg = long_net(), *whole = results_of((training){_i, 1, cfg, 0}, "long", &n);
    pid_t launcher = begin((training){_i, 4, cfg, 0});
    wait_for_checkpoint();
    const struct rlimit small = {60000, 60000}; /* bytes; a checkpoint has more */
    ck_assert_int_eq(prlimit(process_of(0, cfg), RLIMIT_FSIZE, &small, 0), 0);
    ck_assert_int_eq(end_of(launcher, &err), 1);
    ck_assert_msg(strstr(err, "long.checkpoint: ") && strstr(err, "File too large"), "%s", err);
    char *resumed = results_of((training){_i, 2, cfg, "-resume"}, "long", &m);
    ck_assert_msg(n == m && !memcmp(whole, resumed, n), "other bytes after a full disk");
    free(err), free(whole), free(resumed), free(cfg), free(program);
}
END_TEST

/* ---- what is refused ---- */

static void refused(run_result r, const char *says)
{
    ck_assert_msg(r.status == 1, "status %d: %s", r.status, r.err);
    ck_assert_msg(count_of(r.err, says) == 1, "not \"%s\" once: %s", says, r.err);
    free_run(r);
}

START_TEST(numbers_of_ranks_that_do_not_divide_are_refused)
{
    char *program = program_of(_i);
    if (!program) return;
    char *cfg = write_net(2);
    refused(train((training){_i, 3, cfg, 0}), "3 ranks: a training takes 1, 2, 4, 8, ... of them");
    refused(train((training){_i, 8, cfg, 0}), "[net]: subdivisions=4 cannot be shared by 8 ranks");
    ck_assert_int_eq(files_in(folder, "digits/backup/average"), 0);
    free(cfg), free(program);
}
END_TEST

START_TEST(the_launcher_of_another_mpi_is_refused)
{
    char *program = program_of(!_i);
    if (!program) return;
    char *cfg = write_net(0);
    const char *const argv[] = {mpis[_i].launcher, "-n", "2", program, "classifier", "train", data_file, cfg, 0};
    refused(run(argv), "the launcher has started 2 processes, but ");
    const char *const without[] = {mpis[_i].launcher, "-n", "2", getenv("DARKNET"), "classifier", "train",
                                   data_file,         cfg,  0};
    refused(run(without), "this program was built without MPI=1");
    free(cfg), free(program);
}
END_TEST

START_TEST(other_commands_on_several_ranks_are_refused)
{
    char *program = program_of(_i);
    if (!program) return;
    const char *const argv[] = {mpis[_i].launcher, "-n", "2", program, "vd", "version", 0};
    refused(run(argv), "2 ranks: of Darknet's commands, classifier train and detector train alone");
    free(program);
}
END_TEST

START_TEST(a_rank_with_another_list_or_cfg_is_named)
{
    char *program = program_of(_i), *cfg = write_net(0), *other = vd_format("%s/digits/other.cfg", folder);
    if (!program) return;
    char *text = vd_format("%s\n", nets[0].text);
    write_text(other, text);
    const char *const argv[] = {
        mpis[_i].launcher, "-n",         "1",     program,   "classifier", "train", data_file, cfg, ":", "-n", "1",
        program,           "classifier", "train", data_file, other,        0};
    refused(run(argv), "rank 1 (");
    free(text), free(other), free(cfg), free(program);
}
END_TEST

SUITE_OF(mpi)
{
    TIMEOUT(240);
    EACH(set_up, remove_digits);
    LOOP(all_numbers_of_ranks_end_with_the_same_bytes, COUNT_OF(nets) * MPIS);
    LOOP(frozen_weights_are_not_sent, MPIS);
    LOOP(without_a_seed_the_ranks_draw_from_a_common_one, MPIS);
    LOOP(a_training_that_loses_a_rank_goes_on_by_fewer, 2 * MPIS);
    LOOP(a_rank_that_gives_no_sign_is_named, MPIS);
    LOOP(a_signal_stops_all_ranks_after_a_batch, MPIS);
    LOOP(all_ranks_go_back_together_when_a_number_is_not_finite, MPIS);
    LOOP(weights_frozen_by_batches_that_are_taken_back_are_trained_again, MPIS);
    LOOP(a_validation_by_rank_0_ends_all_ranks, MPIS);
    LOOP(pictures_skipped_by_any_rank_are_counted_once, MPIS);
    LOOP(a_disk_that_is_full_ends_all_ranks_and_leaves_the_checkpoint, MPIS);
    LOOP(numbers_of_ranks_that_do_not_divide_are_refused, MPIS);
    LOOP(the_launcher_of_another_mpi_is_refused, MPIS);
    LOOP(other_commands_on_several_ranks_are_refused, MPIS);
    LOOP(a_rank_with_another_list_or_cfg_is_named, MPIS);
}
