# the result file of row `name`, as tables.sh writes it, from the log of rows in a RESULTS.md

BEGIN {
    FS = " *\\| *"
    group = name
    sub(/-[0-9]+$/, "", group)
}

/^\| row \| net / { field = $5 ~ /^mAP/ ? "map" : "error"; next }
# the median of one row is its own
$2 == group && $3 == 1 && NF < 10 { sparsity = $5 }
$2 == name && NF == 10 {
    sub(/^(from|weights of) [^ ]+: /, "", $4)
    print "name=" name "\nnet=" substr($3, 1, length($3) - 4) "\nkeys=" $4 "\n" field "=" $5
    if ($7 != "") {
        compression = substr($7, 1, length($7) - 2)
        print "layers=" $6
        if (sparsity == "") sparsity = sprintf("%.2f", compression == "all" ? 100 : 100 * (1 - 1 / compression))
        print "sparsity=" sparsity " %\ncompression=" compression
    }
    found = $9
    print $8 ~ / s$/ ? "cpu_seconds=" $8 + 0 : "seconds=" 60 * $8
    print "date=" $9
}
# "Processor: A (dates); B (dates)"
found && /^Processors?:/ {
    cpu = $0
    sub(/^Processors?: */, "", cpu)
    n = split(cpu, one, "; ")
    for (i = 1; i <= n; ++i) if (index(one[i], found) || n == 1) cpu = one[i]
    sub(/ \(.*/, "", cpu)
    print "cpu=" cpu
}
