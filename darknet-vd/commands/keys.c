#include "commands/keys.h"
#include "commands/words.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/text.h"
#include "config/foreign.h"
#include "config/keys.h"

#include <float.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: darknet vd keys [-json | -markdown]\n"
    "  prints every key of a cfg and of a .data file: its type and range, its default, and what it does;\n"
    "  -json: as one JSON object; -markdown: as the page docs/cfg.md\n";

/* ---- a key's columns, in words ---- */

static char *range_text(const char *type, const vd_key *k, double most)
{
    if (k->min <= -most && k->max >= most) return vd_format("%s", type);
    if (k->min == (double)FLT_MIN) return vd_format("%s, above 0", type);
    if (k->max >= most) return vd_format("%s, %g or more", type, k->min);
    return vd_format("%s, %.9g to %.9g", type, k->min, k->max);
}

static char *type_text(const vd_key *k)
{
    if (k->owner == VD_NOBODY) return vd_format("anything");
    switch (k->type) {
    case VD_INTEGER:
        return range_text("integer", k, INT_MAX);
    case VD_INTEGERS:
        return range_text("integers", k, INT_MAX);
    case VD_NUMBER:
        return range_text("number", k, FLT_MAX);
    case VD_NUMBERS:
        return range_text("numbers", k, FLT_MAX);
    case VD_FLAG:
        return vd_format("0 or 1");
    case VD_LAYERS:
        return vd_format("layers");
    case VD_ACTIVATION:
        return vd_format("activation");
    case VD_POLICY:
        return vd_format("policy");
    case VD_INPUT_FILE:
        return vd_format("readable file");
    case VD_TEXT:
        break;
    }
    return vd_format("text");
}

static const char *default_text(const vd_key *k)
{
    if (k->required) return "required";
    if (k->computed) return k->computed;
    return k->def ? k->def : "none";
}

/* name number i of the choices, null after the last or where there are none */
static const char *choice(vd_key_type type, int i)
{
    if (type == VD_POLICY) return vd_policies[i];
    return type == VD_ACTIVATION ? vd_activation_name(i) : 0;
}

static void print_choices(FILE *fp, const char *title, vd_key_type type)
{
    fprintf(fp, "%s:", title);
    for (int i = 0; choice(type, i); ++i) fprintf(fp, "%s %s", i ? "," : "", choice(type, i));
    fputs(".\n", fp);
}

static void print_lists(FILE *fp)
{
    fputs("Integers, numbers and layers are lists with commas. Layers are counted from 0; -1 is the layer before.\n",
          fp);
    print_choices(fp, "Activations", VD_ACTIVATION);
    print_choices(fp, "Policies", VD_POLICY);
}

/* ---- groups: sections with the same keys of their own ---- */

/* 1 when an earlier section has these keys */
static int is_told(const vd_cfg_section *c)
{
    for (const vd_cfg_section *e = vd_cfg_sections; e != c; ++e)
        if (e->keys == c->keys) return 1;
    return 0;
}

static int is_empty(const vd_key *keys)
{
    return !keys->name;
}

static void print_name(FILE *fp, const vd_cfg_section *c)
{
    fprintf(fp, "%s", c->name);
    if (c->alias) fprintf(fp, " or %s", c->alias);
}

static void print_base_keys(FILE *fp, const vd_cfg_section *c)
{
    if (!c->base_keys) return;
    fprintf(fp, ". Has every key of %s", c->base);
    if (c->but) fprintf(fp, " but %s", c->but);
    fputs(", and these", fp);
}

static void print_titles(FILE *fp, const vd_cfg_section *first, const char *before)
{
    for (const vd_cfg_section *c = first; c->name; ++c) {
        if (c->keys != first->keys) continue;
        fputs(before, fp);
        print_name(fp, c);
        fprintf(fp, ": %s", c->help);
        print_base_keys(fp, c);
        fputs("\n", fp);
    }
}

/* ---- plain ---- */

static void print_keys(FILE *fp, const vd_key *keys)
{
    for (const vd_key *k = keys; k->name; ++k) {
        char *type = type_text(k);
        fprintf(fp, "  %-18s  %-25s  %-24s  %s\n", k->name, type, default_text(k), k->help);
        free(type);
    }
}

