/* Networks as C: the file that is written compiles without a warning, and answers as the program has it. */
#include "support/export_support.h"
#include "support/random_export.h"

#include "base/text.h"
#include "export/c/interpret.h"
#include "export/c/quantise.h"
#include "export/removal.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "activations.h"

/* ---- export, compile, run ---- */

static void save(const char *cfg, network *net)
{
    char *weights = in_folder(folder, "net.weights");
    write_in_folder("net.cfg", cfg);
    save_weights(net, weights);
    free(weights);
}

/* FOLDER/net1.c and .h of the network; values: 0 for floats, or the bits of values in integers */
static vd_export_result export_c(const char *cfg, network *net, int values)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    char *out = in_folder(folder, "net1");
    save(cfg, net);
    vd_export_result r = vd_export((vd_export_options){
        .cfg = path, .weights = weights, .out = out, .format = "c", .fuse = 1, .int8 = values > 0, .values = values});
    free(path), free(weights), free(out);
    return r;
}

static int is_installed(const char *program)
{
    char *command = vd_format("command -v %s >/dev/null", program);
    int is = system(command) == 0;
    free(command);
    return is;
}

static const char strict[] =
    "-std=c99 -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror -Dnet1_SELF_TEST -DNET1_DECODE -ffp-contract=off";
static const char sanitized[] = "gcc -O1 -fsanitize=address,undefined -fno-sanitize-recover=all";

/* run a command in the folder; its exit status */
static int run_in_folder(const char *command)
{
    char *all = vd_format("cd %s && { %s; } >log 2>&1", folder, command);
    int status = system(all);
    free(all);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void expect_command(const char *command, const char *cfg)
{
    if (run_in_folder(command) == 0) return;
    char *log = text_in_folder("log");
    ck_abort_msg("%s\n%s\n%s", command, log, cfg);
}

/* 0 when FOLDER/net1.c passes its self test, twice */
static int self_test(const char *compiler)
{
    write_in_folder("main.c", "#include \"net1.h\"\nint main(void)\n{\n    static const char same[net1_INPUTS == "
                              "NET1_INPUTS && net1_OUTPUTS == NET1_OUTPUTS && net1_FLASH_BYTES == NET1_FLASH_BYTES "
                              "&& net1_RAM_BYTES == NET1_RAM_BYTES ? 1 : -1] = {0};\n"
                              "    return same[0] || net1_self_test() || net1_self_test() ? 7 : 0;\n}\n");
    char *command = vd_format("%s %s net1.c main.c -o main -lm && ./main", compiler, strict);
    int status = run_in_folder(command);
    free(command);
    return status;
}

static void expect_self_test(const char *compiler, const char *cfg)
{
    int status = self_test(compiler);
    char *log = text_in_folder("log");
    ck_assert_msg(status == 0, "%s: status %d\n%s\n%s", compiler, status, log, cfg);
    free(log);
}

/* ---- random networks ---- */

enum { GROUPS = 4, IN_A_GROUP = 5 };

static void expect_random_networks(int first, int values)
{
    for (int k = 0; k < IN_A_GROUP; ++k) {
        char *cfg;
        int flags = DRAW_GROUPS | (values ? DRAW_INTEGER_ACTIVATIONS : DRAW_ALL_ACTIVATIONS);
        network *net = draw_network(first + k, flags, &cfg);
        vd_export_result r = export_c(cfg, net, values);
        /* all that 7 bits of weights and the curves lose; one wrong shift or place is far more */
        ck_assert_msg(r.difference.relative < .05, "difference %g\n%s", r.difference.relative, cfg);
        expect_self_test(sanitized, cfg);
        free_vd_export_result(r);
        free_network(net);
        free(cfg);
    }
}

START_TEST(random_networks_answer_in_floats_as_masked)
{
    expect_random_networks(2000 + _i * IN_A_GROUP, 0);
}
END_TEST

START_TEST(random_networks_answer_in_integers_as_interpreted)
{
    expect_random_networks(3000 + _i * IN_A_GROUP, 16);
}
END_TEST

/* ---- every layer ---- */

static const char all_layers[] =
    "[net]\nbatch=1\nheight=12\nwidth=10\nchannels=3\n"
    "[vd_convolutional]\nfilters=8\nsize=3\nstride=1\npad=1\nbatch_normalize=1\nactivation=relu\n"
    "[maxpool]\nsize=3\nstride=1\n"
    "[convolutional]\nfilters=8\nsize=3\npad=1\ngroups=4\nactivation=leaky\n"
    "[shortcut]\nfrom=-2\nactivation=linear\n"
    "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n"
    "[route]\nlayers=-1,-3\n"
    "[reorg]\nstride=2\n"
    "[vd_convolutional]\nfilters=8\nsize=1\nactivation=logistic\n"
    "[upsample]\nstride=2\n"
    "[reorg]\nstride=2\nreverse=1\n"
    "[vd_convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=mish\n"
    "[maxpool]\nsize=2\nstride=2\n"
    "[activation]\nactivation=tanh\n"
    "[vd_convolutional]\nfilters=8\nsize=2\nstride=1\nactivation=relu6\n"
    "[avgpool]\n"
    "[dropout]\nprobability=.5\n"
    "[vd_connected]\noutput=12\nactivation=relu\n"
    "[connected]\noutput=5\nactivation=linear\n[softmax]\n";

static network *sparse_network(const char *cfg)
{
    network *net = random_network(cfg, 3);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (!vd_layer_of(l)) continue;
        for (int k = 0; k < filters_of(l) * columns_of(l); ++k)
            if (k % 5) prune(l, k);
        vd_layer_changed(l);
    }
    return net;
}

