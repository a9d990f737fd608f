/* config/heads.c: heads of a detector that differ, and max= of its heads. */
#include "support/drawings.h"
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define NET "[net]\nbatch=2\nwidth=32\nheight=32\nchannels=3\nmax_batches=2\nlearning_rate=.0001\nseed=1\n"
#define MAPS(n) "[convolutional]\nfilters=" #n "\nsize=8\nstride=8\nactivation=linear\n"
#define AGAIN(n) "[route]\nlayers=0\n[convolutional]\nfilters=" #n "\nsize=1\nactivation=linear\n"
#define YOLO(mask) "[yolo]\nanchors=8,8,16,16\nnum=2\njitter=0\nmask=" mask "\n"
#define REGION_OF(num, anchors) "[region]\nanchors=" anchors "\nnum=" #num "\njitter=0\n"
#define LINEAR(n) "[connected]\noutput=" #n "\nactivation=linear\n"
#define SIDES "[detection]\ncoords=4\nnum=1\n"

static const struct {
    const char *cfg, *said; /* null: the heads work as one */
} heads[] = {
    {NET MAPS(85) YOLO("0") "classes=80\n" AGAIN(7) YOLO("1") "classes=2\n",
     "layer 1 [yolo] has classes=80, layer 4 [yolo] has classes=2: all heads of a network need the same"},
    {NET MAPS(7) YOLO("0") "classes=2\n" AGAIN(85) YOLO("1") "classes=80\n",
     "layer 1 [yolo] has classes=2, layer 4 [yolo] has classes=80: all heads of a network need the same"},
    {NET MAPS(85) YOLO("0") "classes=80\n" AGAIN(7) YOLO("1") "classes=2\n[vd_cost]\nsamples=24\n",
     "layer 1 [yolo] has classes=80, layer 4 [yolo] has classes=2"},
    {NET MAPS(7) YOLO("0") "classes=2\n" AGAIN(7) "[yolo]\nanchors=8,8\nnum=1\nclasses=2\n",
     "layer 1 [yolo] has num=2, layer 4 [yolo] has num=1"},
    {NET MAPS(14) YOLO("0,1") "classes=2\n" AGAIN(7) YOLO("1") "classes=2\n", 0},
    {NET MAPS(7) REGION_OF(1, "1,1") "classes=2\n" AGAIN(8) REGION_OF(1, "1,1") "classes=3\n",
     "layer 1 [region] has classes=2, layer 4 [region] has classes=3"},
    {NET MAPS(9) REGION_OF(1, "1,1") "classes=2\ncoords=6\n" AGAIN(7) REGION_OF(1, "1,1") "classes=2\n",
     "layer 1 [region] has coords=6, layer 4 [region] has coords=4"},
    {NET MAPS(14) REGION_OF(2, "1,1,2,2") "classes=2\n" AGAIN(7) REGION_OF(1, "1,1") "classes=2\n",
     "layer 1 [region] has num=2, layer 4 [region] has num=1"},
    {NET MAPS(9) REGION_OF(1, "1,1") "classes=2\ncoords=6\n" AGAIN(7) YOLO("1") "classes=2\n",
     "layer 1 [region] has coords=6, layer 4 [yolo] has coords=4"},
    {NET MAPS(7) REGION_OF(1, "1,1") "classes=2\n" AGAIN(7) YOLO("1") "classes=2\n", 0},
    {NET LINEAR(28) SIDES "side=2\nclasses=2\n" LINEAR(63) SIDES "side=3\nclasses=2\n",
     "layer 1 [detection] has side=2, layer 3 [detection] has side=3"},
    {NET LINEAR(28) SIDES "side=2\nclasses=2\n" LINEAR(32) SIDES "side=2\nclasses=3\n",
     "layer 1 [detection] has classes=2, layer 3 [detection] has classes=3"},
    {NET LINEAR(28) SIDES "side=2\nclasses=2\n[route]\nlayers=-1\n" LINEAR(28) SIDES "side=2\nclasses=2\n", 0},
    {NET MAPS(7) YOLO("0") "classes=2\n" LINEAR(28) SIDES "side=2\nclasses=2\n",
     "layer 1 [yolo] and layer 3 [detection]: [detection] shares its truth with no other head"},
    {NET MAPS(7) YOLO("0") "classes=2\n" AGAIN(3), "layer 2 [route] follows the last head, layer 1 [yolo]"},
    {NET MAPS(7) YOLO("0") "classes=2\n[avgpool]\n", "layer 2 [avgpool] follows the last head, layer 1 [yolo]"},
    {NET MAPS(7) YOLO("0") "classes=2\n[cost]\n", "layer 2 [cost] follows the last head, layer 1 [yolo]"},
    {NET MAPS(7) REGION_OF(1, "1,1") "classes=2\n[dropout]\n", "layer 2 [dropout] follows the last head"},
    {NET LINEAR(28) SIDES "side=2\nclasses=2\n[dropout]\n", "layer 2 [dropout] follows the last head"},
    {NET MAPS(7) YOLO("0") "classes=2\n[vd_cost]\nsamples=24\n", 0},
};

