/* Every file a user can pass, damaged in every way: one line that names it and status 1, or a right result. */
#include "support/drawings.h"
#include "support/faulty_run.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CLASSIFIER                                                                    \
    "[net]\nbatch=10\nheight=28\nwidth=28\nchannels=1\nmax_crop=28\nflip=0\nseed=3\n" \
    "max_batches=2\ncheckpoint=1\n[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=20\n"
#define DETECTOR                                                                                           \
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\nmax_batches=2\nseed=1\n[convolutional]\nfilters=7\n" \
    "size=8\nstride=8\nactivation=linear\n[yolo]\nanchors=8,8\nmask=0\nclasses=2\nnum=1\njitter=0\n"       \
    "ignore_thresh=.6\ntruth_thresh=1\n"

typedef struct {
    const char *name, *argv[8];
    int is_text;
} input;

static const input inputs[] = {
    {"c.cfg", {"darknet", "vd", "report", "c.cfg", "c.weights"}, 1},
    {"d.cfg", {"darknet", "detector", "valid", "set.data", "d.cfg", "d.weights"}, 1},
    {"digits/digits.data", {"darknet", "classifier", "valid", "digits/digits.data", "c.cfg", "c.weights"}, 1},
    {"set.data", {"darknet", "detector", "map", "set.data", "d.cfg", "d.weights"}, 1},
    {"digits/labels.list", {"darknet", "classifier", "train", "digits/digits.data", "c.cfg"}, 1},
    {"digits/names.list", {"darknet", "classifier", "predict", "digits/digits.data", "c.cfg", "c.weights", "p.png"}, 1},
    {"names", {"darknet", "detector", "valid", "set.data", "d.cfg", "d.weights"}, 1},
    {"digits/train.list", {"darknet", "classifier", "train", "digits/digits.data", "c.cfg"}, 1},
    {"digits/test.list", {"darknet", "classifier", "valid", "digits/digits.data", "c.cfg", "c.weights"}, 1},
    {"list", {"darknet", "detector", "recall", "set.data", "d.cfg", "d.weights"}, 1},
    {"p0.txt", {"darknet", "detector", "map", "set.data", "d.cfg", "d.weights"}, 1},
    {"p.png", {"darknet", "classifier", "predict", "digits/digits.data", "c.cfg", "c.weights", "p.png"}, 0},
    {"o.jpg", {"darknet", "classifier", "predict", "digits/digits.data", "c.cfg", "c.weights", "o.jpg"}, 0},
    {"c.weights", {"darknet", "vd", "report", "c.cfg", "c.weights"}, 0},
    {"d.weights", {"darknet", "detector", "valid", "set.data", "d.cfg", "d.weights"}, 0},
    {"c.vdw", {"darknet", "classifier", "valid", "digits/digits.data", "c.cfg", "c.vdw"}, 0},
    {"c.onnx", {"darknet", "vd", "import", "c.onnx", "i"}, 0},
    {"digits/backup/c.checkpoint", {"darknet", "classifier", "train", "digits/digits.data", "c.cfg", "-resume"}, 0},
    {"idx/train-images-idx3-ubyte", {"darknet", "vd", "dataset", "mnist", "idx", "out"}, 0},
    {"idx/train-labels-idx1-ubyte.gz", {"darknet", "vd", "dataset", "mnist", "idx", "out"}, 0},
};

enum { INPUTS = COUNT_OF(inputs) };

/* ---- good files ---- */

