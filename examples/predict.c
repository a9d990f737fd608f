/* Prints the most probable classes of pictures. One that cannot be read is reported, and the others are still done.
 *
 *     cc -O2 predict.c $(pkg-config --cflags --libs darknet-vd) -o predict
 *     ./predict net.cfg net.weights names.list picture.png ...
 *
 * net.weights may also be a .vdw file. names.list holds the name of a class on each line. */
#include <darknet.h>
#include <setjmp.h>

enum { SHOWN = 3 };

static jmp_buf back; /* set where the program can go on after an error */

/* Without this callback the library prints the message and ends the process. */
static void leave(const char *message)
{
    fprintf(stderr, "predict: %s\n", message);
    longjmp(back, 1);
}

static void predict(network *net, char **names, char *path)
{
    int top[SHOWN], shown = net->outputs < SHOWN ? net->outputs : SHOWN;
    image picture = load_image(path, 0, 0, net->c);
    image input = letterbox_image(picture, net->w, net->h); /* scaled to fit the network's size, the rest is grey */
    float *probability = network_predict(net, input.data);  /* the network's own memory, until its next call */
    top_k(probability, net->outputs, shown, top);
    printf("%s\n", path);
    for (int i = 0; i < shown; ++i) printf("  %6.2f %%  %s\n", 100 * probability[top[i]], names[top[i]]);
    free_image(input);
    free_image(picture);
}

/* 0 after an error; what predict() had allocated is then leaked */
static int try_to_predict(network *net, char **names, char *path)
{
    if (setjmp(back)) return 0;
    predict(net, names, path);
    return 1;
}

/* how many could not be done */
static int predict_all(char *cfg, char *weights, char *list, char **paths)
{
    int failed = 0;
    network *net = load_network(cfg, weights, 0);
    char **names = get_labels_of(list, net->outputs);
    set_batch_network(net, 1); /* the cfg's batch is for training */
    for (; *paths; ++paths) failed += !try_to_predict(net, names, *paths);
    free_lines(names);
    free_network(net);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: predict CFG WEIGHTS NAMES PICTURE ...\n");
        return 1;
    }
    vd_on_die(leave);
    if (setjmp(back)) return 1; /* without a network there is nothing to do */
    return predict_all(argv[1], argv[2], argv[3], argv + 4) > 0;
}
