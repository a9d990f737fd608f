#include "config/foreign.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/keys.h"

#include <stdlib.h>
#include <string.h>

#include "option_list.h"

#define SILENT 0, 0, 0 /* no value of it changes a shape or a number */

/* from the parsers of AlexeyAB's Darknet (2025-12) and hank-ai's (v6) */
const vd_foreign_key vd_foreign_keys[] = {
    {"[net]", "seq_scales", SILENT}, /* track=1 only */
    {"[net]", "track", "0", "training pictures are taken as sequences of a video", 1},
    {"[net]", "augment_speed", SILENT},           /* track=1 only */
    {"[net]", "sequential_subdivisions", SILENT}, /* of track=1 and [conv_lstm] only */
    {"[net]", "try_fix_nan", "0", "numbers that are not finite become 0; see nan_guard", 1},
    {"[net]", "weights_reject_freq", "0", "filters that resemble each other start anew", 1},
    {"[net]", "equidistant_point", "0", "the loss drops objects from that batch on", 1},
    {"[net]", "badlabels_rejection_percentage", "0", "the loss drops objects with a large error", 1},
    {"[net]", "num_sigmas_reject_badlabels", "0", "the loss drops objects with a large error", 1},
    {"[net]", "use_cuda_graph", SILENT},
    {"[net]", "loss_scale", SILENT}, /* taken out again at the update */
    {"[net]", "dynamic_minibatch", "0", "the batch changes with the size of the input", 1},
    {"[net]", "optimized_memory", SILENT},
    {"[net]", "workspace_size_limit_MB", SILENT},
    {"[net]", "blur", "0", "training pictures are blurred", 1},
    {"[net]", "gaussian_noise", "0", "training pictures get noise", 1},
    {"[net]", "mixup", "0", "training pictures are mixed with others", 1},
    {"[net]", "cutmix", "0", "training pictures get parts of others", 1},
    {"[net]", "contrastive", "0", "training by pairs of pictures", 1},
    {"[net]", "contrastive_jit_flip", SILENT}, /* contrastive=1 only, as the next one */
    {"[net]", "contrastive_color", SILENT},
    {"[net]", "unsupervised", "0", "training without labels", 1},
    {"[net]", "label_smooth_eps", "0", "label smoothing", 1},
    {"[net]", "resize_step", "32", "the step of the sizes that random=1 draws", 1},
    {"[net]", "attention", SILENT}, /* draws */
    {"[net]", "adversarial_lr", "0", "training on disturbed pictures", 1},
    {"[net]", "max_chart_loss", SILENT},
    {"[net]", "show_receptive_field", SILENT},

    {"", "clip", "0", "weights are kept within that size", 1},
    {"", "dont_update", "0", "the layer is trained in the first batches only", 1},
    {"", "burnin_update", "0", "the layer is not trained in the first batches", 1},
    {"", "train_only_bn", "0", "only the batch normalisation of the layer is trained", 1},

    {"[convolutional]", "antialiasing", "0", "a blur after the convolution, which then has the stride", 0},
    {"[convolutional]", "assisted_excitation", "0", "outputs are raised where objects are", 1},
    {"[convolutional]", "share_index", "-1000000000", "the layer has the weights of another", 0},
    {"[convolutional]", "cbn", "0", "batch normalisation over several batches", 0},
    {"[convolutional]", "bin_output", "0", "outputs are binary", 0},
    {"[convolutional]", "sway", "0", "weights are turned versions of each other", 0},
    {"[convolutional]", "rotate", "0", "weights are turned versions of each other", 0},
    {"[convolutional]", "stretch", "0", "weights are scaled versions of each other", 0},
    {"[convolutional]", "stretch_sway", "0", "weights are scaled and turned versions of each other", 0},
    {"[convolutional]", "angle", SILENT}, /* of rotate=1 and sway=1 only */
    {"[convolutional]", "grad_centr", "0", "the mean of each filter's gradient is taken out", 1},
    {"[convolutional]", "reverse", "0", "gradients are replaced by others", 1},
    {"[convolutional]", "coordconv", "0", "coordinates are added to the input", 0},
    {"[convolutional]", "stream", SILENT},
    {"[convolutional]", "wait_stream", SILENT},

    {"[crnn]", "output", 0, "the filters of the output, here output_filters", 0},
    {"[crnn]", "hidden", 0, "the filters of the hidden state, here hidden_filters", 0},
    {"[crnn]", "size", "3", "the side of the window", 0},
    {"[crnn]", "stride", "1", "the step between windows", 0},
    {"[crnn]", "dilation", "1", "gaps between the weights of a window", 0},
    {"[crnn]", "pad", "1", "the padding, here always 1", 0},
    {"[crnn]", "padding", "1", "the padding, here always 1", 0},
    {"[crnn]", "groups", "1", "groups of channels that are convolved apart", 0},
    {"[crnn]", "xnor", "0", "weights and inputs are binary", 0},

    {"[maxpool]", "antialiasing", "0", "a blur after the maximum, which then has the stride", 0},
    {"[maxpool]", "maxpool_zero_nonmax", "0", "the layer before is set to 0 where it is not the maximum", 0},

    {"[reorg3d]", "reverse", "0", "channels become squares, in an order that is not the reverse of the other", 0},

    {"[dropout]", "dropblock", "0", "whole blocks are dropped", 1},
    {"[dropout]", "dropblock_size_rel", SILENT}, /* of dropblock=1 only, as the next one */
    {"[dropout]", "dropblock_size_abs", SILENT},

    {"[route]", "stream", SILENT},
    {"[route]", "wait_stream", SILENT},

    {"[yolo]", "show_details", SILENT},
    {"[yolo]", "embedding_layer", "999999", "boxes are followed through a video by the outputs of a layer", 0},
    {"[yolo]", "track_history_size", SILENT}, /* of embedding_layer only, as the next four */
    {"[yolo]", "sim_thresh", SILENT},
    {"[yolo]", "dets_for_track", SILENT},
    {"[yolo]", "dets_for_show", SILENT},
    {"[yolo]", "track_ciou_norm", SILENT},

    {"[region]", "focal_loss", "0", "another loss of classes", 1},
    {"[region]", "resize", "1", "training pictures are scaled at random", 1},
    {"[detection]", "resize", "1", "training pictures are scaled at random", 1},

    {0, 0, 0, 0, 0}};

