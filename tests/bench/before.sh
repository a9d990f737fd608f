#!/bin/sh
# This build against another revision of the project, which is built beside it: ratios of time and memory, round by round,
# then their medians (before.awk). Programs of this revision's tests/bench/ are linked with both libraries; they use
# Darknet's own API alone.
#
#     before.sh BASE BUILD STOCK_NATIVE
#
#     BASE           a revision of git, or a folder that has one built
#     BUILD          this build's programs: step, predict, thin
#     STOCK_NATIVE   the step program with stock Darknet, compiled for this machine
#
# No machine is quite idle: a round measures everything once, and ratios are taken within a round.
#     ROUNDS=5         number of rounds
#     SECONDS_EACH=2   how long one thing is timed in each (five times at least)
#     ROWS='defaults steps big stock thin threads sparse'    these groups of rows
#     MNIST=dir        its IDX files: LeNet-300-100 on pictures, most of whose numbers are 0, beside random numbers
#     UNDER='chrt -f 1 taskset -c 1'    what the programs with one thread run under
#     LIBS             what programs are linked with
set -eu
base=$1 build=$2 native=$3
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-2} under=${UNDER:-}
groups=${ROWS:-defaults steps big stock thin threads sparse}
folder=$build/before
mkdir -p "$folder"
# trainings without a seed keep what they time: not among the user's
XDG_CACHE_HOME=$(pwd)/$folder/cache
export XDG_CACHE_HOME

# ---- the other revision ----

# Darknet's sources are not fetched again
build_revision() {
    echo "building $name in $old" >&2
    rm -rf "$old" && mkdir -p "$old/build"
    git archive "$name" | tar -x -C "$old"
    [ ! -d build/source ] || cp -Rp build/source "$old/build/"
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD -u EXEC make -s -C "$old" all > "$old.log" 2>&1 || {
        tail -n 20 "$old.log" >&2
        exit 1
    }
    touch "$old/.built"
}

if [ -d "$base" ]; then
    old=$base name=$(basename "$base")
else
    name=$(git rev-parse --short "$base^{commit}")
    old=$folder/$name
    [ -e "$old/.built" ] || build_revision
fi

library=$old/build/out/libdarknet-vd.a
[ -e "$library" ] || library=$old/build/libdarknet-vd.a
for program in step predict; do
    # shellcheck disable=SC2086 # flags
    ${CC:-cc} -O2 -w -Itests -I"$old/build/darknet/include" "tests/bench/$program.c" "$library" \
        -o "$folder/$name-$program" $LIBS
done

# ---- nets and weights ----

# a cfg, with lists of the weights that are not frozen
lists_of() {
    sed 's/^samples=.*/&\nfreeze_pruned=2/' "$1"
}

make_nets() {
    # without freezing: steps are timed, and another revision may not know its keys
    for net in lenet5 lenet-300-100; do
        sed '/^freeze_/d' "cfg/$net-vd.cfg" > "$folder/$net-vd.cfg"
    done
    lists_of "$folder/lenet5-vd.cfg" > "$folder/thin-lenet5.cfg"
    lists_of "$folder/lenet5-vd.cfg" | sed 's/^\[vd_con.*/&\ntrain_clip=1/' > "$folder/thin-lenet5-clip.cfg"
    sed 's/^\[vd_con.*/&\ntrain_clip=1/' "$folder/lenet5-vd.cfg" > "$folder/lenet5-clip.cfg"
    sed 's/^subdivisions=.*/subdivisions=1/; s/^batch=.*/batch=4/' cfg/yolov3-tiny-vd.cfg > "$folder/yolov3-tiny-4-vd.cfg"
    printf '[net]\nbatch=1\nheight=64\nwidth=64\nchannels=1\n\n[vd_connected]\noutput=4096\nactivation=linear\n' \
        > "$folder/connected.cfg"
    pictures=
    for file in "${MNIST:-}"/train-images*; do
        [ -e "$file" ] && pictures=$folder/pictures && gzip -cdf "$file" > "$pictures"
    done
    for share in .1 .02 .005; do
        "$build/thin" "$folder/lenet5-vd.cfg" $share "$folder/lenet5-$share.weights" 2>> "$folder/log" > /dev/null
        "$build/thin" "$folder/connected.cfg" $share "$folder/connected-$share.weights" 2>> "$folder/log" > /dev/null
    done
}