static void big_endian(unsigned char *at, unsigned value)
{
    for (int i = 0; i < 4; ++i) at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void write_idx(const char *images, const char *labels)
{
    enum { PICTURES = 10, SIDE_OF = 4 };
    unsigned char file[16 + PICTURES * SIDE_OF * SIDE_OF] = {0};
    big_endian(file, 0x803), big_endian(file + 4, PICTURES);
    big_endian(file + 8, SIDE_OF), big_endian(file + 12, SIDE_OF);
    write_bytes(images, file, sizeof(file));
    big_endian(file, 0x801);
    gzFile gz = gzopen(labels, "wb");
    gzwrite(gz, file, 8);
    gzwrite(gz, "\0\1\2\3\4\5\6\7\10\11", PICTURES);
    gzclose(gz);
}

static void setup(void)
{
    size_t n;
    enter_test_folder();
    draw_pictures(folder);
    draw_digits(folder, 20, 10);
    write_text("c.cfg", CLASSIFIER);
    write_text("d.cfg", DETECTOR);
    ck_assert_int_eq(mkdir("idx", 0700), 0);
    write_idx("idx/train-images-idx3-ubyte", "idx/train-labels-idx1-ubyte.gz");
    write_idx("idx/t10k-images-idx3-ubyte", "idx/t10k-labels-idx1-ubyte.gz");
    free_run(darknet(0, "classifier", "train", "digits/digits.data", "c.cfg", NULL));
    ck_assert_int_eq(rename("digits/backup/c.weights", "c.weights"), 0);
    free_run(darknet(0, "vd", "export", "c.cfg", "c.weights", "c", "-format", "onnx", NULL));
    free_run(darknet(0, "vd", "pack", "c.cfg", "c.weights", "c.vdw", NULL));
    free_run(darknet(0, "detector", "train", "set.data", "d.cfg", NULL));
    ck_assert_int_eq(rename("d_final.weights", "d.weights"), 0);
    char *png = read_bytes("p0.png", &n);
    write_bytes("p.png", png, n);
    free(png);
    free_run(darknet(0, "detector", "test", "set.data", "d.cfg", "d.weights", "p0.png", "-out", "o", NULL));
}

/* ---- what is asked of each ---- */

typedef enum { MUST_FAIL, MUST_WORK, MAY_EITHER } wish;

/* the program ends by itself; an error ends with one line that names the file, or a file that it names */
static void try(input in, wish w, const char *what)
{
    run_result r = run_with((fault){.file_limit = -1}, in.argv, 0);
    const char *line = last_line(r), *base = strrchr(in.name, '/') ? strrchr(in.name, '/') + 1 : in.name;
    char *short_base = vd_format("%.*s", (int)strcspn(base, "-"), base);
    ck_assert_msg(r.status == 0 || r.status == 1, "%s, %s: status %d: %s", in.name, what, r.status, r.err);
    if (w == MUST_FAIL) ck_assert_msg(r.status == 1, "%s, %s: status 0: %s", in.name, what, r.err);
    if (w == MUST_WORK) ck_assert_msg(r.status == 0, "%s, %s: status 1: %s", in.name, what, r.err);
    if (r.status == 1 && w == MUST_FAIL)
        ck_assert_msg(strstr(line, short_base) != 0, "%s, %s: not named: %s", in.name, what, line);
    if (r.status == 1)
        ck_assert_msg(strlen(line) > 8 && line[strlen(line) - 1] == '\n' && strchr(line, ':'), "%s, %s: %s", in.name,
                      what, r.err);
    ck_assert_int_eq(files_named(".", ".tmp-"), 0);
    free(short_base);
    free_run(r);
}

/* before the first checkpoint there is none */
static int is_optional(input in)
{
    return strstr(in.name, "checkpoint") != 0;
}

static int is_picture(input in)
{
    return !strcmp(in.name, "p.png") || !strcmp(in.name, "o.jpg");
}

/* a file in one bad shape after the other */
typedef struct {
    input in;
    char *good; /* its bytes as they were [n] */
    size_t n;
    char *changed; /* room for changed ones [2 n + EXTRA + 8] */
    int tried;
} shapes;

enum { EXTRA = 5000 };

static void put(shapes *s, const void *bytes, size_t n, wish w, const char *what)
{
    write_bytes(s->in.name, bytes, n);
    try(s->in, w, what);
    ++s->tried;
}

static void try_without_content(shapes *s)
{
    const char *name = s->in.name;
    remove(name);
    try(s->in, is_optional(s->in) ? MUST_WORK : MUST_FAIL, "missing"), ++s->tried;
    put(s, "", 0, !strcmp(name, "p0.txt") ? MUST_WORK : MUST_FAIL, "empty");
    remove(name);
    ck_assert_int_eq(mkdir(name, 0700), 0);
    try(s->in, MUST_FAIL, "a directory"), ++s->tried;
    rmdir(name);
    if (!geteuid()) return; /* root may read everything */
    write_bytes(name, s->good, s->n);
    chmod(name, 0);
    try(s->in, MUST_FAIL, "unreadable"), ++s->tried;
    chmod(name, 0600);
}

static void try_cuts(shapes *s)
{
    enum { CUTS = 8 };
    for (size_t k = 1; k <= CUTS; ++k) {
        size_t length = k == CUTS ? s->n - 1 : k == 1 ? 1 : s->n * k / CUTS;
        char *what = vd_format("cut after byte %zu of %zu", length, s->n);
        int is_complete =
            !strcmp(s->in.name, "p.png") && length + 12 > s->n; /* but for the last chunk, which is empty */
        put(s, s->good, length, s->in.is_text || is_complete ? MAY_EITHER : MUST_FAIL, what);
        free(what);
    }
}

static void try_more_bytes(shapes *s)
{
    wish w = is_picture(s->in) || strstr(s->in.name, ".gz") ? MUST_WORK : s->in.is_text ? MAY_EITHER : MUST_FAIL;
    memcpy(s->changed, s->good, s->n);
    memset(s->changed + s->n, s->in.is_text ? 'x' : 0, EXTRA);
    put(s, s->changed, s->n + EXTRA, w, "5000 bytes more");
}

/* whether the content of one could be that of the other */
static int are_alike(input a, input b)
{
    int are_weights = strstr(a.name, "c.weights") && strstr(b.name, "c.vdw");
    are_weights |= strstr(a.name, "c.vdw") && strstr(b.name, "c.weights");
    return (a.is_text && b.is_text) || (is_picture(a) && is_picture(b)) || are_weights;
}

static void try_other_files(shapes *s)
{
    static const unsigned char noise[] = "\177ELF\0\1\2\3\377\376\375\0\0\0\0\0\200\200\200\200\0\0\0\0";
    put(s, noise, sizeof(noise), MUST_FAIL, "a program");
    for (int k = 0; k < INPUTS; ++k) {
        size_t n;
        if (!strcmp(inputs[k].name, s->in.name)) continue;
        char *other = read_bytes(inputs[k].name, &n), *what = vd_format("%s in its place", inputs[k].name);
        ck_assert_ptr_nonnull(other);
        put(s, other, n, are_alike(s->in, inputs[k]) ? MAY_EITHER : MUST_FAIL, what);
        free(other), free(what);
    }
}

static void try_other_texts(shapes *s)
{
    char *to = s->changed;
    size_t m = 0, n = s->n;
    for (size_t i = 0; i < n; ++i) {
        if (s->good[i] == '\n') to[m++] = '\r';
        to[m++] = s->good[i];
    }
    put(s, to, m, MUST_WORK, "CRLF");
    memcpy(to, "\xef\xbb\xbf", 3), memcpy(to + 3, s->good, n);
    put(s, to, n + 3, MUST_WORK, "a byte order mark");
    memcpy(to, s->good, n), memcpy(to + n, "\n\n  \n", 5);
    put(s, to, n + 5, MUST_WORK, "blank lines at the end");
    memset(to, 'y', EXTRA), to[EXTRA] = '\n', memcpy(to + EXTRA + 1, s->good, n);
    put(s, to, EXTRA + 1 + n, MAY_EITHER, "a line of 5000 bytes");
}

START_TEST(a_bad_file_is_named_or_works_as_it_should)
{
    shapes s = {.in = inputs[_i]};
    try(s.in, MUST_WORK, "as it is");
    s.good = read_bytes(s.in.name, &s.n);
    s.changed = vd_calloc(2 * s.n + EXTRA + 8, 1);
    try_without_content(&s);
    try_cuts(&s);
    try_more_bytes(&s);
    try_other_files(&s);
    if (s.in.is_text) try_other_texts(&s);
    write_bytes(s.in.name, s.good, s.n);
    try(s.in, MUST_WORK, "as it was");
    free(s.good), free(s.changed);
    printf("bad input: %d shapes of %s\n", s.tried, s.in.name);
}
END_TEST

/* ---- values in the files ---- */

static const struct {
    const char *file, *from, *to, *said; /* said null: it works */
} edits[] = {
    {"p0.txt", 0, "0 nan .5 .2 .2\n", "p0.txt: line 1: x=nan is not a number"},
    {"p0.txt", 0, "0 .5 inf .2 .2\n", "p0.txt: line 1: y=inf is not a number"},
    {"p0.txt", 0, "0 .5 .5 1e39 .2\n", "p0.txt: line 1: width=1e39 is not a fraction"},
    {"p0.txt", 0, "0 .5 .5 -.2 .2\n", "p0.txt: line 1: width=-.2 is not a fraction"},
    {"p0.txt", 0, "0 160 120 40 40\n", "p0.txt: line 1: x=160 is not a fraction"},
    {"p0.txt", 0, "2147483648 .5 .5 .2 .2\n", "p0.txt: line 1: 2147483648 is not a class number"},
    {"p0.txt", 0, "-1 .5 .5 .2 .2\n", "p0.txt: line 1: -1 is not a class number"},
    {"p0.txt", 0, "2 .5 .5 .2 .2\n", "p0.txt: an object of class 2, but the network has 2 classes"},
    {"p0.txt", 0, "0 .5 .5 .2 .2\n0 .5 .5 .2\n", "p0.txt: line 2: height is missing"},
    {"p0.txt", 0, "0 .5 .5 .2 .2 .9\n", "p0.txt: line 1: .9 is one value too many"},
    {"p0.txt", 0, "full .5 .5 .2 .2\n", "p0.txt: line 1: full is not a class number"},
    {"p0.txt", 0, "\n0 .5 .5 .2 .2 \r\n\n", 0},
    {"names", "full\n", "full\n\n", "names: line 2 is blank"},
    {"names", "full\n", "../full\n", "it must not contain /"},
    {"names", "frame\n", "", "names: 1 lines for 2 classes"},
    {"list", "p0.png\n", "p0.png  \n\n", 0},
    {"set.data", "classes=2\n", "classes=2\nclases=3\n", 0},
    {"set.data", "classes=2\n", "classes=2147483648\n", "classes=2147483648"},
    {"set.data", "classes=2\n", "classes=-1\n", "classes=-1"},
    {"set.data", "classes=2\n", "classes\n", "classes has no value"},
    {"digits/labels.list", "_digit9.\n", "", "labels.list: 9 lines for 10 classes"},
    {"digits/labels.list", "_digit9.\n", "_digit9.\n\n", 0},
    {"digits/digits.data", "classes=10\n", "classes=20\n", "classes=20"},
    {"digits/digits.data", "classes=10\n", "classes=0\n", "classes=0"},
    {"c.cfg", "batch=10\n", "batch=0\n", "batch=0"},
    {"c.cfg", "batch=10\n", "batch=10\nsubdivisions=0\n", "subdivisions=0"},
    {"c.cfg", "batch=10\n", "batch=-1\n", "batch=-1"},
    {"c.cfg", "batch=10\n", "batch=1e39\n", "batch=1e39"},
    {"c.cfg", "batch=10\n", "batch=2147483648\n", "batch=2147483648"},
    {"c.cfg", "output=10\n", "output=0\n", "output=0"},
    {"c.cfg", "output=10\n", "output=-3\n", "output=-3"},
    {"c.cfg", "output=10\n", "output=10\noutput=9\n", "output is given twice"},
    {"c.cfg", "output=10\n", "ouput=10\n", "ouput"},
    {"c.cfg", "[softmax]\n", "[droput]\n", "[dropout]"},
    {"c.cfg", "[vd_connected]\n", "[dropout]\n[vd_connected]\n", "cannot be the first layer"},
    {"c.cfg", "[net]\n", "x=1\n[net]\n", "line 1: x=1 before the first section"},
    {"c.cfg", "seed=3\n", "policy=steps\nsteps=1,2\nscales=.1\n", "2 steps and 1 scales"},
    {"c.cfg", "seed=3\n", "policy=steps\nsteps=1e6\nscales=.1\n", "'1e6' is not an integer"},
    {"c.cfg", "[softmax]\n", "[softmax]\ntemperature=0\n", "temperature=0"},
    {"c.cfg", "[softmax]\n", "[route]\nlayers=-.5\n[softmax]\n", "'-.5' is not an integer"},
    {"c.cfg", "[vd_connected]\n", "[normalization]\nsize=10\n[vd_connected]\n",
     "size=10 is more than twice the 1 channels"},
    {"c.cfg", "[vd_connected]\n", "[local]\nsize=2\npad=1\n[vd_connected]\n",
     "layer 0 [local]: pad=1 with size=2 and stride=1 changes the picture's size"},
    {"d.cfg", "mask=0\n", "mask=.0\n", "'.0' is not an integer"},
    {"d.cfg", "[yolo]\n", "[softmax]\n", "needs a layer that detects objects: [yolo], [region] or [detection]"},
    {"d.cfg", "filters=7\n", "filters=-3\n", "filters=-3"},
    {"d.cfg", "stride=8\n", "stride=0\n", "stride=0"},
    {"d.cfg", "size=8\n", "size=0\n", "size=0"},
    {"d.cfg", "filters=7\n", "filters=8\n", "reads 7 numbers per cell"},
};

static input input_of(const char *name)
{
    for (int i = 0; i < INPUTS; ++i)
        if (!strcmp(inputs[i].name, name)) return inputs[i];
    ck_abort_msg("%s", name);
    return inputs[0];
}

START_TEST(a_bad_value_is_named)
{
    input in = input_of(edits[_i].file);
    size_t n;
    char *good = read_bytes(in.name, &n);
    const char *at = edits[_i].from ? strstr(good, edits[_i].from) : good;
    ck_assert_ptr_nonnull(at);
    size_t before = (size_t)(at - good), gone = edits[_i].from ? strlen(edits[_i].from) : n;
    char *text = vd_format("%.*s%s%s", (int)before, good, edits[_i].to, at + gone);
    write_text(in.name, text);
    run_result r = run_with((fault){.file_limit = -1}, in.argv, 0);
    ck_assert_msg(r.status == (edits[_i].said != 0), "%s: status %d: %s", edits[_i].to, r.status, r.err);
    if (edits[_i].said) ck_assert_msg(strstr(last_line(r), edits[_i].said) != 0, "'%s': %s", edits[_i].said, r.err);
    free_run(r), free(text), free(good);
    printf("bad input: 1 value in %s\n", in.name);
}
END_TEST

START_TEST(a_picture_of_several_classes_is_named_and_an_error_when_strict)
{
    static const char *const strictly[] = {"darknet", "classifier", "train", "digits/digits.data",
                                           "c.cfg",   "-strict",    0};
    input in = input_of("digits/labels.list");
    size_t n;
    char *good = read_bytes(in.name, &n), *at = strstr(good, "_digit3.\n");
    ck_assert_ptr_nonnull(at);
    char *text = vd_format("%.*s_digit\n%s", (int)(at - good), good, at + strlen("_digit3.\n"));
    write_text(in.name, text);
    run_result r = run_with((fault){.file_limit = -1}, in.argv, 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.err, ".png: this path contains 2 of the 10 labels"));
    free_run(r);
    r = run_with((fault){.file_limit = -1}, strictly, 0);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(last_line(r), ".png: this path contains 2 of the 10 labels") != 0, "%s", r.err);
    free_run(r), free(text);

    /* also in a validation; and a picture of no class */
    text = vd_format("%.*s_letter\n%s", (int)(at - good), good, at + strlen("_digit3.\n"));
    write_text(in.name, text);
    static const char *const valid[] = {"valid", "valid10"};
    for (int i = 0; i < 2; ++i) {
        free_run(darknet(0, "classifier", valid[i], "digits/digits.data", "c.cfg", "c.weights", NULL));
        r = darknet(1, "classifier", valid[i], "digits/digits.data", "c.cfg", "c.weights", "-strict", NULL);
        ck_assert_msg(strstr(r.err, ".png: this path contains 0 of the 10 labels") != 0, "%s", r.err);
        free_run(r);
    }
    free(text), free(good);
}
END_TEST

