#include "kernels/choice.h"
#include "kernels/choice_file.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    vd_choice_line line; /* ways: "" for one that was given */
    vd_reason reason;
    int used, written; /* by this program; to the file */
} choice;

/* lock: of choices and n. With it held nothing is timed, and nothing fails: a callback of vd_on_die() would leave it
 * locked */
static struct {
    pthread_mutex_t lock;
    atomic_int seeded, timed, unwritten, era, n;
    choice *choices;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

int vd_choice_era(void)
{
    return atomic_load(&known.era);
}

int vd_choice_is_timed(void)
{
    return atomic_load(&known.timed);
}

const char *vd_reason_name(vd_reason reason)
{
    static const char *const names[] = {"table of processors", "timed", "timed before", "checkpoint"};
    return names[reason];
}

/* ---- the list, with the lock held ---- */

static choice *find(const char *what)
{
    for (int i = 0; i < known.n; ++i)
        /* there are as many as n: NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
        if (!strcmp(known.choices[i].line.what, what)) return known.choices + i;
    return 0;
}

/* add it, or change the way of the one that is there; without memory it is not remembered */
static void put(choice new)
{
    choice *c = find(new.line.what);
    if (!c) {
        choice *more = realloc(known.choices, (size_t)(known.n + 1) * sizeof(*more));
        if (!more) return;
        known.choices = more;
        c = more + known.n++;
    }
    *c = new;
}

static void forget_all(void)
{
    free(known.choices);
    known.choices = 0;
    known.n = 0;
    known.unwritten = 0;
    ++known.era;
}

/* ---- timing ---- */

enum { ROUNDS = 7 };
static const double least_seconds = 50e-6; /* of one measurement: a clock read costs .2 us */
static const double enough_seconds = 4e-3; /* of all measurements of a way: big shapes get two */
static const double making_seconds = 5e-3; /* the first run may take so much longer than others */
static const double hopeless = 2;          /* times the fastest way: not measured again */
static const double better = .97;          /* of the rule's time: a way that gains less is not worth other bits */

/* of this thread: another program that has the processor meanwhile does not count */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    const vd_candidates *w;
    int way, runs;
} timing;

static void run_all(void *context)
{
    const timing *t = context;
    for (int i = 0; i < t->runs; ++i) t->w->run(t->way, t->w->context);
}

/* alone: in a training a run is a piece of work of one thread, and now() counts this thread only */
static double time_runs(const vd_candidates *w, int way, int runs)
{
    timing t = {w, way, runs};
    double start = now();
    vd_parallel_alone(run_all, &t);
    return (now() - start) / runs;
}

static int has(const vd_candidates *w, int way)
{
    return !w->has || w->has(way, w->context);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* seconds of each round of one way */
typedef struct {
    int out, runs; /* 1: not measured any more; runs of one measurement */
    int rounds;
    double seconds[ROUNDS], least;
} measured;

static void measure(const vd_candidates *w, int way, measured *m)
{
    double t = time_runs(w, way, m->runs);
    m->least = fmin(m->least, t);
    m->seconds[m->rounds++] = t;
}

/* the median; infinite for a way that dropped out */
static double middle(measured *m)
{
    if (m->out) return INFINITY;
    qsort(m->seconds, m->rounds, sizeof(double), by_value);
    return m->seconds[(m->rounds - 1) / 2];
}

/* the first run makes what is kept between runs. It decides nothing but that a way is hopeless against the fastest of
 * those before it */
static void begin(const vd_candidates *w, int way, double least, measured *m)
{
    m->out = time_runs(w, way, 1) > hopeless * least + making_seconds;
    m->runs = 1;
    if (m->out) return;
    measure(w, way, m);
    if (m->least < least_seconds) {
        m->runs = (int)(least_seconds / (m->least + 1e-7)) + 1;
        m->rounds = 0;
    }
}

/* rounds of all ways in turn, so that what else the machine does meets them alike */
static int fastest(const vd_candidates *w)
{
    measured m[VD_MOST_WAYS] = {{0}};
    int ways = 0, best = w->rule;
    for (int i = 0; i < w->n; ++i) {
        m[i].least = INFINITY;
        ways += !(m[i].out = !has(w, i));
    }
    if (ways == 1) return w->rule;
    double spent = 0, least = INFINITY;
    for (int i = 0; i < w->n; ++i) {
        int way = (w->rule + i) % w->n; /* the rule's first: others are measured against it */
        if (m[way].out) continue;
        begin(w, way, least, m + way);
        if (!m[way].out) least = fmin(least, m[way].least);
    }
    for (int r = 1; r < ROUNDS && (r < 2 || spent < enough_seconds * ways); ++r) {
        for (int i = 0; i < w->n; ++i) m[i].out |= m[i].least > hopeless * least;
        for (int i = 0; i < w->n; ++i) {
            if (m[i].out) continue;
            measure(w, i, m + i);
            spent += m[i].seconds[m[i].rounds - 1] * m[i].runs;
            least = fmin(least, m[i].least);
        }
    }
    least = better * middle(m + w->rule);
    for (int i = 0; i < w->n; ++i) {
        double t = middle(m + i);
        if (i != w->rule && t < least) best = i, least = t;
    }
    return best;
}

/* ---- choosing ---- */

static int number_of(const vd_candidates *w, const char *way)
{
    int i = 0;
    while (i < w->n && strcmp(way, w->names[i]) != 0) ++i;
    return i < w->n ? i : -1;
}

static vd_choice_line line_of(const vd_candidates *w)
{
    vd_choice_line line = {.what = ""};
    size_t n = 0;
    assert(w->n <= VD_MOST_WAYS && strlen(w->what) < sizeof(line.what));
    snprintf(line.what, sizeof(line.what), "%s", w->what);
    for (int i = 0; i < w->n; ++i) {
        assert(n + strlen(w->names[i]) + 2 <= sizeof(line.ways));
        n += sprintf(line.ways + n, i ? ",%s" : "%s", w->names[i]);
    }
    return line;
}

/* the way that is known for it, -1 when none is */
static int known_way(const vd_candidates *w, vd_choice_line line, vd_reason *reason)
{
    pthread_mutex_lock(&known.lock);
    choice *c = find(line.what);
    int way = c && (!*c->line.ways || !strcmp(c->line.ways, line.ways)) ? number_of(w, c->line.way) : -1;
    if (way >= 0) {
        c->used = 1;
        *reason = c->reason;
    }
    pthread_mutex_unlock(&known.lock);
    return way >= 0 && has(w, way) ? way : -1;
}

/* remember what was chosen in an era. Another thread may have been first: all take its way */
static int remember(const vd_candidates *w, vd_choice_line line, int way, int era, vd_reason *reason)
{
    pthread_mutex_lock(&known.lock);
    const choice *c = find(line.what);
    int is_new = !c || c->reason != *reason, other = is_new ? -1 : number_of(w, c->line.way);
    if (other >= 0) way = other;
    else if (era == known.era) {
        snprintf(line.way, sizeof(line.way), "%s", w->names[way]);
        put((choice){line, *reason, 1, 0});
        if (*reason == VD_TIMED) known.unwritten = 1;
    }
    pthread_mutex_unlock(&known.lock);
    return way;
}

/* TIMED is also the reason of the only way there is, so that it is kept: the next program need not ask has() */
int vd_choose(const vd_candidates *w, vd_reason *reason)
{
    vd_reason why;
    vd_choice_line line = line_of(w);
    int era = known.era, way = known_way(w, line, &why);
    if (way < 0) {
        why = known.timed && w->n > 1 ? VD_TIMED : VD_BY_RULE;
        way = why == VD_TIMED ? fastest(w) : w->rule;
        way = remember(w, line, way, era, &why);
    }
    if (reason) *reason = why;
    return way;
}

/* ---- what holds ---- */

int vd_choice_seeded(int seeded)
{
    pthread_mutex_lock(&known.lock);
    int changes = known.seeded != seeded;
    if (changes) {
        known.seeded = seeded;
        known.timed = 0;
        forget_all();
    }
    pthread_mutex_unlock(&known.lock);
    return changes;
}

/* what earlier programs have timed */
static void read_file(void)
{
    char *path = vd_choice_file();
    vd_choice_lines kept = vd_choice_read(path);
    pthread_mutex_lock(&known.lock);
    for (int i = 0; i < kept.n && known.timed; ++i)
        if (!find(kept.lines[i].what))
            put((choice){kept.lines[i], VD_KEPT, 0, 1}); /* what another thread chose stays */
    pthread_mutex_unlock(&known.lock);
    free(kept.lines);
    free(path);
}

static void write_file(void)
{
    int n = known.n;
    vd_choice_lines added = {vd_calloc(n, sizeof(vd_choice_line)), 0};
    pthread_mutex_lock(&known.lock);
    known.unwritten = 0;
    for (int i = 0; i < known.n; ++i) {
        choice *c = known.choices + i;
        if (c->reason != VD_TIMED || c->written) continue;
        if (added.n == n) known.unwritten = 1; /* it has grown: the rest the next time */
        else added.lines[added.n++] = c->line, c->written = 1;
    }
    pthread_mutex_unlock(&known.lock);
    char *path = vd_choice_file();
    vd_choice_write(path, added);
    free(path);
    free(added.lines);
}

int vd_choice_train(void)
{
    if (known.unwritten) write_file();
    if (known.timed || known.seeded) return 0;
    pthread_mutex_lock(&known.lock);
    int begins = !known.seeded && !known.timed;
    if (begins) {
        forget_all();
        known.timed = 1;
    }
    pthread_mutex_unlock(&known.lock);
    if (begins) read_file();
    return begins;
}

/* ---- checkpoints ---- */

char *vd_choice_text(void)
{
    int n = known.n;
    char *text = vd_calloc((size_t)n * sizeof(vd_choice_line) + 1, 1), *end = text;
    pthread_mutex_lock(&known.lock);
    for (int i = 0; i < known.n && n > 0; ++i) {
        const choice *c = known.choices + i;
        if (!c->used) continue;
        end += sprintf(end, "%s %s\n", c->line.what, c->line.way);
        --n;
    }
    pthread_mutex_unlock(&known.lock);
    return text;
}

/* the next line "what way" of a text; 0 at its end. A line of another form is left out */
static int next_line(const char **text, vd_choice_line *line)
{
    enum { WORDS = sizeof(line->what) + sizeof(line->way) };
    char words[WORDS], more;
    while (**text) {
        size_t n = strcspn(*text, "\n");
        const char *from = *text;
        *text += n + (from[n] == '\n');
        if (n >= WORDS) continue;
        memcpy(words, from, n);
        words[n] = 0;
        *line = (vd_choice_line){.what = ""};
        if (sscanf(words, "%95s %23s %c", line->what, line->way, &more) == 2) return 1;
    }
    return 0;
}

int vd_choice_take(const char *text)
{
    vd_choice_line line;
    pthread_mutex_lock(&known.lock);
    int taken = known.seeded;
    if (taken) {
        forget_all();
        while (next_line(&text, &line)) put((choice){line, VD_GIVEN, 1, 0});
    }
    pthread_mutex_unlock(&known.lock);
    return taken;
}

char *vd_choice_given(const char *text, const char *what)
{
    size_t n = strlen(what);
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        const char *word = text + n + 1;
        if (strncmp(text, what, n) != 0 || text[n] != ' ' || !*word || *word == '\n') continue;
        return vd_format("%.*s", (int)strcspn(word, "\n"), word);
    }
    return 0;
}
