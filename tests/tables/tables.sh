#!/bin/sh
# Trains, validates and reports the rows of a table, and writes what was measured.
#
#     tables.sh FOLDER ROWS [PATTERN]     train the rows whose names match (default: *)
#     tables.sh FOLDER ROWS PATTERN -sets   print the names of the data sets that they use
#
#     FOLDER/RESULTS.md   all results so far
#     FOLDER/NAME/        a row's cfg, data file, logs, weights, checkpoint, and, when it is done, its result
#     MNIST_DATA, MNIST_HELD_OUT_DATA, MNIST_RANDOM_DATA, CIFAR_DATA, CIFAR_HELD_OUT_DATA, CIFAR_ORIGINAL_DATA,
#     BCCD_DATA, BCCD_HELD_OUT_DATA, DIGITS_DATA, BOXES_DATA   the .data files
#     FREEZING_DATA   a folder with those of tests/tables/freezing.sh
#     JOBS            rows trained at a time, one thread each (default: the number of cores)
#     KEEP            a RESULTS.md: what it has of these rows is taken from it, not trained again
#     PAGE            a RESULTS.md: what it has of rows that are not trained here is in the new one, too
#
# A row that has a result is not trained again; an interrupted one resumes from its checkpoint. Rows on a data set that is
# not given are left out. Where a row fails the others go on, and the status is 1.
set -eu

# NAME: the .data file of a data set, nothing where it was not given
data_of() {
    case $1 in
    mnist) echo "${MNIST_DATA:-}" ;;
    mnist-random) echo "${MNIST_RANDOM_DATA:-}" ;;
    mnist-held-out) echo "${MNIST_HELD_OUT_DATA:-}" ;;
    cifar) echo "${CIFAR_DATA:-}" ;;
    cifar-held-out) echo "${CIFAR_HELD_OUT_DATA:-}" ;;
    cifar-original) echo "${CIFAR_ORIGINAL_DATA:-}" ;;
    bccd) echo "${BCCD_DATA:-}" ;;
    bccd-held-out) echo "${BCCD_HELD_OUT_DATA:-}" ;;
    digits) echo "${DIGITS_DATA:-}" ;;
    boxes) echo "${BOXES_DATA:-}" ;;
    freezing-*) echo "${FREEZING_DATA:+$FREEZING_DATA/${1#freezing-}.data}" ;;
    *) echo "$rows: data set $1 is not known" >&2; exit 1 ;;
    esac
}

# NAME: what gives a data set
giver_of() {
    case $1 in
    cifar-original) echo CIFAR=npm ;;
    cifar*) echo CIFAR=archive ;;
    bccd*) echo BCCD=archive ;;
    freezing-*) echo FREEZING_DATA ;;
    *) echo "$(echo "$1" | tr a-z- A-Z_)_DATA" ;;
    esac
}

# the program that trains and tests on a data set
kind_of() {
    case $1 in
    *bccd* | boxes) echo detector ;;
    *) echo classifier ;;
    esac
}

# set_keys FILE key=value...: replaces the value of a key that is there; else adds the line after the head of its section.
# -key removes it
set_keys() {
    file=$1
    shift
    for pair; do
        if [ "${pair#-}" != "$pair" ]; then
            sed -i "/^${pair#-}=/d" "$file"
            continue
        fi
        key=${pair%%=*} section='\[net\]'
        case $key in
        kl_* | samples | freeze_* | fine_tune | report | target_* | method | magnitude | prune_*) section='\[vd_cost\]' ;;
        threshold | train_clip | log_sigma2 | log_alpha) section='\[vd_con.*\]' ;;
        esac
        if grep -q "^$key=" "$file"; then sed -i "s|^$key=.*|$pair|" "$file"
        else sed -i "s|^$section\$|&\n$pair|" "$file"; fi
        grep -q "^$pair\$" "$file" || { echo "$file: no section for $pair" >&2; exit 1; }
    done
}

