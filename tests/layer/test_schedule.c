/* layer/schedule.c and vd_cost_layer.c: which batches keys of [vd_cost] speak of, and what a report says of costs. */
#include "layer/schedule.h"
#include "support/support.h"

#include <stdlib.h>

#define NET "[net]\nbatch=4\nsubdivisions=2\ninputs=5\nseed=3\nlearning_rate=.1\nmax_batches=20\n"
#define LAYERS "[vd_connected]\noutput=6\nlog_sigma2=-2\n[softmax]\n[vd_connected]\noutput=6\n[softmax]\n"
#define COST "[vd_cost]\nsamples=50\nkl_scale=.5\n"

/* of the images of a sub-batch, as Darknet takes it: the mean of all layers' */
static double own_cost(const network *net)
{
    return ((double)*net->layers[1].cost + *net->layers[3].cost) / 2 / net->batch;
}

START_TEST(a_report_has_the_mean_cost_since_the_one_before)
{
    enum { EVERY = 3, REPORTS = 3 };
    network *net = network_of(NET LAYERS COST, 0);
    vd_cost *c = vd_cost_of(net);
    c->report = EVERY; /* network_of() has turned reports off */
    for (int report = 1; report <= REPORTS; ++report) {
        double sum = 0;
        for (int half = 0; half < 2 * EVERY; ++half) {
            train_steps(net, 2 * EVERY * report + half, 1, 7);
            sum += own_cost(net);
            ck_assert(close_to(c->own, own_cost(net), 1e-6, 0));
            ck_assert(close_to(*net->layers[4].cost, net->batch * .5 / 50 * c->kl, 1e-5, 0));
        }
        ck_assert_int_eq(c->latest.batch, EVERY * report);
        ck_assert_msg(close_to(c->latest.cost, sum / (2 * EVERY), 1e-6, 0), "report %d: %g, not %g", report,
                      c->latest.cost, sum / (2 * EVERY));
        ck_assert_double_eq(c->latest.kl, c->kl);
    }
    free_network(net);
}
END_TEST

/* the batch being trained counts from its first sub-batch on */
START_TEST(keys_count_batches_from_1)
{
    static const struct {
        int images;
        long batch;
        int stops, fine_tunes, freezes;
        double w;
    } by_hand[] = {{2, 1, 1, 0, 0, 0},   {4, 1, 1, 0, 0, 0},    {6, 2, 1, 0, 0, 0},   {12, 3, 1, 0, 1, .5},
                   {14, 4, 0, 0, 1, .5}, {64, 16, 0, 0, 1, .5}, {66, 17, 0, 1, 1, 0}, {80, 20, 0, 1, 1, 0}};
    network *net = network_of(NET LAYERS COST "kl_start=3\nfreeze_pruned=5\nfreeze_start=3\nfine_tune=4\n", 0);
    layer l = {.stopbackward = 3};
    for (size_t i = 0; i < COUNT_OF(by_hand); ++i) {
        *net->seen = (size_t)by_hand[i].images;
        ck_assert_int_eq(vd_cost_batch(net), by_hand[i].batch);
        ck_assert_int_eq(vd_stops_backward(l, net), by_hand[i].stops);
        ck_assert_int_eq(vd_cost_fine_tunes(net), by_hand[i].fine_tunes);
        ck_assert_int_eq(vd_cost_freezes(net), by_hand[i].freezes);
        ck_assert_double_eq(vd_cost_kl_weight(net), by_hand[i].w);
    }
    free_network(net);
}
END_TEST

SUITE_OF(schedule)
{
    EACH(silence_stderr, 0);
    TEST(a_report_has_the_mean_cost_since_the_one_before);
    TEST(keys_count_batches_from_1);
}
