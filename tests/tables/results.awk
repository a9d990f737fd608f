# RESULTS.md from the result files of tables.sh, given in the order of the rows

function by_value(v, n,    i, j, t) {
    for (i = 2; i <= n; ++i)
        for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; --j) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
}

# of the values in a group's rows
function median(field, group,    i, n, v) {
    n = 0
    for (i = 1; i <= rows; ++i) if (row_group[i] == group) v[++n] = row[i, field]
    by_value(v, n)
    return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

# the rows measured by FIELD, group by group and one by one
function table(field, title,    g, group, i, sparse, some) {
    for (i = 1; i <= rows; ++i) if ((i, field) in row) some = 1
    if (!some) return
    print "| row | seeds | " title " (median) | sparsity % (median) | compression (median) |"
    print "|---|---|---|---|---|"
    for (g = 1; g <= groups; ++g) {
        group = order[g]
        sparse = some = 0
        for (i = 1; i <= rows; ++i) {
            if (row_group[i] != group) continue
            if ((i, field) in row) some = 1
            if (row[i, "sparsity"] != "") sparse = 1
        }
        if (!some) continue
        printf "| %s | %d | %.2f | %s | %s |\n", group, count[group], median(field, group),
            sparse ? sprintf("%.2f", median("sparsity", group)) : "",
            sparse ? (median("compression", group) + 0 ? sprintf("%.0f x", median("compression", group)) : "all pruned") : ""
    }
    print ""
    print "| row | net | keys that differ from the cfg's | " title " | pruned, layer by layer % | compression | wall time | date |"
    print "|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= rows; ++i) {
        if (!((i, field) in row)) continue
        printf "| %s | %s.cfg | %s | %.2f | %s | %s | %d min | %s |\n", row[i, "name"], row[i, "net"], row[i, "keys"],
            row[i, field], row[i, "layers"], row[i, "compression"] == "" ? "" : row[i, "compression"] " x",
            row[i, "seconds"] / 60 + .5, row[i, "date"]
        cpus[row[i, "cpu"]] = 1
    }
    print ""
}

FNR == 1 { ++rows }
{
    at = index($0, "=")
    row[rows, substr($0, 1, at - 1)] = substr($0, at + 1)
}

END {
    for (i = 1; i <= rows; ++i) {
        group = row[i, "name"]
        row[i, "seed"] = group
        sub(/-[0-9]+$/, "", group)
        sub(/.*-/, "", row[i, "seed"])
        row_group[i] = group
        if (!count[group]++) order[++groups] = group
    }
    table("error", "error %")
    table("map", "mAP@0.5 %")
    printf "Processor:"
    for (cpu in cpus) printf " %s", cpu
    print ""
}