# FOLDER: its last weights, not those numbered NAME_BATCH.weights
weights_of() {
    for file in "$1"/*.weights; do
        number=${file%.weights} number=${number##*_}
        case $number in *[!0-9]*) [ ! -e "$file" ] || { echo "$file"; return; } ;; esac
    done
    echo "$1: no weights" >&2
    exit 1
}

# CFG: teacher=NAME in it is a row, whose cfg and weights it gets
name_teacher() {
    teacher=$(sed -n 's/^teacher=//p' "$1")
    [ -n "$teacher" ] || return 0
    for cfg in "$folder/$teacher"/*.cfg; do
        set_keys "$1" "teacher=$cfg" "teacher_weights=$(weights_of "$folder/$teacher")"
    done
}

# one row: NAME DATA NET START KEYS..., as in the file of rows
train_row() {
    name=$1 data=$(data_of "$2") kind=$(kind_of "$2") net=$3 start=$4
    shift 4
    row=$folder/$name
    mkdir -p "$row"
    cp "cfg/$net.cfg" "$row/$net.cfg"
    set_keys "$row/$net.cfg" "$@"
    name_teacher "$row/$net.cfg"
    sed "s|^backup=.*|backup=$row|" "$data" > "$row/set.data"
    if [ "${start#=}" != "$start" ]; then
        cp "$folder/${start#=}/$net.weights" "$row/$net.weights"
        echo 0 > "$row/seconds"
        measure_row "$kind" "$row" "$net" "$name" "$*"
        return
    fi
    weights=
    [ "$start" = - ] || weights=$(weights_of "$folder/$start")
    began=$(date +%s)
    status=0
    "${DARKNET:-./darknet}" "$kind" train "$row/set.data" "$row/$net.cfg" ${weights:+"$weights" -clear} -resume \
        >> "$row/train.log" 2>> "$row/epochs.log" || status=$?
    times > "$row/times" # not in a pipe, whose shell has no children
    cpu_seconds "$row/times" >> "$row/cpu_seconds"
    echo $(($(date +%s) - began)) >> "$row/seconds"
    [ $status = 0 ] || { echo "$name: training ended with status $status, see $row/epochs.log" >&2; exit 1; }
    # a detector's last weights are BASE_final.weights, a classifier's BASE.weights
    [ ! -e "$row/${net}_final.weights" ] || mv "$row/${net}_final.weights" "$row/$net.weights"
    rm -f "$row/${net}"_*.weights "$row/$net.backup"
    measure_row "$kind" "$row" "$net" "$name" "$*"
}

# FILE: of the children so far, from the last line that `times` wrote there: user and system, 1m23.456s each
cpu_seconds() {
    awk 'END { for (i = 1; i <= 2; ++i) { split($i, t, "m"); s += 60 * t[1] + t[2] } printf "%.1f\n", s }' "$1"
}

# KIND FOLDER BASE: a classifier's error or a detector's mean average precision on the test pictures
accuracy() {
    if [ "$1" = detector ]; then
        "${DARKNET:-./darknet}" detector map "$2/set.data" "$2/$3.cfg" "$2/$3.weights" 2>/dev/null |
            awk '$1 == "mAP@0.50" { printf "map=%.2f\n", $2 }'
    else
        "${DARKNET:-./darknet}" classifier valid "$2/set.data" "$2/$3.cfg" "$2/$3.weights" 2>/dev/null |
            awk 'END { sub(",", "", $4); printf "error=%.2f\n", 100 * (1 - $4) }'
    fi
}

# KIND FOLDER BASE NAME KEYS -> FOLDER/result
measure_row() {
    measured=$(accuracy "$1" "$2" "$3")
    [ -n "$measured" ] || { echo "$4: $1 could not be measured" >&2; exit 1; }
    {
        echo "name=$4"
        echo "net=$3"
        echo "keys=$5"
        echo "$measured"
        if grep -q '^\[vd_cost\]' "$2/$3.cfg"; then
            "${DARKNET:-./darknet}" vd report "$2/$3.cfg" "$2/$3.weights" 2>/dev/null | awk '
                $1 ~ /^[0-9]+$/ { layers = layers (layers == "" ? "" : "-") sprintf("%.1f", $5) }
                $1 == "all" { printf "layers=%s\nsparsity=%s\ncompression=%s\n", layers, $4, $6 }'
        fi
        echo "seconds=$(awk '{ s += $1 } END { print s }' "$2/seconds")"
        [ ! -e "$2/cpu_seconds" ] || echo "cpu_seconds=$(awk '{ s += $1 } END { print s }' "$2/cpu_seconds")"
        echo "date=$(date +%Y-%m-%d)"
        echo "cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    } > "$2/result.tmp"
    mv "$2/result.tmp" "$2/result"
    echo "$4: $(echo "$measured" | sed 's/=/ /') %"
}

# a line with 1..3 in its name stands for three rows: 1, 2 and 3 wherever it has 1..3
all_rows() {
    sed 's/#.*//' "$rows" | awk 'NF {
        for (seed = 1; seed <= ($1 ~ /1\.\.3$/ ? 3 : 1); ++seed) { row = $0; gsub(/1\.\.3/, seed, row); print row }
    }'
}

