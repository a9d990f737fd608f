#include "commands/split.h"
#include "commands/words.h"
#include "data/text_files.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"
#include "option_list.h"

static const char usage[] =
    "usage: darknet vd split DATA N [OUT.data] [-seed S]\n"
    "  holds N of DATA's training pictures out: OUT.data is DATA with train=OUT.train, all but N of them, and\n"
    "  valid=OUT.valid, the N; drawn from the seed (1), the same on every machine. OUT.data is DATA's name with\n"
    "  -held-out before its ending where it is not given. A picture that DATA lists twice is on one side only.\n";

typedef struct {
    const char *data;
    char *out; /* without .data */
    long count, seed;
} arguments;

static int ends_with_data(const char *path)
{
    size_t n = strlen(path);
    return n > 5 && !strcmp(path + n - 5, ".data");
}

static char *without_ending(const char *path)
{
    return vd_format("%.*s", (int)(strlen(path) - (ends_with_data(path) ? 5 : 0)), path);
}

static long count_of(const char *text)
{
    long n;
    if (!vd_parse_long(text, &n) || n < 1 || n > INT32_MAX)
        vd_die("darknet vd split: N %s is not an integer from 1 to %d", text, INT32_MAX);
    return n;
}

static arguments parse(int argc, char **argv)
{
    arguments a = {.seed = 1};
    const char *words[3] = {0};
    int n = 0;
    for (vd_words w = {"vd split", argc, argv, 1}; w.at < argc; ++w.at) {
        const char *word = argv[w.at];
        if (!strcmp(word, "-seed")) a.seed = vd_word_integer(&w, 0, INT32_MAX);
        else if (word[0] == '-') vd_die("darknet vd split: unknown option %s", word);
        else if (n == 3) vd_die("darknet vd split: unexpected argument %s", word);
        else words[n++] = word;
    }
    if (n < 2) vd_die("darknet vd split: DATA and N are needed; see -h");
    a.data = words[0];
    a.count = count_of(words[1]);
    if (words[2] && !ends_with_data(words[2])) vd_die("darknet vd split: %s does not end with .data", words[2]);
    char *base = without_ending(words[0]);
    a.out = words[2] ? without_ending(words[2]) : vd_format("%s-held-out", base);
    free(base);
    return a;
}

/* Lehmer's generator, x = 16807 x mod (2^31 - 1): a draw from [0, n) */
static size_t draw(uint64_t *x, size_t n)
{
    const uint64_t modulus = 2147483647;
    *x = *x * 16807 % modulus;
    return (size_t)((double)*x / (double)modulus * (double)n);
}

static uint64_t seeded(long seed)
{
    uint64_t x = ((uint64_t)seed + 1) % 2147483646 + 1;
    for (int i = 0; i < 10; ++i) draw(&x, 1);
    return x;
}

/* Fisher and Yates */
static void shuffle(size_t *order, size_t n, long seed)
{
    uint64_t x = seeded(seed);
    for (size_t i = n; i > 1; --i) {
        size_t j = draw(&x, i), last = order[i - 1];
        order[i - 1] = order[j];
        order[j] = last;
    }
}

typedef struct {
    const char *path;
    size_t line;
} listed;

