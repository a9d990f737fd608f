/* training/silence.c and names: what would pass in silence is a line, and an error with -strict. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define NET_OF(batches) \
    "[net]\nbatch=8\nheight=28\nwidth=28\nchannels=1\nlearning_rate=.01\nmax_crop=28\nmax_batches=" #batches "\n"
#define NET NET_OF(2)
#define LAST "output=10\nactivation=linear\n"
#define POINT "[convolutional]\nfilters=2\nsize=1\nactivation=linear\n"
#define AROUND "[shortcut]\nfrom=-2\nactivation=linear\n"

static const struct {
    const char *cfg, *message; /* null: nothing is said */
} nets[] = {
    {NET "[connected]\n" LAST "[softmax]\n", 0},
    {NET "[vd_connected]\n" LAST "[softmax]\n[vd_cost]\nsamples=40\n", 0},
    {NET "[vd_connected]\n" LAST "[softmax]\n[vd_cost]\nsamples=400\n",
     "c.cfg: [vd_cost]: samples=400, and the list of training pictures has 40"},
    {NET "[connected]\n" LAST "[vd_connected]\n" LAST "[softmax]\n",
     "c.cfg: layer 1 is variational, and there is no [vd_cost]"},
    {NET "[connected]\n" LAST, "c.cfg: no layer computes a loss"},
    {NET "[connected]\n" LAST "[softmax]\nnoloss=1\n", "c.cfg: no layer computes a loss"},
    {NET "subdivisions=3\n[connected]\n" LAST "[softmax]\n",
     "c.cfg: batch=8 is no multiple of subdivisions=3: a batch has 6 pictures"},
    {NET POINT POINT AROUND "[connected]\n" LAST "[softmax]\n",
     "c.cfg: layer 1 [convolutional]: size=1 writes over the gradient that a [shortcut] or [route] has given layer 0, "
     "as in stock Darknet. With add_gradients=1 in [net] they are added"},
    {NET POINT POINT AROUND POINT AROUND "[connected]\n" LAST "[softmax]\n", "as in stock Darknet; so do 1 more. With"},
    {NET POINT "[normalization]\n" AROUND "[connected]\n" LAST "[softmax]\n",
     "c.cfg: layer 1 [normalization]: writes over the gradient that a [shortcut] or [route] has given layer 0, as in "
     "stock Darknet. With add_gradients=1 in [net] they are added"},
    {NET POINT "[upsample]\nstride=-2\n[route]\nlayers=0\n[connected]\n" LAST "[softmax]\n",
     "c.cfg: layer 1 [upsample]: a negative stride writes over"},
    {NET "add_gradients=1\n" POINT POINT AROUND "[connected]\n" LAST "[softmax]\n", 0},
    {NET "add_gradients=0\n" POINT POINT AROUND "[connected]\n" LAST "[softmax]\n", 0},
};

static run_result train(int status, const char *flag, const char *weights, const char *clear)
{
    char *path = in_folder(folder, "c.cfg"), *data_file = in_folder(folder, "digits/digits.data");
    const char *const argv[] = {"darknet", "classifier", "train", data_file, path, flag, weights, clear, 0};
    run_result r = run(argv);
    ck_assert_msg(r.status == status, "status %d: %s", r.status, r.err);
    free(data_file), free(path);
    return r;
}

