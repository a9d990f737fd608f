/* darknet vd bench, run as a program: its table, its JSON and its errors. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

static char *cfg, *weights;

static void make_files(void)
{
    static const char text[] =
        "[net]\nbatch=3\nchannels=2\nheight=9\nwidth=9\n[vd_convolutional]\nfilters=4\nsize=3\npad=1\n"
        "activation=relu\n[maxpool]\nsize=2\nstride=2\n[vd_connected]\noutput=5\nactivation=linear\n[softmax]\n"
        "[vd_cost]\nsamples=10\n";
    make_test_folder();
    cfg = in_folder(folder, "small.cfg");
    weights = in_folder(folder, "small.weights");
    write_text(cfg, text);
    network *net = network_of(text, 0);
    save_weights(net, weights);
    free_network(net);
}

static void remove_files(void)
{
    free(cfg);
    free(weights);
    remove_test_folder();
}

START_TEST(a_table_for_one_image_and_for_a_batch_on_one_thread_and_on_more)
{
    run_result r =
        run((const char *const[]){"darknet", "vd", "bench", cfg, weights, "-threads", "2", "-seconds", "0", 0});
    ck_assert_int_eq(r.status, 0);
    ck_assert_int_eq(count_of(r.out, "batch 1, 1 thread\n"), 1);
    ck_assert_int_eq(count_of(r.out, "batch 1, 2 threads\n"), 1);
    ck_assert_int_eq(count_of(r.out, "batch 3, 1 thread\n"), 1);
    ck_assert_int_eq(count_of(r.out, "batch 3, 2 threads\n"), 1);
    ck_assert_int_eq(count_of(r.out, "vd_convolutional"), 4);
    ck_assert_int_eq(count_of(r.out, "images/s"), 4);
    free_run(r);
}
END_TEST

START_TEST(json_is_one_object_with_the_same_numbers)
{
    run_result r = run((const char *const[]){"darknet", "vd", "bench", "-json", cfg, weights, "-threads", "1", "-batch",
                                             "2", "-seconds", "0", 0});
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_eq(strstr(r.out, "{\"kernels\":\""), r.out);
    ck_assert_int_eq(count_of(r.out, "\"threads\":1,"), 2);
    ck_assert_int_eq(count_of(r.out, "\"batch\":2,"), 1);
    ck_assert_int_eq(count_of(r.out, "\"weights\":72,"), 2);
    ck_assert_int_eq(count_of(r.out, "\"dense_products\":5832,"), 2);
    ck_assert_int_eq(count_of(r.out, "{"), count_of(r.out, "}"));
    ck_assert_int_eq(count_of(r.out, "\n"), 1);
    free_run(r);
}
END_TEST

START_TEST(dense_weights_can_be_asked_for)
{
    run_result r =
        run((const char *const[]){"env", "DARKNET_SPARSE=0", getenv("DARKNET") ? getenv("DARKNET") : "./darknet", "vd",
                                  "bench", cfg, weights, "-threads", "1", "-seconds", "0", 0});
    ck_assert_int_eq(r.status, 0);
    ck_assert_int_eq(count_of(r.out, " dense "), 2 * 2 + 2 * 1);
    free_run(r);
}
END_TEST

START_TEST(bad_use_is_named)
{
    static const struct {
        const char *option, *value, *says;
    } cases[] = {{"-batch", "4", "-batch 4"},
                 {"-batch", "x", "-batch x"},
                 {"-threads", "0", "-threads 0"},
                 {"-seconds", 0, "-seconds needs"},
                 {"-what", 0, "unknown option -what"}};
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        run_result r =
            run((const char *const[]){"darknet", "vd", "bench", cfg, weights, cases[i].option, cases[i].value, 0});
        ck_assert_int_eq(r.status, 1);
        ck_assert_msg(strstr(r.err, cases[i].says) != 0, "%s", r.err);
        ck_assert_str_eq(r.out, "");
        free_run(r);
    }
    run_result r = run((const char *const[]){"darknet", "vd", "bench", cfg, 0});
    ck_assert_int_eq(r.status, 1);
    free_run(r);
}
END_TEST

START_TEST(help_goes_to_stdout)
{
    run_result r = run((const char *const[]){"darknet", "vd", "bench", "-h", 0});
    ck_assert_int_eq(r.status, 0);
    ck_assert_int_eq(count_of(r.out, "usage: darknet vd bench"), 1);
    free_run(r);
}
END_TEST

SUITE_OF(bench)
{
    EACH(make_files, remove_files);
    TEST(a_table_for_one_image_and_for_a_batch_on_one_thread_and_on_more);
    TEST(json_is_one_object_with_the_same_numbers);
    TEST(dense_weights_can_be_asked_for);
    TEST(bad_use_is_named);
    TEST(help_goes_to_stdout);
}
