/* Networks as C: the file that is written compiles without a warning, and answers as the program has it. What only
 * integers have: test_c_int8.c. */
#include "support/c_export.h"

#include "base/text.h"
#include "export/c/plan.h"
#include "export/removal.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "activations.h"

/* ---- every layer ---- */

START_TEST(random_networks_answer_as_masked)
{
    expect_random_networks(2000 + _i * IN_A_RANDOM_GROUP, 0, 1e-4);
}
END_TEST

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

static void expect_narrow_lines(const char *name)
{
    char *text = text_in_folder(name);
    for (const char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        ck_assert_msg(end - line <= 120, "%s: a line of %d columns: %.*s", name, (int)(end - line), 120, line);
    }
    free(text);
}

static const char *const compilers[] = {"gcc -O3",
                                        "gcc -Os",
                                        "clang -O2",
                                        "arm-none-eabi-gcc -mcpu=cortex-m0 -Os",
                                        "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -O2",
                                        "avr-gcc -mmcu=atmega2560 -Os"};
enum { COMPILERS = COUNT_OF(compilers) };

/* 0, and noted as skipped, when the compiler is not there */
static int has_compiler(const char *compiler)
{
    char *program = vd_format("%.*s", (int)strcspn(compiler, " "), compiler), *why = vd_format("no %s", program);
    int has = is_installed(program);
    if (!has) skipped(1, why);
    free(program), free(why);
    return has;
}

START_TEST(a_compiler_takes_every_layer_without_a_warning)
{
    const char *compiler = compilers[_i / 2];
    if (!has_compiler(compiler)) return;
    network *net = sparse_network(all_layers);
    free_vd_export_result(export_c(all_layers, net, _i % 2 ? 16 : 0));
    expect_narrow_lines("net1.c");
    expect_narrow_lines("net1.h");
    char *command = vd_format("%s %s -c net1.c -o net1.o", compiler, strict_c99);
    expect_command(command, all_layers);
    free(command);
    free_network(net);
}
END_TEST

START_TEST(every_layer_passes_the_self_test)
{
    const char *compiler = _i / 2 ? "clang -O2" : sanitized_gcc;
    if (!has_compiler(compiler)) return;
    network *net = sparse_network(all_layers);
    free_vd_export_result(export_c(all_layers, net, _i % 2 ? 16 : 0));
    expect_self_test(compiler, all_layers);
    free_network(net);
}
END_TEST

/* a [route] reads a pooled row, as the other map comes later, while the next pooled row is half made */
START_TEST(a_row_is_read_while_the_next_one_is_being_pooled)
{
    static const char cfg[] = "[net]\nbatch=1\nheight=16\nwidth=20\nchannels=2\n"
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
    expect_self_test(sanitized_gcc, cfg);
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
    expect_self_test(sanitized_gcc, cfg);
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
    expect_self_test(sanitized_gcc, cfg);
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
    expect_self_test(sanitized_gcc, cfg);
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
    expect_self_test(sanitized_gcc, cfg);
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
    expect_self_test(sanitized_gcc, cfg);
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
    if (!has_compiler("arm-none-eabi-gcc")) return;
    network *net = sparse_network(all_layers);
    free_vd_export_result(export_c(all_layers, net, _i ? 16 : 0));
    expect_command(measure, all_layers);
    free_network(net);
}
END_TEST

/* the file's own functions are not redefined, whatever it is called */
START_TEST(a_name_that_is_taken_has_net_in_front)
{
    static const char *const outs[] = {"open", "answer", "reorder", "2x2", "opened"};
    static const char *const names[] = {"net_open", "net_answer", "net_reorder", "net_2x2", "opened"};
    network *net = random_network(small_cfg, 5);
    save_net(small_cfg, net);
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    char *out = in_folder(folder, outs[_i]);
    free_vd_export_result(
        vd_export((vd_export_options){.cfg = path, .weights = weights, .out = out, .format = "c", .fuse = 1}));
    char *command =
        vd_format("gcc -std=c99 -Wall -Werror -c %s.c && nm %s.o | grep -w %s_row", outs[_i], outs[_i], names[_i]);
    expect_command(command, small_cfg);
    free(path), free(weights), free(out), free(command);
    free_network(net);
}
END_TEST

START_TEST(a_changed_weight_fails_the_self_test)
{
    network *net = sparse_network(small_cfg);
    free_vd_export_result(export_c(small_cfg, net, _i ? 16 : 0));
    expect_self_test("gcc", small_cfg);
    expect_command("sed -i '/_weights\\[.*{/{n;s/[0-9.]\\+f\\?,/9,/}' net1.c", small_cfg);
    ck_assert_int_eq(self_test("gcc"), 7);
    free_network(net);
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_are_kept_only_until_they_are_read)
{
    network *net = sparse_network(small_cfg);
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

/* ---- the header ---- */

START_TEST(sizes_in_the_header_are_those_of_the_picture)
{
    network *net = sparse_network(small_cfg);
    free_vd_export_result(export_c(small_cfg, net, _i ? 16 : 0));
    write_in_folder("main.c", "#include \"net1.h\"\nstatic const char same[NET1_CHANNELS == 2 && NET1_HEIGHT == 12 && "
                              "NET1_WIDTH == 16 && NET1_INPUTS == 2 * 12 * 16 && NET1_OUTPUTS == 5 ? 1 : -1] = {0};\n"
                              "int main(void)\n{\n    return same[0];\n}\n");
    expect_command("gcc -std=c99 main.c -o main && ./main", small_cfg);
    free_network(net);
}
END_TEST

START_TEST(boxes_are_those_of_darknet)
{
    expect_boxes_of_darknet(_i, 0);
}
END_TEST

/* ---- refusals ---- */

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
        const char *cfg, *options[4], *part;
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
        {TINY, {"-no-fuse"}, "-format c folds batch normalisation"},
    };
    for (int k = 0; k < COUNT_OF(cases); ++k) {
        network *net = random_network(cases[k].cfg, 2);
        expect_not_written(cases[k].cfg, net, cases[k].options, cases[k].part);
        free_network(net);
    }
}
END_TEST

START_TEST(a_full_disk_leaves_nothing)
{
    network *net = sparse_network(all_layers);
    save_net(all_layers, net);
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
    LOOP(random_networks_answer_as_masked, RANDOM_GROUPS);
    LOOP(a_compiler_takes_every_layer_without_a_warning, 2 * COMPILERS);
    LOOP(every_layer_passes_the_self_test, 4);
    LOOP(a_row_is_read_while_the_next_one_is_being_pooled, 3);
    LOOP(variational_1x1_convolutions_may_have_strides, 2);
    LOOP(normalisations_and_activations_of_their_own_are_absorbed, 8);
    LOOP(a_1x1_window_in_groups_has_its_stride_and_padding, 2);
    TEST(a_product_takes_up_all_that_is_behind_it);
    TEST(filters_in_front_of_a_normalisation_go_when_they_are_constants);
    TEST(a_filter_of_many_weights_answers_as_masked);
    LOOP(bytes_that_the_header_tells_are_those_of_the_object, 2);
    LOOP(a_name_that_is_taken_has_net_in_front, 5);
    LOOP(a_changed_weight_fails_the_self_test, 2);
    TEST(rows_are_kept_only_until_they_are_read);
    LOOP(sizes_in_the_header_are_those_of_the_picture, 2);
    LOOP(boxes_are_those_of_darknet, 2);
    TEST(outputs_are_not_divided_by_a_temperature);
    TEST(what_cannot_be_written_is_refused_in_a_line);
    TEST(a_full_disk_leaves_nothing);
}
