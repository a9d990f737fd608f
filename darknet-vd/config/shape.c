#include "config/shape.h"
#include "base/fail.h"
#include "config/keys.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

enum { MOST_EXTENT = 1 << 16 }; /* pixels that a dilated window may span on a side */

/* counts are doubles: products of three ints are exact enough to compare with INT_MAX */
typedef struct {
    int w, h, c;    /* 0 when it is not a picture */
    double outputs; /* of an image */
    double weights;
} shape;

/* every key read here fits an int */
static int integer(vd_section s, const char *name)
{
    return (int)vd_key_integer(s, name);
}

static shape picture(double w, double h, double c, double weights)
{
    return (shape){(int)w, (int)h, (int)c, w * h * c, weights};
}

static int padding_of(vd_section s, int size)
{
    return integer(s, "pad") ? size / 2 : integer(s, "padding");
}

/* positions of a window along a side of n pixels, as Darknet counts them; below 1 there is none */
static double places(vd_section s, double n, double padding, double size, double stride)
{
    if (n + padding < size)
        vd_section_die(s, "size=%g is larger than a side of %g plus a padding of %g", size, n, padding);
    return (double)(long)((n + padding - size) / stride) + 1;
}

vd_strides vd_strides_of(vd_section s)
{
    int stride = integer(s, "stride");
    return (vd_strides){vd_option_given(s, "stride_x") ? integer(s, "stride_x") : stride,
                        vd_option_given(s, "stride_y") ? integer(s, "stride_y") : stride};
}

int vd_dilation_of(vd_section s)
{
    return integer(s, "size") == 1 ? 1 : integer(s, "dilation");
}

/* AlexeyAB's Darknet counts its outputs as if there were no dilation, but its columns with it: both agree where the
 * padding is half of what a window has beyond a pixel, and elsewhere its numbers are those of no convolution */
static void check_dilation(vd_section s, int size, int pad)
{
    int dilation = vd_dilation_of(s);
    if (dilation == 1) return;
    if (2 * pad != size - 1)
        vd_section_die(s, "dilation=%d with size=%d and a padding of %d: expected an odd size and pad=1", dilation,
                       size, pad);
    if ((double)dilation * (size - 1) >= MOST_EXTENT)
        vd_section_die(s, "dilation=%d with size=%d spans more than %d pixels", dilation, size, MOST_EXTENT);
}

static shape convolution(vd_section s, shape in)
{
    int n = integer(s, "filters"), size = integer(s, "size"), pad = padding_of(s, size), groups = integer(s, "groups");
    vd_strides stride = vd_strides_of(s);
    if (in.c % groups || n % groups)
        vd_section_die(s, "groups=%d does not divide %d channels and %d filters", groups, in.c, n);
    check_dilation(s, size, pad);
    return picture(places(s, in.w, 2.0 * pad, size, stride.x), places(s, in.h, 2.0 * pad, size, stride.y), n,
                   (double)(in.c / groups) * n * size * size);
}

static shape deconvolution(vd_section s, shape in)
{
    int n = integer(s, "filters"), size = integer(s, "size"), stride = integer(s, "stride"), pad = padding_of(s, size);
    double w = (in.w - 1.0) * stride + size - 2.0 * pad, h = (in.h - 1.0) * stride + size - 2.0 * pad;
    if (w < 1 || h < 1) vd_section_die(s, "padding of %d leaves no outputs", pad);
    return picture(w, h, n, (double)in.c * n * size * size);
}

static shape local(vd_section s, shape in)
{
    int n = integer(s, "filters"), size = integer(s, "size"), stride = integer(s, "stride"), pad = integer(s, "pad"),
        window = pad ? 1 : size;
    double w = places(s, in.w, 0, window, stride), h = places(s, in.h, 0, window, stride);
    /* Darknet counts its outputs as if padding kept the picture's size, but its columns with the real padding */
    if (w != places(s, in.w, 2.0 * pad, size, stride) || h != places(s, in.h, 2.0 * pad, size, stride))
        vd_section_die(s, "pad=%d with size=%d and stride=%d changes the picture's size, which is not supported", pad,
                       size, stride);
    return picture(w, h, n, (double)in.c * n * size * size * w * h);
}

