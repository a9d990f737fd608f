# loss and sparsity over the epochs of a training:    awk -f svg.awk -f training.awk training.tsv

BEGIN { FS = "\t" }

/^#/ { caption = substr($0, 3); next }

!columns {
    columns = NF
    for (i = 8; i <= NF; ++i) { name[i] = "layer " $i; sub(/ vd_/, ", ", name[i]) }
    name[columns] = "all weights"
    next
}

{
    ++n
    for (i = 1; i <= columns; ++i) value[i, n] = $i
    if (!$6) ramp_from = $1
    if (!ramp_to && $6 == 1) ramp_to = $1
}

function column(c, out,    i) { for (i = 1; i <= n; ++i) out[i] = value[c, i] }

# from the first positive value, as the scale is logarithmic
function loss_line(c, colour, width, s, ink_of,    i, k, x, y) {
    for (i = 1; i <= n; ++i) if (value[c, i] > 0) { x[++k] = value[1, i]; y[k] = value[c, i] }
    plot_line(k, x, y, colour, width)
    svg_text(px + pw + 8, at_y(y[k]) + (c == 3 ? -3 : c == 5 ? 11 : 4), "start", s, ink_of, "font-weight=\"bold\"")
}

# up the axis by the share of weights that is left: 0, 90, 99 and 99.9 % are equally far apart
function nines(percent) { return -log((100 - percent) / 100) / log(10) }

function shade_ramp(titled) {
    svg_rect(at_x(ramp_from), py, at_x(ramp_to) - at_x(ramp_from), ph, "#f1e9d2", "none")
    if (titled) svg_text((at_x(ramp_from) + at_x(ramp_to)) / 2, py - 7, "middle", "w grows from 0 to 1", grey)
}

function epochs(named,    i, ticks) {
    for (i = 0; i <= value[1, n]; i += 5) ticks = ticks " " i
    plot_x_axis(substr(ticks, 2), "epoch", named)
}

function sparsity_lines(    c, i, k, x, y, colour, shape, order, at, t) {
    split(sky " " orange " " green " " pink, colour, " ")
    split("circle square triangle diamond", shape, " ")
    column(1, x)
    for (c = 8; c <= columns; ++c) {
        for (i = 1; i <= n; ++i) y[i] = nines(value[c, i])
        plot_line(n, x, y, c == columns ? ink : colour[c - 7], c == columns ? 3 : 2)
        for (i = 1; i <= n && c < columns; ++i) svg_mark(shape[c - 7], at_x(x[i]), at_y(y[i]), 3, colour[c - 7], paper)
        order[++k] = c
        at[c] = at_y(y[n])
    }
    # names from the top down, 15 pixels apart at least
    for (i = 2; i <= k; ++i)
        for (c = i; c > 1 && at[order[c]] < at[order[c - 1]]; --c) { t = order[c]; order[c] = order[c - 1]; order[c - 1] = t }
    for (i = 1; i <= k; ++i) {
        c = order[i]
        t = i > 1 ? greater(at[c], t + 15) : at[c]
        svg_text(px + pw + 8, t + 4, "start", name[c] ": " value[c, n] " %", c == columns ? ink : colour[c - 7], "font-weight=\"bold\"")
    }
}

END {
    svg_begin(800, 560, "A sparse LeNet-5 during training", "Loss, its cost and KL parts, and the sparsity of each layer, over the epochs. " caption)
    svg_text(20, 48, "start", "loss = cost + KL part, and the share of weights that are zero at test time", grey)
    plot(80, 82, 500, 190, 0, value[1, n], 0, .02, 5, 1)
    shade_ramp(1)
    epochs(0)
    plot_y_axis("0.02 0.05 0.1 0.2 0.5 1 2 5", "loss per picture, nats")
    plot_frame()
    loss_line(3, "#8fb8d4", 6, "loss", blue)
    loss_line(5, orange, 2, "KL part", orange)
    loss_line(4, green, 2, "cost", green)
    plot(80, 292, 500, 190, 0, value[1, n], 0, 0, 3, 0)
    shade_ramp(0)
    epochs(1)
    plot_y_axis("0:0 0.30103:50 1:90 1.30103:95 2:99 2.30103:99.5 3:99.9", "sparsity, %")
    plot_frame()
    sparsity_lines()
    svg_text(20, 546, "start", caption, grey, "font-size=\"11\"")
    svg_end()
}
