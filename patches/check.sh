#!/bin/sh
# check.sh FOLDER (make patches-check): checks the files in patches/, then applies, compiles and links the first patch,
# the first two, and so on to the whole series, in FOLDER, without optimisation. README.md has the rules. Prints a line
# for each patch; ends with status 1 at the first fault.
set -eu

dir=$1
make=${MAKE:-make}
mkdir -p "$dir"

# what the series names, and what is there
sed -n '/^[a-z].*\.patch$/p' patches/series > "$dir/named"
(cd patches && find . -name '*.patch' | sed 's|^\./||' | sort) > "$dir/found"
if ! sort "$dir/named" | diff - "$dir/found" >&2; then
  echo "patches/series (<) does not name each patch in patches/ (>) once" >&2
  exit 1
fi

# the headers, whose lines are whose, and the lines of each patch
(cd patches && xargs awk -f check.awk) < "$dir/named" > "$dir/counts"

rm -rf "$dir/patches"
cp -Rp patches "$dir/patches"

# only files that differ from the prefix before are compiled again
number=0
all=$(wc -l < "$dir/named")
while read -r patch added removed; do
  number=$((number + 1))
  head -n "$number" "$dir/named" > "$dir/patches/series"
  rm -f "$dir/build/darknet"
  "$make" -j"$(nproc)" PATCHES="$dir/patches" SRC="$dir/darknet" BUILD="$dir/build" EXEC="$dir/build/darknet" \
    STOCK_OPT=-O0 VD_OPT=-O0 LDFLAGS=-Wl,-z,defs all > "$dir/log" 2>&1 < /dev/null || rm -f "$dir/build/darknet"
  if ! test -x "$dir/build/darknet"; then
    tail -n 30 "$dir/log" >&2
    echo "the series up to $patch does not apply, compile and link (all of it: $dir/log)" >&2
    exit 1
  fi
  printf '%2d/%d  %-31s +%-4d -%-4d links\n' "$number" "$all" "$patch" "$added" "$removed"
done < "$dir/counts"
