#!/bin/sh
# train.sh DARKNET DATA CFG FOLDER: train, validate and report; the two lines Darknet prints a batch go to FOLDER/train.log
darknet=$1 data=$2 cfg=$3 folder=$4
name=${cfg##*/}
weights=$folder/backup/${name%.cfg}.weights

echo "Training $cfg on $data: curves in $folder/backup/${name%.cfg}.html, every batch in $folder/train.log"
"$darknet" classifier train "$data" "$cfg" 2>&1 >"$folder/train.log" |
    grep --line-buffered -v 'Using default\|^Saving\|^curves in \|^[ 0-9]*\(conv\|max\|connected\|softmax\|cost\)\|^layer  '
test -f "$weights" || {
    echo "training failed, see $folder/train.log" >&2
    exit 1
}

echo
"$darknet" classifier valid "$data" "$cfg" "$weights" 2>/dev/null | awk -v data="$data" '
    END { sub(",", "", $4); printf "data %s: %d test pictures, error %.2f %%\n", data, $1 + 1, 100 * (1 - $4) }'
"$darknet" vd report "$cfg" "$weights" 2>/dev/null
