/* training/average_precision.c: overlaps, hits and average precision against values computed by hand. */
#include "training/average_precision.h"
#include "support/support.h"

#include <string.h>

static void is(double got, double wanted)
{
    ck_assert_msg(close_to(got, wanted, 1e-6, 1e-9), "%.9g, should be %.9g", got, wanted);
}

START_TEST(overlap_is_intersection_over_union)
{
    static const struct {
        float a[4], b[4];
        double overlap;
    } cases[] = {
        {{5, 5, 2, 4}, {5, 5, 2, 4}, 1},
        {{1, 1, 2, 2}, {2, 1, 2, 2}, 1. / 3}, /* 2 of 4 + 4 - 2 */
        {{1, 1, 2, 2}, {2, 2, 2, 2}, 1. / 7}, /* 1 of 4 + 4 - 1 */
        {{4, 4, 4, 4}, {4, 4, 2, 2}, .25},    /* one inside the other */
        {{1, 1, 2, 2}, {3, 1, 2, 2}, 0},      /* they touch */
        {{1, 1, 2, 2}, {9, 9, 2, 2}, 0},      /* apart in both directions */
        {{1, 1, 0, 2}, {1, 1, 0, 2}, 0},      /* no area */
        {{.5f, .5f, 1, 1}, {.5f, .5f, .5f, 1}, .5},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        is(vd_box_overlap(cases[i].a, cases[i].b), cases[i].overlap);
        is(vd_box_overlap(cases[i].b, cases[i].a), cases[i].overlap);
    }
}
END_TEST

START_TEST(the_most_overlap_is_that_of_the_nearest)
{
    static const float box[] = {1, 1, 2, 2}, others[][4] = {{9, 9, 2, 2}, {2, 1, 2, 2}, {2, 2, 2, 2}};
    is(vd_most_overlap(box, 3, others), 1. / 3);
    is(vd_most_overlap(box, 1, others), 0);
    is(vd_most_overlap(box, 0, 0), 0);
}
END_TEST

/* two objects side by side, [0, 4] and [4, 8], 4 high */
static const float objects[2][4] = {{2, 2, 4, 4}, {6, 2, 4, 4}};

static void match(size_t n, const float *confidence, const float (*found)[4], double iou, const char *wanted)
{
    unsigned char hit[8];
    memset(hit, 7, sizeof(hit));
    vd_match_boxes(n, confidence, found, 2, objects, iou, hit);
    for (size_t i = 0; i < n; ++i) ck_assert_msg(hit[i] == wanted[i] - '0', "detection %zu of %s", i, wanted);
}

START_TEST(an_object_is_hit_once_by_the_surest_detection)
{
    static const float found[][4] = {{2, 2, 4, 4}, {2, 2, 4, 3}, {6, 2, 4, 4}, {20, 20, 4, 4}};
    match(4, (const float[]){.9f, .8f, .7f, .6f}, found, .5, "1010");
    match(4, (const float[]){.8f, .9f, .7f, .6f}, found, .5, "0110");
    match(4, (const float[]){.8f, .8f, .7f, .6f}, found, .5, "1010"); /* equal scores keep their order */
}
END_TEST

/* PASCAL takes the object with the largest overlap, also when it is already hit: the second detection overlaps both by
 * more than .3, the left one most */
START_TEST(a_detection_does_not_turn_to_another_object_when_its_own_is_taken)
{
    static const float found[][4] = {{2, 2, 4, 4}, {3.9f, 2, 6, 4}};
    ck_assert_double_gt(vd_box_overlap(found[1], objects[1]), .3);
    match(2, (const float[]){.9f, .8f}, found, .3, "10");
    match(1, (const float[]){.8f}, found + 1, .3, "1");
    static const float between[][4] = {{4, 2, 4, 4}, {2, 2, 4, 4}}; /* of two equal overlaps it is the first object's */
    match(2, (const float[]){.9f, .8f}, between, .3, "10");
}
END_TEST

START_TEST(the_least_overlap_of_a_hit_counts_as_one)
{
    static const float half[][4] = {{2, 1, 4, 2}};
    match(1, (const float[]){.9f}, half, .5, "1");
    match(1, (const float[]){.9f}, half, .5001, "0");
    match(1, (const float[]){.9f}, (const float[][4]){{20, 2, 4, 4}}, 0, "0");
    vd_match_boxes(0, 0, 0, 2, objects, .5, 0);
}
END_TEST

START_TEST(detections_without_objects_hit_nothing)
{
    unsigned char hit[2] = {7, 7};
    vd_match_boxes(2, (const float[]){.9f, .8f}, objects, 0, 0, .5, hit);
    ck_assert_mem_eq(hit, "\0\0", 2);
}
END_TEST

