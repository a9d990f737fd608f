/* The table of keys (config/keys.h) against what reads and writes keys: Darknet's parser and commands, the plugin, the
 * exporter, `darknet vd keys` and docs/cfg.md. Runs in the repository's folder and reads the sources there. */
#include "support/support.h"
#include "base/text.h"
#include "config/keys.h"
#include "export/cfg_text.h"

#include <dirent.h>
#include <float.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* ---- reads of keys in source text ---- */

typedef struct {
    char *function;  /* that the read stands in */
    char *key, *def; /* def is source text, empty when there is none */
} read_of_key;

static int starts_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

static char *copy_of(const char *from, size_t n)
{
    return vd_format("%.*s", (int)n, from);
}

/* the name of the function a line starts, null when it starts none */
static char *function_of(const char *line)
{
    size_t n = strcspn(line, "(\n"), first = n;
    if (line[n] != '(' || strchr(" \t}#/", line[0])) return 0;
    while (first && !strchr(" *", line[first - 1])) --first;
    return copy_of(line + first, n - first);
}

/* the third argument of a call, from the comma before it on */
static char *default_of(const char *at)
{
    int depth = 0;
    size_t n = 0;
    at += strspn(at, " ");
    if (*at != ',') return copy_of("", 0);
    at += 1 + strspn(at + 1, " ");
    for (; depth || at[n] != ')'; ++n) depth += (at[n] == '(') - (at[n] == ')');
    return copy_of(at, n);
}

/* the next call of `name...(ANYTHING, "key"` in a line, its key and default in *r; null when there is none */
static const char *next_read(const char *line, const char *name, read_of_key *r)
{
    const char *end = line + strcspn(line, "\n"), *comment = strstr(line, "//");
    if (comment && comment < end) end = comment;
    while ((line = strstr(line, name)) && line < end) {
        line += strlen(name);
        const char *arguments = line + strcspn(line, "(\n");
        const char *key = arguments + strcspn(arguments, ",\n");
        key += strspn(key, ", ");
        if (*key != '"' || key >= end) continue;
        size_t n = strcspn(++key, "\"");
        r->key = copy_of(key, n);
        r->def = default_of(key + n + 1);
        return key;
    }
    return 0;
}

/* call f with every read in the files of a pattern; returns their number */
static int each_read(const char *pattern, const char *name, void (*f)(read_of_key r, void *context), void *context)
{
    glob_t files;
    int reads = 0;
    ck_assert_msg(!glob(pattern, 0, 0, &files), "%s: no such file", pattern);
    for (size_t i = 0; i < files.gl_pathc; ++i) {
        size_t n;
        char *text = read_bytes(files.gl_pathv[i], &n), *function = copy_of("", 0);
        for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != 0) {
            char *started = function_of(line);
            if (started) free(function), function = started;
            read_of_key r = {function, 0, 0};
            for (const char *at = line; (at = next_read(at, name, &r)); ++reads) {
                f(r, context);
                free(r.key), free(r.def);
            }
        }
        free(function), free(text);
    }
    globfree(&files);
    return reads;
}

/* 1 when a default in C source is what the table has */
static int is_default(const char *source, const vd_key *k)
{
    char *end;
    double value = strtod(source, &end), def;
    size_t n = strlen(source);
    if (!n) return !k->def;
    if (source[0] == '"') return k->def && strlen(k->def) == n - 2 && !strncmp(k->def, source + 1, n - 2);
    if (*end) return k->computed != 0;
    if (k->def && vd_parse_double(k->def, &def)) return def == value;
    return !k->def && value == 0; /* a null string */
}

/* ---- the parser ---- */

enum { MOST_READ = 1024 };

typedef struct {
    const vd_key *read[MOST_READ];
    int n;
} reads;

static int is_read(const reads *all, const vd_key *k)
{
    for (int i = 0; i < all->n; ++i)
        if (all->read[i] == k) return 1;
    return 0;
}

/* the keys a function of parser.c reads from */
static const vd_key *keys_of_parser(const char *function)
{
    if (!strcmp(function, "parse_network_cfg")) return vd_every_layer_keys;
    if (!strcmp(function, "parse_net_options")) return vd_section_find("[net]")->keys;
    if (!starts_with(function, "parse_")) return 0;
    char *name = vd_format("[%s]", function + strlen("parse_"));
    const vd_cfg_section *c = vd_section_find(name);
    free(name);
    return c ? c->keys : 0;
}