# ---- measuring: each adds a line "round row side" and what the program's last line holds to the file raw ----

# one ROW SIDE PROGRAM ARGUMENTS
one() {
    row=$1 side=$2
    shift 2
    # shellcheck disable=SC2086 # a command
    DARKNET_THREADS=1 $under "$@" 2>> "$folder/log" | tail -n 1 | sed "s|^|$round $row $side |" >> "$folder/raw"
}

# both ROW PROGRAM ARGUMENTS: of both revisions, the other one first in every second round
both() {
    of=$1 program=$2
    shift 2
    if [ $((round % 2)) = 1 ]; then
        one "$of" old "$folder/$name-$program" "$@"
        one "$of" ours "$build/$program" "$@"
    else
        one "$of" ours "$build/$program" "$@"
        one "$of" old "$folder/$name-$program" "$@"
    fi
}

# the sets of kernels that this processor has, but the plain one
sets=$(DARKNET_KERNELS='?' ./darknet vd version 2>&1 | sed -n 's/.*this processor has c, //p' | sed 's/,//g; s/ and / /')

defaults() {
    for net in lenet5 lenet-300-100; do
        one "kernels-$net" default "$build/step" "$folder/$net-vd.cfg" "$seconds"
        for set in $sets; do
            export DARKNET_KERNELS="$set"
            one "kernels-$net" "$set" "$build/step" "$folder/$net-vd.cfg" "$seconds"
            unset DARKNET_KERNELS
        done
    done
}

steps() {
    both lenet5-vd step "$folder/lenet5-vd.cfg" "$seconds"
    both lenet-300-100-vd step "$folder/lenet-300-100-vd.cfg" "$seconds"
    [ -z "$pictures" ] || both lenet-300-100-vd-mnist step "$folder/lenet-300-100-vd.cfg" "$seconds" 3 '' "$pictures"
}

big() {
    both vgg-vd step tests/bench/vgg-vd.cfg "$seconds" 1
    both yolov3-tiny-vd step "$folder/yolov3-tiny-4-vd.cfg" "$seconds" 1
}

stock() {
    one stock-lenet5 native "$native" cfg/lenet5.cfg "$seconds"
    one stock-lenet5 ours "$build/step" "$folder/lenet5-vd.cfg" "$seconds"
}

# weights are frozen, and lists take over, within 120 steps
thin() {
    for net in lenet5 lenet5-clip; do
        cfg=$folder/lenet5-vd.cfg
        [ $net = lenet5 ] || cfg=$folder/$net.cfg
        one "thin-$net" dense "$build/step" "$cfg" "$seconds"
        for share in .1 .02; do
            one "thin-$net" $share "$build/step" "$folder/thin-$net.cfg" "$seconds" 120 "$folder/lenet5-$share.weights"
        done
    done
}

threads() {
    for n in 1 2; do
        DARKNET_THREADS=$n "$build/step" "$folder/lenet5-vd.cfg" "$seconds" 2>> "$folder/log" | tail -n 1 |
            sed "s|^|$round threads $n |" >> "$folder/raw"
    done
}

sparse() {
    for share in .005 .02 .1; do
        both "connected-$share" predict "$folder/connected.cfg" "$folder/connected-$share.weights" "$seconds"
    done
    both predict-lenet5-.005 predict "$folder/lenet5-vd.cfg" "$folder/lenet5-.005.weights" "$seconds"
}

: > "$folder/log"
: > "$folder/raw"
make_nets
printf 'this build against %s (%s)\n' "$name" "$base"
sed -n 's/^model name[^:]*: /processor    /p' /proc/cpuinfo | head -n 1
printf 'cores        %d\nload average %s before the start\n' "$(nproc)" "$(cut -d ' ' -f 1-3 /proc/loadavg)"
printf 'kernels      %s\n' "$(./darknet vd version | sed -n 's/.*kernels \(.*\))$/\1/p' | head -n 1)"
for round in $(seq "$rounds"); do
    printf '\rround %d of %d' "$round" "$rounds" >&2
    for group in $groups; do $group; done
done
echo >&2
awk -v rounds="$rounds" -f "${0%.sh}.awk" "$folder/raw"
