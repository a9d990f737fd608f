#include "config/shape.h"
#include "base/fail.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "option_list.h"

/* counts are doubles: products of three ints stay exact enough to be compared with INT_MAX */
typedef struct {
    int w, h, c;    /* 0 when it is no picture */
    double outputs; /* of an image */
    double weights;
} shape;

static int whole(vd_section s, const char *name, int def)
{
    return (int)vd_option_integer(s, name, def, INT_MIN, INT_MAX);
}

static shape picture(double w, double h, double c, double weights)
{
    return (shape){(int)w, (int)h, (int)c, w * h * c, weights};
}

static int padding_of(vd_section s, int size)
{
    return whole(s, "pad", 0) ? size / 2 : whole(s, "padding", 0);
}

/* places a window of this size takes on a side of n pixels, as Darknet counts them; below 1 there is none */
static double places(vd_section s, double n, double padding, double size, double stride)
{
    if (n + padding < size)
        vd_section_die(s, "size=%g is larger than a side of %g and a padding of %g", size, n, padding);
    return (double)(long)((n + padding - size) / stride) + 1;
}

static shape convolution(vd_section s, shape in)
{
    int n = whole(s, "filters", 1), size = whole(s, "size", 1), stride = whole(s, "stride", 1),
        pad = padding_of(s, size), groups = whole(s, "groups", 1);
    if (in.c % groups || n % groups)
        vd_section_die(s, "groups=%d does not divide %d channels and %d filters", groups, in.c, n);
    return picture(places(s, in.w, 2.0 * pad, size, stride), places(s, in.h, 2.0 * pad, size, stride), n,
                   (double)(in.c / groups) * n * size * size);
}

static shape deconvolution(vd_section s, shape in)
{
    int n = whole(s, "filters", 1), size = whole(s, "size", 1), stride = whole(s, "stride", 1),
        pad = padding_of(s, size);
    double w = (in.w - 1.0) * stride + size - 2.0 * pad, h = (in.h - 1.0) * stride + size - 2.0 * pad;
    if (w < 1 || h < 1) vd_section_die(s, "its padding of %d leaves no outputs", pad);
    return picture(w, h, n, (double)in.c * n * size * size);
}

static shape local(vd_section s, shape in)
{
    int n = whole(s, "filters", 1), size = whole(s, "size", 1), stride = whole(s, "stride", 1),
        pad = whole(s, "pad", 0), window = pad ? 1 : size;
    double w = places(s, in.w, 0, window, stride), h = places(s, in.h, 0, window, stride);
    /* its outputs are counted as if padding kept the picture's size, its columns by the padding there is */
    if (w != places(s, in.w, 2.0 * pad, size, stride) || h != places(s, in.h, 2.0 * pad, size, stride))
        vd_section_die(s, "pad=%d does not go with size=%d and stride=%d: it must keep the picture's size", pad, size,
                       stride);
    return picture(w, h, n, (double)in.c * n * size * size * w * h);
}

static shape crnn(vd_section s, shape in)
{
    double n = whole(s, "output_filters", 1), hidden = whole(s, "hidden_filters", 1);
    double most = n > hidden ? n : hidden, from = in.c > hidden ? in.c : hidden;
    shape out = picture(in.w, in.h, n, 9 * most * from);
    out.outputs = (double)in.w * in.h * most; /* the hidden ones, too */
    return out;
}

static shape connected(vd_section s, shape in)
{
    double n = whole(s, "output", 1);
    return (shape){1, 1, (int)n, n, n * in.outputs};
}

static shape recurrent(vd_section s, shape in)
{
    double n = whole(s, "output", 1);
    return (shape){1, 1, (int)n, n, n * (n > in.outputs ? n : in.outputs)};
}

static shape maxpool(vd_section s, shape in)
{
    int stride = whole(s, "stride", 1), size = whole(s, "size", stride), padding = whole(s, "padding", size - 1);
    return picture(places(s, in.w, padding, size, stride), places(s, in.h, padding, size, stride), in.c, 0);
}

static shape crop(vd_section s, shape in)
{
    int w = whole(s, "crop_width", 1), h = whole(s, "crop_height", 1);
    if (w > in.w || h > in.h) vd_section_die(s, "a crop of %dx%d from %dx%d", w, h, in.w, in.h);
    return picture(w, h, in.c, 0);
}

