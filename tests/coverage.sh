#!/bin/sh
# coverage.sh FOLDER: the share of the lines of darknet-vd/ that the programs built in FOLDER have run, for each file and
# in total. In a file that is compiled for several instruction sets a line counts when one of them has run it.
find "$1/obj/darknet-vd" -name '*.gcda' | while read -r data; do
    gcov --stdout "$data" 2>/dev/null
done | awk -F: '
    /^ *-: *0:Source:/ { file = $4; next }
    file !~ /^darknet-vd\/.*\.c$/ { next }
    { count = $1; gsub(/[ *]/, "", count) }
    count == "-" { next }
    { key = file " " $2 + 0; seen[key] = 1; if (count !~ /^[#=]/) hit[key] = 1 }
    END {
        for (key in seen) { split(key, at, " "); ++lines[at[1]]; reached[at[1]] += key in hit }
        for (file in lines) {
            printf "%6.2f %%  %5d of %5d  %s\n", 100 * reached[file] / lines[file], reached[file], lines[file], file | "sort -n"
            all += lines[file]; those += reached[file]
        }
        close("sort -n")
        printf "%6.2f %%  %5d of %5d  darknet-vd/\n", all ? 100 * those / all : 0, those, all
    }'
