#include "config/schema.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "activations.h"
#include "option_list.h"

/* NUMBERS, INTEGERS and LAYERS are lists with commas; layers are counted from 0, or backwards with a minus */
typedef enum { WORD, INPUT_FILE, INTEGER, NUMBER, NUMBERS, INTEGERS, LAYERS, ACTIVATION_NAME, POLICY } kind;

typedef struct {
    const char *name;
    kind kind;
    double min, max;
} key;

typedef struct {
    const char *names[4];
    const key *keys;
    int needs_layer; /* must not be the first */
} section;

#define FLAG INTEGER, 0, 1
#define COUNT(most) INTEGER, 1, most
#define SIZE(most) INTEGER, 0, most
#define REAL NUMBER, -FLT_MAX, FLT_MAX
#define POSITIVE NUMBER, 0, FLT_MAX

enum { MOST_PIXELS = 1 << 16, MOST_CHANNELS = 1 << 20, MOST_UNITS = 1 << 24, MOST_WINDOW = 1 << 12 };

static const key net_keys[] = {{"batch", COUNT(1 << 20)},
                               {"subdivisions", COUNT(1 << 20)},
                               {"learning_rate", POSITIVE},
                               {"momentum", NUMBER, 0, 1},
                               {"decay", POSITIVE},
                               {"time_steps", COUNT(1 << 20)},
                               {"notruth", FLAG},
                               {"random", FLAG},
                               {"adam", FLAG},
                               {"B1", NUMBER, 0, 1},
                               {"B2", NUMBER, 0, 1},
                               {"eps", POSITIVE},
                               {"height", SIZE(MOST_PIXELS)},
                               {"width", SIZE(MOST_PIXELS)},
                               {"channels", SIZE(MOST_CHANNELS)},
                               {"inputs", SIZE(INT_MAX)},
                               {"max_crop", SIZE(MOST_PIXELS)},
                               {"min_crop", SIZE(MOST_PIXELS)},
                               {"max_ratio", POSITIVE},
                               {"min_ratio", POSITIVE},
                               {"center", FLAG},
                               {"clip", REAL},
                               {"flip", FLAG},
                               {"angle", REAL},
                               {"aspect", POSITIVE},
                               {"saturation", POSITIVE},
                               {"exposure", POSITIVE},
                               {"hue", REAL},
                               {"policy", POLICY, 0, 0},
                               {"burn_in", SIZE(INT_MAX)},
                               {"power", REAL},
                               {"step", COUNT(INT_MAX)},
                               {"scale", REAL},
                               {"steps", INTEGERS, INT_MIN, INT_MAX},
                               {"scales", NUMBERS, -FLT_MAX, FLT_MAX},
                               {"gamma", REAL},
                               {"max_batches", SIZE(INT_MAX)},
                               {"seed", WORD, 0, 0},
                               {"checkpoint", SIZE(INT_MAX)},
                               {"checkpoint_minutes", SIZE(INT_MAX)},
                               {"checkpoint_keep", COUNT(INT_MAX)},
                               {"nan_guard", FLAG},
                               {"hidden", WORD, 0, 0}, /* stands in stock cfgs and means nothing */
                               {0}};

/* the parser reads these in every layer */
static const key any_layer_keys[] = {{"truth", FLAG},          {"onlyforward", FLAG},
                                     {"stopbackward", FLAG},   {"dontsave", FLAG},
                                     {"dontload", FLAG},       {"numload", SIZE(INT_MAX)},
                                     {"dontloadscales", FLAG}, {"learning_rate", POSITIVE},
                                     {"smooth", POSITIVE},     {0}};

