# Shapes, axes and labels that the pictures of this folder share: awk -f svg.awk -f PICTURE.awk DATA > PICTURE.svg
# POSIX awk. Lengths are in pixels; y grows downwards, as in SVG. Colours: Okabe and Ito's, told apart by the colour-blind.

# a picture of W x H with a background of its own; title and desc are for screen readers
function svg_begin(w, h, title, desc) {
    blue = "#0072b2"; orange = "#d55e00"; green = "#009e73"; pink = "#cc79a7"; yellow = "#e69f00"; sky = "#56b4e9"
    ink = "#222222"; grey = "#666666"; pale = "#e4e4e4"; paper = "#fcfcfa"
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n", w, h, w, h
    printf "<title>%s</title>\n<desc>%s</desc>\n", svg_escape(title), svg_escape(desc)
    printf "<rect width=\"%d\" height=\"%d\" rx=\"6\" fill=\"%s\"/>\n", w, h, paper
    print "<g font-family=\"sans-serif\" font-size=\"12\" stroke-linejoin=\"round\" stroke-linecap=\"round\">"
    svg_text(20, 28, "start", title, ink, "font-size=\"16\" font-weight=\"bold\"")
}

function svg_end() { print "</g>\n</svg>" }

function svg_escape(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); return s }

# anchor: start, middle or end; more: further attributes
function svg_text(x, y, anchor, s, colour, more) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\" %s>%s</text>\n", x, y, anchor, colour, more, svg_escape(s)
}

# upwards, for the titles of y axes
function svg_text_up(x, y, s, colour) {
    svg_text(x, y, "middle", s, colour, sprintf("transform=\"rotate(-90 %.1f %.1f)\"", x, y))
}

function svg_line(x1, y1, x2, y2, colour, width, more) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%g\" %s/>\n", x1, y1, x2, y2, colour, width, more
}

function svg_rect(x, y, w, h, fill, stroke, more) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" stroke=\"%s\" %s/>\n", x, y, w, h, fill, stroke, more
}

# points: the d attribute of a path
function svg_path(points, colour, width, more) {
    printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" %s/>\n", points, colour, width, more
}

# shape: circle, square, diamond, triangle, down or cross; fill may be the background's colour
function svg_mark(shape, x, y, r, fill, stroke,    p) {
    if (shape == "circle") {
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x, y, r, fill, stroke
        return
    }
    if (shape == "square") p = sprintf("M%.1f %.1fh%gv%gh%gz", x - r, y - r, 2 * r, 2 * r, -2 * r)
    if (shape == "diamond") p = sprintf("M%.1f %.1fl%g %gl%g %gl%g %gz", x, y - 1.3 * r, 1.3 * r, 1.3 * r, -1.3 * r, 1.3 * r, -1.3 * r, -1.3 * r)
    if (shape == "triangle") p = sprintf("M%.1f %.1fl%g %gh%gz", x, y - 1.2 * r, 1.2 * r, 2.1 * r, -2.4 * r)
    if (shape == "down") p = sprintf("M%.1f %.1fl%g %gh%gz", x, y + 1.2 * r, 1.2 * r, -2.1 * r, -2.4 * r)
    if (shape == "cross") p = sprintf("M%.1f %.1fl%g %gm0 %gl%g %g", x - r, y - r, 2 * r, 2 * r, -2 * r, -2 * r, 2 * r)
    printf "<path d=\"%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", p, fill, stroke
}

# about as wide as it is drawn, with letters of the given size in pixels
function svg_width(s, size) { return .56 * size * length(s) }

# ---- a plot: call plot() before the rest --------------------------------------------------------------------------

# the rectangle at (x, y); values lo to hi along each axis, logarithmic where x_log or y_log is 1
function plot(x, y, w, h, x_lo, x_hi, x_log, y_lo, y_hi, y_log) {
    px = x; py = y; pw = w; ph = h
    plot_x_log = x_log; plot_y_log = y_log
    plot_x_lo = scaled(x_lo, x_log); plot_x_span = scaled(x_hi, x_log) - plot_x_lo
    plot_y_lo = scaled(y_lo, y_log); plot_y_span = scaled(y_hi, y_log) - plot_y_lo
}

