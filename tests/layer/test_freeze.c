/* layer/freeze.c: the weights of the rule are frozen and no others; training over the active weights alone equals
 * training with the frozen ones at zero. */
#include "layer/freeze.h"
#include "layer/freeze_pruned.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET(batch) \
    "[net]\nbatch=" batch "\nchannels=3\nheight=7\nwidth=6\nseed=4\nlearning_rate=.01\nmomentum=.9\ndecay=0\n"
#define COST "[softmax]\n[vd_cost]\nsamples=50\nkl_scale=.3\nfreeze_pruned=1000\n"
#define CONV(keys) "[vd_conv]\nfilters=6\nsize=3\nlog_sigma2=-5\nactivation=leaky\n" keys
#define WIDE "[vd_conv]\nfilters=32\nsize=3\npad=1\nlog_sigma2=-5\nactivation=relu\n"
#define POOL(size) "[maxpool]\nsize=" size "\nstride=2\n"
#define CONN "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-5\n"

/* batches of one image, and of odd and even numbers: dense products of many channels take several images at a time */
static const char *const cfgs[] = {
    NET("4") CONV("pad=1\n") CONN COST,
    NET("100") CONV("pad=1\n") CONV("stride=2\n") CONN COST,
    NET("5") CONV("batch_normalize=1\n") CONN COST,
    NET("1") CONV("") CONN COST,
    NET("8") WIDE WIDE CONN COST,
    NET("8") CONV("") "[vd_conv]\nfilters=5\nsize=1\nlog_sigma2=-5\nactivation=tanh\n" CONN COST,
    NET("16") CONV("pad=1\n") POOL("2") WIDE POOL("2") CONN COST,
    NET("3") CONV("pad=1\ntrain_clip=1\n") POOL("3") CONV("") CONN COST,
    NET("16") CONV("pad=1\ntrain_clip=1\n") CONV("groups=3\nstride=2\ntrain_clip=1\nthreshold=0\n") CONN COST,
    NET("6") CONV("groups=3\npad=1\n") CONV("groups=2\n") CONN COST,
    NET("6") CONV("groups=3\npad=1\ndilation=2\n") CONV("stride_y=2\n") CONN COST,
    NET("9") CONV("pad=1\nstride_x=2\n") CONV("pad=1\ndilation=3\nstride=2\nstride_y=1\n") CONN COST,
    NET("17") "[vd_connected]\noutput=40\nactivation=relu\nlog_sigma2=-5\ntrain_clip=1\nthreshold=0\n" CONN COST,
    NET("8") "[vd_connected]\noutput=40\nactivation=relu\nlog_sigma2=-5\nbatch_normalize=1\n" CONN COST,
};

/* most weights have been pruned for many batches, as freezing leaves them */
static void freeze_most(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && k < vd->n; ++k) {
            if (k % 7 == 2) continue;
            net->layers[i].weights[k] = 0;
            vd->log_sigma2[k] = 20;
            vd->optimiser.log_sigma2_m[k] = vd->optimiser.velocity[k] = 0;
            vd->freezing.pruned_for[k] = 60000;
        }
    }
}

/* a network after a few steps, most weights frozen, that then trains over all weights or over the active ones alone */
static network *frozen_network(const char *cfg, int active)
{
    network *net = network_of(cfg, 0);
    train_steps(net, 0, 2, 9);
    freeze_most(net);
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_restored(net->layers[i], active);
    return net;
}

