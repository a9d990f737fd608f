#!/bin/sh
# Runs exports in the programs that read Darknet's files, and prints how much each answers otherwise than the masked
# network here: the largest difference as a share of the largest output, over four pictures.
#
#     make readers [FORK=dir] [HANK=dir] [NETWORKS="name ..."]
#
# A row "boxes" is of the first export: the candidates of all heads, where the others are of the layers before the heads.
#
# FORK   AlexeyAB's Darknet with libdarknet.so (make LIBSO=1)
# HANK   hank-ai's Darknet, built in HANK/build
# OpenCV is taken from libopencv-dev. A reader that is not there has no column. The networks are those of cfg/, smaller
# where they are detectors, trained for some batches on noise; low thresholds then prune about half of them.
set -eu
: "${DARKNET:=./darknet}" "${BUILD:=build/out}" "${SRC:=build/darknet}" "${STEPS:=20}"
here=tests/export/readers out=$BUILD/readers
mkdir -p "$out"

# ---- the readers ----

# shellcheck disable=SC2086 # words
cc -O2 -w -I"$SRC/include" $here/darknet.c "$BUILD/libdarknet-vd.a" -o "$out/here" -lm -pthread ${LIBS:-}
cc -O2 -w -I"$BUILD/stock/include" $here/darknet.c "$BUILD/stock/libdarknet.a" -o "$out/stock" -lm -pthread
cc -O2 -Wall $here/compare.c -o "$out/compare" -lm
readers=stock
if pkg-config --exists opencv4; then
    # shellcheck disable=SC2046 # words
    c++ -O2 -w $(pkg-config --cflags opencv4) $here/opencv.cpp -o "$out/opencv" -lopencv_dnn -lopencv_core
    readers="$readers opencv"
    echo "opencv: $("$out/opencv" version)"
else echo "opencv: not there (libopencv-dev)"; fi
if [ -n "${FORK:-}" ]; then
    cc -O2 -w -DFORK -I"$FORK/include" $here/darknet.c -L"$FORK" -Wl,-rpath,"$FORK" -ldarknet -o "$out/fork" -lm -pthread
    readers="$readers fork"
    echo "fork: $(git -C "$FORK" log -1 --format='%h of %as' 2>/dev/null || echo "$FORK")"
fi
if [ -n "${HANK:-}" ]; then
    # shellcheck disable=SC2046 # words
    c++ -std=c++17 -O2 -w -fopenmp -I"$HANK/src-lib" -I"$HANK/build/src-lib" $(pkg-config --cflags opencv4) $here/hank.cpp \
        -L"$HANK/build/src-lib" -Wl,-rpath,"$HANK/build/src-lib" -ldarknet $(pkg-config --libs opencv4) -o "$out/hank"
    readers="$readers hank"
    echo "hank: $(git -C "$HANK" describe --tags --always 2>/dev/null || echo "$HANK")"
fi

# ---- the networks ----

# $1: name, $2: cfg, $3: a sed script for it, $4: batches
prepare() {
    sed -e 's/^batch=.*/batch=2/;s/^subdivisions=.*/subdivisions=1/;s/^threshold=.*//;s/^log_alpha=.*//' \
        -e 's/^\[vd_co\(nv\|nn\).*/&\nthreshold=-3/' -e "$3" "$2" > "$out/$1.cfg"
    "$BUILD/probe" train "$out/$1.cfg" "$4" "$out/$1.weights" > "$out/$1.log" 2>&1
}

# the numbers of the layers before a head or [softmax], and of [softmax]
answers() {
    awk '/^\[/ { if (/^\[(yolo|region|soft|softmax)\]/) print n - 2; if (/^\[soft/) print n - 1; ++n }' "$1"
}

# $1: network, $2: reader, $3: name of the export, $4: what it shall write
run() {
    # shellcheck disable=SC2086 # a word for each layer
    "$out/$2" "$out/$3.cfg" "$out/$3.weights" "$out/$3.$2.f32" $4 > "$out/$3.$2.log" 2>&1 || { echo refused; return; }
    "$out/compare" "$out/$3.$2.f32" "$out/$1.here.f32" || :
}

# $1: network, $2: name of the export, $3: what is to be written, $4: word for the row
compare_all() {
    # shellcheck disable=SC2086 # a word for each layer
    "$out/here" "$out/$1.cfg" "$out/$1.weights" "$out/$1.here.f32" $3 > "$out/$1.here.log" 2>&1
    printf '%-16s %-9s' "$1" "$4"
    for reader in $readers; do
        case $reader-$1 in
            stock-yolov[47]*) printf ' %12s' - ;; # it does not know their keys
            *) printf ' %12s' "$(run "$1" "$reader" "$2" "$3")" ;;
        esac
    done
    echo
}

# $1: network, $2: option
row() {
    name=$1$2
    if ! "$DARKNET" vd export "$out/$1.cfg" "$out/$1.weights" "$out/$name" "$2" > "$out/$name.log" 2>&1; then
        printf '%-16s %-9s %s\n' "$1" "$2" 'not exported'
        return
    fi
    compare_all "$1" "$name" "$(answers "$out/$name.cfg")" "$2"
}

printf '%-16s %-9s' network option
# shellcheck disable=SC2086 # words
printf ' %12s' $readers
echo
network() {
    case " ${NETWORKS:-$1} " in *" $1 "*) ;; *) return ;; esac
    prepare "$1" "$2" "$3" "${4:-$STEPS}"
    row "$1" -fuse
    case $1 in yolov[47]*) compare_all "$1" "$1-fuse" boxes boxes ;; esac
    row "$1" -no-fuse
    row "$1" -compact
}

# defaults and factors that readers take otherwise
cat > "$out/written-out" << 'END'
[net]
batch=2
width=32
height=32
channels=3
[vd_conv]
filters=8
size=3
pad=1
activation=leaky
[max]
[max]
stride=2
[vd_conv]
filters=8
size=3
pad=1
activation=leaky
[shortcut]
from=-2
alpha=.5
activation=leaky
[max]
stride=2
[vd_conv]
filters=12
batch_normalize=1
activation=leaky
[upsample]
scale=.25
[route]
layers=-1, 4
[avg]
[vd_conn]
output=16
activation=leaky
[dropout]
[vd_conn]
output=10
batch_normalize=1
activation=linear
[soft]
[vd_cost]
samples=10
END

small='s/^width=.*/width=96/;s/^height=.*/height=96/;s/^random=.*/random=0/'
network lenet5 cfg/lenet5-vd.cfg ''
network lenet-300-100 cfg/lenet-300-100-vd.cfg ''
network connected-bn cfg/lenet-300-100-vd.cfg "0,/^output=/s/^output=/batch_normalize=1\n&/"
network vgg-cifar cfg/vgg-cifar-vd.cfg ''
network bccd-tiny cfg/bccd-tiny-vd.cfg ''
network yolov2-tiny cfg/yolov2-tiny-vd.cfg "$small"
network yolov3-tiny cfg/yolov3-tiny-vd.cfg "$small"
# their boxes are compared, too: the variances of batch normalisation, which begin at 0, must have settled
smaller="$(echo "$small" | sed 's/96/32/g');s/^learning_rate=.*/learning_rate=0.00001/"
for tiny in yolov4-tiny yolov4-tiny-3l yolov7-tiny; do network $tiny cfg/$tiny-vd.cfg "$smaller" 300; done
network written-out "$out/written-out" ''
