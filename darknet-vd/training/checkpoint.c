#include "training/checkpoint.h"
#include "training/shared_update.h"
#include "training/validation.h"
#include "config/keys.h"
#include "data/skip_broken.h"
#include "ranks/ranks.h"
#include "layer/layer_state.h"
#include "layer/nonfinite.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "network.h"

static struct {
    long batches, minutes, keep; /* options */
    int resume, resumed;

    char *path; /* null: no training, or training without checkpoints */
    vd_training_state state;
    long written_at;                        /* batch of the latest file; 0: none */
    time_t clock;                           /* when that file was written */
    long began_at;                          /* batch: of the weights, or of the checkpoint */
    FILE *start;                            /* state at the start; null unless kept */
    float learning_rate, learning_rate_min; /* without halvings */
} training;

static const char start_file[] = "temporary file"; /* for messages */

static volatile sig_atomic_t caught;
static int agreed, agreed_time; /* of several ranks */

void vd_checkpoint_options(vd_section net)
{
    training.batches = vd_key_integer(net, "checkpoint");
    training.minutes = vd_key_integer(net, "checkpoint_minutes");
    training.keep = vd_key_integer(net, "checkpoint_keep");
}

void vd_checkpoint_resume(void)
{
    training.resume = 1;
}

/* the path of the latest checkpoint (i = 0), or of the i-th before it */
static char *path_of(long i)
{
    return i ? vd_format("%s.%ld", training.path, i) : vd_format("%s", training.path);
}

static void apply_setbacks(network *net)
{
    net->learning_rate = ldexpf(training.learning_rate, -training.state.setbacks.halvings);
    net->learning_rate_min = ldexpf(training.learning_rate_min, -training.state.setbacks.halvings);
}

/* 0 when there is no such checkpoint */
static int restore_file(network *net, const char *path, int resumes)
{
    FILE *fp = vd_rank() ? 0 : fopen(path, "rb");
    if (!vd_rank() && !fp && errno != ENOENT) vd_die("%s: %s", path, strerror(errno));
    fp = vd_ranks_share_file(fp);
    if (!fp) return 0;
    vd_checkpoint_read(fp, path, net, &training.state, resumes);
    fclose(fp);
    return 1;
}

/* restore the latest of this training's checkpoints before a batch whose numbers are finite; returns its place among
 * them, from 0 on, or -1 when there is none */
static long restore_before(network *net, long batch)
{
    vd_ranks_broadcast(&training.state.files, sizeof(training.state.files)); /* rank 0 writes some by the clock */
    for (long i = 0; i < training.state.files; ++i) {
        char *path = path_of(i), *fault = 0;
        int there = restore_file(net, path, 0);
        if (there) fault = vd_fault_of_state(net, net->n, 1);
        free(path);
        free(fault);
        if (there && !fault && (long)get_current_batch(net) < batch) return i;
    }
    return -1;
}

/* the latest of so many files has become that of place i: those up to there are of batches that were taken back, or the
 * same */
static void drop_newer(long files, long i)
{
    if (!i) return;
    for (long k = 1; k < files && !vd_rank(); ++k) {
        char *path = path_of(k), *older = path_of(k + i);
        int failed = k + i < files ? rename(older, path) : unlink(path);
        if (failed && errno != ENOENT) vd_die("%s: %s", path, strerror(errno));
        free(older);
        free(path);
    }
}

/* 0 when there is no checkpoint */
static int resume(network *net)
{
    if (!restore_file(net, training.path, 1)) return 0;
    char *fault = vd_fault_of_state(net, net->n, 1);
    if (fault) vd_die("%s: %s", training.path, fault);                 /* an older version wrote such files */
    if (!training.state.files || training.state.files > training.keep) /* 0: an older version took it so */
        training.state.files = training.keep;
    return 1;
}

/* where the file system has no links, or this folder's are protected */
static void copy_file(const char *from, const char *to)
{
    size_t n;
    unsigned char *bytes = vd_input_bytes(from, &n);
    vd_output out = vd_output_open(to);
    fwrite(bytes, 1, n, out.fp);
    vd_output_close(&out);
    free(bytes);
}