START_TEST(training_over_the_active_weights_is_training_with_the_frozen_ones_at_zero)
{
    use_float_kernels(); /* lists of active weights have no other type */
    network *all = frozen_network(cfgs[_i], 0), *active = frozen_network(cfgs[_i], 1);
    train_steps(all, 0, 3, 9);
    train_steps(active, 0, 3, 9);
    ck_assert(close_to(vd_cost_of(active)->kl, vd_cost_of(all)->kl, 1e-6, 0));
    for (int i = 0; i < all->n; ++i) {
        layer a = all->layers[i], b = active->layers[i];
        const vd_layer *va = vd_layer_of(a), *vb = vd_layer_of(b);
        if (!va) continue;
        ck_assert_ptr_null(va->freezing.active);
        ck_assert_ptr_nonnull(vb->freezing.active);
        ck_assert_uint_eq(vb->freezing.active->p.n, (va->n + 4) / 7);
        for (int k = 0; k < a.batch * a.outputs; ++k)
            ck_assert_msg(close_to(b.output[k], a.output[k], 1e-4, 1e-5), "layer %d, output %d: %g, %g", i, k,
                          b.output[k], a.output[k]);
        for (size_t k = 0; k < va->n; ++k) {
            ck_assert_msg(close_to(b.weights[k], a.weights[k], 1e-4, 1e-6), "layer %d, weight %zu: %g, %g", i, k,
                          b.weights[k], a.weights[k]);
            if (k % 7 == 2) ck_assert(close_to(vb->log_sigma2[k], va->log_sigma2[k], 1e-5, 1e-5));
            else ck_assert(a.weights[k] == 0 && b.weights[k] == 0);
        }
        for (int k = 0; k < a.out_c; ++k) ck_assert(close_to(b.biases[k], a.biases[k], 1e-4, 1e-6));
    }
    free_network(all);
    free_network(active);
}
END_TEST

START_TEST(weights_that_are_loaded_are_counted_anew)
{
    network *net = frozen_network(cfgs[0], 1);
    vd_layer_changed(net->layers[0]);
    ck_assert_ptr_null(vd_layer_of(net->layers[0])->freezing.active);
    ck_assert_uint_eq(vd_frozen_weights(net->layers[0], 1), 0);
    free_network(net);
}
END_TEST

/* lists that lose elements are those made anew of what is left, and the layer's arrays are the same */
START_TEST(lists_shrink_to_what_making_them_anew_gives)
{
    enum { ROWS = 6, COLUMNS = 5, GROUPS = 2, N = ROWS * COLUMNS, ARRAYS = 6, BATCHES = 10 };
    float arrays[2][ARRAYS][N];
    uint16_t pruned_for[2][N];
    vd_parameters p[2];
    fill_random(arrays[0][0], ARRAYS * N, 5);
    for (int i = 0; i < N; ++i) pruned_for[0][i] = i % 3 ? 0 : BATCHES;
    memcpy(arrays[1], arrays[0], sizeof(arrays[0]));
    memcpy(pruned_for[1], pruned_for[0], sizeof(pruned_for[0]));
    vd_active *lists[2];
    for (int k = 0; k < 2; ++k) {
        float(*x)[N] = arrays[k];
        p[k] = (vd_parameters){N, x[0], x[1], x[2], x[3], x[4], x[5], pruned_for[k], 0, 0, 0, 0};
        ck_assert_uint_eq(vd_freeze(p[k], BATCHES), N - N / 3);
        lists[k] = make_vd_active(p[k], ROWS, COLUMNS, GROUPS, 1, BATCHES);
        for (size_t e = 0; e < lists[k]->p.n; ++e) {
            lists[k]->p.theta_v[e] += (float)e;
            lists[k]->p.pruned_for[e] = e % 4 == 1 || e / 5 == 2 ? BATCHES : 1;
        }
        vd_active_write(lists[k], p[k]);
    }
    vd_active_freeze(lists[0], p[0], BATCHES);
    vd_active_write_moments(lists[0], p[0]);
    vd_active_write_moments(lists[1], p[1]);
    free_vd_active(lists[1]);
    vd_freeze(p[1], BATCHES);
    lists[1] = make_vd_active(p[1], ROWS, COLUMNS, GROUPS, 1, BATCHES);
    vd_active *a = lists[0], *b = lists[1];
    ck_assert(a->p.n == b->p.n && a->p.n > 0 && a->p.n < N - N / 3);
    for (int i = 0; i < ARRAYS; ++i) ck_assert_mem_eq(arrays[0][i], arrays[1][i], sizeof(arrays[0][i]));
    ck_assert_mem_eq(pruned_for[0], pruned_for[1], sizeof(pruned_for[0]));
    for (int r = 0; r <= ROWS; ++r) ck_assert_int_eq(a->by_row.start[r], b->by_row.start[r]);
    for (int c = 0; c <= COLUMNS * GROUPS; ++c) ck_assert_int_eq(a->by_column.start[c], b->by_column.start[c]);
    for (size_t e = 0; e < a->p.n; ++e) {
        ck_assert(a->index[e] == b->index[e] && a->by_row.column[e] == b->by_row.column[e]);
        ck_assert(a->by_column.column[e] == b->by_column.column[e] &&
                  a->by_column.element[e] == b->by_column.element[e]);
        ck_assert(a->p.theta[e] == b->p.theta[e] && a->p.theta_v[e] == b->p.theta_v[e]);
        ck_assert_int_eq(a->p.pruned_for[e], b->p.pruned_for[e]);
    }
    for (int k = 0; k < 2; ++k) free_vd_active(lists[k]);
}
END_TEST

