#include "training/validation.h"
#include "training/checkpoint.h"
#include "training/log.h"
#include "training/classifier_score.h"
#include "training/detector_score.h"
#include "training/shared_update.h"
#include "config/heads.h"
#include "config/keys.h"
#include "config/options.h"
#include "data/skip_broken.h"
#include "ranks/ranks.h"
#include "layer/layer_state.h"
#include "layer/schedule.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/seed.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* the keys of the .data file that was read last */
static struct {
    char *file, *valid, *labels, *difficult; /* file is null: none has been read */
    long every, patience, savelast, saveweights;
    int classes, top, tags;
} keys;

/* the command line */
static struct {
    long epochs;
    double iou;
    int topk;
} asked;

/* the training */
static struct {
    vd_validation_state state;
    long every; /* epochs; 0: no validation */
    int pictures, detects;
    char *last, *best, *numbered; /* paths of files; numbered: without _N.weights. last is null: no training */
    long last_at;                 /* batch of <base>_last.weights; 0: none */

    network *net;
    vd_score_rule rule;
    vd_labelled_pictures labelled; /* a detector's, and a classifier's without labels */
    char **labels;                 /* of a classifier */
    int top;
} now;

vd_validation_state *vd_validation_state_now(void)
{
    return &now.state;
}

/* ---- what is asked for ---- */

void vd_validation_data(const char *filename, list *options)
{
    vd_section s = {filename, 0, -1, options};
    char *old[] = {keys.file, keys.valid, keys.labels, keys.difficult};
    for (int i = 0; i < 4; ++i) free(old[i]);
    keys.file = vd_format("%s", filename);
    keys.valid = vd_option_text(s, "valid");
    keys.labels = vd_option_text(s, "labels");
    keys.difficult = vd_option_text(s, "difficult");
    if (!keys.labels) keys.labels = vd_format("%s", vd_key_in(0, "labels")->def); /* without Darknet's line on it */
    keys.every = vd_option_given(s, "validate") ? vd_key_integer(s, "validate") : -1;
    keys.patience = vd_key_integer(s, "patience");
    keys.savelast = vd_key_integer(s, "savelast");
    keys.saveweights = vd_option_given(s, "saveweights") ? vd_key_integer(s, "saveweights") : 0;
    keys.classes = vd_data_classes(s);
    keys.top = vd_option_given(s, "top") ? (int)vd_key_integer(s, "top") : 0;
    keys.tags = (int)vd_key_integer(s, "tag");
}

void vd_validation_ask(long epochs, double iou, int topk)
{
    asked.epochs = epochs;
    asked.iou = iou;
    asked.topk = topk;
}

/* ---- before the first batch ---- */

/* all are decoded, which a validation does, too: a training should not end after its first epochs */
static void check_pictures(vd_labelled_pictures p)
{
    char *fault = vd_first_broken(p.paths, p.n);
    if (fault) vd_die("%s: a picture of %s", fault, keys.valid);
}

/* files of the training have all weights in their order, whatever keys say of those that it began with */
static void read_whole_files(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer *l = net->layers + i;
        l->dontload = l->dontloadscales = l->numload = l->flipped = 0;
    }
}

static int has_numbers(layer l)
{
    return vd_has_weights(l) || vd_is_recurrent(l) || l.type == BATCHNORM;
}

static void check_saved(const network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].dontsave && has_numbers(net->layers[i]))
            vd_die("%s: layer %d has dontsave=1: files without its weights cannot be validated", net->cfg_file, i);
}

/* as the training network is read again; the random numbers of the training do not notice */
static network *second_network(const network *net)
{
    rand_kept kept = rand_keep();
    fprintf(stderr, "validation every %ld epoch%s, by a second network:\n", now.every, now.every > 1 ? "s" : "");
    network *second = parse_network_cfg(net->cfg_file);
    set_batch_network(second, 1);
    read_whole_files(second);
    rand_put_back(kept);
    return second;
}

static void begin_detector(const network *net)
{
    now.rule = vd_score_rule_default();
    if (asked.iou > 0) now.rule.iou = asked.iou;
    now.labelled = vd_labelled_read(keys.valid, keys.difficult, vd_detector_classes(net, net->cfg_file));
    if (!vd_labelled_objects(now.labelled))
        vd_die("%s: no object in any of the %d pictures of valid=%s", keys.file, now.labelled.n, keys.valid);
}