static void print_group(FILE *fp, const vd_cfg_section *c)
{
    fputs("\n", fp);
    print_titles(fp, c, "");
    print_keys(fp, c->keys);
}

static void print_plain(FILE *fp)
{
    fprintf(fp, "  %-18s  %-25s  %-24s  %s\n", "key", "type", "default", "meaning");
    print_group(fp, vd_cfg_sections);
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c)
        if (c->kind != VD_PLAIN && !is_told(c)) print_group(fp, c);
    fputs("\nevery layer\n", fp);
    print_keys(fp, vd_every_layer_keys);
    for (const vd_cfg_section *c = vd_cfg_sections + 1; c->name; ++c)
        if (c->kind == VD_PLAIN && !is_told(c)) print_group(fp, c);
    fputs("\n.data file\n", fp);
    print_keys(fp, vd_data_keys);
    fputs("\n", fp);
    print_lists(fp);
}

/* ---- JSON ---- */

static void print_string(FILE *fp, const char *name, const char *text)
{
    fprintf(fp, ",\"%s\":", name);
    vd_json_string(fp, text);
}

static void print_range(FILE *fp, const vd_key *k)
{
    if (k->type == VD_INTEGER || k->type == VD_FLAG || k->type == VD_INTEGERS)
        fprintf(fp, ",\"min\":%ld,\"max\":%ld", vd_key_min(k), vd_key_max(k));
    if (k->type == VD_NUMBER || k->type == VD_NUMBERS) fprintf(fp, ",\"min\":%.17g,\"max\":%.17g", k->min, k->max);
    for (int i = 0; choice(k->type, i); ++i) fprintf(fp, "%s\"%s\"", i ? "," : ",\"choices\":[", choice(k->type, i));
    if (choice(k->type, 0)) fputs("]", fp);
}

static void print_default(FILE *fp, const vd_key *k)
{
    int is_number = k->type == VD_INTEGER || k->type == VD_FLAG || k->type == VD_NUMBER;
    if (!k->def) fputs(",\"default\":null", fp);
    else if (is_number) fprintf(fp, ",\"default\":%s", k->def);
    else print_string(fp, "default", k->def);
    if (k->computed) print_string(fp, "computed", k->computed);
}

static void print_json_keys(FILE *fp, const vd_key *keys)
{
    static const char *const types[] = {
        [VD_INTEGER] = "integer",       [VD_NUMBER] = "number",   [VD_FLAG] = "flag",
        [VD_INTEGERS] = "integers",     [VD_NUMBERS] = "numbers", [VD_LAYERS] = "layers",
        [VD_ACTIVATION] = "activation", [VD_POLICY] = "policy",   [VD_TEXT] = "text",
        [VD_INPUT_FILE] = "file"};
    static const char *const owners[] = {[VD_STOCK] = "stock",
                                         [VD_PATCH] = "patch",
                                         [VD_PLUGIN] = "plugin",
                                         [VD_LATER] = "later",
                                         [VD_NOBODY] = "nobody"};
    fputs(",\"keys\":[", fp);
    for (const vd_key *k = keys; k->name; ++k) {
        fprintf(fp, "%s{\"name\":\"%s\",\"type\":\"%s\"", k == keys ? "" : ",", k->name, types[k->type]);
        print_range(fp, k);
        print_default(fp, k);
        fprintf(fp, ",\"required\":%s,\"exported\":%s", k->required ? "true" : "false",
                vd_key_is_unexported(k) ? "false" : "true");
        print_string(fp, "owner", owners[k->owner]);
        print_string(fp, "help", k->help);
        fputs("}", fp);
    }
    fputs("]}", fp);
}

static void print_json(FILE *fp)
{
    fputs("{\"sections\":[", fp);
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c) {
        fprintf(fp, "%s{\"name\":\"%s\"", c == vd_cfg_sections ? "" : ",", c->name);
        if (c->alias) print_string(fp, "alias", c->alias);
        if (c->base) print_string(fp, "base", c->base);
        if (c->base && c->base_keys) print_string(fp, "keys_of", c->base);
        if (c->but) print_string(fp, "but", c->but);
        print_string(fp, "help", c->help);
        print_json_keys(fp, c->keys);
    }
    fputs(",{\"name\":\"every layer\"", fp);
    print_json_keys(fp, vd_every_layer_keys);
    fputs(",{\"name\":\".data\"", fp);
    print_json_keys(fp, vd_data_keys);
    fputs("]}\n", fp);
}

