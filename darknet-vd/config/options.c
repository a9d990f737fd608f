#include "config/options.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "option_list.h"

/* "FILE: ", "FILE: [net]: " or "FILE: layer N [type]: ", freed by the caller */
static char *place_of(vd_section s)
{
    if (!s.type) return vd_format("%s", s.filename);
    if (s.index < 0) return vd_format("%s: %s", s.filename, s.type);
    return vd_format("%s: layer %d %s", s.filename, s.index, s.type);
}

/* "FILE: layer N [type]: " and the message */
static char *placed(vd_section s, const char *fmt, va_list args)
{
    char *place = place_of(s), *message = vd_vformat(fmt, args), *both = vd_format("%s: %s", place, message);
    free(place);
    free(message);
    return both;
}

char *vd_section_message(vd_section s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = placed(s, fmt, args);
    va_end(args);
    return message;
}

void vd_section_die(vd_section s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = placed(s, fmt, args);
    va_end(args);
    vd_die("%s", message);
}

void vd_section_warn(vd_section s, const char *message)
{
    char *place = place_of(s);
    fprintf(stderr, "%s: %s\n", place, message);
    free(place);
}

char *vd_option_text(vd_section s, const char *key)
{
    const char *value = option_find(s.options, (char *)key);
    return value ? vd_format("%s", value) : 0;
}

int vd_option_given(vd_section s, const char *key)
{
    return option_find(s.options, (char *)key) != 0;
}

double vd_option_number(vd_section s, const char *key, double def, double min, double max)
{
    double value;
    const char *text = option_find(s.options, (char *)key);
    if (!text) return def;
    if (!vd_parse_double(text, &value)) vd_section_die(s, "%s=%s is not a number", key, text);
    if (value < min || value > max) vd_section_die(s, "%s=%s is not between %g and %g", key, text, min, max);
    return value;
}

long vd_option_integer(vd_section s, const char *key, long def, long min, long max)
{
    long value;
    const char *text = option_find(s.options, (char *)key);
    if (!text) return def;
    if (!vd_parse_long(text, &value)) vd_section_die(s, "%s=%s is not an integer", key, text);
    if (value < min || value > max) vd_section_die(s, "%s=%s is not between %ld and %ld", key, text, min, max);
    return value;
}

int vd_option_length(vd_section s, const char *key)
{
    const char *text = option_find(s.options, (char *)key);
    int n = text != 0;
    for (; text && *text; ++text) n += *text == ',' && text[1];
    return n;
}

int vd_option_layers(vd_section s, const char *key, int **layers)
{
    const char *text = option_find(s.options, (char *)key);
    int n = 0;
    *layers = vd_calloc(text ? strlen(text) + 1 : 1, sizeof(int));
    for (; text && *text; text += *text == ',') {
        int index = (int)strtol(text, 0, 10);
        (*layers)[n++] = index < 0 ? s.index + index : index;
        text += strcspn(text, ",");
    }
    return n;
}

void vd_options_have_values(vd_section s)
{
    for (node *n = s.options->front; n; n = n->next) {
        const kvp *p = n->val;
        if (!p->val) vd_section_die(s, "%s has no value", p->key);
    }
}