/* rename .checkpoint.1 to .2 and so on; .checkpoint gets a second name, and stays until the new one replaces it */
static void keep_older(void)
{
    for (long i = training.keep - 1; i > 0; --i) {
        char *older = path_of(i), *newer = path_of(i - 1);
        if (i > 1) {
            if (rename(newer, older) && errno != ENOENT) vd_die("%s: %s", older, strerror(errno));
        } else {
            if (unlink(older) && errno != ENOENT) vd_die("%s: %s", older, strerror(errno));
            /* EEXIST: another training in this folder has done it meanwhile */
            if (link(newer, older) && errno != ENOENT && errno != EEXIST) copy_file(newer, older);
        }
        free(older);
        free(newer);
    }
}

/* keeps: the older ones move up, once all bytes of the new one are on the disk */
static void write_file(network *net, int keeps)
{
    if (vd_rank()) return;
    vd_output out = vd_output_open(training.path);
    vd_checkpoint_write(out.fp, training.path, net, &training.state);
    if (keeps) {
        vd_output_sync(&out);
        keep_older();
    }
    vd_output_close(&out);
    training.written_at = (long)get_current_batch(net);
    training.clock = time(0);
}

static void save(network *net)
{
    char *fault = vd_fault_of_state(net, net->n, 1);
    if (fault) vd_die("%s: not written: %s", training.path, fault);
    if (training.state.files < training.keep) ++training.state.files;
    write_file(net, training.keep > 1);
}

/* ---- training ---- */

/* the signals that end a training after its next batch, and what the program did at them before */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDING = sizeof(ending) / sizeof(*ending) };
static struct sigaction before[ENDING];

static void on_signal(int number)
{
    caught = number;
    vd_ranks_drop_output();
    for (int i = 0; i < ENDING; ++i) /* a second one ends the program, unless that has a handler of its own */
        if (ending[i] == number && before[i].sa_handler != SIG_IGN) sigaction(number, before + i, 0);
        else if (ending[i] == number) signal(number, SIG_DFL);
}

/* SIGHUP stays ignored, as nohup has it. The others are caught even so: in a script's background job, where SIGINT is
 * ignored, kill -INT stops a training, too. A training that failed has left its handlers to the next one */
static void catch_signals(void)
{
    struct sigaction once = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, now;
    for (int i = 0; i < ENDING; ++i) {
        sigaction(ending[i], 0, &now);
        if (now.sa_handler != on_signal) before[i] = now;
        if (ending[i] != SIGHUP || now.sa_handler != SIG_IGN) sigaction(ending[i], &once, 0);
    }
}

/* until 0.2.0 a cfg's name ended at its first dot, so that net.a.cfg and net.b.cfg shared net.checkpoint */
static void note_old_name(const char *backup, const char *base)
{
    char *old = vd_format("%s/%.*s.checkpoint", backup, (int)strcspn(base, "."), base);
    if (strchr(base, '.') && !access(old, F_OK))
        fprintf(stderr, "%s: is of an earlier version: rename it to %s if it is of this cfg\n", old, training.path);
    free(old);
}

/* what is written after hours must not fail for what is known now */
static void check_folder(const char *backup, const char *base)
{
    static const char longest[] = "_2147483647.weights.tmp-4194304"; /* of the names that begin with base */
    struct stat s;
    int is_other = !stat(backup, &s) && !S_ISDIR(s.st_mode);
    if (is_other || access(backup, W_OK | X_OK))
        vd_die("backup=%s: %s: a folder for weights that can be written is expected", backup,
               strerror(is_other ? ENOTDIR : errno));
    long most = pathconf(backup, _PC_NAME_MAX) - (long)strlen(longest);
    if (most > 0 && strlen(base) > (size_t)most)
        vd_die("%s.cfg: a name of at most %ld bytes is expected: those of its weights are longer than %s allows", base,
               most + (long)strlen(".cfg"), backup);
}