static const key convolutional_keys[] = {{"filters", COUNT(MOST_CHANNELS)},
                                         {"size", COUNT(MOST_WINDOW)},
                                         {"stride", COUNT(MOST_WINDOW)},
                                         {"pad", SIZE(MOST_WINDOW)},
                                         {"padding", SIZE(MOST_WINDOW)},
                                         {"groups", COUNT(MOST_CHANNELS)},
                                         {"activation", ACTIVATION_NAME, 0, 0},
                                         {"batch_normalize", FLAG},
                                         {"binary", FLAG},
                                         {"xnor", FLAG},
                                         {"flipped", FLAG},
                                         {"dot", REAL},
                                         {0}};
static const key connected_keys[] = {
    {"output", COUNT(MOST_UNITS)}, {"activation", ACTIVATION_NAME, 0, 0}, {"batch_normalize", FLAG}, {0}};
static const key local_keys[] = {{"filters", COUNT(MOST_CHANNELS)},     {"size", COUNT(MOST_WINDOW)},
                                 {"stride", COUNT(MOST_WINDOW)},        {"pad", SIZE(MOST_WINDOW)},
                                 {"activation", ACTIVATION_NAME, 0, 0}, {0}};
static const key deconvolutional_keys[] = {{"filters", COUNT(MOST_CHANNELS)}, {"size", COUNT(MOST_WINDOW)},
                                           {"stride", COUNT(MOST_WINDOW)},    {"pad", SIZE(MOST_WINDOW)},
                                           {"padding", SIZE(MOST_WINDOW)},    {"activation", ACTIVATION_NAME, 0, 0},
                                           {"batch_normalize", FLAG},         {0}};
static const key crnn_keys[] = {{"output_filters", COUNT(MOST_CHANNELS)},
                                {"hidden_filters", COUNT(MOST_CHANNELS)},
                                {"activation", ACTIVATION_NAME, 0, 0},
                                {"batch_normalize", FLAG},
                                {"shortcut", FLAG},
                                {0}};
static const key rnn_keys[] = {{"output", COUNT(MOST_UNITS)},
                               {"hidden", WORD, 0, 0},
                               {"activation", ACTIVATION_NAME, 0, 0},
                               {"batch_normalize", FLAG},
                               {"shortcut", FLAG},
                               {"tanh", FLAG},
                               {"logistic", WORD, 0, 0},
                               {0}};
static const key maxpool_keys[] = {
    {"size", COUNT(MOST_WINDOW)}, {"stride", COUNT(MOST_WINDOW)}, {"padding", SIZE(MOST_WINDOW)}, {0}};
static const key dropout_keys[] = {{"probability", NUMBER, 0, 1}, {0}};
static const key normalization_keys[] = {
    {"alpha", REAL}, {"beta", REAL}, {"kappa", REAL}, {"size", COUNT(MOST_WINDOW)}, {0}};
static const key softmax_keys[] = {{"groups", COUNT(MOST_UNITS)},
                                   {"temperature", NUMBER, FLT_MIN, FLT_MAX},
                                   {"tree", INPUT_FILE, 0, 0},
                                   {"spatial", REAL},
                                   {"noloss", FLAG},
                                   {0}};
static const key cost_keys[] = {{"type", WORD, 0, 0}, {"scale", REAL},  {"ratio", REAL},
                                {"noobj", REAL},      {"thresh", REAL}, {0}};
static const key route_keys[] = {{"layers", LAYERS, 0, 0}, {0}};
static const key shortcut_keys[] = {
    {"from", LAYERS, 0, 0}, {"activation", ACTIVATION_NAME, 0, 0}, {"alpha", REAL}, {"beta", REAL}, {0}};
static const key activation_keys[] = {{"activation", ACTIVATION_NAME, 0, 0}, {0}};
static const key upsample_keys[] = {{"stride", INTEGER, -64, 64}, {"scale", REAL}, {0}};
static const key reorg_keys[] = {
    {"stride", COUNT(MOST_WINDOW)}, {"reverse", FLAG}, {"flatten", FLAG}, {"extra", SIZE(INT_MAX)}, {0}};