static void expect_narrow_lines(const char *name)
{
    char *text = text_in_folder(name);
    for (const char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        ck_assert_msg(end - line <= 120, "%s: a line of %d columns: %.*s", name, (int)(end - line), 120, line);
    }
    free(text);
}

START_TEST(every_compiler_takes_every_layer_without_a_warning)
{
    static const char *const compilers[] = {"gcc -O3",
                                            "gcc -Os",
                                            "clang -O2",
                                            "arm-none-eabi-gcc -mcpu=cortex-m0 -Os",
                                            "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -O2",
                                            "avr-gcc -mmcu=atmega2560 -Os"};
    network *net = sparse_network(all_layers);
    int values = _i ? 16 : 0;
    free_vd_export_result(export_c(all_layers, net, values));
    expect_narrow_lines("net1.c");
    expect_narrow_lines("net1.h");
    for (int k = 0; k < COUNT_OF(compilers); ++k) {
        char *program = vd_format("%.*s", (int)strcspn(compilers[k], " "), compilers[k]);
        char *command = vd_format("%s %s -c net1.c -o net1.o", compilers[k], strict);
        if (is_installed(program)) expect_command(command, all_layers);
        free(program), free(command);
    }
    expect_self_test(sanitized, all_layers);
    if (is_installed("clang")) expect_self_test("clang -O2", all_layers);
    free_network(net);
}
END_TEST

/* a [route] reads a pooled row, as the other map comes later, while the next pooled row is half made */
START_TEST(a_row_is_read_while_the_next_one_is_being_pooled)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=16\nwidth=16\nchannels=2\n"
                              "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=relu\n"
                              "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=relu\n"
                              "[maxpool]\nsize=2\nstride=2\n"
                              "[route]\nlayers=0\n"
                              "[convolutional]\nfilters=4\nsize=7\nstride=2\npad=1\nactivation=relu\n"
                              "[route]\nlayers=-1,2\n"
                              "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n";
    network *net = random_network(cfg, 3);
    vd_export_result r = export_c(cfg, net, 8 * _i);
    ck_assert_msg(r.difference.relative < (_i ? .02 : 1e-5), "difference %g", r.difference.relative);
    expect_self_test(sanitized, cfg);
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

/* stock Darknet reads the input of a plain one in another order */
START_TEST(variational_1x1_convolutions_may_have_strides)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=7\nwidth=10\nchannels=4\n"
                              "[vd_convolutional]\nfilters=6\nsize=1\nstride=2\nactivation=relu\n"
                              "[vd_convolutional]\nfilters=4\nsize=1\nstride=3\npadding=1\ngroups=2\n"
                              "activation=linear\n";
    network *net = sparse_network(cfg);
    vd_export_result r = export_c(cfg, net, _i ? 16 : 0);
    ck_assert_msg(r.difference.relative < (_i ? .05 : 1e-5), "difference %g", r.difference.relative);
    expect_self_test(sanitized, cfg);
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

