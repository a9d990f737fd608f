# RESULTS.md from the page `heading` and the result files of tables.sh, given in the order of the rows. In the heading
#
#     @error GROUP@  @map GROUP@  @layers GROUP@  @compression GROUP@  @seconds GROUP@  @seeds GROUP@
#
# are what the rows of a group have, medians; @if GROUP@ is nothing. A line with a group that has no row is left out.

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

# the seconds a row took on one core; of rows without processor time the time that passed, on one thread
function seconds_of(i) { return row[i, "cpu_seconds"] != "" ? row[i, "cpu_seconds"] : row[i, "seconds"] }

function times(x) { return x == "" ? "" : x + 0 ? sprintf("%.0f x", x) : "all pruned" }

# layer by layer: the median of each
function median_layers(group,    i, k, n, m, v, part, all, layers) {
    for (i = 1; i <= rows; ++i) {
        if (row_group[i] != group) continue
        layers = split(row[i, "layers"], part, "-")
        ++n
        for (k = 1; k <= layers; ++k) v[k, n] = part[k]
    }
    for (k = 1; k <= layers; ++k) {
        for (m = 1; m <= n; ++m) part[m] = v[k, m]
        by_value(part, n)
        all = all (k > 1 ? "-" : "") sprintf("%.1f", n % 2 ? part[(n + 1) / 2] : (part[n / 2] + part[n / 2 + 1]) / 2)
    }
    return all
}

function value(what, group) {
    if (what == "if") return ""
    if (what == "seeds") return count[group] == 1 ? "1 seed" : count[group] " seeds"
    if (what == "layers") return median_layers(group)
    if (what == "compression") return times(median("compression", group))
    if (what == "seconds") return sprintf("%.0f", median("time", group))
    return sprintf("%.2f", median(what, group))
}

# a line of the heading; `missing` is 1 where one of its groups has no row
function filled(line,    said, word) {
    missing = 0
    while (match(line, /@[a-z]+ [^@ ]+@/)) {
        split(substr(line, RSTART + 1, RLENGTH - 2), word, " ")
        if (!count[word[2]]) missing = 1
        if (missing) return ""
        said = said substr(line, 1, RSTART - 1) value(word[1], word[2])
        line = substr(line, RSTART + RLENGTH)
    }
    return said line
}

function print_heading(    line, said) {
    while ((getline line < heading) > 0) {
        said = filled(line)
        if (!missing) print said
    }
}

# the rows measured by FIELD, group by group
function medians(field, title,    g, group, i, sparse, some) {
    for (i = 1; i <= rows; ++i) if ((i, field) in row) some = 1
    if (!some) return
    print "| row | seeds | " title " (median) | sparsity % (median) | compression (median) | seconds on one core (median) |"
    print "|---|---|---|---|---|---|"
    for (g = 1; g <= groups; ++g) {
        group = order[g]
        sparse = some = 0
        for (i = 1; i <= rows; ++i) {
            if (row_group[i] != group) continue
            if ((i, field) in row) some = 1
            if (row[i, "sparsity"] != "") sparse = 1
        }
        if (!some) continue
        printf "| %s | %d | %.2f | %s | %s | %.0f |\n", group, count[group], median(field, group),
            sparse ? sprintf("%.2f", median("sparsity", group)) : "",
            sparse ? times(median("compression", group)) : "", median("time", group)
    }
    print ""
}

# the days on which a processor ran
function note_run(name, day,    n, i, of_name) {
    if (seen[name, day]++) return
    if (!(name in days)) cpu[++cpus] = name
    n = split(days[name], of_name, ", ")
    for (i = n; i && of_name[i] > day; --i) of_name[i + 1] = of_name[i]
    of_name[i + 1] = day
    days[name] = of_name[1]
    for (i = 2; i <= n + 1; ++i) days[name] = days[name] ", " of_name[i]
}

# and one by one
# where a training begins: the weights of another row, or those themselves, tested with other keys
function start_of(name,    line, word) {
    while (!(name in start) && (getline line < starts) > 0) {
        split(line, word, " ")
        start[word[1]] = sub(/^=/, "", word[2]) ? "weights of " word[2] ": " : "from " word[2] ": "
    }
    return start[name]
}

function log_of(field, title,    i, some) {
    for (i = 1; i <= rows; ++i) if ((i, field) in row) some = 1
    if (!some) return
    print "| row | net | keys that differ from the cfg's | " title " | pruned, layer by layer % | compression | seconds on one core | date |"
    print "|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= rows; ++i) {
        if (!((i, field) in row)) continue
        printf "| %s | %s.cfg | %s | %.2f | %s | %s | %s | %s |\n", row[i, "name"], row[i, "net"], start_of(row[i, "name"]) row[i, "keys"],
            row[i, field], row[i, "layers"], row[i, "compression"] == "" ? "" : row[i, "compression"] " x",
            row[i, "cpu_seconds"] == "" ? sprintf("%d min", row[i, "seconds"] / 60 + .5) : sprintf("%.0f s", row[i, "cpu_seconds"]),
            row[i, "date"]
        note_run(row[i, "cpu"], row[i, "date"])
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
        row[i, "time"] = seconds_of(i)
        if (!count[group]++) order[++groups] = group
    }
    print_heading()
    print "\n## All rows\n\nMedians of each group of rows:\n"
    medians("error", "error %")
    medians("map", "mAP@0.5 %")
    print "Row by row. Minutes are those that passed, of runs whose processor time was not taken:\n"
    log_of("error", "error %")
    log_of("map", "mAP@0.5 %")
    printf "Processor%s:", (cpus > 1 ? "s" : "")
    for (i = 1; i <= cpus; ++i) printf "%s %s%s", (i > 1 ? ";" : ""), cpu[i], (cpus > 1 ? " (" days[cpu[i]] ")" : "")
    print ""
}