static void note_parser_read(read_of_key r, void *context)
{
    reads *all = context;
    const vd_key *keys = keys_of_parser(r.function), *k = vd_key_find(keys, r.key);
    ck_assert_msg(keys != 0, "parser.c: %s() reads %s: the table has no such section", r.function, r.key);
    ck_assert_msg(k != 0, "parser.c: %s() reads %s, which is not in the table", r.function, r.key);
    ck_assert_msg(is_default(r.def, k), "parser.c: %s(): the default of %s is %s, and %s in the table", r.function,
                  r.key, r.def, k->def ? k->def : "none");
    ck_assert_int_lt(all->n, MOST_READ);
    all->read[all->n++] = k;
}

static void assert_all_read(const reads *all, const char *section, const vd_key *keys)
{
    for (const vd_key *k = keys; k->name; ++k) {
        int stock = k->owner == VD_STOCK || k->owner == VD_PATCH;
        ck_assert_msg(stock == is_read(all, k), "%s %s: %s", section, k->name,
                      stock ? "no function reads it" : "Darknet reads it, and the table has another owner");
    }
}

START_TEST(the_parser_reads_the_keys_of_the_table_with_their_defaults)
{
    reads all = {.n = 0};
    ck_assert_int_gt(each_read("build/darknet/src/parser.c", "option_find", note_parser_read, &all), 150);
    assert_all_read(&all, "every layer", vd_every_layer_keys);
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c)
        if (c->kind == VD_PLAIN) assert_all_read(&all, c->name, c->keys);
}
END_TEST

/* ---- .data files ---- */

typedef struct {
    reads all;
    const vd_key *with_default[MOST_READ]; /* those of a row whose default is the reader's */
    int n;
} data_reads;

static void note_data_read(read_of_key r, void *context)
{
    data_reads *d = context;
    const vd_key *k = vd_key_find(vd_data_keys, r.key);
    ck_assert_msg(k != 0, "%s() reads %s from a .data file, which is not in the table", r.function, r.key);
    ck_assert_msg(k->computed || (k->type != VD_INTEGER && k->type != VD_FLAG) || is_default(r.def, k),
                  "%s(): the default of %s is %s, and %s in the table", r.function, r.key, r.def, k->def);
    if (is_default(r.def, k)) d->with_default[d->n++] = k;
    d->all.read[d->all.n++] = k;
}

START_TEST(the_commands_read_the_keys_of_a_data_file)
{
    data_reads d = {.n = 0};
    ck_assert_int_gt(each_read("build/darknet/examples/*.c", "option_find", note_data_read, &d), 50);
    ck_assert_int_gt(each_read("build/darknet/src/option_list.c", "option_find", note_data_read, &d), 0);
    ck_assert_int_gt(each_read("darknet-vd/commands/*.c", "option_find", note_data_read, &d), 0);
    assert_all_read(&d.all, ".data", vd_data_keys);
    for (const vd_key *k = vd_data_keys; k->name; ++k) {
        int found = k->computed || k->owner == VD_PLUGIN || k->owner == VD_LATER; /* the table's, below */
        for (int i = 0; i < d.n; ++i) found |= d.with_default[i] == k;
        ck_assert_msg(found, "%s: no reader has the default %s", k->name, k->def ? k->def : "none");
    }
}
END_TEST

/* ---- the plugin ---- */

static int is_plugins(const vd_key *keys, const char *name)
{
    const vd_key *k = vd_key_find(keys, name);
    return k && k->owner == VD_PLUGIN;
}

typedef struct {
    char names[MOST_READ][32];
    int n;
} names;

static void note_plugin_read(read_of_key r, void *context)
{
    names *all = context;
    int known = vd_key_find(vd_every_layer_keys, r.key) || vd_key_find(vd_data_keys, r.key);
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c) known |= vd_key_find(c->keys, r.key) != 0;
    ck_assert_msg(known, "%s() reads %s, which is not in the table", r.function, r.key);
    ck_assert_int_lt(all->n, MOST_READ);
    snprintf(all->names[all->n++], sizeof(*all->names), "%s", r.key);
}

