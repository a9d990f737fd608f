#!/bin/sh
# Runs ONNX exports in the programs that read them, and prints how much each answers otherwise than the masked network
# here by its plain kernels: the largest difference as a share of the largest output, over four pictures; of detectors
# over all boxes and scores. "check" is the checker of python3-onnx. Rows of -nms count the boxes that stay, there and here.
#
#     make readers-onnx [ORT=dir] [CVJS=dir] [NETWORKS="name ..."] [TRAINED="cfg:weights:data ..."]
#
# ORT    where onnxruntime-node is installed:        npm install --ignore-scripts onnxruntime-node@1.30.0
# CVJS   where OpenCV 5 for Node is:                 npm install @techstark/opencv-js@5.0.0-release.1
# OpenCV 4 and the checker are python3-opencv and python3-onnx. A reader that is not there has no column. The networks are
# those of cfg/, trained for some batches on noise, with about half of them pruned, and the ones that the suite `onnx`
# draws and lists.
set -eu
: "${DARKNET:=./darknet}" "${BUILD:=build/out}" "${SRC:=build/darknet}" "${STEPS:=20}" "${SETTLE:=400}" "${PYTHON:=/usr/bin/python3}"
here=tests/export/readers out=$BUILD/readers/onnx
mkdir -p "$out"

# shellcheck disable=SC2086 # words
cc -O2 -w -I"$SRC/include" $here/onnx_here.c "$BUILD/libdarknet-vd.a" -o "$out/here" -lm -pthread ${LIBS:-}
for program in compare score; do
    source=$here/onnx_$program.c
    [ -f "$source" ] || source=$here/$program.c
    cc -O2 -Wall "$source" -o "$out/$program" -lm
done

readers=''
if "$PYTHON" -c 'import onnx' 2>/dev/null; then
    readers="$readers check"
    echo "check: onnx $("$PYTHON" -c 'import onnx; print(onnx.__version__)')"
fi
if [ -n "${ORT:-}" ]; then
    readers="$readers ort ort-pairs"
    echo "ort: onnxruntime-node $(sed -n 's/^  "version": "\(.*\)",/\1/p' "$ORT/node_modules/onnxruntime-node/package.json"); ort-pairs: two pictures at a time"
fi
if "$PYTHON" -c 'import cv2, onnx' 2>/dev/null; then
    readers="$readers opencv"
    echo "opencv: $("$PYTHON" -c 'import cv2; print(cv2.__version__)')"
fi
if [ -n "${CVJS:-}" ]; then
    readers="$readers opencv5"
    echo "opencv5: @techstark/opencv-js $(sed -n 's/^  "version": "\(.*\)",/\1/p' "$CVJS/node_modules/@techstark/opencv-js/package.json")"
fi

# $1: reader, $2: model; the answers to $out/in.f32 go to $out/out.f32
answer() {
    case $1 in
        ort) NODE_PATH=$ORT/node_modules node $here/onnx.js "$2" "$out/in.f32" "$out/out.f32" ;;
        ort-pairs) NODE_PATH=$ORT/node_modules node $here/onnx.js "$2" "$out/in.f32" "$out/out.f32" 2 ;;
        opencv) "$PYTHON" $here/onnx_cv.py "$2" "$out/in.f32" "$out/out.f32" ;;
        opencv5) NODE_PATH=$CVJS/node_modules node $here/onnx_cv5.js "$2" "$out/in.f32" "$out/out.f32" ;;
    esac
}

# $1: reader, $2: model
cell() {
    if [ "$1" = check ]; then
        "$PYTHON" $here/onnx_cv.py "$2" check 2> "$out/why" || echo refused
    else
        answer "$1" "$2" > "$out/why" 2>&1 && status=0 || status=$?
        case $status in
            0) "$out/compare" "$out/out.f32" "$out/here.f32" || : ;;
            3) echo - ;; # onnx_cv5.js: pictures of two channels cannot be given to it
            *) echo refused ;;
        esac
    fi
}

# $1: words for the row, $2: model, of $out/in.f32 and $out/here.f32
row() {
    printf '%-32s' "$1"
    for reader in $readers; do
        result=$(cell "$reader" "$2")
        printf ' %10s' "$result"
        [ "$result" != refused ] || sed "s/^/$reader: $1: /" "$out/why" >> "$out/refused.log"
    done
    echo
}

# this program's answers, by its plain kernels: the filtering of the others rounds more than any reader
reference() {
    DARKNET_KERNELS=c "$out/here" "$@" > "$out/here.log" 2>&1
}

# $1: name, $2: cfg, $3: weights, $4: a list of pictures, or none: boxes that stay after -nms in ONNX Runtime and after
# Darknet's own suppression, and the largest difference of these boxes
nms_row() {
    grep -q '^\[\(yolo\|region\)\]' "$2" && [ -n "${ORT:-}" ] || return 0
    size() { sed -n "s/^$1 *= *//p" "$2" | head -n 1; }
    DARKNET_KERNELS=c "$DARKNET" vd export "$2" "$3" "$out/$1" -format onnx -nms > "$out/$1.log" 2>&1 || return 0
    # shellcheck disable=SC2086 # no list is no word
    reference nms "$2" "$3" "$out/in.f32" "$out/here.f32" ${4:-}
    printf '%-32s' "$1 -nms"
    if answer ort "$out/$1.onnx" > "$out/why" 2>&1; then
        echo " ort: $("$out/score" selected "$out/out.f32" "$out/here.f32" "$(size width "$2")" "$(size height "$2")")"
    else
        echo ' ort: refused'
    fi
}

