/* Random networks of every kind of layer in any order, many of them impossible: each is refused with a line that names
 * the cfg, or trains, is saved, and gives the same outputs after a load. RANDOM_NETS=N draws N. */
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- drawing ---- */

static unsigned long long state;

static int draw(int n)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (int)((state >> 33) % (unsigned)n);
}

static int one_of(const int *numbers, int n)
{
    return numbers[draw(n)];
}

#define ONE_OF(...) one_of((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static const char *draw_activation(void)
{
    static const char *const names[] = {"linear", "leaky", "relu",  "logistic", "tanh",     "elu",   "plse",
                                        "ramp",   "relie", "loggy", "stair",    "hardtan",  "lhtan", "selu",
                                        "relu6",  "mish",  "swish", "gelu",     "hard_mish"};
    return names[draw(COUNT_OF(names))];
}

static const char *vd(void)
{
    return draw(2) ? "vd_" : "";
}

static char *draw_sum(const char *activation)
{
    static const char *const types[] = {"none", "per_feature", "per_layer", "per_channel"}, *const ways[] = {
                                                                                                "none", "relu",
                                                                                                "avg_relu", "softmax"};
    return vd_format("[shortcut]\nfrom=%d%s\nactivation=%s\nweights_type=%s\nweights_normalization=%s\n",
                     ONE_OF(-2, -3, 0), draw(2) ? "" : ",-1,-2", activation, types[draw(4)], ways[draw(4)]);
}

/* a layer times another; with three layers that make the factors in front */
static char *draw_scaled(const char *activation)
{
    switch (draw(3)) {
    case 0:
        return vd_format("[sam]\nfrom=%d\nactivation=%s\n", ONE_OF(-1, -2, 0), activation);
    case 1:
        return vd_format("[scale_channels]\nfrom=%d\nscale_wh=%d\nactivation=%s\n", ONE_OF(-2, -3, 0), draw(2),
                         activation);
    default:
        return vd_format("[%sconvolutional]\nfilters=4\n[avgpool]\n[scale_channels]\nfrom=-2\nactivation=%s\n", vd(),
                         activation);
    }
}

static char *draw_layer(void)
{
    const char *a = draw_activation();
    int norm = draw(4) == 0;
    switch (draw(31)) {
    case 0:
        return vd_format("[maxpool]\nsize=%d\nstride=%d\n", ONE_OF(1, 2, 3, 5), ONE_OF(1, 2, 3));
    case 1:
        return vd_format("[avgpool]\n");
    case 2:
        return vd_format("[dropout]\nprobability=%g\n", draw(4) * .3);
    case 3:
        return vd_format("[route]\nlayers=%d%s\n", ONE_OF(-1, -2, -3, 0, 1), draw(2) ? "" : ",-1");
    case 4:
        return vd_format("[shortcut]\nfrom=%d\nactivation=%s\n", ONE_OF(-1, -2, -3, 0), a);
    case 5:
        return vd_format("[activation]\nactivation=%s\n", a);
    case 6:
        return vd_format("[upsample]\nstride=%d\n", ONE_OF(1, 2, 3, -2));
    case 7:
        return vd_format("[reorg]\nstride=%d\n%s", ONE_OF(1, 2, 3),
                         draw(3)   ? ""
                         : draw(2) ? "reverse=1\n"
                                   : "flatten=1\n");
    case 8:
        return vd_format("[crop]\ncrop_height=%d\ncrop_width=%d\nflip=%d\n", ONE_OF(1, 5, 12), ONE_OF(2, 5, 12),
                         draw(2));
    case 9:
        return vd_format("[normalization]\nsize=%d\nalpha=.0001\nbeta=.75\nkappa=1\n", ONE_OF(1, 3, 5, 10));
    case 10:
        return vd_format("[l2norm]\n");
    case 11:
        return vd_format("[batchnorm]\n");
    case 12:
        return vd_format("[local]\nfilters=%d\nsize=%d\nstride=%d\npad=%d\nactivation=%s\n", ONE_OF(1, 2, 5),
                         ONE_OF(1, 2, 3, 5), ONE_OF(1, 2), draw(2), a);
    case 13:
        return vd_format("[deconvolutional]\nfilters=%d\nsize=%d\nstride=%d\npadding=%d\nbatch_normalize=%d\n"
                         "activation=%s\n",
                         ONE_OF(1, 3), ONE_OF(1, 2, 3), ONE_OF(1, 2), ONE_OF(0, 0, 1), norm, a);
    case 14:
        return vd_format("[rnn]\noutput=%d\nactivation=%s\nbatch_normalize=%d\n", ONE_OF(1, 5), a, norm);
    case 15:
        return vd_format("[%s]\noutput=%d\nbatch_normalize=%d\n", draw(2) ? "lstm" : "gru", ONE_OF(1, 5), norm);
    case 16:
        return vd_format("[crnn]\noutput_filters=%d\nhidden_filters=%d\nactivation=%s\nbatch_normalize=%d\n",
                         ONE_OF(1, 3), ONE_OF(1, 2), a, norm);
    case 17:
        return vd_format("[%s]\n%s", draw(2) ? "softmax" : "logistic", draw(2) ? "noloss=1\n" : "");
    case 18:
    case 19:
    case 20:
        return vd_format("[%sconnected]\noutput=%d\nactivation=%s\nbatch_normalize=%d\n", vd(), ONE_OF(1, 3, 17), a,
                         norm);
    case 21:
        return vd_format("[local_avgpool]\nsize=%d\nstride_x=%d\nstride_y=%d\n", ONE_OF(1, 2, 3, 5), ONE_OF(1, 2, 3),
                         ONE_OF(1, 2, 3));
    case 22:
        return vd_format("[maxpool]\n%s=%d\nstride_%c=2\n", draw(2) ? "maxpool_depth=1\nout_channels" : "size",
                         ONE_OF(1, 2, 3), draw(2) ? 'x' : 'y');
    case 23:
        return vd_format("[reorg3d]\nstride=%d\n", ONE_OF(1, 2, 3));
    case 24:
        return vd_format("[route]\nlayers=%d%s\ngroups=%d\ngroup_id=%d\n", ONE_OF(-1, -2, 0), draw(2) ? "" : ",-1",
                         ONE_OF(1, 2, 2, 3), draw(3));
    case 25:
        return draw_sum(a);
    case 26:
    case 27:
        return draw_scaled(a);
    default:
        return vd_format("[%sconvolutional]\nfilters=%d\nsize=%d\nstride=%d\n%s=%d\ngroups=%d\nactivation=%s\n"
                         "batch_normalize=%d\n%s%s",
                         vd(), ONE_OF(1, 2, 4, 6), ONE_OF(1, 1, 2, 3, 5, 7), ONE_OF(1, 1, 2, 3),
                         draw(2) ? "pad" : "padding", ONE_OF(0, 1, 1, 4), ONE_OF(1, 1, 1, 2), a, norm,
                         draw(4) ? "" : "dilation=2\n",
                         draw(4)   ? ""
                         : draw(2) ? "stride_x=3\n"
                                   : "stride_y=2\n");
    }
}