START_TEST(the_plugin_reads_the_keys_of_the_table)
{
    names all = {.n = 0};
    each_read("darknet-vd/*/*.c", "vd_key_integer", note_plugin_read, &all);
    each_read("darknet-vd/*/*.c", "vd_key_number", note_plugin_read, &all);
    each_read("darknet-vd/*/*.c", "vd_key_choice", note_plugin_read, &all);
    int through_table = all.n;
    each_read("darknet-vd/*/*.c", "vd_option_", note_plugin_read, &all);
    each_read("darknet-vd/config/shape.c", "integer", note_plugin_read, &all);
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c)
        for (const vd_key *k = c->keys; k->name; ++k) {
            int found = 0;
            int n = k->type == VD_TEXT ? all.n : through_table; /* bn_eps is given or not */
            for (int i = 0; i < n; ++i) found |= !strcmp(all.names[i], k->name);
            ck_assert_msg(found || k->owner != VD_PLUGIN, "%s %s: no vd_key_integer() or vd_key_number() reads it",
                          c->name, k->name);
        }
    for (const vd_key *k = vd_data_keys; k->name; ++k) {
        int found = k->owner != VD_PLUGIN && k->owner != VD_LATER;
        for (int i = 0; i < through_table; ++i) found |= !strcmp(all.names[i], k->name);
        ck_assert_msg(found, ".data %s: no vd_key_integer() reads it", k->name);
    }
}
END_TEST

/* ---- every row, checked by the program ---- */

/* a cfg whose last section but a few is c with a line in it */
static char *cfg_with(const vd_cfg_section *c, const char *line)
{
    static const struct {
        const char *section, *before, *keys; /* what the section needs to be valid */
    } needs[] = {
        {"[yolo]", "[convolutional]\nfilters=25\n", ""},
        {"[region]", "[convolutional]\nfilters=25\n", ""},
        {"[detection]", "[connected]\noutput=147\n", ""},
        {"[iseg]", "[convolutional]\nfilters=52\n", ""},
        {"[cost]", "[connected]\noutput=3\n", ""},
        {"[dropout]", "[connected]\noutput=3\n", ""},
        {"[route]", "[connected]\noutput=3\n", "layers=-1\n"},
        {"[shortcut]", "[convolutional]\n", "from=-1\n"},
        {"[scale_channels]", "[convolutional]\n[avgpool]\n", "from=0\n"},
        {"[sam]", "[convolutional]\n", "from=-1\n"},
        {"[vd_cost]", "[vd_connected]\n", "samples=9\n"},
    };
    const char *before = "", *keys = "";
    for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); ++i)
        if (!strcmp(c->name, needs[i].section)) before = needs[i].before, keys = needs[i].keys;
    char *key = vd_format("%.*s=", (int)strcspn(line, "="), line);
    if (starts_with(keys, key)) keys = ""; /* of two the first would count */
    free(key);
    if (!strcmp(c->name, "[net]")) return vd_format("[net]\n%sinputs=4\n[connected]\n", line);
    return vd_format("[net]\nwidth=8\nheight=8\nchannels=3\n%s%s\n%s%s", before, c->name, keys, line);
}

/* the last line `vd report` writes about a cfg, without weights; freed by the caller */
static char *said_of(const char *cfg)
{
    char *folder = make_folder(), *path = in_folder(folder, "c.cfg"), *none = in_folder(folder, "none");
    write_text(path, cfg);
    run_result r = darknet(1, "vd", "report", path, none, (char *)0);
    size_t n = strlen(r.err);
    while (n > 1 && r.err[n - 2] != '\n') --n;
    char *line = vd_format("%s", r.err + n - (n == 1));
    free_run(r);
    free(none), free(path);
    remove_folder(folder);
    return line;
}

static void assert_refused(const vd_cfg_section *c, const vd_key *k, const char *value, const char *message)
{
    char *line = vd_format("%s=%s\n", k->name, value), *cfg = cfg_with(c, line), *said = said_of(cfg);
    ck_assert_msg(strstr(said, message) && strstr(said, c->name) && strstr(said, k->name), "%s %s=%s: %s", c->name,
                  k->name, value, said);
    free(said), free(cfg), free(line);
}

static int number_of_sections(void)
{
    int n = 0;
    while (vd_cfg_sections[n].name) ++n;
    return n;
}

