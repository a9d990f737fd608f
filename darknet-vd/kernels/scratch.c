#include "kernels/scratch.h"
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
        free(mine.data[slot]);
        mine.size[slot] = (n + 15) / 16 * 16;
        mine.data[slot] = aligned_alloc(64, mine.size[slot] * sizeof(float));
        if (!mine.data[slot]) vd_no_memory(mine.size[slot] * sizeof(float));
    }
    return mine.data[slot];
}
