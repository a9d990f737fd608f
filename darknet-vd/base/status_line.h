/* A line that stays at the bottom of a terminal while a program prints others. */
#ifndef VD_BASE_STATUS_LINE_H
#define VD_BASE_STATUS_LINE_H

/* 1 when stderr is a terminal that can remove a line */
int vd_status_possible(void);

/* show this text of ASCII characters, cut to the terminal's width; null: no longer
 *
 * While there is one, stdout and stderr, where they are terminals, are streams that first remove it, whoever prints.
 * Behind a line on stdout it is drawn again at once, behind one on stderr with the next text: the program may end
 * there. The end of the program removes it. */
void vd_status_show(const char *text);

#endif
