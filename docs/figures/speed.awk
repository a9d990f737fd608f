# what sparse kernels gain over dense ones, against the share of weights left:    awk -f svg.awk -f speed.awk speed.tsv

BEGIN { FS = "\t" }

/^#/ { caption = substr($0, 3); next }

!columns {
    columns = NF
    for (i = 5; i <= NF; ++i) { left[i] = $i; sub(/ %/, "", left[i]) }
    next
}

{
    ++n
    name[n] = $1; images[n] = $2
    for (i = 5; i <= columns; ++i) gain[n, i] = $i
}

# the layers of one panel: those timed with one image, or those with a batch
function draw(x0, many, title,    i, c, k, x, y, d, order, at, t) {
    plot(x0, 100, 300, 330, .4, 100, 1, .3, 70, 1)
    plot_x_axis("0.5 1 2 5 10 20 50 100", "weights left, %", 1)
    plot_y_axis("0.5 1 2 5 10 20 50", x0 < 100 ? "dense time / sparse time" : "")
    svg_line(px, at_y(1), px + pw, at_y(1), grey, 1.5, "stroke-dasharray=\"5 4\"")
    plot_frame()
    svg_text(px, py - 10, "start", title, ink, "font-weight=\"bold\"")
    for (i = 1; i <= n; ++i) {
        if (many != (images[i] > 1)) continue
        k = 0
        for (c = 5; c <= columns; ++c) { x[++k] = left[c]; y[k] = gain[i, c] }
        plot_line(k, x, y, colour[name[i]], 2)
        for (c = 1; c <= k; ++c) svg_mark(shape[name[i]], at_x(x[c]), at_y(y[c]), 3.5, filled[name[i]] ? colour[name[i]] : paper, colour[name[i]])
    }
}

# colours and marks in the order of the gains, so that the legend follows the lines from the top down
function legend(x, y,    i, j, k, t, order, c, s) {
    c = split(ink " " blue " " orange " " green " " pink " " yellow " " sky, pen, " ")
    split("circle square triangle diamond down", pens, " ")
    for (i = 1; i <= n; ++i) if (images[i] == 1) order[++k] = i
    for (i = 2; i <= k; ++i)
        for (j = i; j > 1 && gain[order[j], columns] + 0 > gain[order[j - 1], columns] + 0; --j) { t = order[j]; order[j] = order[j - 1]; order[j - 1] = t }
    for (i = 1; i <= k; ++i) {
        s = name[order[i]]
        colour[s] = pen[(i - 1) % c + 1]; shape[s] = pens[(i - 1) % 5 + 1]; filled[s] = i <= c
        y += 22
        svg_line(x, y - 4, x + 26, y - 4, colour[s], 2)
        svg_mark(shape[s], x + 13, y - 4, 3.5, filled[s] ? colour[s] : paper, colour[s])
        svg_text(x + 34, y, "start", s, ink)
    }
}

END {
    svg_begin(930, 510, "Speed of sparse layers against the fastest dense ones", "Dense time over sparse time at test time, by the share of weights left. " caption)
    svg_text(20, 48, "start", "one thread, test time; above the dashed line the sparse kernels are faster; both scales are logarithmic", grey)
    svg_text(750, 108, "start", "layer, input size", ink, "font-weight=\"bold\"")
    legend(750, 112)
    svg_text(750, 362, "start", "3x3 256-512 13x13: 3x3 filters,", grey, "font-size=\"11\"")
    svg_text(750, 377, "start", "256 to 512 channels, 13x13", grey, "font-size=\"11\"")
    svg_text(750, 392, "start", "pixels; /2: stride 2", grey, "font-size=\"11\"")
    draw(70, 0, "one image")
    draw(425, 1, "a batch of 4 to 100 images")
    svg_text(20, 496, "start", caption, grey, "font-size=\"11\"")
    svg_end()
}