/* Worked by hand: hits of 4 objects at ranks 1, 3, 5 of 5.
 *   precision   1    1/2   2/3   1/2   3/5        largest from there on   1   2/3   2/3   3/5   3/5
 *   recall      1/4  1/4   2/4   2/4   3/4 */
static const float confidence[] = {.9f, .8f, .7f, .6f, .5f};
static const unsigned char hit[] = {1, 0, 1, 0, 1};

START_TEST(average_precision_of_a_curve_worked_by_hand)
{
    is(vd_average_precision(5, confidence, hit, 4, 0), (1 + 2. / 3 + 3. / 5) / 4);
    /* recalls 0 .1 .2 | .3 .4 .5 | .6 .7 | none */
    is(vd_average_precision(5, confidence, hit, 4, 11), (3 * 1 + 3 * 2. / 3 + 2 * .6) / 11);
    /* 0 .. .25 | .26 .. .5 | .51 .. .75 */
    is(vd_average_precision(5, confidence, hit, 4, 101), (26 * 1 + 25 * 2. / 3 + 25 * .6) / 101);
}
END_TEST

START_TEST(the_order_of_the_pictures_does_not_matter)
{
    static const float shuffled[] = {.5f, .8f, .9f, .6f, .7f};
    static const unsigned char its[] = {1, 0, 1, 0, 1};
    static const int points[] = {0, 11, 101};
    for (int i = 0; i < 3; ++i)
        is(vd_average_precision(5, shuffled, its, 4, points[i]),
           vd_average_precision(5, confidence, hit, 4, points[i]));
}
END_TEST

START_TEST(perfect_detections_have_average_precision_1_and_none_have_0)
{
    static const int points[] = {0, 11, 101};
    for (int i = 0; i < 3; ++i) {
        is(vd_average_precision(2, confidence, (const unsigned char *)"\1\1", 2, points[i]), 1);
        is(vd_average_precision(0, 0, 0, 2, points[i]), 0);
        is(vd_average_precision(2, confidence, (const unsigned char *)"\0\0", 2, points[i]), 0);
        /* false alarms after the last hit do not count, those before it do */
        is(vd_average_precision(3, confidence, (const unsigned char *)"\1\1\0", 2, points[i]), 1);
        is(vd_average_precision(3, confidence, (const unsigned char *)"\0\1\1", 2, points[i]), 2. / 3);
    }
}
END_TEST

START_TEST(counts_are_of_detections_over_the_threshold)
{
    vd_detection_counts c = vd_count_detections(5, confidence, hit, 4, .6f);
    ck_assert_uint_eq(c.hits, 2);
    ck_assert_uint_eq(c.false_alarms, 1); /* .6 itself is not over it */
    ck_assert_uint_eq(c.missed, 2);
    is(vd_precision(c), 2. / 3);
    is(vd_recall(c), 1. / 2);
    is(vd_f1(c), 4. / 7);
    c = vd_count_detections(5, confidence, hit, 4, 1);
    is(vd_precision(c) + vd_recall(c) + vd_f1(c), 0);
    ck_assert_uint_eq(c.missed, 4);
}
END_TEST

START_TEST(a_detection_on_a_difficult_object_alone_is_left_out)
{
    const float found[4] = {1, 1, 2, 2}, beside[4] = {9, 9, 2, 2}, half[4] = {1, .5f, 2, 1};
    const float truth[2][4] = {{9, 9, 1, 1}, {1, 1.5f, 2, 1}}, difficult[1][4] = {{1, 1, 2, 2}};
    ck_assert(vd_is_left_out(found, 1, truth, 1, difficult, .6));
    ck_assert(!vd_is_left_out(found, 1, truth, 0, difficult, .6));
    ck_assert(!vd_is_left_out(found, 2, truth, 1, difficult, .5)); /* the second is a hit, or a false alarm */
    ck_assert(vd_is_left_out(found, 2, truth, 1, difficult, .51));
    ck_assert(!vd_is_left_out(beside, 1, truth, 1, difficult, .6));
    ck_assert(vd_is_left_out(half, 1, truth, 1, difficult, .5));
    ck_assert(!vd_is_left_out(half, 1, truth, 1, difficult, .51));
}
END_TEST

SUITE_OF(average_precision)
{
    TEST(overlap_is_intersection_over_union);
    TEST(the_most_overlap_is_that_of_the_nearest);
    TEST(an_object_is_hit_once_by_the_surest_detection);
    TEST(a_detection_does_not_turn_to_another_object_when_its_own_is_taken);
    TEST(the_least_overlap_of_a_hit_counts_as_one);
    TEST(detections_without_objects_hit_nothing);
    TEST(average_precision_of_a_curve_worked_by_hand);
    TEST(the_order_of_the_pictures_does_not_matter);
    TEST(perfect_detections_have_average_precision_1_and_none_have_0);
    TEST(counts_are_of_detections_over_the_threshold);
    TEST(a_detection_on_a_difficult_object_alone_is_left_out);
}