static void set_up(void)
{
    enter_test_folder();
    draw_pictures(folder);
}

static const char *const commands[] = {"train", "valid", "recall", "map", "test"};

/* in every command, before it reads weights */
START_TEST(heads_that_differ_are_named_when_the_cfg_is_read)
{
    write_in_folder("net.cfg", heads[_i].cfg);
    char *said = vd_format("net.cfg: %s", heads[_i].said ? heads[_i].said : "");
    for (int c = 0; heads[_i].said && c < COUNT_OF(commands); ++c) {
        int is_training = !strcmp(commands[c], "train");
        run_result r = darknet(1, "detector", commands[c], "set.data", "net.cfg", is_training ? NULL : "no.weights",
                               strcmp(commands[c], "test") ? NULL : "p0.png", NULL);
        ck_assert_msg(strstr(r.err, said) != 0, "%s: '%s': %s", commands[c], said, r.err);
        free_run(r);
    }
    free_run(darknet(heads[_i].said != 0, "ops", "net.cfg", NULL));
    free(said);
}
END_TEST

START_TEST(a_head_that_the_detector_does_not_train_is_named)
{
    static const char *const cfgs[] = {NET LINEAR(450) SIDES "side=3\nclasses=45\n",
                                       NET MAPS(9) REGION_OF(1, "1,1") "classes=2\ncoords=6\n"};
    static const char *const said[] = {"layer 1 [detection]: 'darknet detector train' is for [yolo] and [region]",
                                       "layer 1 [region]: coords=6"};
    write_in_folder("net.cfg", cfgs[_i]);
    run_result r = darknet(1, "detector", "train", "set.data", "net.cfg", NULL);
    ck_assert_msg(strstr(r.err, said[_i]) != 0, "%s", r.err);
    free_run(r);
}
END_TEST

/* ---- max= ---- */

#define TWO(first, last) NET MAPS(7) YOLO("0") "classes=2\n" first AGAIN(7) YOLO("1") "classes=2\n" last

static const struct {
    const char *cfg;
    int most;
} maxes[] = {
    {TWO("", ""), 90},
    {TWO("max=200\n", ""), 200},
    {TWO("", "max=200\n"), 200},
    {TWO("max=200\n", "max=150\n"), 200},
    {TWO("max=7\n", "max=5\n"), 7},
    {TWO("", "max=200\n") "[vd_cost]\nsamples=24\n", 200},
    {TWO("max=200\n", "") "[vd_cost]\nsamples=24\n", 200},
    {NET MAPS(7) REGION_OF(1, "1,1") "classes=2\n", 30},
    {NET MAPS(7) REGION_OF(1, "1,1") "classes=2\nmax=200\n", 200},
    {NET MAPS(7) REGION_OF(1, "1,1") "classes=2\nmax=4\n", 4},
    {NET MAPS(7) REGION_OF(1, "1,1") "classes=2\nmax=200\n" AGAIN(7) YOLO("1") "classes=2\n", 200},
};

