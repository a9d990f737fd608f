#include "data/mosaic.h"
#include "base/fail.h"
#include "base/seed.h"
#include "data/skip_broken.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utils.h"

/* of Darknet's data.c, which does not declare it: labels of a picture that was scaled by sx and sy, then moved by
 * -dx and -dy, then mirrored, if flip, into truth [num_boxes][5] */
void fill_truth_detection(char *path, int num_boxes, float *truth, int classes, int flip, float dx, float dy, float sx,
                          float sy);

enum { NUMBERS = 5 }; /* of an object: x, y, w, h, class */

/* how far a widened border reaches into the mosaic, at most `most` */
static int border(float cut, float picture, int mosaic, int most)
{
    int pixels = (int)(-cut * (float)mosaic / picture);
    return pixels < 0 ? 0 : pixels > most ? most : pixels;
}

vd_quarter vd_quarter_of(int quarter, int w, int h, int cut_x, int cut_y, image picture, vd_cut cut)
{
    int right = quarter % 2, lower = quarter / 2;
    vd_quarter t = {.w = right ? w - cut_x : cut_x, .h = lower ? h - cut_y : cut_y};
    if (right) t.x = cut_x, t.from_x = border(cut.left, (float)picture.w, w, w - t.w);
    else t.from_x = w - t.w - border(cut.right, (float)picture.w, w, w - t.w);
    if (lower) t.y = cut_y, t.from_y = border(cut.top, (float)picture.h, h, h - t.h);
    else t.from_y = h - t.h - border(cut.bottom, (float)picture.h, h, h - t.h);
    return t;
}

/* the interval around *middle, both as shares of `side`: moved by some pixels and clipped;
 * 0 when up to a pixel is left */
static int move_and_clip(float *middle, float *length, float side, float by, float first, float last)
{
    float from = fmaxf((*middle - *length / 2) * side + by, first);
    float to = fminf((*middle + *length / 2) * side + by, last);
    *middle = (from + to) / 2 / side;
    *length = (to - from) / side;
    return to - from > 1;
}

void vd_add_truth(float *truth, int boxes, const float *of_picture, vd_quarter tile, int w, int h, int bound)
{
    vd_quarter b = bound ? tile : (vd_quarter){.w = w, .h = h};
    int n = 0;
    while (n < boxes && truth[n * NUMBERS] != 0) ++n;
    for (int i = 0; i < boxes && n < boxes && of_picture[i * NUMBERS] != 0; ++i) {
        float o[NUMBERS];
        memcpy(o, of_picture + (size_t)i * NUMBERS, sizeof(o));
        if (!move_and_clip(o, o + 2, (float)w, (float)(tile.x - tile.from_x), (float)b.x, (float)(b.x + b.w))) continue;
        if (!move_and_clip(o + 1, o + 3, (float)h, (float)(tile.y - tile.from_y), (float)b.y, (float)(b.y + b.h)))
            continue;
        memcpy(truth + (size_t)n++ * NUMBERS, o, sizeof(o));
    }
}

/* show most of the picture: what is cut or widened at both ends goes to the outer border of the mosaic */
static void move_to_corner(vd_cut *c, int quarter, int flip)
{
    float width = c->left + c->right, height = c->top + c->bottom;
    int at_left = (quarter % 2 == 0) != flip;
    c->left = at_left ? 0 : width;
    c->right = at_left ? width : 0;
    c->top = quarter < 2 ? 0 : height;
    c->bottom = quarter < 2 ? height : 0;
}

/* where a pixel of a quarter is in the picture, along one side: between pixel `at` and the next, `part` of the way;
 * at < 0: outside */
typedef struct {
    int at, next;
    float part;
} sample;

/* of each of n pixels, from `from` on, of an input of `side` pixels, in which `placed` ones from `start` on show a
 * picture of `pixels`; mirrored with flip */
static sample *samples_of(int n, int from, int side, float start, float placed, int pixels, int flip)
{
    sample *s = vd_calloc(n, sizeof(sample));
    for (int i = 0; i < n; ++i) {
        int at = flip ? side - 1 - from - i : from + i;
        float x = ((float)at - start) / placed * (float)pixels;
        if (x < 0 || x >= (float)pixels) s[i].at = -1;
        else s[i] = (sample){(int)x, (int)x + 1 < pixels ? (int)x + 1 : (int)x, x - (float)(int)x};
    }
    return s;
}

/* a row between two rows of the picture */
static void draw_row(const float *upper, const float *lower, float part, const sample *columns, int n, float *to)
{
    for (int x = 0; x < n; ++x) {
        const sample k = columns[x];
        if (k.at < 0) continue;
        float above = upper[k.at] + k.part * (upper[k.next] - upper[k.at]);
        float below = lower[k.at] + k.part * (lower[k.next] - lower[k.at]);
        to[x] = above + part * (below - above);
    }
}

