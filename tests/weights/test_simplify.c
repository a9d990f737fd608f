/* weights/simplify.c: rows that are not needed go, and the others may change places; the outputs stay. */
#include "weights/simplify.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "[net]\nbatch=1\nheight=9\nwidth=9\nchannels=2\n"
#define TAIL "[connected]\noutput=4\nactivation=linear\n"

/* a network whose numbers are random, with some rows without weights, and some that nothing reads */
static network *random_network(const char *cfg)
{
    network *net = network_of(cfg, 0);
    vd_parts p = vd_parts_of_network(net);
    for (int i = 0; i < p.n; ++i) {
        vd_part q = p.part[i];
        float *of_rows[] = {q.biases, q.scales, q.means, q.variances};
        for (int k = 0; k < 4; ++k) {
            if (!of_rows[k]) continue;
            fill_random(of_rows[k], q.rows, 10 * i + k + 1);
            for (int r = 0; k == 3 && r < q.rows; ++r) of_rows[k][r] = fabsf(of_rows[k][r]) + .2f;
        }
        fill_random(q.weights, vd_part_weights(q), 99 + i);
        for (int r = 0; r < q.rows; r += 3) memset(q.weights + (size_t)r * q.columns, 0, q.columns * sizeof(float));
        if (!i) continue;
        int width = q.columns / p.part[i - 1].rows;
        for (int r = 0; r < q.rows; ++r) /* row 1 of the part before has no reader */
            memset(q.weights + (size_t)r * q.columns + width, 0, width * sizeof(float));
    }
    free(p.part);
    return net;
}

static void answer(network *net, float *out)
{
    float x[2 * 9 * 9];
    fill_random(x, COUNT_OF(x), 5);
    memcpy(out, network_predict(net, x), net->outputs * sizeof(float));
}

static void outputs_are(network *net, const float *before)
{
    float after[64];
    ck_assert_int_le(net->outputs, 64);
    answer(net, after);
    for (int i = 0; i < net->outputs; ++i)
        ck_assert_msg(close_to(after[i], before[i], 1e-5, 1e-5), "output %d: %g, was %g", i, after[i], before[i]);
}

static const struct {
    const char *cfg;
    int constant_stays; /* row 0 of the first part */
} nets[] = {
    {HEAD "[convolutional]\nfilters=6\nsize=3\nactivation=relu\n[maxpool]\nsize=2\nstride=2\n" TAIL, 0},
    {HEAD "[convolutional]\nfilters=6\nsize=3\nactivation=logistic\n[convolutional]\nfilters=5\nsize=2\n"
          "activation=leaky\n" TAIL,
     0},
    {HEAD
     "[convolutional]\nfilters=6\nsize=3\nbatch_normalize=1\nactivation=leaky\n[convolutional]\nfilters=5\nsize=3\n"
     "batch_normalize=1\nactivation=relu\n[avgpool]\n" TAIL,
     0},
    {HEAD "[convolutional]\nfilters=6\nsize=3\nactivation=logistic\n[convolutional]\nfilters=5\nsize=3\npad=1\n"
          "activation=relu\n" TAIL,
     1},
    {HEAD "[convolutional]\nfilters=6\nsize=3\nactivation=relu\n[maxpool]\nsize=2\nstride=2\npadding=4\n"
          "[activation]\nactivation=logistic\n" TAIL,
     1},
    {HEAD "[connected]\noutput=7\nactivation=tanh\n[dropout]\n[connected]\noutput=6\nbatch_normalize=1\n"
          "activation=relu\n[activation]\nactivation=logistic\n" TAIL,
     0},
};

START_TEST(rows_that_are_not_needed_go_and_the_outputs_stay)
{
    network *net = random_network(nets[_i].cfg);
    vd_parts p = vd_parts_of_network(net);
    float before[64];
    answer(net, before);
    vd_simplify(net, p);
    ck_assert_int_eq(vd_row_is_alive(p.part[0], 0), nets[_i].constant_stays);
    ck_assert_int_eq(vd_row_is_alive(p.part[0], 1), 0);
    ck_assert_int_eq(vd_row_is_alive(p.part[0], 2), 1);
    for (int r = 0; r < p.part[p.n - 1].rows; ++r) ck_assert(vd_row_is_alive(p.part[p.n - 1], r));
    outputs_are(net, before);
    free(p.part);
    free_network(net);
}
END_TEST