START_TEST(all_heads_and_the_truth_have_room_for_the_largest_max)
{
    network *net = network_of(maxes[_i].cfg, 0);
    ck_assert_int_eq(net->truths, 5 * maxes[_i].most);
    ck_assert_int_eq(net->layers[net->n - 1].max_boxes, maxes[_i].most);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != YOLO && l.type != REGION) continue;
        ck_assert_int_eq(l.max_boxes, maxes[_i].most);
        ck_assert_int_eq(l.truths, 5 * maxes[_i].most);
    }
    free_network(net);
}
END_TEST

/* boxes of the sizes of the anchors, in every picture */
static void label_all(int boxes)
{
    char *text = vd_format("%s", "");
    for (int i = 0; i < boxes; ++i) {
        char *longer = vd_format("%s%d %g .5 %g %g\n", text, i % 2, .2 + .6 * i / boxes, i % 3 ? .25 : .5, .25);
        free(text);
        text = longer;
    }
    for (int i = 0; i < DRAWN; ++i) {
        char *name = vd_format("p%d.txt", i);
        write_in_folder(name, text);
        free(name);
    }
    free(text);
}

/* [yolo] and [region] print how many objects they have seen: over all heads, those of both pictures of the batch */
static int objects_seen(const char *out)
{
    int sum = 0;
    const char *end = strstr(out, "\n1: ");
    ck_assert_ptr_nonnull(end);
    for (const char *at = out; (at = strstr(at, "count: ")) && at < end; ++at) sum += atoi(at + strlen("count: "));
    return sum;
}

START_TEST(a_training_sees_as_many_objects_as_max_says_and_names_what_is_left_out)
{
    enum { BOXES = 220 };
    int most = maxes[_i].most, is_region = strstr(maxes[_i].cfg, "[region]") != 0,
        both = is_region && strstr(maxes[_i].cfg, "[yolo]");
    write_in_folder("net.cfg", maxes[_i].cfg);
    label_all(BOXES);
    run_result r = darknet(0, "detector", "train", "set.data", "net.cfg", NULL);
    if (!both) ck_assert_int_eq(objects_seen(r.out), 2 * most);
    char *said = vd_format(".txt: 220 boxes, and the network takes max=%d of a picture: some are left out\n", most);
    ck_assert_msg(count_of(r.err, said) >= 1 && count_of(r.err, said) <= 5, "%s", r.err);
    free_run(r), free(said);
    label_all(most);
    r = darknet(0, "detector", "train", "set.data", "net.cfg", "-strict", NULL);
    if (!both) ck_assert_int_eq(objects_seen(r.out), 2 * most);
    ck_assert_ptr_null(strstr(r.err, "left out"));
    free_run(r);
    label_all(most + 1);
    r = darknet(1, "detector", "train", "set.data", "net.cfg", "-strict", NULL);
    ck_assert_msg(strstr(r.err, "of a picture: some are left out\n") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(a_max_too_large_for_a_truth_array_is_named)
{
    static const char cfg[] =
        "[net]\nbatch=1000\nwidth=32\nheight=32\nchannels=3\n" MAPS(7) YOLO("0") "classes=2\nmax=1000000\n";
    write_in_folder("net.cfg", cfg);
    run_result r = darknet(1, "ops", "net.cfg", NULL);
    ck_assert_msg(strstr(r.err, "max=1000000") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

SUITE_OF(heads)
{
    EACH(set_up, leave_test_folder);
    LOOP(heads_that_differ_are_named_when_the_cfg_is_read, COUNT_OF(heads));
    LOOP(a_head_that_the_detector_does_not_train_is_named, 2);
    LOOP(all_heads_and_the_truth_have_room_for_the_largest_max, COUNT_OF(maxes));
    LOOP(a_training_sees_as_many_objects_as_max_says_and_names_what_is_left_out, COUNT_OF(maxes));
    TEST(a_max_too_large_for_a_truth_array_is_named);
}