START_TEST(a_value_out_of_a_keys_range_is_refused)
{
    const vd_cfg_section *c = vd_cfg_sections + _i;
    for (const vd_key *k = c->keys; k->name; ++k) {
        int integers = k->type == VD_INTEGER || k->type == VD_FLAG || k->type == VD_INTEGERS,
            numbers = k->type == VD_NUMBER || k->type == VD_NUMBERS;
        if (k->type == VD_INTEGER || k->type == VD_FLAG) assert_refused(c, k, "abc", "abc is not an integer");
        else if (integers || numbers) assert_refused(c, k, "abc", "is not a number");
        if (integers && k->max < 1e15) {
            char *more = vd_format("%ld", vd_key_max(k) + 1), *less = vd_format("%ld", vd_key_min(k) - 1);
            assert_refused(c, k, more, "is not between");
            assert_refused(c, k, less, "is not between");
            free(more), free(less);
        }
        if (numbers && k->min > -FLT_MAX) {
            char *less = vd_format("%.9g", k->min - 1);
            assert_refused(c, k, less, "is not between");
            free(less);
        }
        if (numbers && k->max < FLT_MAX) {
            char *more = vd_format("%.9g", k->max * 2);
            assert_refused(c, k, more, "is not between");
            free(more);
        }
        if (k->type == VD_ACTIVATION || k->type == VD_POLICY) assert_refused(c, k, "abc", "is not known");
        if (k->type == VD_INPUT_FILE) assert_refused(c, k, "/nowhere", "No such file");
    }
}
END_TEST

/* ---- defaults of the plugin's keys ---- */

static const char plain_cfg[] = "[net]\nbatch=8\nheight=28\nwidth=28\nchannels=1\nmax_crop=28\nlearning_rate=.01\n"
                                "max_batches=6\nseed=1\n%s"
                                "[vd_convolutional]\nfilters=3\nsize=5\nstride=2\nactivation=relu\n%s"
                                "[vd_connected]\noutput=10\nactivation=linear\n%s"
                                "[softmax]\n[vd_cost]\nsamples=40\n%s";

/* what a training leaves: the names of its files, the weights, the report lines and `vd report` */
typedef struct {
    char *files, *weights, *lines, *report;
    size_t length;
} outcome;

static char *names_in(const char *folder)
{
    struct dirent **found;
    int n = scandir(folder, &found, 0, alphasort);
    char *all = copy_of("", 0);
    for (int i = 0; i < n; ++i) {
        char *longer = vd_format("%s%s\n", all, found[i]->d_name);
        free(all), free(found[i]);
        all = longer;
    }
    free(found);
    return all;
}

/* the lines that begin with "vd:" */
static char *report_lines(const char *err)
{
    char *all = copy_of("", 0);
    for (const char *at = err; (at = strstr(at, "vd: ")); ++at) {
        char *longer = vd_format("%s%.*s\n", all, (int)strcspn(at, "\n"), at);
        free(all);
        all = longer;
    }
    return all;
}

#define with_teacher "teacher=%s/t.cfg\nteacher_weights=%s/t.weights\n"

/* [net]'s keys with a teacher that draws from another seed, written to the folder; the caller's to free */
static char *give_teacher(const char *keys, const char *folder)
{
    if (strncmp(keys, with_teacher, strlen(with_teacher)) != 0) return copy_of(keys, 0);
    char *cfg = in_folder(folder, "t.cfg"), *weights = in_folder(folder, "t.weights");
    char *text = vd_format(plain_cfg, "seed=2\n", "", "", "");
    write_text(cfg, text);
    network *net = network_of(text, 0);
    save_weights(net, weights);
    free_network(net), free(text), free(weights), free(cfg);
    char *named = vd_format(with_teacher "%s", folder, folder, keys + strlen(with_teacher));
    return named;
}

static outcome train(const char *keys, const char *layer, const char *cost)
{
    char *folder = make_folder(), *path = in_folder(folder, "c.cfg"), *backup = in_folder(folder, "digits/backup"),
         *weights = in_folder(folder, "digits/backup/c.weights"), *data_file = in_folder(folder, "digits/digits.data"),
         *net = give_teacher(keys, folder), *cfg = vd_format(plain_cfg, net, layer, layer, cost);
    outcome o;
    draw_digits(folder, 40, 10);
    write_text(path, cfg);
    run_result r = darknet(0, "classifier", "train", data_file, path, (char *)0);
    o.lines = report_lines(r.err);
    free_run(r);
    o.files = names_in(backup);
    o.weights = read_bytes(weights, &o.length);
    ck_assert(o.weights != 0);
    r = darknet(0, "vd", "report", path, weights, (char *)0);
    o.report = vd_format("%s", r.out);
    free_run(r);
    free(cfg), free(net), free(data_file), free(weights), free(backup), free(path);
    remove_folder(folder);
    return o;
}

