#!/bin/sh
# trajectories.sh DARKNET TOOL DATA CFG FOLDER: trains CFG with and without freezing in FOLDER, and prints how its weights
# moved from epoch to epoch: what TOOL (tests/bench/trajectories.c) prints, behind the name of the run
set -eu
darknet=$1 tool=$2 data=$3 cfg=$4 folder=$5
name=${cfg##*/} base=${cfg##*/}
base=${base%.cfg}
images=$(wc -l < "$(sed -n 's/^train=//p' "$data")")
batch=$(sed -n 's/^batch=//p' "$cfg")
for run in free frozen; do
    mkdir -p "$folder/$run"
    rm -f "$folder/$run/$base"*
    { sed '/^freeze_/d' "$cfg"; [ $run = free ] || printf 'freeze_pruned=1\nfreeze_log_alpha=4\n'; } > "$folder/$run/$name"
    sed "s|^backup=.*|backup=$folder/$run|" "$data" > "$folder/$run.data"
    DARKNET_THREADS=1 "$darknet" classifier train "$folder/$run.data" "$folder/$run/$name" > "$folder/$run/log" 2>&1
    { find "$folder/$run" -name "${base}_[0-9]*.weights" | sed 's/.*_\([0-9]*\)\.weights$/\1 &/' | sort -n | cut -d ' ' -f 2-
        echo "$folder/$run/$base.weights"; } | # an epoch each, and the end
        xargs "$tool" "$folder/$run/$name" 2>> "$folder/$run/log" |
        awk -v run=$run -v epoch=$((images / batch)) 'BEGIN { FS = OFS = "\t" }
            NR == 1 { if (run == "free") { $1 = "run\tepoch"; print } next }
            $1 != before { before = $1; $1 = run "\t" $1 / epoch; print }'
done
