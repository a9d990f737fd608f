#include "export/check.h"
#include "base/fail.h"
#include "base/mmix.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int is_answer(LAYER_TYPE type)
{
    return type == YOLO || type == REGION || type == DETECTION || type == ISEG || type == SOFTMAX || type == LOGXENT;
}

static int is_compared(const vd_model *m, int i)
{
    int before = i + 1 < m->n && (m->layers[i + 1].type == SOFTMAX || m->layers[i + 1].type == YOLO);
    return i == m->output || is_answer(m->layers[i].type) || before;
}

vd_outputs vd_outputs_of(network *net, const vd_model *m, int front, int n, const float *pictures)
{
    vd_outputs o = {.layer = vd_calloc(m->n, sizeof(int)),
                    .count = vd_calloc(m->n, sizeof(size_t)),
                    .value = vd_calloc(m->n, sizeof(float *))};
    for (int i = 0; i < m->n; ++i) {
        if (!is_compared(m, i)) continue;
        o.layer[o.n] = i;
        o.count[o.n] = (size_t)n * net->layers[i + front].outputs;
        o.value[o.n] = vd_calloc(o.count[o.n], sizeof(float));
        ++o.n;
    }
    set_batch_network(net, 1);
    for (int p = 0; p < n; ++p) {
        network_predict(net, (float *)pictures + (size_t)p * net->inputs);
        for (int k = 0; k < o.n; ++k) {
            layer l = net->layers[o.layer[k] + front];
            memcpy(o.value[k] + (size_t)p * l.outputs, l.output, l.outputs * sizeof(float));
        }
    }
    return o;
}

void vd_outputs_check_finite(const char *cfg, vd_outputs o)
{
    for (int k = 0; k < o.n; ++k) {
        for (size_t i = 0; i < o.count[k]; ++i) {
            if (isfinite(o.value[k][i])) continue;
            vd_die("%s: outputs of layer %d are not finite, so that no file can be compared with them: the weights are "
                   "damaged, or hardly trained",
                   cfg, o.layer[k]);
        }
    }
}

void free_vd_outputs(vd_outputs o)
{
    for (int k = 0; k < o.n; ++k) free(o.value[k]);
    free(o.layer);
    free(o.count);
    free(o.value);
}

/* largest |a - factor b| / largest |factor b| */
static double compare_layer(size_t n, const float *a, const float *b, double factor)
{
    double most = 0, largest = 0;
    for (size_t i = 0; i < n; ++i) {
        if (!isfinite(a[i]) || !isfinite(b[i])) return INFINITY;
        most = fmax(most, fabs(a[i] - factor * b[i]));
        largest = fmax(largest, fabs(factor * b[i]));
    }
    return most == 0 ? 0 : most / largest;
}

vd_difference vd_outputs_compare(const vd_model *m, vd_outputs a, vd_outputs b)
{
    vd_difference d = {0, b.n ? b.layer[0] : 0};
    for (int k = 0; k < b.n; ++k) {
        double factor = m->layers[b.layer[k]].factor;
        double relative =
            a.count[k] == b.count[k] ? compare_layer(b.count[k], a.value[k], b.value[k], factor) : INFINITY;
        if (relative > d.relative) d = (vd_difference){relative, b.layer[k]};
    }
    return d;
}

float *vd_pictures_load(const network *net, const char *cfg, int n, char **files)
{
    float *pictures = vd_calloc((size_t)n * net->inputs, sizeof(float));
    if ((net->c != 1 && net->c != 3) || net->h * net->w * net->c != net->inputs)
        vd_die("%s: pictures have one or three channels, but this network has other inputs: leave out the pictures",
               cfg);
    for (int i = 0; i < n; ++i) {
        image im = load_image_color(files[i], 0, 0), boxed;
        boxed = net->stretched ? resize_image(im, net->w, net->h) : letterbox_image(im, net->w, net->h);
        memcpy(pictures + (size_t)i * net->inputs, boxed.data, net->inputs * sizeof(float));
        free_image(im);
        free_image(boxed);
    }
    return pictures;
}

float *vd_pictures_random(const network *net, int n)
{
    size_t numbers = (size_t)n * net->inputs;
    float *pictures = vd_calloc(numbers, sizeof(float));
    uint64_t state = 1;
    for (size_t i = 0; i < numbers; ++i) pictures[i] = vd_mmix(&state);
    return pictures;
}
