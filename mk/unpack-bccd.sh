#!/bin/sh
# unpack-bccd.sh ARCHIVE FOLDER: blood cells with Darknet labels, from a tar archive with bccd/images/*.jpg,
# bccd/labels/*.txt, bccd/bccd.names, bccd/train.txt and bccd/test.txt; FOLDER/bccd.data names it
set -eu
archive=$1 folder=$2
test -f "$archive" || {
    echo "BCCD is needed: BCCD=file, a tar archive with bccd/images/*.jpg, labels/*.txt, bccd.names, train.txt and test.txt" >&2
    exit 1
}
rm -rf "$folder"
mkdir -p "$folder/backup" "$folder/results"
tar -xf "$archive" -C "$folder" --strip-components=1
d=$(cd "$folder" && pwd)
for s in train test; do
    sed "s|^|$d/|" "$d/$s.txt" > "$d/$s.list"
done
printf '%s\n' classes=3 "train=$d/train.list" "valid=$d/test.list" "names=$d/bccd.names" "backup=$d/backup" \
    "results=$d/results" shuffle=1 > "$d/bccd.data"