/* 4 bytes of a file are replaced */
static const struct {
    const char *file;
    long at; /* from the end when negative */
    unsigned char bytes[4];
    const char *said;
} patches[] = {
    {"c.weights", 20 + 40 + 400, {0, 0, 0xc0, 0x7f}, "weights[100] is not finite"},
    {"c.weights", 20, {0, 0, 0x80, 0x7f}, "biases[0] is not finite"},
    {"c.weights", -20, {0, 0, 0xc0, 0x7f}, "is not finite"},
    {"d.weights", -4, {0, 0, 0x80, 0xff}, "is not finite"},
    {"c.weights", 0, {0xff, 0xff, 0xff, 0x7f}, "not a Darknet weights file"},
    {"c.weights", -12, {0xff, 0xff, 0xff, 0x7f}, "VDLS"},
    {"idx/train-images-idx3-ubyte", 4, {0xff, 0xff, 0xff, 0xff}, "idx3-ubyte"},
    {"idx/train-images-idx3-ubyte", 4, {0, 0, 0, 0}, "no images"},
    {"idx/train-images-idx3-ubyte", 8, {0x7f, 0xff, 0xff, 0xff}, "idx3-ubyte"},
    {"idx/train-images-idx3-ubyte", 0, {0, 0, 9, 3}, "bad magic number"},
    {"p.png", 16, {0x7f, 0xff, 0xff, 0xff}, "p.png"},
    {"p.png", 16, {0, 0, 0, 0}, "p.png"},
    {"c.vdw", 8, {0xff, 0xff, 0xff, 0xff}, "checksum"},
    {"c.vdw", 0, {'V', 'D', 'W', 1}, "checksum"},
    {"c.vdw", 0, {'V', 'D', 'W', 3}, "checksum"},
    {"c.vdw", 0, {'V', 'D', 'W', 4}, "packed in version 4"},
};

