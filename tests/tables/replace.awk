# a page in which the table in the file `table` replaces the one that has the same first line

BEGIN { getline first < table }
$0 == first {
    inside = 1
    print
    while ((getline line < table) > 0) print line
    next
}
inside && /^\|/ { next }
{ inside = 0; print }