static const key crop_keys[] = {{"crop_height", COUNT(MOST_PIXELS)},
                                {"crop_width", COUNT(MOST_PIXELS)},
                                {"flip", FLAG},
                                {"angle", REAL},
                                {"saturation", POSITIVE},
                                {"exposure", POSITIVE},
                                {"noadjust", FLAG},
                                {"shift", REAL},
                                {0}};
static const key yolo_keys[] = {{"classes", COUNT(MOST_CHANNELS)},
                                {"num", COUNT(1024)},
                                {"mask", INTEGERS, 0, 1023},
                                {"max", COUNT(MOST_CHANNELS)},
                                {"jitter", NUMBER, 0, 1},
                                {"ignore_thresh", REAL},
                                {"truth_thresh", REAL},
                                {"random", FLAG},
                                {"map", INPUT_FILE, 0, 0},
                                {"anchors", NUMBERS, 0, FLT_MAX},
                                {0}};
static const key region_keys[] = {{"coords", COUNT(1024)},
                                  {"classes", COUNT(MOST_CHANNELS)},
                                  {"num", COUNT(1024)},
                                  {"log", FLAG},
                                  {"sqrt", FLAG},
                                  {"softmax", FLAG},
                                  {"background", FLAG},
                                  {"max", COUNT(MOST_CHANNELS)},
                                  {"jitter", NUMBER, 0, 1},
                                  {"rescore", FLAG},
                                  {"thresh", REAL},
                                  {"classfix", INTEGER, -1, 1},
                                  {"absolute", FLAG},
                                  {"random", FLAG},
                                  {"coord_scale", REAL},
                                  {"object_scale", REAL},
                                  {"noobject_scale", REAL},
                                  {"mask_scale", REAL},
                                  {"class_scale", REAL},
                                  {"bias_match", FLAG},
                                  {"tree", INPUT_FILE, 0, 0},
                                  {"map", INPUT_FILE, 0, 0},
                                  {"anchors", NUMBERS, 0, FLT_MAX},
                                  {0}};
static const key detection_keys[] = {{"coords", COUNT(1024)},
                                     {"classes", COUNT(MOST_CHANNELS)},
                                     {"rescore", FLAG},
                                     {"num", COUNT(1024)},
                                     {"side", COUNT(1024)},
                                     {"softmax", FLAG},
                                     {"sqrt", FLAG},
                                     {"max", COUNT(MOST_CHANNELS)},
                                     {"coord_scale", REAL},
                                     {"forced", FLAG},
                                     {"object_scale", REAL},
                                     {"noobject_scale", REAL},
                                     {"class_scale", REAL},
                                     {"jitter", NUMBER, 0, 1},
                                     {"random", FLAG},
                                     {"reorg", FLAG},
                                     {0}};
static const key iseg_keys[] = {{"classes", COUNT(MOST_CHANNELS)}, {"ids", COUNT(MOST_CHANNELS)}, {0}};
static const key no_keys[] = {{0}};

static const section sections[] = {
    {{"[net]", "[network]"}, net_keys, 0},
    {{"[conv]", "[convolutional]", "[vd_conv]", "[vd_convolutional]"}, convolutional_keys, 0},
    {{"[conn]", "[connected]", "[vd_conn]", "[vd_connected]"}, connected_keys, 0},
    {{"[local]"}, local_keys, 0},
    {{"[deconv]", "[deconvolutional]"}, deconvolutional_keys, 0},
    {{"[crnn]"}, crnn_keys, 0},
    {{"[rnn]", "[gru]", "[lstm]"}, rnn_keys, 0},
    {{"[max]", "[maxpool]"}, maxpool_keys, 0},
    {{"[dropout]"}, dropout_keys, 1},
    {{"[lrn]", "[normalization]"}, normalization_keys, 0},
    {{"[soft]", "[softmax]"}, softmax_keys, 0},
    {{"[cost]"}, cost_keys, 1},
    {{"[route]"}, route_keys, 1},
    {{"[shortcut]"}, shortcut_keys, 1},
    {{"[activation]"}, activation_keys, 0},
    {{"[upsample]"}, upsample_keys, 0},
    {{"[reorg]"}, reorg_keys, 0},
    {{"[crop]"}, crop_keys, 0},
    {{"[yolo]"}, yolo_keys, 1},
    {{"[region]"}, region_keys, 1},
    {{"[detection]"}, detection_keys, 1},
    {{"[iseg]"}, iseg_keys, 1},
    {{"[avg]", "[avgpool]", "[batchnorm]", "[logistic]"}, no_keys, 0},
    {{"[l2norm]", "[vd_cost]"}, no_keys, 0},
};

