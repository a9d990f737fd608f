#!/bin/sh
# IN OUT: an IDX file of pictures, plain or .gz, with black and white changed: byte b becomes 255 - b, but for the 16
# bytes of the head
set -eu

descending=$(awk 'BEGIN { for (i = 255; i >= 0; --i) printf "\\%03o", i }')
plain=$2.tmp
case $1 in
*.gz) gzip -dc "$1" > "$plain" ;;
*) cp "$1" "$plain" ;;
esac
{
    head -c 16 "$plain"
    tail -c +17 "$plain" | LC_ALL=C tr '\000-\377' "$descending"
} > "$2"
rm "$plain"
