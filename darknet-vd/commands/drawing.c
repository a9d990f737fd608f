/* VD_CAIRO is defined for this file alone. */
#include "commands/drawing.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ends_with(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

int vd_drawing_is_named(const char *path)
{
    return ends_with(path, ".svg") || ends_with(path, ".png");
}

#ifndef VD_CAIRO

void vd_drawing_check(const char *path)
{
    vd_die("%s: not written: this program is built without cairo (CAIRO=0)", path);
}

void vd_drawing_write(const char *path, const vd_panel *panels, int n, const char *const *labels, int n_labels)
{
    (void)panels, (void)n, (void)labels, (void)n_labels;
    vd_drawing_check(path);
}

#else

void vd_drawing_check(const char *path)
{
    char *folder = vd_format("%.*s.", (int)(vd_file_name(path) - path), path);
    if (access(folder, F_OK)) vd_die("%s: cannot write: %s", path, strerror(errno));
    free(folder);
}

#include <cairo/cairo.h>
#include <cairo/cairo-svg.h>

/* in points of an SVG, half a pixel of a PNG each */
enum {
    WIDTH = 860,
    PANEL = 270, /* height, with title and axis names */
    LEFT = 84,
    RIGHT = 24,
    ABOVE = 34, /* the axes of a panel */
    BELOW = 50,
    EDGE = 14,   /* above and below all */
    LEGEND = 20, /* a line of it */
    SWATCH = 26,
    FONT = 13,
    SCALE = 2, /* pixels of a PNG */
    TICKS = 6  /* of an axis, about */
};

/* after Okabe and Ito, made for all kinds of colour vision; dashes tell more curves than colours apart */
static const double colours[][3] = {{0, .447, .698}, {.835, .369, 0}, {0, .62, .451},    {.722, .278, .561},
                                    {.69, .486, 0},  {.25, .25, .25}, {.165, .627, .847}};
enum { COLOURS = sizeof(colours) / sizeof(*colours) };

typedef struct {
    double from, to;
    int logarithmic;
    double at, length; /* where `from` is, and the way to `to`, in points */
} axis;

static double place(const axis *a, double v)
{
    double from = a->from, to = a->to;
    if (a->logarithmic) v = log10(v), from = log10(from), to = log10(to);
    return a->at + (v - from) / (to - from) * a->length;
}

