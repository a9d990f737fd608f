#include "hooks/later.h"
#include "hooks/rules.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/heads.h"
#include "config/keys.h"
#include "config/shape.h"
#include "data/placement.h"
#include "layer/activation.h"
#include "layer/kept.h"
#include "layer/own_sections.h"
#include "layer/resize.h"
#include "layer/scaled.h"
#include "layer/shortcut.h"
#include "layer/variants.h"
#include "layer/yolo_head.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"
#include "convolutional_layer.h"
#include "maxpool_layer.h"
#include "option_list.h"

static void read_sgdr(vd_section s, network *net)
{
    const char *policy = option_find(s.options, "policy"), *length = "sgdr_cycle";
    if (!vd_option_given(s, length)) length = "max_batches";
    net->learning_rate_min = (float)vd_key_number(s, "learning_rate_min");
    net->sgdr_mult = (int)vd_key_integer(s, "sgdr_mult");
    if (!policy || strcmp(policy, "sgdr")) return;
    if (!vd_option_given(s, length) || vd_key_integer(s, length) < 1)
        vd_section_die(s, "policy=sgdr needs sgdr_cycle, the batches of its first cycle");
    net->sgdr_cycle = (int)vd_key_integer(s, length);
}

void vd_later_net(vd_section s, network *net)
{
    vd_rules_net(s, net);
    net->letter_box = (int)vd_key_integer(s, "letter_box");
    net->mosaic = (int)vd_key_integer(s, "mosaic");
    net->mosaic_bound = (int)vd_key_integer(s, "mosaic_bound");
    net->ema_alpha = (float)vd_key_number(s, "ema_alpha");
    read_sgdr(s, net);
}

/* a [yolo] that has one of these keys follows their rules, also where it has the others' defaults */
static int has_later_keys(vd_section s)
{
    const vd_cfg_section *c = vd_section_find(s.type);
    const vd_key *lists[] = {c->keys, c->base_keys};
    for (int i = 0; i < 2; ++i)
        for (const vd_key *k = lists[i]; k && k->name; ++k)
            if (k->owner == VD_LATER && vd_option_given(s, k->name)) return 1;
    return 0;
}

void vd_later_defaults(vd_section s)
{
    if (!strcmp(s.type, "[yolo]") && (vd_rules_are_later() || has_later_keys(s)) && !vd_option_given(s, "max"))
        read_option(vd_format("max=200"), s.options);
}

static const char *const overlaps[] = {[VD_IOU] = "iou", [VD_GIOU] = "giou", [VD_DIOU] = "diou", [VD_CIOU] = "ciou", 0};

/* largest count / count of each class, at most the limit of gradients */
static float *class_weights(vd_section s, int classes, float most)
{
    const char *text = option_find(s.options, "counters_per_class");
    if (!text) return 0;
    float *weights = vd_calloc(classes, sizeof(float)), largest = 1;
    int n = 0;
    for (const char *at = text; *at; at += *at == ',') {
        char *end;
        long count = strtol(at, &end, 10);
        if (n < classes) weights[n] = (float)(count < 1 ? 1 : count);
        if (n < classes && weights[n] > largest) largest = weights[n];
        ++n;
        at = end + strcspn(end, ",");
    }
    if (n != classes) vd_section_die(s, "counters_per_class has %d numbers, but classes=%d", n, classes);
    for (int i = 0; i < classes; ++i) weights[i] = largest / weights[i] < most ? largest / weights[i] : most;
    return weights;
}

