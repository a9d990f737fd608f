/* commands/dataset/digits.c: drawn digits depend on seed, stream and index alone, and can be told apart. */
#include "commands/dataset/digits.h"
#include "support/support.h"

#include <string.h>

enum { PIXELS = VD_DIGITS_SIDE * VD_DIGITS_SIDE };

static vd_digits *digits;

static void make(void)
{
    digits = vd_digits_make();
}

static void unmake(void)
{
    vd_digits_free(digits);
}

static int differ(uint64_t seed_a, uint64_t stream_a, uint64_t i_a, uint64_t seed_b, uint64_t stream_b, uint64_t i_b)
{
    unsigned char a[PIXELS], b[PIXELS];
    vd_digits_draw(digits, seed_a, stream_a, i_a, a);
    vd_digits_draw(digits, seed_b, stream_b, i_b, b);
    return memcmp(a, b, PIXELS) != 0;
}

START_TEST(a_picture_depends_on_seed_stream_and_index_alone)
{
    unsigned char before[PIXELS];
    for (uint64_t i = 0; i < 50; ++i) {
        memset(before, (int)i, PIXELS);
        vd_digits_draw(digits, 1, VD_DIGITS_TRAIN, i, before);
        vd_digits *other = vd_digits_make();
        unsigned char after[PIXELS] = {0};
        vd_digits_draw(other, 1, VD_DIGITS_TRAIN, i, after);
        vd_digits_free(other);
        ck_assert_mem_eq(before, after, PIXELS);
    }
}
END_TEST

START_TEST(another_seed_stream_or_index_draws_another_picture)
{
    for (uint64_t i = 0; i < 200; ++i) {
        ck_assert(differ(1, VD_DIGITS_TRAIN, i, 2, VD_DIGITS_TRAIN, i));
        ck_assert(differ(1, VD_DIGITS_TRAIN, i, 1, VD_DIGITS_TEST, i));
        ck_assert(differ(1, VD_DIGITS_TRAIN, i, 1, VD_DIGITS_TRAIN, i + VD_DIGITS_CLASSES));
        /* seed, stream and index are not simply added */
        ck_assert(differ(1, VD_DIGITS_TRAIN, i + 10, 11, VD_DIGITS_TRAIN, i));
    }
}
END_TEST

START_TEST(every_machine_draws_the_same_bytes)
{
    /* FNV-1a over the first 1000 pictures of each stream, seed 1; changing it makes every measured figure stale */
    uint64_t hash = UINT64_C(14695981039346656037);
    for (uint64_t i = 0; i < 2000; ++i) {
        unsigned char pixels[PIXELS];
        vd_digits_draw(digits, 1, i < 1000 ? VD_DIGITS_TRAIN : VD_DIGITS_TEST, i % 1000, pixels);
        for (int j = 0; j < PIXELS; ++j) hash = (hash ^ pixels[j]) * UINT64_C(1099511628211);
    }
    ck_assert_uint_eq(hash, UINT64_C(0x2cc05c017d752ae5));
}
END_TEST

START_TEST(classes_are_balanced)
{
    unsigned char pixels[PIXELS];
    int count[VD_DIGITS_CLASSES] = {0};
    for (uint64_t i = 0; i < 100; ++i) {
        int label = vd_digits_draw(digits, 1, VD_DIGITS_TEST, i, pixels);
        ck_assert_int_ge(label, 0);
        ck_assert_int_lt(label, VD_DIGITS_CLASSES);
        ++count[label];
    }
    for (int k = 0; k < VD_DIGITS_CLASSES; ++k) ck_assert_int_eq(count[k], 10);
}
END_TEST

START_TEST(digits_are_white_on_black_and_seldom_touch_the_edge)
{
    int touching = 0;
    for (uint64_t i = 0; i < 1000; ++i) {
        unsigned char pixels[PIXELS];
        int bright = 0, on_edge = 0;
        vd_digits_draw(digits, 3, VD_DIGITS_TRAIN, i, pixels);
        for (int y = 0; y < VD_DIGITS_SIDE; ++y) {
            for (int x = 0; x < VD_DIGITS_SIDE; ++x) {
                int on = pixels[y * VD_DIGITS_SIDE + x] > 100;
                bright += on;
                on_edge += on && (x == 0 || y == 0 || x == VD_DIGITS_SIDE - 1 || y == VD_DIGITS_SIDE - 1);
            }
        }
        ck_assert_msg(bright >= 15 && bright <= PIXELS / 2, "picture %d has %d bright pixels", (int)i, bright);
        ck_assert_msg(on_edge <= 12, "picture %d has %d bright pixels on its edge", (int)i, on_edge);
        touching += on_edge > 0;
    }
    ck_assert_int_lt(touching, 50); /* of 1000 */
}
END_TEST

/* the mean picture of each class over 100 training pictures finds the class of most others: so the label is that of
 * the glyph drawn; but not of all, or a linear classifier would have nothing to fail at */
START_TEST(the_nearest_class_mean_is_often_but_not_always_right)
{
    static double mean[VD_DIGITS_CLASSES][PIXELS];
    unsigned char pixels[PIXELS];
    int right = 0;
    for (uint64_t i = 0; i < 1000; ++i) {
        int label = vd_digits_draw(digits, 1, VD_DIGITS_TRAIN, i, pixels);
        for (int j = 0; j < PIXELS; ++j) mean[label][j] += pixels[j] / 100.;
    }
    for (uint64_t i = 0; i < 1000; ++i) {
        int label = vd_digits_draw(digits, 1, VD_DIGITS_TEST, i, pixels), best = 0;
        double least = 1e300;
        for (int k = 0; k < VD_DIGITS_CLASSES; ++k) {
            double sum = 0;
            for (int j = 0; j < PIXELS; ++j) sum += (pixels[j] - mean[k][j]) * (pixels[j] - mean[k][j]);
            if (sum < least) {
                least = sum;
                best = k;
            }
        }
        right += best == label;
    }
    ck_assert_int_gt(right, 500);
    ck_assert_int_lt(right, 900);
}
END_TEST

START_TEST(random_bits_are_even)
{
    int count[64] = {0};
    for (uint64_t i = 0; i < 10000; ++i) {
        uint64_t bits = vd_digits_bits(1, VD_DIGITS_LABELS, i);
        for (int b = 0; b < 64; ++b) count[b] += bits >> b & 1;
    }
    for (int b = 0; b < 64; ++b) { /* five standard deviations of a fair coin */
        ck_assert_int_gt(count[b], 4750);
        ck_assert_int_lt(count[b], 5250);
    }
}
END_TEST

SUITE_OF(digits)
{
    EACH(make, unmake);
    TEST(a_picture_depends_on_seed_stream_and_index_alone);
    TEST(another_seed_stream_or_index_draws_another_picture);
    TEST(every_machine_draws_the_same_bytes);
    TEST(classes_are_balanced);
    TEST(digits_are_white_on_black_and_seldom_touch_the_edge);
    TEST(the_nearest_class_mean_is_often_but_not_always_right);
    TEST(random_bits_are_even);
}
