# the table of docs/freezing.md from the result files of tables.sh, given in the order of the rows: a line for each net
# and rule, its seeds together. A detector has its mean average precision in the place of an error

FNR == 1 { name = "" }
{
    at = index($0, "=")
    key = substr($0, 1, at - 1)
    value = substr($0, at + 1)
}
key == "name" {
    group = value
    sub(/-[0-9]+$/, "", group)
    if (!(group in count)) order[++groups] = group
    ++count[group]
}
key == "error" || key == "map" {
    sum[group] += value
    each[group] = each[group] (each[group] == "" ? "" : ", ") value
    if (key == "map") is_map[group] = 1
}
key == "compression" { weights[group] += 1 / value } # of weights left, which add up
key == "cpu_seconds" { seconds[group] += value; ++timed[group] }

END {
    print "| row | seeds | error %, mean | standard error | of each seed | compression | CPU s, mean |"
    print "|---|---|---|---|---|---|---|"
    for (g = 1; g <= groups; ++g) {
        group = order[g]
        n = count[group]
        p = sum[group] / n / 100
        printf "| %s | %d | %s%.2f | %s | %s | %s | %s |\n", group, n, group in is_map ? "mAP " : "", 100 * p,
            group in is_map ? "" : sprintf("%.2f", 100 * sqrt(p * (1 - p) / held_out)), each[group],
            weights[group] ? sprintf("%.0f x", n / weights[group]) : "",
            group in seconds ? sprintf("%.0f", seconds[group] / timed[group]) : ""
    }
}