/* ---- docs/cfg.md ---- */

static const char introduction[] =
    "# Keys of a cfg\n"
    "\n"
    "<!-- made by `make docs-cfg` from darknet-vd/config/keys.c and darknet-vd/commands/keys.c -->\n"
    "\n"
    "`darknet vd keys` prints these tables in the terminal, `darknet vd keys -json` for programs.\n"
    "\n"
    "## From a cfg to a variational cfg\n"
    "\n"
    "1. Copy the cfg. By convention the variational twin of `X.cfg` is `X-vd.cfg`, in the same folder.\n"
    "2. Put `vd_` before the name of each section that should become sparse: `[convolutional]` becomes\n"
    "   `[vd_convolutional]`, and `[connected]` becomes `[vd_connected]`. Their keys stay as they are. The other "
    "layers stay\n"
    "   plain.\n"
    "3. Add `[vd_cost]` as the last section, with `samples=` and the number of training images.\n"
    "4. Choose `kl_start` and `kl_ramp` in batches: one to five epochs without the KL term, and as many for its ramp.\n"
    "\n"
    "A complete example:\n"
    "\n"
    "    [net]\n"
    "    batch=100\n"
    "    channels=1\n"
    "    height=28\n"
    "    width=28\n"
    "    max_crop=28\n"
    "    adam=1\n"
    "    learning_rate=0.001\n"
    "    policy=poly\n"
    "    power=1\n"
    "    max_batches=9000\n"
    "\n"
    "    [vd_convolutional]\n"
    "    filters=20\n"
    "    size=5\n"
    "    activation=relu\n"
    "\n"
    "    [maxpool]\n"
    "    size=2\n"
    "    stride=2\n"
    "\n"
    "    [vd_connected]\n"
    "    output=10\n"
    "    activation=linear\n"
    "\n"
    "    [softmax]\n"
    "\n"
    "    [vd_cost]\n"
    "    samples=60000\n"
    "    kl_start=600\n"
    "    kl_ramp=3000\n"
    "\n"
    "A variational layer may stand wherever the plain layer may, mixed with plain layers, with or without\n"
    "`batch_normalize`. The weight of the KL term in batch t, counted from 1, is\n"
    "\n"
    "    w(t) = kl_scale * clamp((t - kl_start) / kl_ramp, 0, 1)\n"
    "\n"
    "## How a cfg is checked\n"
    "\n"
    "* A value that is not a number, is out of range, or names a layer or file that does not exist is an error:\n"
    "  one line names the file, the section and the value, and the exit status is 1.\n"
    "* An unknown key is a warning that names the nearest key. So is a key that is given twice: the first value is\n"
    "  used. With `-strict`, and in the plugin's sections, both are errors.\n"
    "* A key of another Darknet that is not built here is an error when it would change shapes or numbers, and\n"
    "  ignored when it would not: see [keys of other Darknets](#keys-of-other-darknets).\n"
    "* A `#` or `;` after a value begins a comment. In a path it does so only after a blank. Paths may have\n"
    "  blanks inside.\n"
    "* `darknet vd export` writes a cfg without the plugin's keys and sections, and without the keys of training.\n";

static void print_rows(FILE *fp, const vd_key *keys, int with_stock, int with_others)
{
    fputs("\n| key | type | default | meaning |\n|---|---|---|---|\n", fp);
    for (const vd_key *k = keys; k->name; ++k) {
        int is_stock = k->owner == VD_STOCK || k->owner == VD_NOBODY;
        if (!(is_stock ? with_stock : with_others)) continue;
        char *type = type_text(k);
        fprintf(fp, "| `%s` | %s | %s | %s |\n", k->name, type, default_text(k), k->help);
        free(type);
    }
}

