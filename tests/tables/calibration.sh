#!/bin/sh
# The table of docs/calibration.md: trains two networks on MNIST without the pictures that `darknet vd split` holds out,
# takes the temperature from those, and measures on the test pictures.
#
#     calibration.sh FOLDER     FOLDER/table.md, and the networks; those that are trained already are not trained again
#
#     HELD_OUT_DATA, TEST_DATA   .data files; OUTLIERS: a list of pictures without a class
set -eu

folder=$1 darknet=${DARKNET:-./darknet}
mkdir -p "$folder"
sed "s|^backup=.*|backup=$folder|" "$HELD_OUT_DATA" > "$folder/set.data"

# NET BATCHES: cfg/NET.cfg with a short schedule of so many batches, and no weight frozen: those have no noise
train() {
    [ ! -e "$folder/$1.weights" ] || return 0
    sed "s/^max_batches=.*/max_batches=$2/; s/^samples=.*/samples=55000/; s/^kl_start=.*/kl_start=550/
         s/^kl_ramp=.*/kl_ramp=$(($2 / 4))/; /^freeze_/d" "cfg/$1.cfg" > "$folder/$1.cfg"
    "$darknet" classifier train "$folder/set.data" "$folder/$1.cfg" -resume > "$folder/$1.log" 2>&1 ||
        { tail -n 1 "$folder/$1.log" >&2; exit 1; }
}

# NET NAME [SAMPLES]: a line of the table
row() {
    net=$1 name=$2 what="masked weights"
    shift 2
    [ $# = 0 ] || what="mean of $1 sampled pass$([ "$1" = 1 ] || echo es)"
    measured() {
        data=$1
        shift
        "$darknet" classifier valid "$data" "$folder/$net.cfg" "$folder/$net.weights" -calibration "$@" 2>/dev/null
    }
    temperature=$(measured "$folder/set.data" ${1:+-samples "$1"} | awk 'NR == 4 { print $1 }')
    measured "$TEST_DATA" ${1:+-samples "$1"} -temperature "$temperature" -outliers "$OUTLIERS" |
        awk -v start="| $name | $what |" '
            NR == 3 { first = sprintf("%s | %.4f | %.4f | %s", $2, $3, $4, $5) }
            NR == 4 { second = sprintf("%.2f | %.4f | %s", $1, $3, $5) }
            /^AUROC/ { printf "%s %s | %s | %.3f |\n", start, first, second, $NF }'
}

train lenet-300-100-vd 5500
train lenet5-vd 2750
{
    echo "| network | probabilities | error % | NLL | Brier | ECE % | temperature | NLL then | ECE % then | AUROC |"
    echo "|---|---|---|---|---|---|---|---|---|---|"
    for n in "" 1 10 50; do row lenet-300-100-vd LeNet-300-100 ${n:+"$n"}; done
    for n in "" 1 10 50; do row lenet5-vd LeNet-5 ${n:+"$n"}; done
} > "$folder/table.md.tmp"
mv "$folder/table.md.tmp" "$folder/table.md"
