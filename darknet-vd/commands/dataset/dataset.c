#include "commands/dataset/dataset.h"

#include "commands/dataset/digits.h"
#include "commands/dataset/idx.h"
#include "commands/dataset/png.h"
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

enum { TRAIN, TEST, SPLITS, CLASSES = 10 };

static const char *const split_name[SPLITS] = {"train", "test"};

static const char *const kinds[] = {"mnist", "digits"};

static const char usage[] =
    "usage: darknet vd dataset mnist IDXDIR OUTDIR [-random-labels] [-seed N]\n"
    "       darknet vd dataset digits OUTDIR [-train N] [-test N] [-random-labels] [-seed N]\n"
    "\n"
    "Write pictures and lists for `darknet classifier` into OUTDIR (created if absent).\n"
    "  mnist            from the four IDX files of MNIST in IDXDIR, plain or .gz\n"
    "  digits           from digits drawn by this program, 28x28; no download needed\n"
    "  -train N         training pictures to draw (12000)\n"
    "  -test N          test pictures to draw (2000)\n"
    "  -random-labels   give the training pictures labels drawn at random; test pictures keep theirs\n"
    "  -seed N          seed of the drawing and of the random labels (1)\n";

typedef struct {
    const char *kind, *idxdir, *outdir;
    long seed, count[SPLITS];
    int random_labels;
} arguments;

/* a data set to write: its size and how to get picture i of a split
 *
 *   picture   returns the label; *pixels [height][width] stays valid until the next call */
typedef struct source {
    int width, height;
    size_t count[SPLITS];
    int (*picture)(struct source *from, int split, size_t i, const unsigned char **pixels);
    vd_idx images[SPLITS], labels[SPLITS]; /* mnist */
    vd_digits *digits;                     /* digits */
    uint64_t seed;
    unsigned char drawn[VD_DIGITS_SIDE * VD_DIGITS_SIDE];
} source;

/* mnist */

static int mnist_picture(source *from, int split, size_t i, const unsigned char **pixels)
{
    *pixels = from->images[split].bytes + i * (size_t)from->height * (size_t)from->width;
    return from->labels[split].bytes[i];
}

/* path of PREFIX-KIND-idxD-ubyte in dir, also with a dot before idx, or .gz at the end; the caller frees it */
static char *find_idx(const char *dir, const char *name, int dims)
{
    for (int i = 0; i < 4; ++i) {
        struct stat st;
        char *path = vd_format("%s/%s%cidx%d-ubyte%s", dir, name, i & 2 ? '.' : '-', dims, i & 1 ? ".gz" : "");
        if (!stat(path, &st)) return path;
        if (errno != ENOENT) vd_die("%s: cannot open: %s", path, strerror(errno));
        free(path);
    }
    vd_die("%s: contains no %s-idx%d-ubyte, plain or .gz", dir, name, dims);
}

/* there is a label for every image, and each is a class */
static void check_labels(vd_idx labels, const char *labels_path, size_t images, const char *images_path)
{
    if (labels.size[0] != images)
        vd_die("%s: %zu labels, but %s has %zu images", labels_path, labels.size[0], images_path, images);
    for (size_t i = 0; i < images; ++i) {
        int label = labels.bytes[i];
        if (label >= CLASSES) vd_die("%s: label %zu is %d, not 0 to 9", labels_path, i, label);
    }
}

/* images of a size that can be written, the same as that of the first split, if first_path is not null */
static void check_size(const size_t *size, const char *path, const source *first, const char *first_path)
{
    if (size[1] > 4096 || size[2] > 4096)
        vd_die("%s: images of %zu x %zu pixels, at most 4096 x 4096", path, size[2], size[1]);
    if (first_path && (first->height != (int)size[1] || first->width != (int)size[2]))
        vd_die("%s: images of %zu x %zu pixels, but those of %s are %d x %d", path, size[2], size[1], first_path,
               first->width, first->height);
}

/* one split; returns the path of its images, which the caller frees */
static char *open_split(const char *dir, int split, source *from, const char *first_path)
{
    static const char *const prefix[SPLITS] = {"train", "t10k"};
    char *images_name = vd_format("%s-images", prefix[split]), *labels_name = vd_format("%s-labels", prefix[split]);
    char *images = find_idx(dir, images_name, 3), *labels = find_idx(dir, labels_name, 1);
    from->images[split] = vd_idx_read(images, 3);
    from->labels[split] = vd_idx_read(labels, 1);
    const size_t *size = from->images[split].size;
    check_labels(from->labels[split], labels, size[0], images);
    check_size(size, images, from, first_path);
    from->count[split] = size[0];
    from->height = (int)size[1];
    from->width = (int)size[2];
    free(images_name);
    free(labels_name);
    free(labels);
    return images;
}

