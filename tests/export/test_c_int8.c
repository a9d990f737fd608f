/* Networks as C with integers, -format c -int8: the same answers to the bit as here, no sum that leaves 32 bits, ranges
 * from pictures. What floats have, too: test_c_export.c. */
#include "support/c_export.h"

#include "base/fail.h"
#include "base/text.h"
#include "commands/dataset/png.h"
#include "export/c/interpret.h"
#include "export/c/quantise.h"
#include "export/removal.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the same bits ---- */

/* differences of all that 7 bits of weights and the curves lose; one wrong shift or place is far more */
START_TEST(random_networks_answer_as_interpreted)
{
    expect_random_networks(3000 + _i * IN_A_RANDOM_GROUP, 16, .05);
}
END_TEST

enum { PICTURES = 64 };

/* noise; then all black, all white, and the two in turn */
static uint8_t *pictures_of(size_t inputs)
{
    uint8_t *pixels = calloc(PICTURES, inputs);
    unsigned state = 5;
    for (size_t i = 0; i < PICTURES * inputs; ++i) pixels[i] = (uint8_t)((state = state * 1103515245u + 12345u) >> 16);
    memset(pixels, 0, inputs);
    memset(pixels + inputs, 255, inputs);
    for (size_t i = 0; i < inputs; ++i) pixels[2 * inputs + i] = i % 2 ? 255 : 0;
    return pixels;
}

static const char on_pictures[] =
    "#include \"net1.h\"\n#include <stdio.h>\n"
    "int main(void)\n{\n    uint8_t in[NET1_INPUTS];\n    int32_t out[NET1_OUTPUTS];\n"
    "    FILE *from = fopen(\"pixels\", \"rb\"), *to = fopen(\"answers\", \"wb\");\n"
    "    while (fread(in, sizeof(in), 1, from)) net1_predict(in, out), fwrite(out, sizeof(out), 1, to);\n"
    "    return fclose(to);\n}\n";

START_TEST(integers_are_the_same_to_the_bit_on_all_pictures)
{
    int values = _i ? 8 : 16;
    network *net = sparse_network(small_cfg);
    free_vd_export_result(export_c(small_cfg, net, values));
    char *path = in_folder(folder, "net.cfg");
    vd_model *m = make_vd_model(net, path);
    vd_channels *ch = make_vd_channels(m);
    vd_model_compact(m, ch);
    free_vd_channels(ch);
    vd_c_plan *p = make_vd_c_plan(m, path, 1, values);
    float *random = vd_pictures_random(net, 8);
    vd_c_quantise(p, path, 8, random, 8);
    uint8_t *pixels = pictures_of(p->inputs);
    int32_t *answers = calloc(PICTURES * p->outputs, sizeof(int32_t));
    for (int i = 0; i < PICTURES; ++i) vd_c_run_int8(p, pixels + i * p->inputs, answers + i * p->outputs);
    char *in = in_folder(folder, "pixels"), *out = in_folder(folder, "answers");
    write_bytes(in, pixels, PICTURES * p->inputs);
    write_in_folder("main.c", on_pictures);
    char *command = vd_format("%s -std=c99 net1.c main.c -o main && ./main", sanitized_gcc);
    expect_command(command, small_cfg);
    expect_file(out, answers, PICTURES * p->outputs * sizeof(int32_t));
    free(in), free(out), free(command), free(pixels), free(answers), free(random), free(path);
    free_vd_c_plan(p);
    free_vd_model(m);
    free_network(net);
}
END_TEST

START_TEST(boxes_are_those_of_darknet)
{
    expect_boxes_of_darknet(_i, 16);
}
END_TEST

/* ---- ranges ---- */

/* with -values 8 an output is of two bytes; its range is that of the floats, however large they are, and has as much
 * room for larger ones as with -values 16 */
START_TEST(wide_outputs_are_not_held_within_bytes)
{
    static const char cfg[] = "[net]\nbatch=1\nwidth=6\nheight=6\nchannels=1\n[convolutional]\nfilters=3\nsize=3\n"
                              "stride=1\npad=1\nactivation=relu\n[connected]\noutput=4\nactivation=linear\n";
    network *net = random_network(cfg, 5);
    for (int i = 0; i < 27; ++i) net->layers[0].weights[i] = .1f;
    for (int i = 0; i < 4 * 108; ++i) net->layers[1].weights[i] = (float)(i % 4 + 1) * 100;
    vd_export_result r = export_c(cfg, net, 8);
    double step = c_output_step();
    ck_assert_double_lt(r.difference.relative, .05);
    expect_self_test(sanitized_gcc, cfg);
    free_vd_export_result(r);
    free_vd_export_result(export_c(cfg, net, 16));
    ck_assert_double_eq(step, c_output_step());
    free_network(net);
}
END_TEST

