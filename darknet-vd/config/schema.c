#include "config/schema.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/foreign.h"
#include "config/inputs.h"
#include "config/keys.h"
#include "config/shape.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "option_list.h"

/* ---- values ---- */

/* each part of a list must be a number in range; an empty part is not a number */
static void check_list(vd_section s, const vd_key *k, const char *text)
{
    char *copy = vd_format("%s,", text), *part = copy;
    for (char *comma; (comma = strchr(part, ',')); part = comma + 1) {
        double value;
        long integer;
        *comma = '\0';
        if (!*part && !comma[1]) break; /* stock cfgs end lists with a comma, too */
        if (!vd_parse_double(part, &value)) vd_section_die(s, "%s=%s: '%s' is not a number", k->name, text, part);
        if (k->type != VD_NUMBERS && !vd_parse_long(part, &integer))
            vd_section_die(s, "%s=%s: '%s' is not an integer", k->name, text, part);
        if (value < k->min || value > k->max)
            vd_section_die(s, "%s=%s: %s is not between %g and %g", k->name, text, part, k->min, k->max);
    }
    free(copy);
}

static void check_layers(vd_section s, const vd_key *k, const char *text)
{
    vd_key any = *k;
    any.min = -s.index, any.max = s.index - 1;
    check_list(s, &any, text);
}

static void check_activation(vd_section s, const char *text)
{
    for (int i = 0; vd_activation_name(i); ++i)
        if (!strcmp(text, vd_activation_name(i))) return;
    if (vd_foreign_find(vd_foreign_activations, text))
        vd_section_die(s, "activation=%s is a function of other Darknets that is not built here", text);
    vd_section_die(s, "activation=%s is not known", text);
}

static void check_policy(vd_section s, const char *text)
{
    for (int i = 0; vd_policies[i]; ++i)
        if (!strcmp(text, vd_policies[i])) return;
    vd_section_die(s, "policy=%s is not known: expected %s", text, vd_alternatives(vd_policies));
}

static void check_value(vd_section s, const vd_key *k)
{
    const char *text = option_find(s.options, (char *)k->name);
    if (!text) return;
    switch (k->type) {
    case VD_TEXT:
        break;
    case VD_INPUT_FILE:
        if (access(text, R_OK)) vd_section_die(s, "%s=%s: %s", k->name, text, strerror(errno));
        break;
    case VD_INTEGER:
    case VD_FLAG:
        vd_option_integer(s, k->name, 0, vd_key_min(k), vd_key_max(k));
        break;
    case VD_NUMBER:
        vd_option_number(s, k->name, 0, k->min, k->max);
        break;
    case VD_NUMBERS:
    case VD_INTEGERS:
        check_list(s, k, text);
        break;
    case VD_LAYERS:
        check_layers(s, k, text);
        break;
    case VD_ACTIVATION:
        check_activation(s, text);
        break;
    case VD_POLICY:
        check_policy(s, text);
        break;
    }
}

/* ---- keys ---- */

static int is_same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static void lower_to(int *x, int limit)
{
    if (*x > limit) *x = limit;
}

/* edits that turn one word into the other, ignoring case: a letter more, less or another, or two neighbours swapped;
 * words are short */