/* [batchnorm] and [activation]: parts of the product in front, layers of their own, of the picture, and the answer */
#define MAP "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=3\n"
#define PRODUCT "[vd_convolutional]\nfilters=6\nsize=3\npad=1\nactivation=linear\n"

START_TEST(normalisations_and_activations_of_their_own_are_absorbed)
{
    static const char *const cfgs[] = {
        MAP PRODUCT "[batchnorm]\n[activation]\nactivation=relu\n" PRODUCT "[shortcut]\nfrom=-4\nactivation=linear\n"
                    "[batchnorm]\n[activation]\nactivation=relu\n[avgpool]\n[connected]\noutput=4\n"
                    "activation=linear\n[softmax]\n",
        MAP "[batchnorm]\n" PRODUCT "[batchnorm]\n[activation]\nactivation=leaky\n[maxpool]\nsize=2\nstride=2\n"
            "[vd_connected]\noutput=7\nactivation=linear\n[batchnorm]\n[activation]\nactivation=logistic\n"
            "[connected]\noutput=4\nactivation=linear\n[batchnorm]\n",
        "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=3\nbn_eps=alexeyab\n[batchnorm]\n" PRODUCT
        "[activation]\nactivation=mish\n[batchnorm]\n[batchnorm]\n[activation]\nactivation=tanh\n",
        MAP "[activation]\nactivation=relu\n[activation]\nactivation=tanh\n",
    };
    int values = _i % 2 ? 16 : 0;
    const char *cfg = cfgs[_i / 2];
    network *net = sparse_network(cfg);
    vd_export_result r = export_c(cfg, net, values);
    ck_assert_msg(r.difference.relative < (values ? .05 : 1e-5), "difference %g\n%s", r.difference.relative, cfg);
    expect_self_test(sanitized, cfg);
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

/* stock Darknet reads the input of such a window in another order, but not with keys of later Darknets */
START_TEST(a_1x1_window_in_groups_has_its_stride_and_padding)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=4\n"
                              "[convolutional]\nfilters=6\nsize=1\nstride=2\npadding=1\ngroups=2\nactivation=tanh\n"
                              "[route]\nlayers=0\ngroups=2\ngroup_id=1\n[connected]\noutput=3\nactivation=linear\n";
    int values = _i ? 16 : 0;
    network *net = random_network(cfg, 3);
    vd_export_result r = export_c(cfg, net, values);
    ck_assert_msg(r.difference.relative < (values ? .05 : 1e-5), "difference %g", r.difference.relative);
    expect_self_test(sanitized, cfg);
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

/* "layer-last kind activation", of each stage; a fresh string */
static char *stages_of(const char *cfg)
{
    static const char *const kinds[] = {"product", "pool",    "mean", "join",  "sum",
                                        "repeat",  "reorder", "bend", "answer"};
    network *net = sparse_network(cfg);
    vd_model *m = make_vd_model(net, "net.cfg");
    vd_model_absorb(m);
    vd_model_make_products(m);
    vd_c_plan *p = make_vd_c_plan(m, "net.cfg", 0, 0);
    char *all = vd_format("%s", "");
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        char *longer = vd_format("%s%s%d-%d %s %s", all, k ? ", " : "", s->layer, s->last, kinds[s->kind],
                                 get_activation_string(s->activation));
        free(all);
        all = longer;
    }
    free_vd_c_plan(p);
    free_vd_model(m);
    free_network(net);
    return all;
}

