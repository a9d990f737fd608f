#include "commands/test_output.h"
#include "data/label_path.h"
#include "data/results.h"
#include "layer/overlap.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int extended, labels; /* options */
    char *picture;        /* name of the file that shows the boxes, without its ending; ends in / for a folder */
    vd_output json;
    int pictures, replaced; /* replaced: files of labels that were there before */
    void *written;          /* written_file, in a tree of <search.h> */
} output;

/* what this run has written, and from which picture */
typedef struct {
    char *file, *from;
} written_file;

void vd_test_output_options(int argc, char **argv)
{
    output.extended = find_arg(argc, argv, "-ext_output");
    output.labels = find_arg(argc, argv, "-save_labels");
}

static int ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcasecmp(text + n - m, end);
}

/* with its last slash, or "."; the caller frees it */
static char *folder_of(const char *path)
{
    int n = (int)(vd_file_name(path) - path);
    return n ? vd_format("%.*s", n, path) : vd_format(".");
}

static void check_folder(const char *path)
{
    struct stat s;
    char *folder = folder_of(path);
    if (stat(folder, &s) || !S_ISDIR(s.st_mode)) vd_die("-out %s: there is no such folder", path);
    free(folder);
}

void vd_test_output_begin(const char *out)
{
    int json = out && ends_in(out, ".json");
    if (out && !*out) vd_die("-out: the name is empty");
    if (out) check_folder(out);
    output.picture = vd_format("%s", out && !json ? out : "predictions");
    if (!json) return;
    output.json = vd_output_open(out);
    fputs("[\n", output.json.fp);
}

/* ---- one file for two pictures ---- */

static int compare_files(const void *a, const void *b)
{
    const written_file *x = a, *y = b;
    return strcmp(x->file, y->file);
}

/* the picture that this file has been written from, or null */
static const char *written_from(const char *file)
{
    written_file **found = tfind(&(written_file){(char *)file, 0}, &output.written, compare_files);
    return found ? (*found)->from : 0;
}

static int is_of_another(const char *file, const char *picture)
{
    const char *from = written_from(file);
    return from && strcmp(from, picture) && !vd_same_file(from, picture);
}

static void note(const char *file, const char *picture)
{
    if (written_from(file)) return;
    written_file *w = vd_calloc(1, sizeof(*w));
    *w = (written_file){vd_format("%s", file), vd_format("%s", picture)};
    if (!tsearch(w, &output.written, compare_files)) vd_die("out of memory");
}

static void free_written(void *one)
{
    written_file *w = one;
    free(w->file), free(w->from);
    free(w);
}

static void forget_written(void)
{
    tdestroy(output.written, free_written);
    output.written = 0;
}

/* ---- lines ---- */

/* in the order of their left sides */
static int compare_lefts(const void *a, const void *b)
{
    const detection *x = a, *y = b;
    float left = x->bbox.x - x->bbox.w / 2, other = y->bbox.x - y->bbox.w / 2;
    return left < other ? -1 : left > other;
}

static int likeliest(const detection *d, int classes, float thresh)
{
    int best = -1;
    for (int j = 0; j < classes; ++j)
        if (d->prob[j] > (best < 0 ? thresh : d->prob[best])) best = j;
    return best;
}

static void print_line(const detection *d, image im, const char *name, float confidence)
{
    printf("%s: %.0f%%\t(left_x: %4.0f   top_y: %4.0f   width: %4.0f   height: %4.0f)\n", name, confidence * 100,
           roundf((d->bbox.x - d->bbox.w / 2) * im.w), roundf((d->bbox.y - d->bbox.h / 2) * im.h),
           roundf(d->bbox.w * im.w), roundf(d->bbox.h * im.h));
}

/* the likeliest class of each, then its others */
static void print_lines(image im, const detection *dets, int n, float thresh, char **names, int classes)
{
    for (int i = 0; i < n; ++i) {
        const detection *d = dets + i;
        int best = likeliest(d, classes, thresh);
        if (best < 0) continue;
        print_line(d, im, names[best], d->prob[best]);
        for (int j = 0; j < classes; ++j)
            if (j != best && d->prob[j] > thresh) print_line(d, im, names[j], d->prob[j]);
    }
}

/* ---- JSON ---- */

static void put_frame(FILE *fp, const char *path, const detection *dets, int n, char **names, int classes)
{
    int objects = 0;
    fprintf(fp, "%s{\n \"frame_id\":%d, \n \"filename\":", output.pictures > 1 ? ", \n" : "", output.pictures);
    vd_json_string(fp, path);
    fprintf(fp, ", \n \"objects\": [ \n");
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < classes; ++j) {
            box b = dets[i].bbox;
            if (dets[i].prob[j] <= 0) continue;
            fprintf(fp, "%s  {\"class_id\":%d, \"name\":", objects++ ? ", \n" : "", j);
            vd_json_string(fp, names[j]);
            fprintf(fp,
                    ", \"relative_coordinates\":{\"center_x\":%f, \"center_y\":%f, \"width\":%f, \"height\":%f}, "
                    "\"confidence\":%f}",
                    b.x, b.y, b.w, b.h, dets[i].prob[j]);
        }
    fprintf(fp, "\n ] \n}");
}

/* ---- labels ---- */

static int is_folder_of(const char *path)
{
    char *folder = folder_of(path);
    int there = !access(folder, F_OK);
    free(folder);
    return there;
}

