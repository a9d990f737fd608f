/* Pictures of curves, drawn with cairo into an SVG or PNG file. */
#ifndef VD_COMMANDS_DRAWING_H
#define VD_COMMANDS_DRAWING_H

#include <stddef.h>

/* one curve: points with an x or y that is not finite are left out */
typedef struct {
    size_t n;
    const double *x, *y; /* [n] */
    int colour;          /* which, from 0: equal numbers look equal in all panels */
} vd_curve;

/* axes with their names and units, and curves */
typedef struct {
    const char *title, *x, *y;
    const vd_curve *curves;
    int n;
    int logarithmic; /* the y axis; all y must be positive */
} vd_panel;

/* 1 when the name ends in .svg or .png */
int vd_drawing_is_named(const char *path);

/* vd_die() where the path has no folder, or the program is built without cairo: asked before long work whose picture
 * goes to this path */
void vd_drawing_check(const char *path);

/* write the panels, one below the other, under a legend: label i names the curves of colour i. The file appears whole;
 * vd_die() when it cannot be written, or when the program is built without cairo */
void vd_drawing_write(const char *path, const vd_panel *panels, int n, const char *const *labels, int n_labels);

#endif
