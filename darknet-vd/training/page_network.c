#include "training/page_network.h"
#include "base/fail.h"
#include "base/json.h"
#include "layer/layer_state.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>

enum {
    BINS = 64,    /* a quarter wide: from -8 to 8 */
    FILTERS = 64, /* shown */
    LARGEST = 15, /* side of a filter shown */
    BLOCKS = 128, /* of a dense layer's map, in each direction */
    FULL = 1000   /* all weights of a block are left */
};

/* a layer's weights where they are left, else 0, for the caller to free */
static float *masked_of(layer l)
{
    const vd_layer *vd = vd_layer_of(l);
    size_t n = vd_weights_of(l);
    float *masked = vd_calloc(n, sizeof(*masked));
    if (vd) vd_kernels_get()->mask(n, l.weights, vd->log_sigma2, vd->threshold, masked);
    else
        for (size_t i = 0; i < n; ++i) masked[i] = l.weights[i];
    return masked;
}

static size_t left_of(layer l)
{
    const vd_layer *vd = vd_layer_of(l);
    size_t n = vd_weights_of(l);
    if (!vd) return n;
    float *masked = vd_calloc(n, sizeof(*masked));
    size_t left = vd_kernels_get()->mask(n, l.weights, vd->log_sigma2, vd->threshold, masked);
    free(masked);
    return left;
}

static int keeps_shape(layer l)
{
    return l.type == DROPOUT || l.type == YOLO || l.type == REGION || l.type == COST;
}

/* The layer whose out_w, out_h and out_c are the shape of layer i's output. Where random=1 has drawn another size of
 * pictures, those that pass on what they get have kept theirs of before. */
static layer shape_of(const network *net, int i)
{
    while (i && keeps_shape(net->layers[i])) --i;
    return net->layers[i];
}

static void print_layer(FILE *fp, const network *net, int index)
{
    layer l = net->layers[index], shape = shape_of(net, index);
    const vd_layer *vd = vd_layer_of(l);
    fprintf(fp, "{\"index\":%d,\"type\":", index);
    vd_json_string(fp, vd_layer_type(l));
    if (shape.out_w * shape.out_h > 1) fprintf(fp, ",\"output\":\"%dx%dx%d\"", shape.out_w, shape.out_h, shape.out_c);
    else fprintf(fp, ",\"output\":\"%d\"", l.outputs);
    if (vd_has_weights(l)) {
        size_t n = vd_weights_of(l), left = left_of(l), uses = vd_uses_of_weight(l);
        fprintf(fp, ",\"weights\":%zu,\"left\":%zu,\"bytes\":%zu,\"multiply_adds\":%.0f,\"multiply_adds_left\":%.0f", n,
                left, left * sizeof(float), (double)uses * (double)n, (double)uses * (double)left);
    } else {
        fputs(",\"weights\":null,\"left\":null,\"bytes\":null,\"multiply_adds\":null,\"multiply_adds_left\":null", fp);
    }
    fputs(",\"threshold\":", fp);
    vd_json_number(fp, vd ? vd->threshold : NAN);
    fputc('}', fp);
}

static void print_layers(FILE *fp, const network *net)
{
    fputs("\"layers\":[", fp);
    for (int i = 0; i < net->n; ++i) {
        fputs(i ? ",\n" : "\n", fp);
        print_layer(fp, net, i);
    }
    fputs("]", fp);
}

static void count_log_alpha(layer l, long counts[BINS])
{
    const vd_layer *vd = vd_layer_of(l);
    float *log_alpha = vd_calloc(vd->n, sizeof(*log_alpha));
    vd_kernels_get()->log_alpha(vd->n, l.weights, vd->log_sigma2, log_alpha);
    for (size_t i = 0; i < vd->n; ++i) {
        float bin = (log_alpha[i] + VD_LOG_ALPHA_LIMIT) * (BINS / (2 * VD_LOG_ALPHA_LIMIT));
        ++counts[bin >= BINS ? BINS - 1 : bin > 0 ? (int)bin : 0];
    }
    free(log_alpha);
}

static void print_histogram(FILE *fp, const network *net)
{
    int first = 1;
    fprintf(fp, "\"histogram\":{\"from\":%g,\"to\":%g,\"layers\":[", -VD_LOG_ALPHA_LIMIT, VD_LOG_ALPHA_LIMIT);
    for (int i = 0; i < net->n; ++i) {
        long counts[BINS] = {0};
        if (!vd_layer_of(net->layers[i])) continue;
        count_log_alpha(net->layers[i], counts);
        fprintf(fp, "%s\n{\"index\":%d,\"counts\":[", first ? "" : ",", i);
        for (int k = 0; k < BINS; ++k) fprintf(fp, "%s%ld", k ? "," : "", counts[k]);
        fputs("]}", fp);
        first = 0;
    }
    fputs("]}", fp);
}