START_TEST(a_product_takes_up_all_that_is_behind_it)
{
    static const struct {
        const char *cfg, *stages;
    } cases[] = {
        {MAP PRODUCT "[batchnorm]\n[activation]\nactivation=relu\n[maxpool]\nsize=2\nstride=2\n",
         "0-3 product relu, 3-3 answer linear"},
        {MAP PRODUCT "[dropout]\n[batchnorm]\n[batchnorm]\n[dropout]\n[activation]\nactivation=relu\n",
         "0-0 product relu, 5-5 answer linear"},
        {MAP PRODUCT "[batchnorm]\n[activation]\nactivation=mish\n[maxpool]\nsize=2\nstride=2\n",
         "0-0 product mish, 3-3 pool linear, 3-3 answer linear"},
        {MAP PRODUCT "[batchnorm]\n[activation]\nactivation=relu\n[batchnorm]\n[activation]\nactivation=relu\n",
         "0-0 product relu, 3-3 product relu, 4-4 answer linear"},
        /* what is read twice stays */
        {MAP PRODUCT "[batchnorm]\n[maxpool]\nsize=2\nstride=2\n[route]\nlayers=-2\n[activation]\nactivation=relu\n",
         "0-0 product linear, 2-2 pool linear, 4-4 bend relu, 4-4 answer linear"},
    };
    for (int k = 0; k < COUNT_OF(cases); ++k) {
        char *stages = stages_of(cases[k].cfg);
        ck_assert_str_eq(stages, cases[k].stages);
        free(stages);
    }
}
END_TEST

START_TEST(filters_in_front_of_a_normalisation_go_when_they_are_constants)
{
    static const char cfg[] = MAP PRODUCT "[batchnorm]\n[activation]\nactivation=relu\n[vd_connected]\noutput=4\n"
                                          "activation=linear\n";
    network *net = sparse_network(cfg);
    for (int f = 0; f < 3; ++f) prune_filter(net, 0, f);
    vd_layer_changed(net->layers[0]);
    vd_export_result r = export_c(cfg, net, 0);
    ck_assert_int_eq(line_of(r, 0).filters[1], 3);
    expect_self_test(sanitized, cfg);
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

/* the counts of its weights need 32 bits */
START_TEST(a_filter_of_many_weights_answers_as_masked)
{
    static const char cfg[] = "[net]\nbatch=1\ninputs=350000\n[vd_connected]\noutput=2\nactivation=linear\n";
    network *net = sparse_network(cfg);
    free_vd_export_result(export_c(cfg, net, 0));
    expect_self_test(sanitized, cfg);
    free_network(net);
}
END_TEST

START_TEST(bytes_that_the_header_tells_are_those_of_the_object)
{
    static const char measure[] =
        "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os -std=c99 -c net1.c -o net1.o && "
        "arm-none-eabi-size -A net1.o | awk '$1 ~ /^.rodata/ { flash += $2 } $1 ~ /^.(data|bss)/ { ram += $2 } "
        "$2 == \"NET1_FLASH_BYTES\" { f = $3 } $2 == \"NET1_RAM_BYTES\" { r = $3 } "
        "END { print flash, f, ram, r; exit !(flash >= f - 8 && flash < f + 64 && ram >= r && ram < r + 16) }' net1.h "
        "-";
    if (!is_installed("arm-none-eabi-gcc")) {
        skipped(1, "no arm-none-eabi-gcc");
        return;
    }
    network *net = sparse_network(all_layers);
    free_vd_export_result(export_c(all_layers, net, _i ? 16 : 0));
    expect_command(measure, all_layers);
    free_network(net);
}
END_TEST

/* ---- the same bits ---- */

static const char small[] =
    "[net]\nbatch=1\nheight=12\nwidth=16\nchannels=2\n"
    "[vd_convolutional]\nfilters=6\nsize=3\nstride=1\npad=1\nactivation=relu\n[maxpool]\nsize=2\nstride=2\n"
    "[vd_convolutional]\nfilters=7\nsize=3\nstride=1\nactivation=relu\n[maxpool]\nsize=2\nstride=2\n"
    "[vd_connected]\noutput=20\nactivation=relu\n[vd_connected]\noutput=5\nactivation=linear\n[softmax]\n";

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
    network *net = sparse_network(small);
    free_vd_export_result(export_c(small, net, values));
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
    char *command = vd_format("%s -std=c99 net1.c main.c -o main && ./main", sanitized);
    expect_command(command, small);
    expect_file(out, answers, PICTURES * p->outputs * sizeof(int32_t));
    free(in), free(out), free(command), free(pixels), free(answers), free(random), free(path);
    free_vd_c_plan(p);
    free_vd_model(m);
    free_network(net);
}
END_TEST

