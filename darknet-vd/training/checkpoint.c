#include "training/checkpoint.h"
#include "training/average.h"
#include "training/shared_update.h"
#include "training/validation.h"
#include "config/keys.h"
#include "data/skip_broken.h"
#include "ranks/ranks.h"
#include "layer/nonfinite.h"
#include "layer/kernel_choice.h"
#include "layer/layer_state.h"
#include "layer/target.h"
#include "base/hash.h"
#include "base/seed.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "network.h"

static const char magic[4] = "VDCP";
enum {
    VERSION = 7,
    WITHOUT_SETBACKS = 1,
    WITHOUT_CHOICES = 2,
    WITHOUT_AVERAGE = 3,    /* nor the best validation and the target of [vd_cost] */
    WITHOUT_SIZE = 4,       /* of target_size, nor whether the best validation was before a target */
    WITHOUT_LATER = 5,      /* nor whether the network follows later Darknets */
    WITHOUT_LATEST = 6,     /* nor the batch of the average's latest step, nor how many files there are */
    MOST_CHOICES = 1 << 20, /* bytes */
    MOST_PIXELS = 65536     /* of a side, as [net] may have them */
};

static struct {
    long batches, minutes, keep; /* options */
    int resume, resumed;

    char *path; /* null: no training, or training without checkpoints */
    float *avg_loss;
    int *count;
    long written_at; /* batch of the latest file; 0: none */
    time_t clock;    /* when that file was written */
    long files;      /* written by this training and kept, the latest included */
    long began_at;   /* batch: of the weights, or of the checkpoint */
    FILE *start;     /* state at the start; null unless kept */
    vd_setbacks setbacks;
    float learning_rate, learning_rate_min; /* without halvings */
} training;

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

/* ---- the file: the same functions write and read it ---- */

typedef struct {
    FILE *fp;
    int writes, resumes; /* resumes: it is read at the start of a training */
    uint32_t version;
    uint64_t sum; /* FNV-1a of the bytes written */
    const char *path;
} stream;

static void pass(stream *s, void *data, size_t bytes)
{
    if (s->writes) {
        fwrite(data, 1, bytes, s->fp); /* errors show when the file is closed */
        s->sum = vd_fnv64(s->sum, data, bytes);
    } else if (fread(data, 1, bytes, s->fp) != bytes) {
        vd_die("%s: %s", s->path, ferror(s->fp) ? strerror(errno) : "ends too early");
    }
}

/* an array may be missing on either side: when reading, one that is not in the file becomes zero, and one that the
 * network does not have yet is allocated */
static void pass_array(stream *s, int layer, vd_array a)
{
    uint64_t whole = a.n * a.bytes, bytes = *a.at ? whole : 0;
    pass(s, &bytes, sizeof(bytes));
    if (!s->writes && bytes && bytes != whole)
        vd_die("%s: layer %d has an array of %llu bytes, but the network's has %llu", s->path, layer,
               (unsigned long long)bytes, (unsigned long long)whole);
    if (!s->writes && bytes && !*a.at) *a.at = vd_calloc(a.n, a.bytes);
    if (bytes) pass(s, *a.at, bytes);
    else if (*a.at) memset(*a.at, 0, whole);
}

static void pass_layer(stream *s, int index, layer *l)
{
    vd_array arrays[VD_LAYER_ARRAYS];
    int variational = vd_layer_of(*l) != 0;
    int32_t active = s->writes && variational ? vd_layer_write_active(*l) : 0; /* before its moments are written */
    int n = vd_layer_arrays(l, arrays);
    for (int i = 0; i < n; ++i) pass_array(s, index, arrays[i]);
    if (!variational) return;
    n = vd_layer_state(*l, arrays);
    for (int i = 0; i < n; ++i) pass_array(s, index, arrays[i]);
    pass(s, &active, sizeof(active));
    if (!s->writes) vd_layer_restored(*l, active);
}

/* random=1: every few batches, training changes the size of its pictures */
static int changes_size(const network *net)
{
    int yes = net->random;
    for (int i = 0; i < net->n; ++i) yes |= net->layers[i].random;
    return yes;
}

/* the kernels and ways that the training computes by; used when it is resumed, and left out when it goes back */
static void pass_choices(stream *s)
{
    char *text = s->writes ? vd_kernel_choice_text() : 0;
    uint32_t bytes = text ? (uint32_t)strlen(text) : 0;
    pass(s, &bytes, sizeof(bytes));
    if (bytes > MOST_CHOICES) vd_die("%s: %u bytes of choices", s->path, bytes);
    if (!text) text = vd_calloc(bytes + 1, 1);
    pass(s, text, bytes);
    if (!s->writes && s->resumes) vd_kernel_choice_resume(text, s->path);
    free(text);
}

/* of a network that no longer has such an array */
static void skip(stream *s, uint64_t bytes)
{
    char buffer[1 << 12];
    for (size_t n; bytes; bytes -= n) {
        n = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
        pass(s, buffer, n);
    }
}

