/* Text files that users write: lists of paths, lists of names, and the labels of a detector's pictures. Byte order
 * marks, carriage returns and white space at the end of a line are ignored; any other fault ends the program, with the
 * file, the line and what is expected there. A box without width or height, or outside the picture, is no object and
 * left out. get_paths(), get_labels() and read_boxes() replace Darknet's functions of these names; see darknet.h. */
#ifndef VD_DATA_TEXT_FILES_H
#define VD_DATA_TEXT_FILES_H

#include <stdio.h>

#include "darknet.h"

/* end the program when the rest of fp has bytes that no text file has, as weights and pictures do; afterwards fp is
 * where it was. A pipe is not checked */
void vd_text_check(const char *filename, FILE *fp);

/* the lines of a list that are not blank, as they are. get_paths() also finds relative paths: they are taken from the
 * current folder or, when they are not there, from that of the list, and it says so */
list *vd_read_lines(const char *filename);

/* the next line of standard input that is not blank, read as those of a list, valid until the next call; null at the
 * end */
char *vd_stdin_line(void);

/* read_boxes() for which a file that is missing or wrong does not end the program: *fault is null, or what is wrong,
 * which the caller frees. A read error ends it */
box_label *vd_read_boxes(const char *filename, int *n, char **fault);

/* report a picture whose path contains `found` of the classes' names, where it should contain exactly one: the first
 * few on stderr; after vd_be_strict() the first ends the program. May be called from any thread
 *
 * With found = 1, label is the one: the first picture whose file name does not contain it is reported, because a folder
 * may be called so by chance. A label with a slash is meant for folders. */
void vd_labels_found(const char *path, int found, int classes, const char *label);

/* report a label file with more boxes than a network's max=, once: the first few on stderr; after vd_be_strict()
 * the first ends the program. May be called from any thread */
void vd_boxes_left_out(const char *labels, int boxes, int most);

#endif