static void begin_classifier(const network *net)
{
    if (keys.tags) vd_die("%s: validate=%ld: pictures with tags, tag=1, are not validated", keys.file, now.every);
    now.top = keys.top ? keys.top : asked.topk ? 5 : 1;
    if (!keys.top && now.top > keys.classes) now.top = keys.classes;
    if (keys.classes > net->outputs || now.top > keys.classes)
        vd_die("%s: classes=%d and top=%d, but the network has %d outputs", keys.file, keys.classes, now.top,
               net->outputs);
    now.labels = get_labels_of(keys.labels, keys.classes);
    now.labelled = vd_unlabelled_read(keys.valid);
}

/* of each picture's name and folder, in any order: data that were moved are the same, and so is a sorted list */
static uint32_t hash_of_pictures(void)
{
    uint64_t h = vd_fnv64(VD_FNV64_START, &now.rule.iou, sizeof(now.rule.iou));
    for (int i = 0; i < now.labelled.n; ++i) {
        const char *path = now.labelled.paths[i], *at = path + strlen(path);
        for (int slashes = 0; at > path && (slashes += at[-1] == '/') < 2; --at) continue;
        h += vd_fnv64(VD_FNV64_START, at, strlen(at));
    }
    return (uint32_t)(h ^ h >> 32) | 1;
}

/* of a training that goes on: what was measured on other pictures is no result to compare with */
static void check_best(void)
{
    vd_validation_state *s = &now.state;
    uint32_t pictures = hash_of_pictures();
    if (s->batch && s->pictures && s->pictures != pictures) {
        fprintf(stderr,
                "%s: the best validation so far, %.2f %% at batch %lld, was on other pictures than those of valid=",
                keys.file, 100 * s->best, (long long)s->batch);
        fprintf(stderr, "%s%s: the next one is the best\n", keys.valid,
                now.detects ? ", or with another -iou_thresh" : "");
        *s = (vd_validation_state){.seen = s->seen, .begun = s->begun};
    }
    s->pictures = pictures;
}

void vd_validation_begin(network *net, const char *backup, const char *base)
{
    if (!keys.file) return;
    now.every = keys.every >= 0 ? keys.every : asked.epochs;
    now.last = vd_format("%s/%s_last.weights", backup, base);
    now.best = vd_format("%s/%s_best.weights", backup, base);
    now.numbered = vd_format("%s/%s", backup, base);
    if (!now.every && keys.patience)
        vd_die("%s: patience=%ld counts validations, but there are none: validate=N is missing", keys.file,
               keys.patience);
    if (!now.every) return;
    if (vd_rank()) return; /* rank 0 validates */
    if (!keys.valid) vd_die("%s: valid= (the list of pictures to validate on) is missing", keys.file);
    check_saved(net);
    now.detects = vd_has_head(net);
    if (now.detects) begin_detector(net);
    else begin_classifier(net);
    check_pictures(now.labelled);
    check_best();
    now.net = second_network(net);
}

/* ---- a validation ---- */

static int go_on(int done)
{
    (void)done;
    vd_ranks_tick();
    return !vd_checkpoint_signal();
}

static long batch_of(const network *net)
{
    return (long)get_current_batch((network *)net);
}

static void save_last(network *net)
{
    save_weights(net, now.last);
    now.last_at = batch_of(net);
}

/* the result, and what the line says of it; 0 where a signal has stopped it */
static int measure(const network *net, double *result, char **text)
{
    rand_kept kept = rand_keep();
    load_weights(now.net, now.last);
    rand_put_back(kept);
    if (now.detects) {
        vd_detector_score s = vd_score_detector(now.net, now.labelled, now.rule, go_on);
        free(s.of);
        *result = s.map;
        if (s.pictures) *text = vd_format("mAP@%.2f %.2f %%", now.rule.iou, 100 * s.map);
        return s.pictures;
    }
    now.net->hierarchy = net->hierarchy;
    vd_classifier_score s =
        vd_score_classifier(now.net, now.labelled.paths, now.labelled.n, now.labels, keys.classes, now.top, go_on);
    now.net->hierarchy = 0; /* the other network's, which frees it */
    *result = s.error;
    if (s.pictures && now.top > 1)
        *text = vd_format("error %.2f %%, top %d error %.2f %%", 100 * s.error, now.top, 100 * s.top_errors);
    else if (s.pictures) *text = vd_format("error %.2f %%", 100 * s.error);
    return s.pictures;
}

/* weights from before a target of [vd_cost] was met are the best only until there are others */
static int is_better(const network *net, double result)
{
    if (now.state.before_target && !vd_cost_still_prunes(net)) return 1;
    return !now.state.batch || (now.detects ? result > now.state.best : result < now.state.best);
}

