/* config/shape.c: layers too large or impossible are refused before they are made; sizes equal those Darknet makes. */
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "[net]\nbatch=4\nwidth=8\nheight=8\nchannels=6\n";

/* `vd report` must refuse the cfg with this message; a good cfg would end in a missing weights file */
static void assert_refused(const char *cfg, const char *message)
{
    char *path = in_folder(folder, "c.cfg"), *none = in_folder(folder, "no.weights");
    write_text(path, cfg);
    run_result r = darknet(1, "vd", "report", path, none, (char *)0);
    ck_assert_msg(strstr(r.err, message) != 0, "'%s' is not in: %s", message, r.err);
    free_run(r);
    free(none), free(path);
}

#define MIXED "[conv]\nsize=1\n[max]\nsize=2\nstride=2\n[route]\nlayers=-1,0\n"

static const struct {
    const char *sections, *message;
} bad_layers[] = {
    {"[convolutional]\nsize=9\n", "layer 0 [convolutional]: size=9 is larger than a side of 8 plus a padding of 0"},
    {"[convolutional]\ngroups=9\nfilters=9\n", "[convolutional]: groups=9 does not divide 6 channels and 9 filters"},
    {"[convolutional]\nfilters=1000000\npad=1\nsize=301\n", "weights are more than 2^31"},
    {"[convolutional]\nfilters=1000000\n[upsample]\nstride=64\n", "outputs for each of 4 images are more than 2^31"},
    {"[connected]\noutput=16777216\n[connected]\noutput=200\n", "weights are more than 2^31"},
    {"[deconvolutional]\nfilters=2\npadding=9\n", "layer 0 [deconvolutional]: padding of 9 leaves no outputs"},
    {"[local]\nsize=9\n", "[local]: size=9 is larger than a side of 8"},
    {"[local]\nsize=3\npad=1\nfilters=1000000\n", "weights are more than 2^31"},
    {"[maxpool]\nsize=99\npadding=3\n", "[maxpool]: size=99 is larger than a side of 8 plus a padding of 3"},
    {"[crop]\ncrop_width=9\ncrop_height=4\n", "[crop]: cannot crop 9x4 from 8x8"},
    {"[upsample]\nstride=0\n", "[upsample]: stride=0 leaves no outputs"},
    {"[upsample]\nstride=-9\n", "[upsample]: stride=-9 leaves no outputs"},
    {"[reorg]\nstride=3\n", "[reorg]: stride=3: its square does not divide 6 channels"},
    {"[convolutional]\nfilters=9\n[reorg]\nstride=3\n", "[reorg]: stride=3 does not divide 8x8"},
    {"[reorg]\nstride=3\nreverse=1\n", "[reorg]: stride=3: its square does not divide 6 channels"},
    {"[softmax]\ngroups=7\n", "[softmax]: groups=7 does not divide 384 inputs"},
    {"[iseg]\nclasses=2\nids=3\n", "[iseg]: cannot be the first layer"},
    {"[convolutional]\nfilters=4\n[iseg]\nclasses=2\nids=3\n",
     "[iseg]: reads 2 + 3 numbers per cell, but the previous layer has 4"},
    {"[reorg]\nextra=5\n[maxpool]\n", "layer 1 [maxpool]: its input is not a picture"},
    {"[deconvolutional]\nfilters=2\npadding=4\n", "layer 0 [deconvolutional]: padding of 4 leaves no outputs"},
    {"[normalization]\nsize=14\n", "[normalization]: size=14 is more than twice the 6 channels"},
    {"[maxpool]\nmaxpool_depth=1\nout_channels=7\n",
     "[maxpool]: out_channels=7 is more than the 6 channels of the input"},
    {"[conv]\nsize=3\ndilation=2\n",
     "[conv]: dilation=2 with size=3 and a padding of 0: expected an odd size and pad=1"},
    {"[conv]\n[route]\nlayers=-1\ngroups=2\n", "[route]: groups=2 does not divide 1 channels"},
    {"[conv]\nfilters=4\n[route]\nlayers=-1\ngroups=2\ngroup_id=2\n", "[route]: group_id=2 is not below groups=2"},
    {"[conv]\n[max]\nsize=2\nstride_x=1\nstride_y=2\n[route]\nlayers=-1,0\n[conv]\n",
     "layer 2 [route] joins maps of different sizes, 8x4 of layer 1 and 8x8 of layer 0"},
    {MIXED "[conv]\n",
     "layer 3 [conv]: layer 2 [route] joins maps of different sizes, 4x4 of layer 1 and 8x8 of layer 0, and that is no "
     "picture"},
    {MIXED "[yolo]\nclasses=1\n", "layer 3 [yolo]: layer 2 [route] joins maps of different sizes"},
    {MIXED "[shortcut]\nfrom=0\n", "layer 3 [shortcut]: layer 2 [route] joins maps of different sizes"},
    {MIXED "[connected]\n[shortcut]\nfrom=2\n", "layer 4 [shortcut]: layer 2 [route] joins maps of different sizes"},
    {"[crnn]\nhidden_filters=1000000\n", "weights are more than 2^31"},
    {"[lstm]\noutput=65536\n", "weights are more than 2^31"},
};

