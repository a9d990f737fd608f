# help.awk: under the headings of the makefiles ("### heading") a line for each target ("name: ... ## what it does"),
# then one for each variable ("## NAME=... what it is")
function variables() {
    for (i = 0; i < n; ++i) print "  " lines[i]
    n = 0
}
/^### / {
    variables()
    print (headings++ ? "\n" : "") substr($0, 5)
    next
}
/^## / { lines[n++] = substr($0, 4) }
/^[a-z-]+:.*## / {
    text = $0
    sub(/^.*## /, "", text)
    sub(/:.*/, "")
    printf "  make %-15s %s\n", $0, text
}
END { variables() }
