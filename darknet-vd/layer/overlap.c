#include "layer/overlap.h"

#include <math.h>

#define ASPECT (4 / (M_PI * M_PI))
enum { X, Y, W, H };

/* a box's sides */
typedef struct {
    float left, right, top, bottom;
} sides;

static sides sides_of(box b)
{
    return (sides){b.x - b.w / 2, b.x + b.w / 2, b.y - b.h / 2, b.y + b.h / 2};
}

/* the smallest box around both */
static sides hull_of(sides a, sides b)
{
    return (sides){fminf(a.left, b.left), fmaxf(a.right, b.right), fminf(a.top, b.top), fmaxf(a.bottom, b.bottom)};
}

box vd_box_inside(box b, float w, float h)
{
    sides s = sides_of(b);
    float left = fmaxf(s.left, 0), right = fminf(s.right, w), top = fmaxf(s.top, 0), bottom = fminf(s.bottom, h);
    return (box){(left + right) / 2, (top + bottom) / 2, fmaxf(right - left, 0), fmaxf(bottom - top, 0)};
}

static float square(float x)
{
    return x * x;
}

/* the squares of the centres' distance and of the hull's diagonal */
static void distances(box a, box b, float *centres, float *diagonal)
{
    sides c = hull_of(sides_of(a), sides_of(b));
    *centres = square(a.x - b.x) + square(a.y - b.y);
    *diagonal = square(c.right - c.left) + square(c.bottom - c.top);
}

float vd_overlap_with_distance(box a, box b, float beta)
{
    float iou = box_iou(a, b), centres, diagonal;
    if (beta == 0) return iou;
    distances(a, b, &centres, &diagonal);
    return diagonal == 0 ? iou : iou - powf(centres / diagonal, beta);
}

/* how far the aspect ratios are apart, and its weight */
static double aspect_of(box a, box b, double iou, double *weight)
{
    double difference = atan((double)(b.w / b.h)) - atan((double)(a.w / a.h)),
           aspect = ASPECT * difference * difference;
    *weight = aspect / (1 - iou + aspect + 1e-6);
    return aspect;
}

float vd_overlap_of(vd_overlap kind, box a, box b)
{
    float iou = box_iou(a, b), centres, diagonal;
    sides c = hull_of(sides_of(a), sides_of(b));
    float hull = (c.right - c.left) * (c.bottom - c.top);
    if (kind == VD_IOU || hull == 0) return iou;
    float either = (a.w * a.h + b.w * b.h) / (1 + iou); /* the union: iou is (a + b - union)/union */
    if (kind == VD_GIOU) return iou - (hull - either) / hull;
    if (kind == VD_DIOU) return vd_overlap_with_distance(a, b, .6f);
    double weight, aspect = aspect_of(a, b, iou, &weight);
    distances(a, b, &centres, &diagonal);
    return (float)(iou - (centres / diagonal + weight * aspect));
}

/* gradients with respect to the sides of a, turned into those with respect to x, y, w, h; not halved for w and h */
static void add_by_sides(sides d, float *out)
{
    out[X] += d.left + d.right;
    out[Y] += d.top + d.bottom;
    out[W] += d.right - d.left;
    out[H] += d.bottom - d.top;
}

/* (v du - u dv)/v^2 of each side: the gradient of u/v */
static sides quotient(float u, sides du, float v, sides dv)
{
    float s = 1 / (v * v);
    return (sides){(v * du.left - u * dv.left) * s, (v * du.right - u * dv.right) * s, (v * du.top - u * dv.top) * s,
                   (v * du.bottom - u * dv.bottom) * s};
}

/* -centres/diagonal, the distance term of diou and ciou; here w and h have their true derivative */
static void add_distance(box a, box b, sides p, sides t, float *out)
{
    float centres, diagonal;
    distances(a, b, &centres, &diagonal);
    if (!(diagonal > 0)) return;
    sides c = hull_of(p, t);
    float w = 2 * (c.right - c.left), h = 2 * (c.bottom - c.top), by_hull = centres / square(diagonal);
    int left = (p.left < t.left), right = (p.right > t.right);
    int top = (p.top < t.top), bottom = (p.bottom > t.bottom);
    out[X] += 2 * (b.x - a.x) / diagonal - w * (float)(right - left) * by_hull;
    out[Y] += 2 * (b.y - a.y) / diagonal - h * (float)(bottom - top) * by_hull;
    out[W] += w * .5f * (float)(right + left) * by_hull;
    out[H] += h * .5f * (float)(bottom + top) * by_hull;
}

void vd_overlap_gradient(vd_overlap kind, box a, box b, float d[4])
{
    sides p = sides_of(a), t = sides_of(b), c = hull_of(p, t);
    float in_w = fminf(p.right, t.right) - fmaxf(p.left, t.left),
          in_h = fminf(p.bottom, t.bottom) - fmaxf(p.top, t.top);
    float both = in_w * in_h, either = a.w * a.h + b.w * b.h - both, c_w = c.right - c.left, c_h = c.bottom - c.top;
    int meet = in_w > 0 && in_h > 0;
    sides d_both = {p.left > t.left ? -in_h : 0, p.right < t.right ? in_h : 0, p.top > t.top ? -in_w : 0,
                    p.bottom < t.bottom ? in_w : 0};
    sides d_either = {-a.h - d_both.left, a.h - d_both.right, -a.w - d_both.top, a.w - d_both.bottom};
    sides d_hull = {p.left < t.left ? -c_h : 0, p.right > t.right ? c_h : 0, p.top < t.top ? -c_w : 0,
                    p.bottom > t.bottom ? c_w : 0};
    d[X] = d[Y] = d[W] = d[H] = 0;
    if (either > 0 && (meet || kind == VD_IOU)) add_by_sides(quotient(both, d_both, either, d_either), d);
    if (kind == VD_GIOU && c_w * c_h > 0) add_by_sides(quotient(either, d_either, c_w * c_h, d_hull), d);
    if (kind != VD_DIOU && kind != VD_CIOU) return;
    add_distance(a, b, p, t, d);
    if (kind == VD_DIOU) return;
    double weight, difference = atan((double)(b.w / b.h)) - atan((double)(a.w / a.h));
    aspect_of(a, b, both / either, &weight);
    d[W] += (float)(weight * 2 * ASPECT * difference * a.h);
    d[H] -= (float)(weight * 2 * ASPECT * difference * a.w);
}