static void attach_yolo(vd_section s, layer *l)
{
    enum { MSE, FIRST_OVERLAP };
    static const char *const losses[] = {"mse", "iou", "giou", "diou", "ciou", 0};
    static const char *const kinds[] = {"default", "greedynms", "diounms", 0};
    int loss = vd_key_choice(s, "iou_loss", losses), nms = vd_key_choice(s, "nms_kind", kinds);
    float beta = (float)vd_key_number(s, "beta_nms");
    vd_yolo_head h = {.scale_x_y = (float)vd_key_number(s, "scale_x_y"),
                      .new_coords = (int)vd_key_integer(s, "new_coords"),
                      .squares = loss == MSE,
                      .overlap = loss == MSE ? VD_IOU : (vd_overlap)(loss - FIRST_OVERLAP),
                      .iou_normalizer = (float)vd_key_number(s, "iou_normalizer"),
                      .obj_normalizer = (float)vd_key_number(s, "obj_normalizer"),
                      .cls_normalizer = (float)vd_key_number(s, "cls_normalizer"),
                      .max_delta = vd_option_given(s, "max_delta") ? (float)vd_key_number(s, "max_delta") : FLT_MAX,
                      .delta_normalizer = (float)vd_key_number(s, "delta_normalizer"),
                      .iou_thresh = (float)vd_key_number(s, "iou_thresh"),
                      .iou_thresh_kind = (vd_overlap)vd_key_choice(s, "iou_thresh_kind", overlaps),
                      .label_smooth_eps = (float)vd_key_number(s, "label_smooth_eps"),
                      .objectness_smooth = (int)vd_key_integer(s, "objectness_smooth"),
                      .focal_loss = (int)vd_key_integer(s, "focal_loss"),
                      .resize = (float)vd_key_number(s, "resize")};
    h.beta_nms = nms == 0 ? 0 : nms == 1 ? .6f : beta; /* greedynms is diounms with its default */
    h.class_weights = class_weights(s, l->classes, h.max_delta);
    attach_vd_yolo_head(l, h);
}

int vd_later_make_head(layer *l)
{
    if (l->type != YOLO || vd_yolo_head_of(*l)) return 0;
    list *none = make_list();
    attach_yolo((vd_section){"", "[yolo]", 0, none}, l);
    free_list(none);
    return 1;
}

static int is_scaled(LAYER_TYPE type)
{
    return type == SCALE_CHANNELS || type == SAM;
}

static void check_activation(vd_section s, const layer *l)
{
    vd_smooth f;
    int built = l->type == CONVOLUTIONAL || l->type == CONNECTED || l->type == ACTIVE || l->type == SHORTCUT ||
                is_scaled(l->type);
    ACTIVATION a = l->input_layer ? l->input_layer->activation : l->activation; /* [rnn] and [crnn]: in their parts */
    if (vd_activation_is_smooth(a, &f) && !built)
        vd_section_die(s,
                       "activation=%s is not built for this section: expected [convolutional], [connected], "
                       "[shortcut], [scale_channels], [sam] or [activation]",
                       option_find(s.options, "activation"));
}

/* a layer to add: one that stock Darknet would add in the same way, without keys of later ones, is left to it */
static void attach_shortcut(vd_section s, layer *l)
{
    static const char *const types[] = {"none", "per_feature", "per_layer", "per_channel", 0};
    static const char *const ways[] = {"none", "relu", "avg_relu", "softmax", 0};
    static const vd_sum_normalization normalizations[] = {VD_SUM_PLAIN, VD_SUM_RELU, VD_SUM_RELU, VD_SUM_SOFTMAX};
    static const int weighted[] = {0, 1, 1, 2};
    vd_smooth f;
    int *from, type = vd_key_choice(s, "weights_type", types), way = vd_key_choice(s, "weights_normalization", ways);
    vd_sum sum = {.n = vd_option_layers(s, "from", &from), .layers = from, .weighted = weighted[type]};
    sum.normalization = normalizations[way];
    int same_size = l->w == l->out_w && l->h == l->out_h && l->alpha == 1 && l->beta == 1;
    if (sum.n > 1 || sum.weighted) vd_rules_found_later();
    if (!same_size && vd_activation_is_smooth(l->activation, &f))
        vd_section_die(s, "activation=%s is built for layers of one size, without alpha and beta",
                       option_find(s.options, "activation"));
    if (sum.n > 1 || sum.weighted || vd_activation_is_smooth(l->activation, &f)) attach_vd_shortcut(l, sum);
    free(from);
}

int vd_later_make(vd_section s, const network *net, layer *l)
{
    int *from, is_sam = !strcmp(s.type, "[sam]");
    if (!is_sam && strcmp(s.type, "[scale_channels]")) return 0;
    vd_option_layers(s, "from", &from);
    ACTIVATION a = get_activation(option_find_str(s.options, "activation", "linear"));
    *l = is_sam ? make_vd_sam(net, s.index, from[0], a)
                : make_vd_scale_channels(net, s.index, from[0], (int)vd_key_integer(s, "scale_wh"), a);
    fprintf(stderr, "%-14s %4d                       ->  %4d x%4d x%4d\n", is_sam ? "sam" : "scale_channels", from[0],
            l->out_w, l->out_h, l->out_c);
    free(from);
    return 1;
}