/* index of the first layer with weights, -1 */
static int first_with_weights(const network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_has_weights(net->layers[i])) return i;
    return -1;
}

static float largest_of(const float *x, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; ++i) most = fmaxf(most, fabsf(x[i]));
    return most;
}

/* [n][shown][size][size] of weights with `channels` for a filter */
static void print_filters(FILE *fp, layer l, int index)
{
    int n = l.n < FILTERS ? l.n : FILTERS, channels = l.c / l.groups, shown = channels == 3 ? 3 : 1;
    size_t area = (size_t)l.size * l.size, stride = area * channels, part = area * shown;
    float *masked = masked_of(l), largest = largest_of(l.weights, n * stride), unit = largest > 0 ? largest / 127 : 1;
    fprintf(fp, "\"filters\":{\"index\":%d,\"of\":%d,\"channels\":%d,\"shown\":%d,\"size\":%d,\"largest\":", index, l.n,
            channels, shown, l.size);
    vd_json_number(fp, largest);
    fputs(",\"theta\":[", fp);
    for (int i = 0; i < n; ++i)
        for (size_t k = 0; k < part; ++k)
            fprintf(fp, "%s%ld%s",
                    k   ? ","
                    : i ? ",["
                        : "[",
                    lroundf(l.weights[i * stride + k] / unit), k + 1 == part ? "]" : "");
    fputs("],\"left\":[", fp);
    for (int i = 0; i < n; ++i)
        for (size_t k = 0; k < part; ++k)
            fprintf(fp, "%s%d%s", k ? "," : i ? ",[" : "[", masked[i * stride + k] != 0, k + 1 == part ? "]" : "");
    fputs("]}", fp);
    free(masked);
}

static void print_pixels(FILE *fp, const network *net, layer l, int index)
{
    int pixels = net->w * net->h;
    float *masked = masked_of(l);
    long *left = vd_calloc(pixels, sizeof(*left));
    for (size_t i = 0; i < vd_weights_of(l); ++i) left[i % l.inputs % pixels] += masked[i] != 0;
    fprintf(fp, "\"pixels\":{\"index\":%d,\"width\":%d,\"height\":%d,\"most\":%ld,\"left\":[", index, net->w, net->h,
            (long)l.outputs * net->c);
    for (int i = 0; i < pixels; ++i) fprintf(fp, "%s%ld", i ? "," : "", left[i]);
    fputs("]}", fp);
    free(left);
    free(masked);
}

static void print_map(FILE *fp, layer l, int index)
{
    int rows = l.outputs < BLOCKS ? l.outputs : BLOCKS, columns = l.inputs < BLOCKS ? l.inputs : BLOCKS;
    float *masked = masked_of(l);
    long *left = vd_calloc((size_t)rows * columns, sizeof(*left)),
         *all = vd_calloc((size_t)rows * columns, sizeof(*all));
    for (int o = 0; o < l.outputs; ++o)
        for (int i = 0; i < l.inputs; ++i) {
            long block = (long)o * rows / l.outputs * columns + (long)i * columns / l.inputs;
            left[block] += masked[(size_t)o * l.inputs + i] != 0;
            ++all[block];
        }
    fprintf(fp, "{\"index\":%d,\"outputs\":%d,\"inputs\":%d,\"rows\":%d,\"columns\":%d,\"left\":[", index, l.outputs,
            l.inputs, rows, columns);
    for (int b = 0; b < rows * columns; ++b)
        fprintf(fp, "%s%ld", b ? "," : "", (FULL * left[b] + all[b] - 1) / all[b]); /* one is seen among many */
    fputs("]}", fp);
    free(all);
    free(left);
    free(masked);
}

static void print_maps(FILE *fp, const network *net)
{
    int first = 1;
    fputs("\"maps\":[", fp);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (!vd_layer_of(l) || l.type != CONNECTED) continue;
        fputs(first ? "\n" : ",\n", fp);
        print_map(fp, l, i);
        first = 0;
    }
    fputs("]", fp);
}

void vd_page_network(FILE *fp, const network *net)
{
    int i = first_with_weights(net);
    layer none = {0}, first = i < 0 ? none : net->layers[i];
    print_layers(fp, net);
    fputs(",\n", fp);
    print_histogram(fp, net);
    fputs(",\n", fp);
    if (i >= 0 && first.type == CONVOLUTIONAL && first.size <= LARGEST) print_filters(fp, first, i);
    else fputs("\"filters\":null", fp);
    fputs(",\n", fp);
    if (i >= 0 && vd_layer_of(first) && first.type == CONNECTED && first.inputs == net->w * net->h * net->c)
        print_pixels(fp, net, first, i);
    else fputs("\"pixels\":null", fp);
    fputs(",\n", fp);
    print_maps(fp, net);
}
