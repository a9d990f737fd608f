/* Lines of cfg and .data files, as Darknet's parsers are to read them: "key=value" without comments and without blanks
 * that do not count.
 *
 * A # or ; begins a comment. In a value that is a path or another text it does so only after a blank: "data/a#1.txt" is
 * a path. Such a value keeps the blanks inside it; from numbers, lists and names, blanks are taken out. Stock Darknet
 * takes out every blank, and knows comments only at the beginning of a line: it reads as much of a number as it
 * understands. */
#ifndef VD_CONFIG_LINES_H
#define VD_CONFIG_LINES_H

/* clean a line in place; one that is only a comment stays one, and begins with # or ;. section: that of a cfg the line
 * is in, "[net]"; null before the first. 1 when a comment after something else was cut off */
int vd_cfg_line(const char *section, char *line);

/* the same in a .data file, where every value is a path or another text,
 * but those the table of keys knows as numbers */
void vd_data_line(char *line);

#endif