static const key data_keys[] = {{"classes", COUNT(MOST_CHANNELS)},
                                {"top", COUNT(MOST_CHANNELS)},
                                {"shuffle", FLAG},
                                {"tag", FLAG},
                                {"backup", WORD, 0, 0},
                                {"eval", WORD, 0, 0},
                                {"labels", WORD, 0, 0},
                                {"leaves", WORD, 0, 0},
                                {"map", INPUT_FILE, 0, 0},
                                {"names", WORD, 0, 0},
                                {"results", WORD, 0, 0},
                                {"test", WORD, 0, 0},
                                {"train", WORD, 0, 0},
                                {"tree", INPUT_FILE, 0, 0},
                                {"valid", WORD, 0, 0},
                                {0}};

static int strict;

void vd_schema_strict(void)
{
    strict = 1;
}

int vd_schema_is_strict(void)
{
    return strict;
}

static const section *section_of(const char *type)
{
    for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); ++i)
        for (int n = 0; n < 4 && sections[i].names[n]; ++n)
            if (!strcmp(type, sections[i].names[n])) return sections + i;
    return 0;
}

/* ---- values ---- */

/* call check for each part of a list, with the place where it stands; an empty part is no number */
static void check_list(vd_section s, const key *k, const char *text)
{
    char *copy = vd_format("%s,", text), *part = copy;
    for (char *comma; (comma = strchr(part, ',')); part = comma + 1) {
        double value;
        long integer;
        *comma = '\0';
        if (!*part && !comma[1]) break; /* stock cfgs end lists with a comma, too */
        if (!vd_parse_double(part, &value)) vd_section_die(s, "%s=%s: '%s' is not a number", k->name, text, part);
        if (k->kind != NUMBERS && !vd_parse_long(part, &integer))
            vd_section_die(s, "%s=%s: '%s' is not an integer", k->name, text, part);
        if (value < k->min || value > k->max)
            vd_section_die(s, "%s=%s: %s is not between %g and %g", k->name, text, part, k->min, k->max);
    }
    free(copy);
}

static void check_layers(vd_section s, const key *k, const char *text)
{
    key any = {k->name, LAYERS, -s.index, s.index - 1};
    check_list(s, &any, text);
}

static void check_activation(vd_section s, const char *text)
{
    for (ACTIVATION a = LOGISTIC; a <= SELU; ++a)
        if (!strcmp(text, get_activation_string(a))) return;
    vd_section_die(s, "activation=%s is not known", text);
}

static void check_policy(vd_section s, const char *text)
{
    static const char *const policies[] = {"constant", "step", "steps", "exp", "poly", "sigmoid", "random"};
    for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); ++i)
        if (!strcmp(text, policies[i])) return;
    vd_section_die(s, "policy=%s is not known: constant, step, steps, exp, poly, sigmoid or random", text);
}