static double output_step(void)
{
    char *header = text_in_folder("net1.h");
    double step = strtod(strstr(header, "_OUTPUT_STEP ") + strlen("_OUTPUT_STEP "), 0);
    free(header);
    return step;
}

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
    double step = output_step();
    ck_assert_double_lt(r.difference.relative, .05);
    expect_self_test(sanitized, cfg);
    free_vd_export_result(r);
    free_vd_export_result(export_c(cfg, net, 16));
    ck_assert_double_eq(step, output_step());
    free_network(net);
}
END_TEST

/* the file's own functions are not redefined, whatever it is called */
START_TEST(a_name_that_is_taken_has_net_in_front)
{
    static const char *const outs[] = {"open", "answer", "reorder", "2x2", "opened"};
    static const char *const names[] = {"net_open", "net_answer", "net_reorder", "net_2x2", "opened"};
    network *net = random_network(small, 5);
    save(small, net);
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    char *out = in_folder(folder, outs[_i]);
    free_vd_export_result(
        vd_export((vd_export_options){.cfg = path, .weights = weights, .out = out, .format = "c", .fuse = 1}));
    char *command =
        vd_format("gcc -std=c99 -Wall -Werror -c %s.c && nm %s.o | grep -w %s_row", outs[_i], outs[_i], names[_i]);
    expect_command(command, small);
    free(path), free(weights), free(out), free(command);
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

START_TEST(a_changed_weight_fails_the_self_test)
{
    network *net = sparse_network(small);
    free_vd_export_result(export_c(small, net, _i ? 16 : 0));
    expect_self_test("gcc", small);
    expect_command("sed -i '/_weights\\[.*{/{n;s/[0-9.]\\+f\\?,/9,/}' net1.c", small);
    ck_assert_int_eq(self_test("gcc"), 7);
    free_network(net);
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_are_kept_only_until_they_are_read)
{
    network *net = sparse_network(small);
    vd_model *m = make_vd_model(net, "small.cfg");
    vd_c_plan *p = make_vd_c_plan(m, "small.cfg", 0, 0);
    ck_assert_int_eq(p->maps[0].room, 3); /* of 12 rows: those of a window */
    ck_assert_int_eq(p->maps[0].pad, 1);
    ck_assert_int_eq(p->maps[1].room, 3); /* of 6 pooled ones */
    ck_assert_int_eq(p->maps[2].room, 2); /* [connected] needs all */
    ck_assert_uint_lt(p->memory, 3 * 2 * 18 + 3 * 6 * 8 + 2 * 7 * 3 + 20 + 5 + 1);
    free_vd_c_plan(p);
    free_vd_model(m);
    free_network(net);
}
END_TEST

/* ---- boxes ---- */

/* bccd-tiny with a smaller input */
static char *detector_cfg(void)
{
    size_t n;
    char *text = read_bytes("cfg/bccd-tiny-vd.cfg", &n), *at = strstr(text, "width=256\nheight=192");
    ck_assert_ptr_nonnull(at);
    memcpy(at, "width=96 \nheight=64 ", 20);
    return text;
}

static const char on_floats[] =
    "#include \"net1.h\"\n#include <stdio.h>\n#include <stdlib.h>\n"
    "int main(void)\n{\n    static float in[NET1_INPUTS], out[NET1_OUTPUTS];\n    static net1_box boxes[1000];\n"
    "    FILE *from = fopen(\"pixels\", \"rb\"), *to = fopen(\"answers\", \"wb\");\n"
    "    if (!fread(in, sizeof(in), 1, from)) return 1;\n    net1_predict(in, out);\n"
    "    int n = net1_decode(out, .31f, boxes, 1000);\n    if (n > 1000) return 2;\n"
    "    fwrite(boxes, sizeof(boxes[0]), (size_t)n, to);\n    return fclose(to);\n}\n";

typedef struct {
    float x, y, w, h, objectness, scores[3];
} c_box;

static void expect_box(const c_box *b, const detection *d)
{
    const float a[] = {b->x, b->y, b->w, b->h, b->objectness, b->scores[0], b->scores[1], b->scores[2]};
    const float e[] = {d->bbox.x, d->bbox.y, d->bbox.w, d->bbox.h, d->objectness, d->prob[0], d->prob[1], d->prob[2]};
    for (int k = 0; k < COUNT_OF(a); ++k)
        ck_assert_msg(close_to(a[k], e[k], 1e-5, 1e-5), "number %d is %.9g, of Darknet %.9g", k, a[k], e[k]);
}

START_TEST(boxes_are_those_of_darknet)
{
    char *cfg = detector_cfg(), *in = in_folder(folder, "pixels"), *answers = in_folder(folder, "answers");
    network *net = random_network(cfg, 4);
    size_t bytes;
    int n;
    set_batch_network(net, 1);
    vd_export_result r = export_c(cfg, net, 0);
    float *x = vd_pictures_random(net, 1);
    write_bytes(in, x, (size_t)net->inputs * sizeof(float));
    write_in_folder("main.c", on_floats);
    char *command = vd_format("gcc -O2 %s net1.c main.c -o main -lm && ./main", strict);
    expect_command(command, cfg);
    network_predict(net, x);
    detection *dets = get_network_boxes(net, net->w, net->h, .31f, .5f, 0, 1, &n);
    c_box *boxes = (c_box *)read_bytes(answers, &bytes);
    ck_assert_int_gt(n, 10);
    ck_assert_uint_eq(bytes, n * sizeof(c_box));
    for (int i = 0; i < n; ++i) expect_box(boxes + i, dets + i);
    free_detections(dets, n);
    free(boxes), free(command), free(x), free(in), free(answers), free(cfg);
    free_vd_export_result(r);
    free_network(net);
}
END_TEST

/* ---- refusals ---- */

static void expect_failure(const char *cfg, const char *const options[3], const char *part)
{
    network *net = random_network(cfg, 2);
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights"),
         *to = in_folder(folder, "out");
    save(cfg, net);
    run_result r = run((const char *const[]){"darknet", "vd", "export", path, weights, to, "-format", "c", options[0],
                                             options[1], options[2], 0});
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, part) != 0, "%s\n%s", r.err, cfg);
    ck_assert_int_eq(files_in(folder, "out"), 0);
    free_run(r);
    free(path), free(weights), free(to);
    free_network(net);
}

