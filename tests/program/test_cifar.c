/* darknet cifar on a CIFAR-10 of random pictures, in binary form, in data/ of the current folder. */
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PICTURES 10000 /* of a file */
#define BYTES 3073     /* of a picture: its class, then 32x32x3 */

#define BATCHES "data/cifar/cifar-10-batches-bin/"

/* every file is the same one: 30 MB on the disk; a training takes 600 MB of memory */
static void setup(void)
{
    static const char *const folders[] = {"data", "data/cifar", BATCHES, "backup"};
    static unsigned char bytes[PICTURES * BYTES];
    unsigned at = 1;
    enter_test_folder();
    for (int i = 0; i < 4; ++i) ck_assert_int_eq(mkdir(folders[i], 0777), 0);
    for (size_t i = 0; i < sizeof(bytes); ++i) {
        at = at * 1664525 + 1013904223;
        bytes[i] = i % BYTES ? at >> 24 : i / BYTES % 10;
    }
    write_bytes(BATCHES "test_batch.bin", bytes, sizeof(bytes));
    for (int i = 1; i <= 5; ++i) {
        char *batch = vd_format(BATCHES "data_batch_%d.bin", i);
        ck_assert_int_eq(link(BATCHES "test_batch.bin", batch), 0);
        free(batch);
    }
    write_text("data/cifar/labels.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
}

static void write_cfg(const char *size, int outputs)
{
    char *text = vd_format("[net]\nbatch=16\n%s\nseed=4\nmax_batches=200\ncheckpoint=1\nlearning_rate=.01\n"
                           "[vd_convolutional]\nfilters=4\nsize=5\nstride=4\nactivation=relu\nlog_sigma2=-3\n"
                           "[vd_connected]\noutput=%d\nactivation=linear\nlog_sigma2=-3\n[softmax]\n"
                           "[vd_cost]\nsamples=50000\nkl_ramp=10\n",
                           size, outputs);
    write_text("c.cfg", text);
    free(text);
}

#define CIFAR_SIZE "width=32\nheight=32\nchannels=3"

static const char *const train[] = {"darknet", "cifar", "train", "c.cfg", 0};
static const char *const resume[] = {"darknet", "cifar", "train", "c.cfg", "-resume", 0};

START_TEST(a_stopped_training_ends_with_the_weights_of_one_never_stopped)
{
    int sig = _i ? SIGKILL : SIGTERM;
    size_t n, m;
    write_cfg(CIFAR_SIZE, 10);
    free_run(darknet(0, "cifar", "train", "c.cfg", NULL));
    char *whole = read_bytes("backup/c.weights", &n);
    ck_assert_ptr_nonnull(whole);
    ck_assert_int_eq(remove("backup/c.weights") | remove("backup/c.checkpoint"), 0);

    run_result r = run_until(train, "2, ", sig);
    ck_assert_int_eq(r.status, 128 + sig);
    free_run(r);
    r = run(resume);
    ck_assert_msg(r.status == 0 && strstr(r.err, "resumed after batch"), "%d: %s", r.status, r.err);
    free_run(r);
    char *resumed = read_bytes("backup/c.weights", &m);
    ck_assert_ptr_nonnull(resumed);
    ck_assert_uint_eq(n, m);
    ck_assert_int_eq(memcmp(whole, resumed, n), 0);
    free(whole);
    free(resumed);
}
END_TEST

START_TEST(test_says_which_share_of_the_pictures_is_right)
{
    write_cfg(CIFAR_SIZE, 10);
    run_result r = darknet(0, "cifar", "test", "c.cfg", NULL);
    const char *top1 = strstr(r.out, "top1: ");
    float share = -1;
    ck_assert_msg(top1 && sscanf(top1, "top1: %f", &share) == 1, "%s", r.out);
    ck_assert_msg(share >= 0.05f && share <= 0.2f, "%g", share);
    free_run(r);
}
END_TEST

static const struct {
    const char *command, *size;
    int outputs;
} misfits[] = {
    {"train", "width=28\nheight=28\nchannels=1", 10}, {"train", CIFAR_SIZE, 5},
    {"test", "width=28\nheight=28\nchannels=1", 10},  {"test", CIFAR_SIZE, 5},
    {"multi", "width=28\nheight=28\nchannels=1", 10}, {"multi", CIFAR_SIZE, 5},
    {"csv", "width=64\nheight=64\nchannels=3", 10},   {"csv", CIFAR_SIZE, 9},
};

START_TEST(a_network_of_another_size_is_an_error)
{
    write_cfg(misfits[_i].size, misfits[_i].outputs);
    run_result r = darknet(1, "cifar", misfits[_i].command, "c.cfg", NULL);
    char *outputs = vd_format("%d", misfits[_i].outputs);
    ck_assert_msg(strstr(r.err, outputs) && strstr(r.err, " inputs "), "%s", r.err);
    ck_assert_int_ne(access("backup/c.weights", F_OK), 0);
    free(outputs);
    free_run(r);
}
END_TEST

START_TEST(a_file_cut_short_a_class_too_large_and_a_label_too_few_are_named)
{
    write_cfg(CIFAR_SIZE, 10);
    write_text("data/cifar/labels.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n");
    run_result r = darknet(1, "cifar", "train", "c.cfg", NULL);
    ck_assert_msg(strstr(r.err, "data/cifar/labels.txt: ") != 0, "%s", r.err);
    free_run(r);

    ck_assert_int_eq(truncate(BATCHES "test_batch.bin", 12 * BYTES + 100), 0);
    r = darknet(1, "cifar", "test", "c.cfg", NULL);
    ck_assert_msg(strstr(r.err, BATCHES "test_batch.bin: picture 12 ") != 0, "%s", r.err);
    free_run(r);

    char *bytes = vd_calloc(2, BYTES);
    bytes[BYTES] = 10;
    write_bytes(BATCHES "test_batch.bin", bytes, 2 * BYTES);
    free(bytes);
    r = darknet(1, "cifar", "test", "c.cfg", NULL);
    ck_assert_msg(strstr(r.err, BATCHES "test_batch.bin: picture 1 ") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(answers_of_a_table_that_is_not_theirs_are_refused)
{
    ck_assert_int_eq(mkdir("results", 0777), 0);
    write_cfg(CIFAR_SIZE, 10);
    write_text("results/combined.csv", "1,2,3\n4,5,6\n");
    free_run(darknet(1, "cifar", "eval", "c.cfg", NULL));
    write_text("results/combined.csv", "1,2,3\n4,5,6,7\n");
    run_result r = darknet(1, "cifar", "eval", "c.cfg", NULL);
    ck_assert_msg(strstr(r.err, "results/combined.csv: line 2: 4 values, but the first line has 3") != 0, "%s", r.err);
    free_run(r);
    write_text("results/ensemble.csv", "1,2,3\n4,5,6\n");
    r = darknet(1, "cifar", "distill", "c.cfg", NULL);
    ck_assert_msg(strstr(r.err, "results/ensemble.csv: 2 lines of 3 values") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(without_a_folder_for_weights_no_training_begins)
{
    write_cfg(CIFAR_SIZE, 10);
    ck_assert_int_eq(rmdir("backup"), 0);
    run_result r = darknet(1, "cifar", "train", "c.cfg", NULL);
    ck_assert_msg(strstr(r.err, "backup/") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

SUITE_OF(cifar)
{
    EACH(setup, leave_test_folder);
    LOOP(a_stopped_training_ends_with_the_weights_of_one_never_stopped, 2);
    TEST(test_says_which_share_of_the_pictures_is_right);
    LOOP(a_network_of_another_size_is_an_error, COUNT_OF(misfits));
    TEST(a_file_cut_short_a_class_too_large_and_a_label_too_few_are_named);
    TEST(answers_of_a_table_that_is_not_theirs_are_refused);
    TEST(without_a_folder_for_weights_no_training_begins);
}
