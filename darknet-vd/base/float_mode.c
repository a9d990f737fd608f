#include "base/float_mode.h"

#ifdef __x86_64__
#include <xmmintrin.h>
#endif

typedef unsigned long mode;

static __thread int depth;
static __thread mode callers;

#if defined(__x86_64__)

/* rounding to nearest, all exceptions masked; results and operands that are denormal are 0 (FTZ, DAZ) */
static const mode ours = 0x1f80 | 0x8000 | 0x0040;

static mode get(void)
{
    return _mm_getcsr();
}

static void set(mode m)
{
    _mm_setcsr((unsigned)m);
}

#elif defined(__aarch64__)

/* FZ; no other bit: rounding to nearest, no traps */
static const mode ours = 1ul << 24;

static mode get(void)
{
    mode m;
    __asm__ volatile("mrs %0, fpcr" : "=r"(m));
    return m;
}

static void set(mode m)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(m));
}

#else /* no such mode is known */

static const mode ours = 0;

static mode get(void)
{
    return 0;
}

static void set(mode m)
{
    (void)m;
}

#endif

int vd_float_mode_begin(void)
{
    if (!depth++) {
        callers = get();
        set(ours);
    }
    return 0;
}

void vd_float_mode_end(int *unused)
{
    (void)unused;
    if (!--depth) set(callers);
}

int vd_float_mode_depth(void)
{
    return depth;
}

void vd_float_mode_back_to(int wanted)
{
    if (depth && !wanted) set(callers);
    depth = wanted;
}
