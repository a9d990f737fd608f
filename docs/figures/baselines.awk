# error, or mean average precision, against compression: variational dropout beside pruning by size, net by net, from the
# log of rows:    awk -f svg.awk -f baselines.awk RESULTS.md
#
# rows NET-vdN-SEED, NET-magnitudeN-SEED and NET-dense-SEED of the same net, N the compression asked for

BEGIN {
    FS = " *\\| *"
    says["lenet-300-100"] = "LeNet-300-100, MNIST"; says["lenet-300-100-aug"] = "LeNet-300-100, MNIST, digits moved"
    says["lenet5-relu-aug"] = "LeNet-5 with ReLU, MNIST, digits moved"
    says["wrn-16-2"] = "WRN-16-2, CIFAR-10"; says["bccd-tiny"] = "bccd-tiny, blood cells"
    says["bccd-yolov4-tiny"] = "yolov4-tiny, blood cells"
}

/^\| row \| net / { measure = $5 ~ /^mAP/ ? "mAP@0.5, %" : "test error, %"; next }
/^Processors?:/ { processors = $0 }

NF == 10 && $2 ~ /-(vd[0-9]+|magnitude[0-9]+|dense)-[0-9]+$/ && $2 !~ /held-out/ {
    net = $2
    sub(/-[0-9]+$/, "", net)
    method = net
    sub(/.*-/, "", method)
    sub(/-[a-z0-9]*$/, "", net)
    ++n
    of[n] = net; y[n] = $5 + 0
    x[n] = $7 == "" ? 1 : $7 + 0
    group[n] = net " " method
    by[n] = method ~ /^magnitude/ ? "magnitude" : method == "dense" ? "dense" : "vd"
    if (by[n] == "magnitude" && !(net in panel)) { panel[net] = ++panels; named[panels] = net; measured[panels] = measure }
}

# the median of a group's values
function middle(g, values,    i, j, k, t, v) {
    for (i = 1; i <= n; ++i) if (group[i] == g) v[++k] = values[i]
    for (i = 2; i <= k; ++i)
        for (j = i; j > 1 && v[j] < v[j - 1]; --j) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
    return k % 2 ? v[(k + 1) / 2] : (v[k / 2] + v[k / 2 + 1]) / 2
}

function colour_of(method) { return method == "vd" ? blue : method == "magnitude" ? orange : ink }
function shape_of(method) { return method == "vd" ? "circle" : method == "magnitude" ? "diamond" : "square" }

# a step of 1, 2 or 5 times a power of ten that gives four to eight of them
function step_of(span,    s) {
    s = exp(int(log(span) / log(10) - 2) * log(10))
    while (span / s > 8) s *= span / s > 40 ? 10 : span / s > 16 ? 5 : 2
    return s
}

function ticks_from(lo, hi, s,    v, out) {
    for (v = int(lo / s) * s; v <= hi + s / 1000; v += s) if (v >= lo - s / 1000) out = out " " sprintf("%.6g", v)
    return substr(out, 2)
}

# those ticks that are no more than `most`
function up_to(ticks, most,    i, k, part, out) {
    k = split(ticks, part, " ")
    for (i = 1; i <= k; ++i) if (part[i] <= most) out = out " " part[i]
    return substr(out, 2)
}

# the medians of a method, joined in the order of their compression
function join_medians(net, method,    i, j, k, t, mx, my, seen) {
    for (i = 1; i <= n; ++i) {
        if (of[i] != net || by[i] != method || seen[group[i]]++) continue
        mx[++k] = middle(group[i], x)
        my[k] = middle(group[i], y)
        for (j = k; j > 1 && mx[j] < mx[j - 1]; --j) { t = mx[j]; mx[j] = mx[j - 1]; mx[j - 1] = t; t = my[j]; my[j] = my[j - 1]; my[j - 1] = t }
    }
    if (k > 1) plot_line(k, mx, my, colour_of(method), 2)
    for (i = 1; i <= k; ++i) svg_mark(shape_of(method), at_x(mx[i]), at_y(my[i]), 5, colour_of(method), paper)
}

function draw(p,    i, lo, hi, most, s, net) {
    net = named[p]
    lo = 1e9; hi = -1e9; most = 10
    for (i = 1; i <= n; ++i) {
        if (of[i] != net) continue
        lo = lesser(lo, y[i]); hi = greater(hi, y[i]); most = greater(most, x[i])
    }
    s = step_of(greater(hi - lo, .1))
    lo = (int(lo / s) - (lo / s == int(lo / s))) * s; hi = (int(hi / s) + 1) * s
    plot(70 + (p - 1) % 2 * 450, 112 + int((p - 1) / 2) * 330, 360, 230, .8, 1.6 * most, 1, lo, hi, 0)
    plot_x_axis(up_to(most > 60 ? "1 3 10 30 100 300" : "1 2 5 10 20 50", 1.6 * most), "compression: weights / weights left (log scale)", 1)
    plot_y_axis(ticks_from(lo, hi, s), measured[p])
    plot_frame()
    svg_text(px, py - 10, "start", net in says ? says[net] : net, ink, "font-weight=\"bold\"")
    for (i = 1; i <= n; ++i) if (of[i] == net) svg_mark(shape_of(by[i]), at_x(x[i]), at_y(y[i]), 2.5, colour_of(by[i]), "none")
    join_medians(net, "magnitude")
    join_medians(net, "vd")
    join_medians(net, "dense")
}

function legend(at, method, s) {
    svg_mark(shape_of(method), at, 66, 5, colour_of(method), paper)
    svg_text(at + 11, 70, "start", s, ink)
}

END {
    if (!panels) { print "baselines.awk: RESULTS.md has no rows of pruning by size" > "/dev/stderr"; exit 1 }
    height = 130 + 330 * int((panels + 1) / 2)
    svg_begin(930, height, "Variational dropout beside pruning by size", "Error or mean average precision against compression, each seed and medians, from RESULTS.md")
    svg_text(20, 48, "start", "the same epochs on the same pictures; small marks are seeds, large ones medians", grey)
    legend(28, "vd", "variational dropout")
    legend(200, "magnitude", "pruned by size (Zhu and Gupta 2017)")
    legend(470, "dense", "plain")
    for (p = 1; p <= panels; ++p) draw(p)
    svg_text(20, height - 14, "start", "RESULTS.md (make tables). " processors, grey, "font-size=\"11\"")
    svg_end()
}
