# The ratios of before.sh, from its lines "round row side ..." and what step or predict print. Of step: milliseconds, images
# a second, peak MiB; of predict: microseconds.

{
    time[$1, $2, $3] = $4
    mib[$1, $2, $3] = $6
    if (!(($2, $3) in seen)) sides[$2] = sides[$2] " " $3
    seen[$2, $3] = 1
}

# of x[1] .. x[n]; of two in the middle the lower one
function median(x, n,   i, j, smaller) {
    for (i = 1; i <= n; ++i) {
        smaller = 0
        for (j = 1; j <= n; ++j) smaller += x[j] < x[i] || (x[j] == x[i] && j < i)
        if (smaller == int((n - 1) / 2)) return x[i]
    }
}

function median_of(of, row, side,   r, x) {
    for (r = 1; r <= rounds; ++r) x[r] = of[r, row, side]
    return median(x, rounds)
}

function print_head() {
    printf "\n%-44s", "ratio, round by round"
    for (r = 1; r <= rounds; ++r) printf " %6d", r
    printf "  median   must  medians\n"
}

# of[row, a] / of[row, b]; must: what issue 17 asks for, as text
function print_ratio(label, of, row, a, b, must, unit,   r, x) {
    if (!((row, a) in seen) || !((row, b) in seen)) return
    printf "%-44s", label
    for (r = 1; r <= rounds; ++r) {
        x[r] = of[r, row, b] > 0 ? of[r, row, a] / of[r, row, b] : 0
        printf " %6.2f", x[r]
    }
    printf "  %6.2f %6s  %.5g / %.5g %s\n", median(x, rounds), must, median_of(of, row, a), median_of(of, row, b), unit
}

# the side of a row, other than `not`, that is the fastest
function best_of(row, not,   n, names, i, best, t, least) {
    n = split(sides[row], names, " ")
    for (i = 1; i <= n; ++i) {
        if (names[i] == not) continue
        t = median_of(time, row, names[i])
        if (best == "" || t < least) { best = names[i]; least = t }
    }
    return best
}

function print_defaults(net,   row, best) {
    row = "kernels-" net
    best = best_of(row, "default")
    print_ratio(net ": default / " best, time, row, "default", best, "<=1.03", "ms")
}

END {
    print_head()
    print_defaults("lenet5")
    print_defaults("lenet-300-100")
    print_ratio("lenet5 VD step: old / ours", time, "lenet5-vd", "old", "ours", ">=2.4*", "ms")
    print_ratio("lenet-300-100 VD step: old / ours", time, "lenet-300-100-vd", "old", "ours", ">=1.5", "ms")
    print_ratio("  the same on MNIST pictures", time, "lenet-300-100-vd-mnist", "old", "ours", ">=1.5", "ms")
    print_ratio("VGG-like VD step: old / ours", time, "vgg-vd", "old", "ours", ">=1.6", "ms")
    print_ratio("yolov3-tiny VD step: old / ours", time, "yolov3-tiny-vd", "old", "ours", ">=1.6", "ms")
    print_ratio("stock -march=native plain / lenet5 VD", time, "stock-lenet5", "native", "ours", ">=4.3", "ms")
    print_ratio("lenet5 VD: 10 % active / dense", time, "thin-lenet5", ".1", "dense", "<=.6", "ms")
    print_ratio("lenet5 VD: 2 % active / dense", time, "thin-lenet5", ".02", "dense", "<=.4", "ms")
    print_ratio("with train_clip=1: 10 % active / dense", time, "thin-lenet5-clip", ".1", "dense", "<=.6", "ms")
    print_ratio("with train_clip=1: 2 % active / dense", time, "thin-lenet5-clip", ".02", "dense", "<=.4", "ms")
    print_ratio("lenet5 VD: 1 thread / 2", time, "threads", "1", "2", ">=1.85", "ms")
    print_ratio("lenet5 VD, peak memory: ours / old", mib, "lenet5-vd", "ours", "old", "<=1", "MiB")
    print_ratio("lenet-300-100 VD, peak memory: ours / old", mib, "lenet-300-100-vd", "ours", "old", "<=1", "MiB")
    print_ratio("VGG-like VD, peak memory: ours / old", mib, "vgg-vd", "ours", "old", "<=1", "MiB")
    print_ratio("yolov3-tiny VD, peak memory: ours / old", mib, "yolov3-tiny-vd", "ours", "old", "<=1", "MiB")
    print_ratio("connected 4096x4096 at 0.5 %: old / ours", time, "connected-.005", "old", "ours", ">=4", "us")
    print_ratio("connected 4096x4096 at 2 %: old / ours", time, "connected-.02", "old", "ours", ">=2.5", "us")
    print_ratio("connected 4096x4096 at 10 %: old / ours", time, "connected-.1", "old", "ours", ">=1.4", "us")
    print_ratio("lenet5 at 0.5 %, one picture: old / ours", time, "predict-lenet5-.005", "old", "ours", ">=1.4", "us")
    printf "\n* on Intel's processors; on Zen >= 1.7. One thread where no other number stands.\n"
}