#define TINY \
    "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=4\n[convolutional]\nfilters=8\nsize=3\npad=1\nactivation=relu\n"

/* the file of a network whose [softmax] has a temperature is that of one without */
START_TEST(outputs_are_not_divided_by_a_temperature)
{
    static const char *const keys[] = {"", "temperature=4\n"};
    char *source[2];
    for (int k = 0; k < 2; ++k) {
        char *cfg = vd_format(TINY "[connected]\noutput=3\nactivation=linear\n[softmax]\n%s", keys[k]);
        network *net = random_network(cfg, 3);
        free_vd_export_result(export_c(cfg, net, 0));
        source[k] = text_in_folder("net1.c");
        free_network(net);
        free(cfg);
    }
    ck_assert(!strcmp(source[0], source[1]));
    free(source[0]), free(source[1]);
}
END_TEST

START_TEST(what_cannot_be_written_is_refused_in_a_line)
{
    static const struct {
        const char *cfg, *options[3], *part;
    } cases[] = {
        {TINY "[local]\nfilters=2\nsize=3\nactivation=relu\n", {0}, "layer 1 [local]: not written as C"},
        {TINY "[softmax]\n[connected]\noutput=3\nactivation=relu\n", {0}, "layer 1 [softmax]: not written as C"},
        {TINY "[maxpool]\nsize=2\nstride=1\npadding=9\n",
         {0},
         "layer 1 [maxpool]: not written as C: some of its windows are wholly outside the map"},
        {TINY "[upsample]\nstride=-2\n", {0}, "layer 1 [upsample]: not written as C: a negative stride"},
        {TINY "[convolutional]\nfilters=3\nsize=3\nstride=2\npad=1\nactivation=relu\n[shortcut]\nfrom=0\n"
              "activation=linear\n",
         {0},
         "layer 2 [shortcut]: not written as C: maps of different sizes"},
        {TINY "[connected]\noutput=3\nactivation=plse\n", {"-int8"}, "layer 1 [connected]: activation=plse"},
        {TINY "[connected]\noutput=3\nactivation=linear\n[activation]\nactivation=plse\n",
         {"-int8"},
         "layer 2 [activation]: activation=plse"},
        {TINY "[connected]\noutput=3\nactivation=leaky\n[connected]\noutput=3\nactivation=linear\n",
         {"-int8", "-values", "8"},
         "layer 1 [connected]: activation=leaky gives negative numbers"},
        {TINY, {"-no-fuse"}, "-format c folds batch normalisation"},
        {TINY, {"-values", "8"}, "-values is of -int8"},
        {TINY, {"-int8", "-values", "7"}, "-values 7: 8 or 16 is expected"},
        {TINY, {"-int8", "-calibrate", "absent.data"}, "absent.data"},
    };
    for (int k = 0; k < COUNT_OF(cases); ++k) expect_failure(cases[k].cfg, cases[k].options, cases[k].part);
}
END_TEST