void vd_checkpoint_begin(network *net, const char *backup, const char *base, float *avg_loss, int *count)
{
    struct stat s;
    if (!vd_rank()) check_folder(backup, base);
    if (vd_has_recurrent_layers(net)) {
        if (training.resume) vd_die("%s: cannot resume: networks with recurrent layers have no checkpoints", base);
        return;
    }
    training.path = vd_format("%s/%s.checkpoint", backup, base);
    if (!vd_rank() && !stat(training.path, &s) && !S_ISREG(s.st_mode))
        vd_die("%s: exists but is not a regular file", training.path);
    training.state = (vd_training_state){.avg_loss = avg_loss, .count = count};
    training.resumed = 0;
    training.written_at = 0;
    training.clock = time(0);
    training.learning_rate = net->learning_rate;
    training.learning_rate_min = net->learning_rate_min;
    if (training.resume && resume(net)) {
        training.resumed = 1;
        apply_setbacks(net);
        training.written_at = (long)get_current_batch(net);
        fprintf(stderr, "%s: resumed after batch %ld\n", training.path, training.written_at);
    } else if (training.resume) {
        fprintf(stderr, "%s: no checkpoint yet: training starts from the beginning\n", training.path);
        note_old_name(backup, base);
    }
    training.began_at = (long)get_current_batch(net);
    catch_signals();
}

int vd_checkpoint_keep_start(network *net)
{
    if (!training.path) return 0;
    training.start = tmpfile();
    FILE *fp = training.start;
    if (fp) vd_checkpoint_write(fp, start_file, net, &training.state);
    if (!fp || fflush(fp) || ferror(fp)) vd_die("cannot keep the initial state of training: %s", strerror(errno));
    return 1;
}

vd_setbacks *vd_checkpoint_setbacks(void)
{
    return &training.state.setbacks;
}

void vd_checkpoint_back(network *net, long before)
{
    vd_setbacks now = training.state.setbacks; /* the present ones, not those of the checkpoint */
    vd_validation_state best = *vd_validation_state_now();
    long place = restore_before(net, before);
    if (place < 0) {
        vd_checkpoint_read(training.start, start_file, net, &training.state, 0);
        if (training.state.files) training.state.files = 1; /* the others are not usable */
        place = 0;
    }
    vd_shared_forget();
    now.to = (long)get_current_batch(net);
    training.state.setbacks = now;
    *vd_validation_state_now() = best;
    apply_setbacks(net);
    long files = (long)training.state.files;
    training.state.files -= place;
    if (files) write_file(net, 0); /* replaces the latest, so that a resumed run knows of the setback */
    drop_newer(files, place);
}

int vd_checkpoint_resumed(void)
{
    return training.resumed;
}

int vd_checkpoint_signal(void)
{
    return caught;
}

void vd_checkpoint_agree(int signal)
{
    if (!agreed) agreed = signal;
}

int vd_checkpoint_time_is_up(void)
{
    return training.path && training.minutes && time(0) - training.clock >= 60 * training.minutes;
}

void vd_checkpoint_agree_on_time(int is_up)
{
    agreed_time = is_up;
}

/* the signal that ends the training after this batch, else 0 */
static int ending_signal(void)
{
    return vd_ranks() > 1 ? agreed : caught;
}

int vd_checkpoint_is_stopping(void)
{
    return training.path && ending_signal();
}

int vd_checkpoint_due(const network *net)
{
    if (!training.path) return 0;
    long batch = (long)get_current_batch((network *)net);
    int by_batches = training.batches && batch % training.batches == 0;
    int by_time = vd_ranks() > 1 ? agreed_time : vd_checkpoint_time_is_up();
    return ending_signal() || by_batches || by_time;
}

void vd_checkpoint_batch(network *net)
{
    int stops = ending_signal(); /* from here on one ends the training after the next batch, whose log tells it */
    if (!vd_checkpoint_due(net)) return;
    long batch = (long)get_current_batch(net);
    if (batch != training.written_at) save(net);
    if (!stops) return;
    vd_say_skipped();
    fprintf(stderr, "%s: stopped after batch %ld; to continue, run the same command with -resume\n", training.path,
            batch);
    fflush(stdout);
    vd_ranks_end(); /* the others wait until the file is written */
    signal(stops, SIG_DFL);
    raise(stops); /* the parent process sees which signal ended the program */
}

void vd_checkpoint_end(network *net)
{
    if (!training.path) return;
    /* -resume: the same command again finds that all is done, however short the training was */
    long batch = (long)get_current_batch(net);
    int has_files = training.state.files || training.resume;
    if (has_files && batch != training.written_at && batch != training.began_at) save(net);
    free(training.path);
    if (training.start) fclose(training.start);
    training.path = 0;
    training.start = 0;
    for (int i = 0; i < ENDING; ++i) sigaction(ending[i], before + i, 0);
}
