# awk -f check.awk PATCH ...: the patches in the order they apply. Prints "PATCH ADDED REMOVED" for each; exits 1, with a
# message, for a header that is not as README.md wants it, or a patch that changes a line which an earlier one added.

function fail(text) {
    print text > "/dev/stderr"
    failed = 1
}

# n lines of old, one character each, from number i on: "+" was added by a patch, "." was not
function lines(i, n) {
    while (length(old) < i + n - 1) old = old "................................"
    return substr(old, i, n)
}

function end_file() {
    if (file) origin[file] = new substr(old, at)
    file = ""
}

function end_patch() {
    end_file()
    if (!patch) return
    for (i = 1; i <= fields; ++i)
        if (!seen[field[i]]) fail(patch ": no " field[i] ": in its header")
    print patch, added, removed
}

BEGIN { fields = split("Description Author Forwarded Last-Update", field, " ") }

FNR == 1 {
    end_patch()
    patch = FILENAME
    in_header = 1
    added = removed = before = after = 0
    split("", seen)
}

before + after > 0 {
    kind = substr($0, 1, 1)
    if (kind == "+") {
        ++added
        new = new "+"
    } else {
        if (kind == "-" && lines(at, 1) == "+") fail(patch ": " file ": changes a line that an earlier patch added: " $0)
        if (kind == "-") ++removed
        else new = new lines(at, 1)
        ++at
        --before
    }
    if (kind != "-") --after
    next
}

/^--- a\// {
    end_file()
    in_header = 0
    file = substr($2, 3)
    old = origin[file]
    new = ""
    at = 1
    next
}

/^@@ / {
    split($2, from, "[-,]")
    split($3, to, ",")
    before = from[3] == "" ? 1 : from[3]
    after = to[2] == "" ? 1 : to[2]
    new = new lines(at, from[2] - at)
    at = from[2]
    next
}

in_header {
    if (length($0) > 79) fail(patch ":" FNR ": " length($0) " columns, 79 at most")
    if ($0 ~ /^[A-Z][A-Za-z-]*: [^ ]/) seen[substr($1, 1, length($1) - 1)] = 1
}

END {
    end_patch()
    exit failed
}