START_TEST(a_filter_with_too_many_weights_for_32_bits_is_refused)
{
    static const char cfg[] = "[net]\nbatch=1\ninputs=140000\n[connected]\noutput=1\nactivation=linear\n";
    static const char *const options[3] = {"-int8"};
    expect_failure(cfg, options, "layer 0 [connected]: a filter has so many weights");
}
END_TEST

/* the table of a logistic function reaches from -12 to 12: a step of its sums that holds these, too, there is not */
START_TEST(sums_too_large_for_the_table_of_an_activation_are_named)
{
    static const char cfg[] = TINY "[upsample]\nstride=1\nscale=1000000\n"
                                   "[convolutional]\nfilters=4\nsize=1\nactivation=logistic\n"
                                   "[connected]\noutput=3\nactivation=linear\n";
    static const char *const options[3] = {"-int8"};
    expect_failure(cfg, options, "layer 2 [convolutional]: sums before activation=logistic may be too large");
}
END_TEST

START_TEST(a_full_disk_leaves_nothing)
{
    network *net = sparse_network(all_layers);
    save(all_layers, net);
    struct rlimit least = {20000, 20000}, before;
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights"),
         *to = in_folder(folder, "out");
    getrlimit(RLIMIT_FSIZE, &before);
    least.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &least);
    run_result r = run((const char *const[]){"darknet", "vd", "export", path, weights, to, "-format", "c", 0});
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "out.c: not written") != 0, "%s", r.err);
    ck_assert_int_eq(files_in(folder, "out"), 0);
    free_run(r);
    free(path), free(weights), free(to);
    free_network(net);
}
END_TEST

SUITE_OF(c_export)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    LOOP(random_networks_answer_in_floats_as_masked, GROUPS);
    LOOP(random_networks_answer_in_integers_as_interpreted, GROUPS);
    LOOP(every_compiler_takes_every_layer_without_a_warning, 2);
    LOOP(a_row_is_read_while_the_next_one_is_being_pooled, 3);
    LOOP(variational_1x1_convolutions_may_have_strides, 2);
    LOOP(normalisations_and_activations_of_their_own_are_absorbed, 8);
    LOOP(a_1x1_window_in_groups_has_its_stride_and_padding, 2);
    TEST(a_product_takes_up_all_that_is_behind_it);
    TEST(filters_in_front_of_a_normalisation_go_when_they_are_constants);
    TEST(a_filter_of_many_weights_answers_as_masked);
    LOOP(bytes_that_the_header_tells_are_those_of_the_object, 2);
    LOOP(integers_are_the_same_to_the_bit_on_all_pictures, 2);
    TEST(wide_outputs_are_not_held_within_bytes);
    LOOP(a_name_that_is_taken_has_net_in_front, 5);
    TEST(no_sum_of_integers_leaves_32_bits);
    LOOP(a_changed_weight_fails_the_self_test, 2);
    TEST(rows_are_kept_only_until_they_are_read);
    TEST(boxes_are_those_of_darknet);
    TEST(outputs_are_not_divided_by_a_temperature);
    TEST(what_cannot_be_written_is_refused_in_a_line);
    TEST(a_filter_with_too_many_weights_for_32_bits_is_refused);
    TEST(sums_too_large_for_the_table_of_an_activation_are_named);
    TEST(a_full_disk_leaves_nothing);
}
