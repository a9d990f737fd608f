/* Networks as C: compiled, they answer as the program has it, in floats and in integers. */
#include "support/export_support.h"
#include "support/random_export.h"

#include "base/text.h"
#include "export/c/interpret.h"
#include "export/c/quantise.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "network.h"

/* ---- export, compile, run ---- */

static vd_export_result export_c(const char *cfg, network *net, int int8)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    char *out = in_folder(folder, "net1");
    write_text(path, cfg);
    save_weights(net, weights);
    vd_export_result r = vd_export(
        (vd_export_options){.cfg = path, .weights = weights, .out = out, .format = "c", .fuse = 1, .int8 = int8});
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

static const char strict[] = "-std=c99 -Wall -Wextra -Wconversion -pedantic -Werror -DNET1_SELF_TEST -DNET1_DECODE "
                             "-ffp-contract=off";
static const char sanitized[] = "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all";

/* compile FOLDER/net1.c with a program that returns what it answers to its self test */
static void expect_self_test(const char *compiler, const char *flags, const char *cfg)
{
    write_in_folder("main.c", "#include \"net1.h\"\nint main(void)\n{\n    return net1_self_test() || net1_self_test();\n}\n");
    char *command = vd_format("cd %s && %s %s %s net1.c main.c -o main -lm && ./main", folder, compiler, strict, flags);
    ck_assert_msg(system(command) == 0, "%s\n%s", command, cfg);
    free(command);
}

/* ---- random networks ---- */

enum { GROUPS = 6, IN_A_GROUP = 6 };

static void expect_random_networks(int first, int int8)
{
    for (int k = 0; k < IN_A_GROUP; ++k) {
        char *cfg;
        int flags = DRAW_GROUPS | (int8 ? DRAW_INTEGER_ACTIVATIONS : DRAW_ALL_ACTIVATIONS);
        network *net = draw_network(first + k, flags, &cfg);
        free_vd_export_result(export_c(cfg, net, int8));
        expect_self_test("gcc", sanitized, cfg);
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
    expect_random_networks(3000 + _i * IN_A_GROUP, 1);
}
END_TEST

SUITE_OF(c_export)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    LOOP(random_networks_answer_in_floats_as_masked, GROUPS);
    LOOP(random_networks_answer_in_integers_as_interpreted, GROUPS);
}
