# how weights move over a training, with and without freezing:    awk -f svg.awk -f trajectories.awk trajectories.tsv

BEGIN { FS = "\t"; names["free"] = "without freezing"; names["frozen"] = "with freezing" }

/^#/ { caption = substr($0, 3); next }
$1 == "run" { next }
{
    k = ++count[$1]
    for (i = 2; i <= NF; ++i) value[$1, i, k] = $i
    if ($2 > last) last = $2
}

# the column of a run; logarithmic: what is not positive has no place; the share left as nines, see training.awk
function curve(run, column, way, dashed,    i, k, x, y, v) {
    for (i = 1; i <= count[run]; ++i) {
        v = value[run, column, i]
        if (v == "nan" || (way == "log" && v <= 0)) continue
        if (way == "nines") v = v < .9995 ? -log(1 - v) / log(10) : 3.3
        x[++k] = value[run, 2, i]
        y[k] = v
    }
    if (k > 1) plot_line(k, x, y, run == "free" ? blue : orange, 2, dashed ? "stroke-dasharray=\"5 4\"" : "")
}

function begin(at, title, lo, hi, logarithmic, ticks, unit,    i, epochs) {
    plot(80 + at % 2 * 440, 122 + int(at / 2) * 270, 340, 190, 0, last, 0, lo, hi, logarithmic)
    for (i = 0; i <= last; i += 5) epochs = epochs " " i
    plot_x_axis(substr(epochs, 2), at > 1 ? "epoch" : "", 1)
    plot_y_axis(ticks, unit)
    plot_frame()
    svg_text(px, py - 8, "start", title, ink, "font-weight=\"bold\"")
}

function both(left, pruned, way,    run) {
    for (run in names) {
        curve(run, pruned, way, 1)
        curve(run, left, way, 0)
    }
}

function legend(x, s, colour, dashed) {
    svg_line(x, 68, x + 26, 68, colour, 2, dashed ? "stroke-dasharray=\"5 4\"" : "")
    svg_text(x + 33, 72, "start", s, ink)
}

END {
    if (!count["free"] || !count["frozen"]) { print "trajectories.awk: two runs are needed" > "/dev/stderr"; exit 1 }
    svg_begin(900, 664, "How the weights of a LeNet-5 move, with and without freezing", "Share of weights pruned and frozen, and medians of log alpha, theta and log sigma squared, over the epochs. " caption)
    svg_text(20, 48, "start", "medians of the weights that are left at the end, and of those that are pruned there; frozen ones are 0 and leave the third picture", grey)
    legend(28, names["free"], blue, 0)
    legend(200, names["frozen"], orange, 0)
    legend(360, "dashed: the pruned weights; in the first picture, those frozen", ink, 1)
    begin(0, "weights pruned", 0, 3.3, 0, "0:0 0.30103:50 1:90 1.30103:95 2:99 2.30103:99.5 3:99.9", "%")
    both(3, 4, "nines")
    begin(1, "median of log alpha, before the clip at 8", -8, 12, 0, "-8 -4 0 4 8 12", "")
    both(5, 8, "")
    begin(2, "median of |theta|", 1e-6, 1, 1, "0.000001:1e-6 0.00001:1e-5 0.0001:1e-4 0.001 0.01 0.1 1", "")
    both(6, 9, "log")
    begin(3, "median of log sigma squared", -12, 0, 0, "-12 -10 -8 -6 -4 -2 0", "")
    both(7, 10, "")
    svg_text(20, 652, "start", caption, grey, "font-size=\"11\"")
    svg_end()
}
