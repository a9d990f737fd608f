# test error against compression, the paper's points and those of this code:    awk -f svg.awk -f compression.awk RESULTS.md

BEGIN {
    FS = "|"
    panel["LeNet-300-100"] = 1; panel["LeNet-5-Caffe"] = 2
    says["dense"] = "plain"; says["vd"] = "threshold 3"; says["vd-clip"] = "threshold 3, train_clip"; says["warm"] = "from plain weights"
    says["aug-vd130"] = says["aug-vd280"] = says["aug-vd350"] = "digits moved"
    says["aug200-vd280"] = says["aug200-vd350"] = "moved, 200 epochs"
    says["vd100-soft"] = "soft targets"
    says["vd-t2"] = "threshold 2"; says["vd-t1"] = "threshold 1"; says["vd-t0"] = "threshold 0"
}

function trim(s) { gsub(/^ +| +$/, "", s); return s }

function add(p, source, s, compression, error) {
    ++n
    at_panel[n] = p; from[n] = source; named[n] = s; times[n] = compression + 0; errors[n] = error + 0
}

# | network | method | error % | pruned | compression |: lists of methods are cut at their slashes
NF == 7 && trim($2) in panel && trim($6) != "" {
    methods = split($3, method, "/"); split($4, error, "/"); split($6, compression, "/")
    for (i = 1; i <= methods; ++i)
        add(panel[trim($2)], "paper", trim(method[i]), trim(compression[i]), trim(error[i]))
    next
}

# | row | seeds | error % (median) | sparsity % (median) | compression (median) |
/^\| row \| seeds / { medians = $4 ~ /error/; next }
/^\| row \| net / { medians = 0 }

# all 10,000 test pictures and true labels; pruning by size has a picture of its own
medians && $2 ~ /^ lenet/ && $2 !~ /held-out|random|aug-dense|magnitude|vd100 *$/ {
    row = trim($2); source = "ours"; p = 2
    if (sub(/^lenet-300-100-/, "", row)) p = 1
    else if (sub(/^lenet5-relu-/, "", row)) source = "relu"
    else sub(/^lenet5-/, "", row)
    s = row in says ? says[row] : row
    add(p, source, s, trim($6) == "" ? 1 : trim($6), $4)
}

/^Processors?:/ { processor = $0; sub(/^[^:]*:/, "", processor) }

function mark(source, x, y) {
    if (source == "paper") svg_mark("square", x, y, 4.5, paper, ink)
    if (source == "ours") svg_mark("circle", x, y, 5, blue, paper)
    if (source == "relu") svg_mark("diamond", x, y, 4.5, orange, paper)
}

function draw(p, x, title, lo, hi, ticks,    i, k) {
    plot(x, 112, 390, 420, .8, 2500, 1, lo, hi, 0)
    plot_x_axis("1 2 5 10 20 50 100 200 500 1000", "compression: weights / weights left (log scale)", 1)
    plot_y_axis(ticks, p == 1 ? "test error on MNIST, %" : "")
    plot_frame()
    svg_text(px, py - 10, "start", title, ink, "font-weight=\"bold\"")
    for (k in took) delete took[k]
    taken = 0
    for (i = 1; i <= n; ++i) if (at_panel[i] == p) take(at_x(times[i]) - 7, at_y(errors[i]) - 7, at_x(times[i]) + 7, at_y(errors[i]) + 7)
    for (i = 1; i <= n; ++i) {
        if (at_panel[i] != p) continue
        label(at_x(times[i]), at_y(errors[i]), named[i], from[i] == "paper" ? ink : from[i] == "ours" ? blue : orange, named[i] ~ /^Sparse VD/ ? "font-weight=\"bold\"" : "")
        mark(from[i], at_x(times[i]), at_y(errors[i]))
    }
}

function legend(x, source, s) {
    mark(source, x, 66)
    svg_text(x + 11, 70, "start", s, ink)
}

END {
    if (n < 12) { print "compression.awk: RESULTS.md has too few points" > "/dev/stderr"; exit 1 }
    svg_begin(930, 610, "Test error against compression on MNIST", "Points of the paper by Molchanov, Ashukha and Vetrov, 2017, and medians of this code from RESULTS.md")
    svg_text(20, 48, "start", "right is smaller, down is better; compression counts the weights of the variational layers, as the paper does", grey)
    legend(28, "paper", "printed in the paper (Molchanov et al. 2017)")
    legend(330, "ours", "darknet-vd")
    legend(440, "relu", "darknet-vd, with ReLU after the convolutions, as in the paper's code")
    draw(1, 70, "LeNet-300-100", 1.4, 2.1, "1.4 1.5 1.6 1.7 1.8 1.9 2:2.0 2.1")
    draw(2, 515, "LeNet-5", .55, 1.15, ".6:0.6 .7:0.7 .8:0.8 .9:0.9 1:1.0 1.1")
    svg_text(20, 596, "start", "RESULTS.md (make tables), medians of 1 to 3 seeds, one thread each;" processor, grey, "font-size=\"11\"")
    svg_end()
}