# PAGE NAME FILE: what the page has of a row, as a result; no file where it has nothing
take_from() {
    mkdir -p "$folder/$2"
    awk -v name="$2" -f "${0%/*}/keep.awk" "$1" > "$3.tmp"
    if [ -s "$3.tmp" ]; then mv "$3.tmp" "$3"
    else rm "$3.tmp" && rmdir --ignore-fail-on-non-empty "$folder/$2"; fi
}

# the results of the rows that the page KEEP has and the folder has not
keep_results() {
    [ -n "${KEEP:-}" ] || return 0
    all_rows | while read -r name rest; do
        [ -e "$folder/$name/result" ] || take_from "$KEEP" "$name" "$folder/$name/result"
    done
}

# the rows that fit the pattern
asked_for() {
    all_rows | while read -r name rest; do
        # shellcheck disable=SC2254
        case $name in $pattern) echo "$name $rest" ;; esac
    done
}

# those still to train
open_rows() {
    asked_for | while read -r name rest; do [ -e "$folder/$name/result" ] || echo "$name $rest"; done
}

# those of them whose data set is there, and that need no other row ($1 = 1) or one (0)
wanted() {
    open_rows | awk -v scratch="$1" '($4 == "-" && !/ teacher=/) == scratch' | while read -r name data rest; do
        [ -z "$(data_of "$data")" ] || echo "$name $data $rest"
    done
}

# those whose start and teacher are rows that are done ($1 = 1), or one of them is not (0)
wanted_behind() {
    wanted 0 | while read -r name data net start rest; do
        done=1
        for row in "${start#=}" $(echo "$rest" | tr ' ' '\n' | sed -n 's/^teacher=//p'); do
            [ "$row" = - ] || [ -e "$folder/$row/result" ] || done=0
        done
        [ $done != "$1" ] || echo "$name $data $net $start $rest"
    done
}

# those on stdin, JOBS at a time
train_rows() {
    xargs -r -L 1 -P "${JOBS:-$(nproc)}" "$0" "$folder" "$rows" -row
}

# a line for each data set that rows want and that is not there
tell_left_out() {
    for data in $(open_rows | awk '{ print $2 }' | sort -u); do
        [ -n "$(data_of "$data")" ] || echo "rows on $data are left out: they need $(giver_of "$data")" >&2
    done
}

# FOLDER/RESULTS.md of all rows measured so far, in their order
write_results() {
    results=$(all_rows | while read -r name rest; do
        result=$folder/$name/result
        if [ ! -e "$result" ] && [ -n "${PAGE:-}" ]; then
            result=$folder/$name/kept
            take_from "$PAGE" "$name" "$result"
        fi
        if [ -e "$result" ]; then echo "$result"; fi
    done)
    [ -n "$results" ] || return 0
    all_rows | awk '$4 != "-" { print $1, $4 }' > "$folder/starts"
    # shellcheck disable=SC2086
    awk -v starts="$folder/starts" -v heading="${0%/*}/heading.md" -f "${0%/*}/results.awk" $results > "$folder/RESULTS.md.tmp"
    mv "$folder/RESULTS.md.tmp" "$folder/RESULTS.md"
    echo "$folder/RESULTS.md"
}

folder=$1 rows=$2 pattern=${3:-*}
if [ "$pattern" = -row ]; then
    shift 3
    train_row "$@"
    exit
fi
if [ "${4:-}" = -sets ]; then
    asked_for | awk '!seen[$2]++ { print $2 }'
    exit
fi
export DARKNET_THREADS=1
mkdir -p "$folder"
for data in $(all_rows | awk '{ print $2 }' | sort -u); do data_of "$data" > /dev/null; done # ends where one is not known
keep_results
tell_left_out
status=0
[ -n "$(wanted 1; wanted 0)" ] || [ "$(open_rows)" != "$(asked_for)" ] || [ -z "$(asked_for)" ] || status=1 # all left out
wanted 1 | train_rows || status=1
while [ $status = 0 ] && [ -n "$(wanted_behind 1)" ]; do # of those that start from another, some start from these
    wanted_behind 1 | train_rows || status=1
done
behind=$(wanted_behind 0 | awk '{
    sub(/^=/, "", $4)
    needs = $4 == "-" ? "" : "starts from " $4
    if (match($0, / teacher=[^ ]*/)) needs = needs (needs ? ", and " : "") "learns from " substr($0, RSTART + 9, RLENGTH - 9)
    print $1 ": " needs ", whose training is not done"
}')
[ -z "$behind" ] || { echo "$behind" >&2; status=1; }
write_results
exit $status