static shape crnn(vd_section s, shape in)
{
    double n = integer(s, "output_filters"), hidden = integer(s, "hidden_filters");
    double most = n > hidden ? n : hidden, from = in.c > hidden ? in.c : hidden;
    shape out = picture(in.w, in.h, n, 9 * most * from);
    out.outputs = (double)in.w * in.h * most; /* of the hidden state, too */
    return out;
}

static shape connected(vd_section s, shape in)
{
    double n = integer(s, "output");
    return (shape){1, 1, (int)n, n, n * in.outputs};
}

static shape recurrent(vd_section s, shape in)
{
    double n = integer(s, "output");
    return (shape){1, 1, (int)n, n, n * (n > in.outputs ? n : in.outputs)};
}

static shape windows(vd_section s, shape in)
{
    int size = vd_option_given(s, "size") ? integer(s, "size") : integer(s, "stride"),
        padding = vd_option_given(s, "padding") ? integer(s, "padding") : size - 1;
    vd_strides stride = vd_strides_of(s);
    return picture(places(s, in.w, padding, size, stride.x), places(s, in.h, padding, size, stride.y), in.c, 0);
}

static shape maxpool(vd_section s, shape in)
{
    shape out = windows(s, in);
    int channels = integer(s, "out_channels");
    if (!integer(s, "maxpool_depth")) return out;
    if (channels > in.c) vd_section_die(s, "out_channels=%d is more than the %d channels of the input", channels, in.c);
    return picture(in.w, in.h, channels, 0);
}

static shape reorg3d(vd_section s, shape in)
{
    int stride = integer(s, "stride");
    if (in.w % stride || in.h % stride) vd_section_die(s, "stride=%d does not divide %dx%d", stride, in.w, in.h);
    return picture(in.w / (double)stride, in.h / (double)stride, (double)in.c * stride * stride, 0);
}

static shape crop(vd_section s, shape in)
{
    int w = integer(s, "crop_width"), h = integer(s, "crop_height");
    if (w > in.w || h > in.h) vd_section_die(s, "cannot crop %dx%d from %dx%d", w, h, in.w, in.h);
    return picture(w, h, in.c, 0);
}

static shape upsample(vd_section s, shape in)
{
    int stride = integer(s, "stride");
    if (!stride || in.w < -stride || in.h < -stride) vd_section_die(s, "stride=%d leaves no outputs", stride);
    return stride > 0 ? picture((double)in.w * stride, (double)in.h * stride, in.c, 0)
                      : picture(in.w / -stride, in.h / -stride, in.c, 0);
}

/* one past the last number of an image that reorg_cpu() reads for its channel k */
static double reorg_end(shape in, int stride, int squares, int k)
{
    int offset = k / squares;
    double row = (in.h - 1.0) * stride + offset / stride + (double)in.h * stride * (k % squares);
    return (in.w - 1.0) * stride + offset % stride + (double)in.w * stride * row + 1;
}

/* stock Darknet accepts strides that do not divide: it mixes up the channels, and for some runs past its arrays */
static shape reorg(vd_section s, shape in)
{
    double stride = integer(s, "stride"), extra = integer(s, "extra");
    if (extra > 0) return (shape){0, 0, 0, in.outputs + extra, 0};
    int reverse = integer(s, "reverse"), fits = (double)in.c >= stride * stride;
    int squares = fits ? in.c / (int)(stride * stride) : 0;
    if (fits && reverse) fits = in.c % (int)(stride * stride) == 0;
    for (int k = 0; fits && k < in.c; ++k) fits = reorg_end(in, (int)stride, squares, k) <= in.outputs;
    if (!fits) vd_section_die(s, "stride=%g: its square does not divide %d channels", stride, in.c);
    if (reverse) return picture(in.w * stride, in.h * stride, squares, 0);
    if (in.w % (int)stride || in.h % (int)stride)
        vd_section_die(s, "stride=%g does not divide %dx%d", stride, in.w, in.h);
    return picture(in.w / stride, in.h / stride, in.c * stride * stride, 0);
}

static shape average(vd_section s, shape in)
{
    (void)s;
    return picture(1, 1, in.c, 0);
}

static shape same(vd_section s, shape in)
{
    (void)s;
    return in;
}

static shape normalization(vd_section s, shape in)
{
    int size = integer(s, "size");
    if (size / 2 > in.c) vd_section_die(s, "size=%d is more than twice the %d channels", size, in.c);
    return in;
}

