# awk -f mk/floors.awk darknet-vd/floors SOURCE...: checks every #include of the plugin against the table of floors.
# An include must be relative to darknet-vd/, name a folder that the table allows, and so point down. Status 1 with one
# line for each that does not.
function folder_of(path,  parts) {
    sub(/^darknet-vd\//, "", path)
    if (path in floor) return path
    split(path, parts, "/")
    return parts[1]
}
function bad(what) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, $2, what > "/dev/stderr"
    ++faults
}
FNR == NR {
    if (/^#/ || !NF) next
    floor[$1] = $2
    for (i = 3; i <= NF; ++i) {
        if ($i != "darknet" && floor[$i] >= $2) bad("the table lets " $1 " include " $i ", which is not below it")
        allowed[$1, $i] = 1
    }
    next
}
FNR == 1 {
    folder = folder_of(FILENAME)
    if (!(folder in floor)) bad("no folder of this name in the table of floors")
}
/^#include "/ {
    split($2, quoted, "\"")
    header = quoted[2]
    there = index(header, "/") ? folder_of("darknet-vd/" header) : "darknet"
    ++includes
    if (there == folder) next
    if (header ~ /\.\.\//) bad("includes are relative to darknet-vd/")
    else if (there != "darknet" && !(there in floor)) bad("no such folder")
    else if (!((folder, there) in allowed)) bad(folder " may not include " there)
}
END {
    if (faults) exit 1
    if (!includes) { print "no includes found: which sources were to be checked?" > "/dev/stderr"; exit 1 }
}