# $1: cfg, $2: weights
answer_here() {
    reference "$1" "$2" "$out/in.f32" "$out/here.f32"
}

# $1: name, $2: cfg, $3: weights, then options, each a row
export_rows() {
    name=$1 cfg=$2 weights=$3
    shift 3
    answer_here "$cfg" "$weights"
    for option; do
        # shellcheck disable=SC2086 # no option is no word
        if DARKNET_KERNELS=c "$DARKNET" vd export "$cfg" "$weights" "$out/$name" -format onnx $option > "$out/$name.log" 2>&1; then
            row "$name $option" "$out/$name.onnx"
        else
            printf '%-32s not exported: %s\n' "$name $option" "$(tail -n 1 "$out/$name.log")"
        fi
    done
}

wanted() {
    case " ${NETWORKS:-$1} " in *" $1 "*) return 0 ;; esac
    return 1
}

# $1: name, $2: a sed script for the cfg, $3: batches, then options
network() {
    name=$1 script=$2 steps=$3
    shift 3
    wanted "$name" || return 0
    sed -e 's/^batch=.*/batch=2/;s/^subdivisions=.*/subdivisions=1/;s/^threshold=.*//;s/^log_alpha=.*//' \
        -e 's/^\[vd_co\(nv\|nn\).*/&\nthreshold=-3/' -e "$script" "cfg/$name.cfg" > "$out/$name.cfg"
    "$BUILD/probe" train "$out/$name.cfg" "$steps" "$out/$name.weights" > "$out/$name.log" 2>&1
    export_rows "$name" "$out/$name.cfg" "$out/$name.weights" "$@"
    nms_row "$name" "$out/$name.cfg" "$out/$name.weights"
}

rm -f "$out/refused.log"
printf '%-32s' network
# shellcheck disable=SC2086 # words
printf ' %10s' $readers
echo

small='s/^width=.*/width=96/;s/^height=.*/height=96/;s/^random=.*/random=0/'
# the variances of batch normalisation, which begin at 0, must have settled
slow='s/^learning_rate=.*/learning_rate=0.00001/'
for cfg in cfg/*.cfg; do
    name=$(basename "$cfg" .cfg)
    case $name in
        yolo* | bccd*) steps=$SETTLE script="$small;$slow" ;;
        vgg* | resnet*) steps=$SETTLE script=$slow ;;
        *) steps=$STEPS script='' ;;
    esac
    case $name in
        *-vd) network "$name" "$script" "$steps" '' -compact -no-fuse -sparse -fp16 ;;
        *) network "$name" "$script" "$steps" '' ;;
    esac
done

# $1: name, $2: cfg, $3: weights, $4: .data file: answers to all pictures of its valid=
trained() {
    value() { sed -n "s/^$2 *= *//p" "$1"; }
    list=$(value "$4" valid)
    reference "$2" "$3" "$out/in.f32" "$out/here.f32" "$list"
    for option in '' -compact "-int8 $4"; do
        printf '%-32s' "$1 ${option%% *}"
        # shellcheck disable=SC2086 # words
        "$DARKNET" vd export "$2" "$3" "$out/$1" -format onnx $option > "$out/$1.log" 2>&1 || {
            echo " not exported: $(tail -n 1 "$out/$1.log")"
            continue
        }
        for reader in $readers; do
            case $reader in check | ort-pairs | opencv5) continue ;; esac
            answer "$reader" "$out/$1.onnx" > "$out/why" 2>&1 || { printf ' %s: refused' "$reader"; continue; }
            if grep -q '^\[\(yolo\|region\)\]' "$2"; then
                printf ' %s: %s' "$reader" "$("$out/score" boxes "$out/out.f32" "$out/here.f32" "$(value "$4" classes)" \
                    "$(value "$2" width)" "$(value "$2" height)")"
            else
                printf ' %s: %s' "$reader" "$("$out/score" classes "$out/out.f32" "$out/here.f32" "$list" "$(value "$4" labels)")"
            fi
        done
        echo
    done
    nms_row "$1" "$2" "$3" "$list"
}

# TRAINED: a trained network, cfg:weights:data, whose pictures are those of the data file: the error, and how many pictures
# have another class; or the largest difference of boxes, in pixels, and of scores
for network in ${TRAINED:-}; do
    weights=${network#*:}
    trained "$(basename "${network%%:*}" .cfg)" "${network%%:*}" "${weights%%:*}" "${network##*:}"
done

# those of the suite: layer by layer, and random ones
if wanted suite && [ -x "$BUILD/run-tests" ]; then
    rm -rf "$out/suite" && mkdir -p "$out/suite"
    ONNX_KEEP=$PWD/$out/suite DARKNET=$DARKNET CK_RUN_SUITE=onnx CK_VERBOSITY=silent "$BUILD/run-tests" > "$out/suite.log" 2>&1 || :
    for model in "$out"/suite/*.onnx; do
        name=$(basename "$model" .onnx)
        answer_here "$out/suite/$name.cfg" "$out/suite/$name.weights"
        row "$name" "$model"
        nms_row "$name" "$out/suite/$name.cfg" "$out/suite/$name.weights"
    done
fi
[ ! -f "$out/refused.log" ] || cat "$out/refused.log"