static void free_outcome(outcome o)
{
    free(o.files), free(o.weights), free(o.lines), free(o.report);
}

static void assert_same(outcome a, outcome b, const char *line)
{
    ck_assert_msg(!strcmp(a.files, b.files), "%s: %s, and without it %s", line, b.files, a.files);
    ck_assert_msg(!strcmp(a.lines, b.lines), "%s: %s, and without it %s", line, b.lines, a.lines);
    ck_assert_msg(!strcmp(a.report, b.report), "%s: %s, and without it %s", line, b.report, a.report);
    ck_assert_msg(a.length == b.length && !memcmp(a.weights, b.weights, a.length), "%s: other weights", line);
}

static const struct {
    const char *section, *key, *net, *layer, *cost; /* and what makes a wrong default visible */
} with_default[] = {
    {"[net]", "checkpoint", "", "", ""},
    {"[net]", "checkpoint_minutes", "", "", ""},
    {"[net]", "checkpoint_keep", "checkpoint=1\n", "", ""},
    {"[net]", "nan_guard", "", "", ""},
    {"[net]", "teacher_share", with_teacher, "", ""},
    {"[net]", "teacher_temperature", with_teacher, "", ""},
    {"[vd_connected]", "log_sigma2", "", "", ""},
    {"[vd_connected]", "threshold", "", "log_sigma2=0\n", ""},
    {"[vd_connected]", "train_clip", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "kl_scale", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "kl_start", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "kl_ramp", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "freeze_pruned", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "freeze_log_alpha", "", "log_sigma2=0\n", "freeze_pruned=1\n"},
    {"[vd_cost]", "target_sparsity", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "target_size", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "fine_tune", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "method", "", "log_sigma2=0\n", ""},
    {"[vd_cost]", "magnitude", "", "", "method=magnitude\ntarget_sparsity=.9\nprune_every=1\n"},
    {"[vd_cost]", "prune_start", "", "", "method=magnitude\ntarget_sparsity=.9\nprune_every=1\nprune_ramp=3\n"},
    {"[vd_cost]", "prune_every", "", "", "method=magnitude\ntarget_sparsity=.9\n"},
    {"[vd_cost]", "report", "", "log_sigma2=0\n", ""},
};

START_TEST(a_key_set_to_its_default_changes_nothing)
{
    const char *section = with_default[_i].section, *net = with_default[_i].net, *layer = with_default[_i].layer,
               *cost = with_default[_i].cost;
    const vd_key *k = vd_key_find(vd_section_find(section)->keys, with_default[_i].key);
    char *line = vd_format("%s=%s\n", k->name, k->def), *in_net = vd_format("%s%s", net, line),
         *in_layer = vd_format("%s%s", layer, line), *in_cost = vd_format("%s%s", cost, line);
    int is_net = !strcmp(section, "[net]"), is_cost = !strcmp(section, "[vd_cost]");
    outcome without = train(net, layer, cost),
            with = train(is_net ? in_net : net, is_net || is_cost ? layer : in_layer, is_cost ? in_cost : cost);
    assert_same(without, with, line);
    free_outcome(without), free_outcome(with);
    free(in_cost), free(in_layer), free(in_net), free(line);
}
END_TEST

START_TEST(every_default_of_the_plugin_is_tried)
{
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c)
        for (const vd_key *k = c->keys; k->name; ++k) {
            int found = 0;
            for (size_t i = 0; i < sizeof(with_default) / sizeof(*with_default); ++i)
                found |= !strcmp(with_default[i].key, k->name) &&
                         is_plugins(vd_section_find(with_default[i].section)->keys, k->name);
            ck_assert_msg(found || k->owner != VD_PLUGIN || !k->def, "%s %s", c->name, k->name);
        }
}
END_TEST

/* ---- the exporter ---- */

