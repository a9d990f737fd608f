/* Text and numbers as JSON that may stand in a <script> of a page. */
#ifndef VD_BASE_JSON_H
#define VD_BASE_JSON_H

#include <stdio.h>

/* a string in quotes; bytes that are no UTF-8 become U+FFFD, and "<" is escaped, so that no "</script>" ends the page's
 * data */
void vd_json_string(FILE *fp, const char *text);

/* null for what is not finite */
void vd_json_number(FILE *fp, double value);

#endif
