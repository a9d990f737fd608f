/* reader CFG WEIGHTS OUT LAYER ...: writes the outputs of these layers for each picture; "boxes" instead: all
 * candidates of all heads. Linked with this library, with stock Darknet, and with AlexeyAB's (-DFORK) */
#include <darknet.h>

#include "picture.h"

#ifdef FORK
#define LOAD(cfg, weights) load_network_custom(cfg, weights, 0, 1)
#define PREDICT network_predict_ptr
#define BOXES(net, n) get_network_boxes(net, net->w, net->h, -1, 0, 0, 1, n, 0)
#else
#define LOAD(cfg, weights) load_network(cfg, weights, 0)
#define PREDICT network_predict
#define BOXES(net, n) get_network_boxes(net, net->w, net->h, -1, 0, 0, 1, n)
#endif

static void write_boxes(FILE *fp, network *net)
{
    int n;
    detection *d = BOXES(net, &n);
    for (int i = 0; i < n; ++i) write_candidate(fp, &d[i].bbox.x, d[i].classes, d[i].prob);
    free_detections(d, n);
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    network *net = LOAD(argv[1], argv[2]);
#ifndef FORK
    set_batch_network(net, 1);
#endif
    FILE *fp = fopen(argv[3], "wb");
    float *x = calloc((size_t)net->inputs, sizeof(float));
    for (int p = 0; p < PICTURES; ++p) {
        fill_picture(x, net->inputs);
        PREDICT(net, x);
        if (argv[4][0] == 'b') write_boxes(fp, net);
        else
            for (int k = 4; k < argc; ++k) {
                layer l = net->layers[atoi(argv[k])];
                write_numbers(fp, l.output, l.outputs);
            }
    }
    return fclose(fp) != 0;
}