/* the keys a program reads that runs a network, of sections where others are of training or without effect */
static const struct {
    const char *section, *keys;
} exported[] = {
    {"[net]", " batch subdivisions time_steps height width channels inputs letter_box "},
    {"[convolutional]", " filters size stride pad padding groups activation batch_normalize "},
    {"[vd_convolutional]", " "},
    {"[vd_connected]", " "},
    {"[dropout]", " "},
    {"[softmax]", " groups temperature tree spatial "},
    {"[cost]", " "},
    {"[crop]", " crop_height crop_width noadjust "},
    {"[yolo]", " classes num mask map anchors "},
    {"[region]", " coords classes num softmax background thresh tree map anchors "},
    {"[detection]", " coords classes num side softmax sqrt "},
};

static int should_be_exported(const char *section, const vd_key *k)
{
    char *word = vd_format(" %s ", k->name);
    int found = k->owner != VD_PLUGIN && k->owner != VD_NOBODY;
    for (int i = 0; i < COUNT_OF(exported); ++i)
        if (!strcmp(exported[i].section, section)) found = strstr(exported[i].keys, word) != 0;
    free(word);
    /* a layer's section that has one follows other rules */
    return found || (k->owner == VD_LATER && strcmp(section, "[net]"));
}

START_TEST(exported_text_has_the_keys_that_a_reader_needs)
{
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c) {
        if (c->kind == VD_COST) continue;
        int is_net = c == vd_cfg_sections;
        for (const vd_key *k = c->keys; k->name; ++k) {
            char *text = vd_format("%s%s\n%s=1\n", is_net ? "" : "[net]\n", c->name, k->name),
                 *with = vd_format("%s%s\n%s=1\n", is_net ? "" : "[net]\n", vd_section_base(c->name), k->name),
                 *without = vd_format("%s%s\n", is_net ? "" : "[net]\n", vd_section_base(c->name)),
                 *text_out = vd_cfg_text_export(text, 0, 0);
            ck_assert_str_eq(text_out, should_be_exported(c->name, k) ? with : without);
            ck_assert_int_eq(vd_key_is_unexported(k), !should_be_exported(c->name, k));
            free(text), free(with), free(without), free(text_out);
        }
    }
    for (const vd_key *k = vd_every_layer_keys; k->name; ++k) ck_assert_msg(vd_key_is_unexported(k), "%s", k->name);
}
END_TEST

/* ---- the command ---- */

START_TEST(the_page_on_keys_is_the_tables)
{
    size_t n;
    run_result r = darknet(0, "vd", "keys", "-markdown", (char *)0);
    char *page = read_bytes("docs/cfg.md", &n);
    ck_assert_msg(page != 0 && !strcmp(page, r.out), "docs/cfg.md differs from the table of keys: run `make docs-cfg`");
    free(page);
    free_run(r);
}
END_TEST

/* what follows one JSON value, null when it is none */
static const char *after_json(const char *at)
{
    if (*at == '"') {
        for (++at; *at && *at != '"'; ++at) at += *at == '\\';
        return *at ? at + 1 : 0;
    }
    if (*at == '{' || *at == '[') {
        char end = *at == '{' ? '}' : ']';
        if (at[1] == end) return at + 2;
        do {
            if (end == '}') {
                if (at[1] != '"' || !(at = after_json(at + 1)) || *at != ':') return 0;
            }
            at = after_json(at + 1);
        } while (at && *at == ',');
        return at && *at == end ? at + 1 : 0;
    }
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; ++i)
        if (starts_with(at, words[i])) return at + strlen(words[i]);
    size_t digits = strspn(at + (*at == '-'), "0123456789");
    const char *first = at + (*at == '-');
    if (!digits || (digits > 1 && *first == '0')) return 0;
    at = first + digits;
    if (*at == '.') {
        digits = strspn(++at, "0123456789");
        if (!digits) return 0;
        at += digits;
    }
    if (*at == 'e') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        digits = strspn(at, "0123456789");
        if (!digits) return 0;
        at += digits;
    }
    return at;
}

START_TEST(json_has_every_section_and_key)
{
    run_result r = darknet(0, "vd", "keys", "-json", (char *)0);
    const char *end = after_json(r.out), *at = r.out;
    ck_assert_msg(end && !strcmp(end, "\n"), "not one JSON value: %.60s", end ? end : r.out);
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c) {
        char *section = vd_format("{\"name\":\"%s\"", c->name);
        at = strstr(at, section);
        ck_assert_msg(at != 0, "%s", section);
        free(section);
        for (const vd_key *k = c->keys; k->name; ++k) {
            char *key = vd_format("{\"name\":\"%s\",", k->name);
            at = strstr(at, key);
            ck_assert_msg(at != 0, "%s: %s", c->name, key);
            free(key);
        }
    }
    ck_assert(strstr(r.out, "{\"name\":\"threshold\",\"type\":\"number\",\"min\":-10000,\"max\":10000,\"default\":3,"));
    ck_assert(strstr(r.out, "{\"name\":\"samples\",\"type\":\"integer\",\"min\":1,\"max\":9223372036854775807,"
                            "\"default\":null,\"required\":true,"));
    free_run(r);
}
END_TEST

