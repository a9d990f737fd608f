#!/bin/sh
# Training speed of the variational nets, of their plain twins, and, if its programs are given, of stock Darknet on the
# plain ones, of PyTorch on both.
#
#     table.sh FOLDER STEP_OURS [STEP_STOCK STEP_NATIVE]
#
# No machine is quite idle: a round measures everything once, and ratios are taken within a round.
#     ROUNDS=5         number of rounds
#     SECONDS_EACH=2   how long a net's steps are timed in each (five steps at least)
#     SLOW=1           stock Darknet on vgg too, where a step takes it seconds
#     NETS='cfg/a ..'  other nets, each a-vd.cfg and a.cfg
#     TORCH=           torch_step.py
set -eu
folder=$1 ours=$2 stock=${3:-} native=${4:-}
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-2}
cores=$(nproc)
nets=${NETS:-cfg/lenet5 cfg/lenet-300-100 tests/bench/vgg}

# measure PROGRAM THREADS CFG CODE: a line "round net code threads ms images/s MiB"
measure() {
    # the last line: a detector's layers print while they train
    DARKNET_THREADS=$2 "$1" "$3" "$seconds" 2>/dev/null | tail -n 1 | sed "s|^|$round ${net##*/} $4 $2 |"
}

# measure_twins PROGRAM [PREFIX]: the net and its twin, with one thread and with all
measure_twins() {
    for threads in $(printf '1\n%d\n' "$cores" | uniq); do
        measure "$1" "$threads" "$net-vd.cfg" "${2:-}vd"
        measure "$1" "$threads" "$net.cfg" "${2:-}plain"
    done
}

measure_stock() {
    [ "${net##*/}" != vgg ] || [ "${SLOW:-0}" = 1 ] || return 0
    [ -z "$stock" ] || measure "$stock" 1 "$net.cfg" stock
    [ -z "$native" ] || measure "$native" 1 "$net.cfg" stock-native
}

measure_all() {
    for round in $(seq "$rounds"); do
        printf '\rround %d of %d' "$round" "$rounds" >&2
        for net in $nets; do
            measure_twins "$ours"
            measure_stock
            [ -z "${TORCH:-}" ] || measure_twins "$TORCH" torch-
        done
    done
    echo >&2
}

printf 'load average %s before the start\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
sed -n 's/^model name[^:]*: /processor    /p' /proc/cpuinfo | head -n 1
mkdir -p "$folder"
measure_all > "$folder/raw"
awk -v cores="$cores" -f "${0%.sh}.awk" "$folder/raw"
