#!/bin/sh
# packed.sh OUT HELD-OUT.data TEST.data 'SIZES' SEED=CFG,WEIGHTS ...: how small a classifier's .vdw may be. For each size
# in bytes and each network: vd pack -bytes SIZE -tune on the training pictures of HELD-OUT.data, the error on those that
# it holds out, and on TEST.data. Networks of one seed compete: the one with the least held-out error counts. Prints a
# row for each size and seed, then the median of the seeds. Results stay in OUT, so an interrupted run goes on.
# EPOCHS=10, OPTIONS= more options of vd pack, DARKNET=./darknet
set -eu
out=$1 held_out=$2 test=$3 sizes=$4
shift 4
darknet=${DARKNET:-./darknet}
mkdir -p "$out"

# DATA CFG FILE: the error in percent, with two decimals or more
error_of() {
    "$darknet" classifier valid "$@" 2>/dev/null | awk '/top 1:/ { right = $NF } END { printf "%.3f", 100 * (1 - right) }'
}

for size in $sizes; do
    for net; do
        seed=${net%%=*} files=${net#*=}
        cfg=${files%,*} weights=${files#*,}
        base=$out/$size-$seed-$(basename "$weights" .weights)
        [ ! -s "$base.result" ] || continue
        # shellcheck disable=SC2086 # options are words
        "$darknet" vd pack "$cfg" "$weights" "$base.vdw" -bytes "$size" -tune "$held_out" -epochs "${EPOCHS:-10}" \
            ${OPTIONS:-} >"$base.txt" 2>"$base.log"
        echo "$size $seed $(error_of "$held_out" "$cfg" "$base.vdw") $(error_of "$test" "$cfg" "$base.vdw")" \
            "$(stat -c %s "$base.vdw") $base.vdw" >"$base.result"
    done
done

echo 'asked for  seed  held out %  test %  bytes  file'
for size in $sizes; do
    cat "$out/$size"-*.result | sort -k2,2 -k3,3n | awk '!seen[$2]++' | tee "$out/$size.chosen" |
        awk '{ printf "%9s  %4s  %10s  %6s  %5s  %s\n", $1, $2, $3, $4, $5, $6 }'
    for column in 3 4 5; do sort -k$column,${column}n "$out/$size.chosen" | awk -v c=$column '{ x[NR] = $c }
        END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; done |
        xargs printf '%9s  %4s  %10s  %6s  %5s  median\n' "$size" ''
done
