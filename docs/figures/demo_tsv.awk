# training.tsv from what `make demo` prints:    awk -v run=TEXT -f demo_tsv.awk LOG
# run: command, seed, machine and date, for the first line

# a report line: vd: epoch 5.00, batch 600: loss 1.79 = cost 0.08 + KL 1.70 (w 0.8, KL 25603 nats), sparsity 12.8-80.8-... %, all 96.26 %
/^vd: epoch / {
    gsub(/[,:()]/, " ")
    layers = split($20, sparsity, "-")
    line = $3 "\t" $5 "\t" $7 "\t" $10 "\t" $13 "\t" $15 "\t" $17
    for (i = 1; i <= layers; ++i) line = line "\t" sparsity[i]
    rows[++n] = line "\t" $23
}

# the table after them names the layers: index, type, weights
$2 ~ /^vd_/ && NF == 9 { name = name "\t" $1 " " $2 }

END {
    if (!n || !name) { print "demo_tsv.awk: no report lines" > "/dev/stderr"; exit 1 }
    print "# " run
    print "epoch\tbatch\tloss\tcost\tKL part\tw\tKL nats" name "\tall"
    for (i = 1; i <= n; ++i) print rows[i]
}
