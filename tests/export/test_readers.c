/* export/readers.c, export/fold.c: exports say what OpenCV, ncnn and other Darknets take otherwise, in text and
 * weights; stock Darknet answers as before. tests/export/readers/readers.sh runs the other programs themselves. */
#include "support/export_support.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void run_probe(const char *program, const char *name, const char *result)
{
    char *c = vd_format("%s/%s.cfg", folder, name), *w = vd_format("%s/%s.weights", folder, name);
    char *out = in_folder(folder, result);
    run_result r = run((const char *const[]){program, "predict", c, w, out, 0});
    ck_assert_msg(r.status == 0, "%s %s: %s", program, name, r.err);
    ck_assert_msg(!strstr(r.err, "Unused field"), "%s: %s", name, r.err);
    free_run(r);
    free(c), free(w), free(out);
}

/* stock Darknet answers to out.cfg as this library to net.cfg, to 1e-5 of the largest number */
static void expect_alike(void)
{
    int n, m;
    char *a = in_folder(folder, "here.f32"), *b = in_folder(folder, "stock.f32");
    double largest = 0;
    run_probe(our_probe(), "net", "here.f32");
    run_probe(stock_probe(), "out", "stock.f32");
    float *x = read_floats(a, &n), *y = read_floats(b, &m);
    ck_assert_int_eq(n, m);
    for (int i = 0; i < n; ++i) largest = fmax(largest, fabs(x[i]));
    ck_assert_msg(isfinite(largest) && largest > 0, "nothing to compare with: %g", largest);
    for (int i = 0; i < n; ++i)
        ck_assert_msg(close_to(y[i], x[i], 0, 1e-5 * largest), "%d: %.9g, in stock Darknet %.9g", i, x[i], y[i]);
    free(x), free(y), free(a), free(b);
}

/* the command exports a random network and says no more on stderr than the line, null: nothing */
static void export_it(const char *text, const char *line)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights"),
         *out = in_folder(folder, "out");
    network *net = random_network(text, 3);
    write_text(path, text);
    save_weights(net, weights);
    free_network(net);
    run_result r = run((const char *const[]){"darknet", "vd", "export", path, weights, out, 0});
    ck_assert_msg(r.status == 0, "%s", r.err);
    const char *said = strstr(r.err, "net.cfg: ");
    if (!line) ck_assert_msg(!said, "%s", said);
    else {
        ck_assert_msg(strstr(r.err, line) != 0, "no line \"%s\": %s", line, r.err);
        ck_assert_msg(!strstr(said + 1, "net.cfg: "), "two lines: %s", said);
    }
    free_run(r);
    free(path), free(weights), free(out);
}

/* the same; stock Darknet reads the result and answers alike. Returns OUT.cfg's text */
static char *exported(const char *text, const char *line)
{
    export_it(text, line);
    expect_alike();
    return text_in_folder("out.cfg");
}

static void expect(const char *text, const char *line, const char *expected)
{
    char *out = exported(text, line);
    ck_assert_str_eq(out, expected);
    free(out);
}

#define SQUARE "[net]\nheight=8\nwidth=8\nchannels=3\n"
#define CONV "[convolutional]\nsize=1\nstride=1\nfilters=4\nactivation="
#define BOX "[convolutional]\nsize=1\nstride=1\nfilters=6\nactivation="
#define UNITS "[connected]\noutput=5\nactivation="

/* logistic in Darknet, linear in OpenCV and ncnn; 1 and 1 in Darknet, 2 and 2 in OpenCV; 2 in Darknet, 1 in OpenCV */
START_TEST(defaults_that_differ_are_written_out)
{
    expect(
        SQUARE "[conv]\n[max]\n[upsample]\n[conn]\n", 0,
        SQUARE
        "[convolutional]\nfilters=1\nsize=1\nstride=1\nactivation=logistic\n"
        "[maxpool]\nsize=1\nstride=1\npadding=0\n[upsample]\nstride=2\n[connected]\noutput=1\nactivation=logistic\n");
    expect(SQUARE "[maxpool]\nstride=2\n[reorg]\n[conn]\n", 0,
           SQUARE
           "[maxpool]\nsize=2\npadding=1\nstride=2\n[reorg]\nstride=1\n[connected]\noutput=1\nactivation=logistic\n");
}
END_TEST