/* the quarter of a mosaic of w x h that shows a picture placed at p: interpolated as place_image() does,
 * grey around it */
static image draw_quarter(image picture, vd_place p, vd_quarter t, int w, int h, int flip)
{
    image q = make_image(t.w, t.h, picture.c);
    sample *columns = samples_of(t.w, t.from_x, w, p.x, p.w, picture.w, flip),
           *rows = samples_of(t.h, t.from_y, h, p.y, p.h, picture.h, 0);
    fill_image(q, .5f);
    for (int c = 0; c < q.c; ++c)
        for (int y = 0; y < q.h; ++y) {
            const float *plane = picture.data + (size_t)c * picture.w * picture.h;
            if (rows[y].at < 0) continue;
            draw_row(plane + (size_t)rows[y].at * picture.w, plane + (size_t)rows[y].next * picture.w, rows[y].part,
                     columns, q.w, q.data + ((size_t)c * q.h + y) * q.w);
        }
    free(columns);
    free(rows);
    return q;
}

static void copy_quarter(const image q, vd_quarter t, int w, int h, float *pixels)
{
    for (int c = 0; c < q.c; ++c)
        for (int y = 0; y < q.h; ++y)
            memcpy(pixels + ((size_t)c * h + t.y + y) * w + t.x, q.data + ((size_t)c * q.h + y) * q.w,
                   (size_t)q.w * sizeof(float));
}

/* the whole picture in whole pixels, as place_image() takes it, so that objects are where their boxes are */
static vd_place rounded(vd_place p)
{
    return (vd_place){fmaxf(roundf(p.w), 1), fmaxf(roundf(p.h), 1), roundf(p.x), roundf(p.y)};
}

/* limits of the random changes */
typedef struct {
    float jitter, hue, saturation, exposure;
} changes;

/* a mosaic that is being made */
typedef struct {
    int w, h, cut_x, cut_y;
    float *pixels;
    float *of_picture, *truth; /* [boxes][NUMBERS] of one picture, and of all */
    int boxes, classes;
} mosaic;

static void load_quarter(char *path, int quarter, mosaic m, changes r)
{
    int flip = image_flip && darknet_rand() % 2;
    image picture = load_image_color(path, 0, 0);
    vd_cut cut = vd_draw_cut(picture, m.w, m.h, r.jitter);
    if (darknet_rand() % 2 == 0) move_to_corner(&cut, quarter, flip);
    vd_place p = rounded(vd_place_of(picture, m.w, m.h, cut));
    if (flip) cut = (vd_cut){.left = cut.right, .right = cut.left, .top = cut.top, .bottom = cut.bottom};
    vd_quarter t = vd_quarter_of(quarter, m.w, m.h, m.cut_x, m.cut_y, picture, cut);
    image q = draw_quarter(picture, p, t, m.w, m.h, flip);
    random_distort_image(q, r.hue, r.saturation, r.exposure);
    copy_quarter(q, t, m.w, m.h, m.pixels);
    memset(m.of_picture, 0, (size_t)m.boxes * NUMBERS * sizeof(float));
    fill_truth_detection(path, m.boxes, m.of_picture, m.classes, flip, -p.x / (float)m.w, -p.y / (float)m.h,
                         p.w / (float)m.w, p.h / (float)m.h);
    vd_drop_small_boxes(m.of_picture, m.boxes, m.w, m.h);
    vd_add_truth(m.truth, m.boxes, m.of_picture, t, m.w, m.h, vd_placement_now().mosaic_bound);
    free_image(q);
    free_image(picture);
}

int vd_load_mosaic(char **paths, int m, char *first, int w, int h, int boxes, int classes, float jitter, float hue,
                   float saturation, float exposure, float **pixels, float *truth)
{
    const float least = .2f; /* of the width or height, for each quarter */
    if (!vd_placement_now().mosaic || darknet_rand() % 2 == 0) return 0;
    mosaic whole = {.w = w, .h = h, .truth = truth, .boxes = boxes, .classes = classes};
    whole.cut_x = rand_int((int)(w * least), (int)(w * (1 - least)));
    whole.cut_y = rand_int((int)(h * least), (int)(h * (1 - least)));
    whole.pixels = *pixels = vd_calloc((size_t)w * h * image_channels, sizeof(float));
    whole.of_picture = vd_calloc((size_t)boxes * NUMBERS, sizeof(float));
    for (int q = 0; q < 4; ++q) {
        char *path = q ? vd_sound_picture(paths, m, darknet_rand() % m) : first;
        load_quarter(path, q, whole, (changes){jitter, hue, saturation, exposure});
    }
    free(whole.of_picture);
    return 1;
}
