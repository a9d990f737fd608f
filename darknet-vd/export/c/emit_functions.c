#include "export/c/emit_parts.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"

enum { MOST_NAMES = 64, LONGEST_NAME = 31 };

/* names of the parts of the text that are used, in capitals those of activations */
typedef struct {
    int n;
    char name[MOST_NAMES][LONGEST_NAME + 1];
} names;

static int has(const names *set, const char *name)
{
    for (int i = 0; i < set->n; ++i)
        if (!strcmp(set->name[i], name)) return 1;
    return 0;
}

static void add(names *set, const char *name)
{
    if (has(set, name)) return;
    assert(set->n < MOST_NAMES && strlen(name) <= LONGEST_NAME); /* the generated C would lack a function */
    snprintf(set->name[set->n++], LONGEST_NAME + 1, "%s", name);
}

static void add_activation(names *set, ACTIVATION a)
{
    char name[LONGEST_NAME + 1];
    snprintf(name, sizeof(name), "%s", get_activation_string(a));
    for (char *c = name; *c; ++c) *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    add(set, name);
}

static void add_bend(names *set, const vd_c_stage *s)
{
    add(set, "activated");
    add(set, "shifted");
    add_activation(set, s->activation);
    if (s->activation == LEAKY) add(set, "leaky");
    if (s->curve) add(set, "curve");
}

static void add_product(names *set, const vd_c_stage *s)
{
    add_bend(set, s);
    add(set, "product");
    add(set, "store");
    if (s->wide) add(set, "wide");
    add(set, s->entries.is_dense ? "dense" : "sparse");
    if (s->width >= 4) add(set, "store4");
    add(set, s->entries.is_dense ? s->width >= 4 ? "dense4" : "dense1" : s->width >= 4 ? "sparse4" : "sparse1");
}

/* a window that ends below its map in the last row does so in others, if at all */
static int reads_zeros(const vd_c_plan *p, const vd_c_stage *s)
{
    vd_c_reads r = vd_c_reads_of(p, s, 0);
    return vd_c_end_row(r, s->turns - 1) > r.below;
}

static void add_stage(names *set, const vd_c_plan *p, const vd_c_stage *s)
{
    static const char *const parts[] = {
        [VD_C_POOL] = "pool",     [VD_C_MEAN] = "mean",       [VD_C_JOIN] = "join",     [VD_C_SUM] = "sum",
        [VD_C_REPEAT] = "repeat", [VD_C_REORDER] = "reorder", [VD_C_ACTIVATE] = "bend", [VD_C_ANSWER] = "answer"};
    if (s->kind == VD_C_PRODUCT) {
        add_product(set, s);
        if (reads_zeros(p, s)) add(set, "zeros");
        return;
    }
    if (s->kind == VD_C_ANSWER && vd_c_low_bytes(p, s->in[0].map)) return;
    add(set, s->kind == VD_C_REORDER && s->reverse ? "square" : parts[s->kind]);
    if (s->kind == VD_C_SUM || s->kind == VD_C_ACTIVATE) add_bend(set, s), add(set, "bent");
    if (s->kind == VD_C_SUM) add(set, "added");
    if (s->kind == VD_C_JOIN || s->kind == VD_C_REPEAT) add(set, "times"), add(set, "shifted");
}

/* parts of a text begin with a line that names them */
static void write_parts(const char *text, const names *used, FILE *fp)
{
    static const char mark[] = "/*@ ";
    int wanted = 0;
    for (const char *line = text, *end; *line; line = end) {
        end = strchr(line, '\n') + 1;
        if (!strncmp(line, mark, sizeof(mark) - 1)) {
            char *name = vd_format("%.*s", (int)strcspn(line + sizeof(mark) - 1, " "), line + sizeof(mark) - 1);
            wanted = has(used, name);
            free(name);
        } else if (wanted) {
            fwrite(line, 1, (size_t)(end - line), fp);
        }
    }
}

static names names_of(const vd_c_plan *p)
{
    names used = {0};
    add(&used, "always");
    for (int k = 0; k < p->n; ++k) add_stage(&used, p, p->stages + k);
    return used;
}

/* the values that Darknet has for them */
static void write_activations(const vd_c_plan *p, FILE *fp)
{
    names done = {0};
    fprintf(fp, "enum {");
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        int before = done.n;
        if (s->kind != VD_C_PRODUCT && s->kind != VD_C_SUM && s->kind != VD_C_ACTIVATE) continue;
        add_activation(&done, s->activation);
        if (done.n > before) fprintf(fp, "%s %s = %d", before ? "," : "", done.name[before], (int)s->activation);
    }
    fprintf(fp, " };\n\n");
}

static void write_types(const vd_c_plan *p, const names *used, FILE *fp)
{
    if (p->is_int8)
        fprintf(fp, "typedef %sint%d_t value; /* of a map: an integer times the step of the map */\n",
                p->value_bits == 8 ? "u" : "", p->value_bits);
    int bits = 8 * vd_c_count_bytes(p);
    if (has(used, "sparse")) fprintf(fp, "typedef uint%d_t count;\n#define COUNT(p) U%d(p)\n", bits, bits);
    if (has(used, "product") && p->is_int8)
        fprintf(fp, "typedef int%s_t offset;\n#define OFFSET(p) I%s(p)\n", vd_c_offsets_are_short(p) ? "16" : "32",
                vd_c_offsets_are_short(p) ? "16" : "32");
}

void vd_c_emit_functions(const vd_c_plan *p, FILE *fp)
{
    names used = names_of(p);
    write_parts(vd_c_fetch_text, &used, fp);
    write_types(p, &used, fp);
    if (!p->is_int8 && has(&used, "activated")) write_activations(p, fp);
    write_parts(p->is_int8 ? vd_c_int8_text : vd_c_float_text, &used, fp);
    write_parts(vd_c_kernels_text, &used, fp);
}

int vd_c_is_taken(const char *name)
{
    char *function = vd_format("%s_row(", name);
    const char *at = vd_c_kernels_text;
    while ((at = strstr(at, function)) && at[-1] != ' ' && at[-1] != '*') ++at;
    free(function);
    return at != 0;
}

int vd_c_needs_math(const vd_c_plan *p)
{
    static const ACTIVATION plain[] = {LINEAR, RELU, RELU6, RELIE, RAMP, LEAKY, HARDTAN, LHTAN, PLSE, HARD_MISH};
    for (int k = 0; !p->is_int8 && k < p->n; ++k) {
        int is_plain = 0;
        for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); ++i) is_plain |= p->stages[k].activation == plain[i];
        if (!is_plain) return 1;
    }
    return 0;
}
