#include "kernels/scratch.h"
#include "base/aligned.h"
#include "base/fail.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct {
    float *data[VD_SCRATCHES];
    size_t size[VD_SCRATCHES];
} scratch;

static __thread scratch mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void release(void *thread)
{
    scratch *s = thread;
    for (int i = 0; i < VD_SCRATCHES; ++i) free(s->data[i]);
}

static void make_key(void)
{
    pthread_key_create(&key, release);
}

void vd_no_memory(size_t bytes)
{
    vd_die("out of memory: cannot allocate %zu bytes", bytes);
}

float *vd_scratch(vd_scratch_slot slot, size_t n)
{
    if (mine.size[slot] < n) {
        pthread_once(&once, make_key);
        pthread_setspecific(key, &mine);
        size_t size = (n + 15) / 16 * 16;
        free(mine.data[slot]);
        mine.size[slot] = 0; /* true if a callback of vd_on_die() leaves from here */
        mine.data[slot] = vd_aligned_alloc(size * sizeof(float));
        if (!mine.data[slot]) vd_no_memory(size * sizeof(float));
        mine.size[slot] = size;
    }
    return mine.data[slot];
}
