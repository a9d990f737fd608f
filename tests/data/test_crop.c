/* data/crop.c, and what Darknet's crops make of it: networks wider than high, and the numbers of square ones. */
#include "support/support.h"
#include "data/crop.h"

#include "image.h"

static image white(int w, int h)
{
    image im = make_image(w, h, 1);
    for (int i = 0; i < w * h; ++i) im.data[i] = 1;
    return im;
}

static const struct {
    int picture_w, picture_h, w, h, side, part_w, part_h;
} shapes[] = {
    /* square: the width, and the largest square */
    {100, 60, 32, 32, 32, 60, 60},
    {61, 100, 32, 32, 32, 61, 61},
    {7, 7, 32, 32, 32, 7, 7},
    /* 100x60 covers 40x20 at 40x24, and 20x40 at 67x40 */
    {100, 60, 40, 20, 24, 100, 50},
    {100, 60, 20, 40, 40, 30, 60},
    {60, 100, 40, 20, 40, 60, 30},
    {1, 100, 64, 8, 64, 1, 1},
    {30000, 20000, 40, 30, 30, 26666, 20000},
};

START_TEST(a_picture_covers_the_network_in_its_own_shape)
{
    image im = {.w = shapes[_i].picture_w, .h = shapes[_i].picture_h};
    int w, h;
    ck_assert_int_eq(vd_side_to_cover(im, shapes[_i].w, shapes[_i].h), shapes[_i].side);
    vd_largest_part(im, shapes[_i].w, shapes[_i].h, &w, &h);
    ck_assert_int_eq(w, shapes[_i].part_w);
    ck_assert_int_eq(h, shapes[_i].part_h);
}
END_TEST

/* nothing from outside the picture, which is black, at the smallest size an augmentation draws */
START_TEST(an_augmented_crop_stays_inside_the_picture)
{
    image im = white(shapes[_i].picture_w % 1000, shapes[_i].picture_h % 1000);
    int w = shapes[_i].w, h = shapes[_i].h;
    for (int k = 0; k < 50 && im.w >= w; ++k) {
        image crop = random_augment_image(im, 0, 1, w, 2 * w, w, h);
        ck_assert_int_eq(crop.w, w);
        ck_assert_int_eq(crop.h, h);
        for (int y = 1; y < h - 1; ++y)
            for (int x = 1; x < w - 1; ++x) ck_assert_float_gt(crop.data[y * w + x], .9f);
        free_image(crop);
    }
    free_image(im);
}
END_TEST

enum { SIDE = 9, MOST = 2, MOVES = 2 * MOST + 1 };

/* how far a crop shows the picture moved, MOVES across + down, counted from the least; -1: it is no such picture */
static int move_of(image im, image crop)
{
    for (int move = 0; move < MOVES * MOVES; ++move) {
        int dx = move / MOVES - MOST, dy = move % MOVES - MOST, same = 1;
        for (int y = 0; y < SIDE; ++y)
            for (int x = 0; x < SIDE; ++x) {
                int inside = x + dx >= 0 && x + dx < SIDE && y + dy >= 0 && y + dy < SIDE;
                same &= crop.data[y * SIDE + x] == (inside ? im.data[(y + dy) * SIDE + x + dx] : 0);
            }
        if (same) return move;
    }
    return -1;
}

START_TEST(shift_moves_a_picture_by_whole_pixels_and_zeros_come_in)
{
    free_network(network_of("[net]\nbatch=1\nheight=9\nwidth=9\nchannels=1\nshift=2\n[softmax]\n", 0));
    image im = make_image(SIDE, SIDE, 1);
    int seen[MOVES * MOVES] = {0};
    for (int i = 0; i < SIDE * SIDE; ++i) im.data[i] = 1.f + i;
    for (int k = 0; k < 1000; ++k) { /* each move is missing with a probability of 2e-18 */
        image crop = random_augment_image(im, 0, 1, SIDE, SIDE, SIDE, SIDE);
        int move = move_of(im, crop);
        ck_assert_int_ge(move, 0);
        ++seen[move];
        free_image(crop);
    }
    for (int i = 0; i < MOVES * MOVES; ++i) ck_assert_int_gt(seen[i], 0);
    free_network(network_of("[net]\nbatch=1\nheight=9\nwidth=9\nchannels=1\n[softmax]\n", 0));
    ck_assert_int_eq(image_shift, 0);
    free_image(im);
}
END_TEST

/* the middle of the picture is the middle of the crop, and a square in it stays one */
START_TEST(the_middle_crop_keeps_the_shape)
{
    image im = make_image(100, 60, 1);
    for (int y = 20; y < 40; ++y)
        for (int x = 40; x < 60; ++x) im.data[y * 100 + x] = 1;
    image crop = center_crop_image(im, 100, 50); /* from 100x50: no pixel is resized */
    for (int y = 0; y < 50; ++y)
        for (int x = 0; x < 100; ++x)
            ck_assert_float_eq(crop.data[y * 100 + x], x >= 40 && x < 60 && y >= 15 && y < 35);
    free_image(crop);
    free_image(im);
}
END_TEST

SUITE_OF(crop)
{
    LOOP(a_picture_covers_the_network_in_its_own_shape, COUNT_OF(shapes));
    LOOP(an_augmented_crop_stays_inside_the_picture, COUNT_OF(shapes) - 1);
    TEST(shift_moves_a_picture_by_whole_pixels_and_zeros_come_in);
    TEST(the_middle_crop_keeps_the_shape);
}
