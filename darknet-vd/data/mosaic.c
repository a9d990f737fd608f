#include "data/mosaic.h"
#include "base/fail.h"
#include "base/seed.h"
#include "data/skip_broken.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "image.h"
#include "utils.h"

/* of Darknet's data.c, which does not declare it: labels of a picture that was mirrored, if flip, then scaled by sx and
 * sy, then moved by -dx and -dy, into truth [num_boxes][5] */
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

/* the interval around *middle, both as shares of `side`: moved by some pixels and clipped; 0 when up to a pixel is left
 */
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

static void copy_quarter(const image from, vd_quarter t, float *pixels)
{
    for (int c = 0; c < from.c; ++c)
        for (int y = 0; y < t.h; ++y) {
            size_t to_row = ((size_t)c * from.h + t.y + y) * from.w, row = ((size_t)c * from.h + t.from_y + y) * from.w;
            memcpy(pixels + to_row + t.x, from.data + row + t.from_x, (size_t)t.w * sizeof(float));
        }
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

/* one picture as it is in a mosaic: as large as that, of_picture [boxes][5] its objects */
typedef struct {
    image pixels;
    float *of_picture;
    vd_quarter at;
} shown;

static void load_quarter(char *path, int q, int cut_x, int cut_y, int boxes, int classes, changes r, shown *s)
{
    int w = s->pixels.w, h = s->pixels.h, flip = image_flip && darknet_rand() % 2;
    image picture = load_image_color(path, 0, 0);
    vd_cut cut = vd_draw_cut(picture, w, h, r.jitter);
    if (darknet_rand() % 2 == 0) move_to_corner(&cut, q, flip);
    vd_place p = rounded(vd_place_of(picture, w, h, cut));
    fill_image(s->pixels, .5f);
    place_image(picture, (int)p.w, (int)p.h, (int)p.x, (int)p.y, s->pixels);
    random_distort_image(s->pixels, r.hue, r.saturation, r.exposure);
    if (flip) {
        flip_image(s->pixels);
        cut = (vd_cut){.left = cut.right, .right = cut.left, .top = cut.top, .bottom = cut.bottom};
    }
    memset(s->of_picture, 0, (size_t)boxes * NUMBERS * sizeof(float));
    fill_truth_detection(path, boxes, s->of_picture, classes, flip, -p.x / (float)w, -p.y / (float)h, p.w / (float)w,
                         p.h / (float)h);
    vd_drop_small_boxes(s->of_picture, boxes, w, h);
    s->at = vd_quarter_of(q, w, h, cut_x, cut_y, picture, cut);
    free_image(picture);
}

int vd_load_mosaic(char **paths, int m, char *first, int w, int h, int boxes, int classes, float jitter, float hue,
                   float saturation, float exposure, float **pixels, float *truth)
{
    const vd_placement now = vd_placement_now();
    const float least = .2f; /* of the width or height, for each quarter */
    if (!now.mosaic || darknet_rand() % 2 == 0) return 0;
    int cut_x = rand_int((int)(w * least), (int)(w * (1 - least)));
    int cut_y = rand_int((int)(h * least), (int)(h * (1 - least)));
    shown s = {make_image(w, h, image_channels), vd_calloc((size_t)boxes * NUMBERS, sizeof(float)), {0}};
    *pixels = vd_calloc((size_t)w * h * image_channels, sizeof(float));
    for (int q = 0; q < 4; ++q) {
        char *path = q ? vd_sound_picture(paths, m, darknet_rand() % m) : first;
        load_quarter(path, q, cut_x, cut_y, boxes, classes, (changes){jitter, hue, saturation, exposure}, &s);
        copy_quarter(s.pixels, s.at, *pixels);
        vd_add_truth(truth, boxes, s.of_picture, s.at, w, h, now.mosaic_bound);
    }
    free(s.of_picture);
    free_image(s.pixels);
    return 1;
}
