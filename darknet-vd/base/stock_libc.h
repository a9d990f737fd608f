/* What Darknet's own sources call instead of the C library (stock_names.h). They print paths and names from outside
 * into buffers of fixed size, open files without checking the result, and write them in place.
 *
 *   sprintf, snprintf, strncpy   end the program when the text does not fit, and name it
 *   fopen     to read: ends the program when the file cannot be opened, a directory too; never null
 *             to write: the file appears whole, when it is closed, as in files.h
 *   fclose    ends the program when a byte could not be written
 *   malloc, calloc, realloc      end the program with the bytes asked for when there are none; never null
 *   atof, strtod, fscanf, sscanf   read numbers with a point, in every locale
 *
 * A file that is still open when the program ends with status 0 is closed like this; otherwise nothing is left of it.
 */
#ifndef VD_BASE_STOCK_LIBC_H
#define VD_BASE_STOCK_LIBC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FILE *stock_fopen(const char *path, const char *mode);
int stock_fclose(FILE *fp);

/* room: bytes at to, (size_t)-1 where the compiler does not know */
int stock_sprintf(char *to, size_t room, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
char *stock_strncpy(char *to, const char *from, size_t room);

double stock_atof(const char *text);
double stock_strtod(const char *text, char **end);
int stock_fscanf(FILE *fp, const char *fmt, ...) __attribute__((format(scanf, 2, 3)));
int stock_sscanf(const char *text, const char *fmt, ...) __attribute__((format(scanf, 2, 3)));

/* stb_image's: null when there is no memory, since a picture may ask for any amount. _refused(): the bytes that this
 * thread asked for in vain since the last call, 0 for none */
void *stock_picture_malloc(size_t size);
void *stock_picture_realloc(void *p, size_t size);
size_t stock_picture_refused(void);

#endif