START_TEST(a_weight_is_frozen_after_so_many_batches_at_the_clip)
{
    float theta[] = {.1f, 0, .3f, 0}, log_sigma2[] = {-14, 2, -14, -14}, moments[4][4];
    uint16_t pruned_for[] = {9, 10, 11, 0};
    for (int m = 0; m < 4; ++m)
        for (int i = 0; i < 4; ++i) moments[m][i] = 1;
    vd_parameters p = {.n = 4, .theta = theta, .log_sigma2 = log_sigma2, .pruned_for = pruned_for};
    p.theta_m = moments[0], p.theta_v = moments[1], p.log_sigma2_m = moments[2], p.log_sigma2_v = moments[3];
    ck_assert_uint_eq(vd_freeze(p, 10), 2);
    ck_assert(theta[0] == .1f && theta[1] == 0 && theta[2] == 0 && theta[3] == 0);
    ck_assert(log_sigma2[0] == -14 && log_sigma2[1] == 2 && log_sigma2[2] == -10.4f && log_sigma2[3] == -14);
    ck_assert(pruned_for[0] == 9 && pruned_for[1] == UINT16_MAX && pruned_for[2] == UINT16_MAX && pruned_for[3] == 0);
    ck_assert_uint_eq(vd_frozen(p, 10), 2);
    for (int m = 0; m < 4; ++m)
        ck_assert(moments[m][0] == 1 && moments[m][1] == 0 && moments[m][2] == 0 && moments[m][3] == 1);

    vd_active *a = make_vd_active(p, 2, 2, 1, 0, 10); /* weight 3 is 0, but not frozen */
    ck_assert_uint_eq(a->p.n, 2);
    ck_assert_int_eq(a->index[0], 0);
    ck_assert_int_eq(a->index[1], 3);
    ck_assert(a->by_row.start[1] == 1 && a->by_row.start[2] == 2 && a->by_row.column[0] == 0 &&
              a->by_row.column[1] == 1);
    ck_assert(a->by_column.start[1] == 1 && a->by_column.start[2] == 2 && a->by_column.element[1] == 1);
    free_vd_active(a);
}
END_TEST

#define ADAM "[net]\nbatch=4\nchannels=3\nheight=7\nwidth=6\nseed=4\nadam=1\nlearning_rate=.01\n"
#define OF(keys) ADAM CONV("pad=1\n" keys) CONN "[softmax]\n[vd_cost]\nsamples=50\nkl_scale=.02\n"

static const struct {
    const char *cfg;
    double log_alpha;
    int batches, start;
} rules[] = {
    {OF("") "freeze_pruned=1\nfreeze_log_alpha=1\n", 1, 1, 0},
    {OF("") "freeze_pruned=20\nfreeze_log_alpha=1\n", 1, 20, 0},
    {OF("") "freeze_pruned=20\nfreeze_log_alpha=-1.5\nfreeze_start=29\n", -1.5, 20, 29},
    {OF("") "freeze_pruned=20\nfreeze_log_alpha=0\nfreeze_start=32\n", 0, 20, 32},
    {OF("") "freeze_pruned=3\nfreeze_log_alpha=3\nfreeze_start=70\n", 3, 3, 70},
    {OF("train_clip=1\n") "freeze_pruned=10\nfreeze_log_alpha=.5\n", .5, 10, 0},
    {OF("") "freeze_pruned=2\n", 8, 2, 0},
    {OF("") "freeze_pruned=2\nfreeze_log_alpha=8\n", 8, 2, 0},
};

enum { MOST = 1008 };

/* batches in a row with so much log_alpha, counted here; -1: too near to tell */
typedef struct {
    int run[MOST], frozen[MOST], fell;
    float theta[MOST], log_sigma2[MOST];
} record;

static void remember(record *r, layer l)
{
    const vd_layer *vd = vd_layer_of(l);
    ck_assert_uint_le(vd->n, MOST);
    memcpy(r->theta, l.weights, vd->n * sizeof(float));
    memcpy(r->log_sigma2, vd->log_sigma2, vd->n * sizeof(float));
}