static void open_mnist(const char *dir, source *from)
{
    struct stat st;
    if (stat(dir, &st)) vd_die("%s: %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode)) vd_die("%s: is not a directory", dir);
    char *train = open_split(dir, TRAIN, from, 0), *test = open_split(dir, TEST, from, train);
    from->picture = mnist_picture;
    free(train);
    free(test);
}

/* digits */

static int digits_picture(source *from, int split, size_t i, const unsigned char **pixels)
{
    *pixels = from->drawn;
    return vd_digits_draw(from->digits, from->seed, split == TRAIN ? VD_DIGITS_TRAIN : VD_DIGITS_TEST, i, from->drawn);
}

static void open_digits(const arguments *args, source *from)
{
    from->digits = vd_digits_make();
    from->seed = (uint64_t)args->seed;
    from->width = from->height = VD_DIGITS_SIDE;
    for (int s = 0; s < SPLITS; ++s) from->count[s] = (size_t)args->count[s];
    from->picture = digits_picture;
}

static void free_source(source *from)
{
    for (int s = 0; s < SPLITS; ++s) {
        free(from->images[s].bytes);
        free(from->labels[s].bytes);
    }
    vd_digits_free(from->digits);
}

/* the layout */

/* Darknet finds the class of a picture by strstr(path, label); the caller frees it */
static char *class_label(int k)
{
    return vd_format("_digit%d.", k);
}

static char *picture_path(const char *root, int split, size_t i, int label)
{
    char *mark = class_label(label), *path = vd_format("%s/%s/%05zu%spng", root, split_name[split], i, mark);
    free(mark);
    return path;
}

/* why Darknet could not use this absolute path: null when it can, else a string the caller frees */
static char *path_fault(const char *root)
{
    /* Stock Darknet's paths[256] and buff[256] in examples/classifier.c hold a picture's path or "%s/%s_%d.weights"
     * (backup, cfg's name, epoch); the name gets what is left of the last 64. A picture's path adds less than that. The
     * patched Darknet has room for 4096; the limit stays because the data set may be used with either. */
    const size_t buffer = 256, room = strlen("/backup") + 64;
    if (strlen(root) + room >= buffer) {
        return vd_format("its path has %zu characters; Darknet's buffers allow %zu", strlen(root), buffer - room - 1);
    }
    for (const char *c = root; *c; ++c) {
        if (isspace((unsigned char)*c)) return vd_format("Darknet drops white space from paths in a .data file");
    }
    for (int k = 0; k < CLASSES; ++k) {
        char *mark = class_label(k);
        const char *found = strstr(root, mark);
        free(mark);
        if (found) return vd_format("its path contains _digit%d., which marks a class", k);
    }
    return 0;
}

static void make_directory(const char *path)
{
    struct stat st;
    if (mkdir(path, 0777) && errno != EEXIST) vd_die("%s: cannot create the directory: %s", path, strerror(errno));
    if (stat(path, &st)) vd_die("%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode)) vd_die("%s: is not a directory", path);
}

/* OUTDIR, created if absent, as an absolute path the caller frees */
static char *open_outdir(const char *outdir)
{
    struct stat st;
    int absent = stat(outdir, &st) != 0;
    make_directory(outdir);
    char *root = realpath(outdir, 0);
    if (!root) vd_die("%s: %s", outdir, strerror(errno));
    char *fault = path_fault(root);
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

/* while pictures are being written no .data file may name them; mnist and digits share the lists, so remove both */
static void remove_data_files(const char *root)
{
    for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); ++k) {
        char *path = vd_format("%s/%s.data", root, kinds[k]);
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
static void write_pictures(source *from, const arguments *args, const char *root, int split, unsigned char *labels)
{
    for (size_t i = 0; i < from->count[split]; ++i) {
        const unsigned char *pixels;
        labels[i] = (unsigned char)from->picture(from, split, i, &pixels);
        if (args->random_labels && split == TRAIN) {
            uint64_t bits = vd_digits_bits((uint64_t)args->seed, VD_DIGITS_LABELS, i);
            labels[i] = (unsigned char)((bits >> 32) * CLASSES >> 32);
        }
        char *path = picture_path(root, split, i, labels[i]);
        vd_png_write_grey(path, from->width, from->height, pixels);
        free(path);
        show_progress(split, i + 1, from->count[split]);
    }
}

static void write_list(const char *root, int split, size_t count, const unsigned char *labels)
{
    char *path = vd_format("%s/%s.list", root, split_name[split]);
    vd_output out = vd_output_open(path);
    for (size_t i = 0; i < count; ++i) {
        char *picture = picture_path(root, split, i, labels[i]);
        fprintf(out.fp, "%s\n", picture);
        free(picture);
    }
    vd_output_close(&out);
    free(path);
}

/* the ten classes, one per line: prefix, digit, suffix */
static void write_classes(const char *root, const char *name, const char *prefix, const char *suffix)
{
    char *path = vd_format("%s/%s.list", root, name);
    vd_output out = vd_output_open(path);
    for (int k = 0; k < CLASSES; ++k) fprintf(out.fp, "%s%d%s\n", prefix, k, suffix);
    vd_output_close(&out);
    free(path);
}

static void write_data_file(const arguments *args, const char *root)
{
    char *path = vd_format("%s/%s.data", root, args->kind);
    vd_output out = vd_output_open(path);
    if (args->random_labels) fprintf(out.fp, "# random labels, seed %ld\n", args->seed);
    fprintf(out.fp, "classes=%d\n", CLASSES);
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

static void write_dataset(source *from, const arguments *args)
{
    char *root = open_outdir(args->outdir);
    unsigned char *labels[SPLITS];
    remove_data_files(root);
    make_subdirectory(root, "backup");
    for (int s = 0; s < SPLITS; ++s) {
        make_subdirectory(root, split_name[s]);
        labels[s] = vd_calloc(from->count[s], 1);
        write_pictures(from, args, root, s, labels[s]);
    }
    sync_pictures(root);
    for (int s = 0; s < SPLITS; ++s) {
        write_list(root, s, from->count[s], labels[s]);
        free(labels[s]);
    }
    write_classes(root, "labels", "_digit", ".");
    write_classes(root, "names", "", "");
    write_data_file(args, root);

    printf("%zu training and %zu test pictures of %dx%d in %s", from->count[TRAIN], from->count[TEST], from->width,
           from->height, root);
    if (args->random_labels) printf(" (random training labels, seed %ld)", args->seed);
    printf("; next: darknet classifier train %s/%s.data cfg/lenet5-vd.cfg\n", root, args->kind);
    free(root);
}

/* arguments */

static long number(const char *name, const char *text, long low, long high)
{
    long value;
    if (!text) vd_die("darknet vd dataset: %s needs a number", name);
    if (!vd_parse_long(text, &value)) vd_die("darknet vd dataset: %s %s is not an integer", name, text);
    if (value < low || value > high) {
        vd_die("darknet vd dataset: %s %s is not between %ld and %ld", name, text, low, high);
    }
    return value;
}

static arguments parse(int argc, char **argv)
{
    arguments args = {.seed = 1, .count = {12000, 2000}};
    const char *given[2] = {0};
    int n = 0, wanted, digits;
    const long many = 10000000; /* about 40 GB of small files: more is surely a mistake */

    args.kind = argv[1];
    digits = !strcmp(args.kind, "digits");
    if (!digits && strcmp(args.kind, "mnist")) {
        vd_die("darknet vd dataset: %s is neither mnist nor digits (see -h)", args.kind);
    }
    wanted = digits ? 1 : 2;
    for (int i = 2; i < argc; ++i) {
        const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : 0;
        if (!strcmp(a, "-random-labels")) {
            args.random_labels = 1;
        } else if (!strcmp(a, "-seed")) {
            args.seed = number(a, value, 0, LONG_MAX);
            ++i;
        } else if (digits && (!strcmp(a, "-train") || !strcmp(a, "-test"))) {
            args.count[a[2] == 'r' ? TRAIN : TEST] = number(a, value, 1, many);
            ++i;
        } else if (a[0] == '-') {
            vd_die("darknet vd dataset %s: unknown option %s (see -h)", args.kind, a);
        } else if (n == wanted) {
            vd_die("darknet vd dataset %s: unexpected argument %s (see -h)", args.kind, a);
        } else {
            given[n++] = a;
        }
    }
    if (n < wanted) {
        vd_die("darknet vd dataset %s: %s is missing (see -h)", args.kind, n + 1 == wanted ? "OUTDIR" : "IDXDIR");
    }
    args.idxdir = digits ? 0 : given[0];
    args.outdir = given[wanted - 1];
    return args;
}

int vd_dataset_command(int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            return 0;
        }
    }
    if (argc < 2) {
        fputs(usage, stderr);
        return 1;
    }

    arguments args = parse(argc, argv);
    source from = {0};
    if (args.idxdir) {
        open_mnist(args.idxdir, &from);
    } else {
        open_digits(&args, &from);
    }
    write_dataset(&from, &args);
    free_source(&from);
    return 0;
}
