# speed.tsv from what `make bench-sparse` prints:    awk -v run=TEXT -f bench_tsv.awk LOG
# run: command, seed, machine and date, for the first line

/^kernels: / { kernels = $2; sub(/;/, "", kernels) }

# layer                batch   dense     2 % is   80 %   50 % ...
/^layer / {
    for (i = 1; i < NF; ++i) if ($(i + 1) == "%" && $(i + 2) != "is") heading = heading "\t" $i " %"
    next
}

# name of one or two words, images, microseconds of the dense way, its unit, the sparse way at 2 %, ratios
/ us / {
    for (i = 1; $i != "us"; ++i);
    name = $1
    for (j = 2; j < i - 2; ++j) name = name " " $j
    line = name "\t" $(i - 2) "\t" $(i - 1) "\t" $(i + 1)
    for (j = i + 2; j <= NF; ++j) line = line "\t" $j
    rows[++n] = line
}

END {
    if (!n || !heading) { print "bench_tsv.awk: no table" > "/dev/stderr"; exit 1 }
    print "# " run ", kernels: " kernels
    print "layer\timages\tdense us\tsparse way at 2 %" heading
    for (i = 1; i <= n; ++i) print rows[i]
}
