# The include graph of darknet-vd/, room by room:    awk -f svg.awk -f includes.awk FLOORS SOURCE ...
# FLOORS: lines "room floor allowed rooms ...", # begins a comment. A room is a folder of darknet-vd/ with its subfolders,
# or one file of its own.

FNR == 1 {
    ++files
    room = ""
    n = split(FILENAME, part, "/")
    for (i = 1; i < n; ++i) if (part[i] == "darknet-vd") room = part[i + 1]
    file = FILENAME
    sub(/^.*darknet-vd\//, "", file)
    if (file in floor_of) room = file
}

files == 1 {
    sub(/#.*/, "")
    if (NF < 2) next
    rooms[++room_count] = $1
    floor_of[$1] = $2 + 0
    top = greater(top, $2 + 0)
    next
}

{ if (FNR == 1 && room in floor_of) ++sources[room] }

/^ *# *include *"/ {
    split($0, quoted, "\"")
    sub(/\/.*/, "", quoted[2])
    if (room in floor_of && quoted[2] in floor_of && room != quoted[2]) ++includes[room, quoted[2]]
    else if (room == quoted[2]) ++within[room]
}

# ---- layers: a room, or a place where an arrow passes a floor ---------------------------------------------------

function item(name, level, width,    i) {
    i = ++items
    item_name[i] = name; item_level[i] = level; item_width[i] = width
    at[level, ++on[level]] = i
    return i
}

function join(above, below) {
    ++joins
    join_above[joins] = above; join_below[joins] = below
}

# of a room: its arrows that leave have a number each
function box_width(room,    s, n) {
    for (s = 1; s <= room_count; ++s) n += (room, rooms[s]) in includes
    return greater(128, 22 * n + 10)
}

# each arrow passes the floors between its ends at places of its own
function make_items(    r, s, i, level, last, next_) {
    for (level = top; level > 0; --level)
        for (r = 1; r <= room_count; ++r) if (floor_of[rooms[r]] == level) item_of[rooms[r]] = item(rooms[r], level, box_width(rooms[r]))
    for (r = 1; r <= room_count; ++r)
        for (s = 1; s <= room_count; ++s) {
            if (!((rooms[r], rooms[s]) in includes)) continue
            ++arrows
            arrow_from[arrows] = rooms[r]; arrow_to[arrows] = rooms[s]; arrow_count[arrows] = includes[rooms[r], rooms[s]]
            last = item_of[rooms[r]]
            path[arrows, 0] = last
            for (level = floor_of[rooms[r]] - 1; level > floor_of[rooms[s]]; --level) {
                next_ = item("", level, 14)
                path[arrows, ++path_length[arrows]] = next_
                join(last, next_)
                last = next_
            }
            path[arrows, ++path_length[arrows]] = item_of[rooms[s]]
            if (floor_of[rooms[r]] > floor_of[rooms[s]]) join(last, item_of[rooms[s]])
        }
}

# the mean place of what an item is joined with, on one side or on both
function pull(i, side,    j, n, sum) {
    for (j = 1; j <= joins; ++j) {
        if (side >= 0 && join_below[j] == i) { sum += item_x[join_above[j]]; ++n }
        if (side <= 0 && join_above[j] == i) { sum += item_x[join_below[j]]; ++n }
    }
    return n ? sum / n : item_x[i]
}

# side by side in their order, a gap apart, centred
function spread(level,    k, x, i) {
    x = 0
    for (k = 1; k <= on[level]; ++k) {
        i = at[level, k]
        item_x[i] = x + item_width[i] / 2
        x += item_width[i] + gap
    }
    for (k = 1; k <= on[level]; ++k) item_x[at[level, k]] -= (x - gap) / 2
}

function order_level(level, side,    k, j, t, key) {
    for (k = 1; k <= on[level]; ++k) key[at[level, k]] = pull(at[level, k], side)
    for (k = 2; k <= on[level]; ++k)
        for (j = k; j > 1 && key[at[level, j]] < key[at[level, j - 1]] - 1e-6; --j) {
            t = at[level, j]; at[level, j] = at[level, j - 1]; at[level, j - 1] = t
        }
    spread(level)
}

function crossings(    a, b, sum) {
    for (a = 1; a < joins; ++a)
        for (b = a + 1; b <= joins; ++b)
            if (item_level[join_above[a]] == item_level[join_above[b]] &&
                (item_x[join_above[a]] - item_x[join_above[b]]) * (item_x[join_below[a]] - item_x[join_below[b]]) < 0) ++sum
    return sum + 0
}

function arrange(    round, level, k, best, least, c) {
    gap = 16
    for (level = 1; level <= top; ++level) spread(level)
    least = -1
    for (round = 0; round < 24; ++round) {
        if (round % 2) for (level = 2; level <= top; ++level) order_level(level, -1)
        else for (level = top - 1; level > 0; --level) order_level(level, 1)
        c = crossings()
        if (least >= 0 && c >= least) continue
        least = c
        for (level = 1; level <= top; ++level) for (k = 1; k <= on[level]; ++k) best[level, k] = at[level, k]
    }
    for (level = 1; level <= top; ++level) {
        for (k = 1; k <= on[level]; ++k) at[level, k] = best[level, k]
        spread(level)
    }
    for (round = 0; round < 60; ++round) for (level = 1; level <= top; ++level) settle(level)
}

# towards what an item is joined with, as far as its neighbours leave room; once from each side, and the mean
function settle(level,    k, i, x, from_left, from_right) {
    for (k = 1; k <= on[level]; ++k) {
        i = at[level, k]
        want[i] = pull(i, 0)
        from_left[k] = k == 1 ? want[i] : greater(want[i], from_left[k - 1] + distance(at[level, k - 1], i))
    }
    for (k = on[level]; k > 0; --k) {
        i = at[level, k]
        from_right[k] = k == on[level] ? want[i] : lesser(want[i], from_right[k + 1] - distance(i, at[level, k + 1]))
    }
    for (k = 1; k <= on[level]; ++k) item_x[at[level, k]] = (from_left[k] + from_right[k]) / 2
}

function distance(i, j) { return (item_width[i] + item_width[j]) / 2 + gap }

# ---- drawing ------------------------------------------------------------------------------------------------------

function floor_y(level) { return 96 + (top - level) * 122 }

# where the arrow leaves its room, and where it arrives: side by side in the order of the other ends
function port(a, leaving,    b, rank, n, mine, other) {
    mine = item_x[leaving ? path[a, 1] : path[a, path_length[a] - 1]]
    for (b = 1; b <= arrows; ++b) {
        if (floor_of[arrow_from[b]] == floor_of[arrow_to[b]]) continue
        if (leaving ? arrow_from[b] != arrow_from[a] : arrow_to[b] != arrow_to[a]) continue
        other = item_x[leaving ? path[b, 1] : path[b, path_length[b] - 1]]
        ++n
        if (other < mine || (other == mine && b < a)) ++rank
    }
    return item_x[item_of[leaving ? arrow_from[a] : arrow_to[a]]] + (n > 1 ? (rank - (n - 1) / 2) * lesser((item_width[item_of[leaving ? arrow_from[a] : arrow_to[a]]] - 16) / (n - 1), 22) : 0)
}

function arrow(a,    x, y, from_x, d, k, nx, ny, lane) {
    if (floor_of[arrow_from[a]] == floor_of[arrow_to[a]]) { beside(a); return }
    from_x = x = port(a, 1)
    y = floor_y(floor_of[arrow_from[a]]) + 46
    d = sprintf("M%.1f %.1f", x, y)
    for (k = 1; k <= path_length[a]; ++k) {
        nx = k == path_length[a] ? port(a, 0) : item_x[path[a, k]]
        ny = floor_y(floor_of[arrow_from[a]] - k) - (k == path_length[a] ? 7 : 0)
        lane = (ny - y) * .45
        d = d sprintf("C%.1f %.1f %.1f %.1f %.1f %.1f", x, y + lane, nx, ny - lane, nx, ny)
        if (k < path_length[a]) { ny += 46; d = d sprintf("L%.1f %.1f", nx, ny) }
        x = nx; y = ny
    }
    svg_path(d, colour_of[arrow_to[a]], 1 + log(arrow_count[a]) / 2, "opacity=\".85\"")
    svg_path(sprintf("M%.1f %.1fl4 7l4 -7z", x - 4, y), colour_of[arrow_to[a]], 1, "style=\"fill:" colour_of[arrow_to[a]] "\"")
    count_at[a] = from_x " " floor_y(floor_of[arrow_from[a]]) + 46
}

# between rooms of one floor
function beside(a,    from, to, x1, x2, y) {
    from = item_of[arrow_from[a]]; to = item_of[arrow_to[a]]
    x1 = item_x[from] + (item_x[to] > item_x[from] ? 64 : -64)
    x2 = item_x[to] - (item_x[to] > item_x[from] ? 72 : -72)
    y = floor_y(floor_of[arrow_from[a]]) + 23
    svg_line(x1, y, x2, y, colour_of[arrow_to[a]], 1 + log(arrow_count[a]) / 2)
    svg_path(sprintf("M%.1f %.1fv8l%d -4z", x2, y - 4, item_x[to] > item_x[from] ? 7 : -7), colour_of[arrow_to[a]], 1, "style=\"fill:" colour_of[arrow_to[a]] "\"")
    svg_text((x1 + x2) / 2, y - 6, "middle", arrow_count[a], ink, "font-size=\"11\"")
}

# close to the arrow's beginning, where arrows are side by side
function count_label(a,    part) {
    if (!(a in count_at)) return
    split(count_at[a], part, " ")
    svg_rect(part[1] - 8, part[2] + 4, 16, 13, paper, "none", "rx=\"3\"")
    svg_text(part[1], part[2] + 14, "middle", arrow_count[a], colour_of[arrow_to[a]], "font-size=\"11\" font-weight=\"bold\"")
}

function number_of(n, word) { return n + 0 " " word (n == 1 ? "" : "s") }

END {
    if (!room_count || !arrows_exist()) { print "includes.awk: no folders or no includes" > "/dev/stderr"; exit 1 }
    make_items()
    arrange()
    least_x = most_x = item_x[1]
    for (i = 1; i <= items; ++i) {
        least_x = lesser(least_x, item_x[i] - item_width[i] / 2)
        most_x = greater(most_x, item_x[i] + item_width[i] / 2)
    }
    for (i = 1; i <= items; ++i) item_x[i] += 90 - least_x
    width = greater(most_x - least_x + 120, 640)
    svg_begin(width, floor_y(1) + 86, "Includes between the folders of darknet-vd/", "An arrow with a number: how many #include lines of a folder name a header of another one.")
    svg_text(20, 48, "start", "an arrow's number: #include lines of the upper folder that name a header of the lower one; its colour is that of the folder it ends at", grey)
    split(ink " " blue " " orange " " green " " pink " " yellow " " sky " " grey " #8c564b #5e3c99", pen, " ")
    for (r = 1; r <= room_count; ++r) if (rooms[r] !~ /\//) ++folders
    for (r = 1; r <= room_count; ++r) colour_of[rooms[r]] = pen[(r - 1) % 10 + 1]
    for (level = 1; level <= top; ++level) {
        svg_rect(10, floor_y(level) - 12, width - 20, 70, "#f3f1ea", "none", "rx=\"4\"")
        svg_text(20, floor_y(level) + 27, "start", "floor " level, grey)
    }
    for (a = 1; a <= arrows; ++a) arrow(a)
    for (a = 1; a <= arrows; ++a) count_label(a)
    for (r = 1; r <= room_count; ++r) {
        x = item_x[item_of[rooms[r]]]; y = floor_y(floor_of[rooms[r]])
        wide = item_width[item_of[rooms[r]]]
        svg_rect(x - wide / 2, y, wide, 46, paper, colour_of[rooms[r]], "rx=\"5\" stroke-width=\"2\"")
        svg_text(x, y + 20, "middle", rooms[r] ~ /\// ? rooms[r] : rooms[r] "/", ink, "font-weight=\"bold\" font-size=\"13\"")
        svg_text(x, y + 37, "middle", number_of(sources[rooms[r]], "file"), grey, "font-size=\"11\"")
    }
    svg_text(20, floor_y(1) + 76, "start", sprintf("%d folders, %d arrows, from the #include lines in darknet-vd/ (make figures)", folders, arrows), grey, "font-size=\"11\"")
    svg_end()
}

function arrows_exist(    k) { for (k in includes) return 1; return 0 }
