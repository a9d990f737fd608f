/* One program on Darknet's public API alone, linked once with stock Darknet and once with this library;
 * test_against_stock.c compares what the two print and write.
 *
 *     probe train CFG STEPS OUT.weights [IN.weights]   train on made-up data, print every step's loss
 *     probe predict CFG WEIGHTS OUT.f32                write the outputs for a made-up batch
 *     probe layers CFG WEIGHTS OUT.f32                 write the outputs of every layer for it
 *     probe pictures CFG WEIGHTS OUT.f32 IDX           write the outputs for all of an IDX file */
#include <darknet.h>

static unsigned long long state = 20180914;

/* [0, 1): Knuth's MMIX generator, its upper bits */
static float uniform(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (float)(state >> 40) / (1 << 24);
}

static layer *layer_of_type(network *net, LAYER_TYPE type)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].type == type) return net->layers + i;
    return 0;
}

static void fill_input(network *net)
{
    for (int i = 0; i < net->inputs * net->batch; ++i) net->input[i] = uniform();
}

/* one to three boxes x, y, w, h, class; a box of zeros ends the list */
static void fill_boxes(float *truth, int classes)
{
    int n = 1 + (int)(3 * uniform());
    for (int i = 0; i < n; ++i) {
        float *box = truth + 5 * i;
        box[2] = .1f + .4f * uniform();
        box[3] = .1f + .4f * uniform();
        box[0] = box[2] / 2 + (1 - box[2]) * uniform();
        box[1] = box[3] / 2 + (1 - box[3]) * uniform();
        box[4] = (int)(classes * uniform());
    }
}

/* cells of is-object, class (one of n), x, y, w, h */
static void fill_cells(float *truth, layer l)
{
    int one = 1 + l.classes + l.coords;
    for (int i = 0; i < l.side * l.side; ++i, truth += one) {
        if (uniform() < .5f) continue;
        truth[0] = 1;
        truth[1 + (int)(l.classes * uniform())] = 1;
        for (int k = 0; k < l.coords; ++k) truth[1 + l.classes + k] = .1f + .8f * uniform();
    }
}

static void fill_truth(network *net)
{
    layer *yolo = layer_of_type(net, YOLO), *region = layer_of_type(net, REGION);
    layer *detection = layer_of_type(net, DETECTION), *softmax = layer_of_type(net, SOFTMAX);
    for (int b = 0; b < net->batch; ++b) {
        float *truth = net->truth + b * net->truths;
        memset(truth, 0, net->truths * sizeof(float));
        if (yolo) fill_boxes(truth, yolo->classes);
        else if (region) fill_boxes(truth, region->classes);
        else if (detection) fill_cells(truth, *detection);
        else if (softmax) truth[(int)(net->truths * uniform())] = 1;
        else
            for (int i = 0; i < net->truths; ++i) truth[i] = uniform();
    }
}

static int train(char *cfg, int steps, char *out, char *in)
{
    srand(3);
    network *net = load_network(cfg, in, 0);
    for (int i = 0; i < steps; ++i) {
        fill_input(net);
        fill_truth(net);
        printf("loss %.9g\n", train_network_datum(net));
    }
    save_weights(net, out);
    return 0;
}

static void write_floats(FILE *fp, float *x, int n)
{
    if ((int)fwrite(x, sizeof(float), n, fp) == n) return;
    fprintf(stderr, "outputs cannot be written\n");
    exit(1);
}

static int predict(char *cfg, char *weights, char *path, int every_layer)
{
    srand(3);
    network *net = load_network(cfg, weights, 0);
    FILE *fp = fopen(path, "wb");
    if (!fp) return 1;
    float *input = calloc(net->inputs * net->batch, sizeof(float));
    for (int i = 0; i < net->inputs * net->batch; ++i) input[i] = uniform();
    float *output = network_predict(net, input);
    for (int i = 0; every_layer && i < net->n; ++i)
        write_floats(fp, net->layers[i].output, net->layers[i].outputs * net->batch);
    if (!every_layer) write_floats(fp, output, net->outputs * net->batch);
    free(input);
    return fclose(fp) != 0;
}

/* pixels/255; the header is 16 bytes: magic number, pictures, rows, columns */
static int predict_pictures(char *cfg, char *weights, char *path, char *idx)
{
    network *net = load_network(cfg, weights, 0);
    FILE *in = fopen(idx, "rb"), *out = fopen(path, "wb");
    if (!in || !out || fseek(in, 16, SEEK_SET)) return 1;
    unsigned char *pixels = malloc(net->inputs);
    float *input = calloc(net->inputs * net->batch, sizeof(float));
    for (int n = net->batch; n == net->batch;) { /* the last batch may be short */
        for (n = 0; n < net->batch && (int)fread(pixels, 1, net->inputs, in) == net->inputs; ++n)
            for (int i = 0; i < net->inputs; ++i) input[n * net->inputs + i] = pixels[i] / 255.f;
        write_floats(out, network_predict(net, input), net->outputs * n);
    }
    free(pixels);
    free(input);
    return fclose(in) || fclose(out);
}

int main(int argc, char **argv)
{
    gpu_index = -1;
    if (argc >= 5 && !strcmp(argv[1], "train")) return train(argv[2], atoi(argv[3]), argv[4], argc > 5 ? argv[5] : 0);
    if (argc == 5 && !strcmp(argv[1], "predict")) return predict(argv[2], argv[3], argv[4], 0);
    if (argc == 5 && !strcmp(argv[1], "layers")) return predict(argv[2], argv[3], argv[4], 1);
    if (argc == 6 && !strcmp(argv[1], "pictures")) return predict_pictures(argv[2], argv[3], argv[4], argv[5]);
    fprintf(stderr, "usage: probe train CFG STEPS OUT [IN] | predict CFG WEIGHTS OUT | layers CFG WEIGHTS OUT | "
                    "pictures CFG WEIGHTS OUT IDX\n");
    return 1;
}