/* OpenCV stops without mask, num and anchors, and hides scores below [region]'s thresh */
START_TEST(heads_have_their_anchors_and_no_threshold)
{
    expect(SQUARE BOX "linear\n[region]\nclasses=1\nnum=1\ncoords=4\nsoftmax=1\n", 0,
           SQUARE BOX "linear\n[region]\nanchors=0.5,0.5\nthresh=0\nclasses=1\nnum=1\ncoords=4\nsoftmax=1\n");
    expect(SQUARE BOX "linear\n[region]\nanchors = 1,2\nthresh=.6\nclasses=1\nnum=1\ncoords=4\nsoftmax=1\njitter=.3\n",
           0, SQUARE BOX "linear\n[region]\nanchors = 1,2\nthresh=0\nclasses=1\nnum=1\ncoords=4\nsoftmax=1\n");
    expect(SQUARE BOX "linear\n[region]\nanchors=1,2\nclasses=1\nnum=1\ncoords=4\nbackground=0\n",
           "net.cfg: layer 1 [region]: is refused by OpenCV without softmax=1",
           SQUARE BOX "linear\n[region]\nthresh=0\nanchors=1,2\nclasses=1\nnum=1\ncoords=4\n");
    expect(SQUARE "[convolutional]\nsize=1\nstride=1\nfilters=12\nactivation=linear\n[yolo]\nclasses=1\nnum=2\n"
                  "ignore_thresh=.7\n",
           0,
           SQUARE "[convolutional]\nsize=1\nstride=1\nfilters=12\nactivation=linear\n[yolo]\nmask=0,1\n"
                  "anchors=0.5,0.5,0.5,0.5\nclasses=1\nnum=2\n");
}
END_TEST

START_TEST(temperature_goes_into_the_weights_before)
{
    char *path = in_folder(folder, "out.cfg"), *weights = in_folder(folder, "out.weights");
    expect(SQUARE UNITS "linear\n[softmax]\ntemperature=4\n", 0,
           "[net]\nheight=8\nwidth=8\nchannels=3\n[maxpool]\nsize=1\nstride=1\npadding=0\n\n" UNITS
           "linear\n[softmax]\n");
    network *before = random_network(SQUARE UNITS "linear\n", 3), *after = load_network(path, weights, 0);
    for (int k = 0; k < 5 * 192; ++k) ck_assert(after->layers[1].weights[k] == before->layers[0].weights[k] / 4);
    for (int k = 0; k < 5; ++k) ck_assert(after->layers[1].biases[k] == before->layers[0].biases[k] / 4);
    free_network(before), free_network(after);
    free(path), free(weights);
}
END_TEST

START_TEST(temperature_stays_where_it_cannot_be_moved)
{
    expect(SQUARE CONV "leaky\n" UNITS "logistic\n[softmax]\ntemperature=4\n",
           "net.cfg: layer 2 [softmax]: temperature stays: OpenCV ignores it",
           SQUARE CONV "leaky\n" UNITS "logistic\n[softmax]\ntemperature=4\n");
}
END_TEST

START_TEST(scale_of_upsample_goes_through_pools_and_one_activation)
{
    expect(SQUARE CONV "leaky\n[maxpool]\nsize=2\nstride=2\npadding=1\n[upsample]\nstride=2\nscale=.5\n" CONV
                       "linear\n",
           0, SQUARE CONV "leaky\n[maxpool]\nsize=2\nstride=2\npadding=1\n[upsample]\nstride=2\n" CONV "linear\n");
    /* max(-x, -y) is not -max(x, y) */
    expect(
        SQUARE CONV "linear\n[maxpool]\nsize=2\nstride=2\npadding=1\n[upsample]\nstride=2\nscale=-1\n" CONV "linear\n",
        "layer 2 [upsample]: scale stays: OpenCV and ncnn ignore it",
        SQUARE CONV "linear\n[maxpool]\nsize=2\nstride=2\npadding=1\n[upsample]\nstride=2\nscale=-1\n" CONV "linear\n");
    expect(SQUARE CONV "linear\n[upsample]\nstride=2\nscale=-1\n" CONV "linear\n", 0,
           SQUARE CONV "linear\n[upsample]\nstride=2\n" CONV "linear\n");
}
END_TEST

