#include "config/keys.h"
#include "base/text.h"

#include <assert.h>
#include <float.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "activations.h"
#include "option_list.h"

enum {
    MOST_BATCH = 1 << 20,
    MOST_PIXELS = 1 << 16,
    MOST_CHANNELS = 1 << 20,
    MOST_UNITS = 1 << 24,
    MOST_WINDOW = 1 << 12,
    MOST_ANCHORS = 1024,
    MOST_ASPECT = 1000, /* places in a picture, times this, are ints */
    MOST_CHECKPOINTS = 100
};

#define ANY_NEGATIVE (-(double)FLT_MAX)
#define ANY_POSITIVE ((double)FLT_MAX)

/* each row: name, type, min, max, default; then by name the help and what few rows have */

static const vd_key net_keys[] = {
    {"batch", VD_INTEGER, 1, MOST_BATCH, "1", .help = "images in one update of the weights"},
    {"subdivisions", VD_INTEGER, 1, MOST_BATCH, "1", .help = "parts a batch is computed in, to save memory"},
    {"learning_rate", VD_NUMBER, 0, ANY_POSITIVE, "0.001", .help = "step size, before policy and burn_in change it"},
    {"momentum", VD_NUMBER, 0, 1, "0.9", .help = "share of the last update kept in the next one"},
    {"decay", VD_NUMBER, 0, ANY_POSITIVE, "0.0001", .help = "weight decay (L2)"},
    {"time_steps", VD_INTEGER, 1, MOST_BATCH, "1", .help = "steps of a sequence, for recurrent layers"},
    {"notruth", VD_FLAG, 0, 1, "0", .help = "read but not used"},
    {"random", VD_FLAG, 0, 1, "0",
     .help = "1: classifier train changes the input's size every 40 batches, 4/7 to 14/7 of the cfg's"},
    {"adam", VD_FLAG, 0, 1, "0", .help = "1: Adam instead of SGD, on the CPU too"},
    {"B1", VD_NUMBER, 0, 1, "0.9", .help = "Adam: decay of the first moment"},
    {"B2", VD_NUMBER, 0, 1, "0.999", .help = "Adam: decay of the second moment"},
    {"letter_box", VD_FLAG, 0, 1, "0",
     .help = "a [yolo] detector in a cfg with keys of later Darknets, 1: pictures keep their shape, between grey "
             "borders; 0: they fill the input. Other cfgs always keep it",
     .owner = VD_LATER},
    {"mosaic", VD_FLAG, 0, 1, "0", .help = "1: detector train puts every second picture together from four",
     .owner = VD_LATER},
    {"mosaic_bound", VD_FLAG, 0, 1, "0", .help = "1: boxes of a mosaic end where their picture ends",
     .owner = VD_LATER},
    {"ema_alpha", VD_NUMBER, 0, 1, "0",
     .help = "share of the old mean in an average of the weights, from half of max_batches on; 0: none",
     .owner = VD_LATER},
    {"bn_eps", VD_TEXT, 0, 0, 0,
     .help = "where batch normalisation adds its epsilon: stock, to the root; alexeyab, inside it",
     .computed = "alexeyab with keys of later Darknets, or weights of version 0.2.5 and later", .owner = VD_PLUGIN},
    {"add_gradients", VD_FLAG, 0, 1, 0,
     .help = "1: 1x1 convolutions, [reorg], [normalization] and [upsample] add to what a [route] or [shortcut] has "
             "given the gradient of their input; 0: they write over it, as in stock Darknet",
     .computed = "1 with a variational section, else 0; always 1 with keys of later Darknets", .owner = VD_PLUGIN},
    {"eps", VD_NUMBER, 0, ANY_POSITIVE, "0.0000001", .help = "Adam: added to the denominator"},
    {"height", VD_INTEGER, 0, MOST_PIXELS, "0", .help = "height of the input in pixels"},
    {"width", VD_INTEGER, 0, MOST_PIXELS, "0", .help = "width of the input in pixels"},
    {"channels", VD_INTEGER, 0, MOST_CHANNELS, "0", .help = "channels of the input; 1: grey pictures, in every loader"},
    {"inputs", VD_INTEGER, 0, INT_MAX, 0, .help = "numbers in one input", .computed = "height * width * channels"},
    {"max_crop", VD_INTEGER, 0, MOST_PIXELS, 0,
     .help = "most pixels that the shorter side of a training picture is scaled to before the crop, its height counted "
             "times width / height of the network; not of detectors",
     .computed = "2 * width"},
    {"min_crop", VD_INTEGER, 0, MOST_PIXELS, 0, .help = "fewest pixels that it is scaled to", .computed = "width"},
    {"max_ratio", VD_NUMBER, 0, ANY_POSITIVE, 0, .help = "max_crop as a multiple of the width",
     .computed = "max_crop / width"},
    {"min_ratio", VD_NUMBER, 0, ANY_POSITIVE, 0, .help = "min_crop as a multiple of the width",
     .computed = "min_crop / width"},
    {"center", VD_FLAG, 0, 1, "0",
     .help = "lsd alone, 1: training pictures are cropped at their centre, not at random"},
    {"clip", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0", .help = "largest size of a weight; used on GPUs only"},
    {"flip", VD_FLAG, 0, 1, "1", .help = "0: training pictures are never mirrored (digits, letters, traffic signs)",
     .owner = VD_PATCH},
    {"shift", VD_INTEGER, 0, MOST_PIXELS, "0",
     .help = "most pixels a training picture of a classifier is moved by, across and down; zeros come in",
     .owner = VD_PATCH},
    {"angle", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0",
     .help = "random rotation of training pictures, in degrees; not of detectors"},
    {"aspect", VD_NUMBER, 0, MOST_ASPECT, "1", .help = "random change of aspect ratio, a factor; not of detectors"},
    {"saturation", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "random change of saturation, a factor"},
    {"exposure", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "random change of brightness, a factor"},
    {"hue", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0", .help = "random change of hue"},
    {"policy", VD_POLICY, 0, 0, "constant", .help = "how the learning rate changes over the batches"},
    {"burn_in", VD_INTEGER, 0, INT_MAX, "0", .help = "batches in which the rate rises to learning_rate"},
    {"power", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "4", .help = "exponent of burn_in and of policy=poly and random"},
    {"step", VD_INTEGER, 1, INT_MAX, "1",
     .help = "policy=step: batches between changes; sigmoid: batch of half the rate"},
    {"scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "policy=step: factor of each change"},
    {"steps", VD_INTEGERS, INT_MIN, INT_MAX, 0, .help = "policy=steps: batches at which the rate changes"},
    {"scales", VD_NUMBERS, ANY_NEGATIVE, ANY_POSITIVE, 0, .help = "policy=steps: factor of each change"},
    {"learning_rate_min", VD_NUMBER, 0, ANY_POSITIVE, "0.00001", .help = "policy=sgdr: rate at the end of a cycle",
     .owner = VD_LATER},
    {"sgdr_cycle", VD_INTEGER, 1, INT_MAX, 0, .help = "policy=sgdr: batches of the first cycle",
     .computed = "max_batches", .owner = VD_LATER},
    {"sgdr_mult", VD_INTEGER, 1, INT_MAX, "2", .help = "policy=sgdr: length of a cycle in lengths of the one before",
     .owner = VD_LATER},
    {"gamma", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "policy=exp: factor of a batch; sigmoid: steepness"},
    {"max_batches", VD_INTEGER, 0, INT_MAX, "0", .help = "batches to train; classifier train: 0 is without end"},
    {"seed", VD_INTEGER, 0, (double)LONG_MAX, 0,
     .help = "runs with the same seed give the same weights, whatever the number of threads", .owner = VD_PLUGIN,
     .computed = "another in each run"},
    {"checkpoint", VD_INTEGER, 0, INT32_MAX, "0", .help = "batches between two checkpoints; 0: none by batches",
     .owner = VD_PLUGIN},
    {"checkpoint_minutes", VD_INTEGER, 0, INT32_MAX / 60, "10",
     .help = "minutes between two checkpoints; 0: none by time", .owner = VD_PLUGIN},
    {"checkpoint_keep", VD_INTEGER, 1, MOST_CHECKPOINTS, "1", .help = "number of checkpoints kept", .owner = VD_PLUGIN},
    {"nan_guard", VD_FLAG, 0, 1, "0",
     .help = "1: when loss or weights are no longer finite, return to the latest checkpoint at half the rate",
     .owner = VD_PLUGIN},
    {"teacher", VD_TEXT, 0, 0, 0, .help = "the cfg of a trained classifier, whose outputs a training learns from",
     .owner = VD_PLUGIN, .computed = "the labels alone"},
    {"teacher_weights", VD_TEXT, 0, 0, 0, .help = "the weights of the teacher", .owner = VD_PLUGIN,
     .computed = "needed with teacher"},
    {"teacher_share", VD_NUMBER, 0, 1, "0.9",
     .help = "share of the teacher's outputs in the loss; the labels have the rest", .owner = VD_PLUGIN},
    {"teacher_temperature", VD_NUMBER, .1, 100, "4",
     .help = "what the logits of both networks are divided by before they are compared", .owner = VD_PLUGIN},
    {"hidden", VD_TEXT, 0, 0, 0, .help = "ignored", .owner = VD_NOBODY},
    {0}};

const vd_key vd_every_layer_keys[] = {
    {"truth", VD_FLAG, 0, 1, "0", .help = "1: the layer's output is the truth for the layers after it"},
    {"onlyforward", VD_FLAG, 0, 1, "0",
     .help = "1: [yolo] and [region] compute no loss in training; used on GPUs only"},
    {"stopbackward", VD_INTEGER, 0, INT_MAX, "0",
     .help = "1: no gradients for this layer and those before it; more: none in that many first batches; "
             "batch normalisation still follows the batches"},
    {"dontsave", VD_FLAG, 0, 1, "0", .help = "1: a weights file has no weights of this layer when saved"},
    {"dontload", VD_FLAG, 0, 1, "0", .help = "1: a weights file has no weights of this layer when loaded"},
    {"numload", VD_INTEGER, 0, INT_MAX, "0", .help = "filters a weights file has for this convolution; 0: all"},
    {"dontloadscales", VD_FLAG, 0, 1, "0",
     .help = "1: a weights file has no batch normalisation for this layer when loaded"},
    {"learning_rate", VD_NUMBER, 0, ANY_POSITIVE, "1",
     .help = "factor of [net]'s learning rate; 0: weights keep their values, unless variational ones are pruned"},
    {"smooth", VD_NUMBER, 0, ANY_POSITIVE, "0", .help = "label smoothing in [cost]; used on GPUs only"},
    {0}};

static const vd_key convolutional_keys[] = {
    {"filters", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "filters, the output's channels"},
    {"size", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "side of the square window"},
    {"stride", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "step between windows"},
    {"stride_x", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "the step along the width", .computed = "stride",
     .owner = VD_LATER},
    {"stride_y", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "the step along the height", .computed = "stride",
     .owner = VD_LATER},
    {"dilation", VD_INTEGER, 1, MOST_WINDOW, "1",
     .help = "pixels from one to the next of a window; the padding grows with it", .owner = VD_LATER},
    {"pad", VD_INTEGER, 0, MOST_WINDOW, "0", .help = "not 0: padding is size / 2"},
    {"padding", VD_INTEGER, 0, MOST_WINDOW, "0", .help = "zeros added at each border; ignored when pad is set"},
    {"groups", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "groups of channels that are convolved apart"},
    {"activation", VD_ACTIVATION, 0, 0, "logistic", .help = "function of each output"},
    {"batch_normalize", VD_FLAG, 0, 1, "0", .help = "1: batch normalisation before the activation"},
    {"binary", VD_FLAG, 0, 1, "0", .help = "1: weights are binary"},
    {"xnor", VD_FLAG, 0, 1, "0", .help = "1: weights and inputs are binary"},
    {"flipped", VD_FLAG, 0, 1, "0", .help = "1: a weights file has the weights transposed"},
    {"dot", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0", .help = "read but not used"},
    {0}};

static const vd_key connected_keys[] = {
    {"output", VD_INTEGER, 1, MOST_UNITS, "1", .help = "output units"},
    {"activation", VD_ACTIVATION, 0, 0, "logistic", .help = "function of each output"},
    {"batch_normalize", VD_FLAG, 0, 1, "0", .help = "1: batch normalisation before the activation"},
    {0}};

/* of [vd_convolutional] and [vd_connected] */
static const vd_key vd_layer_keys[] = {
    {"log_sigma2", VD_NUMBER, -1e4, 1e4, "-10", .help = "log sigma^2 of every weight at the start", .owner = VD_PLUGIN},
    {"threshold", VD_NUMBER, -1e4, 1e4, "3", .help = "weights with a log alpha of at least this are zero at test time",
     .owner = VD_PLUGIN},
    {"log_alpha", VD_NUMBER, -1e4, 1e4, 0,
     .help = "plain weights start at log sigma^2 = this + log(theta^2 + mean theta^2 / 100); -8 to threshold",
     .owner = VD_PLUGIN, .computed = "they start at log_sigma2"},
    {"train_clip", VD_FLAG, 0, 1, "0", .help = "1: the training mean uses the masked weights too", .owner = VD_PLUGIN},
    {0}};

static const vd_key vd_cost_keys[] = {
    {"samples", VD_INTEGER, 1, (double)LONG_MAX, 0, .help = "N, images in the training set", .owner = VD_PLUGIN,
     .required = 1},
    {"kl_scale", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "w(t), the weight of the KL term, at the end of the ramp",
     .owner = VD_PLUGIN},
    {"kl_start", VD_NUMBER, 0, DBL_MAX, "0", .help = "batches before the KL term starts", .owner = VD_PLUGIN},
    {"kl_ramp", VD_NUMBER, 0, DBL_MAX, "0",
     .help = "batches in which w(t) rises linearly from 0 to kl_scale; 0: at once", .owner = VD_PLUGIN},
    {"target_sparsity", VD_NUMBER, 0, 1, "0",
     .help = "share of the weights that is pruned when the training ends: w(t) is steered; 0: off", .owner = VD_PLUGIN},
    {"target_size", VD_INTEGER, 0, (double)(1LL << 53), "0",
     .help = "bytes of the .vdw file that vd pack writes without options (weights in float32) when the training ends: "
             "w(t) is steered; at most these, and less than 1 % fewer; 0: off",
     .owner = VD_PLUGIN},
    {"freeze_pruned", VD_INTEGER, 0, UINT16_MAX, "0",
     .help = "batches in a row at freeze_log_alpha after which a weight is zero for good; 0: never",
     .owner = VD_PLUGIN},
    {"freeze_log_alpha", VD_NUMBER, -8, 8, "8", .help = "the log alpha from which freeze_pruned counts a weight",
     .owner = VD_PLUGIN},
    {"freeze_start", VD_NUMBER, 0, DBL_MAX, 0, .help = "the batch from which freeze_pruned counts", .owner = VD_PLUGIN,
     .computed = "freeze_log_alpha = 8: 0; less: the end of the ramp, kl_start + kl_ramp"},
    {"method", VD_TEXT, 0, 0, "variational",
     .help =
         "variational, or magnitude: no noise and no KL term, the smallest weights are pruned until target_sparsity "
         "of them are",
     .owner = VD_PLUGIN},
    {"magnitude", VD_TEXT, 0, 0, "global",
     .help = "method=magnitude: global, the smallest weights of all layers; uniform, the same share of each layer",
     .owner = VD_PLUGIN},
    {"prune_start", VD_INTEGER, 0, INT_MAX, "0", .help = "method=magnitude: the batch before the first that prunes",
     .owner = VD_PLUGIN},
    {"prune_ramp", VD_INTEGER, 1, INT_MAX, 0,
     .help = "method=magnitude: batches from prune_start to the last that prunes", .owner = VD_PLUGIN,
     .computed = "half of those left, (max_batches - prune_start) / 2"},
    {"prune_every", VD_INTEGER, 1, INT_MAX, "100", .help = "method=magnitude: batches between two that prune",
     .owner = VD_PLUGIN},
    {"fine_tune", VD_INTEGER, 0, INT_MAX, "0",
     .help = "last batches of max_batches, in which pruned weights stay zero and the others train without noise and KL "
             "term",
     .owner = VD_PLUGIN},
    {"report", VD_INTEGER, 0, INT_MAX, "0", .help = "batches between two report lines; 0: one line an epoch",
     .owner = VD_PLUGIN},
    {0}};

static const vd_key local_keys[] = {
    {"filters", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "filters, the output's channels"},
    {"size", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "side of the square window"},
    {"stride", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "step between windows"},
    {"pad", VD_INTEGER, 0, MOST_WINDOW, "0", .help = "zeros added at each border; must keep the picture's size"},
    {"activation", VD_ACTIVATION, 0, 0, "logistic", .help = "function of each output"},
    {0}};

static const vd_key deconvolutional_keys[] = {
    {"filters", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "filters, the output's channels"},
    {"size", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "side of the square window"},
    {"stride", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "step between windows"},
    {"pad", VD_INTEGER, 0, MOST_WINDOW, "0", .help = "not 0: padding is size / 2"},
    {"padding", VD_INTEGER, 0, MOST_WINDOW, "0",
     .help = "cut off at each border of the output; ignored when pad is set"},
    {"activation", VD_ACTIVATION, 0, 0, "logistic", .help = "function of each output"},
    {"batch_normalize", VD_FLAG, 0, 1, "0", .help = "1: batch normalisation before the activation"},
    {0}};

static const vd_key crnn_keys[] = {
    {"output_filters", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "filters of the output"},
    {"hidden_filters", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "filters of the hidden state"},
    {"activation", VD_ACTIVATION, 0, 0, "logistic", .help = "function of each output"},
    {"batch_normalize", VD_FLAG, 0, 1, "0", .help = "1: batch normalisation before the activation"},
    {"shortcut", VD_FLAG, 0, 1, "0", .help = "1: the last hidden state is added to the new one"},
    {0}};

static const vd_key recurrent_keys[] = {
    {"output", VD_INTEGER, 1, MOST_UNITS, "1", .help = "output units"},
    {"hidden", VD_TEXT, 0, 0, 0, .help = "ignored", .owner = VD_NOBODY},
    {"activation", VD_ACTIVATION, 0, 0, "logistic", .help = "function of each output; [rnn] only"},
    {"batch_normalize", VD_FLAG, 0, 1, "0", .help = "1: batch normalisation before the activation"},
    {"shortcut", VD_FLAG, 0, 1, "0", .help = "1: the last hidden state is added to the new one; [rnn] only"},
    {"tanh", VD_FLAG, 0, 1, "0", .help = "1: the state's activation is tanh, not logistic; [gru] only"},
    {"logistic", VD_TEXT, 0, 0, 0, .help = "ignored", .owner = VD_NOBODY},
    {0}};

static const vd_key maxpool_keys[] = {
    {"size", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "side of the square window", .computed = "stride"},
    {"stride", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "step between windows"},
    {"stride_x", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "the step along the width", .computed = "stride",
     .owner = VD_LATER},
    {"stride_y", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "the step along the height", .computed = "stride",
     .owner = VD_LATER},
    {"padding", VD_INTEGER, 0, MOST_WINDOW, 0, .help = "pixels added, both borders together", .computed = "size - 1"},
    {"maxpool_depth", VD_FLAG, 0, 1, "0", .help = "1: no windows, but the maximum of channels k, k + out_channels, ...",
     .owner = VD_LATER},
    {"out_channels", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "channels of the output with maxpool_depth=1",
     .owner = VD_LATER},
    {0}};

static const vd_key local_avgpool_keys[] = {
    {"size", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "side of the square window", .computed = "stride",
     .owner = VD_LATER},
    {"stride", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "step between windows", .owner = VD_LATER},
    {"stride_x", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "the step along the width", .computed = "stride",
     .owner = VD_LATER},
    {"stride_y", VD_INTEGER, 1, MOST_WINDOW, 0, .help = "the step along the height", .computed = "stride",
     .owner = VD_LATER},
    {"padding", VD_INTEGER, 0, MOST_WINDOW, 0, .help = "pixels added, both borders together; they do not count",
     .computed = "size - 1", .owner = VD_LATER},
    {0}};

static const vd_key reorg3d_keys[] = {{"stride", VD_INTEGER, 1, MOST_WINDOW, "1",
                                       .help = "side of the squares, whose pixels become channels", .owner = VD_LATER},
                                      {0}};

static const vd_key dropout_keys[] = {{"probability", VD_NUMBER, 0, 1, "0.5", .help = "share of the numbers set to 0"},
                                      {0}};

static const vd_key normalization_keys[] = {
    {"alpha", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0.0001", .help = "factor of the sum of squares"},
    {"beta", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0.75", .help = "exponent of the norm"},
    {"kappa", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "added to the sum of squares"},
    {"size", VD_INTEGER, 1, MOST_WINDOW, "5", .help = "channels in the sum"},
    {0}};

static const vd_key softmax_keys[] = {
    {"groups", VD_INTEGER, 1, MOST_UNITS, "1", .help = "groups of numbers, each with its own softmax"},
    {"temperature", VD_NUMBER, FLT_MIN, ANY_POSITIVE, "1", .help = "divides the inputs"},
    {"tree", VD_INPUT_FILE, 0, 0, 0, .help = "file with the tree of classes: one softmax for each group of siblings"},
    {"spatial", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0",
     .help = "not 0: a softmax over the channels of each cell; used on GPUs only"},
    {"noloss", VD_FLAG, 0, 1, "0", .help = "1: computes no loss"},
    {0}};

static const vd_key cost_keys[] = {
    {"type", VD_TEXT, 0, 0, "sse", .help = "sse, masked, smooth, L1, seg or wgan"},
    {"scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the gradient"},
    {"ratio", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0", .help = "share of the gradients kept; used on GPUs only"},
    {"noobj", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1",
     .help = "type=seg: factor where nothing is; used on GPUs only"},
    {"thresh", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0", .help = "smaller gradients are dropped; used on GPUs only"},
    {0}};

static const vd_key route_keys[] = {
    {"layers", VD_LAYERS, 0, 0, 0, .help = "layers whose outputs are joined", .required = 1},
    {"groups", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "groups that the channels of each layer are cut into",
     .owner = VD_PATCH},
    {"group_id", VD_INTEGER, 0, MOST_CHANNELS - 1, "0", .help = "the group that is passed on, from 0",
     .owner = VD_PATCH},
    {0}};

static const vd_key shortcut_keys[] = {
    {"from", VD_LAYERS, 0, 0, 0, .help = "the layer to add; several are added as later Darknets do", .required = 1},
    {"activation", VD_ACTIVATION, 0, 0, "linear", .help = "function of each output"},
    {"alpha", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the layer before"},
    {"beta", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the layer to add"},
    {"weights_type", VD_TEXT, 0, 0, "none",
     .help = "factors that are trained: none, per_feature (or per_layer): one for each layer, per_channel: for each of "
             "their channels",
     .owner = VD_LATER},
    {"weights_normalization", VD_TEXT, 0, 0, "none",
     .help = "these factors: none, relu (or avg_relu), softmax: of the layers together they then are 1",
     .owner = VD_LATER},
    {0}};

static const vd_key scale_channels_keys[] = {
    {"from", VD_LAYERS, 0, 0, 0, .help = "the layer to multiply", .required = 1, .owner = VD_LATER},
    {"scale_wh", VD_FLAG, 0, 1, "0", .help = "0: one factor for each channel; 1: for each pixel", .owner = VD_LATER},
    {"activation", VD_ACTIVATION, 0, 0, "linear", .help = "function of each output", .owner = VD_LATER},
    {0}};

static const vd_key sam_keys[] = {
    {"from", VD_LAYERS, 0, 0, 0, .help = "the layer to multiply", .required = 1, .owner = VD_LATER},
    {"activation", VD_ACTIVATION, 0, 0, "linear", .help = "function of each output", .owner = VD_LATER},
    {0}};

static const vd_key activation_keys[] = {
    {"activation", VD_ACTIVATION, 0, 0, "linear", .help = "function of each number"}, {0}};

static const vd_key upsample_keys[] = {
    {"stride", VD_INTEGER, -64, 64, "2", .help = "factor of width and height; negative: a divisor"},
    {"scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of every number"},
    {0}};

static const vd_key reorg_keys[] = {
    {"stride", VD_INTEGER, 1, MOST_WINDOW, "1", .help = "side of the squares that become channels"},
    {"reverse", VD_FLAG, 0, 1, "0", .help = "1: channels become squares"},
    {"flatten", VD_FLAG, 0, 1, "0",
     .help = "1: only the order changes: channels innermost, or outermost with reverse=1"},
    {"extra", VD_INTEGER, 0, INT_MAX, "0", .help = "numbers added after the inputs, which stay as they are"},
    {0}};

static const vd_key crop_keys[] = {
    {"crop_height", VD_INTEGER, 1, MOST_PIXELS, "1", .help = "height of the output"},
    {"crop_width", VD_INTEGER, 1, MOST_PIXELS, "1", .help = "width of the output"},
    {"flip", VD_FLAG, 0, 1, "0", .help = "1: mirrored at random in training"},
    {"angle", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0", .help = "random rotation in degrees; used on GPUs only"},
    {"saturation", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "random change of saturation; used on GPUs only"},
    {"exposure", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "random change of brightness; used on GPUs only"},
    {"noadjust", VD_FLAG, 0, 1, "0", .help = "1: values stay as they are, not scaled from 0..1 to -1..1"},
    {"shift", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0", .help = "random shift of each colour; used on GPUs only"},
    {0}};

static const vd_key yolo_keys[] = {
    {"classes", VD_INTEGER, 1, MOST_CHANNELS, "20", .help = "number of classes"},
    {"num", VD_INTEGER, 1, MOST_ANCHORS, "1", .help = "number of anchors"},
    {"mask", VD_INTEGERS, 0, MOST_ANCHORS - 1, 0, .help = "anchors this layer predicts, from 0", .computed = "all"},
    {"max", VD_INTEGER, 1, MOST_CHANNELS, "90",
     .help = "most objects in a training picture; the largest of all heads counts"},
    {"jitter", VD_NUMBER, 0, 1, "0.2", .help = "random change of a training picture's crop, a share of its sides"},
    {"ignore_thresh", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0.5",
     .help = "a box that overlaps an object by more (IoU) is not trained as empty"},
    {"truth_thresh", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1",
     .help = "a box that overlaps an object by more (IoU) is trained towards it"},
    {"random", VD_FLAG, 0, 1, "0",
     .help = "1: detector train changes the input's size every 10 batches, 10/13 to 19/13 of the cfg's"},
    {"map", VD_INPUT_FILE, 0, 0, 0, .help = "file with a new number for each class"},
    {"anchors", VD_NUMBERS, 0, ANY_POSITIVE, 0, .help = "width and height of each anchor, in pixels of the input",
     .computed = "0.5 each"},
    {"scale_x_y", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "how far a box's centre may leave its cell: 1 is not at all",
     .owner = VD_LATER},
    {"new_coords", VD_FLAG, 0, 1, "0",
     .help = "1: sizes are (2 v)^2 anchors, v of a layer with activation=logistic; else exp(v)", .owner = VD_LATER},
    {"iou_loss", VD_TEXT, 0, 0, "mse", .help = "loss of coordinates: mse, iou, giou, diou or ciou", .owner = VD_LATER},
    {"iou_normalizer", VD_NUMBER, 0, ANY_POSITIVE, "0.75", .help = "factor of the loss of coordinates",
     .owner = VD_LATER},
    {"obj_normalizer", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "factor of the loss of objectness", .owner = VD_LATER},
    {"cls_normalizer", VD_NUMBER, 0, ANY_POSITIVE, "1",
     .help = "factor of the loss of an object's class, with counters_per_class", .owner = VD_LATER},
    {"max_delta", VD_NUMBER, 0, ANY_POSITIVE, 0, .help = "limit of each gradient of coordinates, not of mse",
     .computed = "none", .owner = VD_LATER},
    {"delta_normalizer", VD_NUMBER, 0, ANY_POSITIVE, "1", .help = "factor of all gradients of the layer",
     .owner = VD_LATER},
    {"iou_thresh", VD_NUMBER, 0, 1, "1",
     .help = "anchors that overlap an object by more are trained towards it besides the best one", .owner = VD_LATER},
    {"iou_thresh_kind", VD_TEXT, 0, 0, "iou",
     .help = "overlap that iou_thresh is compared with: iou, giou, diou or ciou", .owner = VD_LATER},
    {"label_smooth_eps", VD_NUMBER, 0, 1, "0", .help = "classes are trained towards 1 - eps/2 and eps/2",
     .owner = VD_LATER},
    {"objectness_smooth", VD_FLAG, 0, 1, "0", .help = "1: objectness is trained towards the overlap (IoU)",
     .owner = VD_LATER},
    {"focal_loss", VD_FLAG, 0, 1, "0", .help = "1: focal loss of the classes", .owner = VD_LATER},
    {"counters_per_class", VD_INTEGERS, 0, INT_MAX, 0,
     .help = "objects of each class in the training pictures: rare classes get a larger loss", .computed = "all equal",
     .owner = VD_LATER},
    {"resize", VD_NUMBER, 0.01, 100, "1",
     .help = "training pictures are scaled at random by up to this, and down to 1/this; below 1: down only",
     .owner = VD_LATER},
    {"nms_kind", VD_TEXT, 0, 0, "default",
     .help = "overlap above which the lower of two boxes is dropped: default (iou), greedynms (diou) or diounms",
     .owner = VD_LATER},
    {"beta_nms", VD_NUMBER, 0, ANY_POSITIVE, "0.6", .help = "exponent of the distance of diounms", .owner = VD_LATER},
    {0}};

static const vd_key region_keys[] = {
    {"coords", VD_INTEGER, 1, 1024, "4", .help = "coordinates of a box"},
    {"classes", VD_INTEGER, 1, MOST_CHANNELS, "20", .help = "number of classes"},
    {"num", VD_INTEGER, 1, MOST_ANCHORS, "1", .help = "number of anchors"},
    {"log", VD_FLAG, 0, 1, "0", .help = "read but not used"},
    {"sqrt", VD_FLAG, 0, 1, "0", .help = "read but not used"},
    {"softmax", VD_FLAG, 0, 1, "0", .help = "1: softmax over the classes, instead of logistic"},
    {"background", VD_FLAG, 0, 1, "0", .help = "1: one more class, for boxes without an object"},
    {"max", VD_INTEGER, 1, MOST_CHANNELS, "30",
     .help = "most objects in a training picture; the largest of all heads counts"},
    {"jitter", VD_NUMBER, 0, 1, "0.2", .help = "random change of a training picture's crop, a share of its sides"},
    {"rescore", VD_FLAG, 0, 1, "0", .help = "1: objectness is trained towards the overlap (IoU), not towards 1"},
    {"thresh", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "0.5",
     .help = "a box that overlaps an object by more (IoU) is not trained as empty"},
    {"classfix", VD_INTEGER, -1, 1, "0", .help = "read but not used"},
    {"absolute", VD_FLAG, 0, 1, "0", .help = "read but not used"},
    {"random", VD_FLAG, 0, 1, "0",
     .help = "1: detector train changes the input's size every 10 batches, 10/13 to 19/13 of the cfg's"},
    {"coord_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the loss of coordinates"},
    {"object_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the loss of boxes with an object"},
    {"noobject_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1",
     .help = "factor of the loss of boxes without an object"},
    {"mask_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1",
     .help = "factor of the loss of coordinates after the fourth"},
    {"class_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the loss of classes"},
    {"bias_match", VD_FLAG, 0, 1, "0", .help = "1: an object goes to the anchor of the most similar size"},
    {"tree", VD_INPUT_FILE, 0, 0, 0, .help = "file with the tree of classes"},
    {"map", VD_INPUT_FILE, 0, 0, 0, .help = "file with a new number for each class"},
    {"anchors", VD_NUMBERS, 0, ANY_POSITIVE, 0, .help = "width and height of each anchor, in cells",
     .computed = "0.5 each"},
    {0}};

static const vd_key detection_keys[] = {
    {"coords", VD_INTEGER, 1, 1024, "1", .help = "coordinates of a box"},
    {"classes", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "number of classes"},
    {"rescore", VD_FLAG, 0, 1, "0", .help = "1: objectness is trained towards the overlap (IoU), not towards 1"},
    {"num", VD_INTEGER, 1, 1024, "1", .help = "boxes of a cell"},
    {"side", VD_INTEGER, 1, 1024, "7", .help = "cells along each side"},
    {"softmax", VD_FLAG, 0, 1, "0", .help = "1: softmax over the classes"},
    {"sqrt", VD_FLAG, 0, 1, "0", .help = "1: the outputs are square roots of width and height"},
    {"max", VD_INTEGER, 1, MOST_CHANNELS, "90", .help = "not used: one object a cell"},
    {"coord_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the loss of coordinates"},
    {"forced", VD_FLAG, 0, 1, "0", .help = "1: small objects go to the second box of a cell, large ones to the first"},
    {"object_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the loss of boxes with an object"},
    {"noobject_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1",
     .help = "factor of the loss of boxes without an object"},
    {"class_scale", VD_NUMBER, ANY_NEGATIVE, ANY_POSITIVE, "1", .help = "factor of the loss of classes"},
    {"jitter", VD_NUMBER, 0, 1, "0.2", .help = "random change of a training picture's crop, a share of its sides"},
    {"random", VD_FLAG, 0, 1, "0", .help = "1: objects go to a random box of a cell in the first 64,000 images"},
    {"reorg", VD_FLAG, 0, 1, "0", .help = "read but not used"},
    {0}};

static const vd_key iseg_keys[] = {
    {"classes", VD_INTEGER, 1, MOST_CHANNELS, "20", .help = "number of classes"},
    {"ids", VD_INTEGER, 1, MOST_CHANNELS, "32", .help = "numbers that tell instances apart"},
    {0}};

static const vd_key no_keys[] = {{0}};

const vd_key vd_data_keys[] = {
    {"classes", VD_INTEGER, 1, MOST_CHANNELS, 0, .help = "number of classes", .computed = "2; regressor: 1"},
    {"top", VD_INTEGER, 1, MOST_CHANNELS, "1", .help = "classifier: classes printed, and counted as a hit in valid"},
    {"shuffle", VD_FLAG, 0, 1, "0",
     .help = "1: every training picture once an epoch, in random order; 0: drawn with replacement", .owner = VD_PATCH},
    {"validate", VD_INTEGER, 0, INT_MAX, "0",
     .help = "classifier, detector train: measures the weights on valid= every so many epochs; 0: never",
     .owner = VD_PLUGIN},
    {"patience", VD_INTEGER, 0, INT_MAX, "0",
     .help = "training ends after so many validations without a better one; 0: never", .owner = VD_PLUGIN},
    {"savelast", VD_INTEGER, 0, INT_MAX, "100",
     .help = "classifier, detector train: batches between two BASE_last.weights; 0: never", .owner = VD_LATER},
    {"saveweights", VD_INTEGER, 1, INT_MAX, 0,
     .help = "classifier, detector train: batches between two BASE_N.weights, beside those that are written anyway",
     .owner = VD_LATER, .computed = "none"},
    {"tag", VD_FLAG, 0, 1, "0", .help = "classifier train, 1: pictures have tags, several each, instead of one class"},
    {"backup", VD_TEXT, 0, 0, "/backup/", .help = "folder for weights and checkpoints"},
    {"difficult", VD_TEXT, 0, 0, 0,
     .help = "detector: list with a line for each of valid=, whose labels are objects that need not be found",
     .owner = VD_PATCH},
    {"eval", VD_TEXT, 0, 0, "voc", .help = "format of detector valid's results: voc, coco or imagenet"},
    {"labels", VD_TEXT, 0, 0, "data/labels.list",
     .help = "classifier: list of the classes' names as they stand in paths"},
    {"leaves", VD_TEXT, 0, 0, 0, .help = "list of the classes that are leaves of the tree"},
    {"map", VD_INPUT_FILE, 0, 0, 0, .help = "detector valid: file with a new number for each class"},
    {"names", VD_TEXT, 0, 0, "data/names.list",
     .help = "list of the classes' names to print; classifier: labels without it"},
    {"results", VD_TEXT, 0, 0, "results", .help = "folder for detector valid's results"},
    {"test", VD_TEXT, 0, 0, "data/test.list", .help = "classifier test: list of pictures"},
    {"train", VD_TEXT, 0, 0, "data/train.list", .help = "list of training pictures"},
    {"tree", VD_INPUT_FILE, 0, 0, 0, .help = "classifier train: file with the tree of classes"},
    {"valid", VD_TEXT, 0, 0, "data/train.list", .help = "list of validation pictures"},
    {0}};

const vd_cfg_section vd_cfg_sections[] = {
    {"[net]", "[network]", net_keys, .help = "the input and the training; must be the first section"},
    {"[convolutional]", "[conv]", convolutional_keys, .help = "convolution"},
    {"[vd_convolutional]", "[vd_conv]", vd_layer_keys, .help = "convolution whose weights are variational",
     .kind = VD_CONVOLUTIONAL, .base = "[convolutional]", .base_keys = convolutional_keys, .but = "binary and xnor"},
    {"[connected]", "[conn]", connected_keys, .help = "fully connected layer"},
    {"[vd_connected]", "[vd_conn]", vd_layer_keys, .help = "fully connected layer whose weights are variational",
     .kind = VD_CONNECTED, .base = "[connected]", .base_keys = connected_keys},
    {"[local]", 0, local_keys, .help = "convolution with weights of its own at each place"},
    {"[deconvolutional]", "[deconv]", deconvolutional_keys, .help = "transposed convolution"},
    {"[crnn]", 0, crnn_keys, .help = "recurrent layer of convolutions"},
    {"[rnn]", 0, recurrent_keys, .help = "recurrent layer"},
    {"[gru]", 0, recurrent_keys, .help = "gated recurrent unit; has no backward pass on the CPU"},
    {"[lstm]", 0, recurrent_keys, .help = "long short-term memory"},
    {"[maxpool]", "[max]", maxpool_keys, .help = "maximum of each window"},
    {"[local_avgpool]", "[local_avg]", local_avgpool_keys, .help = "mean of each window", .parser = "[maxpool]"},
    {"[dropout]", 0, dropout_keys, .help = "sets random numbers to 0 in training", .needs_layer = 1},
    {"[normalization]", "[lrn]", normalization_keys, .help = "local response normalisation"},
    {"[softmax]", "[soft]", softmax_keys, .help = "softmax, and cross entropy as loss"},
    {"[cost]", 0, cost_keys, .help = "loss", .needs_layer = 1},
    {"[route]", 0, route_keys, .help = "joins the outputs of layers", .needs_layer = 1},
    {"[shortcut]", 0, shortcut_keys, .help = "adds the output of a layer to that of the layer before",
     .needs_layer = 1},
    {"[scale_channels]", 0, scale_channels_keys,
     .help = "the output of a layer, each channel times a number of the layer before", .needs_layer = 1},
    {"[sam]", 0, sam_keys, .help = "the output of a layer times that of the layer before", .needs_layer = 1},
    {"[activation]", 0, activation_keys, .help = "activation of its own"},
    {"[upsample]", 0, upsample_keys, .help = "repeats each pixel"},
    {"[reorg]", 0, reorg_keys, .help = "turns squares of pixels into channels"},
    {"[reorg3d]", 0, reorg3d_keys, .help = "turns squares of pixels into channels as later Darknets do",
     .parser = "[reorg]"},
    {"[crop]", 0, crop_keys, .help = "random crop in training, the centre at test time"},
    {"[yolo]", 0, yolo_keys, .help = "detection head of YOLOv3", .needs_layer = 1},
    {"[region]", 0, region_keys, .help = "detection head of YOLOv2", .needs_layer = 1},
    {"[detection]", 0, detection_keys, .help = "detection head of YOLOv1", .needs_layer = 1},
    {"[iseg]", 0, iseg_keys, .help = "head of instance segmentation", .needs_layer = 1},
    {"[avgpool]", "[avg]", no_keys, .help = "mean of each channel"},
    {"[batchnorm]", 0, no_keys, .help = "batch normalisation of its own"},
    {"[logistic]", 0, no_keys, .help = "logistic function, and cross entropy as loss"},
    {"[l2norm]", 0, no_keys, .help = "divides by the L2 norm over the channels"},
    {"[vd_cost]", 0, vd_cost_keys, .help = "the KL term of the variational layers; must be the last section",
     .kind = VD_COST, .base = "[cost]"},
    {0}};

const char *const vd_policies[] = {"constant", "step", "steps", "exp", "poly", "sigmoid", "random", "sgdr", 0};

const char *vd_activation_name(int i)
{
    if (i == GELU + 1) return "revleaky";
    return i <= GELU ? get_activation_string((ACTIVATION)i) : 0;
}

const vd_cfg_section *vd_section_find(const char *name)
{
    for (const vd_cfg_section *c = vd_cfg_sections; c->name; ++c)
        if (!strcmp(name, c->name) || (c->alias && !strcmp(name, c->alias))) return c;
    return 0;
}

const char *vd_section_base(const char *name)
{
    const vd_cfg_section *c = vd_section_find(name);
    if (!c) return 0;
    return c->base ? c->base : c->name;
}

const vd_key *vd_key_find(const vd_key *keys, const char *name)
{
    for (; keys && keys->name; ++keys)
        if (!strcmp(keys->name, name)) return keys;
    return 0;
}

const vd_key *vd_key_in(const char *section, const char *name)
{
    if (!section) return vd_key_find(vd_data_keys, name);
    const vd_cfg_section *c = vd_section_find(section);
    if (!c) return 0;
    const vd_key *k = vd_key_find(c->keys, name);
    if (!k) k = vd_key_find(c->base_keys, name);
    if (!k && c->keys != net_keys) k = vd_key_find(vd_every_layer_keys, name);
    return k;
}

/* What a program reads that runs a network, in the sections that have more: all other keys are of training, have no
 * effect, or must not be seen. Of sections that are not listed, all keys but the plugin's are exported; and everywhere
 * those of later Darknets. */
static const struct {
    const vd_key *keys;
    const char *exported; /* names between blanks */
} exported_keys[] = {
    {net_keys, " batch subdivisions time_steps height width channels inputs letter_box "},
    {vd_every_layer_keys, ""},
    {convolutional_keys, " filters size stride pad padding groups activation batch_normalize "},
    {dropout_keys, ""},
    {softmax_keys, " groups temperature tree spatial "},
    {cost_keys, ""},
    {crop_keys, " crop_height crop_width noadjust "},
    {yolo_keys, " classes num mask map anchors "},
    {region_keys, " coords classes num softmax background thresh tree map anchors "},
    {detection_keys, " coords classes num side softmax sqrt "},
};

static int is_exported(const vd_key *k, const vd_key *keys, const char *names)
{
    if (vd_key_find(keys, k->name) != k) return 1;
    size_t n = strlen(k->name);
    for (const char *at = names; (at = strstr(at, k->name)); at += n)
        if (at[-1] == ' ' && at[n] == ' ') return 1;
    return 0;
}

int vd_key_is_unexported(const vd_key *k)
{
    if (k->owner == VD_PLUGIN || k->owner == VD_NOBODY) return 1;
    /* a layer's section that has one follows other rules */
    if (k->owner == VD_LATER && vd_key_find(net_keys, k->name) != k) return 0;
    for (size_t i = 0; i < sizeof(exported_keys) / sizeof(*exported_keys); ++i)
        if (!is_exported(k, exported_keys[i].keys, exported_keys[i].exported)) return 1;
    return 0;
}

long vd_key_min(const vd_key *k)
{
    return k->min <= (double)LONG_MIN ? LONG_MIN : (long)k->min;
}

long vd_key_max(const vd_key *k)
{
    return k->max >= (double)LONG_MAX ? LONG_MAX : (long)k->max;
}

double vd_key_number(vd_section s, const char *name)
{
    const vd_key *k = vd_key_in(s.type, name);
    double def = 0;
    assert(k && k->type == VD_NUMBER);
    if (k->def) vd_parse_double(k->def, &def);
    assert(k->def || vd_option_given(s, name));
    return vd_option_number(s, name, def, k->min, k->max);
}

long vd_key_integer(vd_section s, const char *name)
{
    const vd_key *k = vd_key_in(s.type, name);
    long def = 0;
    assert(k && (k->type == VD_INTEGER || k->type == VD_FLAG));
    if (k->def) vd_parse_long(k->def, &def);
    assert(k->def || vd_option_given(s, name));
    return vd_option_integer(s, name, def, vd_key_min(k), vd_key_max(k));
}

int vd_data_classes(vd_section data)
{
    enum { OF_DARKNET = 2 };
    return vd_option_given(data, "classes") ? (int)vd_key_integer(data, "classes") : OF_DARKNET;
}

char *vd_data_labels(vd_section data)
{
    return option_find_str(data.options, "labels", (char *)vd_key_in(0, "labels")->def);
}

int vd_key_choice(vd_section s, const char *name, const char *const *words)
{
    const char *value = option_find(s.options, (char *)name);
    if (!value) value = vd_key_in(s.type, name)->def;
    for (int i = 0; words[i]; ++i)
        if (!strcmp(value, words[i])) return i;
    vd_section_die(s, "%s=%s is not known: expected %s", name, value, vd_alternatives(words));
}
