/* data/loader.c: threads share the loading of a batch; and resized pictures equal those interpolated pixel by pixel. */
#include "data/loader.h"
#include "support/support.h"
#include "commands/dataset/png.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "image.h"

enum { PARTS = 32 };

typedef struct {
    atomic_int loaded;
    int milliseconds;
    pthread_t thread;
} part;

static void *load(void *context)
{
    part *p = context;
    struct timespec t = {.tv_nsec = p->milliseconds * 1000000L};
    nanosleep(&t, 0);
    p->thread = pthread_self();
    atomic_fetch_add(&p->loaded, 1);
    return 0;
}

/* how many parts another thread loaded */
static int run_parts(int n, int milliseconds)
{
    part parts[PARTS] = {0};
    void *pointers[PARTS];
    int helped = 0;
    for (int i = 0; i < n; ++i) parts[i].milliseconds = milliseconds, pointers[i] = parts + i;
    loader_run(n, pointers, load);
    for (int i = 0; i < n; ++i) {
        ck_assert_int_eq(parts[i].loaded, 1);
        helped += !pthread_equal(parts[i].thread, pthread_self());
    }
    return helped;
}

START_TEST(every_part_is_loaded_once_by_any_number_of_threads)
{
    static const char *const threads[] = {"1", "2", "3", "200"};
    setenv("DARKNET_THREADS", threads[_i], 1);
    run_parts(0, 0);
    run_parts(1, 3);
    run_parts(2, 3);
    run_parts(PARTS, 0);
    int helped = run_parts(PARTS, 3);
    if (_i == 0) ck_assert_int_eq(helped, 0);
    else ck_assert_int_gt(helped, 0);
}
END_TEST

/* ---- the shortcut for pictures that stay where they are ---- */

/* all bytes a decoded picture can hold, as load_image_stb() makes them, shuffled */
static image picture(int w, int h, int c)
{
    image im = make_image(w, h, c);
    for (int i = 0; i < w * h * c; ++i) im.data[i] = (float)((i * 167 + 13) % 256) / 255.;
    return im;
}

/* on a canvas one pixel wider all around, the same pixels are interpolated, as stock Darknet does */
START_TEST(a_picture_that_is_not_moved_is_the_interpolated_one_bit_by_bit)
{
    static const struct {
        int w, h, c;
    } shapes[] = {{28, 28, 1}, {31, 18, 1}, {16, 33, 3}, {1, 1, 3}};
    int w = shapes[_i].w, h = shapes[_i].h, c = shapes[_i].c;
    image im = picture(w, h, c), copy = rotate_crop_image(im, 0, 1, w, h, 0, 0, 1);
    image wide = rotate_crop_image(im, 0, 1, w + 2, h + 2, 0, 0, 1);
    ck_assert(copy.data != im.data);
    ck_assert(copy.w == w && copy.h == h && copy.c == c);
    for (int k = 0; k < c; ++k)
        for (int y = 0; y < h; ++y) {
            const float *row = copy.data + (k * h + y) * w,
                        *interpolated = wide.data + (k * (h + 2) + y + 1) * (w + 2) + 1;
            ck_assert_int_eq(memcmp(row, interpolated, (size_t)w * sizeof(float)), 0);
            ck_assert_int_eq(memcmp(row, im.data + (k * h + y) * w, (size_t)w * sizeof(float)), 0);
        }
    free_image(im), free_image(copy), free_image(wide);
}
END_TEST

START_TEST(a_picture_that_is_moved_at_all_is_interpolated)
{
    static const struct {
        float rad, scale, dx, dy, aspect;
    } moves[] = {
        {.001f, 1, 0, 0, 1}, {0, 1.001f, 0, 0, 1}, {0, 1, .01f, 0, 1}, {0, 1, 0, -.01f, 1}, {0, 1, 0, 0, 1.001f}};
    image im = picture(28, 28, 1);
    image moved =
        rotate_crop_image(im, moves[_i].rad, moves[_i].scale, 28, 28, moves[_i].dx, moves[_i].dy, moves[_i].aspect);
    ck_assert_int_ne(memcmp(im.data, moved.data, 28 * 28 * sizeof(float)), 0);
    free_image(im), free_image(moved);
}
END_TEST

/* three planes are read pixel by pixel, one plane at once */
START_TEST(a_grey_picture_has_the_numbers_of_each_plane_of_a_coloured_one)
{
    enum { SIDE = 16, PIXELS = SIDE * SIDE };
    unsigned char bytes[PIXELS];
    char *folder = make_folder(), *path = in_folder(folder, "all.png");
    for (int i = 0; i < PIXELS; ++i) bytes[i] = (unsigned char)(167 * i);
    vd_png_write(path, SIDE, SIDE, 1, bytes);
    image grey = load_image(path, 0, 0, 1), colour = load_image(path, 0, 0, 3);
    ck_assert_int_eq(grey.c, 1);
    ck_assert_int_eq(colour.c, 3);
    for (int k = 0; k < 3; ++k)
        ck_assert_int_eq(memcmp(grey.data, colour.data + k * PIXELS, PIXELS * sizeof(float)), 0);
    for (int i = 0; i < PIXELS; ++i) ck_assert(close_to(grey.data[i], bytes[i] / 255., 1e-6, 0));
    free_image(grey), free_image(colour);
    remove_folder(folder);
    free(path);
}
END_TEST

SUITE_OF(loader)
{
    LOOP(every_part_is_loaded_once_by_any_number_of_threads, 4);
    LOOP(a_picture_that_is_not_moved_is_the_interpolated_one_bit_by_bit, 4);
    LOOP(a_picture_that_is_moved_at_all_is_interpolated, 5);
    TEST(a_grey_picture_has_the_numbers_of_each_plane_of_a_coloured_one);
}