const vd_foreign_name vd_foreign_sections[] = {
    {"[Gaussian_yolo]", "a detection head with the variance of each box"},
    {"[conv_lstm]", "long short-term memory of convolutions"},
    {"[history]", "joins the pictures of several time steps"},
    {"[contrastive]", "a loss for pairs of pictures"},
    {"[implicit]", "numbers that are trained and do not depend on the input"},
    {"[empty]", "passes its input on"},
    {"[silence]", "passes its input on"},
    {"[blank]", "passes its input on"},
    {0, 0}};

const vd_foreign_name vd_foreign_activations[] = {
    {"normalize_channels", 0}, {"normalize_channels_softmax", 0}, {"normalize_channels_softmax_maxval", 0}, {0, 0}};

const vd_foreign_name *vd_foreign_find(const vd_foreign_name *list, const char *name)
{
    for (; list->name; ++list)
        if (!strcmp(list->name, name)) return list;
    return 0;
}

/* null when other Darknets do not know the key in this section either */
static const vd_foreign_key *find(const char *section, const char *name)
{
    const char *base = section ? vd_section_base(section) : 0;
    for (const vd_foreign_key *k = vd_foreign_keys; base && k->name; ++k) {
        int is_there = *k->section ? !strcmp(k->section, base) : strcmp(base, "[net]") != 0;
        if (is_there && !strcmp(k->name, name)) return k;
    }
    return 0;
}

/* equal as numbers, or as texts */
static int is_same(const char *a, const char *b)
{
    double x, y;
    return vd_parse_double(a, &x) && vd_parse_double(b, &y) ? x == y : !strcmp(a, b);
}

static int is_harmless(const vd_foreign_key *k, const char *value)
{
    return !k->effect || (k->harmless && is_same(value, k->harmless));
}

int vd_foreign_has(const char *section, const char *name)
{
    return find(section, name) != 0;
}

static char *refused_in_training; /* of the network that is being read: the first line, or null */

static void refuse(vd_section s, const vd_foreign_key *k, const char *value)
{
    char *message =
        vd_section_message(s, "%s=%s is a key of other Darknets that is not built here: %s", k->name, value, k->effect);
    if (!k->training) vd_die("%s", message);
    if (refused_in_training) free(message);
    else refused_in_training = message;
}

char *vd_foreign_no_training(void)
{
    char *message = refused_in_training;
    refused_in_training = 0;
    return message;
}

void vd_foreign_check(vd_section s)
{
    if (s.index < 0) { /* [net]: of a new network */
        free(refused_in_training);
        refused_in_training = 0;
    }
    for (node *n = s.options->front; n; n = n->next) {
        kvp *p = n->val;
        const vd_foreign_key *k = vd_key_in(s.type, p->key) ? 0 : find(s.type, p->key);
        if (!k) continue;
        if (!is_harmless(k, p->val)) refuse(s, k, p->val);
        p->used = 1;
    }
}