/* the file that is there, else the first place whose folder is; the caller frees it */
static char *label_file(const char *picture)
{
    char *places[2], *fault, *path = vd_label_path(picture, &fault);
    free(fault);
    if (path) {
        output.replaced += !written_from(path);
        return path;
    }
    vd_label_places(picture, "labels", places);
    int second = places[1] && !is_folder_of(places[0]);
    free(places[!second]);
    return places[second];
}

#define SMALLEST 1e-4f /* the last digit of a label's sides */

static void write_labels(const char *picture, const detection *dets, int n, float thresh, int classes)
{
    char *path = label_file(picture);
    if (is_of_another(path, picture))
        vd_die("-save_labels: %s: has the labels of %s, and would have those of %s", path, written_from(path), picture);
    note(path, picture);
    vd_output out = vd_output_open(path);
    for (int i = 0; i < n; ++i) {
        int best = likeliest(dets + i, classes, thresh);
        box b = vd_box_inside(dets[i].bbox, 1, 1); /* a label must not reach further */
        if (best >= 0 && b.w >= SMALLEST && b.h >= SMALLEST)
            fprintf(out.fp, "%d %2.4f %2.4f %2.4f %2.4f\n", best, b.x, b.y, b.w, b.h);
    }
    vd_output_close_unsynced(&out);
    free(path);
}

/* ---- a picture ---- */

static int is_finite(const detection *d)
{
    return isfinite(d->bbox.x) && isfinite(d->bbox.y) && isfinite(d->bbox.w) && isfinite(d->bbox.h);
}

/* of weights that are too large: neither JSON nor labels have numbers for them */
static void leave_out_nonfinite(const char *path, detection *dets, int n, int classes)
{
    int boxes = 0;
    for (int i = 0; i < n; ++i) {
        int fit = is_finite(dets + i), left = 0;
        for (int j = 0; j < classes; ++j) {
            if (dets[i].prob[j] <= 0 || (fit && isfinite(dets[i].prob[j]))) continue;
            dets[i].prob[j] = 0;
            left = 1;
        }
        boxes += left;
    }
    if (boxes) fprintf(stderr, "%s: %d detections are left out: their numbers are not finite\n", path, boxes);
}

static void hide_classes(detection *dets, int n, char **names, int classes)
{
    static const char hidden[] = "dont_show";
    for (int j = 0; j < classes; ++j)
        for (int i = 0; i < n && !strncmp(names[j], hidden, sizeof(hidden) - 1); ++i) dets[i].prob[j] = 0;
}

/* FOLDER/NAME.jpg; FOLDER/NAME-2.jpg and so on where that shows another picture of this run. The caller frees it */
static char *drawing_of(const char *picture)
{
    if (!ends_in(output.picture, "/")) return vd_format("%s.jpg", output.picture);
    char *name = basecfg((char *)picture), *first = vd_format("%s%s.jpg", output.picture, name);
    char *path = vd_format("%s", first);
    for (int i = 2; is_of_another(path, picture); ++i) {
        free(path);
        path = vd_format("%s%s-%d.jpg", output.picture, name, i);
    }
    if (strcmp(path, first)) fprintf(stderr, "%s: shown by %s, as %s shows another\n", picture, path, first);
    free(first);
    free(name);
    return path;
}

/* a file among the pictures may be one that is tested next */
static void check_replaced(const char *drawing, const char *picture)
{
    char *folder = folder_of(picture);
    int is_among = ends_in(output.picture, "/") && vd_same_file(folder, output.picture);
    free(folder);
    if (is_among && !written_from(drawing) && !access(drawing, F_OK))
        vd_die("%s: is beside the pictures and would be replaced by the drawing of %s: choose another -out", drawing,
               picture);
}

static void save_picture(image im, const char *path)
{
    char *whole = vd_format("%.*s", (int)(strlen(path) - strlen(".jpg")), path);
    save_image(im, whole);
    free(whole);
}

void vd_test_output_picture(image im, const char *path, detection *dets, int n, float thresh, char **names,
                            image **glyphs, int classes)
{
    char *drawing = drawing_of(path);
    leave_out_nonfinite(path, dets, n, classes);
    if (vd_same_file(drawing, path)) vd_die("%s: would be replaced by its drawing: choose another -out", path);
    check_replaced(drawing, path);
    if (ends_in(output.picture, "/")) note(drawing, path);
    ++output.pictures;
    if (output.labels) write_labels(path, dets, n, thresh, classes);
    hide_classes(dets, n, names, classes);
    if (output.json.fp) put_frame(output.json.fp, path, dets, n, names, classes);
    vd_drawing_is_silent(output.extended);
    if (output.extended) {
        qsort(dets, n, sizeof(*dets), compare_lefts);
        print_lines(im, dets, n, thresh, names, classes);
    }
    draw_detections(im, dets, n, thresh, names, glyphs, classes);
    save_picture(im, drawing);
    free(drawing);
}

void vd_test_output_end(void)
{
    if (output.json.fp) {
        fputs("\n]", output.json.fp);
        vd_output_close(&output.json);
    }
    if (output.labels)
        fprintf(stderr, "-save_labels: %d files of labels, of which %d replace others\n", output.pictures,
                output.replaced);
    if (output.pictures > 1 && !ends_in(output.picture, "/"))
        fprintf(stderr, "%s.jpg: shows the last of %d pictures; -out FOLDER/ writes each\n", output.picture,
                output.pictures);
    forget_written();
    free(output.picture);
}