/* 1, 2 or 5 times a power of ten, so that about TICKS of them are in the span */
static double step_of(double span)
{
    double raw = span / TICKS, power = pow(10, floor(log10(raw))), times = raw / power;
    return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

static void show_point(const vd_curve *c, size_t i, int is_x, double *least, double *most)
{
    double v = is_x ? c->x[i] : c->y[i];
    if (!isfinite(c->x[i]) || !isfinite(c->y[i])) return;
    *least = fmin(*least, v);
    *most = fmax(*most, v);
}

/* the span of all points of n panels, widened to steps; x begins at 0, and so does y where that is near */
static axis span(const vd_panel *p, int n, int is_x)
{
    double least = INFINITY, most = -INFINITY;
    for (const vd_panel *end = p + n, *q = p; q < end; ++q)
        for (int k = 0; k < q->n; ++k)
            for (size_t i = 0; i < q->curves[k].n; ++i) show_point(q->curves + k, i, is_x, &least, &most);
    if (least > most) least = 0, most = 1;
    if (p->logarithmic && !is_x) return (axis){.from = least / 1.15, .to = most * 1.15, .logarithmic = 1};
    if (is_x || (least > 0 && least < .5 * most)) least = 0;
    if (least >= most) least -= least > 0 ? .5 : 0, most += 1;
    double step = step_of(most - least);
    return (axis){.from = step * floor(least / step + 1e-9), .to = is_x ? most : step * ceil(most / step - 1e-9)};
}

/* text as UTF-8, at most `most` bytes of it, for the caller to free: cairo takes nothing else */
static char *clean(const char *text, size_t most)
{
    size_t length = strlen(text), n;
    const char *from = length > most ? text + length - most : text;
    char *out = vd_calloc(3 * length + 8, 1), *at = out;
    if (from > text) at += sprintf(at, "...");
    for (; *from; from += n ? n : 1) {
        n = (size_t)vd_utf8_length(from);
        if (n) memcpy(at, from, n);
        else *at = '?';
        at += n ? n : 1;
    }
    return out;
}

/* aligned: 0 left, 0.5 centred, 1 right of x */
static void text_at(cairo_t *c, double x, double y, double aligned, const char *text)
{
    cairo_text_extents_t e;
    cairo_text_extents(c, text, &e);
    cairo_move_to(c, x - aligned * e.x_advance, y);
    cairo_show_text(c, text);
}

static void grey(cairo_t *c, double v)
{
    cairo_set_source_rgb(c, v, v, v);
}

static void tick(cairo_t *c, const axis *x, const axis *y, int is_x, double v)
{
    char *text = vd_format("%g", fabs(v) < 1e-12 ? 0 : v);
    double at = place(is_x ? x : y, v);
    grey(c, .87);
    cairo_set_line_width(c, 1);
    cairo_move_to(c, is_x ? at : x->at, is_x ? y->at : at);
    cairo_rel_line_to(c, is_x ? 0 : x->length, is_x ? y->length : 0);
    cairo_stroke(c);
    grey(c, .25);
    if (is_x) text_at(c, at, y->at + FONT + 5, .5, text);
    else text_at(c, x->at - 7, at + .35 * FONT, 1, text);
    free(text);
}

static void logarithmic_ticks(cairo_t *c, const axis *x, const axis *y)
{
    static const int digits[] = {1, 2, 5};
    int all = y->to / y->from < 300; /* else powers of ten alone */
    for (int e = (int)floor(log10(y->from)); pow(10, e) <= y->to; ++e)
        for (int k = 0; k < (all ? 3 : 1); ++k) {
            double v = digits[k] * pow(10, e);
            if (v >= y->from && v <= y->to) tick(c, x, y, 0, v);
        }
}

static void ticks(cairo_t *c, const axis *x, const axis *y, int is_x)
{
    const axis *a = is_x ? x : y;
    double step = step_of(a->to - a->from);
    if (a->logarithmic) logarithmic_ticks(c, x, y);
    else
        for (long i = lround(a->from / step); step * (double)i <= a->to + 1e-9 * step; ++i)
            tick(c, x, y, is_x, step * (double)i);
}

static void names(cairo_t *c, const vd_panel *p, const axis *x, const axis *y)
{
    double middle = y->at + .5 * y->length;
    grey(c, 0);
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    text_at(c, x->at, y->at + y->length - 11, 0, p->title);
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    grey(c, .25);
    text_at(c, x->at + .5 * x->length, y->at + 2.6 * FONT, .5, p->x);
    cairo_save(c);
    cairo_translate(c, FONT + 6, middle);
    cairo_rotate(c, -M_PI / 2);
    text_at(c, 0, 0, .5, p->y);
    cairo_restore(c);
}

static void pen(cairo_t *c, int colour)
{
    static const double dashes[][2] = {{0}, {7, 4}, {2, 3}};
    const double *rgb = colours[colour % COLOURS], *dash = dashes[colour / COLOURS % 3];
    cairo_set_source_rgb(c, rgb[0], rgb[1], rgb[2]);
    cairo_set_dash(c, dash, dash[0] > 0 ? 2 : 0, 0);
    cairo_set_line_width(c, 2);
}

static void curve(cairo_t *c, const vd_curve *v, const axis *x, const axis *y)
{
    enum { FEW = 40 }; /* points, that are seen one by one */
    pen(c, v->colour);
    cairo_new_path(c); /* not from the end of a text */
    for (size_t i = 0; i < v->n; ++i)
        if (isfinite(v->x[i]) && isfinite(v->y[i])) cairo_line_to(c, place(x, v->x[i]), place(y, v->y[i]));
    cairo_stroke(c);
    for (size_t i = 0; i < v->n && v->n < FEW; ++i) {
        if (!isfinite(v->x[i]) || !isfinite(v->y[i])) continue;
        cairo_arc(c, place(x, v->x[i]), place(y, v->y[i]), 2.6, 0, 2 * M_PI);
        cairo_fill(c);
    }
    cairo_set_dash(c, 0, 0, 0);
}

static void panel(cairo_t *c, const vd_panel *p, axis x, double top)
{
    axis y = span(p, 1, 0);
    x.at = LEFT;
    x.length = WIDTH - LEFT - RIGHT;
    y.at = top + PANEL - BELOW;
    y.length = -(PANEL - ABOVE - BELOW);
    ticks(c, &x, &y, 1);
    ticks(c, &x, &y, 0);
    names(c, p, &x, &y);
    for (int i = 0; i < p->n; ++i) curve(c, p->curves + i, &x, &y);
}

static void legend(cairo_t *c, const char *const *labels, int n)
{
    enum { MOST = 100 };
    for (int i = 0; i < n; ++i) {
        double y = EDGE + LEGEND * (i + .5);
        char *text = clean(labels[i], MOST);
        pen(c, i);
        cairo_move_to(c, LEFT, y);
        cairo_rel_line_to(c, SWATCH, 0);
        cairo_stroke(c);
        cairo_set_dash(c, 0, 0, 0);
        grey(c, 0);
        text_at(c, LEFT + SWATCH + 8, y + .35 * FONT, 0, text);
        free(text);
    }
}

static void draw(cairo_surface_t *s, const vd_panel *panels, int n, const char *const *labels, int n_labels)
{
    cairo_t *c = cairo_create(s);
    grey(c, 1);
    cairo_paint(c);
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, FONT);
    cairo_set_line_join(c, CAIRO_LINE_JOIN_ROUND);
    legend(c, labels, n_labels);
    for (int i = 0; i < n; ++i) panel(c, panels + i, span(panels, n, 1), EDGE + LEGEND * n_labels + PANEL * i);
    cairo_destroy(c);
}

static cairo_status_t put(void *fp, const unsigned char *data, unsigned n)
{
    return fwrite(data, 1, n, fp) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

void vd_drawing_write(const char *path, const vd_panel *panels, int n, const char *const *labels, int n_labels)
{
    vd_output out = vd_output_open(path);
    int height = 2 * EDGE + LEGEND * n_labels + PANEL * n, png = ends_with(path, ".png");
    cairo_surface_t *s = png ? cairo_image_surface_create(CAIRO_FORMAT_RGB24, SCALE * WIDTH, SCALE * height)
                             : cairo_svg_surface_create_for_stream(put, out.fp, WIDTH, height);
    if (png) cairo_surface_set_device_scale(s, SCALE, SCALE);
    draw(s, panels, n, labels, n_labels);
    cairo_status_t status = png ? cairo_surface_write_to_png_stream(s, put, out.fp) : CAIRO_STATUS_SUCCESS;
    cairo_surface_finish(s);
    if (!status) status = cairo_surface_status(s);
    cairo_surface_destroy(s);
    /* of the file itself vd_output_close() tells more */
    if (status && status != CAIRO_STATUS_WRITE_ERROR)
        vd_die("%s: not written: %s", path, cairo_status_to_string(status));
    vd_output_close(&out);
}

#endif
