#include "config/inputs.h"
#include "config/keys.h"

#include <stdlib.h>
#include <string.h>

#include "option_list.h"

/* ---- heads ---- */

/* the layer before must have as many outputs as [yolo] or [region] reads: the same of each of its cells */
static void check_cells(vd_section s, layer before, long numbers)
{
    long cells = (long)before.out_w * before.out_h;
    if (before.outputs != numbers * cells)
        vd_section_die(s, "reads %ld numbers per cell, but the previous layer has %d filters", numbers, before.out_c);
}

static void check_yolo(vd_section s, layer before)
{
    long boxes = vd_option_given(s, "mask") ? vd_option_length(s, "mask") : vd_key_integer(s, "num");
    check_cells(s, before, boxes * (vd_key_integer(s, "classes") + 4 + 1));
}

static void check_region(vd_section s, layer before)
{
    check_cells(s, before, vd_key_integer(s, "num") * (vd_key_integer(s, "classes") + vd_key_integer(s, "coords") + 1));
}

static void check_detection(vd_section s, layer before)
{
    long side = vd_key_integer(s, "side"), boxes = vd_key_integer(s, "num") * (1 + vd_key_integer(s, "coords"));
    long numbers = side * side * (boxes + vd_key_integer(s, "classes"));
    if (before.outputs != numbers)
        vd_section_die(s, "reads %ld numbers, but the previous layer has %d", numbers, before.outputs);
}

/* ---- from= and layers= ---- */

static void require(vd_section s, const char *key, const char *what)
{
    if (!vd_option_given(s, key)) vd_section_die(s, "%s= (%s) is missing", key, what);
}

/* stock Darknet adds images of different sizes when one size is an integer multiple of the other */
static int fits_stock(layer a, layer b)
{
    return a.out_w && a.out_h && b.out_w && b.out_h && a.out_w / b.out_w == a.out_h / b.out_h &&
           b.out_w / a.out_w == b.out_h / a.out_h;
}

/* later Darknets add several, and weigh them, but of one size only */
static void check_shortcut(vd_section s, const network *net)
{
    require(s, "from", "the layer to add");
    int *from, n = vd_option_layers(s, "from", &from);
    const char *weights = option_find(s.options, "weights_type");
    int stock = n == 1 && (!weights || !strcmp(weights, "none"));
    layer b = net->layers[s.index - 1];
    for (int i = 0; i < n; ++i) {
        layer a = net->layers[from[i]];
        if (stock ? !fits_stock(a, b) : a.out_w != b.out_w || a.out_h != b.out_h || !a.out_w || !a.out_h)
            vd_section_die(s, "from=%s: layer %d is %dx%d, but the previous layer is %dx%d",
                           option_find(s.options, "from"), from[i], a.out_w, a.out_h, b.out_w, b.out_h);
    }
    if (!stock && (vd_option_given(s, "alpha") || vd_option_given(s, "beta")))
        vd_section_die(s, "alpha and beta are for one layer without weights_type: expected no such keys");
    free(from);
}

/* [scale_channels] and [sam]: the layer of from= is multiplied by that before */
static void check_scaled(vd_section s, const network *net)
{
    require(s, "from", "the layer to multiply");
    int *layers, n = vd_option_layers(s, "from", &layers), from = layers[0];
    free(layers);
    if (n != 1) vd_section_die(s, "from=%s names %d layers: expected one", option_find(s.options, "from"), n);
    layer a = net->layers[from], b = net->layers[s.index - 1], expected = a;
    int is_sam = !strcmp(s.type, "[sam]"), scale_wh = !is_sam && vd_key_integer(s, "scale_wh");
    if (scale_wh) expected.out_c = 1;
    else if (!is_sam) expected.out_w = expected.out_h = 1;
    if (!a.out_w || b.out_w != expected.out_w || b.out_h != expected.out_h || b.out_c != expected.out_c)
        vd_section_die(s,
                       "the previous layer is %dx%dx%d, but layer %d of from= is %dx%dx%d: expected factors of "
                       "%dx%dx%d",
                       b.out_w, b.out_h, b.out_c, from, a.out_w, a.out_h, a.out_c, expected.out_w, expected.out_h,
                       expected.out_c);
}

static int is(vd_section s, const char *type)
{
    return !strcmp(s.type, type);
}

void vd_inputs_check(vd_section s, const network *net)
{
    if (is(s, "[yolo]")) check_yolo(s, net->layers[s.index - 1]);
    if (is(s, "[region]")) check_region(s, net->layers[s.index - 1]);
    if (is(s, "[detection]")) check_detection(s, net->layers[s.index - 1]);
    if (is(s, "[shortcut]")) check_shortcut(s, net);
    if (is(s, "[scale_channels]") || is(s, "[sam]")) check_scaled(s, net);
    if (is(s, "[route]")) require(s, "layers", "the layers to join");
}
