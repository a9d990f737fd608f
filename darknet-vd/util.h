#ifndef VD_UTIL_H
#define VD_UTIL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* say one line on stderr, "error: " not included, and exit(1)
 *
 *   fmt     printf format without a trailing newline; it names the file, the place and the culprit */
void vd_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* zeroed memory for n objects of the given size; vd_die() with the bytes asked for when there is none
 * (n = 0 gives a valid pointer that free() accepts) */
void *vd_calloc(size_t n, size_t size);

/* malloc() and realloc(), which end in the same way; never null */
void *vd_malloc(size_t size);
void *vd_realloc(void *p, size_t size);

/* printf into a fresh string the caller frees */
char *vd_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *vd_vformat(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/* read a number that fills the whole of text
 *
 * returns 1 and sets *value when text is one finite decimal number (integer for vd_parse_long), else 0 */
int vd_parse_double(const char *text, double *value);
int vd_parse_long(const char *text, long *value);

/* a file to read; null, and *fault a line of text the caller frees, when it cannot be opened or is a directory */
FILE *vd_input_open(const char *path, const char *mode, char **fault);

/* an output file that appears whole or not at all: written beside its target as PATH.tmp-PID, then
 * flushed, synced and renamed
 *
 * An exit of the program before the close removes the temporary file.
 *
 *   vd_output_open    vd_die() when the temporary file cannot be made
 *                     (a symbolic link is followed; a device or a pipe is written straight into)
 *   vd_output_close   vd_die() when a byte could not be written; the temporary file is then removed and
 *                     whatever stood at path before is untouched
 *   vd_output_close_unsynced   the same without the sync, for thousands of files: a crash of the machine may
 *                     leave them empty until the caller has synced them all at once (syncfs) */
typedef struct {
    FILE *fp;
    char *path;
    char *temporary;
} vd_output;

vd_output vd_output_open(const char *path);
void vd_output_close(vd_output *out);
void vd_output_close_unsynced(vd_output *out);

/* both are there and are one file */
int vd_same_file(const char *a, const char *b);

/* a write over the limit of a file's size is an error of that write, not a signal that ends the program, unless the
 * program has a handler of its own; vd_output_open() does it too */
void vd_survive_size_limit(void);

#endif
