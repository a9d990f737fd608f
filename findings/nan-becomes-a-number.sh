#!/bin/sh
# Question   A weight or a pixel is NaN. Is the network's output NaN?
# Guess      Yes: NaN goes through everything, so that one look at the output or the loss is enough.
# Seen       oneDNN: ReLU makes 0 of it, clip to [-1, 1] makes -1, exp makes infinity, and max pooling leaves it out, with
#            -3.4e38 for a window of nothing else. Leaky ReLU (.1) keeps it. On SSE4.1, AVX2 and AVX-512 alike.
#            TensorFlow.js: its C++ part (wasm) makes 0 of it in ReLU6 and -1 in clip, where its JavaScript part
#            (cpu) says NaN; max pooling leaves it out in both, but with wasm a window that begins with NaN is -Infinity,
#            though the other three are 1, 2 and 3.
# Versions   Debian 12: libdnnl2 2.6.3-1; npm: @tensorflow/tfjs-core, -backend-cpu and -backend-wasm 4.22.0
# Date       2026-11-28
# Matters    A network that has blown up can go on to give finite answers, and a finite loss: a guard has to check the weights
#            too. Whether it does give them depends on activation=relu or leaky in the cfg, and on the library.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 30 MB.
set -eu
dnnl=2.6.3-1 tfjs=4.22.0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false

mkdir -p archives/partial root
apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::Cache::archives="$tmp/archives" install "libdnnl-dev=$dnnl" "libdnnl2=$dnnl" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: libdnnl-dev=$dnnl (apt-get update first?)"; exit 2; }
for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . "@tensorflow/tfjs-core@$tfjs" \
    "@tensorflow/tfjs-backend-cpu@$tfjs" "@tensorflow/tfjs-backend-wasm@$tfjs" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: TensorFlow.js $tfjs"; exit 2; }

cat > dnnl.c << 'END'
#include <dnnl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#define TRY(x) ((x) == dnnl_success ? (void)0 : exit(2))
static dnnl_engine_t engine;
static float in[32], out[32];
static void run(const void *description, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t p;
    dnnl_stream_t stream;
    dnnl_memory_t a, b;
    TRY(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    TRY(dnnl_memory_create(&a, from, engine, in));
    TRY(dnnl_memory_create(&b, to, engine, out));
    TRY(dnnl_primitive_desc_create(&pd, description, NULL, engine, NULL));
    TRY(dnnl_primitive_create(&p, pd));
    dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, a}, {DNNL_ARG_DST, b}};
    TRY(dnnl_primitive_execute(p, stream, 2, args));
    TRY(dnnl_stream_wait(stream));
}
static void print(const char *name, float x)
{
    if (isnan(x)) printf("%s nan", name); /* of either sign */
    else printf("%s %.3g", name, x);
}
int main(void)
{
    dnnl_memory_desc_t map, half;
    dnnl_dims_t map_dims = {1, 1, 4, 8}, half_dims = {1, 1, 2, 4}, two = {2, 2}, none = {0, 0};
    struct {
        const char *name;
        dnnl_alg_kind_t kind;
        float alpha, beta;
    } e[] = {{"relu", dnnl_eltwise_relu, 0, 0},
             {", leaky", dnnl_eltwise_relu, .1f, 0},
             {", clip", dnnl_eltwise_clip, -1, 1},
             {", exp", dnnl_eltwise_exp, 0, 0}};
    TRY(dnnl_engine_create(&engine, dnnl_cpu, 0));
    TRY(dnnl_memory_desc_init_by_tag(&map, 4, map_dims, dnnl_f32, dnnl_nchw));
    TRY(dnnl_memory_desc_init_by_tag(&half, 4, half_dims, dnnl_f32, dnnl_nchw));
    for (int i = 0; i < 32; ++i) in[i] = (float)i;
    in[0] = NAN;
    for (int i = 0; i < 4; ++i) {
        dnnl_eltwise_desc_t d;
        TRY(dnnl_eltwise_forward_desc_init(&d, dnnl_forward_inference, e[i].kind, &map, e[i].alpha, e[i].beta));
        run(&d, &map, &map);
        print(e[i].name, out[0]);
    }
    dnnl_pooling_desc_t d;
    TRY(dnnl_pooling_forward_desc_init(&d, dnnl_forward_inference, dnnl_pooling_max, &map, &half, two, two, none, none));
    in[1] = 1, in[8] = 2, in[9] = 3;
    run(&d, &map, &half);
    print(", max of nan 1 2 3", out[0]);
    in[1] = in[8] = in[9] = NAN;
    run(&d, &map, &half);
    print(", of four nan", out[0]);
    puts("");
    return 0;
}
END
gcc -O1 dnnl.c -Iroot/usr/include "-L$tmp/root/usr/lib/$(gcc -print-multiarch)" "-Wl,-rpath-link,$libs" -ldnnl -lm -o dnnl || exit 2

cat > tfjs.js << 'END'
console.warn = () => {};
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
require('@tensorflow/tfjs-backend-wasm');
const first = t => String(t.dataSync()[0]);
const max = (...x) => first(tf.maxPool(tf.tensor4d(x, [1, 2, 2, 1]), 2, 2, 'valid'));
(async () => {
  await tf.setBackend(process.argv[2]);
  await tf.ready();
  const x = tf.tensor1d([NaN, 1, 2, 3]);
  console.log(`relu ${first(tf.relu(x))}, relu6 ${first(tf.relu6(x))}, clip ${first(tf.clipByValue(x, -1, 1))}, ` +
    `exp ${first(tf.exp(x))}, max of nan 1 2 3 ${max(NaN, 1, 2, 3)}, of 1 2 3 nan ${max(1, 2, 3, NaN)}`);
})();
END

changed=0
check() { # name, recorded, seen
    printf '%-16s %s\n' "$1" "$3"
    [ "$3" = "$2" ] || { changed=1; printf '%-16s %s\n' '  recorded' "$2"; }
}
echo "Each of NaN; expected: nan everywhere."
for isa in SSE41 AVX2 AVX512_CORE; do
    check "oneDNN $isa" 'relu 0, leaky nan, clip -1, exp inf, max of nan 1 2 3 3, of four nan -3.4e+38' \
        "$(DNNL_MAX_CPU_ISA=$isa LD_LIBRARY_PATH=$libs ./dnnl)"
done
check 'tfjs cpu' 'relu NaN, relu6 NaN, clip NaN, exp NaN, max of nan 1 2 3 3, of 1 2 3 nan 3' "$(node tfjs.js cpu)"
check 'tfjs wasm' 'relu NaN, relu6 0, clip -1, exp NaN, max of nan 1 2 3 -Infinity, of 1 2 3 nan 3' "$(node tfjs.js wasm)"
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
