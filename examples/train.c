/* Trains a sparse network on pictures made in memory: 12x12 grey ones, with stripes across, down or aslant.
 *
 *     cc -O2 train.c $(pkg-config --cflags --libs darknet-vd) -o train
 *     ./train stripes-vd.cfg stripes.weights
 *
 * The library itself writes to stderr: a table of the layers, and a line with the sparsity after every epoch. */
#include <darknet.h>
#include <math.h>

enum { CLASSES = 3, TRAINING = 3000, TEST = 600, EPOCHS = 20 };

static char *names[CLASSES] = {"across", "down", "aslant"};

/* stripes with a random phase, and noise; pixels in [0, 1], row by row */
static void draw(float *pixel, int side, int class)
{
    float phase = rand_uniform(0, 6.28f);
    for (int y = 0; y < side; ++y)
        for (int x = 0; x < side; ++x) {
            int along = class == 0 ? y : class == 1 ? x : x + y;
            pixel[y * side + x] = .5f + .3f * sinf(1.6f * along + phase) + rand_uniform(-.2f, .2f);
        }
}

/* X: a picture in each row; y: a 1 in the column of its class */
static data draw_pictures(const network *net, int n)
{
    data d = {.w = net->w, .h = net->h, .X = make_matrix(n, net->inputs), .y = make_matrix(n, CLASSES)};
    for (int i = 0; i < n; ++i) {
        draw(d.X.vals[i], net->w, i % CLASSES);
        d.y.vals[i][i % CLASSES] = 1;
    }
    return d;
}

/* across.png, down.png and aslant.png, for predict.c */
static void save_pictures(const network *net, data d)
{
    for (int i = 0; i < CLASSES; ++i)
        save_image_options(float_to_image(net->w, net->h, 1, d.X.vals[i]), names[i], PNG, 0);
}

/* The library prints its message and ends the process when this returns; predict.c has a callback that does not. */
static void report_loss(const char *message)
{
    (void)message;
    fprintf(stderr, "train: stopped by an error, no weights are saved:\n");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: train CFG OUT.weights\n");
        return 1;
    }
    vd_on_die(report_loss);
    network *net = load_network(argv[1], 0, 0);
    data training = draw_pictures(net, TRAINING), test = draw_pictures(net, TEST);
    for (int epoch = 1; epoch <= EPOCHS; ++epoch) /* the mean loss of a picture, KL part included */
        printf("epoch %2d: loss %.4f\n", epoch, train_network(net, training));
    printf("accuracy on %d new pictures: %.1f %%\n", TEST, 100 * network_accuracy(net, test));
    save_weights(net, argv[2]);
    save_pictures(net, test);
    free_data(training);
    free_data(test);
    free_network(net);
    return 0;
}