START_TEST(a_layer_that_cannot_be_is_named_before_it_is_made)
{
    char *cfg = vd_format("%s%s", head, bad_layers[_i].sections);
    assert_refused(cfg, bad_layers[_i].message);
    free(cfg);
}
END_TEST

START_TEST(maps_of_different_sizes_are_joined_to_a_list)
{
    char *cfg = vd_format("%s%s[connected]\noutput=2\n[softmax]\n", head, MIXED);
    network *net = network_of(cfg, 0);
    ck_assert_int_eq(net->layers[2].outputs, 4 * 4 + 8 * 8);
    free_network(net);
    free(cfg);
}
END_TEST

START_TEST(a_route_of_too_many_layers_is_named)
{
    enum { LAYERS = 1100 };
    char *list = vd_calloc(2 * LAYERS + 1, 1);
    for (int i = 0; i < LAYERS; ++i) memcpy(list + (size_t)2 * i, "0,", 2);
    char *cfg = vd_format("[net]\nbatch=2000\ninputs=1\n[connected]\noutput=1000\n[route]\nlayers=%s\n", list);
    assert_refused(cfg, "layer 1 [route]: 1.1e+06 outputs for each of 2000 images are more than 2^31");
    free(cfg), free(list);
}
END_TEST

static const struct {
    const char *net, *message;
} bad_nets[] = {
    {"width=8\nheight=8\n", "[net]: no inputs: set height, width and channels, or inputs"},
    {"width=65536\nheight=65536\nchannels=3\n", "[net]: 1.28849e+10 inputs of 1 images are more than 2^31"},
    {"inputs=65536\nbatch=1000000\n", "[net]: 65536 inputs of 1e+06 images are more than 2^31"},
    {"inputs=4\nbatch=2\nsubdivisions=3\n", "[net]: batch=2 is less than subdivisions=3"},
    {"inputs=4\nbatch=1000000\ntime_steps=1000000\n", "images are more than 2^31"},
};

START_TEST(an_input_that_cannot_be_is_named)
{
    char *cfg = vd_format("[net]\n%s[softmax]\n", bad_nets[_i].net);
    assert_refused(cfg, bad_nets[_i].message);
    free(cfg);
}
END_TEST

/* the layer would read past the picture; one that takes a list reads what there is */
static const struct {
    const char *sections;
    int takes_list;
} first_layers[] = {{"[convolutional]\n", 0},
                    {"[maxpool]\n", 0},
                    {"[activation]\n[conv]\n", 0},
                    {"[l2norm]\n", 0},
                    {"[connected]\noutput=2\n", 1},
                    {"[rnn]\noutput=2\nhidden=2\n", 1},
                    {"[softmax]\n", 1}};

START_TEST(inputs_that_are_not_those_of_the_picture_are_for_lists)
{
    const char *sections = first_layers[_i].sections;
    static const char *const given[] = {"inputs=5", "inputs=385"};
    for (int i = 0; i < COUNT_OF(given); ++i) {
        char *cfg = vd_format("%s%s\n%s", head, given[i], sections), *layer = vd_format("%s", sections);
        layer[strcspn(layer, "\n")] = 0;
        char *said = vd_format("[net]: %s, but layer 0 %s reads width x height x channels, 8x8x6", given[i], layer);
        assert_refused(cfg, first_layers[_i].takes_list ? "no.weights" : said);
        free(cfg), free(layer), free(said);
    }
}
END_TEST

/* stock Darknet divides by the number less one, and the loss is NaN */
static const struct {
    const char *net, *layers, *section; /* null: it can be trained */
} norms[] = {
    {"batch=4\nsubdivisions=4\n", "[connected]\noutput=3\nbatch_normalize=1\n", "layer 0 [connected]"},
    {"batch=4\nsubdivisions=4\n", "[vd_conn]\noutput=3\nbatch_normalize=1\n", "layer 0 [connected]"},
    {"batch=1\n", "[avgpool]\n[conv]\nfilters=3\nbatch_normalize=1\n", "layer 1 [convolutional]"},
    {"batch=1\n", "[avgpool]\n[batchnorm]\n", "layer 1 [batchnorm]"},
    {"batch=1\ntime_steps=4\n", "[rnn]\noutput=3\nhidden=3\nbatch_normalize=1\n", "layer 0 [rnn]"},
    {"batch=1\ntime_steps=4\n", "[lstm]\noutput=3\nbatch_normalize=1\n", "layer 0 [lstm]"},
    {"batch=1\n", "[avgpool]\n[crnn]\noutput_filters=3\nhidden_filters=3\nbatch_normalize=1\n", "layer 1 [crnn]"},
    {"batch=2\ntime_steps=4\n", "[rnn]\noutput=3\nhidden=3\nbatch_normalize=1\n", 0},
    {"batch=4\nsubdivisions=2\n", "[connected]\noutput=3\nbatch_normalize=1\n", 0},
    {"batch=1\n", "[conv]\nfilters=3\nbatch_normalize=1\n[avgpool]\n", 0},
};

