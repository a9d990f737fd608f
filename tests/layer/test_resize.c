/* layer/resize.c: networks resized for pictures of another size. */
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define NET(size) "[net]\nbatch=2\nchannels=3\nseed=3\n" size
#define CONV(filters, stride) "[conv]\nfilters=" filters "\nsize=3\npad=1\nstride=" stride "\nactivation=tanh\n"
#define END "[avgpool]\n[softmax]\n"
#define DOWN_AND_UP CONV("4", "2") CONV("4", "2") "[upsample]\n"

/* ---- sizes that fit ---- */

static const char *const branches[] = {
    CONV("6", "1") CONV("8", "2") CONV("5", "1") "[shortcut]\nfrom=-3\nactivation=leaky\n", /* 2 to 1, fewer channels */
    CONV("6", "1") CONV("6", "2") CONV("6", "2") "[upsample]\nstride=4\n[shortcut]\nfrom=1\nactivation=linear\n",
    CONV("6", "1") CONV("6", "2") CONV("6", "1") "[shortcut]\nfrom=-3\nactivation=linear\nalpha=.5\nbeta=2\n",
    DOWN_AND_UP "[shortcut]\nfrom=0\nactivation=relu\n",
    DOWN_AND_UP "[shortcut]\nfrom=0,-1\nactivation=mish\nweights_type=per_channel\n",
    DOWN_AND_UP "[route]\nlayers=-1,0\n",
    DOWN_AND_UP "[sam]\nfrom=0\n",
    CONV("4", "2") "[reorg]\nstride=2\n" CONV("4", "1") "[reorg3d]\nstride=2\n",
};

START_TEST(a_resized_network_answers_as_one_made_in_that_size)
{
    char *cfg = vd_format(NET("width=16\nheight=16\n") "%s" END, branches[_i]),
         *large_cfg = vd_format(NET("width=40\nheight=24\n") "%s" END, branches[_i]);
    network *net = network_of(cfg, 0), *large = network_of(large_cfg, 0); /* one seed: the same weights */
    resize_network(net, 40, 24);
    size_t n = (size_t)net->inputs * 2;
    ck_assert_int_eq(net->inputs, large->inputs);
    float *input = vd_calloc(n, sizeof(float));
    fill_random(input, n, 4);
    float *a = network_predict(net, input), *b = network_predict(large, input);
    ck_assert_int_eq(net->outputs, large->outputs);
    ck_assert_mem_eq(a, b, 2 * net->outputs * sizeof(float));
    train_steps(net, 0, 2, 9);
    train_steps(large, 0, 2, 9);
    ck_assert_mem_eq(net->layers[0].weights, large->layers[0].weights, net->layers[0].nweights * sizeof(float));
    free(input), free(cfg), free(large_cfg), free_network(net), free_network(large);
}
END_TEST

/* ---- sizes that do not ---- */

static const struct {
    const char *layers, *said;
} misfits[] = {
    {DOWN_AND_UP "[shortcut]\nfrom=0\n", "a picture of 21x16 does not fit: layer 0 is 11x8 then, but layer 2 is 12x8"},
    {DOWN_AND_UP "[shortcut]\nfrom=0,-1\n", "layer 3 [shortcut]: a picture of 21x16 does not fit: layer 0 is 11x8"},
    {DOWN_AND_UP "[route]\nlayers=-1,0\n", "layer 3 [route]: a picture of 21x16 does not fit: layer 0 is 11x8"},
    {DOWN_AND_UP "[sam]\nfrom=0\n", "layer 3 [sam]: a picture of 21x16 does not fit: layer 2 is 12x8"},
    {CONV("4", "1") CONV("4", "2") "[shortcut]\nfrom=0\n", "layer 2 [shortcut]: a picture of 21x16 does not fit"},
    {CONV("4", "1") "[reorg]\nstride=2\n", "layer 1 [reorg]: a picture of 21x16 does not fit: stride=2 does not"},
    {CONV("4", "1") "[reorg3d]\nstride=2\n", "layer 1 [reorg3d]: a picture of 21x16 does not fit: stride=2 does not"},
};

static void resize_odd(const char *cfg)
{
    resize_network(network_of(cfg, 0), 21, 16);
}

START_TEST(a_size_whose_maps_do_not_meet_is_an_error)
{
    char *cfg = vd_format(NET("width=16\nheight=16\n") "%s" END, misfits[_i].layers), *err;
    ck_assert_int_eq(in_child(resize_odd, cfg, &err), 1);
    ck_assert_msg(strstr(err, misfits[_i].said) != 0, "%s", err);
    free(cfg), free(err);
}
END_TEST

static const struct {
    const char *layers, *said;
} flat[] = {
    {"[conv]\nsize=7\nstride=3\n",
     "layer 0 [convolutional]: a picture of 21x4 does not fit: size=7 is larger than a side of "
     "21x4 plus a padding of 0"},
    {"[conv]\nsize=3\n[vd_conv]\nsize=5\npadding=1\n",
     "layer 1 [convolutional]: a picture of 21x4 does not fit: size=5"},
    {"[conv]\nsize=3\n[maxpool]\nsize=3\npadding=0\n", "layer 1 [maxpool]: a picture of 21x4 does not fit: size=3"},
};

static void resize_flat(const char *cfg)
{
    resize_network(network_of(cfg, 0), 21, 4);
}

START_TEST(a_map_too_small_for_a_window_is_an_error)
{
    char *cfg = vd_format(NET("width=16\nheight=16\n") "%s" END "[vd_cost]\nsamples=9\n", flat[_i].layers), *err;
    ck_assert_int_eq(in_child(resize_flat, cfg, &err), 1);
    ck_assert_msg(strstr(err, flat[_i].said) != 0, "%s", err);
    free(cfg), free(err);
}
END_TEST

SUITE_OF(resize)
{
    LOOP(a_resized_network_answers_as_one_made_in_that_size, COUNT_OF(branches));
    LOOP(a_size_whose_maps_do_not_meet_is_an_error, COUNT_OF(misfits));
    LOOP(a_map_too_small_for_a_window_is_an_error, COUNT_OF(flat));
}
