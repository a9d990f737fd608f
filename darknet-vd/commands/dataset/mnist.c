#include "commands/dataset/mnist.h"

#include "commands/dataset/idx.h"
#include "base/fail.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *const vd_digit_classes[VD_CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

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
        if (label >= VD_CLASSES) vd_die("%s: label %zu is %d, not 0 to 9", labels_path, i, label);
    }
}

/* images of a size that can be written, the same as that of the first split, if first_path is not null */
static void check_size(const size_t *size, const char *path, const vd_source *first, const char *first_path)
{
    if (size[1] > 4096 || size[2] > 4096)
        vd_die("%s: images of %zu x %zu pixels, at most 4096 x 4096", path, size[2], size[1]);
    if (first_path && (first->height != (int)size[1] || first->width != (int)size[2]))
        vd_die("%s: images of %zu x %zu pixels, but those of %s are %d x %d", path, size[2], size[1], first_path,
               first->width, first->height);
}

/* one split; returns the path of its images, which the caller frees */
static char *open_split(const char *dir, int split, vd_source *from, const char *first_path)
{
    static const char *const prefix[VD_SPLITS] = {"train", "t10k"};
    char *images_name = vd_format("%s-images", prefix[split]), *labels_name = vd_format("%s-labels", prefix[split]);
    char *images = find_idx(dir, images_name, 3), *labels = find_idx(dir, labels_name, 1);
    vd_idx pictures = vd_idx_read(images, 3), classes = vd_idx_read(labels, 1);
    check_labels(classes, labels, pictures.size[0], images);
    check_size(pictures.size, images, from, first_path);
    from->count[split] = pictures.size[0];
    from->height = (int)pictures.size[1];
    from->width = (int)pictures.size[2];
    from->pixels[split] = pictures.bytes;
    from->labels[split] = classes.bytes;
    free(images_name);
    free(labels_name);
    free(labels);
    return images;
}

void vd_mnist_read(const char *dir, vd_source *from)
{
    char *train = open_split(dir, VD_TRAIN, from, 0), *test = open_split(dir, VD_TEST, from, train);
    from->channels = 1;
    from->classes = vd_digit_classes;
    from->mark = "_digit";
    free(train);
    free(test);
}
