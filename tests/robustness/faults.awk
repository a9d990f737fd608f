# The rows of FAULTS.md whose numbers tests count: the sums of what the tests print replace the rows that are there.
# awk -f faults.awk OUTPUT-OF-THE-TESTS FAULTS.md

function row(kind, what, suite) {
    printf "| %s | %d | 0 | 0 | `CK_RUN_SUITE=%s make test` |\n", what, count[kind], suite
}

FNR == NR {
    if ($1 == "faults:" || ($1 == "bad" && $2 == "input:")) {
        n = $1 == "bad" ? $3 : $2
        kind = $0
        sub(/^(faults|bad input): [0-9]+ /, "", kind)
        sub(/(,| of| in) .*/, "", kind)
        if ($1 == "bad") kind = "bad " kind
        count[kind] += n
    }
    next
}

/^\|---/ {
    print
    row("bad shapes", "files missing, empty, a directory, cut, with extra bytes, of another kind, CRLF, BOM, a line of 5000 bytes", "bad_input")
    row("bad value", "invalid values in cfg, .data, lists and labels: NaN, inf, 0, negative, 2^31, 1e39, given twice, misspelt", "bad_input")
    row("bad number", "numbers inside weights, .vdw, IDX and PNG: NaN, inf, huge sizes", "bad_input")
    row("bad random networks", "random networks of every kind of layer in any order: refused, or trained, saved and loaded (`RANDOM_NETS=N` draws N)", "random_nets")
    row("bad path", "paths of 5000 bytes", "bad_input")
    row("file size limits", "limits on the file size, at many bytes of every output, with SIGXFSZ ignored and not", "faults")
    row("places that cannot be written", "outputs that are a directory or a full device", "faults")
    row("full file systems", "full file systems during a training", "faults")
    row("full standard output", "standard output on a full device", "faults")
    row("kills at random moments", "SIGKILL in a training, then `-resume` to the same bytes", "faults_kill")
    row("kills at system calls", "SIGKILL before a system call of a save", "faults_kill")
    row("allocations that fail", "allocations that fail, in loading, a training step, saving, packing and exporting", "memory")
    next
}

!/`CK_RUN_SUITE=(bad_input|faults|faults_kill|memory|random_nets) /
