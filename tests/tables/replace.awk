# a page whose first table is the one in the file `table`

/^\|/ && !done {
    if (!inside) while ((getline line < table) > 0) print line
    inside = 1
    next
}
inside { done = 1; inside = 0 }
{ print }