/* the means of ema_alpha, with which training goes on when the cfg still has it */
static void pass_average(stream *s, network *net)
{
    uint64_t whole = vd_average_length(net) * sizeof(float), bytes = vd_average_means(net) ? whole : 0;
    pass(s, &bytes, sizeof(bytes));
    if (!s->writes && !whole) {
        skip(s, bytes);
        return;
    }
    if (bytes && bytes != whole)
        vd_die("%s: %llu bytes of averages, but the network has %llu", s->path, (unsigned long long)bytes,
               (unsigned long long)whole);
    if (!s->writes) vd_average_set(net, bytes != 0);
    if (bytes) pass(s, vd_average_means(net), bytes);
}

/* an earlier version does not say: the means lack no batch */
static void pass_latest(stream *s, network *net)
{
    if (s->version > WITHOUT_LATEST) pass(s, vd_average_latest(), sizeof(*vd_average_latest()));
    else *vd_average_latest() = (int64_t)get_current_batch(net);
}

/* a network that follows later Darknets by its weights does so only once these are loaded */
static void pass_later(stream *s, const network *net)
{
    int32_t now = vd_is_later_network(net), then = now;
    pass(s, &then, sizeof(then));
    if (then != now)
        vd_die("%s: of a training %s weights of a later Darknet, version 0.2.5: give the weights that it began with",
               s->path, then ? "that began with" : "without");
}

/* of a training that goes on; an earlier version does not say */
static void pass_files(stream *s)
{
    int64_t files = s->writes ? training.files : training.keep;
    if (s->version > WITHOUT_LATEST) pass(s, &files, sizeof(files));
    if (s->resumes) training.files = files < training.keep ? (long)files : training.keep;
}

static void pass_training(stream *s, network *net)
{
    uint64_t state = rand_state();
    int32_t size[2] = {net->w, net->h};
    pass(s, net->seen, sizeof(*net->seen));
    pass(s, net->t, sizeof(*net->t));
    pass(s, &state, sizeof(state));
    pass(s, size, sizeof(size));
    pass(s, training.avg_loss, sizeof(*training.avg_loss));
    pass(s, training.count, sizeof(*training.count));
    vd_cost *c = vd_cost_of(net);
    if (c) pass(s, &c->progress, sizeof(c->progress));
    if (s->version > WITHOUT_SETBACKS) pass(s, &training.setbacks, sizeof(training.setbacks));
    if (s->version > WITHOUT_CHOICES) pass_choices(s);
    if (s->version > WITHOUT_AVERAGE) {
        pass_average(s, net);
        pass(s, vd_validation_state_now(),
             s->version > WITHOUT_SIZE ? sizeof(vd_validation_state) : offsetof(vd_validation_state, before_target));
        if (c) pass(s, &c->target, s->version > WITHOUT_SIZE ? sizeof(c->target) : offsetof(typeof(c->target), share));
    } else if (!s->writes) {
        vd_average_set(net, 0);
    }
    if (s->version > WITHOUT_LATER) pass_later(s, net);
    pass_latest(s, net);
    pass_files(s);
    if (s->writes) return;
    vd_average_restored(net);
    if (c) vd_target_restored(net);
    rand_restore(state);
    if (net->w == size[0] && net->h == size[1]) return;
    if (!changes_size(net)) { /* the cfg has been changed: another size, or no random=1 any more */
        fprintf(stderr, "%s: pictures were %dx%d, and are %dx%d from now on\n", s->path, size[0], size[1], net->w,
                net->h);
        return;
    }
    if (size[0] < 1 || size[1] < 1 || size[0] > MOST_PIXELS || size[1] > MOST_PIXELS)
        vd_die("%s: pictures of %dx%d, but the network has %dx%d", s->path, size[0], size[1], net->w, net->h);
    resize_network(net, size[0], size[1]);
}

/* a hash of what must be the same in the checkpoint's network and in the one that resumes from it */
static uint64_t fingerprint(const network *net)
{
    int32_t numbers[] = {net->n, net->batch * net->subdivisions, net->adam, net->c};
    uint64_t sum = vd_fnv64(VD_FNV64_START, numbers, sizeof(numbers));
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        int32_t c = l.type == DROPOUT ? 0 : l.c; /* which it has from its first change of size on */
        int32_t of_layer[] = {l.type, c, l.n, l.size, l.groups, l.batch_normalize, vd_layer_of(l) != 0};
        uint64_t weights = vd_has_weights(l) ? vd_weights_of(l) : 0;
        sum = vd_fnv64(vd_fnv64(sum, of_layer, sizeof(of_layer)), &weights, sizeof(weights));
    }
    return sum;
}

