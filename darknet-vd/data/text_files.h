/* Lists of paths and of names, and the labels of a detector's pictures: text files that users write. Byte order marks,
 * carriage returns and white space behind a line mean nothing; everything else that is not as it should be ends the
 * program with the file, the line and what is expected there. The functions that readers of Darknet know keep their
 * names, get_paths(), get_labels() and read_boxes(); see darknet.h. */
#ifndef VD_TEXT_FILES_H
#define VD_TEXT_FILES_H

#include <stdio.h>

#include "darknet.h"

/* end the program when what is left of fp holds bytes that no text has, as weights and pictures do; fp is back where it
 * was afterwards. A pipe is not looked at */
void vd_text_check(const char *filename, FILE *fp);

/* read_boxes(), but *fault is what would have ended the program, for the caller to free, or null */
box_label *vd_read_boxes(const char *filename, int *n, char **fault);

/* a picture whose path holds `found` of the names of the classes, and not one: said of the first few pictures, on
 * stderr; the end of the program after vd_schema_strict(). May be called from any thread */
void vd_labels_found(const char *path, int found, int classes);

#endif
