#!/bin/sh
# One picture through a trained detector, one thread: the dense network in OpenCV and ONNX Runtime, and the variational
# one here, packed; then a training step of it beside AlexeyAB's program, which trains the dense one.
#
#     make bench-readers NET=name WEIGHTS=dir [ORT=dir] [FORK=dir] [ROUNDS=5] [SECONDS_EACH=2]
#
# NET      cfg/NET.cfg and cfg/NET-vd.cfg, with WEIGHTS/NET_final.weights and WEIGHTS/NET-vd_final.weights
# ORT      the folder with node_modules of onnxruntime-node
# FORK     AlexeyAB's Darknet with libdarknet.so (make AVX=1 OPENMP=1 LIBSO=1)
# STEP_OF  a cfg and its -vd twin to train instead, one picture a step: cfg/yolov4-tiny
#
# RUN stands in front of each timed program (RUN='chrt -f 1 taskset -c 1'). What is not there is left out. ONNX Runtime's
# weights are random. A round measures each once; ratios are taken within a round, and the median of the rounds printed.
set -eu
: "${DARKNET:=./darknet}" "${BUILD:=build/out}" "${ROUNDS:=5}" "${SECONDS_EACH:=2}" "${STEP_OF:=cfg/yolov4-tiny}" "${RUN:=}"
out=$BUILD/bench-readers
mkdir -p "$out"
rm -f "$out"/*.ms

# $1: name; a program's milliseconds, one line a round
timed() {
    name=$1
    shift
    # shellcheck disable=SC2086 # words
    env OMP_NUM_THREADS="$threads" DARKNET_THREADS="$threads" $RUN "$@" 2>/dev/null | tail -n 1 |
        awk '{ print ($2 == "us," ? $1 / 1000 : $1) }' >> "$out/$name.ms"
}

# $1, $2: names; prints the medians of both and of their ratio within a round
compare() {
    [ -e "$out/$1.ms" ] && [ -e "$out/$2.ms" ] || return 0
    paste "$out/$1.ms" "$out/$2.ms" | awk -v what="$1 / $2" '
        function median(x, n,   i, j, t) {
            for (i = 2; i <= n; ++i) for (j = i; j > 1 && x[j] < x[j - 1]; --j) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
            return x[int((n + 1) / 2)]
        }
        { a[NR] = $1; b[NR] = $2; r[NR] = $1 / $2 }
        END { printf "%-40s %10.2f ms %10.2f ms %8.2f x\n", what, median(a, NR), median(b, NR), median(r, NR) }'
}

# ---- one picture ----

predictions() {
    "$DARKNET" vd export "cfg/$NET.cfg" "$WEIGHTS/${NET}_final.weights" "$out/dense" > "$out/log" 2>&1
    "$DARKNET" vd pack "cfg/$NET-vd.cfg" "$WEIGHTS/$NET-vd_final.weights" "$out/sparse.vdw" >> "$out/log" 2>&1
    threads=1
    for round in $(seq "$ROUNDS"); do
        printf '\rround %d of %d' "$round" "$ROUNDS" >&2
        timed sparse "$BUILD/predict" "cfg/$NET-vd.cfg" "$out/sparse.vdw" "$SECONDS_EACH"
        timed dense "$BUILD/predict" "cfg/$NET.cfg" "$WEIGHTS/${NET}_final.weights" "$SECONDS_EACH"
        [ ! -x "$BUILD/bench-opencv" ] ||
            timed opencv "$BUILD/bench-opencv" "$out/dense.cfg" "$out/dense.weights" "$SECONDS_EACH"
        [ -z "${ORT:-}" ] ||
            timed onnxruntime env NODE_PATH="$ORT/node_modules" node tests/bench/onnx.js "$out/dense.cfg" "$SECONDS_EACH"
    done
    echo >&2
    for other in opencv onnxruntime dense; do compare $other sparse; done
}

# ---- a training step ----

steps() {
    for twin in "" -vd; do
        sed 's/^subdivisions=.*/subdivisions=1/; s/^batch=.*/batch=1/' "$STEP_OF$twin.cfg" > "$out/step$twin.cfg"
    done
    for threads in 1 2; do
        for round in $(seq "$ROUNDS"); do
            printf '\rround %d of %d, %d threads' "$round" "$ROUNDS" $threads >&2
            timed "fork-$threads" "$BUILD/step-fork" "$out/step.cfg" "$SECONDS_EACH" 1
            timed "variational-$threads" "$BUILD/step" "$out/step-vd.cfg" "$SECONDS_EACH" 1
        done
        echo >&2
        compare "fork-$threads" "variational-$threads"
    done
}

[ -z "${NET:-}" ] || predictions
if [ -n "${FORK:-}" ]; then
    cc -O2 -w -DFORK -Itests -I"$FORK/include" -I"$FORK/src" tests/bench/step.c -L"$FORK" -Wl,-rpath,"$FORK" -ldarknet \
        -o "$BUILD/step-fork" -lm -pthread
    steps
fi