static void pass_all(stream *s, network *net)
{
    char word[4];
    uint64_t print = fingerprint(net);
    memcpy(word, magic, sizeof(magic));
    pass(s, word, sizeof(word));
    pass(s, &s->version, sizeof(s->version));
    if (s->version < WITHOUT_SETBACKS || s->version > VERSION)
        vd_die("%s: version %u, but this program reads versions up to %d", s->path, s->version, VERSION);
    pass(s, &print, sizeof(print));
    if (print != fingerprint(net)) vd_die("%s: is a checkpoint of another network", s->path);
    for (int i = 0; i < net->n; ++i) pass_layer(s, i, net->layers + i);
    pass_training(s, net);
}

/* end the program unless the file is complete and undamaged; called before anything of it is used */
static void check(FILE *fp, const char *path)
{
    char word[4] = {0}, buffer[1 << 16];
    uint64_t sum = VD_FNV64_START, stored;
    if (fseek(fp, 0, SEEK_END)) vd_die("%s: %s", path, strerror(errno));
    long left = ftell(fp) - (long)sizeof(stored);
    rewind(fp);
    if (left >= 16 && fread(word, 1, 4, fp) != 4) vd_die("%s: cannot be read: %s", path, strerror(errno));
    if (memcmp(word, magic, 4)) vd_die("%s: not a checkpoint", path);
    rewind(fp);
    while (left > 0) {
        size_t n = left < (long)sizeof(buffer) ? (size_t)left : sizeof(buffer);
        if (fread(buffer, 1, n, fp) != n) vd_die("%s: cannot be read: %s", path, strerror(errno));
        sum = vd_fnv64(sum, buffer, n);
        left -= (long)n;
    }
    if (fread(&stored, 1, sizeof(stored), fp) != sizeof(stored) || stored != sum)
        vd_die("%s: damaged: wrong checksum", path);
    rewind(fp);
}

/* the path of the latest checkpoint (i = 0), or of the i-th before it */
static char *path_of(long i)
{
    return i ? vd_format("%s.%ld", training.path, i) : vd_format("%s", training.path);
}

static void apply_setbacks(network *net)
{
    net->learning_rate = ldexpf(training.learning_rate, -training.setbacks.halvings);
    net->learning_rate_min = ldexpf(training.learning_rate_min, -training.setbacks.halvings);
}

/* 0 when there is no such checkpoint */
static int restore_file(network *net, const char *path, int resumes)
{
    FILE *fp = vd_rank() ? 0 : fopen(path, "rb");
    if (!vd_rank() && !fp && errno != ENOENT) vd_die("%s: %s", path, strerror(errno));
    fp = vd_ranks_share_file(fp);
    if (!fp) return 0;
    check(fp, path);
    stream s = {.fp = fp, .resumes = resumes, .path = path};
    pass_all(&s, net);
    fclose(fp);
    return 1;
}

/* restore the latest of this training's checkpoints before a batch whose numbers are finite; returns its place among
 * them, from 0 on, or -1 when there is none */
static long restore_before(network *net, long batch)
{
    vd_ranks_broadcast(&training.files, sizeof(training.files)); /* rank 0 writes some by the clock */
    for (long i = 0; i < training.files; ++i) {
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
    if (fault) vd_die("%s: %s", training.path, fault); /* an older version wrote such files */
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
    stream s = {.fp = out.fp, .writes = 1, .version = VERSION, .sum = VD_FNV64_START, .path = training.path};
    pass_all(&s, net);
    fwrite(&s.sum, sizeof(s.sum), 1, out.fp);
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
    if (training.files < training.keep) ++training.files;
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
    training.avg_loss = avg_loss;
    training.count = count;
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
    stream s = {.fp = training.start, .writes = 1, .version = VERSION, .path = "temporary file"};
    if (s.fp) pass_all(&s, net);
    if (!s.fp || fflush(s.fp) || ferror(s.fp)) vd_die("cannot keep the initial state of training: %s", strerror(errno));
    return 1;
}

vd_setbacks *vd_checkpoint_setbacks(void)
{
    return &training.setbacks;
}

static void restore_start(network *net)
{
    stream s = {.fp = training.start, .path = "temporary file"};
    rewind(s.fp);
    pass_all(&s, net);
}

void vd_checkpoint_back(network *net, long before)
{
    vd_setbacks now = training.setbacks; /* the present ones, not those of the checkpoint */
    vd_validation_state best = *vd_validation_state_now();
    long place = restore_before(net, before);
    if (place < 0) {
        restore_start(net);
        if (training.files) training.files = 1; /* the others are not usable */
        place = 0;
    }
    vd_shared_forget();
    now.to = (long)get_current_batch(net);
    training.setbacks = now;
    *vd_validation_state_now() = best;
    apply_setbacks(net);
    long files = training.files;
    training.files -= place;
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
    if ((training.files || training.resume) && batch != training.written_at && batch != training.began_at) save(net);
    free(training.path);
    if (training.start) fclose(training.start);
    training.path = 0;
    training.start = 0;
    for (int i = 0; i < ENDING; ++i) sigaction(ending[i], before + i, 0);
}
