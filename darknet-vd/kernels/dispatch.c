/* One binary for every processor: chooses the table of kernels at run time. */
#include "kernels/kernels.h"
#include "kernels/processor.h"
#include "kernels/products/gemm.h"
#include "base/fail.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

/* kernels/vector.c, compiled for ... */
#ifdef __aarch64__
extern const vd_kernels vd_kernels_neon;
#define BASELINE vd_kernels_neon
#else
extern const vd_kernels vd_kernels_generic;
#define BASELINE vd_kernels_generic
#endif
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

/* VD_ASSUME_BF16, VD_ASSUME_FP16: for developers whose machine has the instructions and does not say so */
static int has_avx512_bf16(void)
{
#ifdef VD_ASSUME_BF16
    return has_avx512();
#else
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
#endif
}

static int has_avx512_fp16(void)
{
#ifdef VD_ASSUME_FP16
    return has_avx512();
#endif
    unsigned a, b, c, d; /* __builtin_cpu_supports() of gcc 12 does not know it */
    return has_avx512() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && d >> 23 & 1;
}
#endif

int vd_kernels_list(const vd_kernels **tables, int max)
{
    const vd_kernels *all[] = {&vd_kernels_c,
                               &BASELINE,
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

vd_type vd_kernels_type(const vd_kernels *table)
{
    if (table->fp16) return VD_FP16;
    return table->bf16 && vd_gemm_is_fast() ? VD_BF16 : VD_FLOAT;
}

enum { MAX = VD_KERNELS_MOST };

const vd_kernels *vd_kernels_named(const char *name)
{
    const vd_kernels *tables[MAX];
    int n = vd_kernels_list(tables, MAX);
    for (int i = 0; i < n; ++i)
        if (!strcmp(name, tables[i]->name)) return tables[i];
    return 0;
}

const vd_kernels *vd_kernels_of_type(vd_type type)
{
    const vd_kernels *tables[MAX];
    int n = vd_kernels_list(tables, MAX);
    while (n-- > 0)
        if (vd_kernels_type(tables[n]) == type) return tables[n];
    return 0;
}

const vd_kernels *vd_kernels_by_rule(void)
{
    const vd_processor *row = vd_processor_here();
    for (int i = 0; i < row->n; ++i)
        if (vd_kernels_of_type(row->order[i])) return vd_kernels_of_type(row->order[i]);
    return &vd_kernels_c;
}

static void refuse(const char *name)
{
    const vd_kernels *tables[MAX];
    char names[MAX * 24] = "";
    int n = vd_kernels_list(tables, MAX);
    for (int i = 0; i < n; ++i) {
        size_t end = strlen(names);
        snprintf(names + end, sizeof(names) - end, "%s%s", !i ? "" : i + 1 < n ? ", " : " and ", tables[i]->name);
    }
    vd_die("DARKNET_KERNELS=%s: not available: this processor has %s", name, names);
}

const vd_kernels *vd_kernels_asked(void)
{
    const char *name = getenv("DARKNET_KERNELS");
    if (!name || !*name) return 0;
    if (!vd_kernels_named(name)) refuse(name);
    return vd_kernels_named(name);
}

static const vd_kernels *_Atomic chosen;

const vd_kernels *vd_kernels_get(void)
{
    const vd_kernels *now = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (now) return now;
    now = vd_kernels_asked();
    if (!now) now = vd_kernels_by_rule();
    const vd_kernels *none = 0; /* two threads find the same */
    atomic_compare_exchange_strong(&chosen, &none, now);
    return atomic_load(&chosen);
}

void vd_kernels_use(const vd_kernels *table)
{
    atomic_store(&chosen, table);
}
