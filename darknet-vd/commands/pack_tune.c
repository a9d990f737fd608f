#include "commands/pack_tune.h"
#include "config/heads.h"
#include "config/keys.h"
#include "config/options.h"
#include "layer/schedule.h"
#include "layer/sparsity.h"
#include "weights/tuning.h"
#include "base/fail.h"
#include "base/seed.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "darknet.h"

/* the share of the epochs in which the file becomes as small as it shall be */
static const double share_that_shrinks = .6;

typedef struct {
    list *options;
    char **labels, **paths;
    load_args args;
    size_t drawn;
    data loaded;
    pthread_t thread;
} pictures;

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

/* other truths of classifier train than one class of a list, which its path names */
static void check_truths(vd_section data)
{
    if (option_find_int_quiet(data.options, "tag", 0) || vd_option_given(data, "tree"))
        vd_die("%s: -tune takes one class a picture: neither tag= nor tree=", data.filename);
}

static void read_pictures(pictures *p, network *net, const char *file)
{
    p->options = read_data_cfg((char *)file);
    vd_section data = {file, 0, -1, p->options};
    check_truths(data);
    char *train = option_find_str(p->options, "train", 0);
    if (!train) vd_die("%s: train= (the list of pictures) is missing", file);
    int classes = vd_data_classes(data);
    if (classes != net->outputs) vd_die("%s: classes=%d, but the network has %d outputs", file, classes, net->outputs);
    p->labels = get_labels_of(vd_data_labels(data), classes);
    list *paths = get_paths(train);
    p->paths = (char **)list_to_array(paths);
    p->args = (load_args){.w = net->w,
                          .h = net->h,
                          .threads = 32,
                          .min = (int)(net->min_ratio * net->w),
                          .max = (int)(net->max_ratio * net->w),
                          .angle = net->angle,
                          .aspect = net->aspect,
                          .exposure = net->exposure,
                          .saturation = net->saturation,
                          .hue = net->hue,
                          .size = net->w,
                          .paths = p->paths,
                          .classes = classes,
                          .n = net->batch * net->subdivisions,
                          .m = paths->size,
                          .labels = p->labels,
                          .shuffle = option_find_int_quiet(p->options, "shuffle", 0),
                          .type = CLASSIFICATION_DATA};
    free_list(paths);
}

static void load_next(pictures *p)
{
    p->args.d = &p->loaded;
    p->args.drawn = &p->drawn;
    p->thread = load_data(p->args);
}

static data take(pictures *p)
{
    pthread_join(p->thread, 0);
    return p->loaded;
}

static void free_pictures(pictures *p)
{
    free_lines(p->labels);
    free_lines(p->paths);
    free_options(p->options);
}

/* ---- the training ------------------------------------------------------------------------------------------------ */

static void check(const network *net, const char *cfg)
{
    if (!vd_cost_of(net)) vd_die("%s: has no [vd_cost], so it cannot be tuned", cfg);
    if (vd_has_head(net)) vd_die("%s: -tune is for classifiers, and this is a detector", cfg);
}

/* all batches are those of fine_tune, at a rate that falls to 0 */
static void set_schedule(network *net, const vd_tune_plan *plan, int batches)
{
    vd_cost *c = vd_cost_of(net);
    *net->seen = 0;
    net->max_batches = c->fine_tune = batches;
    c->target_sparsity = c->target_size = 0;
    c->method = VD_VARIATIONAL;
    net->learning_rate *= (float)plan->learning;
    net->policy = POLY;
    net->power = 1;
    net->burn_in = 0;
}

/* in how many epochs, the first ones, the file shrinks */
static int shrinking_epochs(const vd_tune_plan *plan)
{
    return (int)ceil(share_that_shrinks * plan->epochs);
}

/* the rate of epoch e, one of those: rises by equal factors from 1/8 of the rate asked for, or shrinks the file by
 * equal factors from first_size on; *fault as of vd_pack_rate_of_bytes() */
static double rate_of(const network *net, const vd_tune_plan *plan, int e, size_t first_size, char **fault)
{
    static const double reserve = .99; /* of the bytes asked for: training makes some integers larger */
    double t = (e + 1.) / shrinking_epochs(plan), bytes = reserve * (double)plan->bytes;
    if (!plan->bytes) return plan->rate * exp2(-3 * (1 - t));
    size_t most = (size_t)(first_size > bytes ? bytes * pow(first_size / bytes, 1 - t) : bytes);
    return vd_pack_rate_of_bytes(net, most, fault);
}

static void train_epoch(network *net, vd_tuning *t, pictures *p, int batches)
{
    for (int i = 0; i < batches; ++i) {
        data batch = take(p);
        p->drawn = *net->seen + (size_t)p->args.n;
        load_next(p);
        vd_tuning_begin_batch(t);
        train_network(net, batch);
        vd_tuning_end_batch(t);
        free_data(batch);
    }
}

static void choose(network *net, vd_tuning *t, const char *cfg, const vd_tune_plan *plan, int e, size_t first_size)
{
    char *fault = 0;
    double rate = rate_of(net, plan, e, first_size, &fault);
    if (!fault && rate == 0) vd_die("%s: cannot be packed into %zu bytes at any rate", cfg, plan->bytes);
    if (!fault) fault = vd_tuning_choose(t, rate);
    if (fault) vd_die("%s: %s", cfg, fault);
    vd_report r = vd_report_network(net);
    fprintf(stderr, "tune: epoch %d of %d, rate %.3g, %zu weights\n", e + 1, plan->epochs, rate, r.nonzero);
    free(r.layers);
}

vd_packed vd_tune_and_pack(network *net, const char *cfg, vd_tune_plan plan)
{
    static const double fine = 1. / 4; /* the rate at which a file that shall shrink begins */
    pictures p = {0};
    size_t seen = *net->seen;
    char *fault;
    check(net, cfg);
    if (!rand_is_seeded()) rand_seed(1);
    read_pictures(&p, net, plan.data);
    int batches = (p.args.m + p.args.n - 1) / p.args.n;
    if (plan.epochs > INT_MAX / batches)
        vd_die("%s: -epochs %d, of %d batches each, are too many: %d at most are expected", plan.data, plan.epochs,
               batches, INT_MAX / batches);
    set_schedule(net, &plan, batches * plan.epochs);
    size_t first_size = plan.bytes ? vd_packed_size_at_rate(net, fine) : 0;
    vd_tuning *t = make_vd_tuning(net);
    load_next(&p);
    for (int e = 0; e < plan.epochs; ++e) {
        if (e < shrinking_epochs(&plan)) choose(net, t, cfg, &plan, e, first_size);
        train_epoch(net, t, &p, batches);
    }
    free_data(take(&p));
    *net->seen = seen;
    vd_packed packed = vd_tuning_pack(t, plan.bytes, &fault);
    if (fault) vd_die("%s: %s", cfg, fault);
    if (plan.bytes && packed.file.n > plan.bytes) vd_die("%s: cannot be packed into %zu bytes", cfg, plan.bytes);
    free_vd_tuning(t);
    free_pictures(&p);
    return packed;
}