static char *draw_network(void)
{
    char *text = vd_format("[net]\nbatch=%d\nsubdivisions=%d\ntime_steps=%d\nheight=%d\nwidth=%d\nchannels=%d\nseed=1\n"
                           "learning_rate=.001\nmomentum=.9\ndecay=.0005\n%s%s",
                           ONE_OF(1, 4, 6), ONE_OF(1, 1, 2), ONE_OF(1, 1, 1, 2), ONE_OF(12, 12, 9, 1),
                           ONE_OF(12, 12, 7), ONE_OF(1, 3, 4), draw(2) ? "adam=1\n" : "",
                           draw(3)   ? ""
                           : draw(2) ? "bn_eps=stock\n"
                                     : "bn_eps=alexeyab\n");
    for (int i = draw(8); i >= 0; --i) {
        char *layer = draw_layer(), *longer = vd_format("%s%s", text, layer);
        free(layer), free(text);
        text = longer;
    }
    char *whole = vd_format("%s[%sconnected]\noutput=5\nactivation=linear\n[softmax]\n%s", text, vd(),
                            draw(2) ? "[vd_cost]\nsamples=100\n" : "");
    free(text);
    return whole;
}

/* ---- one network, in a child ---- */

/* state of a sequence and random choices are not part of a file */
static int answers_by_weights_alone(const network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].steps || net->layers[i].type == CROP) return 0;
    return 1;
}

enum { TRAINED = 0, REFUSED = 1, DIFFERENT = 60 };

static void try_network(const char *cfg)
{
    enum { MOST_SECONDS = 60 };
    alarm(MOST_SECONDS);
    if (!freopen("/dev/null", "wb", stdout)) _exit(99);
    gpu_index = -1;
    char *weights = in_folder(folder, "weights");
    network *net = load_network((char *)cfg, 0, 0);
    train_steps(net, 0, 2 * net->subdivisions, 7);
    save_weights(net, weights);
    network *loaded = load_network((char *)cfg, weights, 0);
    set_batch_network(net, 1);
    set_batch_network(loaded, 1);
    float *input = vd_calloc((size_t)net->inputs, sizeof(float));
    fill_random(input, (size_t)net->inputs, 11);
    float *a = network_predict(net, input), *b = network_predict(loaded, input);
    if (answers_by_weights_alone(net) && memcmp(a, b, net->outputs * sizeof(float))) _exit(DIFFERENT);
    free(input), free(weights);
    free_network(net);
    free_network(loaded);
    _exit(TRAINED);
}

/* libcheck's messages are short */
static const char *tail_of(const char *err)
{
    size_t n = strlen(err), most = 1000;
    return n > most ? err + n - most : err;
}

START_TEST(a_network_drawn_by_lot_is_refused_or_trains_and_loads)
{
    const char *wanted = getenv("RANDOM_NETS");
    int n = wanted ? atoi(wanted) : 400, trained = 0, refused = 0;
    char *path = in_folder(folder, "net.cfg"), *line = vd_format("%s: ", path);
    for (int i = 0; i < n; ++i) {
        state = (unsigned long long)i * 2654435761u + 12345;
        for (int k = 0; k < 4; ++k) draw(2);
        char *text = draw_network(), *err;
        write_text(path, text);
        int status = in_child(try_network, path, &err);
        ck_assert_msg(status == TRAINED || status == REFUSED, "network %d: status %d: %s\n%s", i, status, text,
                      tail_of(err));
        if (status == REFUSED) ck_assert_msg(strstr(err, line) != 0, "network %d: %s\n%s", i, text, tail_of(err));
        trained += status == TRAINED;
        refused += status == REFUSED;
        free(text), free(err);
    }
    ck_assert_int_ge(trained, n / 10);
    ck_assert_int_ge(refused, n / 10);
    printf("bad input: %d random networks, %d of which are valid\n", n, trained);
    free(path), free(line);
}
END_TEST

SUITE_OF(random_nets)
{
    TIMEOUT(3600);
    EACH(make_test_folder, remove_test_folder);
    TEST(a_network_drawn_by_lot_is_refused_or_trains_and_loads);
}
