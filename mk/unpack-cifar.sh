#!/bin/sh
# unpack-cifar.sh ARCHIVE FOLDER: CIFAR-10 from a tar archive with train/CLASS/*.jpg and test/CLASS/*.jpg; FOLDER/cifar.data
# names it
set -eu
archive=$1 folder=$2
test -f "$archive" || {
    echo "CIFAR-10 is needed: CIFAR=file, a tar archive with train/CLASS/*.jpg and test/CLASS/*.jpg" >&2
    exit 1
}
rm -rf "$folder"
mkdir -p "$folder/backup"
tar -xf "$archive" -C "$folder"
d=$(cd "$folder" && pwd)
for s in train test; do
    find "$d/$s" -name '*.jpg' | sort > "$d/$s.list"
done
set -- airplane automobile bird cat deer dog frog horse ship truck
printf '/%s/\n' "$@" > "$d/labels.list"
printf '%s\n' "$@" > "$d/names.list"
printf '%s\n' classes=10 "train=$d/train.list" "valid=$d/test.list" "labels=$d/labels.list" "names=$d/names.list" \
    "backup=$d/backup" top=1 shuffle=1 > "$d/cifar.data"
