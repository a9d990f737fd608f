/* darknet vd pack -rate, -bytes and -tune: files of the size asked for, and better ones after a short training. */
#include "support/digits.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *cfg, *weights;

static const char net[] = "[net]\nbatch=20\nheight=28\nwidth=28\nchannels=1\nflip=0\nadam=1\nlearning_rate=.003\n"
                          "max_batches=150\nseed=2\n[vd_convolutional]\nfilters=6\nsize=5\nstride=2\n"
                          "activation=relu\nlog_sigma2=-8\n[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-8\n"
                          "[vd_connected]\noutput=10\nactivation=linear\nlog_sigma2=-8\n[softmax]\n"
                          "[vd_cost]\nsamples=400\nkl_scale=.03\nkl_ramp=50\n";

static void setup(void)
{
    make_digits(400, 100);
    cfg = in_folder(folder, "net.cfg");
    weights = backup("net.weights");
    write_text(cfg, net);
    free_run(train_digits(0, cfg, 0));
}

static void teardown(void)
{
    free(cfg);
    free(weights);
    remove_digits();
}

static run_result pack(const char *to, const char *const *options)
{
    char *path = in_folder(folder, to);
    const char *argv[16] = {"darknet", "vd", "pack", cfg, weights, path};
    for (int i = 0; options[i]; ++i) argv[6 + i] = options[i];
    run_result r = run(argv);
    free(path);
    return r;
}

/* the bytes of the file */
static long packed(const char *to, const char *const *options)
{
    struct stat st;
    run_result r = pack(to, options);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    char *path = in_folder(folder, to);
    ck_assert_int_eq(stat(path, &st), 0);
    free(path);
    return (long)st.st_size;
}

#define PACKED(to, ...) packed(to, (const char *const[]){__VA_ARGS__, 0})
#define PACK(...) pack("out.vdw", (const char *const[]){__VA_ARGS__, 0})

/* share of the test pictures named rightly: "N: top 1: 0.8, ...", the last line */
static double right(const char *name)
{
    char *path = in_folder(folder, name);
    run_result r = run((const char *[]){"darknet", "classifier", "valid", data_file, cfg, path, 0});
    const char *last = 0;
    for (const char *at = r.out; (at = strstr(at, "top 1: ")); ++at) last = at;
    ck_assert_msg(last != 0, "%s%s", r.out, r.err);
    double share = atof(last + 7);
    free_run(r);
    free(path);
    return share;
}

START_TEST(a_file_takes_at_most_the_bytes_asked_for_and_nearly_as_many)
{
    long whole = PACKED("whole.vdw", "-rate", ".001"), small = PACKED("small.vdw", "-rate", "2");
    ck_assert_msg(small < whole / 2, "%ld and %ld bytes", small, whole);
    for (long bytes = small + 100; bytes < whole; bytes += (whole - small) / 3) {
        char *text = vd_format("%ld", bytes);
        long got = PACKED("bytes.vdw", "-bytes", text);
        ck_assert_msg(got <= bytes && got > bytes - bytes / 10, "%ld bytes of %ld", got, bytes);
        free(text);
    }
}
END_TEST

START_TEST(tuning_makes_a_small_file_better_and_is_repeatable)
{
    long whole = PACKED("whole.vdw", "-rate", ".001");
    char *bytes = vd_format("%ld", whole / 4), *a = in_folder(folder, "tuned.vdw"), *b = in_folder(folder, "again.vdw");
    PACKED("plain.vdw", "-bytes", bytes);
    long tuned = PACKED("tuned.vdw", "-bytes", bytes, "-tune", data_file, "-epochs", "6");
    ck_assert_int_le(tuned, whole / 4);
    ck_assert_msg(right("tuned.vdw") >= right("plain.vdw") + .02, "%g after %g", right("tuned.vdw"),
                  right("plain.vdw"));
    setenv("DARKNET_THREADS", "3", 1);
    PACKED("again.vdw", "-bytes", bytes, "-tune", data_file, "-epochs", "6");
    unsetenv("DARKNET_THREADS");
    size_t n;
    char *file = read_bytes(a, &n);
    expect_file(b, file, n);
    free(file), free(bytes), free(a), free(b);
}
END_TEST

START_TEST(tuning_begins_at_the_share_of_the_rate_that_is_asked_for)
{
    static const char *const shares[] = {"0.25", "1"};
    char *a = in_folder(folder, "tuned.vdw"), *b = in_folder(folder, "other.vdw");
    size_t n, m;
    PACKED("tuned.vdw", "-rate", ".1", "-tune", data_file, "-epochs", "1");
    char *file = read_bytes(a, &n);
    for (int k = 0; k < 2; ++k) {
        PACKED("other.vdw", "-rate", ".1", "-tune", data_file, "-epochs", "1", "-learning", shares[k]);
        char *other = read_bytes(b, &m);
        ck_assert_int_eq(n == m && !memcmp(file, other, n), k == 0);
        free(other);
    }
    free(file), free(a), free(b);
}
END_TEST