START_TEST(rows_change_places_and_the_outputs_stay)
{
    network *net = random_network(nets[_i].cfg);
    vd_parts p = vd_parts_of_network(net);
    float before[64];
    answer(net, before);
    vd_simplify(net, p);
    vd_order_rows(net, p);
    for (int i = 0; i + 1 < p.n; ++i)
        for (int r = 1; r < p.part[i].rows; ++r) {
            int was = vd_row_is_alive(p.part[i], r - 1), is = vd_row_is_alive(p.part[i], r);
            ck_assert_int_ge(was, is);
            if (is) ck_assert(p.part[i].biases[r] >= p.part[i].biases[r - 1]);
        }
    outputs_are(net, before);
    free(p.part);
    free_network(net);
}
END_TEST

/* a filter of one group of channels must stay there, and a network that reads from further back stays as it is */
START_TEST(what_is_not_a_chain_stays)
{
    static const char *const cfgs[] = {
        HEAD "[convolutional]\nfilters=6\nsize=3\nactivation=relu\n[convolutional]\nfilters=6\nsize=2\ngroups=2\n"
             "activation=relu\n[softmax]\n",
        HEAD "[convolutional]\nfilters=6\nsize=3\nactivation=relu\n[convolutional]\nfilters=6\nsize=1\n"
             "activation=relu\n[shortcut]\nfrom=-2\nactivation=linear\n"};
    for (size_t i = 0; i < COUNT_OF(cfgs); ++i) {
        network *net = random_network(cfgs[i]);
        vd_parts p = vd_parts_of_network(net), copy = vd_parts_like(p);
        char *chained = vd_parts_chained(net, p);
        for (int k = 0; k < p.n; ++k) {
            vd_part_copy(copy.part[k], p.part[k]);
            ck_assert_int_eq(chained[k], 0);
        }
        vd_simplify(net, p);
        vd_order_rows(net, p);
        for (int k = 0; k < p.n; ++k)
            ck_assert_int_eq(memcmp(copy.part[k].weights, p.part[k].weights, vd_part_weights(p.part[k]) * 4), 0);
        free(chained);
        vd_parts_free(copy);
        free(p.part);
        free_network(net);
    }
}
END_TEST

START_TEST(filters_of_groups_keep_their_places)
{
    network *net = random_network(HEAD "[convolutional]\nfilters=6\nsize=3\ngroups=2\nactivation=relu\n" TAIL);
    vd_parts p = vd_parts_of_network(net);
    float before[64];
    answer(net, before);
    vd_simplify(net, p);
    vd_order_rows(net, p);
    outputs_are(net, before);
    free(p.part);
    free_network(net);
}
END_TEST

/* their weights of 0 are not 0 when they are used */
START_TEST(binary_weights_read_every_row)
{
    network *net = random_network(HEAD "[convolutional]\nfilters=6\nsize=3\nactivation=leaky\n[convolutional]\n"
                                       "filters=5\nsize=1\nxnor=1\nactivation=linear\n[avgpool]\n");
    vd_parts p = vd_parts_of_network(net);
    float before[64];
    answer(net, before);
    vd_simplify(net, p);
    outputs_are(net, before);
    free(p.part);
    free_network(net);
}
END_TEST

SUITE_OF(simplify)
{
    EACH(silence_stderr, 0);
    LOOP(rows_that_are_not_needed_go_and_the_outputs_stay, COUNT_OF(nets));
    LOOP(rows_change_places_and_the_outputs_stay, COUNT_OF(nets));
    TEST(what_is_not_a_chain_stays);
    TEST(filters_of_groups_keep_their_places);
    TEST(binary_weights_read_every_row);
}
