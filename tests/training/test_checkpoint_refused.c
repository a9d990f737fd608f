/* training/checkpoint.c: a damaged checkpoint, or one of another network, is refused; what cannot be written is named
 * before the training. */
#include "support/checkpoint_support.h"
#include "support/digits.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void setup(void)
{
    make_digits(200, 10);
}

static void refused(const char *cfg, const char *message)
{
    run_result r = train_digits(1, cfg, "-resume");
    ck_assert_msg(strstr(r.err, message) != 0, "'%s' is not in: %s", message, r.err);
    free_run(r);
}

START_TEST(a_checkpoint_cut_or_changed_anywhere_is_refused)
{
    training t = {"damaged", "learning_rate=.01\n", "samples=200\n"};
    size_t n;
    char *cfg = write_training(t, "max_batches=4\ncheckpoint=2\n"), *path = backup("damaged.checkpoint");
    free_run(train_digits(0, cfg, 0));
    char *whole = read_bytes(path, &n);
    const size_t places[] = {5, 9, 40, n / 2, n - 20, n - 1};
    for (size_t i = 0; i < COUNT_OF(places); ++i) {
        whole[places[i]] ^= 4;
        write_bytes(path, whole, n);
        refused(cfg, "damaged: wrong checksum");
        whole[places[i]] ^= 4;
        write_bytes(path, whole, places[i]);
        refused(cfg, places[i] < 24 ? "not a checkpoint" : "damaged: wrong checksum");
    }
    write_bytes(path, "VDLSabcdefghijklmnopqrstuvwxyz", 30);
    refused(cfg, "not a checkpoint");
    free(whole);
    free(path);
    free(cfg);
}
END_TEST

START_TEST(a_checkpoint_of_another_network_is_refused)
{
    static const char *const changes[][2] = {
        {"learning_rate=.01", "adam=1\nlearning_rate=.01"},
        {"batch=16", "batch=32"},
        {"batch_normalize=1", "batch_normalize=0"},
        {"size=5", "size=4"},
        {"output=20", "output=21"},
        {"[dropout]\nprobability=.3\n", ""},
        {"[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-3\n", "[connected]\noutput=20\nactivation=relu\n"},
    };
    training t = {"other", "learning_rate=.01\n", "samples=200\n"};
    char *cfg = write_training(t, "max_batches=4\ncheckpoint=2\n"), *text = text_in_folder("other.cfg");
    free_run(train_digits(0, cfg, 0));
    for (size_t i = 0; i < COUNT_OF(changes); ++i) {
        const char *at = strstr(text, changes[i][0]);
        ck_assert_ptr_nonnull(at);
        char *other = vd_format("%.*s%s%s", (int)(at - text), text, changes[i][1], at + strlen(changes[i][0]));
        write_text(cfg, other);
        refused(cfg, "a checkpoint of another network: expected its layers, batch=, adam= and channels=");
        free(other);
    }
    free(text), free(cfg);
}
END_TEST

START_TEST(a_folder_in_the_place_of_an_older_checkpoint_is_named)
{
    training t = {"older", "learning_rate=.01\n", "samples=200\n"};
    char *cfg = write_training(t, "max_batches=8\ncheckpoint=2\ncheckpoint_keep=2\n"),
         *path = backup("older.checkpoint.1");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    run_result r = train_digits(1, cfg, 0);
    ck_assert_msg(strstr(r.err, "older.checkpoint.1: Is a directory") != 0, "%s", r.err);
    free_run(r);
    free(path);
    free(cfg);
}
END_TEST

START_TEST(a_pipe_in_the_place_of_the_checkpoint_is_named_and_not_waited_for)
{
    training t = {"pipe", "learning_rate=.01\n", "samples=200\n"};
    char *cfg = write_training(t, "max_batches=4\ncheckpoint=2\n"), *path = backup("pipe.checkpoint");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    for (int i = 0; i < 2; ++i) {
        run_result r = train_digits(1, cfg, i ? "-resume" : 0);
        ck_assert_msg(strstr(r.err, "pipe.checkpoint: exists but is not a regular file") != 0, "%s", r.err);
        free_run(r);
    }
    free(path);
    free(cfg);
}
END_TEST

START_TEST(a_backup_folder_that_is_missing_is_named_before_the_training)
{
    training t = {"nowhere", "learning_rate=.01\n", "samples=200\n"};
    size_t n;
    char *cfg = write_training(t, "max_batches=4\n"), *text = read_bytes(data_file, &n);
    char *other = in_folder(folder, "digits/other.data");
    char *line = strstr(text, "backup=");
    ck_assert_ptr_nonnull(line);
    line[7] = '\0';
    char *changed = vd_format("%s/nowhere\n", text);
    write_text(other, changed);
    const char *const argv[] = {"darknet", "classifier", "train", other, cfg, 0};
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "backup=/nowhere") != 0, "%s", r.err);
    free_run(r);
    free(changed);
    changed = vd_format("%s%s\n", text, cfg); /* a file */
    write_text(other, changed);
    r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "nowhere.cfg: Not a directory") != 0, "%s", r.err);
    free_run(r);
    free(changed);
    free(other);
    free(text);
    free(cfg);
}
END_TEST

START_TEST(a_name_too_long_for_the_weights_is_named_before_the_training)
{
    char *name = vd_format("%0230d", 0);
    training t = {name, "learning_rate=.01\n", "samples=200\n"};
    char *cfg = write_training(t, "max_batches=4\n");
    run_result r = darknet(1, "classifier", "train", data_file, cfg, NULL);
    ck_assert_msg(strstr(r.err, "000.cfg: a name of at most 228 bytes is expected: ") != 0, "%.300s", r.err);
    free_run(r);
    free(cfg), free(name);
}
END_TEST

SUITE_OF(checkpoint_refused)
{
    TIMEOUT(240);
    ONCE(setup, remove_digits);
    TEST(a_checkpoint_cut_or_changed_anywhere_is_refused);
    TEST(a_checkpoint_of_another_network_is_refused);
    TEST(a_folder_in_the_place_of_an_older_checkpoint_is_named);
    TEST(a_pipe_in_the_place_of_the_checkpoint_is_named_and_not_waited_for);
    TEST(a_backup_folder_that_is_missing_is_named_before_the_training);
    TEST(a_name_too_long_for_the_weights_is_named_before_the_training);
}