static shape upsample(vd_section s, shape in)
{
    int stride = whole(s, "stride", 2);
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

/* stock Darknet takes what does not divide: it mixes up the channels, and runs over the end of its arrays for some */
static shape reorg(vd_section s, shape in)
{
    double stride = whole(s, "stride", 1), extra = whole(s, "extra", 0);
    if (extra > 0) return (shape){0, 0, 0, in.outputs + extra, 0};
    int reverse = whole(s, "reverse", 0), fits = (double)in.c >= stride * stride;
    int squares = fits ? in.c / (int)(stride * stride) : 0;
    if (fits && reverse) fits = in.c % (int)(stride * stride) == 0;
    for (int k = 0; fits && k < in.c; ++k) fits = reorg_end(in, (int)stride, squares, k) <= in.outputs;
    if (!fits) vd_section_die(s, "stride=%g does not divide %d channels into its squares", stride, in.c);
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
    int size = whole(s, "size", 5);
    if (size / 2 > in.c) vd_section_die(s, "size=%d: half of it is more than the %d channels there are", size, in.c);
    return in;
}

static shape grouped(vd_section s, shape in)
{
    int groups = whole(s, "groups", 1);
    if (groups > in.outputs || (int)in.outputs % groups)
        vd_section_die(s, "groups=%d does not divide %g numbers", groups, in.outputs);
    return in;
}

static shape segments(vd_section s, shape in)
{
    int classes = whole(s, "classes", 20), ids = whole(s, "ids", 32);
    if ((double)in.c != (double)classes + ids)
        vd_section_die(s, "reads %d + %d numbers a cell, the layer before has %d filters", classes, ids, in.c);
    return in;
}

static const struct {
    const char *names[4];
    shape (*shape_of)(vd_section s, shape in);
    int needs_picture;
} layers[] = {
    {{"[conv]", "[convolutional]", "[vd_conv]", "[vd_convolutional]"}, convolution, 1},
    {{"[conn]", "[connected]", "[vd_conn]", "[vd_connected]"}, connected, 0},
    {{"[local]"}, local, 1},
    {{"[deconv]", "[deconvolutional]"}, deconvolution, 1},
    {{"[crnn]"}, crnn, 1},
    {{"[rnn]", "[gru]", "[lstm]"}, recurrent, 0},
    {{"[max]", "[maxpool]"}, maxpool, 1},
    {{"[avg]", "[avgpool]"}, average, 1},
    {{"[soft]", "[softmax]"}, grouped, 0},
    {{"[upsample]"}, upsample, 1},
    {{"[reorg]"}, reorg, 1},
    {{"[crop]"}, crop, 1},
    {{"[lrn]", "[normalization]"}, normalization, 1},
    {{"[batchnorm]"}, same, 1},
    {{"[yolo]", "[region]"}, same, 1},
    {{"[iseg]"}, segments, 1},
};

static shape input_of(const network *net, int index)
{
    if (!index) return (shape){net->w, net->h, net->c, net->inputs, 0};
    layer l = net->layers[index - 1];
    return (shape){l.out_w, l.out_h, l.out_c, l.outputs, 0};
}

/* the layers a [route] joins, or one */
static shape joined(vd_section s, const network *net)
{
    shape out = {0};
    const char *text = option_find(s.options, "layers");
    while (text && *text) {
        int index = (int)strtol(text, 0, 10);
        out.outputs += net->layers[index < 0 ? s.index + index : index].outputs;
        text += strcspn(text, ",");
        text += *text != 0;
    }
    return out;
}

void vd_shape_check(vd_section s, const network *net)
{
    shape in = input_of(net, s.index), out = in;
    for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); ++i)
        for (int n = 0; n < 4 && layers[i].names[n]; ++n) {
            if (strcmp(s.type, layers[i].names[n])) continue;
            if (layers[i].needs_picture && (in.w < 1 || in.h < 1 || in.c < 1))
                vd_section_die(s, "the layer before does not give a picture");
            out = layers[i].shape_of(s, in);
        }
    if (!strcmp(s.type, "[route]")) out = joined(s, net);
    if (out.outputs < 1) vd_section_die(s, "no outputs");
    if (out.outputs * net->batch > INT_MAX)
        vd_section_die(s, "%g outputs for each of %d images are more than 2^31", out.outputs, net->batch);
    if (out.weights > INT_MAX) vd_section_die(s, "%g weights are more than 2^31", out.weights);
}

/* numbers of an image a layer compares with the truth */
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
            vd_die("%s: layer %d [%s]: compares %d numbers of an image with the truth, which has %d", net->cfg_file, i,
                   get_layer_string(l->type), truths_of(l), truths);
        if (l->truth) truths = l->outputs;
    }
}

void vd_shape_check_net(vd_section s)
{
    double numbers = (double)whole(s, "height", 0) * whole(s, "width", 0) * whole(s, "channels", 0),
           inputs = vd_option_given(s, "inputs") ? whole(s, "inputs", 0) : numbers,
           images = (double)whole(s, "batch", 1) / whole(s, "subdivisions", 1) * whole(s, "time_steps", 1);
    if (inputs < 1) vd_section_die(s, "no inputs: height, width and channels, or inputs, are missing");
    if (whole(s, "batch", 1) < whole(s, "subdivisions", 1))
        vd_section_die(s, "batch=%d is less than subdivisions=%d", whole(s, "batch", 1), whole(s, "subdivisions", 1));
    if (numbers > INT_MAX || inputs * images > INT_MAX)
        vd_section_die(s, "%g inputs of %g images are more than 2^31", numbers > inputs ? numbers : inputs, images);
}
