/* One binary for every processor: chooses the table of kernels at run time. */
#include "kernels/kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

/* kernels/vector.c, compiled for ... */
extern const vd_kernels vd_kernels_generic;
#ifdef __x86_64__
extern const vd_kernels vd_kernels_avx2, vd_kernels_avx512, vd_kernels_avx512_bf16, vd_kernels_avx512_fp16;

static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

static int has_avx512_bf16(void)
{
#ifdef VD_ASSUME_BF16
    return 1;
#endif
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
}

/* VD_ASSUME_FP16, VD_ASSUME_BF16: for developers whose machine has the instructions and does not say so */
static int has_avx512_fp16(void)
{
#ifdef VD_ASSUME_FP16
    return 1;
#endif
    unsigned a, b, c, d; /* __builtin_cpu_supports() of gcc 12 does not know it */
    return has_avx512() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && d >> 23 & 1;
}
#endif

int vd_kernels_list(const vd_kernels **tables, int max)
{
    const vd_kernels *all[] = {&vd_kernels_c,
                               &vd_kernels_generic,
#ifdef __x86_64__
                               has_avx2() ? &vd_kernels_avx2 : 0,
                               has_avx512() ? &vd_kernels_avx512 : 0,
                               has_avx512_bf16() ? &vd_kernels_avx512_bf16 : 0,
                               has_avx512_fp16() ? &vd_kernels_avx512_fp16 : 0
#endif
    };
    int n = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); ++i)
        if (all[i] && n < max) tables[n++] = all[i];
    return n;
}

static const vd_kernels *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
    enum { MAX = 8 };
    const vd_kernels *tables[MAX];
    int n = vd_kernels_list(tables, MAX);
    const char *wanted = getenv("DARKNET_KERNELS");
    chosen = tables[n - 1];
    for (int i = 0; wanted && i < n; ++i)
        if (!strcmp(wanted, tables[i]->name)) chosen = tables[i];
}

const vd_kernels *vd_kernels_get(void)
{
    pthread_once(&once, choose);
    return chosen;
}