function scaled(v, logarithmic) { return logarithmic ? log(v) : v }
function at_x(v) { return px + pw * (scaled(v, plot_x_log) - plot_x_lo) / plot_x_span }
function at_y(v) { return py + ph - ph * (scaled(v, plot_y_log) - plot_y_lo) / plot_y_span }

# ticks: values, each with a name after a colon where it is not the value itself: "1 10 100:all"
function plot_x_axis(ticks, title, named,    i, n, tick, part, x) {
    n = split(ticks, tick, " ")
    for (i = 1; i <= n; ++i) {
        split(tick[i], part, ":")
        x = at_x(part[1])
        svg_line(x, py, x, py + ph, pale, 1)
        if (named) svg_text(x, py + ph + 17, "middle", tick[i] ~ /:/ ? part[2] : part[1], ink)
    }
    if (named) svg_text(px + pw / 2, py + ph + 37, "middle", title, ink)
}

function plot_y_axis(ticks, title,    i, n, tick, part, y) {
    n = split(ticks, tick, " ")
    for (i = 1; i <= n; ++i) {
        split(tick[i], part, ":")
        y = at_y(part[1])
        svg_line(px, y, px + pw, y, pale, 1)
        svg_text(px - 8, y + 4, "end", tick[i] ~ /:/ ? part[2] : part[1], ink)
    }
    svg_text_up(px - 44, py + ph / 2, title, ink)
}

function plot_frame() { svg_rect(px, py, pw, ph, "none", grey) }

# a line through n points
function plot_line(n, x, y, colour, width, more,    i, d) {
    for (i = 1; i <= n; ++i) d = d sprintf("%s%.1f %.1f", i == 1 ? "M" : "L", at_x(x[i]), at_y(y[i]))
    svg_path(d, colour, width, more)
}

# ---- labels that do not overlap -----------------------------------------------------------------------------------

# a place that labels keep clear of
function take(x1, y1, x2, y2) { ++taken; took[taken, 1] = x1; took[taken, 2] = y1; took[taken, 3] = x2; took[taken, 4] = y2 }

# how much of the rectangle is taken or outside the plot, in square pixels
function crowded(x1, y1, x2, y2,    i, w, h, sum) {
    for (i = 1; i <= taken; ++i) {
        w = lesser(x2, took[i, 3]) - greater(x1, took[i, 1])
        h = lesser(y2, took[i, 4]) - greater(y1, took[i, 2])
        if (w > 0 && h > 0) sum += w * h
    }
    if (x1 < px + 2) sum += 12 * (px + 2 - x1)
    if (x2 > px + pw - 2) sum += 12 * (x2 - px - pw + 2)
    if (y1 < py + 2) sum += 12 * (py + 2 - y1)
    if (y2 > py + ph - 2) sum += 12 * (y2 - py - ph + 2)
    return sum
}

function lesser(a, b) { return a < b ? a : b }
function greater(a, b) { return a > b ? a : b }

# beside the point (x, y) in pixels, in letters of 11, at the first of twelve places that is free, else at the least crowded
function label(x, y, s, colour, more,    i, w, best, least, c, place, n, part) {
    w = svg_width(s, 11)
    n = split("9,4 -9,4 0,-10 0,19 8,-6 8,15 -8,-6 -8,15 14,-14 14,24 -14,-14 -14,24", place, " ")
    least = -1
    for (i = 1; i <= n; ++i) {
        split(place[i], part, ",")
        c = crowded(label_left(x, part[1], w), y + part[2] - 9, label_left(x, part[1], w) + w, y + part[2] + 2)
        if (least < 0 || c < least) { least = c; best = i }
        if (!c) break
    }
    split(place[best], part, ",")
    take(label_left(x, part[1], w), y + part[2] - 9, label_left(x, part[1], w) + w, y + part[2] + 2)
    svg_text(x + part[1], y + part[2], part[1] > 0 ? "start" : part[1] < 0 ? "end" : "middle", s, colour, "font-size=\"11\" " more)
}

function label_left(x, dx, w) { return x + dx - (dx > 0 ? 0 : dx < 0 ? w : w / 2) }
