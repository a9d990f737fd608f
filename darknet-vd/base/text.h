/* Text: formatted into fresh strings, and numbers read from it. */
#ifndef VD_BASE_TEXT_H
#define VD_BASE_TEXT_H

#include <stdarg.h>

/* printf into a fresh string the caller frees */
char *vd_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *vd_vformat(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/* printf behind *text, a fresh string, which moves; null counts as "" */
void vd_append(char **text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "a", "a or b", "a, b or c" as a fresh string the caller frees; words ends with a null */
char *vd_alternatives(const char *const *words);

/* the text after a word in a list of words with blanks between, each of which may have a value: "-i=i -nogpu -strict".
 * It begins with '=' or a blank, and is "" at the end of the list; null when the list does not have the word */
const char *vd_after_word(const char *words, const char *word);

/* what follows the last slash of a path, all of it where there is none */
const char *vd_file_name(const char *path);

/* the length of the UTF-8 byte order mark, which some editors put in front of a file; 0 where text begins otherwise */
int vd_byte_order_mark(const char *text);

/* read a number that takes up all of text, without blanks before it
 *
 * returns 1 and sets *value when text is one finite decimal number, with a point in every locale (integer for
 * vd_parse_long), else 0 */
int vd_parse_double(const char *text, double *value);
int vd_parse_long(const char *text, long *value);

/* the length of the UTF-8 sequence that text begins with, 0 when it is none: no overlong ones, no surrogates, at most
 * U+10FFFF */
int vd_utf8_length(const char *text);

#endif