static shape grouped(vd_section s, shape in)
{
    int groups = integer(s, "groups");
    if (groups > in.outputs || (int)in.outputs % groups)
        vd_section_die(s, "groups=%d does not divide %g inputs", groups, in.outputs);
    return in;
}

static shape segments(vd_section s, shape in)
{
    int classes = integer(s, "classes"), ids = integer(s, "ids");
    if ((double)in.c != (double)classes + ids)
        vd_section_die(s, "reads %d + %d numbers per cell, but the previous layer has %d filters", classes, ids, in.c);
    return in;
}

static const struct {
    const char *base; /* of vd_section_base() */
    shape (*shape_of)(vd_section s, shape in);
    int needs_picture;
} layers[] = {
    {"[convolutional]", convolution, 1},
    {"[connected]", connected, 0},
    {"[local]", local, 1},
    {"[deconvolutional]", deconvolution, 1},
    {"[crnn]", crnn, 1},
    {"[rnn]", recurrent, 0},
    {"[gru]", recurrent, 0},
    {"[lstm]", recurrent, 0},
    {"[maxpool]", maxpool, 1},
    {"[local_avgpool]", windows, 1},
    {"[reorg3d]", reorg3d, 1},
    {"[avgpool]", average, 1},
    {"[softmax]", grouped, 0},
    {"[upsample]", upsample, 1},
    {"[reorg]", reorg, 1},
    {"[crop]", crop, 1},
    {"[normalization]", normalization, 1},
    {"[batchnorm]", same, 1},
    {"[yolo]", same, 1},
    {"[region]", same, 1},
    {"[iseg]", segments, 1},
};

/* sections that read pictures of other layers, too: those of from= */
static int reads_pictures(const char *base)
{
    return !strcmp(base, "[shortcut]") || !strcmp(base, "[scale_channels]") || !strcmp(base, "[sam]");
}

static int needs_picture(const char *base)
{
    for (size_t i = 0; base && i < sizeof(layers) / sizeof(*layers); ++i)
        if (!strcmp(base, layers[i].base)) return layers[i].needs_picture;
    return base && reads_pictures(base);
}

/* ends the program when layer number i is a [route] whose first map and another have different sizes */
static void check_joined(vd_section s, const network *net, int i)
{
    layer route = net->layers[i];
    if (route.type != ROUTE || route.out_w) return;
    int first = route.input_layers[0];
    layer a = net->layers[first];
    for (int j = 1; j < route.n; ++j) {
        int other = route.input_layers[j];
        layer b = net->layers[other];
        if (a.out_w == b.out_w && a.out_h == b.out_h) continue;
        vd_section_die(s,
                       "layer %d [route] joins maps of different sizes, %dx%d of layer %d and %dx%d of layer %d, and "
                       "that is no picture; [net] width=%d and height=%d may not suit its strides",
                       i, a.out_w, a.out_h, first, b.out_w, b.out_h, other, net->w, net->h);
    }
}

void vd_shape_check_route(vd_section s, const network *net)
{
    if (s.index < 1 || !needs_picture(vd_section_base(s.type))) return;
    check_joined(s, net, s.index - 1);
    if (!reads_pictures(s.type)) return;
    int *from, n = vd_option_layers(s, "from", &from);
    for (int i = 0; i < n; ++i) check_joined(s, net, from[i]);
    free(from);
}

static shape input_of(const network *net, int index)
{
    if (!index) return (shape){net->w, net->h, net->c, net->inputs, 0};
    layer l = net->layers[index - 1];
    return (shape){l.out_w, l.out_h, l.out_c, l.outputs, 0};
}

/* [net] inputs= may be another number than those of its picture, where the first layer takes them as a list */
static void check_first(vd_section s, const network *net)
{
    double numbers = (double)net->w * net->h * net->c;
    if (numbers > 0 && numbers != net->inputs)
        vd_die("%s: [net]: inputs=%d, but layer 0 %s reads width x height x channels, %dx%dx%d", s.filename,
               net->inputs, s.type, net->w, net->h, net->c);
}

/* the output of the layer that is multiplied */
static shape multiplied(vd_section s, const network *net)
{
    int *from;
    vd_option_layers(s, "from", &from);
    shape out = input_of(net, from[0] + 1);
    free(from);
    return out;
}

