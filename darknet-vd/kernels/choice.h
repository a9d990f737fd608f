/* Which of several ways computes something, and why.
 *
 * Ways give the same result but for rounding; which is fastest depends on the processor and the shape. So a way is
 *
 *   by rule    before any training, at test time, and wherever [net] seed= asks for the same bytes every time: the way
 *              that the caller names, from the shape and the processor alone. Nothing is timed and no file is read
 *   timed      once a training without a seed has begun: every way runs a few times, and the fastest one is taken
 *   kept       the same, but timed by an earlier training on such a processor: choice_file.h
 *   given      as the checkpoint says that a training is resumed from
 *
 * and stays what it is until another of these holds. */
#ifndef VD_KERNELS_CHOICE_H
#define VD_KERNELS_CHOICE_H

typedef enum { VD_BY_RULE, VD_TIMED, VD_KEPT, VD_GIVEN } vd_reason;

enum { VD_MOST_WAYS = 8 };

typedef struct {
    const char *what;         /* the product and its shape: a word of printable characters without spaces */
    int n;                    /* ways, at most VD_MOST_WAYS */
    const char *const *names; /* [n] a word each, without commas */
    int rule;                 /* the way by rule */
    /* 1 when the processor has the way; null: it has all. The way by rule must be one that it has */
    int (*has)(int way, void *context);
    /* compute it once, in the calling thread. Not called where nothing is timed */
    void (*run)(int way, void *context);
    void *context;
} vd_candidates;

/* the number of the way; *reason, unless null, is why. Any thread may call it, and a run() may itself lead to other
 * choices */
int vd_choose(const vd_candidates *w, vd_reason *reason);

/* [net] seed= is given (1) or not (0). When that changes, what was chosen is forgotten, ways are by rule, and
 * it returns 1 */
int vd_choice_seeded(int seeded);

/* a training begins or goes on: from here on ways are timed, unless there is a seed. Also writes what was timed since
 * the last call to the file. Cheap when there is nothing to do; returns 1 when ways are timed from now on and were not
 * before. is_timed(): 1 when they are */
int vd_choice_train(void);
int vd_choice_is_timed(void);

/* a number that changes whenever another way may be chosen than before: what a caller keeps belongs to one */
int vd_choice_era(void);

/* All choices as lines "what way", for a checkpoint; the caller frees it. And back: with a seed those ways are given
 * from now on; without one it returns 0. given() returns the word behind `what` in such lines, null when there is none;
 * the caller frees it */
char *vd_choice_text(void);
int vd_choice_take(const char *text);
char *vd_choice_given(const char *text, const char *what);

const char *vd_reason_name(vd_reason reason);

#endif
