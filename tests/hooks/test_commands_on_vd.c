/* Darknet's commands, and the verbs of darknet vd, on files of variational networks and on files that are not there. */
#include "support/support.h"
#include "support/vd_cfg.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void save_some_weights(const char *cfg)
{
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i) {
        vd_layer *vd = vd_layer_of(net->layers[i]);
        if (vd) fill_random(vd->log_sigma2, vd->n, i);
    }
    save_weights(net, weights_path);
    free_network(net);
    write_text(cfg_path, cfg);
}

START_TEST(commands_that_would_break_variational_weights_refuse_and_write_nothing)
{
    static const char *const commands[] = {"average",   "rescale",     "rgbgr",  "reset",
                                           "normalize", "denormalize", "oneoff", "oneoff2"};
    char *out = in_folder(folder, "out.weights");
    save_some_weights(NET CONV CONN ENDING);
    for (size_t i = 0; i < COUNT_OF(commands); ++i) {
        int average = !strcmp(commands[i], "average");
        const char *const argv[] = {"darknet",
                                    commands[i],
                                    cfg_path,
                                    average ? out : weights_path,
                                    average ? weights_path : out,
                                    average ? 0 : "1",
                                    0};
        char *expected =
            vd_format(": layer 0 [vd_convolutional]: 'darknet %s' does not support variational layers", commands[i]);
        run_result r = run(argv);
        expect_message(r, commands[i], expected);
        ck_assert_int_eq(files_in(folder, ""), 2);
        free_run(r);
        free(expected);
    }
    free(out);
}
END_TEST

/* the weights of 4 filters of 3x3x3 behind what batch normalisation has, in both files, with planes exchanged */
static void expect_exchanged(const float *a, const float *b)
{
    for (int i = 0; i < 4 * 27; ++i) ck_assert(a[i] == b[i / 27 * 27 + (2 - i % 27 / 9) * 9 + i % 9]);
}

START_TEST(the_same_commands_still_treat_plain_networks)
{
    enum { HEADER = 20, WEIGHTS = HEADER + 4 * 4 * 4 };
    char *out = in_folder(folder, "out.weights");
    save_some_weights("[net]\nbatch=1\nheight=6\nwidth=6\nchannels=3\n"
                      "[convolutional]\nfilters=4\nsize=3\nbatch_normalize=1\n[connected]\noutput=3\n");
    static const char *const commands[] = {"rescale", "rgbgr", "denormalize", "average"};
    for (size_t i = 0; i < 4; ++i) {
        int average = !strcmp(commands[i], "average");
        const char *const argv[] = {
            "darknet", commands[i], cfg_path, average ? out : weights_path, average ? weights_path : out, 0};
        run_result r = run(argv);
        ck_assert_msg(r.status == 0, "%s: %s", commands[i], r.err);
        ck_assert_int_eq(files_in(folder, ""), 3);
        size_t n, m;
        char *before = read_bytes(weights_path, &n), *after = read_bytes(out, &m);
        int is_same = n == m && !memcmp(before + HEADER, after + HEADER, n - HEADER);
        ck_assert_msg(is_same == average, "%s", commands[i]);
        if (!strcmp(commands[i], "rgbgr"))
            expect_exchanged((const float *)(before + WEIGHTS), (const float *)(after + WEIGHTS));
        ck_assert_int_eq(unlink(out), 0);
        free_run(r), free(before), free(after);
    }
    free(out);
}
END_TEST

