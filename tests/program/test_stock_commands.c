/* Darknet's small commands give right results on networks with variational layers; test_layer_plugin.c has those that
 * refuse them. */
#include "support/support.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(vd, cost)                                                                       \
    "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=3\n"                                        \
    "[" vd "convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n" \
    "[maxpool]\nsize=2\nstride=2\n"                                                          \
    "[" vd "convolutional]\nfilters=2\nsize=1\nactivation=linear\n"                          \
    "[" vd "connected]\noutput=3\nbatch_normalize=1\nactivation=linear\n[softmax]\n" cost

static char *cfg, *plain_cfg, *weights, *made;

static void set_up(void)
{
    make_test_folder();
    cfg = in_folder(folder, "vd.cfg"), plain_cfg = in_folder(folder, "plain.cfg");
    weights = in_folder(folder, "vd.weights"), made = in_folder(folder, "made.weights");
    write_text(cfg, TEXT("vd_", "[vd_cost]\nsamples=10\n"));
    write_text(plain_cfg, TEXT("", ""));
    network *net = network_of(TEXT("vd_", "[vd_cost]\nsamples=10\n"), 0);
    silence_stderr();
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && k < vd->n; ++k) vd->log_sigma2[k] = -(float)(k % 9) - i;
    }
    save_weights(net, weights);
    free_network(net);
}

static void tear_down(void)
{
    remove_test_folder();
    free(cfg), free(plain_cfg), free(weights), free(made);
}

START_TEST(a_stem_keeps_the_log_sigma2_of_its_layers)
{
    free_run(darknet(0, "partial", cfg, weights, made, "2", NULL));
    char *text = read_bytes(cfg, &(size_t){0});
    network *whole = network_of(text, weights), *stem = network_of(text, made);
    const vd_layer *a = vd_layer_of(whole->layers[0]), *b = vd_layer_of(stem->layers[0]);
    ck_assert_mem_eq(a->log_sigma2, b->log_sigma2, a->n * sizeof(float));
    ck_assert_mem_eq(whole->layers[0].weights, stem->layers[0].weights, a->n * sizeof(float));
    ck_assert_float_eq(vd_layer_of(stem->layers[2])->log_sigma2[1], -10);
    ck_assert_uint_eq(*stem->seen, 0);
    free_network(whole);
    free_network(stem);
    free(text);
}
END_TEST

/* they print the same for a variational network as for its plain twin */
START_TEST(commands_that_print_say_the_same_of_the_plain_twin)
{
    static const char *const commands[] = {"statistics", "ops", "print"};
    const char *file = _i == 1 ? NULL : weights;
    run_result vd = darknet(0, commands[_i], cfg, file, "2", NULL),
               plain = darknet(0, commands[_i], plain_cfg, file, "2", NULL);
    ck_assert_int_gt(strlen(vd.out), 20);
    /* statistics prints an empty line for [vd_cost], too */
    ck_assert_msg(!strncmp(vd.out, plain.out, strlen(plain.out)), "%s\nand\n%s", vd.out, plain.out);
    ck_assert_uint_eq(strlen(vd.out), strlen(plain.out) + (_i == 0));
    free_run(vd);
    free_run(plain);
}
END_TEST

START_TEST(visualize_draws_the_weights_of_the_plain_twin)
{
    const char *const configs[] = {cfg, plain_cfg};
    char *bytes[2], *program = realpath(getenv("DARKNET") ? getenv("DARKNET") : "./darknet", 0);
    size_t n[2];
    for (int i = 0; i < 2; ++i) {
        char *command = vd_format("cd %s && %s visualize %s %s >out 2>&1", folder, program, configs[i], weights);
        char *picture = in_folder(folder, "Layer 0.jpg");
        ck_assert_int_eq(system(command), 0);
        char *said = text_in_folder("out");
        ck_assert_ptr_nonnull(strstr(said, "saving to Layer 0.jpg instead"));
        free(said);
        bytes[i] = read_bytes(picture, &n[i]);
        ck_assert_ptr_nonnull(bytes[i]);
        ck_assert_int_eq(remove(picture), 0);
        free(command), free(picture);
    }
    ck_assert_uint_eq(n[0], n[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], n[0]);
    free(bytes[0]), free(bytes[1]), free(program);
}
END_TEST

/* pictures of 21 rows of 40 pixels, and the other way round */
START_TEST(mkimg_draws_pictures_of_the_height_and_width_given)
{
    static const char *const sides[] = {"21", "40", "21"};
    char *picture = in_folder(folder, "gen_0.jpg");
    free_run(darknet(0, "mkimg", cfg, weights, sides[_i], sides[_i + 1], "1", folder, NULL));
    image im = load_image_color(picture, 0, 0);
    ck_assert_int_eq(im.h, atoi(sides[_i]));
    ck_assert_int_eq(im.w, atoi(sides[_i + 1]));
    free_image(im);
    free(picture);
}
END_TEST

#define SEGMENTS                                                                             \
    "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=3\n[vd_convolutional]\nfilters=5\nsize=1\n" \
    "activation=linear\n[iseg]\nclasses=2\nids=3\n"

/* there is no truth that it could read */
START_TEST(isegmenter_predicts)
{
    char *segments = in_folder(folder, "segments.cfg"), *picture = in_folder(folder, "picture");
    char *program = realpath(getenv("DARKNET") ? getenv("DARKNET") : "./darknet", 0),
         *command =
             vd_format("cd %s && %s isegmenter test none segments.cfg \"\" picture.jpg >out 2>&1", folder, program);
    image im = make_random_image(9, 8, 3);
    write_text(segments, SEGMENTS);
    save_image(im, picture);
    ck_assert_int_eq(system(command), 0);
    char *said = text_in_folder("out");
    ck_assert_msg(strstr(said, "picture.jpg: Predicted in ") != 0, "%s", said);
    free_image(im);
    free(said), free(segments), free(picture), free(command), free(program);
}
END_TEST

START_TEST(go_test_ends_with_its_input)
{
    char *board = in_folder(folder, "go.cfg");
    write_text(board, "[net]\nbatch=1\nheight=19\nwidth=19\nchannels=1\n[convolutional]\nfilters=1\nsize=1\n"
                      "activation=linear\n[connected]\noutput=362\nactivation=linear\n[softmax]\n");
    free_run(darknet(0, "go", "test", board, NULL));
    free(board);
}
END_TEST

SUITE_OF(stock_commands)
{
    EACH(set_up, tear_down);
    TEST(a_stem_keeps_the_log_sigma2_of_its_layers);
    LOOP(commands_that_print_say_the_same_of_the_plain_twin, 3);
    TEST(visualize_draws_the_weights_of_the_plain_twin);
    LOOP(mkimg_draws_pictures_of_the_height_and_width_given, 2);
    TEST(isegmenter_predicts);
    TEST(go_test_ends_with_its_input);
}
