#!/bin/sh
# One picture on one thread, microseconds, and the size of the file: a trained network here, dense and sparse, and its ONNX
# exports in the programs that are there. Rounds alternate between all rows; the median of each is printed, as a table of
# docs/deployment.md.
#
#     make bench-deploy CFG=file WEIGHTS=file DATA=file [ORT=dir] [ROUNDS=5] [SECONDS_EACH=1]
#
# DATA   the pictures that 8-bit ranges are measured with, those of its train=
# ORT    where onnxruntime-node is installed. OpenCV is python3-opencv
set -eu
: "${DARKNET:=./darknet}" "${BUILD:=build/out}" "${ROUNDS:=5}" "${SECONDS_EACH:=1}" "${PYTHON:=/usr/bin/python3}"
: "${CFG:?a cfg}" "${WEIGHTS:?its weights}" "${DATA:?a data file}"
out=$BUILD/deploy readers=tests/export/readers
mkdir -p "$out"
export DARKNET_THREADS=1 OMP_NUM_THREADS=1

for name in dense compact int8 compact-int8 sparse fp16; do
    case $name in
        dense) options='' ;;
        int8) options="-int8 $DATA" ;;
        compact-int8) options="-compact -int8 $DATA" ;;
        *) options=-$name ;;
    esac
    # shellcheck disable=SC2086 # words
    "$DARKNET" vd export "$CFG" "$WEIGHTS" "$out/$name" -format onnx $options > "$out/$name.log" 2>&1 ||
        { tail -n 1 "$out/$name.log" >&2; exit 1; }
done
"$DARKNET" vd pack "$CFG" "$WEIGHTS" "$out/packed.vdw" > "$out/pack.log" 2>&1
# predict reads one picture at a time
sed 's/^subdivisions=.*/subdivisions=1/; s/^batch=.*/batch=1/' "$CFG" > "$out/net.cfg"

# $1: program, $2: file
once() {
    case $1 in
        here-dense) DARKNET_SPARSE=0 "$BUILD/predict" "$out/net.cfg" "$2" "$SECONDS_EACH" 2>/dev/null | awk 'END { print $1 }' ;;
        here) "$BUILD/predict" "$out/net.cfg" "$2" "$SECONDS_EACH" 2>/dev/null | awk 'END { print $1 }' ;;
        ort) NODE_PATH=$ORT/node_modules node $readers/onnx.js "$2" time "$SECONDS_EACH" 2>/dev/null || echo - ;;
        opencv) "$PYTHON" $readers/onnx_cv.py "$2" time "$SECONDS_EACH" 2>/dev/null || echo - ;;
    esac
}

rows="here-dense:$WEIGHTS here:$WEIGHTS here:$out/packed.vdw"
programs=''
[ -z "${ORT:-}" ] || programs=ort
! "$PYTHON" -c 'import cv2, onnx' 2>/dev/null || programs="$programs opencv"
for program in $programs; do
    for name in dense compact int8 compact-int8 sparse fp16; do rows="$rows $program:$out/$name.onnx"; done
done

rm -f "$out"/times.*
for round in $(seq "$ROUNDS"); do
    n=0
    for row in $rows; do
        n=$((n + 1))
        once "${row%%:*}" "${row#*:}" >> "$out/times.$n"
    done
    echo "round $round of $ROUNDS" >&2
done

name_of() {
    case $1 in
        here-dense) echo 'this program, dense' ;;
        here) echo 'this program, sparse' ;;
        ort) echo "ONNX Runtime $(sed -n 's/^  "version": "\(.*\)",/\1/p' "$ORT/node_modules/onnxruntime-node/package.json")" ;;
        opencv) echo "OpenCV $("$PYTHON" -c 'import cv2; print(cv2.__version__)')" ;;
    esac
}

echo '| program | file | bytes | one picture, us |'
echo '|---|---|---|---|'
n=0
for row in $rows; do
    n=$((n + 1))
    file=${row#*:}
    case $file in *.onnx | *.vdw) label=$(basename "$file") ;; *) label=weights ;; esac
    printf '| %s | %s | %s | %s |\n' "$(name_of "${row%%:*}")" "$label" "$(wc -c < "$file")" \
        "$(sort -n "$out/times.$n" | awk '{ t[NR] = $1 } END { x = t[int((NR + 1) / 2)]; print x == "-" ? "not read" : sprintf("%.0f", x) }')"
done
