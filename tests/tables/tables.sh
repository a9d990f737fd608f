#!/bin/sh
# Trains, validates and reports the rows of a table, and writes what was measured.
#
#     tables.sh FOLDER ROWS [PATTERN]     train the rows whose names match (default: *)
#
#     FOLDER/RESULTS.md   all that has been measured so far
#     FOLDER/NAME/    a row's cfg, data file, logs, weights, checkpoint, and, when it is done, its result
#     MNIST_DATA, MNIST_HELD_OUT_DATA, MNIST_RANDOM_DATA, CIFAR_DATA, DIGITS_DATA   the .data files
#     JOBS            rows trained at a time, one thread each (default: the number of cores)
#
# A row that has a result is not trained again; an interrupted one goes on from its checkpoint.
set -eu

# the data file a row names, for its random-labels twin too
data_of() {
    case $1 in
    mnist) echo "$MNIST_DATA" ;;
    mnist-random) echo "$MNIST_RANDOM_DATA" ;;
    mnist-held-out) echo "$MNIST_HELD_OUT_DATA" ;;
    cifar) echo "${CIFAR_DATA:?make tables CIFAR=archive}" ;;
    digits) echo "$DIGITS_DATA" ;;
    *) echo "$rows: data set $1 is not known" >&2; exit 1 ;;
    esac
}

# set_keys FILE key=value...: where a key stands its value is replaced; else it is put behind the section it belongs to
set_keys() {
    file=$1
    shift
    for pair; do
        key=${pair%%=*} section='\[net\]'
        case $key in
        kl_* | samples | freeze_pruned | report) section='\[vd_cost\]' ;;
        threshold | train_clip | log_sigma2) section='\[vd_con.*\]' ;;
        esac
        if grep -q "^$key=" "$file"; then sed -i "s|^$key=.*|$pair|" "$file"
        else sed -i "s|^$section\$|&\n$pair|" "$file"; fi
        grep -q "^$pair\$" "$file" || { echo "$file: no section for $pair" >&2; exit 1; }
    done
}

# everything of one row
train_row() {
    name=$1 data=$(data_of "$2") net=$3 start=$4
    shift 4
    row=$folder/$name
    mkdir -p "$row"
    cp "cfg/$net.cfg" "$row/$net.cfg"
    set_keys "$row/$net.cfg" "$@"
    sed "s|^backup=.*|backup=$row|" "$data" > "$row/set.data"
    if [ "${start#=}" != "$start" ]; then
        cp "$folder/${start#=}/$net.weights" "$row/$net.weights"
        echo 0 > "$row/seconds"
        measure_row "$row" "$net" "$name" "$*"
        return
    fi
    weights=
    [ "$start" = - ] || weights=$(ls "$folder/$start"/*.weights | grep -v '_[0-9]*\.weights$')
    began=$(date +%s)
    status=0
    "${DARKNET:-./darknet}" classifier train "$row/set.data" "$row/$net.cfg" $weights ${weights:+-clear} -resume \
        >> "$row/train.log" 2>> "$row/epochs.log" || status=$?
    echo $(($(date +%s) - began)) >> "$row/seconds"
    [ $status = 0 ] || { echo "$name: training ended with status $status, see $row/epochs.log" >&2; exit 1; }
    rm -f "$row/${net}"_*.weights "$row/$net.backup"
    measure_row "$row" "$net" "$name" "$*"
}

# FOLDER BASE NAME KEYS -> FOLDER/result
measure_row() {
    error=$("${DARKNET:-./darknet}" classifier valid "$1/set.data" "$1/$2.cfg" "$1/$2.weights" 2>/dev/null |
        awk 'END { sub(",", "", $4); printf "%.2f", 100 * (1 - $4) }')
    {
        echo "name=$3"
        echo "net=$2"
        echo "keys=$4"
        echo "error=$error"
        if grep -q '^\[vd_cost\]' "$1/$2.cfg"; then
            "${DARKNET:-./darknet}" vd report "$1/$2.cfg" "$1/$2.weights" 2>/dev/null | awk '
                $1 ~ /^[0-9]+$/ { layers = layers (layers == "" ? "" : "-") sprintf("%.1f", $5) }
                $1 == "all" { printf "layers=%s\nsparsity=%s\ncompression=%s\n", layers, $4, $6 }'
        fi
        echo "seconds=$(awk '{ s += $1 } END { print s }' "$1/seconds")"
        echo "date=$(date +%Y-%m-%d)"
        echo "cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    } > "$1/result.tmp"
    mv "$1/result.tmp" "$1/result"
    echo "$3: error $error %"
}

# the rows still to train; $1: those that start from scratch (1) or from another row (0)
wanted() {
    sed 's/#.*//' "$rows" | while read -r name rest; do
        # shellcheck disable=SC2254
        case $name in $pattern) [ -e "$folder/$name/result" ] || echo "$name $rest" ;; esac
    done | awk -v scratch="$1" 'NF && ($4 == "-") == scratch'
}

# what has been measured so far, in the order of the rows
write_results() {
    results=$(sed 's/#.*//' "$rows" | while read -r name rest; do
        if [ -e "$folder/$name/result" ]; then echo "$folder/$name/result"; fi
    done)
    [ -n "$results" ] || return 0
    {
        cat "${0%/*}/heading.md"
        # shellcheck disable=SC2086
        awk -f "${0%/*}/results.awk" $results
    } > "$folder/RESULTS.md.tmp"
    mv "$folder/RESULTS.md.tmp" "$folder/RESULTS.md"
    echo "$folder/RESULTS.md"
}

folder=$1 rows=$2 pattern=${3:-*}
if [ "$pattern" = -row ]; then
    shift 3
    train_row "$@"
    exit
fi
export DARKNET_THREADS=1
mkdir -p "$folder"
for scratch in 1 0; do
    wanted $scratch | xargs -r -L 1 -P "${JOBS:-$(nproc)}" "$0" "$folder" "$rows" -row
done
write_results
