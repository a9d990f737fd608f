/* The hooks of layer_plugin.h that load, train and save weights. */
#include "hooks/layer_plugin.h"
#include "hooks/later.h"
#include "hooks/rules.h"
#include "base/fail.h"
#include "base/seed.h"
#include "base/text.h"
#include "config/heads.h"
#include "config/shape.h"
#include "layer/kernel_choice.h"
#include "layer/nonfinite.h"
#include "layer/update.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"
#include "data/skip_broken.h"
#include "ranks/ranks.h"
#include "weights/trailer.h"
#include "weights/vdw.h"
#include "training/average.h"
#include "training/checkpoint.h"
#include "training/log.h"
#include "training/nan_guard.h"
#include "training/same_start.h"
#include "training/shared_update.h"
#include "training/sgdr.h"
#include "training/silence.h"
#include "training/sub_batches.h"
#include "training/teacher.h"
#include "training/validation.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "network.h"

enum { LATER_REVISION = 5 }; /* of the weights of later Darknets: 0.2.5 */

/* ---- weights are loaded ---- */

/* the load in progress in this thread, from layer_plugin_load_begin() to layer_plugin_load_end() in one call of
 * load_weights_upto(). An error may end it in between: begin() sets all of it anew */
static __thread vd_weights_file loading;

/* the weights that were loaded last: where from, and 1 where variational layers found no log_sigma2 in them */
static struct {
    char *path;
    int is_plain;
} loaded;

int layer_plugin_load_packed(network *net, const char *filename, FILE *fp, int start, int cutoff)
{
    int is_later = vd_pack_is_later(fp);
    if (is_later) vd_rules_weights(net, filename, 0, 2, LATER_REVISION);
    if (!vd_pack_load(net, filename, fp, start, cutoff)) return 0;
    if (!is_later) vd_rules_weights(net, filename, 0, 2, 0);
    rand_continue(*net->seen);
    return 1;
}

void layer_plugin_load_begin(network *net, const char *filename, FILE *fp)
{
    int version[3];
    free(loaded.path);
    loaded.path = 0; /* a callback of vd_on_die() may leave from the next line */
    loaded.path = vd_format("%s", filename);
    vd_weights_load_begin(&loading, filename, fp);
    if (fread(version, sizeof(version), 1, fp) == 1)
        vd_rules_weights(net, filename, version[0], version[1], version[2]);
    rewind(fp);
}

int layer_plugin_load_next(network *net, int index)
{
    if (!vd_weights_load_next(&loading, net, index)) return 0;
    float *at;
    size_t n = vd_later_weights_of(net->layers[index], &at);
    vd_weights_load_numbers(&loading, net, at, n);
    return 1;
}

void layer_plugin_load_end(network *net, int start, int cutoff)
{
    loaded.is_plain = vd_weights_load_end(&loading, net, start, cutoff);
    rand_continue(*net->seen);
}

/* ---- a training begins ---- */

static void check_not_packed(const network *net)
{
    if (net->packed_from)
        vd_die("%s: packed for inference: train from the .weights file it was made from", net->packed_from);
}

static void check_trainable(const network *net)
{
    check_not_packed(net);
    if (net->no_training) vd_die("%s", net->no_training);
}

/* a network without variational layers trains as in stock Darknet, without a word */
static void report_kernels(const network *net)
{
    if (!vd_variational_layers(net)) return;
    vd_kernel_choice_print(stderr); /* lines that begin with "vd:" are report lines */
    fputs("\n", stderr);
}

/* the log and a validation read it again, and so do the ranks that compare it */
static void check_cfg_file(const char *path)
{
    struct stat st;
    if (path && !stat(path, &st) && !S_ISREG(st.st_mode))
        vd_die("%s: not a regular file: a training reads its cfg more than once", path);
}

void layer_plugin_train_begin(network *net, const char *backup, const char *base, float *avg_loss, int *count)
{
    check_trainable(net);
    check_cfg_file(net->cfg_file);
    vd_watch_outputs(0);
    vd_heads_check_training(net);
    vd_ranks_print();
    vd_skip_broken_classes(net->layers[net->n - 1].classes);
    vd_silence_check_network(net);
    vd_silence_check_batch(net);
    vd_silence_check_gradients(net);
    if (!vd_has_head(net)) vd_silence_check_end(net); /* detector train ends at once */
    vd_average_begin(net, backup, base);
    vd_checkpoint_begin(net, backup, base, avg_loss, count);
    vd_sub_batches_check(net);
    vd_validation_begin(net, backup, base);
    vd_kernel_choice_train(net);
    vd_same_start(net);
    report_kernels(net);
    vd_silence_check_over(net, backup, base, loaded.path);
    if (loaded.is_plain && !vd_checkpoint_resumed()) vd_silence_check_plain(net);
    vd_teacher_begin(net);
    vd_nan_guard_begin(net);
    vd_later_train(net);
    vd_log_begin(net, backup, base, vd_checkpoint_resumed());
}

