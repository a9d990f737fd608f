#!/bin/sh
# unpack-cifar.sh ARCHIVE FOLDER DARKNET: CIFAR-10 from a tar archive; FOLDER/cifar.data names it. The archive has the
# folders train and test, or one folder with these, of pictures CLASS/*.jpg or CLASS/*.png, or, as Darknet's cifar.tgz,
# NUMBER_CLASS.png; or it has what `DARKNET vd dataset cifar` reads, in a folder of any name
set -eu
archive=$1 folder=$2 darknet=$3
expected="a tar archive with train/CLASS/*.jpg and test/CLASS/*.jpg, Darknet's cifar.tgz, or cifar-10-binary.tar.gz"
test -f "$archive" || {
    echo "CIFAR-10 is needed: CIFAR=file, $expected" >&2
    exit 1
}
rm -rf "$folder"
mkdir -p "$folder/backup" "$folder/unpacked"
tar -xf "$archive" -C "$folder/unpacked"
folder=$(cd "$folder" && pwd)
batch=$(find "$folder/unpacked" -name data_batch_1.bin -o -name data_batch_1.png | head -n 1)
if [ -n "$batch" ]; then
    "$darknet" vd dataset cifar "${batch%/*}" "$folder" > /dev/null
    rm -r "$folder/unpacked"
    exit
fi
top=$(find "$folder/unpacked" -maxdepth 2 -type d -name train | head -n 1)
top=${top:-$folder/unpacked/train} # which is not there
top=${top%/train}
for s in train test; do
    [ ! -d "$top/$s" ] || find "$top/$s" -name '*.jpg' -o -name '*.png' | sort > "$folder/$s.list"
    [ -s "$folder/$s.list" ] || {
        echo "$archive: no pictures in $s/: $expected is expected" >&2
        exit 1
    }
done
printf '%s\n' airplane automobile bird cat deer dog frog horse ship truck > "$folder/names.list"
label='_&.' # what a path has of its class
[ ! -d "$top/train/airplane" ] || label='/&/'
sed "s|.*|$label|" "$folder/names.list" > "$folder/labels.list"
printf '%s\n' classes=10 "train=$folder/train.list" "valid=$folder/test.list" "labels=$folder/labels.list" \
    "names=$folder/names.list" "backup=$folder/backup" top=1 shuffle=1 > "$folder/cifar.data"
