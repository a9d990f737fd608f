#include "export/cfg_text.h"
#include "base/c_locale.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/keys.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *text; /* written so far */
    size_t length, room;
    int section;                /* -1 in [net], then the layer's number; -2 before any */
    const vd_cfg_section *type; /* of the section, null when it is not known */
    const char *first;          /* the line after the section's name */
    int n;
    const vd_cfg_change *changes;
} state;

/* a line of the text, its parts without the blanks around them; n is 0 where there is no such part */
typedef struct {
    const char *from;
    size_t n;
} part;
typedef struct {
    part all;        /* with the line's end */
    part name;       /* of a section, with its brackets, or of a key */
    part value;      /* of a key */
    part comment;    /* after its # or ; */
    const char *end; /* "\n", "\r\n" or "" */
} line;

static void put(state *s, const char *from, size_t n)
{
    if (s->length + n + 1 > s->room) {
        s->room = 2 * (s->length + n + 1);
        s->text = vd_realloc(s->text, s->room);
    }
    memcpy(s->text + s->length, from, n);
    s->length += n;
    s->text[s->length] = 0;
}

static void put_text(state *s, const char *text)
{
    put(s, text, strlen(text));
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static part trimmed(const char *from, const char *to)
{
    while (from < to && is_blank(*from)) ++from;
    while (from < to && is_blank(to[-1])) --to;
    return (part){from, (size_t)(to - from)};
}

static char *copy_of(part p)
{
    return vd_format("%.*s", (int)p.n, p.from);
}

/* without blanks, as Darknet reads it */
static char *name_of(part p)
{
    char *name = copy_of(p), *to = name;
    for (const char *c = name; *c; ++c)
        if (!is_blank(*c)) *to++ = *c;
    *to = 0;
    return name;
}

/* where a comment begins in a value, as config/lines.h has it: in a path only after a blank */
static size_t comment_in(const vd_cfg_section *type, part name, const char *value)
{
    size_t i = strcspn(value, "#;\n");
    char *key = name_of(name);
    const vd_key *k = type ? vd_key_in(type->name, key) : 0;
    int is_text = k && (k->type == VD_TEXT || k->type == VD_INPUT_FILE);
    free(key);
    while (is_text && value[i] && value[i] != '\n' && !(i && is_blank(value[i - 1])))
        i += 1 + strcspn(value + i + 1, "#;\n");
    return i;
}

static line read_line(const vd_cfg_section *type, const char *text)
{
    size_t n = strcspn(text, "\n"), code = strcspn(text, "#;\n"), equals = strcspn(text, "=#;\n");
    line l = {.all = {text, n + (text[n] == '\n')}, .end = text[n] ? "\n" : ""};
    if (text[n] && n && text[n - 1] == '\r') l.end = "\r\n";
    l.name = trimmed(text, text + (equals < code ? equals : code));
    if (equals < code) {
        code = equals + 1 + comment_in(type, l.name, text + equals + 1);
        l.value = trimmed(text + equals + 1, text + code);
    }
    if (code < n) l.comment = (part){text + code + 1, n - code - 1 - (l.end[0] == '\r')};
    return l;
}

static int is_section(line l)
{
    return l.name.n && l.name.from[0] == '[';
}

/* the first line of the section with this key, null when there is none */
static const char *find_key(const state *s, part key)
{
    for (const char *text = s->first; *text;) {
        line l = read_line(s->type, text);
        if (is_section(l)) return 0;
        if (l.name.n == key.n && !strncmp(l.name.from, key.from, key.n)) return text;
        text += l.all.n;
    }
    return 0;
}

static int is_kind(const state *s, vd_section_kind kind)
{
    return s->type && s->type->kind == kind;
}

static vd_cfg_change change_of(const state *s)
{
    return s->section >= 0 && s->section < s->n ? s->changes[s->section] : (vd_cfg_change){0};
}

/* a comment with a line of its own */
static void put_comment(state *s, line l)
{
    if (!l.comment.from) return;
    put_text(s, "#");
    put(s, l.comment.from, l.comment.n);
    put_text(s, *l.end ? l.end : "\n");
}

/* the next "key=value\n" of set; returns what follows it, null at its end */
static const char *next_setting(const char *set, part *key, part *value)
{
    if (!set || !*set) return 0;
    size_t equals = strcspn(set, "="), n = strcspn(set, "\n");
    *key = (part){set, equals};
    *value = (part){set + equals + 1, n - equals - 1};
    return set + n + (set[n] == '\n');
}

/* the keys of `set` that the section lacks */
static void put_missing(state *s, const char *set, const char *end)
{
    part key, value;
    while ((set = next_setting(set, &key, &value))) {
        if (find_key(s, key)) continue;
        put(s, key.from, (size_t)(value.from + value.n - key.from));
        put_text(s, end);
    }
}

static void put_header(state *s, line l)
{
    char *name = name_of(l.name);
    ++s->section;
    s->type = vd_section_find(name);
    s->first = l.all.from + l.all.n;
    vd_cfg_change change = change_of(s);
    const char *end = *l.end ? l.end : change.set ? "\n" : "";
    put_comment(s, l);
    if (!is_kind(s, VD_COST)) {
        if (change.put) put_text(s, change.put);
        put_text(s, s->type ? vd_section_base(name) : name);
        put_text(s, end);
        put_missing(s, change.set, end);
    }
    free(name);
}

int vd_cfg_same_value(const char *a, const char *b)
{
    if (!strcmp(a, b)) return 1;
    for (;;) {
        char *end_a, *end_b;
        float x = strtof_l(a, &end_a, vd_c_locale()), y = strtof_l(b, &end_b, vd_c_locale());
        if (end_a == a || end_b == b || x != y) return 0;
        a = end_a + strspn(end_a, " \t"), b = end_b + strspn(end_b, " \t");
        if (*a != *b || (*a && *a != ',')) return 0;
        if (!*a) return 1;
        ++a, ++b;
    }
}

/* the value that the key must have: an empty part where the line's stands */
static part new_value(line l, const char *set)
{
    part key, value, none = {0};
    while ((set = next_setting(set, &key, &value))) {
        if (key.n != l.name.n || strncmp(key.from, l.name.from, key.n)) continue;
        char *old = copy_of(l.value), *new = copy_of(value);
        int same = vd_cfg_same_value(old, new);
        free(old), free(new);
        return same ? none : value;
    }
    return none;
}

static int is_dropped(const state *s, line l, const char *drop)
{
    char *name = name_of(l.name), *word = vd_format(" %s ", name);
    const vd_key *k = s->type && l.value.from ? vd_key_in(s->type->name, name) : 0;
    int dropped = s->type && (!k || vd_key_is_unexported(k) || find_key(s, l.name) != l.all.from);
    dropped |= drop && strstr(drop, word);
    free(name), free(word);
    return dropped;
}

static void put_key(state *s, line l)
{
    vd_cfg_change change = change_of(s);
    if (is_kind(s, VD_COST) || is_dropped(s, l, change.drop)) return;
    part value = new_value(l, change.set);
    if (!l.value.from || (!value.n && !l.comment.from)) {
        put(s, l.all.from, l.all.n);
        return;
    }
    const char *after = l.value.from + l.value.n, *end = l.all.from + l.all.n - strlen(l.end);
    put_comment(s, l);
    put(s, l.all.from, (size_t)(l.value.from - l.all.from));
    if (!value.n) value = l.value;
    put(s, value.from, value.n);
    if (!l.comment.from) put(s, after, (size_t)(end - after));
    put_text(s, l.end);
}

static void put_line(state *s, line l)
{
    if (is_section(l)) put_header(s, l);
    else if (l.name.n) put_key(s, l);
    else if (l.comment.from && *l.comment.from && l.comment.from[-1] == ';') put_comment(s, l);
    else put(s, l.all.from, l.all.n);
}

/* remove the blank lines before [vd_cost] */
static void trim_end(state *s)
{
    size_t n = s->length;
    while (n && is_blank(s->text[n - 1])) --n;
    const char *line_end = memchr(s->text + n, '\n', s->length - n);
    s->length = line_end ? (size_t)(line_end - s->text) + 1 : n;
    s->text[s->length] = 0;
}

char *vd_cfg_text_export(const char *text, int n, const vd_cfg_change *changes)
{
    state s = {.section = -2, .n = n, .changes = changes};
    put_text(&s, "");
    text += vd_byte_order_mark(text);
    while (*text) {
        line l = read_line(s.type, text);
        put_line(&s, l);
        text += l.all.n;
    }
    if (is_kind(&s, VD_COST)) trim_end(&s);
    return s.text;
}
