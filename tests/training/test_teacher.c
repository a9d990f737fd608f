/* training/teacher.c: the gradient of soft targets against differences of their loss, and trainings of the program. */
#include "training/teacher.h"
#include "support/digits.h"
#include "base/text.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

/* ---- the gradient ---- */

enum { BATCH = 5, CLASSES = 4, INPUTS = 36 };

#define SIZE "[net]\nsubdivisions=1\nheight=6\nwidth=6\nchannels=1\nlearning_rate=.05\nmax_batches=20\n"
#define OUTPUTS "[connected]\noutput=4\nactivation=linear\n[softmax]\n"

/* share and temperature, and the teacher's batch */
static const struct {
    double share, temperature;
    int batch;
} cases[] = {{.9, 4, BATCH}, {.5, 1, 1}, {1, 8, 3}, {.3, .5, 64}, {0, 4, BATCH}};

/* folder/teacher.cfg and .weights; the network, for its outputs */
static network *write_teacher(int batch)
{
    char *cfg = in_folder(folder, "teacher.cfg"), *weights = in_folder(folder, "teacher.weights");
    char *text = vd_format(SIZE "batch=%d\nseed=11\n[convolutional]\nfilters=3\nsize=3\nbatch_normalize=1\n"
                                "activation=leaky\n[dropout]\nprobability=.5\n" OUTPUTS,
                           batch);
    write_text(cfg, text);
    network *net = network_of(text, 0);
    fill_random(net->layers[0].rolling_mean, 3, 5);
    save_weights(net, weights);
    free(text), free(weights), free(cfg);
    return net;
}

/* log softmax(z / t)[i] */
static double log_share(const double *z, double t, int i)
{
    double sum = 0;
    for (int k = 0; k < CLASSES; ++k) sum += exp((z[k] - z[i]) / t);
    return -log(sum);
}

/* L of teacher.h */
static double loss(const double *z, const double *v, const float *y, double s, double t)
{
    double sum = 0;
    for (int i = 0; i < CLASSES; ++i)
        sum -= (1 - s) * y[i] * log_share(z, 1, i) + s * t * t * exp(log_share(v, t, i)) * log_share(z, t, i);
    return sum;
}

START_TEST(the_gradient_is_that_of_labels_and_soft_targets)
{
    double s = cases[_i].share, t = cases[_i].temperature, h = 1e-5;
    network *teacher = write_teacher(cases[_i].batch);
    char *cfg =
        vd_format(SIZE "batch=%d\nseed=3\nteacher=%s/teacher.cfg\nteacher_weights=%s/teacher.weights\n"
                       "teacher_share=%g\nteacher_temperature=%g\n[vd_connected]\noutput=7\nactivation=relu\n" OUTPUTS
                       "[vd_cost]\nsamples=20\n",
                  BATCH, folder, folder, s, t);
    network *net = network_of(cfg, 0);
    silence_stderr();
    fill_random(net->input, BATCH * INPUTS, 7);
    for (int b = 0; b < BATCH; ++b) net->truth[b * CLASSES + b % CLASSES] = 1;
    net->train = 1;
    vd_teacher_begin(net);
    forward_network(net);
    vd_teacher_correct(net);
    for (int b = 0; b < BATCH; ++b) {
        double z[CLASSES], v[CLASSES];
        network_predict(teacher, net->input + b * INPUTS);
        for (int i = 0; i < CLASSES; ++i) {
            z[i] = net->layers[1].output[b * CLASSES + i];
            v[i] = teacher->layers[2].output[i];
        }
        for (int i = 0; i < CLASSES; ++i) {
            double at = z[i], over, under;
            z[i] = at + h;
            over = loss(z, v, net->truth + b * CLASSES, s, t);
            z[i] = at - h;
            under = loss(z, v, net->truth + b * CLASSES, s, t);
            z[i] = at;
            ck_assert(close_to(-net->layers[2].delta[b * CLASSES + i], (over - under) / (2 * h), 1e-4, 1e-5));
        }
    }
    free(cfg), free_network(net), free_network(teacher);
}
END_TEST

/* ---- the program ---- */

#define NET "[net]\nheight=28\nwidth=28\nchannels=1\nflip=0\nmax_crop=32\nadam=1\nlearning_rate=.003\n"
#define STUDENT                                                                                                 \
    "[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-3\n[vd_connected]\noutput=10\nactivation=linear\n" \
    "[softmax]\n[vd_cost]\nsamples=200\nkl_ramp=10\n"
#define PLAIN "[connected]\noutput=40\nactivation=relu\n[connected]\noutput=10\nactivation=linear\n[softmax]\n"

static char *student; /* its cfg */

static void write_student(const char *keys)
{
    char *text = vd_format(NET "batch=16\nsubdivisions=2\nseed=3\nmax_batches=30\n%s" STUDENT, keys);
    write_text(student, text);
    free(text);
}

/* with a batch, a seed, checkpoints and a guard of its own, which say nothing on the training */
static void setup(void)
{
    enter_test_folder();
    draw_digits(folder, 200, 10);
    data_file = in_folder(folder, "digits/digits.data");
    student = in_folder(folder, "student.cfg");
    write_in_folder("t.cfg", NET "batch=7\nseed=8\ncheckpoint=10\ncheckpoint_keep=3\nmax_batches=40\n" PLAIN);
    free_run(train_digits(0, "t.cfg", 0));
}

static void teardown(void)
{
    free(student), free(data_file);
    leave_test_folder();
}

#define TEACHER "teacher=t.cfg\nteacher_weights=digits/backup/t.weights\n"

