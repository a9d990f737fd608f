// reader CFG WEIGHTS OUT LAYER ...: as darknet.c, linked with hank-ai's Darknet
#include "darknet_internal.hpp"

#include "picture.h"

static void write_boxes(FILE *fp, DarknetNetworkPtr net, int w, int h)
{
    int n;
    DarknetDetection *d = get_network_boxes(net, w, h, -1, 0, nullptr, 1, &n, 0);
    for (int i = 0; i < n; ++i) write_candidate(fp, &d[i].bbox.x, d[i].classes, d[i].prob);
    free_detections(d, n);
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    DarknetNetworkPtr net = load_network_custom(argv[1], argv[2], 0, 1);
    Darknet::Network &n = *reinterpret_cast<Darknet::Network *>(net);
    FILE *fp = fopen(argv[3], "wb");
    std::vector<float> x(n.inputs);
    for (int p = 0; p < PICTURES; ++p) {
        fill_picture(x.data(), n.inputs);
        network_predict_ptr(net, x.data());
        if (argv[4][0] == 'b') write_boxes(fp, net, n.w, n.h);
        else
            for (int k = 4; k < argc; ++k) {
                const Darknet::Layer &l = n.layers[atoi(argv[k])];
                write_numbers(fp, l.output, l.outputs);
            }
    }
    return fclose(fp) != 0;
}