START_TEST(a_bad_number_in_a_binary_file_is_named)
{
    input in = input_of(patches[_i].file);
    size_t n;
    char *bytes = read_bytes(in.name, &n);
    memcpy(bytes + (patches[_i].at < 0 ? (long)n + patches[_i].at : patches[_i].at), patches[_i].bytes, 4);
    write_bytes(in.name, bytes, n);
    run_result r = run_with((fault){.file_limit = -1}, in.argv, 0);
    ck_assert_msg(r.status == 1 && strstr(last_line(r), patches[_i].said), "%d: '%s': %s", r.status, patches[_i].said,
                  r.err);
    free_run(r), free(bytes);
    printf("bad input: 1 number in %s\n", in.name);
}
END_TEST

/* paths of 5000 bytes in every place that takes one, and a backup folder too long for the names in it */
START_TEST(a_path_too_long_is_named)
{
    char *path = vd_calloc(5001, 1);
    memset(path, 'z', 5000);
    for (int i = 0; i < INPUTS; ++i)
        for (int a = 3; a < 8 && inputs[i].argv[a]; ++a) {
            input in = inputs[i];
            if (*in.argv[a] == '-') continue;
            in.argv[a] = path;
            run_result r = run_with((fault){.file_limit = -1}, in.argv, 0);
            ck_assert_msg(r.status == 1 && strstr(last_line(r), "zzz"), "%s, argument %d: status %d: %.300s", in.name,
                          a, r.status, r.err);
            free_run(r);
            printf("bad input: 1 path of 5000 bytes\n");
        }
    free(path);
}
END_TEST

SUITE_OF(bad_input)
{
    TIMEOUT(240);
    EACH(setup, leave_test_folder);
    LOOP(a_bad_file_is_named_or_works_as_it_should, INPUTS);
    LOOP(a_bad_value_is_named, COUNT_OF(edits));
    TEST(a_picture_of_several_classes_is_named_and_an_error_when_strict);
    LOOP(a_bad_number_in_a_binary_file_is_named, COUNT_OF(patches));
    TEST(a_path_too_long_is_named);
}