static void check_value(vd_section s, const key *k)
{
    const char *text = option_find(s.options, (char *)k->name);
    if (!text) return;
    switch (k->kind) {
    case WORD:
        break;
    case INPUT_FILE:
        if (access(text, R_OK)) vd_section_die(s, "%s=%s: %s", k->name, text, strerror(errno));
        break;
    case INTEGER:
        vd_option_integer(s, k->name, 0, (long)k->min, (long)k->max);
        break;
    case NUMBER:
        vd_option_number(s, k->name, 0, k->min, k->max);
        break;
    case NUMBERS:
    case INTEGERS:
        check_list(s, k, text);
        break;
    case LAYERS:
        check_layers(s, k, text);
        break;
    case ACTIVATION_NAME:
        check_activation(s, text);
        break;
    case POLICY:
        check_policy(s, text);
        break;
    }
}

/* ---- keys ---- */

/* edits that make one word of the other (Levenshtein 1965), capitals or not; words are short */
static int distance(const char *a, const char *b)
{
    enum { MOST = 32 };
    size_t n = strlen(a), m = strlen(b);
    int row[MOST + 1];
    if (n > MOST || m > MOST) return MOST;
    for (size_t j = 0; j <= m; ++j) row[j] = (int)j;
    for (size_t i = 1; i <= n; ++i) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; ++j) {
            int change = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1])),
                shorter = row[j] < row[j - 1] ? row[j] : row[j - 1];
            diagonal = row[j];
            row[j] = change < shorter + 1 ? change : shorter + 1;
        }
    }
    return row[m];
}

/* the key of a list, null when it is not there; *near is the one that looks most like it */
static const key *find_key(const key *keys, const char *name, const key **near)
{
    for (; keys->name; ++keys) {
        if (!strcmp(keys->name, name)) return keys;
        if (near && (!*near || distance(keys->name, name) < distance((*near)->name, name))) *near = keys;
    }
    return 0;
}

__attribute__((format(printf, 2, 3))) static void complain(vd_section s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = vd_vformat(fmt, args);
    va_end(args);
    if (strict) vd_section_die(s, "%s", message);
    vd_section_warn(s, message);
    free(message);
}

/* 1 when the key stands in front of this place too */
static int is_repeated(list *options, const node *at, const char *name)
{
    for (node *n = options->front; n != at; n = n->next)
        if (!strcmp(((kvp *)n->val)->key, name)) return 1;
    return 0;
}

static void check_names(vd_section s, const key *keys, const key *more)
{
    for (node *n = s.options->front; n; n = n->next) {
        kvp *p = n->val;
        const key *near = 0;
        if (find_key(keys, p->key, &near) || (more && find_key(more, p->key, &near))) {
            if (is_repeated(s.options, n, p->key)) complain(s, "%s is given twice: the first counts", p->key);
        } else if (near && distance(near->name, p->key) <= 2) {
            complain(s, "%s is not a key here; %s is", p->key, near->name);
        } else {
            complain(s, "%s is not a key here", p->key);
        }
        p->used = 1; /* Darknet has nothing to add */
    }
}

static void check_values(vd_section s, const key *keys)
{
    for (; keys->name; ++keys) check_value(s, keys);
}

/* ---- what fits together ---- */

static int length_of(vd_section s, const char *name)
{
    const char *text = option_find(s.options, (char *)name);
    int n = text != 0;
    for (; text && *text; ++text) n += *text == ',' && text[1];
    return n;
}

static void check_steps(vd_section s)
{
    const char *policy = option_find(s.options, "policy");
    int steps = length_of(s, "steps"), scales = length_of(s, "scales");
    if (policy && !strcmp(policy, "steps") && (steps != scales || !steps))
        vd_section_die(s, "policy=steps with %d steps and %d scales", steps, scales);
}

static long whole(vd_section s, const char *name, long def)
{
    return vd_option_integer(s, name, def, LONG_MIN, LONG_MAX);
}

/* the outputs of the layer before are the numbers a head reads */
static void check_head(vd_section s, layer before, long numbers)
{
    long cells = (long)before.out_w * before.out_h;
    if (before.outputs != numbers * cells)
        vd_section_die(s, "reads %ld numbers a cell, the layer before has %d filters", numbers, before.out_c);
}