static double epochs_of(const network *net)
{
    return (double)*net->seen / now.pictures;
}

/* the training loop ends after this batch */
static void end_when_patience_ends(network *net)
{
    if (!keys.patience || now.state.misses < keys.patience) return;
    fprintf(stderr,
            "vd: epoch %.2f, batch %ld: ends by patience=%ld: no validation was better than that of batch %lld\n",
            epochs_of(net), batch_of(net), keys.patience, (long long)now.state.batch);
    net->max_batches = (int)batch_of(net);
}

/* by rank 0 */
static void score(network *net)
{
    double result;
    char *text = 0;
    if (now.last_at != batch_of(net)) save_last(net);
    if (!measure(net, &result, &text)) return;
    vd_log_validated(net, now.detects ? NAN : result, now.detects ? result : NAN);
    int better = is_better(net, result);
    if (better) save_weights(net, now.best);
    vd_validation_state *s = &now.state;
    if (better) {
        *s = (vd_validation_state){.best = result, .batch = batch_of(net), .pictures = s->pictures};
        s->before_target = vd_cost_still_prunes(net);
    } else if (!vd_cost_still_prunes(net)) {
        ++s->misses;
    }
    s->begun = 1;
    s->seen = (int64_t)*net->seen;
    fflush(stdout); /* in one file with Darknet's own lines it begins a line */
    fprintf(stderr, "vd: epoch %.2f, batch %ld: %s, best %.2f %% at batch %lld%s\n", epochs_of(net), batch_of(net),
            text, 100 * s->best, (long long)s->batch, s->before_target ? ", before its target" : "");
    free(text);
}

static void validate(network *net)
{
    struct {
        vd_validation_state state;
        int signal;
    } told;
    vd_shared_whole(net);
    if (!vd_rank()) score(net);
    told.state = now.state;
    told.signal = vd_checkpoint_signal();
    vd_ranks_broadcast(&told, sizeof(told));
    now.state = told.state;
    vd_checkpoint_agree(told.signal);
}

static int is_last(const network *net)
{
    return net->max_batches && batch_of(net) >= net->max_batches;
}

static int is_due(const network *net)
{
    int64_t seen = (int64_t)*net->seen, each = now.every * now.pictures;
    if (!now.every || seen <= now.state.seen) return 0; /* the latter: gone back to an earlier batch */
    return seen / each > now.state.seen / each || is_last(net);
}

/* <base>_N.weights: a classifier has one an epoch, too */
static void check_numbers_of_files(const network *net, int pictures)
{
    double epochs = (double)net->max_batches * net->batch * net->subdivisions / pictures;
    if (vd_has_head(net) || !keys.saveweights || keys.saveweights > epochs) return;
    vd_complain(
        "%s: saveweights=%ld: classifier train numbers weights by epochs, too, here up to %.0f: those of a batch "
        "with such a number are replaced. More than %.0f is expected",
        keys.file, keys.saveweights, epochs, epochs);
}

void vd_validation_pictures(network *net, int pictures)
{
    check_numbers_of_files(net, pictures);
    if (!now.every) return;
    now.pictures = pictures;
    vd_ranks_broadcast(&now.state, sizeof(now.state)); /* rank 0 may have dropped the best one */
    if (!now.state.begun)
        now.state = (vd_validation_state){.seen = (int64_t)*net->seen, .begun = 1, .pictures = now.state.pictures};
    if (is_due(net)) validate(net);
    end_when_patience_ends(net);
}

/* ---- a batch ---- */

static int is_multiple(long batch, long of)
{
    return of && batch && batch % of == 0;
}

void vd_validation_batch(network *net)
{
    long batch = batch_of(net);
    if (!now.last) return;
    if (is_multiple(batch, keys.saveweights)) {
        char *path = vd_format("%s_%ld.weights", now.numbered, batch);
        save_weights(net, path);
        free(path);
    }
    if (is_multiple(batch, keys.savelast)) save_last(net);
    if (!is_due(net)) return;
    validate(net);
    end_when_patience_ends(net);
}

void vd_validation_end(network *net)
{
    if (!now.last) return;
    if (keys.savelast && now.last_at != batch_of(net)) save_last(net);
    if (now.net) free_network(now.net);
    if (now.labels) free_lines(now.labels);
    vd_labelled_free(now.labelled);
    free(now.last), free(now.best), free(now.numbered);
    memset(&now, 0, sizeof(now));
}
