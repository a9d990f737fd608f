#include "base/parallel.h"
#include "base/fail.h"
#include "base/first_failure.h"
#include "base/float_mode.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define MAX_THREADS 256

/* of one thread's share, the pieces next to each other: what it works on in one loop is often in its cache in the next
 * loop, too. A thread whose share is done takes from the others' */
typedef struct {
    atomic_int next;
    char apart[60]; /* a cache line each */
} share;

typedef struct thread_pool {
    struct thread_pool *older; /* one that was forgotten: its threads still wait on it */
    pthread_mutex_t lock;
    pthread_cond_t start, finish;
    atomic_ulong loop; /* number of the loop being run: a waiting thread joins when it changes */
    atomic_int busy;   /* threads besides the caller still inside the loop */
    int threads;       /* including the caller */
    int n;
    share shares[MAX_THREADS];
    atomic_int workers; /* that have begun: they have numbers from 1 on, the caller is 0 */
    void (*body)(int i, void *context);
    void *context;
    vd_first_failure failure;
} thread_pool;

static thread_pool *latest;                                  /* of all there were */
static thread_pool *pool;                                    /* null before the first loop; never freed */
static pthread_mutex_t one_loop = PTHREAD_MUTEX_INITIALIZER; /* held during a loop */
static __thread int inside, number;

/* Waking a sleeping thread takes about 50 us, as long as many a loop: spin that long before sleeping. Useless where
 * threads outnumber cores, but then the kernel takes the core away. */
enum { SPINS = 4000 };

static void pause_briefly(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static int first_of_share(const thread_pool *p, int k)
{
    return (int)((long)p->n * k / p->threads);
}

static void take_pieces(void *context)
{
    thread_pool *p = context;
    for (int k = 0; k < p->threads; ++k) {
        int of = (number + k) % p->threads, end = first_of_share(p, of + 1);
        for (int i; (i = atomic_fetch_add(&p->shares[of].next, 1)) < end && !p->failure.failed;) p->body(i, p->context);
    }
}

static void work(thread_pool *p)
{
    inside = 1;
    vd_catch_failure(&p->failure, take_pieces, p);
    inside = 0;
}

static void *worker(void *mine)
{
    thread_pool *p = mine;
    unsigned long seen = 0;
    number = atomic_fetch_add(&p->workers, 1) + 1;
    vd_float_mode_begin(); /* for good */
    for (;;) {
        for (int i = 0; i < SPINS && atomic_load(&p->loop) == seen; ++i) pause_briefly();
        pthread_mutex_lock(&p->lock);
        while (p->loop == seen) pthread_cond_wait(&p->start, &p->lock);
        seen = p->loop;
        pthread_mutex_unlock(&p->lock);
        work(p);
        pthread_mutex_lock(&p->lock);
        if (atomic_fetch_sub(&p->busy, 1) == 1) pthread_cond_signal(&p->finish);
        pthread_mutex_unlock(&p->lock);
    }
    return 0;
}

/* the threads of the old pool stay asleep on that pool */
void vd_parallel_forget_threads(void)
{
    pool = 0;
    pthread_mutex_init(&one_loop, 0);
}

int vd_parallel_threads(void)
{
    const char *wanted = getenv("DARKNET_THREADS");
    cpu_set_t cores;
    long n = wanted ? strtol(wanted, 0, 10) : 0;
    if (n < 1) n = sched_getaffinity(0, sizeof(cores), &cores) ? 1 : CPU_COUNT(&cores);
    return n < MAX_THREADS ? (int)n : MAX_THREADS;
}

/* null when there is no memory: loops then run in the calling thread */
static thread_pool *make_pool(void)
{
    static int registered;
    if (!registered) pthread_atfork(0, 0, vd_parallel_forget_threads);
    registered = 1;
    thread_pool *p = calloc(1, sizeof(*p));
    if (!p) return 0;
    pthread_mutex_init(&p->lock, 0);
    pthread_cond_init(&p->start, 0);
    pthread_cond_init(&p->finish, 0);
    p->threads = 1;
    p->older = latest;
    latest = p;
    for (int wanted = vd_parallel_threads(); p->threads < wanted; ++p->threads) {
        pthread_t thread;
        if (pthread_create(&thread, 0, worker, p)) break; /* fewer threads are slower, not wrong */
        pthread_detach(thread);
    }
    return p;
}

static void run_in_line(int n, void (*body)(int i, void *context), void *context)
{
    for (int i = 0; i < n; ++i) body(i, context);
}

static void run_in_pool(thread_pool *p, int n, void (*body)(int i, void *context), void *context)
{
    pthread_mutex_lock(&p->lock);
    p->n = n;
    p->body = body;
    p->context = context;
    p->failure.failed = 0;
    for (int k = 0; k < p->threads; ++k) atomic_store(&p->shares[k].next, first_of_share(p, k));
    p->busy = p->threads - 1;
    ++p->loop;
    pthread_cond_broadcast(&p->start);
    pthread_mutex_unlock(&p->lock);
    work(p);
    for (int i = 0; i < SPINS && atomic_load(&p->busy); ++i) pause_briefly();
    pthread_mutex_lock(&p->lock);
    while (p->busy) pthread_cond_wait(&p->finish, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void vd_parallel_for(int n, void (*body)(int i, void *context), void *context)
{
    vd_float_mode_here();
    if (inside || n <= 1) {
        run_in_line(n, body, context);
        return;
    }
    int failed = 0;
    char *message = 0;
    pthread_mutex_lock(&one_loop);
    if (!pool) pool = make_pool();
    thread_pool *p = pool;
    if (p) {
        run_in_pool(p, n, body, context);
        failed = p->failure.failed;
        message = p->failure.message;
    }
    pthread_mutex_unlock(&one_loop);
    if (failed) vd_fail_again(message);
    if (!p) run_in_line(n, body, context);
}

void vd_parallel_alone(void (*body)(void *context), void *context)
{
    char *message;
    int before = inside;
    inside = 1;
    int failed = vd_fail_catch(body, context, &message);
    inside = before;
    if (failed) vd_fail_again(message);
}