/* the outputs of the layers a [route] joins */
static shape joined(vd_section s, const network *net)
{
    shape out = {0};
    int *layers, n = vd_option_layers(s, "layers", &layers);
    int groups = integer(s, "groups"), group_id = integer(s, "group_id");
    if (group_id >= groups) vd_section_die(s, "group_id=%d is not below groups=%d", group_id, groups);
    for (int i = 0; i < n; ++i) {
        layer l = net->layers[layers[i]];
        int channels = l.out_w ? l.out_c : l.outputs;
        if (channels % groups) vd_section_die(s, "groups=%d does not divide %d channels", groups, channels);
        out.outputs += l.outputs / groups;
    }
    free(layers);
    return out;
}

void vd_shape_check(vd_section s, const network *net)
{
    shape in = input_of(net, s.index), out = in;
    const char *base = vd_section_base(s.type);
    int takes_list = 0;
    for (size_t i = 0; base && i < sizeof(layers) / sizeof(*layers); ++i) {
        if (strcmp(base, layers[i].base)) continue;
        takes_list = !layers[i].needs_picture;
        if (layers[i].needs_picture && (in.w < 1 || in.h < 1 || in.c < 1))
            vd_section_die(s, "its input is not a picture");
        out = layers[i].shape_of(s, in);
    }
    if (!s.index && !takes_list) check_first(s, net);
    if (!strcmp(s.type, "[route]")) out = joined(s, net);
    if (!strcmp(s.type, "[scale_channels]") || !strcmp(s.type, "[sam]")) out = multiplied(s, net);
    if (out.outputs < 1) vd_section_die(s, "no outputs");
    if (out.outputs * net->batch > INT_MAX)
        vd_section_die(s, "%g outputs for each of %d images are more than 2^31", out.outputs, net->batch);
    if (out.weights > INT_MAX) vd_section_die(s, "%g weights are more than 2^31", out.weights);
}

/* how many numbers of an image a layer compares with the truth */
static int truths_of(const layer *l)
{
    if (l->type == SOFTMAX) return l->noloss ? 0 : l->inputs;
    if (l->truths) return l->truths;
    return l->type == COST || l->type == LOGXENT ? l->inputs : 0;
}

void vd_shape_check_truths(const network *net)
{
    int truths = net->truths;
    for (int i = 0; i < net->n; ++i) {
        const layer *l = net->layers + i;
        if (truths_of(l) > truths)
            vd_die("%s: layer %d [%s]: needs %d truth values per image, but there are %d", net->cfg_file, i,
                   get_layer_string(l->type), truths_of(l), truths);
        if (l->truth) truths = l->outputs;
    }
}

/* of a recurrent layer one of those in it, which all have the images of one time step */
static layer normalised(layer l)
{
    if (l.type == RNN || l.type == CRNN) return *l.input_layer;
    return l.type == LSTM ? *l.uf : l.type == GRU ? *l.uz : l;
}

void vd_shape_check_norms(const network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i], of = normalised(l);
        int has_norm = of.type == CONVOLUTIONAL || of.type == DECONVOLUTIONAL || of.type == CONNECTED;
        if (of.type != BATCHNORM && !(has_norm && of.batch_normalize)) continue;
        if (of.batch * of.out_w * of.out_h == 1)
            vd_die(
                "%s: layer %d [%s]: batch normalisation of one number a channel, which has no variance: with maps of "
                "1x1 expected a batch of 2 images or more for each of its subdivisions",
                net->cfg_file, i, get_layer_string(l.type));
    }
}

void vd_shape_check_net(vd_section s)
{
    double numbers = (double)integer(s, "height") * integer(s, "width") * integer(s, "channels"),
           inputs = vd_option_given(s, "inputs") ? integer(s, "inputs") : numbers,
           images = (double)integer(s, "batch") / integer(s, "subdivisions") * integer(s, "time_steps");
    if (inputs < 1) vd_section_die(s, "no inputs: set height, width and channels, or inputs");
    if (integer(s, "batch") < integer(s, "subdivisions"))
        vd_section_die(s, "batch=%d is less than subdivisions=%d", integer(s, "batch"), integer(s, "subdivisions"));
    if (numbers > INT_MAX || inputs * images > INT_MAX)
        vd_section_die(s, "%g inputs of %g images are more than 2^31", numbers > inputs ? numbers : inputs, images);
}