static void check_mosaic(const network *net, vd_placement p)
{
    const char *name = net->cfg_file;
    if (!vd_has_head(net)) vd_die("%s: [net]: mosaic=1 is built for detectors alone", name);
    if (!p.later) vd_die("%s: [net]: mosaic=1 is built for [yolo] with keys of later Darknets, such as iou_loss", name);
    if (p.letter_box)
        vd_die("%s: [net]: mosaic=1 puts pictures together that fill the input: expected letter_box=0, and keys of "
               "later Darknets in every [yolo]",
               name);
}

void vd_later_train(const network *net)
{
    vd_placement p = {.later = 0};
    for (int i = 0; i < net->n; ++i) {
        const vd_yolo_head *h = vd_yolo_head_of(net->layers[i]);
        if (h)
            p = (vd_placement){.later = 1,
                               .resize = h->resize,
                               .letter_box = !net->stretched,
                               .mosaic = net->mosaic,
                               .mosaic_bound = net->mosaic_bound};
    }
    if (net->mosaic) check_mosaic(net, p);
    vd_placement_begin(p);
}

size_t vd_later_weights_of(layer l, float **at)
{
    int is_norm = l.type == BATCHNORM && l.epsilon_in_root;
    *at = is_norm ? l.biases : l.weights;
    return is_norm ? (size_t)l.out_c : l.type == SHORTCUT ? (size_t)l.nweights : 0;
}

/* the stock parser has made the layer with stride= alone */
static void attach_strides(vd_section s, layer *l)
{
    vd_strides stride = vd_strides_of(s);
    if (stride.x == l->stride && stride.y == l->stride) return;
    if (l->binary || l->xnor) vd_section_die(s, "stride_x and stride_y are not built for binary and xnor weights");
    l->stride = stride.x;
    l->stride_y = stride.y;
    if (l->type == MAXPOOL) resize_maxpool_layer(l, l->w, l->h);
    else resize_convolutional_layer(l, l->w, l->h);
    fprintf(stderr, "      strides of %d along the width, %d along the height  ->  %4d x%4d x%4d\n", stride.x, stride.y,
            l->out_w, l->out_h, l->out_c);
}

static void attach_dilation(vd_section s, layer *l)
{
    int dilation = vd_dilation_of(s);
    if (dilation == 1) return;
    if (l->binary || l->xnor) vd_section_die(s, "dilation=%d is not built for binary and xnor weights", dilation);
    l->dilation = dilation;
}

static void attach_variant(vd_section s, layer *l)
{
    const char *base = vd_section_base(s.type);
    if (!strcmp(base, "[local_avgpool]")) vd_make_variant(l, VD_LOCAL_MEANS, l->out_c);
    if (!strcmp(base, "[reorg3d]")) vd_make_variant(l, VD_SQUARES_TO_CHANNELS, l->out_c);
    if (strcmp(base, "[maxpool]") != 0 || !vd_key_integer(s, "maxpool_depth")) return;
    vd_make_variant(l, VD_CHANNEL_MAXIMA, (int)vd_key_integer(s, "out_channels"));
    fprintf(stderr, "      maximum over channels  ->  %4d x%4d x%4d\n", l->out_w, l->out_h, l->out_c);
}

void vd_later_attach(vd_section s, layer *l)
{
    if (l->type == CONVOLUTIONAL) attach_dilation(s, l);
    if (l->type == CONVOLUTIONAL || l->type == MAXPOOL) attach_strides(s, l);
    attach_variant(s, l);
    if (has_later_keys(s) || l->variant || (l->type == ROUTE && l->groups > 1) || is_scaled(l->type))
        vd_rules_found_later();
    if (l->type == YOLO && has_later_keys(s)) attach_yolo(s, l);
    check_activation(s, l);
    if (l->type == CONVOLUTIONAL || l->type == CONNECTED) vd_kept_attach(l);
    if (l->type == SHORTCUT) attach_shortcut(s, l);
    vd_take_own_section(l);
    vd_take_resize(l);
}