void layer_plugin_train_pictures(network *net, int pictures)
{
    vd_silence_check_pictures(net, pictures);
    vd_log_pictures(pictures);
    vd_validation_pictures(net, pictures);
    if (vd_checkpoint_is_stopping()) vd_checkpoint_batch(net); /* else it trains one more, without this validation */
}

/* ---- a sub-batch, and its step ---- */

/* layers that pass no gradient on; [crop] usually is the first layer, where that does not matter */
static void note_ends_of_gradients(const network *net)
{
    static int noted;
    if (noted) return;
    for (int i = 0; i < net->n; ++i) {
        LAYER_TYPE type = net->layers[i].type;
        if (type != GRU && (type != CROP || !i)) continue;
        fprintf(stderr, "layer %d [%s]: has no backward pass on the CPU: the layers up to it are not trained\n", i,
                get_layer_string(type));
        noted = 1;
    }
}

int layer_plugin_may_train(network *net)
{
    check_trainable(net);
    vd_shape_check_truths(net);
    vd_shape_check_norms(net);
    note_ends_of_gradients(net);
    vd_silence_check_network(net);
    vd_silence_check_end(net);
    vd_kernel_choice_train(net);
    vd_teacher_begin(net);
    vd_sub_batch_begin(net, vd_nan_guard_sound());
    return vd_nan_guard_sound();
}

int layer_plugin_finite_loss(network *net)
{
    vd_log_forward(net);
    if (!vd_nan_guard_loss(net)) return 0;
    vd_teacher_correct(net);
    return 1;
}

float layer_plugin_leave_out(network *net)
{
    vd_sub_batch_end(net, 0, 0);
    return 0;
}

int layer_plugin_stops_backward(layer l, network net)
{
    return vd_stops_backward(l, &net);
}

int layer_plugin_step_is_due(network *net, float error)
{
    return vd_sub_batch_end(net, error, 1);
}

float layer_plugin_sgdr_rate(const network *net, size_t batch)
{
    return vd_sgdr_rate(net, batch);
}

int layer_plugin_update(layer l, update_args a)
{
    if (l.type == COST && l.plugin) vd_shared_join(((vd_cost *)l.plugin)->net); /* it looks at all layers */
    return a.adam && !l.plugin && vd_update_stock_layer_adam(l, a);
}

void layer_plugin_finite_weights(network *net)
{
    vd_shared_join(net);
    vd_nan_guard_weights(net);
    if (vd_nan_guard_sound()) vd_average_update(net);
}

float layer_plugin_step_loss(const network *net, float sum, int n)
{
    return vd_sub_batches_loss(net, sum, n);
}

/* ---- after a batch, and the last one ---- */

int layer_plugin_went_back(network *net)
{
    if (!vd_nan_guard_back(net)) return 0;
    vd_log_back(net);
    return 1;
}

/* after the line of an epoch */
static void print_ranks(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (c && c->latest.batch == (long)get_current_batch((network *)net)) vd_sub_batches_print(net);
}

void layer_plugin_train_batch(network *net)
{
    print_ranks(net);
    vd_log_batch(net);
    vd_average_batch(net);
    vd_validation_batch(net);
    vd_log_write(net);
    if (vd_checkpoint_due(net)) {
        vd_shared_whole(net);
        if (!vd_nan_guard_state(net)) return; /* none of what is not finite */
    }
    if (vd_checkpoint_is_stopping()) vd_log_stop(net);
    vd_checkpoint_batch(net);
}

void layer_plugin_train_end(network *net)
{
    if (!vd_cost_of(net)) vd_sub_batches_print(net);
    vd_average_end(net);
    vd_checkpoint_end(net);
    vd_validation_end(net);
    vd_log_end(net);
}

/* ---- weights are saved ---- */

int layer_plugin_save_begin(network *net, const char *filename, int cutoff)
{
    vd_shared_whole(net);
    check_not_packed(net);
    char *fault = vd_fault_of_state(net, cutoff, 0);
    if (fault) vd_die("%s: not written: %s", filename, fault);
    return !vd_rank();
}

int layer_plugin_revision(const network *net)
{
    return vd_is_later_network(net) ? LATER_REVISION : 0;
}

void layer_plugin_save_layer(layer l, FILE *fp)
{
    float *at;
    size_t n = vd_later_weights_of(l, &at);
    if (n) fwrite(at, sizeof(float), n, fp);
}

void layer_plugin_save(network *net, FILE *fp, int cutoff)
{
    vd_weights_save(net, fp, cutoff);
}
