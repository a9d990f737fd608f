#include "config/lines.h"
#include "config/keys.h"

#include <string.h>

static int is_blank(char c)
{
    return c && strchr(" \t\r\n", c) != 0;
}

static int is_comment(char c)
{
    return c == '#' || c == ';';
}

/* remove blanks at both ends */
static void trim(char *s)
{
    size_t first = 0, n = strlen(s);
    while (n && is_blank(s[n - 1])) --n;
    while (first < n && is_blank(s[first])) ++first;
    memmove(s, s + first, n - first);
    s[n - first] = '\0';
}

static void remove_blanks(char *s)
{
    char *to = s;
    for (; *s; ++s)
        if (!is_blank(*s)) *to++ = *s;
    *to = '\0';
}

/* where the comment of a value begins; its end when there is none */
static size_t comment_in(const char *value, int is_text)
{
    size_t i = 0;
    for (; value[i]; ++i)
        if (is_comment(value[i]) && (!is_text || (i && is_blank(value[i - 1])))) break;
    return i;
}

/* names a text, not a number; unknown: of a key that the table does not have */
static int is_text(const char *section, const char *name, int unknown)
{
    const vd_key *k = vd_key_in(section, name);
    return k ? k->type == VD_TEXT || k->type == VD_INPUT_FILE : unknown;
}

/* 1 when a comment has been cut off */
static int cut(char *s, size_t end)
{
    int had = s[end] != '\0';
    s[end] = '\0';
    return had;
}

static int clean(char *line, const char *section, int unknown_is_text)
{
    trim(line);
    if (is_comment(*line)) return 0;
    char *value = line + strcspn(line, "=#;");
    if (*line == '[' || *value != '=') {
        int had = cut(line, strcspn(line, "#;"));
        remove_blanks(line);
        return had;
    }
    *value++ = '\0';
    remove_blanks(line);
    int text = is_text(section, line, unknown_is_text), had = cut(value, comment_in(value, text));
    if (text) trim(value);
    else remove_blanks(value);
    size_t name = strlen(line);
    line[name] = '=';
    memmove(line + name + 1, value, strlen(value) + 1);
    return had;
}

int vd_cfg_line(const char *section, char *line)
{
    return clean(line, section ? section : "", 0);
}

void vd_data_line(char *line)
{
    clean(line, 0, 1);
}
