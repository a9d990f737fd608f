#include "export/cfg_text.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/lines.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *text; /* written so far */
    size_t length;
    int section;                /* -1 in [net], then the layer's number; -2 before any */
    const vd_cfg_section *type; /* of the section, null when it is not known */
    int n;
    const vd_cfg_change *changes;
} state;

static void put(state *s, const char *from, size_t n)
{
    memcpy(s->text + s->length, from, n);
    s->length += n;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* the line as Darknet reads it; *had_comment: something else was before a comment */
static char *cleaned(const state *s, const char *line, size_t n, int *had_comment)
{
    char *copy = vd_format("%.*s", (int)n, line);
    *had_comment = vd_cfg_line(s->type ? s->type->name : 0, copy);
    return copy;
}

static int is_key(const char *clean_line, const char *key)
{
    size_t n = strlen(key);
    return !strncmp(clean_line, key, n) && clean_line[n] == '=';
}

static int is_kind(const state *s, vd_section_kind kind)
{
    return s->type && s->type->kind == kind;
}

/* a section of the plugin gets the stock section's long name, the only one other programs know */
static void put_header(state *s, const char *line, size_t n, const char *name)
{
    size_t before = strspn(line, " \t"), end = n;
    ++s->section;
    s->type = vd_section_find(name);
    if (is_kind(s, VD_COST)) return;
    if (!s->type || s->type->kind == VD_PLAIN) {
        put(s, line, n);
        return;
    }
    put(s, line, before);
    put(s, s->type->base, strlen(s->type->base));
    while (end > before && line[end - 1] != ']') --end;
    put(s, line + end, n - end);
}

/* the line with another integer as its value */
static void put_value(state *s, const char *line, size_t n, int value)
{
    size_t first = (size_t)((const char *)memchr(line, '=', n) - line) + 1, last;
    char *digits = vd_format("%d", value);
    while (first < n && is_blank(line[first])) ++first;
    for (last = first; last < n && strchr("+-0123456789 \t", line[last]);) ++last; /* blanks inside do not count */
    while (last > first && is_blank(line[last - 1])) --last;
    put(s, line, first);
    put(s, digits, strlen(digits));
    put(s, line + last, n - last);
    free(digits);
}

/* the key of a clean line in the section, null when it is none */
static const vd_key *key_of(const state *s, const char *clean_line)
{
    char *name = vd_format("%.*s", (int)strcspn(clean_line, "="), clean_line);
    const vd_key *k = s->type && clean_line[strlen(name)] ? vd_key_in(s->type->name, name) : 0;
    free(name);
    return k;
}

static int is_dropped(const state *s, const char *line, vd_cfg_change change)
{
    const vd_key *k = key_of(s, line);
    return (change.fused && is_key(line, "batch_normalize")) || (k && vd_key_is_unexported(k));
}

static void put_line(state *s, const char *line, size_t n)
{
    int had_comment, known = s->section >= 0 && s->section < s->n;
    char *key = cleaned(s, line, n, &had_comment), *without = 0;
    if (had_comment) { /* other readers take it for a part of the value */
        line = without = vd_format("%s\n", key);
        n = strlen(line);
    }
    vd_cfg_change change = known ? s->changes[s->section] : (vd_cfg_change){0};
    if (key[0] == '[') put_header(s, line, n, key);
    else if (!key[0] || key[0] == '#' || key[0] == ';') put(s, line, n);
    else if (is_kind(s, VD_COST) || is_dropped(s, key, change))
        ;
    else if (change.filters && (is_key(key, "filters") || is_key(key, "output"))) put_value(s, line, n, change.filters);
    else put(s, line, n);
    free(without);
    free(key);
}

/* remove the blank lines before [vd_cost] */
static void trim_end(state *s)
{
    size_t n = s->length;
    while (n && is_blank(s->text[n - 1])) --n;
    const char *line_end = memchr(s->text + n, '\n', s->length - n);
    s->length = line_end ? (size_t)(line_end - s->text) + 1 : n;
}

char *vd_cfg_text_export(const char *text, int n, const vd_cfg_change *changes)
{
    enum { LONGER = 16 }; /* a line grows by one number at most */
    size_t lines = 2, length = strlen(text);
    for (const char *c = text; *c; ++c) lines += *c == '\n';
    state s = {.text = vd_calloc(length + lines * LONGER, 1), .section = -2, .n = n, .changes = changes};
    while (*text) {
        const char *end = strchr(text, '\n');
        size_t line = end ? (size_t)(end - text) + 1 : strlen(text);
        put_line(&s, text, line);
        text += line;
    }
    if (is_kind(&s, VD_COST)) trim_end(&s);
    s.text[s.length] = 0;
    return s.text;
}