/* the largest sum that inputs up to the limit can make, from the entries alone */
static int64_t largest_sum(const vd_c_plan *p, const vd_c_stage *s)
{
    const vd_c_entries *e = &s->entries;
    int64_t largest = 0, limit = p->maps[s->in[0].map].limit;
    for (int f = 0, k = 0; f < s->filters; ++f) {
        int64_t sum = 0, n = e->is_dense ? e->n / s->filters : e->counts[f];
        for (int64_t i = 0; i < n; ++i, ++k) sum += abs(e->integers[k]);
        if (sum * limit > largest) largest = sum * limit;
    }
    return largest;
}

START_TEST(no_sum_of_integers_leaves_32_bits)
{
    static const char wide[] = "[net]\nbatch=1\ninputs=20000\n[connected]\noutput=3\nactivation=linear\n"
                               "[connected]\noutput=9000\nactivation=relu\n[connected]\noutput=2\nactivation=linear\n";
    network *net = random_network(wide, 9);
    vd_model *m = make_vd_model(net, "wide.cfg");
    for (int i = 0; i < 20000; ++i) m->layers[0].weights[i] = i % 2 ? .5f : -.5f;
    for (int i = 0; i < 9000; ++i) m->layers[2].weights[i] = 1;
    vd_c_plan *p = make_vd_c_plan(m, "wide.cfg", 1, 16);
    float *random = vd_pictures_random(net, 2);
    vd_c_quantise(p, "wide.cfg", 2, random, 2);
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        if (s->kind != VD_C_PRODUCT) continue;
        ck_assert_int_eq(s->bound, largest_sum(p, s));
        ck_assert_int_le(s->bound, INT32_MAX);
        for (int f = 0; f < s->filters; ++f)
            ck_assert_double_le((ldexp((double)s->bound, -s->before) + abs(s->offsets[f]) + 1) * s->gains[f] +
                                    ldexp(1, s->after),
                                INT32_MAX);
    }
    ck_assert_int_lt(p->maps[2].limit, 2000); /* 9000 weights of 127 leave no more */
    free(random);
    free_vd_c_plan(p);
    free_vd_model(m);
    free_network(net);
}
END_TEST

/* n pictures of one brightness for small_cfg's width and height, and a data file whose train= lists them */
static char *write_data(int n, int brightness)
{
    static unsigned char pixels[12 * 16];
    char *data = in_folder(folder, "set.data"), *list = vd_format("%s", "");
    memset(pixels, brightness, sizeof(pixels));
    for (int k = 0; k < n; ++k) {
        char *picture = vd_format("%s/p%d.png", folder, k), *longer = vd_format("%s%s\n", list, picture);
        vd_png_write(picture, 16, 12, 1, pixels);
        free(picture), free(list);
        list = longer;
    }
    write_in_folder("list", list);
    char *text = vd_format("classes=5\ntrain=%s/list\n", folder);
    write_text(data, text);
    free(list), free(text);
    return data;
}

static const char grey_cfg[] = "[net]\nbatch=1\nheight=12\nwidth=16\nchannels=1\n[convolutional]\nfilters=4\nsize=3\n"
                               "activation=relu\n[connected]\noutput=5\nactivation=linear\n";

/* what the command writes and says */
static run_result export_int8(const char *option, const char *value, char **source)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights"),
         *out = in_folder(folder, "net1");
    run_result r = run((const char *const[]){"darknet", "vd", "export", path, weights, out, "-format", "c", "-int8",
                                             option, value, 0});
    ck_assert_msg(r.status == 0, "%s", r.err);
    *source = text_in_folder("net1.c");
    free(path), free(weights), free(out);
    return r;
}

/* the largest output is a multiple of the brightness: twice that of the pictures is the range, of 32767 steps */
START_TEST(ranges_are_twice_those_on_the_pictures_given)
{
    network *net = random_network(grey_cfg, 5);
    char *source, *data = write_data(130, 51);
    double step[2];
    memset(net->layers[0].biases, 0, 4 * sizeof(float)), memset(net->layers[1].biases, 0, 5 * sizeof(float));
    save_net(grey_cfg, net);
    for (int k = 0; k < 2; ++k) {
        run_result r = export_int8("-calibrate", data, &source);
        ck_assert_ptr_nonnull(strstr(source, "Ranges of the maps are 2 times those on 100 pictures."));
        ck_assert_ptr_nonnull(strstr(r.out, "\nsame class: 100 of 100\n"));
        ck_assert_ptr_null(strstr(r.out, "random numbers"));
        step[k] = c_output_step();
        free_run(r), free(source), free(data);
        data = write_data(130, 102);
    }
    ck_assert_msg(close_to(step[1], 2 * step[0], 1e-6, 0), "%g and %g", step[0], step[1]);
    float *x = vd_calloc((size_t)net->inputs, sizeof(float)), largest = 0;
    for (int i = 0; i < net->inputs; ++i) x[i] = 51 / 255.f;
    const float *y = network_predict(net, x);
    for (int i = 0; i < 5; ++i) largest = fmaxf(largest, fabsf(y[i]));
    ck_assert_msg(close_to(step[0], 2 * largest / 32767, 1e-4, 0), "%g, not %g", step[0], 2 * largest / 32767);
    free(x), free(data);
    free_network(net);
}
END_TEST