static void print_heading(FILE *fp, const vd_cfg_section *first)
{
    fputs("\n### ", fp);
    for (const vd_cfg_section *c = first; c->name; ++c)
        if (c->keys == first->keys) fprintf(fp, "%s%s", c == first ? "" : ", ", c->name);
    fputs("\n\n", fp);
    print_titles(fp, first, "* ");
}

static void print_sections(FILE *fp, int plugin)
{
    for (const vd_cfg_section *c = vd_cfg_sections + 1; c->name; ++c) {
        if ((c->kind != VD_PLAIN) != plugin || is_told(c)) continue;
        print_heading(fp, c);
        if (is_empty(c->keys)) fputs("\nNo keys of their own.\n", fp);
        else print_rows(fp, c->keys, 1, 1);
    }
}

static const char *foreign_place(const vd_foreign_key *k)
{
    return *k->section ? k->section : "every layer";
}

static void print_foreign(FILE *fp)
{
    fputs("\n## Keys of other Darknets\n\n"
          "AlexeyAB's and later Darknets have more sections and keys than are built here. A key with a value that "
          "would change\n"
          "shapes or numbers is an error, one that changes trainings alone when a training begins. Values in the third "
          "column\n"
          "change nothing.\n"
          "\n| section | key | accepted | it would change |\n|---|---|---|---|\n",
          fp);
    for (const vd_foreign_key *k = vd_foreign_keys; k->name; ++k) {
        if (!k->effect) continue;
        fprintf(fp, "| %s | `%s` | %s | %s%s |\n", foreign_place(k), k->name, k->harmless ? k->harmless : "none",
                k->training ? "in training: " : "", k->effect);
    }
    fputs("\nSections that are errors:\n\n", fp);
    for (const vd_foreign_name *s = vd_foreign_sections; s->name; ++s) fprintf(fp, "* %s: %s\n", s->name, s->effect);
    fputs("\nActivations that are errors:", fp);
    for (const vd_foreign_name *a = vd_foreign_activations; a->name; ++a)
        fprintf(fp, "%s `%s`", a == vd_foreign_activations ? "" : ",", a->name);
    fputs(".\n\nIgnored, as they only draw, log or schedule, or belong to one of the above:\n\n", fp);
    for (const vd_foreign_key *k = vd_foreign_keys; k->name; ++k)
        if (!k->effect) fprintf(fp, "* %s: `%s`\n", foreign_place(k), k->name);
}

static void print_markdown(FILE *fp)
{
    fputs(introduction, fp);
    fputs("\n## The plugin's keys\n", fp);
    print_sections(fp, 1);
    fputs("\n### Additions to [net]\n", fp);
    print_rows(fp, vd_cfg_sections[0].keys, 0, 1);
    fputs("\n`channels=1` (grey pictures) works in every loader, and `adam=1` on the CPU.\n", fp);
    fputs("\n### Additions to .data files\n", fp);
    print_rows(fp, vd_data_keys, 0, 1);
    fputs("\n## Darknet's keys\n\n", fp);
    print_lists(fp);
    print_heading(fp, vd_cfg_sections);
    print_rows(fp, vd_cfg_sections[0].keys, 1, 0);
    fputs("\n### Every layer\n", fp);
    print_rows(fp, vd_every_layer_keys, 1, 1);
    print_sections(fp, 0);
    fputs("\n## Keys of a .data file\n", fp);
    print_rows(fp, vd_data_keys, 1, 0);
    print_foreign(fp);
}

int vd_keys_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    void (*print)(FILE * fp) = 0;
    for (int i = 1; i < argc; ++i) {
        int json = !strcmp(argv[i], "-json"), markdown = !strcmp(argv[i], "-markdown");
        if ((json || markdown) && print && print != (json ? print_json : print_markdown))
            vd_die("darknet vd keys: -json or -markdown, not both");
        if (json) print = print_json;
        else if (markdown) print = print_markdown;
        else if (argv[i][0] == '-') vd_die("darknet vd keys: unknown option %s", argv[i]);
        else vd_die("darknet vd keys: unexpected argument %s", argv[i]);
    }
    (print ? print : print_plain)(stdout);
    return 0;
}