START_TEST(partial_writes_a_file_this_and_stock_darknet_read)
{
    char *out = in_folder(folder, "out.weights"), *again = in_folder(folder, "again.weights");
    char *plain = in_folder(folder, "plain.cfg");
    save_some_weights(NET CONV CONN ENDING);
    const char *const argv[] = {"darknet", "partial", cfg_path, weights_path, out, "1", 0};
    run_result r = run(argv);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    network *part = network_of(NET CONV CONN ENDING, out), *whole = network_of(NET CONV CONN ENDING, weights_path);
    layer a = part->layers[0], b = whole->layers[0];
    ck_assert_int_eq(memcmp(a.weights, b.weights, a.nweights * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(vd_layer_of(a)->log_sigma2, vd_layer_of(b)->log_sigma2, a.nweights * sizeof(float)), 0);
    for (size_t i = 0; i < vd_layer_of(part->layers[1])->n; ++i)
        ck_assert(vd_layer_of(part->layers[1])->log_sigma2[i] == -10);

    const char *program = stock_darknet();
    write_text(plain, NET "[convolutional]\nfilters=4\nsize=3\n");
    if (program) {
        const char *const stock_argv[] = {program, "partial", plain, out, again, "99", 0};
        r = run(stock_argv);
        ck_assert_msg(r.status == 0, "%s", r.err);
        free_run(r);
        size_t n, m;
        char *mine = read_bytes(out, &n), *theirs = read_bytes(again, &m);
        ck_assert_ptr_nonnull(theirs);
        ck_assert_uint_eq(m, 20 + 4 * (4 + 72));
        ck_assert_int_eq(memcmp(mine, theirs, m), 0);
        free(mine);
        free(theirs);
    } else {
        skipped(1, "stock Darknet reads a partial file: no darknet in STOCK");
    }
    free_network(part);
    free_network(whole);
    free(out);
    free(again);
    free(plain);
}
END_TEST

START_TEST(the_verbs_explain_themselves)
{
    static const struct {
        const char *argv[5];
        int status;
        const char *out, *err; /* a part of each, "" for nothing at all */
    } cases[] = {
        {{"darknet", "vd", 0}, 1, "", "usage: darknet vd VERB"},
        {{"darknet", "vd", "-h", 0}, 0, "darknet vd report CFG WEIGHTS [-json]", ""},
        {{"darknet", "vd", "--help", 0}, 0, "usage: darknet vd VERB", ""},
        {{"darknet", "vd", "nonsense", 0}, 1, "", "darknet vd: unknown verb nonsense; darknet vd -h lists them"},
        {{"darknet", "vd", "report", "-h", 0}, 0, "usage: darknet vd report CFG WEIGHTS [-json]", ""},
        {{"darknet", "vd", "report", 0}, 1, "", "CFG and WEIGHTS are needed"},
        {{"darknet", "vd", "report", "one.cfg", 0}, 1, "", "CFG and WEIGHTS are needed"},
        {{"darknet", "vd", "report", "-jsn", 0}, 1, "", "unknown option -jsn"},
        {{"darknet", "vd", "version", 0}, 0, "darknet-vd ", ""},
        {{"darknet", "vd", "version", "x", 0}, 1, "", "darknet vd version: unexpected argument x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        run_result r = run(cases[i].argv);
        ck_assert_msg(r.status == cases[i].status, "case %zu: status %d", i, r.status);
        ck_assert_msg(*cases[i].out ? strstr(r.out, cases[i].out) != 0 : !*r.out, "case %zu: %s", i, r.out);
        ck_assert_msg(*cases[i].err ? strstr(r.err, cases[i].err) != 0 : !*r.err, "case %zu: %s", i, r.err);
        free_run(r);
    }
    const char *const four[] = {"darknet", "vd", "report", "a", "b", "c", 0};
    run_result r = run(four);
    ck_assert_int_eq(r.status, 1);
    ck_assert_str_eq(r.err, "darknet vd report: unexpected argument c\n");
    free_run(r);
}
END_TEST

/* all that `darknet vd -h` lists */
START_TEST(every_verb_answers_to_h)
{
    static const char front[] = "\n  darknet vd ";
    run_result all = darknet(0, "vd", "-h", (char *)0);
    int verbs = 0;
    for (const char *at = all.out; (at = strstr(at, front)); ++verbs) {
        at += strlen(front);
        char *verb = vd_format("%.*s", (int)strcspn(at, " "), at), *usage = vd_format("usage: darknet vd %s", verb);
        run_result r = darknet(0, "vd", verb, "-h", (char *)0);
        ck_assert_msg(strstr(r.out, usage) == r.out && !*r.err, "%s: %s%s", verb, r.out, r.err);
        free_run(r);
        r = darknet(1, "vd", verb, "-no-such-option", (char *)0);
        ck_assert_msg(strstr(r.err, verb) && strstr(r.err, "-no-such-option") && !*r.out, "%s: %s", verb, r.err);
        free_run(r), free(verb), free(usage);
    }
    ck_assert_int_ge(verbs, 11);
    free_run(all);
}
END_TEST

START_TEST(missing_files_and_directories_are_named)
{
    save_some_weights(NET CONV CONN ENDING);
    char *missing = in_folder(folder, "missing");
    const struct {
        const char *cfg, *weights, *culprit, *why;
    } cases[] = {
        {missing, weights_path, missing, "No such file"},
        {cfg_path, missing, missing, "No such file"},
        {cfg_path, folder, folder, "is a directory"},
        {cfg_path, cfg_path, cfg_path, "not a Darknet weights file"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        const char *const argv[] = {"darknet", "vd", "report", cases[i].cfg, cases[i].weights, "-json", 0};
        run_result r = run(argv);
        const char *end = strlen(r.err) > 1 ? r.err + strlen(r.err) - 2 : r.err, *last = end;
        while (last > r.err && last[-1] != '\n') --last;
        ck_assert_msg(r.status == 1 && !*r.out, "case %zu: status %d: %s", i, r.status, r.err);
        ck_assert_msg(strstr(last, cases[i].culprit) && strstr(last, cases[i].why), "case %zu: %s", i, r.err);
        free_run(r);
    }
    free(missing);
}
END_TEST

START_TEST(a_report_that_cannot_be_written_fails)
{
    save_some_weights(NET CONV CONN ENDING);
    char *darknet = getenv("DARKNET"), *command;
    command = vd_format("%s vd report %s %s -json >/dev/full", darknet ? darknet : "./darknet", cfg_path, weights_path);
    const char *const argv[] = {"sh", "-c", command, 0};
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "standard output: cannot be written\n") != 0, "%s", r.err);
    free_run(r);
    free(command);
}
END_TEST

SUITE_OF(commands_on_vd)
{
    TIMEOUT(240);
    EACH(make_cfg_folder, remove_cfg_folder);
    TEST(commands_that_would_break_variational_weights_refuse_and_write_nothing);
    TEST(the_same_commands_still_treat_plain_networks);
    TEST(partial_writes_a_file_this_and_stock_darknet_read);
    TEST(the_verbs_explain_themselves);
    TEST(every_verb_answers_to_h);
    TEST(missing_files_and_directories_are_named);
    TEST(a_report_that_cannot_be_written_fails);
}