START_TEST(without_pictures_it_says_that_ranges_are_of_random_numbers)
{
    network *net = random_network(grey_cfg, 5);
    char *source;
    save_net(grey_cfg, net);
    run_result r = export_int8(0, 0, &source);
    ck_assert_ptr_nonnull(strstr(source, "Ranges of the maps are 8 times those on 8 inputs of random numbers."));
    ck_assert_ptr_nonnull(strstr(r.out, "\nranges are from random numbers: give pictures, or -calibrate DATA"));
    free_run(r), free(source);
    free_network(net);
}
END_TEST

/* ---- refusals ---- */

START_TEST(what_integers_cannot_do_is_refused_in_a_line)
{
    static const struct {
        const char *cfg, *options[4], *part;
    } cases[] = {
        {TINY "[connected]\noutput=3\nactivation=plse\n", {"-int8"}, "layer 1 [connected]: activation=plse"},
        {TINY "[connected]\noutput=3\nactivation=linear\n[activation]\nactivation=plse\n",
         {"-int8"},
         "layer 2 [activation]: activation=plse"},
        {TINY "[connected]\noutput=3\nactivation=leaky\n[connected]\noutput=3\nactivation=linear\n",
         {"-int8", "-values", "8"},
         "layer 1 [connected]: activation=leaky gives negative numbers"},
        {TINY, {"-values", "8"}, "-values is of -int8"},
        {TINY, {"-int8", "-values", "7"}, "-values 7: 8 or 16 is expected"},
        {TINY, {"-int8", "-calibrate", "absent.data"}, "absent.data"},
    };
    for (int k = 0; k < COUNT_OF(cases); ++k) {
        network *net = random_network(cases[k].cfg, 2);
        expect_not_written(cases[k].cfg, net, cases[k].options, cases[k].part);
        free_network(net);
    }
}
END_TEST

START_TEST(a_filter_with_too_many_weights_for_32_bits_is_refused)
{
    static const char cfg[] = "[net]\nbatch=1\ninputs=140000\n[connected]\noutput=1\nactivation=linear\n";
    static const char *const options[4] = {"-int8"};
    network *net = random_network(cfg, 2);
    expect_not_written(cfg, net, options, "layer 0 [connected]: a filter has so many weights");
    free_network(net);
}
END_TEST

/* the table of a logistic function reaches from -12 to 12: a step of its sums that holds these, too, there is not */
START_TEST(sums_too_large_for_the_table_of_an_activation_are_named)
{
    static const char cfg[] = TINY "[upsample]\nstride=1\nscale=1000000\n"
                                   "[convolutional]\nfilters=4\nsize=1\nactivation=logistic\n"
                                   "[connected]\noutput=3\nactivation=linear\n";
    static const char *const options[4] = {"-int8"};
    network *net = random_network(cfg, 2);
    expect_not_written(cfg, net, options, "layer 2 [convolutional]: sums before activation=logistic may be too large");
    free_network(net);
}
END_TEST

/* all of the answer comes from the second filter, whose values are less than a step of the map: the first one's are a
 * thousand million times as large, and nearly unread */
START_TEST(an_answer_that_is_all_rounding_is_not_written)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=4\nwidth=4\nchannels=1\n[convolutional]\nfilters=2\nsize=1\n"
                              "activation=relu\n[connected]\noutput=2\nactivation=linear\n";
    static const char *const options[4] = {"-int8"};
    network *net = random_network(cfg, 2);
    memset(net->layers[0].biases, 0, 2 * sizeof(float)), memset(net->layers[1].biases, 0, 2 * sizeof(float));
    net->layers[0].weights[0] = 1e9f, net->layers[0].weights[1] = 1;
    for (int i = 0; i < 2 * 32; ++i) net->layers[1].weights[i] = i % 32 < 16 ? 1e-12f : 1;
    expect_not_written(cfg, net, options,
                       "out.c: not written: outputs of layer 1 in integers differ by 1 of the largest");
    free_network(net);
}
END_TEST

SUITE_OF(c_int8)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    LOOP(random_networks_answer_as_interpreted, RANDOM_GROUPS);
    LOOP(integers_are_the_same_to_the_bit_on_all_pictures, 2);
    LOOP(boxes_are_those_of_darknet, 2);
    TEST(wide_outputs_are_not_held_within_bytes);
    TEST(no_sum_of_integers_leaves_32_bits);
    TEST(ranges_are_twice_those_on_the_pictures_given);
    TEST(without_pictures_it_says_that_ranges_are_of_random_numbers);
    TEST(what_integers_cannot_do_is_refused_in_a_line);
    TEST(a_filter_with_too_many_weights_for_32_bits_is_refused);
    TEST(sums_too_large_for_the_table_of_an_activation_are_named);
    TEST(an_answer_that_is_all_rounding_is_not_written);
}
