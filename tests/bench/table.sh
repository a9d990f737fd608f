#!/bin/sh
# Training speed of the variational nets, of their plain twins, and, if its programs are given, of stock Darknet on the
# plain ones.
#
#     table.sh FOLDER STEP_OURS [STEP_STOCK STEP_NATIVE]
#
# No machine is quite idle: a round measures everything once, and ratios are taken within a round.
#     ROUNDS=5         number of rounds
#     SECONDS_EACH=2   how long a net's steps are timed in each (five steps at least)
#     SLOW=1           stock Darknet on vgg too, where a step takes it seconds
#     NETS='cfg/a ..'  other nets, each a-vd.cfg and a.cfg
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

# the net and its twin in this build, with one thread and with all
measure_ours() {
    for threads in $(printf '1\n%d\n' "$cores" | uniq); do
        measure "$ours" "$threads" "$net-vd.cfg" vd
        measure "$ours" "$threads" "$net.cfg" plain
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
            measure_ours
            measure_stock
        done
    done
    echo >&2
}

printf 'load average %s before the start\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
sed -n 's/^model name[^:]*: /processor    /p' /proc/cpuinfo | head -n 1
mkdir -p "$folder"
measure_all > "$folder/raw"
awk -v cores="$cores" -f "${0%.sh}.awk" "$folder/raw"