static void check_anchors(vd_section s)
{
    long num = whole(s, "num", 1), anchors = length_of(s, "anchors");
    if (anchors && anchors != 2 * num)
        vd_section_die(s, "anchors has %ld numbers, num=%ld needs %ld", anchors, num, 2 * num);
}

static void check_yolo(vd_section s, layer before)
{
    long num = whole(s, "num", 1), n = length_of(s, "mask");
    const char *mask = option_find(s.options, "mask");
    key below_num = {"mask", INTEGERS, 0, (double)num - 1};
    if (mask) check_list(s, &below_num, mask);
    check_anchors(s);
    check_head(s, before, (mask ? n : num) * (whole(s, "classes", 20) + 4 + 1));
}

static void check_region(vd_section s, layer before)
{
    check_anchors(s);
    check_head(s, before, whole(s, "num", 1) * (whole(s, "classes", 20) + whole(s, "coords", 4) + 1));
}

static void check_detection(vd_section s, layer before)
{
    long side = whole(s, "side", 7), boxes = whole(s, "num", 1) * (1 + whole(s, "coords", 1));
    long numbers = side * side * (boxes + whole(s, "classes", 1));
    if (before.outputs != numbers)
        vd_section_die(s, "reads %ld numbers, the layer before has %d", numbers, before.outputs);
}

/* stock Darknet adds images of different sizes when one is a whole multiple of the other */
static void check_shortcut(vd_section s, const network *net)
{
    if (!vd_option_given(s, "from")) vd_section_die(s, "from, the layer to add, is missing");
    long from = whole(s, "from", 0);
    layer a = net->layers[from < 0 ? s.index + from : from], b = net->layers[s.index - 1];
    if (!a.out_w || !a.out_h || !b.out_w || !b.out_h || a.out_w / b.out_w != a.out_h / b.out_h ||
        b.out_w / a.out_w != b.out_h / a.out_h)
        vd_section_die(s, "from=%ld is %dx%d, the layer before is %dx%d", from, a.out_w, a.out_h, b.out_w, b.out_h);
}

static int is(vd_section s, const char *type)
{
    return !strcmp(s.type, type);
}

/* the section's name that looks most like this one */
static const char *nearest_section(const char *type)
{
    const char *near = sections[0].names[0];
    for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); ++i)
        for (int n = 0; n < 4 && sections[i].names[n]; ++n)
            if (distance(sections[i].names[n], type) < distance(near, type)) near = sections[i].names[n];
    return near;
}

void vd_schema_check(vd_section s, const network *net)
{
    const section *known = section_of(s.type);
    if (!known) vd_section_die(s, "not a known section; %s is", nearest_section(s.type));
    vd_options_have_values(s);
    if (strncmp(s.type, "[vd_", 4)) check_names(s, known->keys, s.index < 0 ? 0 : any_layer_keys);
    if (known->needs_layer && s.index == 0) vd_section_die(s, "stands first: it needs a layer before it");
    check_values(s, known->keys);
    if (s.index < 0) {
        check_steps(s);
        return;
    }
    check_values(s, any_layer_keys);
    if (is(s, "[yolo]")) check_yolo(s, net->layers[s.index - 1]);
    if (is(s, "[region]")) check_region(s, net->layers[s.index - 1]);
    if (is(s, "[detection]")) check_detection(s, net->layers[s.index - 1]);
    if (is(s, "[shortcut]")) check_shortcut(s, net);
    if (is(s, "[route]") && !vd_option_given(s, "layers")) vd_section_die(s, "layers, those to join, is missing");
}

void vd_schema_check_data(const char *filename, list *options)
{
    vd_section s = {filename, 0, -1, options};
    if (!options->size) vd_section_die(s, "empty: key=value lines are expected, classes=, train=, valid= and others");
    vd_options_have_values(s);
    check_names(s, data_keys, 0);
    check_values(s, data_keys);
}