static int by_path(const void *a, const void *b)
{
    const listed *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* for each line, the first one with its path */
static size_t *first_lines(char **paths, size_t n)
{
    size_t *first = vd_calloc(n, sizeof(*first));
    listed *sorted = vd_calloc(n, sizeof(*sorted));
    for (size_t i = 0; i < n; ++i) sorted[i] = (listed){paths[i], i};
    qsort(sorted, n, sizeof(*sorted), by_path);
    for (size_t i = 0; i < n; ++i) {
        int again = i && !strcmp(sorted[i].path, sorted[i - 1].path);
        first[sorted[i].line] = again ? first[sorted[i - 1].line] : sorted[i].line;
    }
    free(sorted);
    return first;
}

/* a list of pictures, and which are held out */
typedef struct {
    char **paths;
    size_t n, different, held;
    size_t *first; /* of each line: the first with its path */
    size_t *order; /* the `different` first lines, shuffled: the last `held` are held out */
} pictures;

static pictures read_pictures(const char *filename)
{
    list *lines = get_paths((char *)filename);
    pictures p = {.paths = (char **)list_to_array(lines), .n = (size_t)lines->size};
    free_list(lines);
    p.first = first_lines(p.paths, p.n);
    p.order = vd_calloc(p.n, sizeof(*p.order));
    for (size_t i = 0; i < p.n; ++i)
        if (p.first[i] == i) p.order[p.different++] = i;
    return p;
}

static void free_pictures(pictures *p)
{
    free_ptrs((void **)p->paths, (int)p->n);
    free(p->first);
    free(p->order);
}

static void write_held_out(const pictures *p, FILE *fp)
{
    for (size_t i = p->different - p->held; i < p->different; ++i) fprintf(fp, "%s\n", p->paths[p->order[i]]);
}

/* the rest, and after it the lines that repeat one of the rest; returns their number */
static size_t write_rest(const pictures *p, FILE *fp)
{
    char *kept = vd_calloc(p->n, 1);
    size_t written = p->different - p->held;
    for (size_t i = 0; i < written; ++i) {
        kept[p->order[i]] = 1;
        fprintf(fp, "%s\n", p->paths[p->order[i]]);
    }
    for (size_t i = 0; i < p->n; ++i) {
        if (p->first[i] == i || !kept[p->first[i]]) continue;
        fprintf(fp, "%s\n", p->paths[i]);
        ++written;
    }
    free(kept);
    return written;
}

/* 1 where the line sets this key */
static int sets(const char *line, const char *key)
{
    size_t n = strlen(key);
    line += strspn(line, " \t");
    return !strncmp(line, key, n) && line[n + strspn(line + n, " \t")] == '=';
}

/* the data file with other lists, all else as it is; difficult= has a line for each picture of the old valid= */
static void write_data(const char *from, FILE *fp, const char *train, const char *valid)
{
    list *lines = vd_read_lines(from);
    for (const node *line = lines->front; line; line = line->next)
        if (sets(line->val, "difficult"))
            fprintf(stderr, "%s: %s: not kept, it belongs to valid=\n", from, (char *)line->val);
        else if (!sets(line->val, "train") && !sets(line->val, "valid")) fprintf(fp, "%s\n", (char *)line->val);
    fprintf(fp, "train=%s\nvalid=%s\n", train, valid);
    free_list_contents(lines);
    free_list(lines);
}

/* DATA's lists among others: it may hold pictures out that are listed nowhere else */
static int is_named(const list *options, const char *path)
{
    for (const node *n = options->front; n; n = n->next) {
        const kvp *p = n->val;
        if (p->val && vd_same_file(path, p->val)) return 1;
    }
    return 0;
}

static void check_output(const arguments *a, const list *options, const char *path)
{
    if (vd_same_file(path, a->data) || is_named(options, path))
        vd_die("%s: would overwrite what %s is made of: choose another name", path, a->data);
}

static void split(const arguments *a)
{
    list *options = read_data_cfg((char *)a->data);
    char *list_name = option_find_str(options, "train", 0);
    if (!list_name) vd_die("%s: train=, the list of training pictures, is missing", a->data);
    pictures p = read_pictures(list_name);
    if (p.different <= (size_t)a->count)
        vd_die("%s: %zu different pictures: %ld cannot be held out and some left to train on", list_name, p.different,
               a->count);
    p.held = (size_t)a->count;
    shuffle(p.order, p.different, a->seed);
    char *train = vd_format("%s.train", a->out), *valid = vd_format("%s.valid", a->out);
    char *data = vd_format("%s.data", a->out);
    const char *outputs[] = {train, valid, data};
    for (int i = 0; i < 3; ++i) check_output(a, options, outputs[i]);
    /* together: a new list beside an old one would train on what is held out */
    vd_output out[3], *const all[] = {out, out + 1, out + 2};
    for (int i = 0; i < 3; ++i) out[i] = vd_output_open(outputs[i]);
    size_t rest = write_rest(&p, out[0].fp);
    write_held_out(&p, out[1].fp);
    write_data(a->data, out[2].fp, train, valid);
    vd_output_close_all(3, all);
    printf("%s: %zu training pictures, %zu held out, seed %ld\n", data, rest, p.held, a->seed);
    free_pictures(&p);
    free_options(options);
    free(train);
    free(valid);
    free(data);
}

int vd_split_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    arguments a = parse(argc, argv);
    split(&a);
    free(a.out);
    return 0;
}