/* after an update of the weights remembered */
static void count(record *r, layer l, double limit, int batch, int batches)
{
    const vd_layer *vd = vd_layer_of(l);
    for (size_t k = 0; k < vd->n; ++k) {
        double theta = r->theta[k], a = r->log_sigma2[k] - log(theta * theta + VD_THETA_EPS);
        if (r->frozen[k]) {
            ck_assert_msg(l.weights[k] == 0, "batch %d: weight %zu is %g", batch, k, l.weights[k]);
            continue;
        }
        if (fabs(a - limit) < 1e-5) r->run[k] = -1;
        else if (a < limit) r->fell += r->run[k] > 0, r->run[k] = 0;
        else if (r->run[k] >= 0) ++r->run[k];
        if (r->run[k] < 0) continue;
        if (batch % 50 == 0) r->frozen[k] = r->run[k] >= batches;
        ck_assert_msg((l.weights[k] == 0) == r->frozen[k], "batch %d: weight %zu is %g after %d", batch, k,
                      l.weights[k], r->run[k]);
        if (!vd->freezing.active && !r->frozen[k]) ck_assert_int_eq(vd->freezing.pruned_for[k], r->run[k]);
    }
}

START_TEST(exactly_the_weights_of_the_rule_are_frozen)
{
    static record records[2];
    int frozen = 0, active = 0;
    network *net = network_of(rules[_i].cfg, 0);
    for (int batch = 1; batch <= 120; ++batch) {
        for (int i = 0; i < 2; ++i) remember(records + i, net->layers[i]);
        train_steps(net, batch, 1, 9);
        if (batch < rules[_i].start) {
            for (int i = 0; i < 2; ++i) ck_assert_ptr_null(vd_layer_of(net->layers[i])->freezing.pruned_for);
            continue;
        }
        for (int i = 0; i < 2; ++i) count(records + i, net->layers[i], rules[_i].log_alpha, batch, rules[_i].batches);
    }
    for (int i = 0; i < 2; ++i) {
        size_t n = vd_layer_of(net->layers[i])->n;
        int here = 0, unknown = 0;
        for (size_t k = 0; k < n; ++k) {
            here += records[i].frozen[k], active += !records[i].frozen[k];
            unknown += records[i].run[k] < 0;
        }
        size_t said = vd_frozen_weights(net->layers[i], rules[_i].batches);
        ck_assert(said >= (size_t)here && said <= (size_t)(here + unknown));
        frozen += here;
    }
    ck_assert(frozen > 5 && active > 5);
    ck_assert(rules[_i].start >= 50 || records[1].fell > 5);
    free_network(net);
}
END_TEST

START_TEST(a_weight_that_is_zero_by_chance_is_trained_on)
{
    enum { AT = 5 };
    network *nets[] = {network_of(OF(""), 0), network_of(OF("") "freeze_pruned=1000\n", 0)};
    for (int i = 0; i < 2; ++i) {
        train_steps(nets[i], 0, 2, 9);
        nets[i]->layers[0].weights[AT] = 0; /* at the clip */
        train_steps(nets[i], 2, 2, 9);
        ck_assert(nets[i]->layers[0].weights[AT] != 0);
    }
    layer a = nets[0]->layers[0], b = nets[1]->layers[0];
    ck_assert_mem_eq(a.weights, b.weights, vd_layer_of(a)->n * sizeof(float));
    ck_assert_mem_eq(vd_layer_of(a)->log_sigma2, vd_layer_of(b)->log_sigma2, vd_layer_of(a)->n * sizeof(float));
    free_network(nets[0]);
    free_network(nets[1]);
}
END_TEST

SUITE_OF(freeze)
{
    TIMEOUT(240);
    LOOP(training_over_the_active_weights_is_training_with_the_frozen_ones_at_zero, COUNT_OF(cfgs));
    LOOP(exactly_the_weights_of_the_rule_are_frozen, COUNT_OF(rules));
    TEST(a_weight_that_is_zero_by_chance_is_trained_on);
    TEST(weights_that_are_loaded_are_counted_anew);
    TEST(lists_shrink_to_what_making_them_anew_gives);
    TEST(a_weight_is_frozen_after_so_many_batches_at_the_clip);
}