START_TEST(the_list_has_a_line_for_each_key)
{
    run_result r = darknet(0, "vd", "keys", (char *)0);
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c) {
        ck_assert_msg(strstr(r.out, c->name) != 0, "%s", c->name);
        for (const vd_key *k = c->keys; k->name; ++k) {
            char *key = vd_format("\n  %s ", k->name);
            ck_assert_msg(strstr(r.out, key) && strstr(r.out, k->help), "%s: %s", c->name, k->name);
            free(key);
        }
    }
    ck_assert(strstr(r.out, "Has every key of [connected], and these\n"));
    free_run(r);
}
END_TEST

START_TEST(wrong_arguments_are_named)
{
    static const struct {
        const char *argument, *message;
    } bad[] = {{"-yaml", "darknet vd keys: unknown option -yaml"}, {"net", "darknet vd keys: unexpected argument net"}};
    for (int i = 0; i < 2; ++i) {
        run_result r = darknet(1, "vd", "keys", bad[i].argument, (char *)0);
        ck_assert_msg(strstr(r.err, bad[i].message) != 0, "%s", r.err);
        ck_assert_str_eq(r.out, "");
        free_run(r);
    }
    run_result both = darknet(1, "vd", "keys", "-json", "-markdown", (char *)0),
               help = darknet(0, "vd", "keys", "-h", (char *)0);
    ck_assert(strstr(both.err, "not both"));
    ck_assert(strstr(help.out, "usage: darknet vd keys"));
    free_run(both), free_run(help);
}
END_TEST

/* ---- the table itself ---- */

/* a default is a value the key may have, and JSON can hold it; a key stands once in what a section may have */
START_TEST(rows_are_sound)
{
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c) {
        ck_assert_ptr_eq(vd_section_find(c->name), c);
        if (c->alias) ck_assert_ptr_eq(vd_section_find(c->alias), c);
        for (const vd_key *k = c->keys; k->name; ++k) {
            double value = 0;
            int is_number = k->type == VD_INTEGER || k->type == VD_NUMBER || k->type == VD_FLAG;
            ck_assert_msg(vd_key_find(c->keys, k->name) == k, "%s %s stands twice", c->name, k->name);
            ck_assert_msg(!vd_key_find(c->base_keys, k->name), "%s %s is a key of %s", c->name, k->name, c->base);
            ck_assert_msg(k->help && *k->help && !strpbrk(k->help, "\n|"), "%s %s: help", c->name, k->name);
            ck_assert_msg(!(k->def && (k->computed || k->required)), "%s %s: two defaults", c->name, k->name);
            if (!is_number) continue;
            ck_assert_msg(k->def || k->computed || k->required, "%s %s: no default", c->name, k->name);
            ck_assert_msg(k->type != VD_FLAG || (k->min == 0 && k->max == 1), "%s %s: flag", c->name, k->name);
            if (!k->def) continue;
            ck_assert_msg(vd_parse_double(k->def, &value) && value >= k->min && value <= k->max, "%s %s: default %s",
                          c->name, k->name, k->def);
        }
    }
}
END_TEST

SUITE_OF(keys)
{
    TEST(rows_are_sound);
    TEST(the_parser_reads_the_keys_of_the_table_with_their_defaults);
    TEST(the_commands_read_the_keys_of_a_data_file);
    TEST(the_plugin_reads_the_keys_of_the_table);
    LOOP(a_value_out_of_a_keys_range_is_refused, number_of_sections());
    LOOP(a_key_set_to_its_default_changes_nothing, COUNT_OF(with_default));
    TEST(every_default_of_the_plugin_is_tried);
    TEST(exported_text_has_the_keys_that_a_reader_needs);
    TEST(the_page_on_keys_is_the_tables);
    TEST(json_has_every_section_and_key);
    TEST(the_list_has_a_line_for_each_key);
    TEST(wrong_arguments_are_named);
}
