/* training/sgdr.c: the learning rate of policy=sgdr, with burn_in, batch by batch. */
#include "training/sgdr.h"
#include "support/support.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static network *with_keys(const char *keys)
{
    char *cfg = vd_format("[net]\nbatch=4\nsubdivisions=2\nwidth=8\nheight=8\nchannels=3\nlearning_rate=0.00261\n"
                          "%s[conv]\nfilters=3\n",
                          keys);
    network *net = network_of(cfg, 0);
    free(cfg);
    return net;
}

static float rate_of(network *net, size_t batch)
{
    *net->seen = batch * net->batch * net->subdivisions;
    return get_current_rate(net);
}

/* get_current_rate() of AlexeyAB/darknet 59596d78 */
static const struct {
    const char *keys;
    struct {
        int batch;
        float rate;
    } rates[8];
} theirs[] = {
    {"policy=sgdr\nmax_batches=8000\nsgdr_cycle=300\nsgdr_mult=2\nburn_in=100\n",
     {{0, 0},
      {50, .000163125005f},
      {150, .00130999996f},
      {300, 9.99999975e-06f},
      {301, .00260998216f},
      {699, .000665903732f},
      {2101, .00260999892f},
      {8000, .000452850451f}}},
    {"policy=sgdr\nmax_batches=8000\nsgdr_cycle=130\nsgdr_mult=1\nlearning_rate_min=.0001\nburn_in=700\npower=2.5\n",
     {{50, 3.55893849e-06f},
      {300, .000313832978f},
      {450, .000864821952f},
      {699, .00260068872f},
      {901, .000129566441f},
      {2101, .00245182985f},
      {5000, .00150627352f},
      {8000, .00120372651f}}},
    {"policy=sgdr\nmax_batches=3000\nsteps=100,200\nscales=.1,.1\nseq_scales=2,2\n",
     {{0, .00261000008f},
      {50, .00260821846f},
      {300, .00254637352f},
      {450, .00246830843f},
      {901, .00207301904f},
      {2101, .000544778246f},
      {5000, .00196000002f},
      {8000, .000184166973f}}},
    {"policy=sgdr\nmax_batches=8000\nsgdr_cycle=7\nsgdr_mult=3\nlearning_rate_min=0\n",
     {{50, .00190035498f},
      {150, .00203114608f},
      {300, .0026019956f},
      {450, .00207264465f},
      {699, .00041472778f},
      {901, .00260351528f},
      {2101, .000420028227f},
      {5000, .00138488889f}}},
};

START_TEST(rates_are_alexeyabs)
{
    network *net = with_keys(theirs[_i].keys);
    for (int k = 0; k < COUNT_OF(theirs[_i].rates); ++k) {
        float rate = rate_of(net, theirs[_i].rates[k].batch);
        ck_assert_msg(close_to(rate, theirs[_i].rates[k].rate, 1e-6, 1e-10), "batch %d: %.9g, not %.9g",
                      theirs[_i].rates[k].batch, rate, theirs[_i].rates[k].rate);
    }
    free_network(net);
}
END_TEST

START_TEST(a_cycle_falls_and_the_next_one_is_longer)
{
    network *net = with_keys("policy=sgdr\nsgdr_cycle=10\nsgdr_mult=2\nlearning_rate_min=.001\n");
    for (int start = 0, length = 10; start < 5000; start += length, length *= 2) {
        ck_assert(close_to(rate_of(net, start + length), .001, 1e-6, 0));
        ck_assert(close_to(rate_of(net, start + length / 2), (.00261 + .001) / 2, 1e-6, 0));
        for (int t = start + 2; t <= start + length; ++t) ck_assert(rate_of(net, t) < rate_of(net, t - 1));
    }
    free_network(net);
}
END_TEST

START_TEST(a_sigmoid_has_its_rate_before_its_step_too)
{
    network *net = with_keys("policy=sigmoid\nstep=100\ngamma=.05\n");
    for (int t = 0; t < 200; t += 10)
        ck_assert(close_to(rate_of(net, t), .00261 / (1 + exp(.05 * (t - 100))), 1e-5, 0));
    free_network(net);
}
END_TEST

static void load(const char *path)
{
    free_network(parse_network_cfg((char *)path));
}

START_TEST(a_cycle_without_a_length_is_named)
{
    char *path = in_folder(folder, "c.cfg"), *err;
    write_text(path, "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=3\npolicy=sgdr\n[conv]\n");
    ck_assert_int_eq(in_child(load, path, &err), 1);
    ck_assert_msg(strstr(err, "[net]: policy=sgdr needs sgdr_cycle") != 0, "%s", err);
    free(err), free(path);
}
END_TEST

SUITE_OF(sgdr)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(rates_are_alexeyabs, COUNT_OF(theirs));
    TEST(a_cycle_falls_and_the_next_one_is_longer);
    TEST(a_sigmoid_has_its_rate_before_its_step_too);
    TEST(a_cycle_without_a_length_is_named);
}