START_TEST(the_target_of_the_training_before_is_not_tuned_to)
{
    char *aimed = vd_format("%starget_size=1000\n", net), *a = in_folder(folder, "tuned.vdw");
    char *b = in_folder(folder, "aimed.vdw");
    PACKED("tuned.vdw", "-rate", ".1", "-tune", data_file, "-epochs", "1");
    write_text(cfg, aimed);
    PACKED("aimed.vdw", "-rate", ".1", "-tune", data_file, "-epochs", "1");
    size_t n;
    char *file = read_bytes(a, &n);
    expect_file(b, file, n);
    free(aimed), free(file), free(a), free(b);
}
END_TEST

static void refused(run_result r, const char *message)
{
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, message) != 0, "'%s' is not in: %s", message, r.err);
    free_run(r);
}

START_TEST(what_cannot_be_done_is_named_and_nothing_is_written)
{
    char *path = in_folder(folder, "out.vdw"), *data = in_folder(folder, "other.data");
    refused(PACK("-int8", "-rate", "1"), "-fp16, -int8, -rate or -bytes: one of them");
    refused(PACK("-rate", "x"), "-rate x is not a number from 0.001 to 1000");
    refused(PACK("-rate"), "-rate needs a number");
    refused(PACK("-tune", data_file), "-tune needs -rate or -bytes");
    refused(PACK("-rate", "1", "-epochs", "6"), "-epochs is of -tune, which is not given");
    refused(PACK("-learning", "1"), "-learning is of -tune, which is not given");
    refused(PACK("-bytes", "12"), "cannot be packed into 12 bytes at any rate");
    refused(PACK("-bytes", "12", "-tune", data_file), "cannot be packed into 12 bytes at any rate");
    refused(PACK("-rate", "1", "-tune", "nowhere.data"), "nowhere.data");
    write_text(data, "classes=3\ntrain=x\n");
    refused(PACK("-rate", "1", "-tune", data), "other.data: classes=3, but the network has 10 outputs");
    write_text(data, "classes=10\ntrain=x\ntag=1\n");
    refused(PACK("-rate", "1", "-tune", data), "other.data: -tune takes one class a picture: neither tag= nor tree=");
    write_text(data, "classes=10\n");
    refused(PACK("-rate", "1", "-tune", data), "other.data: train= (the list of pictures) is missing");
    ck_assert_int_ne(access(path, F_OK), 0);
    free(path), free(data);
}
END_TEST

START_TEST(more_batches_than_an_int_holds_are_not_tuned)
{
    enum { PICTURES = 215000 };
    char *list = in_folder(folder, "long.list"), *data = in_folder(folder, "long.data");
    FILE *fp = fopen(list, "w");
    for (int i = 0; i < PICTURES; ++i) fputs("0.png\n", fp);
    fclose(fp);
    char *keys = vd_format("classes=10\ntrain=%s\nlabels=%s/labels.txt\n", list, folder);
    char *single = vd_format("[net]\nbatch=1\n%s", strchr(strchr(net, '\n') + 1, '\n') + 1);
    write_in_folder("labels.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    write_text(data, keys), write_text(cfg, single);
    refused(PACK("-rate", "1", "-tune", data, "-epochs", "10000"),
            "long.data: -epochs 10000, of 215000 batches each, are too many: 9988 at most are expected\n");
    free(list), free(data), free(keys), free(single);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_named_before_the_work)
{
    run_result r = pack("nowhere/out.vdw", (const char *const[]){"-rate", "1", "-tune", data_file, 0});
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "nowhere/out.vdw: cannot write: ") != 0, "%s", r.err);
    ck_assert_ptr_eq(strchr(r.err, '\n'), r.err + strlen(r.err) - 1); /* the network has not been read */
    free_run(r);
}
END_TEST

SUITE_OF(pack)
{
    TIMEOUT(240);
    EACH(setup, teardown);
    TEST(a_file_takes_at_most_the_bytes_asked_for_and_nearly_as_many);
    TEST(tuning_makes_a_small_file_better_and_is_repeatable);
    TEST(tuning_begins_at_the_share_of_the_rate_that_is_asked_for);
    TEST(the_target_of_the_training_before_is_not_tuned_to);
    TEST(what_cannot_be_done_is_named_and_nothing_is_written);
    TEST(more_batches_than_an_int_holds_are_not_tuned);
    TEST(a_place_that_cannot_be_written_is_named_before_the_work);
}
