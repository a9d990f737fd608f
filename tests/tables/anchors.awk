# anchors for [yolo]: k-means of the boxes in Darknet label files, with 1 - IoU as the distance
# awk -v k=6 -v width=W -v height=H -f tests/tables/anchors.awk LABELS ...      (W, H: the size of the network's pictures)
NF == 5 { w[n] = $4 * width; h[n] = $5 * height; area[n] = w[n] * h[n]; ++n }

function overlap(i, c,    both) {
    both = (w[i] < cw[c] ? w[i] : cw[c]) * (h[i] < ch[c] ? h[i] : ch[c])
    return both / (area[i] + cw[c] * ch[c] - both)
}

# the centres begin at boxes of evenly spaced ranks by area, so that the result is always the same
function begin(    i, c, sorted, order) {
    for (i = 0; i < n; ++i) order[i] = sprintf("%020.6f %d", area[i], i)
    sort(order)
    for (c = 0; c < k; ++c) {
        split(order[int((c + .5) * n / k)], sorted, " ")
        cw[c] = w[sorted[2]]
        ch[c] = h[sorted[2]]
    }
}

function sort(order,    i, j, x) {
    for (i = 1; i < n; ++i) {
        x = order[i]
        for (j = i - 1; j >= 0 && order[j] > x; --j) order[j + 1] = order[j]
        order[j + 1] = x
    }
}

END {
    begin()
    for (moved = 1; moved && ++round < 1000;) {
        moved = 0; sum = 0
        for (c = 0; c < k; ++c) count[c] = sw[c] = sh[c] = 0
        for (i = 0; i < n; ++i) {
            best = 0
            for (c = 1; c < k; ++c) if (overlap(i, c) > overlap(i, best)) best = c
            if (at[i] != best) { at[i] = best; moved = 1 }
            sum += overlap(i, best); ++count[best]; sw[best] += w[i]; sh[best] += h[i]
        }
        for (c = 0; c < k; ++c) if (count[c]) { cw[c] = sw[c] / count[c]; ch[c] = sh[c] / count[c] }
    }
    for (c = 0; c < k; ++c) order[c] = sprintf("%020.6f %.0f,%.0f", cw[c] * ch[c], cw[c], ch[c])
    n = k
    sort(order)
    for (c = 0; c < k; ++c) { split(order[c], part, " "); line = line (c ? ",  " : "") part[2] }
    print line
    printf "%d rounds, mean overlap %.3f\n", round, sum / NR > "/dev/stderr"
}
