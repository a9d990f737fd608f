/* commands/clusters.c: the shapes that boxes are near to. */
#include "commands/clusters.h"
#include "support/support.h"

START_TEST(the_overlap_is_that_of_boxes_with_one_centre)
{
    const float a[2] = {2, 6}, b[2] = {4, 3};
    ck_assert_double_eq_tol(vd_shape_overlap(a, b), 6. / (12 + 12 - 6), 1e-12);
    ck_assert_double_eq(vd_shape_overlap(a, a), 1);
}
END_TEST

enum { GROUPS = 4, EACH_GROUP = 25 };

/* boxes around four shapes that overlap little; the means of the groups are the shapes, by area */
START_TEST(groups_that_are_apart_are_found)
{
    static const float middle[GROUPS][2] = {{10, 10}, {12, 60}, {70, 14}, {200, 150}};
    float boxes[GROUPS * EACH_GROUP][2], shapes[GROUPS][2];
    double means[GROUPS][2] = {{0}}, overlap = 0;
    for (int i = 0; i < GROUPS * EACH_GROUP; ++i)
        for (int side = 0; side < 2; ++side) {
            int step = side ? i / GROUPS / 5 : i / GROUPS % 5;
            boxes[i][side] = middle[i % GROUPS][side] * (1 + .02f * (float)step);
            means[i % GROUPS][side] += boxes[i][side] / EACH_GROUP;
        }
    double found = vd_find_clusters(GROUPS * EACH_GROUP, (const float(*)[2])boxes, GROUPS, shapes);
    for (int g = 0; g < GROUPS; ++g)
        for (int side = 0; side < 2; ++side) ck_assert_double_eq_tol(shapes[g][side], means[g][side], 1e-4);
    for (int i = 0; i < GROUPS * EACH_GROUP; ++i)
        overlap += vd_shape_overlap(boxes[i], shapes[i % GROUPS]) / (GROUPS * EACH_GROUP);
    ck_assert_double_eq_tol(found, overlap, 1e-6);
}
END_TEST

START_TEST(as_many_shapes_as_boxes_are_the_boxes)
{
    const float boxes[3][2] = {{30, 30}, {1, 2}, {5, 1}};
    float shapes[3][2];
    ck_assert_double_eq(vd_find_clusters(3, boxes, 3, shapes), 1);
    ck_assert_mem_eq(shapes[0], boxes[1], sizeof(shapes[0]));
    ck_assert_mem_eq(shapes[1], boxes[2], sizeof(shapes[0]));
    ck_assert_mem_eq(shapes[2], boxes[0], sizeof(shapes[0]));
}
END_TEST

START_TEST(one_shape_is_the_mean)
{
    const float boxes[3][2] = {{3, 30}, {6, 3}, {9, 0.3f}};
    float shape[1][2];
    vd_find_clusters(3, boxes, 1, shape);
    ck_assert_double_eq_tol(shape[0][0], 6, 1e-6);
    ck_assert_double_eq_tol(shape[0][1], 11.1, 1e-5);
}
END_TEST

/* equal boxes: a shape that no box belongs to stays where it began */
START_TEST(equal_boxes_give_equal_shapes)
{
    const float boxes[4][2] = {{8, 4}, {8, 4}, {8, 4}, {8, 4}};
    float shapes[3][2];
    ck_assert_double_eq(vd_find_clusters(4, boxes, 3, shapes), 1);
    for (int j = 0; j < 3; ++j) ck_assert_mem_eq(shapes[j], boxes[0], sizeof(boxes[0]));
}
END_TEST

SUITE_OF(clusters)
{
    TEST(the_overlap_is_that_of_boxes_with_one_centre);
    TEST(groups_that_are_apart_are_found);
    TEST(as_many_shapes_as_boxes_are_the_boxes);
    TEST(one_shape_is_the_mean);
    TEST(equal_boxes_give_equal_shapes);
}
