#!/bin/sh
# Question   XNNPACK, the engine under TensorFlow Lite, has kernels for 1x1 convolutions with sparse weights. Does a network
#            with 98 % zeros run on them when its runtime is made with XNN_FLAG_HINT_SPARSE_INFERENCE?
# Guess      Yes: the network has the shape that they want (3x3 with stride 2, then 1x1, then global pooling), and two
#            thirds of zeros are enough.
# Seen       Not on a processor with AVX: no sparse operator is made, whatever the share of zeros, and nothing is said.
#            Without AVX (qemu's Nehalem) all seven convolutions become sparse ones at 98 and at 90 % zeros, and none at 50.
#            The kernels themselves run on any processor, where xnn_create_convolution2d_nchw_f32() asks for them.
# Versions   Debian 12: libxnnpack0 0.0~git20220216.ae108ef-2, libpthreadpool0 0.0~git20210507.1787867-1,
#            libcpuinfo0 0.0~git20220617.082deff-1+deb12u1, qemu-user 1:7.2+dfsg-7+deb12u18+b3
# Date       2026-11-30
# Matters    Who prunes a network and measures it on a PC by this flag finds that sparsity gains nothing, whatever the
#            sparsity. It gains on the phone.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 18 MB.
set -eu
xnnpack='0.0~git20220216.ae108ef-2' pool='0.0~git20210507.1787867-1' cpuinfo='0.0~git20220617.082deff-1+deb12u1'
qemu='1:7.2+dfsg-7+deb12u18+b3'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
grep -qw avx /proc/cpuinfo || { echo "needs x86-64 with AVX"; exit 2; }

# unpacks packages, and what they need and is not installed, into root/; nothing is installed
debian() {
    mkdir -p archives/partial root
    apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
        -o Dir::Cache::archives="$tmp/archives" install "$@" > apt.log 2>&1 ||
        { cat apt.log; echo "not to be had: $* (apt-get update first?)"; exit 2; }
    for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
}
debian "libxnnpack0=$xnnpack" "libxnnpack-dev=$xnnpack" "libpthreadpool0=$pool" "libpthreadpool-dev=$pool" \
    "libcpuinfo0=$cpuinfo" "qemu-user=$qemu"
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
export PATH="$tmp/root/usr/bin:$PATH" LD_LIBRARY_PATH="$libs"

cat > hint.c << 'END'
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>
enum { CHANNELS = 64, LAYERS = 6, IN = 32, OUT = 16 };

/* XNNPACK calls these two by name: they are counted on the way */
static int dense, sparse;
typedef enum xnn_status maker(uint32_t top, uint32_t right, uint32_t bottom, uint32_t left, uint32_t h, uint32_t w,
                              uint32_t down, uint32_t across, uint32_t dh, uint32_t dw, uint32_t groups, size_t in,
                              size_t out, size_t in_stride, size_t out_stride, const float *kernel, const float *bias,
                              float least, float most, uint32_t flags, xnn_operator_t *made);
