# The table and the ratios of table.sh, from its lines "round net code threads ms images/s MiB".

{
    what = $2 " " $3 " " $4
    if (!(what in rounds)) order[++kinds] = what
    ++rounds[what]
    ms[what, $1] = $5
    images[what, $1] = $6
    mib[what, $1] = $7
}

# the round that has the median of x[what, 1] to x[what, n]; of two in the middle the lower one
function median_round(what, n, x,   i, j, smaller) {
    for (i = 1; i <= n; ++i) {
        smaller = 0
        for (j = 1; j <= n; ++j) smaller += x[what, j] < x[what, i] || (x[what, j] == x[what, i] && j < i)
        if (smaller == int((n - 1) / 2)) return i
    }
}

function print_table(   i, p, r, what) {
    printf "\n%-15s %-13s %8s %10s %12s %10s\n", "net", "code", "threads", "ms/step", "images/s", "peak MiB"
    for (i = 1; i <= kinds; ++i) {
        what = order[i]
        split(what, p, " ")
        r = median_round(what, rounds[what], ms)
        printf "%-15s %-13s %8d %10.2f %12.0f %10.1f\n", p[1], p[2], p[3], ms[what, r], images[what, r], mib[what, r]
    }
}

# the median of a / b over the rounds, with the two numbers of the round it comes from
function print_ratio(label, a, b, x, unit,   i, n, r, ratio) {
    if (!(a in rounds) || !(b in rounds)) return
    n = rounds[a] < rounds[b] ? rounds[a] : rounds[b]
    for (i = 1; i <= n; ++i) ratio["", i] = x[a, i] / x[b, i]
    r = median_round("", n, ratio)
    printf "    %-34s %6.2f   (%.2f / %.2f %s)\n", label, ratio["", r], x[a, r], x[b, r], unit
}

function print_ratios_of(net,   vd, plain, all) {
    vd = net " vd "; plain = net " plain "; all = cores " threads"
    printf "\n%s\n", net
    print_ratio("VD / plain, 1 thread", vd 1, plain 1, ms, "ms")
    if (cores > 1) {
        print_ratio("VD / plain, " all, vd cores, plain cores, ms, "ms")
        print_ratio("VD, 1 thread / " all, vd 1, vd cores, ms, "ms")
        print_ratio("plain, 1 thread / " all, plain 1, plain cores, ms, "ms")
    }
    print_ratio("VD / plain, memory", vd 1, plain 1, mib, "MiB")
    print_ratio("stock / plain, " all, net " stock 1", plain cores, ms, "ms")
    print_ratio("stock / VD, " all, net " stock 1", vd cores, ms, "ms")
    print_ratio("stock-native / plain, " all, net " stock-native 1", plain cores, ms, "ms")
    print_ratio("stock-native / VD, " all, net " stock-native 1", vd cores, ms, "ms")
    print_ratio("PyTorch / VD, 1 thread", net " torch-vd 1", vd 1, ms, "ms")
    print_ratio("PyTorch / plain, 1 thread", net " torch-plain 1", plain 1, ms, "ms")
    if (cores > 1) {
        print_ratio("PyTorch / VD, " all, net " torch-vd " cores, vd cores, ms, "ms")
        print_ratio("PyTorch / plain, " all, net " torch-plain " cores, plain cores, ms, "ms")
    }
}

END {
    print_table()
    for (i = 1; i <= kinds; ++i) {
        split(order[i], p, " ")
        if (!seen[p[1]]++) print_ratios_of(p[1])
    }
}