static int distance(const char *a, const char *b)
{
    enum { MOST = 32 };
    int n = (int)strlen(a), m = (int)strlen(b), row[3][MOST + 1]; /* row i % 3: of the first i letters of a */
    if (n > MOST || m > MOST) return MOST;
    for (int j = 0; j <= m; ++j) row[0][j] = j;
    for (int i = 1; i <= n; ++i) {
        int *now = row[i % 3], *before = row[(i + 2) % 3];
        now[0] = i;
        for (int j = 1; j <= m; ++j) {
            now[j] = before[j - 1] + !is_same(a[i - 1], b[j - 1]);
            lower_to(now + j, before[j] + 1);
            lower_to(now + j, now[j - 1] + 1);
            if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) && is_same(a[i - 2], b[j - 1]))
                lower_to(now + j, row[(i + 1) % 3][j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

/* the key nearest to this name: one of the list, or near, which may be null and wins a tie */
static const vd_key *nearest_key(const vd_key *keys, const char *name, const vd_key *near)
{
    for (; keys && keys->name; ++keys)
        if (!near || distance(keys->name, name) < distance(near->name, name)) near = keys;
    return near;
}

/* the key of one of two lists that this name, which is none for the section, may stand for: within two edits; null:
 * none. A tie goes to the first list */
static const vd_key *meant_key(const vd_key *keys, const vd_key *more, const char *name)
{
    const vd_key *near = nearest_key(more, name, nearest_key(keys, name, 0));
    return near && strcmp(near->name, name) != 0 && distance(near->name, name) <= 2 ? near : 0;
}

__attribute__((format(printf, 2, 3))) static void complain(vd_section s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = vd_vformat(fmt, args);
    va_end(args);
    if (vd_is_strict()) vd_section_die(s, "%s", message);
    vd_section_warn(s, message);
    free(message);
}

/* 1 when the key is also given before this place */
static int is_repeated(list *options, const node *at, const char *name)
{
    for (node *n = options->front; n != at; n = n->next)
        if (!strcmp(((kvp *)n->val)->key, name)) return 1;
    return 0;
}

/* more may be null */
static void check_names(vd_section s, const vd_key *keys, const vd_key *more)
{
    for (node *n = s.options->front; n; n = n->next) {
        kvp *p = n->val;
        if (vd_key_find(keys, p->key) || vd_key_find(more, p->key) || vd_foreign_has(s.type, p->key)) {
            if (is_repeated(s.options, n, p->key)) complain(s, "%s is given twice: the first value is used", p->key);
        } else {
            const vd_key *meant = meant_key(keys, more, p->key);
            if (meant) complain(s, "unknown key %s; did you mean %s?", p->key, meant->name);
            else complain(s, "unknown key %s", p->key);
        }
        p->used = 1; /* Darknet has nothing to add */
    }
}

/* the plugin's keys are checked where they are read */
static void check_values(vd_section s, const vd_key *keys)
{
    for (; keys && keys->name; ++keys)
        if (keys->owner != VD_PLUGIN) check_value(s, keys);
}

/* ---- keys that depend on each other ---- */

/* Darknet reads steps up to the first that is still to come */
static void check_order(vd_section s, const char *steps)
{
    for (long last = LONG_MIN, step; steps && *steps; last = step) {
        char *end;
        step = strtol(steps, &end, 10);
        if (step < last) {
            complain(s, "steps: %ld stands behind %ld, so its scale counts from batch %ld", step, last, last);
            return;
        }
        steps = strchr(end, ',') ? strchr(end, ',') + 1 : 0;
    }
}

static void check_steps(vd_section s)
{
    const char *policy = option_find(s.options, "policy");
    int steps = vd_option_length(s, "steps"), scales = vd_option_length(s, "scales");
    if (policy && !strcmp(policy, "steps") && (steps != scales || !steps))
        vd_section_die(s, "policy=steps needs as many scales as steps, at least one: got %d steps and %d scales", steps,
                       scales);
    if (policy && !strcmp(policy, "steps")) check_order(s, option_find(s.options, "steps"));
}

/* [yolo] mask= chooses from num= boxes */
static void check_mask(vd_section s)
{
    const char *mask = option_find(s.options, "mask");
    vd_key below_num = *vd_key_in(s.type, "mask");
    below_num.max = (double)vd_key_integer(s, "num") - 1;
    if (mask) check_list(s, &below_num, mask);
}

static void check_anchors(vd_section s)
{
    long num = vd_key_integer(s, "num"), anchors = vd_option_length(s, "anchors");
    if (anchors && anchors != 2 * num)
        vd_section_die(s, "anchors has %ld numbers, but num=%ld needs %ld", anchors, num, 2 * num);
}

/* keys with which Darknet's loader would leave the weights: more filters than there are, and a transpose of all groups
 * as one matrix */
static void check_loading(vd_section s)
{
    vd_option_integer(s, "numload", 0, 0, vd_key_integer(s, "filters"));
    if (vd_key_in(s.type, "flipped") && vd_key_integer(s, "flipped") && vd_key_integer(s, "groups") > 1)
        vd_section_die(s, "flipped=1 does not work with groups: Darknet transposes the weights as one matrix");
}

/* of a layer: [net] has its steps */
static void check_together(vd_section s)
{
    if (vd_key_in(s.type, "filters")) check_loading(s);
    if (!strcmp(s.type, "[yolo]")) check_mask(s);
    if (!strcmp(s.type, "[yolo]") || !strcmp(s.type, "[region]")) check_anchors(s);
}

/* ---- sections ---- */

static const char *nearer(const char *a, const char *b, const char *type)
{
    return distance(b, type) < distance(a, type) ? b : a;
}

/* the section name nearest to this one; a tie goes to the first section in the table, and to its shorter name */
static const char *nearest_section(const char *type)
{
    const char *near = vd_cfg_sections[0].name;
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c) {
        int alias_first = c->alias && strlen(c->alias) < strlen(c->name);
        if (alias_first) near = nearer(near, c->alias, type);
        near = nearer(near, c->name, type);
        if (c->alias && !alias_first) near = nearer(near, c->alias, type);
    }
    return near;
}

static _Noreturn void die_of_section(vd_section s)
{
    const vd_foreign_name *foreign = vd_foreign_find(vd_foreign_sections, s.type);
    if (foreign) vd_section_die(s, "a section of other Darknets that is not built here: %s", foreign->effect);
    vd_section_die(s, "unknown section; did you mean %s?", nearest_section(s.type));
}

/* All checks of a section, in the order in which they have their say:
 *
 *     schema.c    the section, the names of its keys, their values
 *     shape.c     where it needs a picture: it reads no [route] of maps of different sizes, of which no later check
 *                 would say anything that helps
 *     schema.c    keys that depend on each other
 *     inputs.c    the sizes of the layers that it reads
 *     shape.c     then, by vd_shape_check(): the section's own size */
void vd_schema_check(vd_section s, const network *net)
{
    const vd_cfg_section *known = vd_section_find(s.type);
    if (!known) die_of_section(s);
    vd_options_have_values(s);
    vd_foreign_check(s);
    if (known->kind == VD_PLAIN) check_names(s, known->keys, s.index < 0 ? 0 : vd_every_layer_keys);
    if (known->needs_layer && s.index == 0) vd_section_die(s, "cannot be the first layer");
    check_values(s, known->kind == VD_PLAIN ? known->keys : known->base_keys);
    if (s.index < 0) {
        check_steps(s);
        return;
    }
    check_values(s, vd_every_layer_keys);
    vd_shape_check_route(s, net);
    check_together(s);
    vd_inputs_check(s, net);
}

void vd_schema_all_known(vd_section s)
{
    const vd_cfg_section *known = vd_section_find(s.type);
    for (node *n = s.options->front; n; n = n->next) {
        kvp *p = n->val;
        if (p->used) continue;
        if (vd_option_given(s, p->key) && !p->used) vd_section_die(s, "%s is given twice", p->key);
        const vd_key *meant = meant_key(known->keys, known->base_keys, p->key);
        if (meant) vd_section_die(s, "%s is not a key of this section; did you mean %s?", p->key, meant->name);
        vd_section_die(s, "%s is not a key of this section", p->key);
    }
}

void vd_schema_check_data(const char *filename, list *options)
{
    vd_section s = {filename, 0, -1, options};
    if (!options->size)
        vd_section_die(s, "empty: expected lines of the form key=value (classes=, train=, valid= and others)");
    vd_options_have_values(s);
    check_names(s, vd_data_keys, 0);
    check_values(s, vd_data_keys);
}
