#include "commands/anchors.h"
#include "commands/words.h"
#include "commands/clusters.h"
#include "data/picture_file.h"
#include "training/detector_score.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet detector calc_anchors DATA -width W -height H [-num_of_clusters 5] [-keep_shape]\n"
    "  finds shapes that the objects of the data file's train= list are near to, by k-means on their overlap; prints\n"
    "  them as the anchors= of [yolo], and the number of objects of each class as counters_per_class=, and writes\n"
    "  both to anchors.txt and counters_per_class.txt in the current folder. The same list gives the same anchors\n"
    "  -width, -height   of the network's input, in pixels; up to 32: in cells of [region], with decimals\n"
    "  -keep_shape       for a network that shows pictures in their own shape, between grey borders, and does not\n"
    "                    fill its input with them\n";

typedef struct {
    const char *data;
    int clusters, width, height;
    int keep_shape;
} arguments;

typedef struct {
    size_t n, room;
    float (*size)[2]; /* [n], of the network's input */
    int classes;
    size_t *of_class; /* [classes] */
} objects;

static arguments parse(int argc, char **argv)
{
    enum { MOST_CLUSTERS = 1000, MOST_SIDE = 100000 };
    arguments a = {.clusters = 5};
    for (vd_words w = {"detector calc_anchors", argc, argv, 1}; w.at < argc && argv[w.at]; ++w.at) {
        char *word = argv[w.at];
        if (!strcmp(word, "-num_of_clusters")) a.clusters = (int)vd_word_integer(&w, 1, MOST_CLUSTERS);
        else if (!strcmp(word, "-width")) a.width = (int)vd_word_integer(&w, 1, MOST_SIDE);
        else if (!strcmp(word, "-height")) a.height = (int)vd_word_integer(&w, 1, MOST_SIDE);
        else if (!strcmp(word, "-keep_shape")) a.keep_shape = 1;
        else if (!strcmp(word, "-dont_show")) continue;
        else if (word[0] == '-') vd_die("darknet detector calc_anchors: unknown option %s", word);
        else if (a.data) vd_die("darknet detector calc_anchors: unexpected argument %s", word);
        else a.data = word;
    }
    if (!a.data || !a.width || !a.height)
        vd_die("darknet detector calc_anchors: DATA, -width and -height are needed; see -h");
    return a;
}

static void add_class(objects *o, const char *file, int class)
{
    enum { MOST_CLASSES = 1000000 };
    if (class >= MOST_CLASSES) vd_die("%s: an object of class %d: expected less than %d", file, class, MOST_CLASSES);
    if (class >= o->classes) {
        o->of_class = vd_realloc(o->of_class, (class + 1) * sizeof(*o->of_class));
        memset(o->of_class + o->classes, 0, (class + 1 - o->classes) * sizeof(*o->of_class));
        o->classes = class + 1;
    }
    ++o->of_class[class];
}

static void add_object(objects *o, const char *file, box_label label, const float place[2])
{
    if (o->n == o->room) {
        o->room = 2 * o->room + 1024;
        o->size = vd_realloc(o->size, o->room * sizeof(*o->size));
    }
    o->size[o->n][0] = label.w * place[0];
    o->size[o->n++][1] = label.h * place[1];
    add_class(o, file, label.id);
}

/* width and height of a picture in the network's input */
static void find_place(const char *path, const arguments *a, float place[2])
{
    int w, h, c;
    place[0] = a->width, place[1] = a->height;
    if (!a->keep_shape) return;
    unsigned char *pixels = vd_picture_decode(path, &w, &h, &c, 0);
    if (!pixels) vd_die("Cannot load image \"%s\": %s", path, vd_picture_fault());
    free(pixels);
    float scale = fminf(place[0] / w, place[1] / h);
    place[0] = scale * w, place[1] = scale * h;
}

static objects read_objects(vd_labelled_pictures p, int classes, const arguments *a)
{
    objects o = {.classes = classes, .of_class = vd_calloc(classes, sizeof(*o.of_class))};
    for (int i = 0; i < p.n; ++i) {
        int n;
        float place[2];
        box_label *labels = read_boxes(p.labels[i], &n);
        if (n) find_place(p.paths[i], a, place);
        for (int j = 0; j < n; ++j) add_object(&o, p.labels[i], labels[j], place);
        free(labels);
    }
    return o;
}

/* "10, 14, 23, 27", in the form of AlexeyAB's program; the caller frees it */
static char *text_of_anchors(const arguments *a, const float (*shapes)[2])
{
    enum { LARGEST_GRID = 32 };
    const char *format = a->width > LARGEST_GRID ? "%3.0f,%3.0f%s" : "%2.4f,%2.4f%s";
    char *text = 0;
    for (int j = 0; j < a->clusters; ++j)
        vd_append(&text, format, shapes[j][0], shapes[j][1], j + 1 < a->clusters ? ", " : "");
    return text;
}

static char *text_of_counts(const objects *o)
{
    char *text = 0;
    size_t size;
    FILE *fp = open_memstream(&text, &size);
    if (!fp) vd_die("out of memory");
    fputs("counters_per_class = ", fp);
    for (int c = 0; c < o->classes; ++c) fprintf(fp, "%zu%s", o->of_class[c], c + 1 < o->classes ? ", " : "");
    if (fclose(fp)) vd_die("out of memory");
    return text;
}

static void write_file(const char *path, const char *text)
{
    vd_output out = vd_output_open(path);
    fputs(text, out.fp);
    vd_output_close(&out);
}

int vd_anchors_command(int argc, char **argv)
{
    static const char anchors_file[] = "anchors.txt", counts_file[] = "counters_per_class.txt";
    if (vd_words_help(argc, argv, usage)) return 0;
    arguments a = parse(argc, argv);
    list *options = read_data_cfg((char *)a.data);
    char *train = option_find_str(options, "train", 0);
    int classes = option_find_int_quiet(options, "classes", 0);
    if (!train) vd_die("%s: train= (the list of pictures) is missing", a.data);
    vd_labelled_pictures p = vd_labelled_read(train, 0, classes);
    objects o = read_objects(p, classes, &a);
    if (o.n < (size_t)a.clusters)
        vd_die("%s: %zu objects in its %d pictures, but -num_of_clusters is %d", train, o.n, p.n, a.clusters);
    float(*shapes)[2] = vd_calloc(a.clusters, sizeof(*shapes));
    double overlap = vd_find_clusters(o.n, (const float(*)[2])o.size, a.clusters, shapes);
    char *anchors = text_of_anchors(&a, (const float(*)[2])shapes), *counts = text_of_counts(&o);
    printf("\n num_of_clusters = %d, width = %d, height = %d \n read labels from %d images: %zu boxes \n\n%s\n",
           a.clusters, a.width, a.height, p.n, o.n, counts);
    printf("\n avg IoU = %2.2f %% \n\nSaving anchors to the file: %s \nanchors = %s\n", 100 * overlap, anchors_file,
           anchors);
    write_file(anchors_file, anchors);
    write_file(counts_file, counts);
    free(anchors), free(counts), free(shapes);
    free(o.size), free(o.of_class);
    vd_labelled_free(p);
    free_options(options);
    return 0;
}