/* the layer before is read by a [route], too: it must keep its numbers */
START_TEST(scale_stays_where_others_read_the_layer_before)
{
    static const char text[] =
        SQUARE CONV "leaky\n[upsample]\nstride=2\nscale=.5\n" CONV "leaky\n"
                    "[maxpool]\nsize=2\nstride=2\npadding=0\n[route]\nlayers=-1,0\n" CONV "linear\n";
    expect(text, "layer 1 [upsample]: scale stays", text);
}
END_TEST

/* AlexeyAB's Darknet ignores alpha= and beta=, OpenCV stops at any beta= */
START_TEST(factors_of_shortcut_go_into_both_summands)
{
    expect(SQUARE CONV "leaky\n" CONV "leaky\n[shortcut]\nfrom=-2\nalpha=.5\nbeta=1\nactivation=leaky\n" CONV
                       "linear\n",
           0, SQUARE CONV "leaky\n" CONV "leaky\n[shortcut]\nfrom=-2\nactivation=leaky\n" CONV "linear\n");
    expect(SQUARE CONV "leaky\n" CONV "leaky\n[shortcut]\nfrom=-2\nbeta=.5\nactivation=leaky\n" CONV "linear\n",
           "layer 2 [shortcut]: alpha and beta stay: only stock Darknet knows both",
           SQUARE CONV "leaky\n" CONV "leaky\n[shortcut]\nfrom=-2\nbeta=.5\nactivation=leaky\n" CONV "linear\n");
}
END_TEST

/* AlexeyAB's and hank-ai's divide by the number of layers that read a map */
START_TEST(a_network_without_maps_gets_a_pool_that_changes_nothing)
{
    expect(SQUARE "# first\n[vd_connected]\noutput=5\nactivation=relu\n" UNITS "linear\n[route]\nlayers=0,-1\n" UNITS
                  "linear\n[softmax]\n",
           0,
           SQUARE "# first\n[maxpool]\nsize=1\nstride=1\npadding=0\n\n" UNITS "relu\n" UNITS
                  "linear\n[route]\nlayers=1,2\n" UNITS "linear\n[softmax]\n");
    expect("[net]\ninputs=12\n" UNITS "linear\n",
           "net.cfg: [net]: no width, height and channels: OpenCV takes 416, 416 and 3",
           "[net]\ninputs=12\n" UNITS "linear\n");
    expect("[net]\nheight=1\nwidth=9\nchannels=1\n" UNITS "linear\n",
           "net.cfg: [net]: input of 9x1: AlexeyAB's and hank-ai's Darknet divide by zero",
           "[net]\nheight=1\nwidth=9\nchannels=1\n" UNITS "linear\n");
}
END_TEST

