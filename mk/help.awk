# help.awk: a line for each target of the makefiles ("name: ... ## what it does"), then one for each variable ("## NAME=...
# what it is"), under the file's heading ("### heading", else the file's first line)
function heading(text) {
    if (text != last) print (last ? "\n" : "") text
    last = text
}
function variables() {
    if (n) heading(title)
    for (i = 0; i < n; ++i) print "  " lines[i]
    n = 0
}
FNR == 1 { variables(); title = substr($0, 3) }
/^### / { title = substr($0, 5); next }
/^## / { lines[n++] = substr($0, 4) }
/^[a-z0-9-]+:.*## / {
    heading(title)
    text = $0
    sub(/^.*## /, "", text)
    sub(/:.*/, "")
    printf "  make %-15s %s\n", $0, text
}
END { variables() }
