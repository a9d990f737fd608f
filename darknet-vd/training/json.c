#include "training/json.h"

#include <math.h>
#include <stdint.h>

/* the length of the UTF-8 sequence at s, 0 when it is none: no overlong ones, no surrogates, at most U+10FFFF */
static int utf8_length(const unsigned char *s)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
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

void vd_json_string(FILE *fp, const char *text)
{
    fputc('"', fp);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = utf8_length(s);
        if (!n) fputs("\\ufffd", fp);
        else if (*s == '"' || *s == '\\') fprintf(fp, "\\%c", *s);
        else if (*s < ' ' || *s == '<' || *s == 0x7f) fprintf(fp, "\\u%04x", *s);
        else fwrite(s, 1, (size_t)n, fp);
        s += n ? n : 1;
    }
    fputc('"', fp);
}

void vd_json_number(FILE *fp, double value)
{
    if (isfinite(value)) fprintf(fp, "%.9g", value);
    else fputs("null", fp);
}
