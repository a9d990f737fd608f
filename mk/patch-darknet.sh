#!/bin/sh
# patch-darknet.sh SOURCES FOLDER PATCHES: make FOLDER what SOURCES are with the series of PATCHES applied
#
# Patched in a fresh copy; only files that differ are replaced, so that only they are compiled again.
set -eu
sources=$1 folder=$2 patches=$3
fresh=$(realpath -m "$folder.new")
rm -rf "$fresh"
mkdir -p "$fresh" "$folder"
folder=$(cd "$folder" && pwd)

(cd "$sources" && cp -Rp Makefile include src examples data "$fresh")
sed -n 's/^\([^#[:space:]][^[:space:]]*\).*/\1/p' "$patches/series" | while read -r p; do
    patch -d "$fresh" -p1 --fuzz=0 -s --no-backup-if-mismatch < "$patches/$p" || {
        echo "$patches/$p does not apply" >&2
        exit 1
    }
done

cd "$fresh"
find . -type f | while read -r f; do
    cmp -s "$f" "$folder/$f" || {
        mkdir -p "$folder/${f%/*}"
        cp "$f" "$folder/$f"
    }
done
cd "$folder"
find . -type f ! -name .patched | while read -r f; do
    test -e "$fresh/$f" || rm "$f"
done
rm -rf "$fresh"
