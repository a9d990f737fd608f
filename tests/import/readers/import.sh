#!/bin/sh
# Imports models that other programs have written, and prints how much the network answers otherwise than ONNX Runtime does
# with the model: the largest difference as a share of the largest output, over four pictures; or why it is not imported.
#
#     make readers-onnx ORT=dir [MODELS="name ..."]
#
# ORT   where onnxruntime-node is installed: see tests/export/readers/onnx.sh. The writers are python3-torch, with the
#       networks of python3-torchvision where it is installed, and python3-onnx; one that is not there is left out
set -eu
: "${DARKNET:=./darknet}" "${BUILD:=build/out}" "${SRC:=build/darknet}" "${PYTHON:=/usr/bin/python3}"
here=tests/import/readers readers=tests/export/readers out=$BUILD/readers/import
[ -n "${ORT:-}" ] || { echo "import: skipped: ORT= is not set"; exit 0; }
mkdir -p "$out"

# shellcheck disable=SC2086 # words
cc -O2 -w -I"$SRC/include" $readers/onnx_here.c "$BUILD/libdarknet-vd.a" -o "$out/here" -lm -pthread ${LIBS:-}
cc -O2 -Wall $readers/compare.c -o "$out/compare" -lm

# $1: model
row() {
    name=$(basename "$1" .onnx) net=${1%.onnx}
    rm -f "$net.cfg" "$net.weights"
    if ! "$DARKNET" vd import "$1" "$net" > "$out/log" 2>&1; then
        printf '%-22s refused: %s\n' "$name" "$(tail -n 1 "$out/log" | sed "s|^$1: ||")"
        return
    fi
    DARKNET_KERNELS=c "$out/here" "$net.cfg" "$net.weights" "$out/in.f32" "$out/here.f32" > "$out/log" 2>&1
    if NODE_PATH=$ORT/node_modules node $readers/onnx.js "$1" "$out/in.f32" "$out/out.f32" > "$out/log" 2>&1; then
        printf '%-22s %s\n' "$name" "$("$out/compare" "$out/here.f32" "$out/out.f32" || :)"
    else
        printf '%-22s ONNX Runtime: %s\n' "$name" "$(tail -n 1 "$out/log")"
    fi
}

# $1: writer, $2: the package it needs
writer() {
    if ! "$PYTHON" -c "import $2" 2>/dev/null; then
        echo "import: models of $1 skipped: python3-$2 is not installed"
        return
    fi
    echo "models of $1: $2 $("$PYTHON" -c "import $2; print($2.__version__)")"
    mkdir -p "$out/$1"
    # shellcheck disable=SC2086 # words
    "$PYTHON" $here/$1_models.py "$out/$1" ${MODELS:-} 2> "$out/$1.log" | while read -r name; do
        row "$out/$1/$name.onnx"
    done
}
writer torch torch
writer onnx onnx
