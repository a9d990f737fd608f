#include "commands/export.h"
#include "commands/words.h"
#include "export/export.h"
#include "training/detector_score.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet vd export CFG WEIGHTS OUT [-format NAME] [-int8 [-values 8 | 16]] [-fuse | -no-fuse] [-compact]\n"
    "                         [-calibrate DATA] [IMAGE ...]\n"
    "       darknet vd export CFG WEIGHTS OUT -format onnx [-fp16 | -sparse | -int8 DATA] [-nms] [-compact]\n"
    "                         [IMAGE ...]\n"
    "  writes OUT.cfg and OUT.weights for stock Darknet and other programs that read its files: pruned\n"
    "  weights are zeros, variational sections are plain ones, [vd_cost] and keys of training are removed\n"
    "  -format    of the files: darknet (the default); c: OUT.c and OUT.h, the network as C99 without any\n"
    "             library, for processors with kilobytes of memory; always compacted. onnx: OUT.onnx, opset 13,\n"
    "             which other programs read: docs/deployment.md\n"
    "  -int8      -format c: 8-bit weights and 16-bit values, the same answers on every machine\n"
    "  -int8 DATA -format onnx: weights and activations of 8 bits, for pictures like those of train= in this file\n"
    "  -fp16      -format onnx: weights as half floats, half the file\n"
    "  -sparse    -format onnx: weights that are not 0 alone: a small file, which OpenCV does not read\n"
    "  -nms       -format onnx: an output more, the boxes of a detector that stay after non-maximum suppression\n"
    "  -values 8  values between layers have 8 bits, too: half the RAM, for activations relu, relu6, logistic\n"
    "  -fuse      fold batch normalisation into weights and biases: the default, as programs differ in the\n"
    "             epsilon they add to the variance\n"
    "  -no-fuse   leave it as it is; not for [connected], which OpenCV reads in another order\n"
    "  -compact   remove filters and units that are dead or that no layer reads; the constant a dead\n"
    "             one emits moves into the next layer. Where some must stay, the table tells why\n"
    "  IMAGE      a picture to check the export with; without any, random numbers are used, with -int8\n"
    "             DATA pictures of it. With -format c -int8 the ranges of values come from them, too\n"
    "  -calibrate DATA   100 pictures of the .data file's train list, besides those named\n"
    "  The outputs of the exported network must equal those of the variational one at test time, to 1e-4 of\n"
    "  the largest output; otherwise nothing is written and the exit status is 1. With -int8 the difference is\n"
    "  reported, and refused above a half, with -fp16 above 5 %. What programs other than stock Darknet compute\n"
    "  otherwise is named on stderr, a line each\n";

static int read_values(const char *text)
{
    long bits;
    if (!vd_parse_long(text, &bits) || (bits != 8 && bits != 16))
        vd_die("darknet vd export: -values %s: 8 or 16 is expected", text);
    return (int)bits;
}

/* n pictures of a .data file's train list, evenly spread, fewer where it has fewer; *files and what is in it are the
 * caller's */
static int spread_pictures(const char *data, const char *option, int n, char ***files)
{
    list *options = read_data_cfg((char *)data);
    char *train = option_find_str(options, "train", 0);
    if (!train) vd_die("%s: train= is missing: %s takes pictures from its list", data, option);
    vd_labelled_pictures all = vd_unlabelled_read(train);
    if (n > all.n) n = all.n;
    *files = vd_calloc(n, sizeof(char *));
    for (int i = 0; i < n; ++i) (*files)[i] = vd_format("%s", all.paths[(long long)i * all.n / n]);
    vd_labelled_free(all);
    free_options(options);
    return n;
}

enum { CALIBRATION = 100, RANGES = 256, CHECKED = 16 };

/* pictures of a .data file in front of those that are named */
static void add_calibration(vd_export_options *o, const char *data)
{
    char **files;
    int n = spread_pictures(data, "-calibrate", CALIBRATION, &files);
    files = vd_realloc(files, (n + o->pictures + 1) * sizeof(char *));
    for (int i = 0; i < o->pictures; ++i) files[n + i] = o->files[i];
    free(o->files);
    o->files = files;
    o->pictures += n;
}

/* options of ONNX alone, with that format alone; ranges: DATA of -int8, or null */
static void check_onnx(vd_export_options *o, int onnx, const char *ranges)
{
    if (o->half + o->sparse + (ranges != 0) > 1) vd_die("darknet vd export: one of -fp16, -sparse and -int8, not more");
    if (!onnx && (o->half || o->sparse || o->nms))
        vd_die("darknet vd export: -fp16, -sparse and -nms are of -format onnx");
    if (onnx && o->values) vd_die("darknet vd export: -values is of -format c");
}

/* pictures to measure ranges with. Where none are named, some of them check the export, too: random numbers may give
 * larger activations than any picture */
