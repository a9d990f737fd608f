/* ranks/collect.c over wires between threads, and training/sub_batches.c: sums have the bits of one binary tree,
 * however many processes share it. tests/program/test_mpi.c has the same with MPI. */
#include "ranks/collect.h"
#include "ranks/ranks.h"
#include "data/loader.h"
#include "support/support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- wires between threads: a box for what each rank sends to each ---- */

enum { MOST = 16 };

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const void *sent[MOST][MOST]; /* by from, to; null: nothing */
    size_t bytes[MOST][MOST];
    long messages;
} post;

static char nothing; /* a message of 0 bytes */

static void swap(const vd_wire *w, int partner, const void *out, size_t out_bytes, void *in, size_t in_bytes)
{
    post *p = w->context;
    pthread_mutex_lock(&p->lock);
    p->sent[w->rank][partner] = out ? out : &nothing;
    p->bytes[w->rank][partner] = out_bytes;
    ++p->messages;
    pthread_cond_broadcast(&p->changed);
    while (!p->sent[partner][w->rank]) pthread_cond_wait(&p->changed, &p->lock);
    ck_assert_uint_eq(p->bytes[partner][w->rank], in_bytes);
    memcpy(in, p->sent[partner][w->rank], in_bytes);
    p->sent[partner][w->rank] = 0; /* taken: the partner may go on */
    pthread_cond_broadcast(&p->changed);
    while (p->sent[w->rank][partner]) pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

typedef struct {
    vd_wire wire;
    void (*work)(const vd_wire *w, void *data);
    void *data;
} process;

static void *run_process(void *of)
{
    process *p = of;
    p->work(&p->wire, p->data);
    return 0;
}

/* work(wire, data[rank]) by `size` processes at the same time; returns the number of messages */
static long at_once(int size, void (*work)(const vd_wire *, void *), void *data[])
{
    post p = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    process all[MOST];
    pthread_t threads[MOST];
    for (int r = 0; r < size; ++r) {
        all[r] = (process){{r, size, swap, &p}, work, data[r]};
        ck_assert_int_eq(pthread_create(threads + r, 0, run_process, all + r), 0);
    }
    for (int r = 0; r < size; ++r) pthread_join(threads[r], 0);
    return p.messages;
}

/* ---- sums ---- */

typedef struct {
    float *x, *room;
    size_t n;
} summands;

static void add_up(const vd_wire *w, void *data)
{
    summands *s = data;
    vd_collect_sum(w, s->x, s->n, s->room);
}

/* x[first] + ... + x[first + count - 1] of element i, in a binary tree */
static float tree_of(float *const *x, int first, int count, size_t i)
{
    if (count == 1) return x[first][i];
    return tree_of(x, first, count / 2, i) + tree_of(x, first + count / 2, count / 2, i);
}

static const size_t lengths[] = {0, 1, 2, 3, 7, 64, 1000, 4099};
enum { LENGTHS = 8 };

START_TEST(sums_have_the_bits_of_a_binary_tree_on_all_ranks)
{
    int size = 1 << _i;
    for (int k = 0; k < LENGTHS; ++k) {
        size_t n = lengths[k];
        summands all[MOST];
        float *copies[MOST];
        void *data[MOST];
        for (int r = 0; r < size; ++r) {
            all[r] = (summands){calloc(n + 1, sizeof(float)), calloc(n / 2 + 1, sizeof(float)), n};
            copies[r] = calloc(n + 1, sizeof(float));
            fill_random(all[r].x, n, (unsigned)(r + 7 * k));
            memcpy(copies[r], all[r].x, n * sizeof(float));
            data[r] = all + r;
        }
        at_once(size, add_up, data);
        for (size_t i = 0; i < n; ++i) {
            double exact = 0;
            for (int r = 0; r < size; ++r) exact += copies[r][i];
            float expected = tree_of(copies, 0, size, i);
            ck_assert(close_to(expected, exact, 1e-6, 1e-6));
            for (int r = 0; r < size; ++r) ck_assert(!memcmp(all[r].x + i, &expected, sizeof(float)));
        }
        for (int r = 0; r < size; ++r) free(all[r].x), free(all[r].room), free(copies[r]);
    }
}
END_TEST

/* ---- parts ---- */

typedef struct {
    float *x, *room;
    size_t from[MOST + 1];
    int part;
} parts;

/* parts of 0, 3, 1, 4, 2, 5, 3, 6 ... numbers */
static size_t part_length(int i)
{
    return i % 2 ? (size_t)i / 2 + 3 : (size_t)i / 2;
}

static void scatter_and_assemble(const vd_wire *w, void *data)
{
    parts *p = data;
    p->part = vd_collect_part(w);
    vd_collect_scatter(w, p->x, p->from, p->room);
    for (int i = 0; i <= w->size; ++i) p->from[i] *= sizeof(float);
    vd_collect_assemble(w, p->x, p->from);
}

START_TEST(each_rank_sums_a_part_of_its_own_and_all_get_them)
{
    int size = 1 << _i, taken[MOST] = {0};
    size_t n = 0;
    parts all[MOST];
    float *copies[MOST];
    void *data[MOST];
    for (int i = 0; i < size; ++i) n += part_length(i);
    for (int r = 0; r < size; ++r) {
        all[r] = (parts){calloc(n + 1, sizeof(float)), calloc(n + 1, sizeof(float)), {0}, 0};
        copies[r] = calloc(n + 1, sizeof(float));
        for (int i = 0; i < size; ++i) all[r].from[i + 1] = all[r].from[i] + part_length(i);
        fill_random(all[r].x, n, (unsigned)r);
        memcpy(copies[r], all[r].x, n * sizeof(float));
        data[r] = all + r;
    }
    ck_assert_int_eq(at_once(size, scatter_and_assemble, data), 2 * size * _i);
    for (int r = 0; r < size; ++r) {
        ++taken[all[r].part];
        for (size_t i = 0; i < n; ++i) {
            float expected = tree_of(copies, 0, size, i);
            ck_assert_msg(!memcmp(all[r].x + i, &expected, sizeof(float)), "rank %d of %d: number %zu", r, size, i);
        }
    }
    for (int i = 0; i < size; ++i) ck_assert_int_eq(taken[i], 1);
    for (int r = 0; r < size; ++r) free(all[r].x), free(all[r].room), free(copies[r]);
}
END_TEST

/* ---- the same for all ---- */

static void tell(const vd_wire *w, void *data)
{
    int *all = data;
    all[w->rank] = 100 + w->rank;
    vd_collect_gather(w, all, sizeof(int));
    all[MOST] = w->rank ? -1 : 77;
    vd_collect_broadcast(w, all + MOST, sizeof(int));
}

START_TEST(all_ranks_know_what_each_has_told)
{
    int size = 1 << _i, all[MOST][MOST + 1];
    void *data[MOST];
    for (int r = 0; r < size; ++r) data[r] = all[r];
    long messages = at_once(size, tell, data);
    for (int r = 0; r < size; ++r) {
        for (int k = 0; k < size; ++k) ck_assert_int_eq(all[r][k], 100 + k);
        ck_assert_int_eq(all[r][MOST], 77);
    }
    ck_assert_int_eq(messages, size * _i + 2 * (size - 1));
}
END_TEST

/* ---- a program by itself ---- */

START_TEST(a_program_by_itself_is_rank_0_of_1)
{
    float x[3] = {1, 2, 3}, room[2];
    int told = 5;
    FILE *fp = tmpfile();
    vd_share all = vd_share_of(12);
    vd_ranks_sum(x, 3, room);
    vd_ranks_broadcast(&told, sizeof(told));
    vd_ranks_gather(&told, sizeof(told));
    vd_ranks_compare(1, "nothing");
    ck_assert(x[0] == 1 && x[1] == 2 && x[2] == 3);
    ck_assert_int_eq(told, 5);
    ck_assert_int_eq(vd_rank(), 0);
    ck_assert_int_eq(vd_ranks(), 1);
    ck_assert_int_eq(all.first, 0);
    ck_assert_int_eq(all.n, 12);
    ck_assert_ptr_eq(vd_ranks_share_file(fp), fp);
    loader_share s = loader_share_of(12, 5, 1);
    ck_assert(s.first == 0 && s.n == 5 && s.skip == 0 && s.rows == 12);
    fclose(fp);
}
END_TEST

/* ---- shares of a batch ---- */

/* the rows of parts first to first + n of `parts`, as concat_datas() joins them: each row holds its own number */
static data joined(int total, int parts, int first, int n)
{
    data d = {0};
    d.X.cols = d.y.cols = 1;
    d.X.vals = calloc(total, sizeof(float *));
    d.y.vals = calloc(total, sizeof(float *));
    for (int i = first + n - 1; i >= first; --i)
        for (int k = i * total / parts; k < (i + 1) * total / parts; ++k) {
            d.X.vals[d.X.rows] = calloc(1, sizeof(float));
            d.y.vals[d.y.rows] = calloc(1, sizeof(float));
            *d.X.vals[d.X.rows++] = *d.y.vals[d.y.rows++] = (float)k;
        }
    return d;
}

/* as for a launcher of two processes */
START_TEST(options_in_front_of_the_command_do_not_hide_it)
{
    static const struct {
        const char *words[3];
        int is_training;
    } commands[] = {{{"-strict", "classifier", "train"}, 1},
                    {{"-nogpu", "classifier", "train"}, 1},
                    {{"-nogpu", "classifier", 0}, 0},
                    {{"-strict", "classifier", 0}, 0}};
    if (vd_wire_library()) {
        skipped(1, "options in front of the command (this build starts MPI)");
        return;
    }
    setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
    for (int i = 0; i < COUNT_OF(commands); ++i) {
        const char *const *w = commands[i].words;
        run_result r = darknet(1, w[0], w[1], w[2], (char *)0);
        int refused = strstr(r.err, "the launcher has started 2 processes") != 0;
        ck_assert_msg(refused == commands[i].is_training, "%s %s: %s", w[0], w[1], r.err);
        free_run(r);
    }
    unsetenv("OMPI_COMM_WORLD_SIZE");
}
END_TEST

START_TEST(shares_of_a_batch_are_its_rows_one_after_the_other)
{
    static const int parts[] = {1, 5, 32, 64};
    int size = 1 << _i, total = 3 * size;
    for (int p = 0; p < COUNT_OF(parts); ++p) {
        data whole = joined(total, parts[p], 0, parts[p]);
        for (int r = 0; r < size; ++r) {
            loader_share s = loader_share_at(total, parts[p], 3 * r, 3);
            data d = joined(total, parts[p], s.first, s.n);
            loader_cut(&d, s);
            ck_assert_int_eq(d.X.rows, 3);
            ck_assert_int_eq(d.y.rows, 3);
            for (int i = 0; i < 3; ++i) {
                ck_assert(*d.X.vals[i] == *whole.X.vals[3 * r + i]);
                ck_assert(*d.y.vals[i] == *whole.X.vals[3 * r + i]);
            }
            free_data(d);
        }
        free_data(whole);
    }
}
END_TEST

/* ---- sub-batches of one process ---- */

#define NETWORK                                                                               \
    "[net]\nbatch=12\nsubdivisions=%d\ninputs=5\n%s\nlearning_rate=.1\nmomentum=0\ndecay=0\n" \
    "[connected]\noutput=7\nactivation=linear\n[softmax]\n"

static network *net_of(int subdivisions, const char *key)
{
    char text[1000];
    snprintf(text, sizeof(text), NETWORK, subdivisions, key);
    network *net = network_of(text, 0);
    fill_random(net->layers[0].weights, 35, 9);
    return net;
}

/* train sub-batch b with its own pictures */
static void sub_batch(network *net, int b)
{
    fill_random(net->input, net->inputs * net->batch, (unsigned)b + 1);
    memset(net->truth, 0, net->truths * net->batch * sizeof(float));
    for (int i = 0; i < net->batch; ++i) net->truth[i * net->truths + (b + i) % 7] = 1;
    train_network_datum(net);
}

/* the gradient of sub-batch b alone, at the weights that net has */
static void gradient_of(const network *net, int b, float *to)
{
    network *one = net_of(12 / net->batch, "");
    memcpy(one->layers[0].weights, net->layers[0].weights, 35 * sizeof(float));
    sub_batch(one, b);
    memcpy(to, one->layers[0].weight_updates, 35 * sizeof(float));
    free_network(one);
}

static const int divided[] = {2, 4, 6, 12};

/* the sum of blocks of m sub-batches, in a tree */
static float expected_sum(float g[12][35], int first, int n, int i)
{
    float sum = 0;
    if (n % 2 == 0) return expected_sum(g, first, n / 2, i) + expected_sum(g, first + n / 2, n / 2, i);
    for (int k = 0; k < n; ++k) sum += g[first + k][i];
    return sum;
}

START_TEST(a_seeded_process_sums_sub_batches_in_a_tree)
{
    int n = divided[_i];
    float g[12][35], before[35];
    network *net = net_of(n, "seed=1");
    memcpy(before, net->layers[0].weights, sizeof(before));
    for (int b = 0; b < n; ++b) gradient_of(net, b, g[b]);
    network *again = net_of(n, "seed=1"); /* the last one read decides whether there is a seed */
    for (int b = 0; b < n; ++b) sub_batch(again, b);
    for (int i = 0; i < 35; ++i) {
        double exact = 0;
        for (int b = 0; b < n; ++b) exact += g[b][i];
        double sum = ((double)again->layers[0].weights[i] - before[i]) * 12 / .1;
        ck_assert(close_to(sum, exact, 1e-4, 1e-4));
        float stepped = before[i] + .1f / 12 * expected_sum(g, 0, n, i);
        if (12 / n == 1) ck_assert(again->layers[0].weights[i] == stepped); /* one picture: added as a whole */
    }
    free_network(net);
    free_network(again);
}
END_TEST

SUITE_OF(ranks)
{
    LOOP(sums_have_the_bits_of_a_binary_tree_on_all_ranks, 5);
    LOOP(each_rank_sums_a_part_of_its_own_and_all_get_them, 5);
    LOOP(all_ranks_know_what_each_has_told, 5);
    TEST(a_program_by_itself_is_rank_0_of_1);
    TEST(options_in_front_of_the_command_do_not_hide_it);
    LOOP(shares_of_a_batch_are_its_rows_one_after_the_other, 8);
    LOOP(a_seeded_process_sums_sub_batches_in_a_tree, COUNT_OF(divided));
}