static void train_once(const char *cfg)
{
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->truths * net->batch; ++i) net->truth[i] = i % net->truths == 0;
    fill_random(net->input, (size_t)net->inputs * net->batch, 1);
    if (!isfinite(train_network_datum(net))) vd_die("the loss is not finite");
}

START_TEST(batch_normalisation_of_one_number_is_an_error_in_training)
{
    char *cfg = vd_format("[net]\nwidth=2\nheight=2\nchannels=3\n%s%s[softmax]\n", norms[_i].net, norms[_i].layers),
         *err;
    int status = in_child(train_once, cfg, &err);
    ck_assert_msg(status == (norms[_i].section != 0), "%d: %s", status, err);
    if (norms[_i].section) {
        ck_assert_ptr_nonnull(strstr(err, norms[_i].section));
        ck_assert_ptr_nonnull(strstr(err, "batch normalisation of one number a channel"));
    }
    free(cfg), free(err);
}
END_TEST

START_TEST(layers_are_what_was_reckoned)
{
    network *net = network_of("[net]\nbatch=4\nsubdivisions=2\nwidth=9\nheight=7\nchannels=4\n"
                              "[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\n[reorg]\nstride=2\nreverse=1\n"
                              "[deconvolutional]\nfilters=4\nsize=3\nstride=2\npadding=1\n[local]\nfilters=2\nsize=3\n"
                              "stride=2\n[maxpool]\nsize=3\nstride=2\n[upsample]\nstride=-2\n[crop]\ncrop_width=1\n"
                              "crop_height=1\n[softmax]\n",
                              0);
    static const int outputs[] = {5 * 4 * 8, 10 * 8 * 2, 19 * 15 * 4, 9 * 7 * 2, 5 * 4 * 2, 2 * 2 * 2, 2, 2};
    for (int i = 0; i < net->n; ++i) ck_assert_int_eq(net->layers[i].outputs, outputs[i]);
    free_network(net);
}
END_TEST

/* stock Darknet counts a comma after the last anchor as one more, and writes past the end */
START_TEST(a_list_may_end_with_a_comma)
{
    network *net = network_of("[net]\nbatch=1\nwidth=8\nheight=8\nchannels=6\npolicy=steps\nsteps=1,2,\nscales=.5,.5\n"
                              "[convolutional]\nfilters=8\n[route]\nlayers=-1,\n[convolutional]\nfilters=6\n"
                              "[route]\nlayers=-1,-3,\n"
                              "[yolo]\nclasses=2\nnum=3\nmask=0,2,\nanchors=1,2,3,4,5,6,\n",
                              0);
    ck_assert_int_eq(net->num_steps, 2);
    ck_assert_int_eq(net->layers[4].n, 2);
    ck_assert_float_eq(net->layers[4].biases[5], 6);
    ck_assert_int_eq(net->layers[1].n, 1);
    ck_assert_int_eq(net->layers[3].n, 2);
    free_network(net);
}
END_TEST

/* in stock Darknet softmax over the groups of such a tree writes past the end */
START_TEST(a_tree_has_no_more_lines_than_there_are_numbers)
{
    char *path = in_folder(folder, "t.tree");
    char *cfg = vd_format("[net]\ninputs=3\nbatch=1\n[connected]\noutput=3\n[softmax]\ntree=%s\n", path);
    write_text(path, "a -1\nb -1\nc 0\nd 0\n");
    assert_refused(cfg, "t.tree: 4 lines for 3 outputs of the previous layer");
    free(cfg), free(path);
}
END_TEST

SUITE_OF(shape)
{
    ONCE(make_test_folder, remove_test_folder);
    LOOP(a_layer_that_cannot_be_is_named_before_it_is_made, COUNT_OF(bad_layers));
    TEST(maps_of_different_sizes_are_joined_to_a_list);
    TEST(a_route_of_too_many_layers_is_named);
    LOOP(an_input_that_cannot_be_is_named, COUNT_OF(bad_nets));
    LOOP(inputs_that_are_not_those_of_the_picture_are_for_lists, COUNT_OF(first_layers));
    LOOP(batch_normalisation_of_one_number_is_an_error_in_training, COUNT_OF(norms));
    TEST(layers_are_what_was_reckoned);
    TEST(a_list_may_end_with_a_comma);
    TEST(a_tree_has_no_more_lines_than_there_are_numbers);
}