static void add_ranges(vd_export_options *o, const char *data)
{
    o->ranges = spread_pictures(data, "-int8", RANGES, &o->range_files);
    if (o->pictures) return;
    free(o->files);
    o->pictures = spread_pictures(data, "-int8", CHECKED, &o->files);
}

/* what -format says, null without it. It is read before the other words, as DATA stands behind -int8 with onnx alone */
static const char *format_of(int argc, char **argv)
{
    const char *format = 0;
    for (vd_words w = {"vd export", argc, argv, 1}; w.at < argc; ++w.at)
        if (!strcmp(argv[w.at], "-format")) format = vd_word_text(&w);
    return format;
}

static vd_export_options parse(int argc, char **argv)
{
    const char *files[3], *calibration = 0, *ranges = 0;
    vd_export_options o = {.format = format_of(argc, argv), .files = vd_calloc(argc, sizeof(char *))};
    int n = 0, fuse = 0, no_fuse = 0, onnx = o.format && !strcmp(o.format, "onnx");
    for (vd_words w = {"vd export", argc, argv, 1}; w.at < argc; ++w.at) {
        const char *word = argv[w.at];
        if (!strcmp(word, "-fuse")) fuse = 1;
        else if (!strcmp(word, "-no-fuse")) no_fuse = 1;
        else if (!strcmp(word, "-compact")) o.compact = 1;
        else if (!strcmp(word, "-calibrate")) calibration = vd_word_text(&w);
        else if (!strcmp(word, "-values")) o.values = read_values(vd_word_text(&w));
        else if (!strcmp(word, "-fp16")) o.half = 1;
        else if (!strcmp(word, "-sparse")) o.sparse = 1;
        else if (!strcmp(word, "-nms")) o.nms = 1;
        else if (!strcmp(word, "-int8")) {
            o.int8 = 1;
            if (onnx) ranges = vd_word_text(&w);
        } else if (!strcmp(word, "-format")) ++w.at; /* read already */
        else if (word[0] == '-') vd_die("darknet vd export: unknown option %s", word);
        else if (n < 3) files[n++] = word;
        else o.files[o.pictures++] = vd_format("%s", word);
    }
    if (n < 3) vd_die("darknet vd export: CFG, WEIGHTS and OUT are needed; see -h");
    if (fuse && no_fuse) vd_die("darknet vd export: -fuse or -no-fuse, not both");
    check_onnx(&o, onnx, ranges);
    if (calibration) add_calibration(&o, calibration);
    if (ranges) add_ranges(&o, ranges);
    o.fuse = !no_fuse;
    o.cfg = files[0];
    o.weights = files[1];
    o.out = files[2];
    return o;
}

/* "20 -> 14", or "20" */
static char *change(long long before, long long after)
{
    return before == after ? vd_format("%lld", before) : vd_format("%lld -> %lld", before, after);
}

static void print_row(const char *index, const char *section, const char *filters, const vd_model_size size[2])
{
    char *weights = change((long long)size[0].weights, (long long)size[1].weights);
    char *nonzero = change((long long)size[0].nonzero, (long long)size[1].nonzero);
    char *products = change((long long)size[0].products, (long long)size[1].products);
    printf("%5s  %-14s %14s %20s %20s %26s", index, section, filters, weights, nonzero, products);
    free(weights);
    free(nonzero);
    free(products);
}

static void print_result(vd_export_options o, const vd_export_result *r)
{
    printf("%5s  %-14s %14s %20s %20s %26s\n", "layer", "type", "filters", "weights", "nonzero", "multiply-adds");
    for (int k = 0; k < r->n; ++k) {
        const vd_export_line *l = r->lines + k;
        char *index = vd_format("%d", l->index), *filters = change(l->filters[0], l->filters[1]);
        print_row(index, l->section, filters, l->size);
        printf("%s%s\n", *l->why ? "   " : "", l->why);
        free(index);
        free(filters);
    }
    print_row("", "all", "", r->total);
    printf("\n%s.%s: %lld bytes, %s: %lld\n", o.out, r->ending, r->file[1], o.weights, r->file[0]);
    printf("largest difference on %d %s: %.3g of the largest output (layer %d)\n", r->pictures,
           o.pictures ? "pictures" : "random inputs", r->difference.relative, r->difference.layer);
    if (r->note) printf("%s\n", r->note);
}

int vd_export_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    vd_export_options o = parse(argc, argv);
    vd_export_result r = vd_export(o);
    print_result(o, &r);
    free_vd_export_result(r);
    for (int i = 0; i < o.pictures; ++i) free(o.files[i]);
    for (int i = 0; i < o.ranges; ++i) free(o.range_files[i]);
    free(o.range_files);
    free(o.files);
    return 0;
}