START_TEST(what_no_value_changes_is_a_line)
{
    free(exported(SQUARE CONV "linear\n[softmax]\n",
                  "net.cfg: layer 1 [softmax]: is over a map of 8x8: OpenCV normalises each pixel by itself"));
    free(exported(SQUARE UNITS "linear\n[softmax]\ngroups=5\n", "layer 1 [softmax]: groups=5 is refused by OpenCV"));
    free(
        exported(SQUARE "[convolutional]\nsize=1\nstride=2\nfilters=4\nactivation=linear\n",
                 "layer 0 [convolutional]: size=1 with stride=2 and padding=0: a convolution everywhere but in stock"));
    free(exported("[net]\nheight=8\nwidth=2\nchannels=3\n[maxpool]\nsize=2\nstride=2\npadding=0\n" UNITS "linear\n",
                  "layer 1 [connected]: its input is 1 wide and 4 high: OpenCV reads too few weights for it"));
    free(exported(SQUARE CONV "linear\n[maxpool]\nsize=2\nstride=2\n[route]\nlayers=0\n" UNITS "linear\n",
                  "layer 3 [connected]: is behind a [route] to a map of another size than the layer before"));
    free(exported(SQUARE CONV "linear\n[maxpool]\nsize=2\nstride=2\n[route]\nlayers=0\n" CONV "linear\n" UNITS
                              "linear\n",
                  "layer 4 [connected]: is behind a [route] to a map of another size than the layer before"));
    free(exported(SQUARE CONV "linear\n[maxpool]\nsize=2\nstride=2\n[route]\nlayers=0\n[avgpool]\n" UNITS "linear\n",
                  0));
    free(exported(SQUARE UNITS "linear\n[dropout]\n[route]\nlayers=-1\n" BOX "linear\n",
                  "layer 3 [convolutional]: reads the row of a [connected] as a map: OpenCV refuses it"));
    free(exported(SQUARE UNITS "linear\n[avgpool]\n",
                  "layer 1 [avgpool]: reads the row of a [connected] as a map: OpenCV refuses it"));
    free(exported(
        SQUARE CONV "linear\n[maxpool]\nsize=3\nstride=1\n" CONV "linear\n",
        "layer 1 [maxpool]: stride=1 with padding=2: wrong at the left edge of wide maps in hank-ai's Darknet"));
    free(exported(SQUARE CONV "linear\n[maxpool]\nsize=2\nstride=1\n" CONV "linear\n", 0));
    free(exported(SQUARE CONV "linear\n" BOX "linear\n[shortcut]\nfrom=0\n",
                  "layer 2 [shortcut]: adds 4 channels to 6: AlexeyAB's Darknet may give other numbers"));
    free(exported(SQUARE BOX "linear\n" CONV "linear\n[shortcut]\nfrom=0\n", 0));
    free(exported(SQUARE CONV "leaky\n[reorg]\nstride=2\nreverse=1\n" CONV "linear\n",
                  "layer 1 [reorg]: reverse, flatten and extra are ignored by OpenCV"));
    /* findings/opencv-several-layers.sh: OpenCV 4.6.0 */
    export_it(SQUARE CONV "linear\n" CONV "linear\n" CONV "linear\n[shortcut]\nfrom=0,1\n",
              "layer 3 [shortcut]: 2 layers in from=: stock Darknet and OpenCV add the first alone");
    export_it(SQUARE CONV "linear\n" CONV "linear\n[route]\nlayers=0,1\ngroups=2\ngroup_id=1\n",
              "layer 2 [route]: groups=2 is not known to stock Darknet; of several layers OpenCV takes other channels");
    export_it(SQUARE CONV "linear\n[route]\nlayers=0\ngroups=2\ngroup_id=1\n",
              "layer 1 [route]: groups=2 is not known to stock Darknet\n");
    /* findings/opencv-new-coords-confidence.sh: OpenCV 4.6.0 */
    export_it(SQUARE "[convolutional]\nsize=1\nfilters=12\nactivation=logistic\n[yolo]\nmask=0,1\nnum=2\nclasses=1\n"
                     "anchors=8,8,16,16\nnew_coords=1\n",
              "new_coords=1: for OpenCV's confidence, take the largest score instead");
}
END_TEST

SUITE_OF(readers)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(defaults_that_differ_are_written_out);
    TEST(heads_have_their_anchors_and_no_threshold);
    TEST(temperature_goes_into_the_weights_before);
    TEST(temperature_stays_where_it_cannot_be_moved);
    TEST(scale_of_upsample_goes_through_pools_and_one_activation);
    TEST(scale_stays_where_others_read_the_layer_before);
    TEST(factors_of_shortcut_go_into_both_summands);
    TEST(a_network_without_maps_gets_a_pool_that_changes_nothing);
    TEST(what_no_value_changes_is_a_line);
}
