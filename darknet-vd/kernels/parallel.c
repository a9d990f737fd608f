#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define MAX_THREADS 256

static struct {
    pthread_mutex_t lock;
    pthread_cond_t start, finish;
    atomic_ulong loop; /* number of the loop being run: a waiting thread joins when it changes */
    atomic_int busy;   /* threads besides the caller still inside the loop */
    int threads;       /* including the caller; 0 before the first loop */
    int n;
    atomic_int next;
    void (*body)(int i, void *context);
    void *context;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .start = PTHREAD_COND_INITIALIZER, .finish = PTHREAD_COND_INITIALIZER};

static pthread_mutex_t one_loop = PTHREAD_MUTEX_INITIALIZER; /* held for the length of a loop */
static __thread int inside;

/* A thread that goes to sleep takes some 50 us to wake, as long as many a loop: look around for that long first.
 * Pointless where threads outnumber cores, but then the kernel takes the core away. */
enum { LOOKS = 4000 };

static void pause_briefly(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static void take_pieces(void)
{
    inside = 1;
    for (int i; (i = atomic_fetch_add(&pool.next, 1)) < pool.n;) pool.body(i, pool.context);
    inside = 0;
}

static void *worker(void *unused)
{
    unsigned long seen = 0;
    (void)unused;
    for (;;) {
        for (int i = 0; i < LOOKS && atomic_load(&pool.loop) == seen; ++i) pause_briefly();
        pthread_mutex_lock(&pool.lock);
        while (pool.loop == seen) pthread_cond_wait(&pool.start, &pool.lock);
        seen = pool.loop;
        pthread_mutex_unlock(&pool.lock);
        take_pieces();
        pthread_mutex_lock(&pool.lock);
        if (atomic_fetch_sub(&pool.busy, 1) == 1) pthread_cond_signal(&pool.finish);
        pthread_mutex_unlock(&pool.lock);
    }
    return 0;
}

void vd_parallel_forget_threads(void)
{
    pthread_mutex_init(&pool.lock, 0);
    pthread_cond_init(&pool.start, 0);
    pthread_cond_init(&pool.finish, 0);
    pthread_mutex_init(&one_loop, 0);
    pool.loop = 0;
    pool.threads = 0;
}

int vd_parallel_threads(void)
{
    const char *wanted = getenv("DARKNET_THREADS");
    cpu_set_t cores;
    int n = wanted ? atoi(wanted) : 0;
    if (n < 1) n = sched_getaffinity(0, sizeof(cores), &cores) ? 1 : CPU_COUNT(&cores);
    return n < MAX_THREADS ? n : MAX_THREADS;
}

static void start_threads(void)
{
    static int registered;
    if (!registered) pthread_atfork(0, 0, vd_parallel_forget_threads);
    registered = 1;
    pool.threads = 1;
    for (int wanted = vd_parallel_threads(); pool.threads < wanted; ++pool.threads) {
        pthread_t thread;
        if (pthread_create(&thread, 0, worker, 0)) break; /* fewer threads are slower, not wrong */
        pthread_detach(thread);
    }
}

void vd_parallel_for(int n, void (*body)(int i, void *context), void *context)
{
    if (inside || n <= 1) {
        for (int i = 0; i < n; ++i) body(i, context);
        return;
    }
    pthread_mutex_lock(&one_loop);
    if (!pool.threads) start_threads();
    pthread_mutex_lock(&pool.lock);
    pool.n = n;
    pool.body = body;
    pool.context = context;
    atomic_store(&pool.next, 0);
    pool.busy = pool.threads - 1;
    ++pool.loop;
    pthread_cond_broadcast(&pool.start);
    pthread_mutex_unlock(&pool.lock);
    take_pieces();
    for (int i = 0; i < LOOKS && atomic_load(&pool.busy); ++i) pause_briefly();
    pthread_mutex_lock(&pool.lock);
    while (pool.busy) pthread_cond_wait(&pool.finish, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&one_loop);
}
