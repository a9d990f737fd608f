#!/bin/sh
# Question   Can a convolution of numbers that are 0 or positive with weights that are 0 or positive be negative?
# Guess      No: it is a sum of products that are not negative, and rounding does not change a sign.
# Seen       oneDNN's direct convolution gives no negative sum, its Winograd convolution hundreds in 32,768. It works on
#            differences of neighbouring inputs, so next to large numbers a sum of zeros is what rounding leaves of them:
#            -0.004 where the largest sum is 9,400, a relative 4e-7. The error is small; its sign is what a caller does not
#            expect.
# Versions   Debian 12: libdnnl2, libdnnl-dev 2.6.3-1; x86-64 with AVX-512, which this kernel needs
# Date       2026-11-29
# Matters    The variance of a layer is such a convolution, of squares with variances, and its root is taken next: a
#            negative sum is NaN, and the training ends.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 10 MB.
set -eu
dnnl=2.6.3-1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
grep -q avx512dq /proc/cpuinfo || { echo "needs x86-64 with AVX-512"; exit 2; }

mkdir root
apt-get -qq download "libdnnl2=$dnnl" "libdnnl-dev=$dnnl" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: libdnnl2=$dnnl (apt-get update first?)"; exit 2; }
for deb in *.deb; do dpkg-deb -x "$deb" root; done
libs=$(dirname "$(find "$tmp/root" -name 'libdnnl.so.2' | head -n 1)")

cat > signs.c << 'END'
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
enum { IMAGES = 2, CHANNELS = 64, FILTERS = 64, SIDE = 16, TAPS = 9, ARRAYS = 3 };
static dnnl_engine_t engine;
static dnnl_stream_t stream;
static void check(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success) printf("%s: status %d\n", what, (int)status), exit(2);
}
static void copy(dnnl_memory_t from, const dnnl_memory_desc_t *a, dnnl_memory_t to, const dnnl_memory_desc_t *b)
{
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t p;
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    check(dnnl_reorder_primitive_desc_create(&pd, a, engine, b, engine, 0), "reorder");
    check(dnnl_primitive_create(&p, pd), "reorder");
    check(dnnl_primitive_execute(p, stream, 2, args), "reorder");
}
/* large numbers in the left half, 0 in the right; weights in the left column of each filter alone */
static void convolve(const char *name, dnnl_alg_kind_t algorithm)
{
    const dnnl_dims_t sizes[ARRAYS] = {
        {IMAGES, CHANNELS, SIDE, SIDE}, {FILTERS, CHANNELS, 3, 3}, {IMAGES, FILTERS, SIDE, SIDE}};
    const dnnl_format_tag_t tags[ARRAYS] = {dnnl_nchw, dnnl_oihw, dnnl_nchw};
    const dnnl_query_t queries[ARRAYS] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md};
    const int args[ARRAYS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
    dnnl_dims_t one = {1, 1};
    dnnl_memory_desc_t any[ARRAYS], plain[ARRAYS];
    const dnnl_memory_desc_t *own[ARRAYS];
    dnnl_memory_t outside[ARRAYS], inside[ARRAYS];
    dnnl_exec_arg_t exec[ARRAYS];
    dnnl_convolution_desc_t d;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t p;
    unsigned random = 1;
    int negative = 0, all = IMAGES * FILTERS * SIDE * SIDE;
    float *data[ARRAYS], smallest = 0, largest = 0;
    for (int i = 0; i < ARRAYS; ++i) {
        size_t n = (size_t)sizes[i][0] * sizes[i][1] * sizes[i][2] * sizes[i][3];
        check(dnnl_memory_desc_init_by_tag(any + i, 4, sizes[i], dnnl_f32, dnnl_format_tag_any), "layout");
        check(dnnl_memory_desc_init_by_tag(plain + i, 4, sizes[i], dnnl_f32, tags[i]), "layout");
        data[i] = calloc(n, sizeof(float));
        for (size_t k = 0; k < n; ++k) {
            random = random * 1664525u + 1013904223u;
            float x = (float)((random >> 8 & 1023) + 1);
            if (i == 0) data[i][k] = k % SIDE <= SIDE / 2 ? x / 7 : 0;
            if (i == 1) data[i][k] = k % 3 == 0 ? x / 1024 : 0;
        }
    }
    check(dnnl_convolution_forward_desc_init(&d, dnnl_forward_inference, algorithm, any, any + 1, 0, any + 2, one, one,
                                             one), "convolution");
    check(dnnl_primitive_desc_create(&pd, &d, 0, engine, 0), "no such kernel for this processor");
    for (int i = 0; i < ARRAYS; ++i) {
        own[i] = dnnl_primitive_desc_query_md(pd, queries[i], 0);
        check(dnnl_memory_create(outside + i, plain + i, engine, data[i]), "memory");
        check(dnnl_memory_create(inside + i, own[i], engine, DNNL_MEMORY_ALLOCATE), "memory");
        exec[i] = (dnnl_exec_arg_t){args[i], inside[i]};
        if (i < 2) copy(outside[i], plain + i, inside[i], own[i]);
    }
    check(dnnl_primitive_create(&p, pd), "convolution");
    check(dnnl_primitive_execute(p, stream, ARRAYS, exec), "convolution");
    copy(inside[2], own[2], outside[2], plain + 2);
    check(dnnl_stream_wait(stream), "stream");
    for (int i = 0; i < all; ++i) {
        negative += data[2][i] < 0;
        if (data[2][i] < smallest) smallest = data[2][i];
        if (data[2][i] > largest) largest = data[2][i];
    }
    fprintf(stderr, "%s: %d of %d sums are negative, the smallest %g, the largest %g\n", name, negative, all,
            (double)smallest, (double)largest);
    printf("%s: %s negative, no lower than -1e-5 of the largest: %s\n", name, negative ? "some" : "none",
           smallest > -1e-5f * largest ? "yes" : "no");
}
int main(void)
{
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
    check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");
    convolve("direct", dnnl_convolution_direct);
    convolve("winograd", dnnl_convolution_winograd);
    return 0;
}
END
gcc -O2 -I"$tmp/root/usr/include" -I"$tmp/root/usr/include/$(uname -m)-linux-gnu" signs.c -o signs -L"$libs" \
    -l:libdnnl.so.2 || exit 2
seen=$(LD_LIBRARY_PATH=$libs ./signs) || { echo "$seen"; exit 2; }
recorded='direct: none negative, no lower than -1e-5 of the largest: yes
winograd: some negative, no lower than -1e-5 of the largest: yes'
printf '%s\nexpected: none negative, twice\n' "$seen"
if [ "$seen" = "$recorded" ]; then echo "as recorded"; else printf 'CHANGED, recorded:\n%s\n' "$recorded"; exit 1; fi