#define COUNTED(name, count)                                                                                         \
    enum xnn_status name(uint32_t top, uint32_t right, uint32_t bottom, uint32_t left, uint32_t h, uint32_t w,       \
                         uint32_t down, uint32_t across, uint32_t dh, uint32_t dw, uint32_t groups, size_t in,       \
                         size_t out, size_t in_stride, size_t out_stride, const float *kernel, const float *bias,    \
                         float least, float most, uint32_t flags, xnn_operator_t *made)                              \
    {                                                                                                                \
        ++count;                                                                                                     \
        return ((maker *)dlsym(RTLD_NEXT, #name))(top, right, bottom, left, h, w, down, across, dh, dw, groups, in,  \
                                                  out, in_stride, out_stride, kernel, bias, least, most, flags, made); \
    }
COUNTED(xnn_create_convolution2d_nhwc_f32, dense)
COUNTED(xnn_create_convolution2d_nchw_f32, sparse)

static void check(enum xnn_status status, const char *what)
{
    if (status) printf("%s: status %d\n", what, status), exit(2);
}
static float uniform(void)
{
    static unsigned lot = 1;
    lot = lot * 1664525u + 1013904223u;
    return (float)(lot >> 8) * 0x1p-24f;
}
static uint32_t tensor(xnn_subgraph_t g, size_t n, const size_t *dims, const void *data, uint32_t outside, uint32_t flags)
{
    uint32_t id;
    check(xnn_define_tensor_value(g, xnn_datatype_fp32, n, dims, data, outside, flags, &id), "tensor");
    return id;
}
static uint32_t inside(xnn_subgraph_t g, size_t n, const size_t *dims, const void *data)
{
    return tensor(g, n, dims, data, XNN_INVALID_VALUE_ID, 0);
}
static void run(int zeros, uint32_t flags)
{
    static float first[CHANNELS * 27], w[LAYERS][CHANNELS * CHANNELS], bias[CHANNELS], x[IN * IN * 3 + 16],
        y[CHANNELS + 16];
    const size_t in[] = {1, IN, IN, 3}, map[] = {1, OUT, OUT, CHANNELS}, one[] = {1, 1, 1, CHANNELS};
    const size_t by3[] = {CHANNELS, 3, 3, 3}, by1[] = {CHANNELS, 1, 1, CHANNELS}, n[] = {CHANNELS};
    xnn_subgraph_t g;
    xnn_runtime_t runtime;
    for (int i = 0; i < CHANNELS * 27; ++i) first[i] = uniform() - .5f;
    for (int l = 0; l < LAYERS; ++l)
        for (int i = 0; i < CHANNELS * CHANNELS; ++i) w[l][i] = 100 * uniform() < zeros ? 0 : uniform() - .5f;
    for (int i = 0; i < IN * IN * 3; ++i) x[i] = uniform();
    check(xnn_create_subgraph(2, 0, &g), "graph");
    uint32_t from = tensor(g, 4, in, 0, 0, XNN_VALUE_FLAG_EXTERNAL_INPUT);
    uint32_t last = tensor(g, 4, one, 0, 1, XNN_VALUE_FLAG_EXTERNAL_OUTPUT), at = inside(g, 4, map, 0);
    check(xnn_define_convolution_2d(g, 1, 1, 1, 1, 3, 3, 2, 2, 1, 1, 1, 3, CHANNELS, -INFINITY, INFINITY, from,
                                    inside(g, 4, by3, first), inside(g, 1, n, bias), at, 0), "3x3");
    for (int l = 0; l < LAYERS; ++l) {
        uint32_t next = inside(g, 4, map, 0);
        check(xnn_define_convolution_2d(g, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, CHANNELS, CHANNELS, 0, INFINITY, at,
                                        inside(g, 4, by1, w[l]), inside(g, 1, n, bias), next, 0), "1x1");
        at = next;
    }
    check(xnn_define_global_average_pooling_2d(g, -INFINITY, INFINITY, at, last, 0), "pooling");
    dense = sparse = 0;
    check(xnn_create_runtime_v2(g, 0, flags, &runtime), "runtime");
    check(xnn_setup_runtime(runtime, 2, (struct xnn_external_value[]){{0, x}, {1, y}}), "setup");
    check(xnn_invoke_runtime(runtime), "run");
    printf("%d %% zeros, %s: %d dense, %d sparse convolutions\n", zeros, flags ? "hint" : "no hint", dense, sparse);
    check(xnn_delete_runtime(runtime), "end");
}
int main(void)
{
    check(xnn_initialize(0), "start");
    run(98, 0);
    run(98, XNN_FLAG_HINT_SPARSE_INFERENCE);
    run(90, XNN_FLAG_HINT_SPARSE_INFERENCE);
    run(50, XNN_FLAG_HINT_SPARSE_INFERENCE);
    return 0;
}
END
own=root/usr/lib/x86_64-linux-gnu
gcc -O2 -D_GNU_SOURCE -rdynamic -Iroot/usr/include hint.c -o hint -L"$own" -l:libXNNPACK.so.0 -l:libpthreadpool.so.0 \
    -Wl,-rpath-link,"$own" -lm -ldl || exit 2
seen="with AVX
$(./hint)
without
$(qemu-x86_64 -cpu Nehalem ./hint 2> qemu.log)" || { echo "$seen"; cat qemu.log; exit 2; }
recorded='with AVX
98 % zeros, no hint: 7 dense, 0 sparse convolutions
98 % zeros, hint: 7 dense, 0 sparse convolutions
90 % zeros, hint: 7 dense, 0 sparse convolutions
50 % zeros, hint: 7 dense, 0 sparse convolutions
without
98 % zeros, no hint: 7 dense, 0 sparse convolutions
98 % zeros, hint: 0 dense, 7 sparse convolutions
90 % zeros, hint: 0 dense, 7 sparse convolutions
50 % zeros, hint: 7 dense, 0 sparse convolutions'
printf '%s\nexpected: 0 dense, 7 sparse with the hint, but for 50 %%, on any processor\n' "$seen"
if [ "$seen" = "$recorded" ]; then echo "as recorded"; else printf 'CHANGED, recorded:\n%s\n' "$recorded"; exit 1; fi
