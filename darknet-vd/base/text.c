#include "base/text.h"
#include "base/c_locale.h"
#include "base/fail.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

char *vd_vformat(const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(0, 0, fmt, again);
    va_end(again);
    assert(n >= 0);
    char *s = vd_malloc((size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, fmt, args);
    return s;
}

char *vd_format(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = vd_vformat(fmt, args);
    va_end(args);
    return s;
}

void vd_append(char **text, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *more = vd_vformat(fmt, args);
    va_end(args);
    size_t n = *text ? strlen(*text) : 0, m = strlen(more) + 1;
    *text = vd_realloc(*text, n + m);
    memcpy(*text + n, more, m);
    free(more);
}

const char *vd_after_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (; *words; words += strcspn(words, " "), words += *words == ' ')
        if (n && strcspn(words, " =") == n && !strncmp(words, word, n)) return words + n;
    return 0;
}

const char *vd_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int vd_byte_order_mark(const char *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    enum { LENGTH = sizeof(mark) - 1 };
    return strncmp(text, mark, LENGTH) ? 0 : LENGTH;
}

char *vd_alternatives(const char *const *words)
{
    char *all = vd_format("%s", words[0]);
    for (int i = 1; words[i]; ++i) vd_append(&all, "%s%s", words[i + 1] ? ", " : " or ", words[i]);
    return all;
}

/* only what a decimal number has: strtod() and strtol() take blanks first, strtod() 0x10 and "infinity" */
static int is_decimal(const char *text)
{
    return text && *text && !text[strspn(text, "+-.0123456789eE")];
}

int vd_parse_double(const char *text, double *value)
{
    char *end;
    if (!is_decimal(text)) return 0;
    double v = strtod_l(text, &end, vd_c_locale());
    if (*end || !isfinite(v)) return 0;
    *value = v;
    return 1;
}

int vd_parse_long(const char *text, long *value)
{
    char *end;
    if (!is_decimal(text)) return 0;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (*end || errno) return 0;
    *value = v;
    return 1;
}

int vd_utf8_length(const char *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    int n = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 0;
    if (n < 2) return n;
    uint32_t code = *s & (0xff >> (n + 1));
    for (int i = 1; i < n; ++i) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    int surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[n] || code > 0x10ffff || surrogate || *s >= 0xf8 ? 0 : n;
}
