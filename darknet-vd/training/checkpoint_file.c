#include "training/checkpoint_file.h"
#include "training/average.h"
#include "training/validation.h"
#include "layer/kernel_choice.h"
#include "layer/layer_state.h"
#include "layer/target.h"
#include "layer/vd_layer.h"
#include "base/hash.h"
#include "base/seed.h"
#include "base/fail.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

static const char magic[4] = "VDCP";
enum {
    HEAD = sizeof(magic) + sizeof(uint32_t) + sizeof(uint64_t), /* bytes: magic, version, fingerprint */
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

/* ---- the same functions write and read ---- */

typedef struct {
    FILE *fp;
    const char *path;
    vd_training_state *state;
    int writes, resumes; /* resumes: it is read at the start of a training */
    uint32_t version;
    uint64_t sum; /* FNV-1a of the bytes written */
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
    int64_t files = s->writes ? s->state->files : 0;
    if (s->version > WITHOUT_LATEST) pass(s, &files, sizeof(files));
    if (s->resumes) s->state->files = files;
}

/* numbers that no training comes to would overflow as it goes back again */
static void pass_setbacks(stream *s)
{
    enum { MOST = 1 << 20 };
    vd_setbacks *b = &s->state->setbacks;
    pass(s, b, sizeof(*b));
    if (b->halvings < 0 || b->halvings > MOST || b->in_a_row < 0 || b->in_a_row > MOST)
        vd_die("%s: damaged: a training that has gone back %d times, %d of them in a row", s->path, (int)b->halvings,
               (int)b->in_a_row);
}

static void pass_training(stream *s, network *net)
{
    uint64_t state = rand_state();
    int32_t size[2] = {net->w, net->h};
    pass(s, net->seen, sizeof(*net->seen));
    pass(s, net->t, sizeof(*net->t));
    pass(s, &state, sizeof(state));
    pass(s, size, sizeof(size));
    pass(s, s->state->avg_loss, sizeof(*s->state->avg_loss));
    pass(s, s->state->count, sizeof(*s->state->count));
    vd_cost *c = vd_cost_of(net);
    if (c) pass(s, &c->progress, sizeof(c->progress));
    if (s->version > WITHOUT_SETBACKS) pass_setbacks(s);
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
    char word[sizeof(magic)];
    uint64_t print = fingerprint(net);
    memcpy(word, magic, sizeof(magic));
    pass(s, word, sizeof(word));
    pass(s, &s->version, sizeof(s->version));
    if (s->version < WITHOUT_SETBACKS || s->version > VERSION)
        vd_die("%s: version %u, but this program reads versions up to %d", s->path, s->version, VERSION);
    pass(s, &print, sizeof(print));
    if (print != fingerprint(net))
        vd_die("%s: is a checkpoint of another network: expected its layers, batch=, adam= and channels=", s->path);
    for (int i = 0; i < net->n; ++i) pass_layer(s, i, net->layers + i);
    pass_training(s, net);
}

/* end the program unless the file is complete and undamaged; called before anything of it is used */
static void check(FILE *fp, const char *path)
{
    char word[sizeof(magic)] = {0}, buffer[1 << 16];
    uint64_t sum = VD_FNV64_START, stored;
    if (fseek(fp, 0, SEEK_END)) vd_die("%s: %s", path, strerror(errno));
    long left = ftell(fp) - (long)sizeof(stored);
    rewind(fp);
    if (left >= HEAD && fread(word, 1, sizeof(word), fp) != sizeof(word))
        vd_die("%s: cannot be read: %s", path, strerror(errno));
    if (memcmp(word, magic, sizeof(magic))) vd_die("%s: not a checkpoint", path);
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

void vd_checkpoint_write(FILE *fp, const char *path, network *net, vd_training_state *state)
{
    stream s = {.fp = fp, .path = path, .state = state, .writes = 1, .version = VERSION, .sum = VD_FNV64_START};
    pass_all(&s, net);
    fwrite(&s.sum, sizeof(s.sum), 1, fp);
}

void vd_checkpoint_read(FILE *fp, const char *path, network *net, vd_training_state *state, int resumes)
{
    stream s = {.fp = fp, .path = path, .state = state, .resumes = resumes};
    check(fp, path);
    pass_all(&s, net);
}