static char *weights_of(const char *keys, size_t *n)
{
    char *path = backup("student.weights");
    write_student(keys);
    free_run(train_digits(0, student, 0));
    char *bytes = read_bytes(path, n);
    ck_assert(bytes != 0);
    free(path);
    return bytes;
}

START_TEST(a_teacher_changes_what_is_learned_and_nothing_else)
{
    size_t n[3];
    char *without = weights_of("", n), *no_share = weights_of(TEACHER "teacher_share=0\n", n + 1),
         *taught = weights_of(TEACHER, n + 2);
    ck_assert(n[0] == n[1] && n[0] == n[2]);
    ck_assert_mem_eq(without, no_share, n[0]);
    ck_assert_mem_ne(without, taught, n[0]);
    char *backups = in_folder(folder, "digits/backup");
    ck_assert_int_eq(files_in(backups, "student.checkpoint"), 0); /* the teacher's cfg has checkpoint=10 */
    free(backups), free(without), free(no_share), free(taught);
}
END_TEST

START_TEST(a_stopped_training_with_a_teacher_ends_as_one_never_stopped)
{
    size_t n, m;
    char *whole = weights_of(TEACHER "checkpoint=1\n", &n), *path = backup("student.weights"),
         *checkpoint = backup("student.checkpoint");
    const char *const argv[] = {"darknet", "classifier", "train", data_file, student, 0};
    remove(path), remove(checkpoint);
    free_run(run_until(argv, "17, ", SIGKILL));
    free_run(train_digits(0, student, "-resume"));
    char *resumed = read_bytes(path, &m);
    ck_assert(n == m && !memcmp(whole, resumed, n));
    free(resumed), free(checkpoint), free(path), free(whole);
}
END_TEST

/* nothing but a training reads it */
START_TEST(a_test_needs_no_teacher)
{
    size_t n;
    char *path = backup("student.weights");
    free(weights_of(TEACHER, &n));
    ck_assert_int_eq(remove("t.cfg"), 0);
    free_run(darknet(0, "classifier", "valid", data_file, student, path, (char *)0));
    free_run(darknet(0, "vd", "report", student, path, (char *)0));
    run_result r = train_digits(1, student, 0);
    ck_assert_msg(strstr(r.err, "t.cfg") != 0, "%s", r.err);
    free_run(r), free(path);
}
END_TEST

static const struct {
    const char *keys, *teacher, *said;
} refused[] = {
    {"teacher=t.cfg\n", 0, "[net]: teacher=t.cfg needs teacher_weights=FILE"},
    {"teacher_share=.5\n", 0, "[net]: teacher_share needs teacher=FILE, the cfg of a classifier"},
    {"teacher=t.cfg\nteacher_weights=none.weights\n", 0, "none.weights"},
    {TEACHER "teacher_share=1.5\n", 0, "teacher_share=1.5"},
    {TEACHER "teacher_temperature=0\n", 0, "teacher_temperature=0"},
    {TEACHER, "[net]\nheight=14\nwidth=28\nchannels=1\n" PLAIN,
     "teacher=t.cfg takes pictures of 28x14x1, this network 28x28x1"},
    {TEACHER, NET "[connected]\noutput=9\nactivation=linear\n[softmax]\n",
     "teacher=t.cfg has 9 outputs, this network 10"},
    {TEACHER, NET "[connected]\noutput=10\nactivation=linear\n[cost]\n",
     "t.cfg: layer 0 [connected]: a training with teacher= needs classifiers that end in a [softmax]"},
    {TEACHER, NET "[connected]\noutput=10\nactivation=linear\n[softmax]\ngroups=2\n",
     "t.cfg: layer 1 [softmax]: a training with teacher= needs classifiers that end in a [softmax] of one group"},
};

/* before the first batch: the weights of another training stay */
START_TEST(a_teacher_that_cannot_teach_is_refused)
{
    char *path = backup("student.weights");
    write_text(path, "others");
    write_student(refused[_i].keys);
    if (refused[_i].teacher) write_in_folder("t.cfg", refused[_i].teacher);
    run_result r = train_digits(1, student, 0);
    ck_assert_msg(strstr(r.err, refused[_i].said) != 0, "%s", r.err);
    expect_file(path, "others", 6);
    free_run(r), free(path);
}
END_TEST

/* the last of its numbers is a weight of its last layer */
START_TEST(a_teacher_with_a_weight_that_is_not_finite_is_refused)
{
    char *path = backup("t.weights");
    size_t n;
    char *bytes = read_bytes(path, &n);
    const float infinite = INFINITY;
    memcpy(bytes + n - sizeof(infinite), &infinite, sizeof(infinite));
    write_bytes(path, bytes, n);
    write_student(TEACHER);
    run_result r = train_digits(1, student, 0);
    ck_assert_msg(strstr(r.err, "digits/backup/t.weights: layer 1: weights[399] is not finite") != 0, "%s", r.err);
    free_run(r), free(bytes), free(path);
}
END_TEST

SUITE_OF(teacher)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    LOOP(the_gradient_is_that_of_labels_and_soft_targets, COUNT_OF(cases));
    CASE("program");
    TIMEOUT(240);
    EACH(setup, teardown);
    TEST(a_teacher_changes_what_is_learned_and_nothing_else);
    TEST(a_stopped_training_with_a_teacher_ends_as_one_never_stopped);
    TEST(a_test_needs_no_teacher);
    LOOP(a_teacher_that_cannot_teach_is_refused, COUNT_OF(refused));
    TEST(a_teacher_with_a_weight_that_is_not_finite_is_refused);
}
