#include "base/json.h"
#include "base/text.h"

#include <math.h>

void vd_json_string(FILE *fp, const char *text)
{
    fputc('"', fp);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = vd_utf8_length((const char *)s);
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