START_TEST(a_training_that_misses_something_says_so_once)
{
    draw_digits(folder, 40, 10);
    write_in_folder("c.cfg", nets[_i].cfg);
    const char *message = nets[_i].message;
    run_result r = train(0, 0, 0, 0);
    ck_assert_msg(count_of(r.err, message ? message : "c.cfg: ") == (message != 0), "%s", r.err);
    free_run(r);
    r = train(message != 0, "-strict", 0, 0);
    if (message) ck_assert_msg(strstr(r.err, message) != 0, "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(a_training_that_is_over_says_so)
{
    static const char over[] = "c.cfg: max_batches=2, and the weights have 2 batches behind them: nothing is trained";
    draw_digits(folder, 40, 10);
    write_in_folder("c.cfg", nets[0].cfg);
    char *weights = in_folder(folder, "digits/backup/c.weights");
    run_result r = train(0, "-strict", 0, 0);
    ck_assert_msg(!strstr(r.err, "c.cfg: "), "%s", r.err);
    free_run(r);
    write_in_folder("digits/backup/c.csv", "of the training\n");
    r = train(0, weights, 0, 0);
    ck_assert_int_eq(count_of(r.err, over), 1);
    free_run(r);
    char *csv = text_in_folder("digits/backup/c.csv");
    ck_assert_str_eq(csv, "of the training\n");
    free(csv);
    r = train(1, "-strict", weights, 0);
    ck_assert_int_eq(count_of(r.err, over), 1);
    free_run(r);
    r = train(0, "-strict", weights, "-clear");
    ck_assert_int_eq(count_of(r.err, over), 0);
    free_run(r);
    write_in_folder("c.cfg", NET "checkpoint=1\n[connected]\n" LAST "[softmax]\n");
    free_run(train(0, "-strict", 0, 0));
    r = train(0, "-resume", 0, 0);
    ck_assert_msg(count_of(r.err, over) == 1, "%s", r.err);
    free_run(r);
    free(weights);
}
END_TEST

START_TEST(keys_that_count_from_the_end_of_a_training_need_one)
{
    static const char *const cfgs[] = {"policy=poly\n[vd_connected]\n" LAST "[softmax]\n[vd_cost]\nsamples=40\n",
                                       "[vd_connected]\n" LAST "[softmax]\n[vd_cost]\nsamples=40\nfine_tune=9\n"};
    static const char *const said[] = {"c.cfg: [net]: policy=poly needs max_batches",
                                       "c.cfg: [vd_cost]: fine_tune=9 needs max_batches"};
    draw_digits(folder, 40, 10);
    for (int i = 0; i < 2; ++i) {
        char *cfg = vd_format("%s%s", NET_OF(0), cfgs[i]);
        write_in_folder("c.cfg", cfg);
        run_result r = train(1, 0, 0, 0);
        ck_assert_msg(strstr(r.err, said[i]) != 0, "%s", r.err);
        free_run(r);
        free(cfg);
    }
}
END_TEST

/* plain weights of 2 batches, in digits/backup */
static char *plain_weights(void)
{
    draw_digits(folder, 40, 10);
    write_in_folder("c.cfg", NET "[connected]\n" LAST "[softmax]\n");
    free_run(train(0, 0, 0, 0));
    char *from = in_folder(folder, "digits/backup/c.weights"), *to = in_folder(folder, "plain.weights");
    ck_assert_int_eq(rename(from, to), 0);
    free(from);
    return to;
}

START_TEST(a_schedule_that_begins_late_is_said)
{
    static const char late[] = "c.cfg: the weights are of a plain network, with 2 batches behind them";
    char *plain = plain_weights(), *variational = in_folder(folder, "digits/backup/c.weights");
    write_in_folder("c.cfg", NET_OF(4) "[vd_connected]\n" LAST "[softmax]\n[vd_cost]\nsamples=40\n");
    run_result r = train(0, plain, 0, 0);
    ck_assert_int_eq(count_of(r.err, late), 1);
    free_run(r);
    free_run(train(1, "-strict", plain, 0));
    r = train(0, "-strict", plain, "-clear");
    ck_assert_int_eq(count_of(r.err, late), 0);
    free_run(r);
    r = train(0, variational, 0, 0); /* a training goes on */
    ck_assert_int_eq(count_of(r.err, late), 0);
    free_run(r);
    free(plain), free(variational);
}
END_TEST

START_TEST(a_training_that_is_over_replaces_no_other_weights)
{
    char *plain = plain_weights(), *weights = in_folder(folder, "digits/backup/c.weights");
    write_text(weights, "trained");
    run_result r = train(1, plain, 0, 0);
    ck_assert_msg(strstr(r.err, "c.weights: there is nothing to train, and this file would be replaced by") != 0, "%s",
                  r.err);
    expect_file(weights, "trained", 7);
    free_run(r);
    ck_assert_int_eq(remove(weights), 0);
    free_run(train(0, plain, 0, 0));
    free(plain), free(weights);
}
END_TEST

START_TEST(more_names_than_classes_are_said)
{
    draw_digits(folder, 40, 10);
    write_in_folder("c.cfg", nets[0].cfg);
    char *path = in_folder(folder, "digits/labels.list"), *text = text_in_folder("digits/labels.list"),
         *more = vd_format("%seleven\n", text);
    write_text(path, more);
    run_result r = train(0, 0, 0, 0);
    ck_assert_msg(count_of(r.err, "labels.list: 11 lines for 10 classes") == 1, "%s", r.err);
    free_run(r);
    r = train(1, "-strict", 0, 0);
    ck_assert_msg(count_of(r.err, "labels.list: 11 lines for 10 classes") == 1, "%s", r.err);
    free_run(r);
    free(more), free(text), free(path);
}
END_TEST

SUITE_OF(silence)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    LOOP(a_training_that_misses_something_says_so_once, COUNT_OF(nets));
    TEST(a_training_that_is_over_says_so);
    TEST(keys_that_count_from_the_end_of_a_training_need_one);
    TEST(a_schedule_that_begins_late_is_said);
    TEST(a_training_that_is_over_replaces_no_other_weights);
    TEST(more_names_than_classes_are_said);
}
