// reader CFG WEIGHTS OUT LAYER ...: as darknet.c, linked with hank-ai's Darknet
#include "darknet_internal.hpp"

#include "picture.h"

// its candidates come anchor by anchor, those of the other readers cell by cell
static void write_boxes(FILE *fp, DarknetNetworkPtr net, const Darknet::Network &n)
{
    int count;
    DarknetDetection *all = get_network_boxes(net, n.w, n.h, -1, 0, nullptr, 1, &count, 0), *head = all;
    for (int k = 0; k < n.n; ++k) {
        const Darknet::Layer &l = n.layers[k];
        if (l.type != Darknet::ELayerType::YOLO) continue;
        int cells = l.w * l.h;
        for (int i = 0; i < cells * l.n; ++i) {
            const DarknetDetection &d = head[i % l.n * cells + i / l.n];
            write_candidate(fp, &d.bbox.x, d.classes, d.prob);
        }
        head += cells * l.n;
    }
    free_detections(all, count);
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
        if (argv[4][0] == 'b') write_boxes(fp, net, n);
        else
            for (int k = 4; k < argc; ++k) {
                const Darknet::Layer &l = n.layers[atoi(argv[k])];
                write_numbers(fp, l.output, l.outputs);
            }
    }
    return fclose(fp) != 0;
}
