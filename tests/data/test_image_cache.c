/* data/image_cache.c, ahead.c, picture_file.c, picture.c: a picture is decoded once, and every loader gets the same
 * pixels. */
#include "data/image_cache.h"
#include "data/picture.h"
#include "support/support.h"
#include "commands/dataset/png.h"
#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>

enum { W = 9, H = 7, PIXELS = W * H, PICTURES = 20 };

static char *paths[PICTURES];

static void write_picture(int p, int shade)
{
    unsigned char bytes[PIXELS];
    for (int i = 0; i < PIXELS; ++i) bytes[i] = (unsigned char)(i + shade);
    vd_png_write(paths[p], W, H, 1, bytes);
}

static void setup(void)
{
    make_test_folder();
    for (int p = 0; p < PICTURES; ++p) {
        char *name = vd_format("%d.png", p);
        paths[p] = in_folder(folder, name);
        free(name);
        write_picture(p, p);
    }
}

static void teardown(void)
{
    for (int p = 0; p < PICTURES; ++p) free(paths[p]);
    remove_test_folder();
}

/* the shade of the picture a path gives with one channel or three */
static int shade_of(int p, int channels)
{
    int w = 0, h = 0, c = 0;
    unsigned char *own;
    const unsigned char *pixels = image_cache_load(paths[p], &w, &h, &c, channels, &own);
    ck_assert_ptr_nonnull(pixels);
    ck_assert(w == W && h == H && c == 1); /* c is the file's */
    int shade = pixels[0];
    for (int i = 0; i < channels * PIXELS; ++i) ck_assert_int_eq(pixels[i], (i / channels + shade) % 256);
    free(own);
    return shade;
}

START_TEST(a_loader_gets_what_was_decoded_first_and_others_the_file)
{
    image_cache_begin();
    for (int channels = 1; channels <= 3; channels += 2) ck_assert_int_eq(shade_of(0, channels), 0);
    write_picture(0, 100);
    for (int again = 0; again < 2; ++again)
        for (int channels = 1; channels <= 3; channels += 2) ck_assert_int_eq(shade_of(0, channels), 0);
    image_cache_end();
    ck_assert_int_eq(shade_of(0, 1), 100);
}
END_TEST

START_TEST(without_memory_to_spare_every_picture_is_decoded_anew)
{
    setenv("DARKNET_IMAGE_CACHE", "0", 1);
    image_cache_begin();
    ck_assert_int_eq(shade_of(0, 1), 0);
    write_picture(0, 100);
    ck_assert_int_eq(shade_of(0, 1), 100);
    image_cache_end();
}
END_TEST

START_TEST(a_picture_that_cannot_be_decoded_is_null_each_time)
{
    int w, h, c;
    unsigned char *own;
    write_text(paths[0], "no picture");
    image_cache_begin();
    for (int again = 0; again < 2; ++again) ck_assert_ptr_null(image_cache_load(paths[0], &w, &h, &c, 1, &own));
    write_picture(0, 3);
    ck_assert_int_eq(shade_of(0, 1), 3);
    image_cache_end();
}
END_TEST

START_TEST(what_was_decoded_ahead_is_what_the_thread_gets_next)
{
    setenv("DARKNET_IMAGE_CACHE", "0", 1);
    image_cache_begin();
    ck_assert_ptr_null(image_cache_ahead(paths[0], 1, 1));
    ck_assert_ptr_null(image_cache_ahead(paths[1], 1, 0));
    ck_assert_ptr_null(image_cache_ahead(paths[2], 3, 1));
    for (int p = 0; p < 3; ++p) write_picture(p, 100);
    ck_assert_int_eq(shade_of(0, 3), 100); /* of other channels */
    ck_assert_int_eq(shade_of(0, 1), 0);
    ck_assert_int_eq(shade_of(0, 1), 100); /* once */
    ck_assert_int_eq(shade_of(1, 1), 100); /* was not kept */
    image_cache_end();
    ck_assert_int_eq(shade_of(2, 3), 100); /* not beyond the end */
    remove(paths[0]);
    char *fault = image_cache_ahead(paths[0], 1, 1);
    ck_assert_str_eq(fault, "No such file or directory");
    free(fault);
    write_text(paths[0], "no picture");
    fault = image_cache_ahead(paths[0], 1, 1);
    ck_assert_str_eq(fault, "unknown image type: JPEG, PNG, BMP, GIF, TGA, PSD, PNM, HDR and PIC are read");
    free(fault);
}
END_TEST

/* of as many channels as asked for; 0: the file's */
START_TEST(a_picture_has_planes_of_numbers_up_to_1)
{
    static const int channels[] = {0, 1, 3};
    image im = vd_picture(paths[5], channels[_i]);
    ck_assert(im.w == W && im.h == H && im.c == (_i ? channels[_i] : 1));
    for (int i = 0; i < im.c * PIXELS; ++i) ck_assert(im.data[i] == (float)((i % PIXELS + 5) / 255.));
    free_image(im);
}
END_TEST

static void *load_all(void *context)
{
    image_cache_begin();
    for (int i = 0; i < 20 * PICTURES; ++i) {
        image_cache_fetch(paths, i % PICTURES + 1);
        ck_assert_int_eq(shade_of(i % PICTURES, i % 3 ? 1 : 3), i % PICTURES);
    }
    image_cache_end();
    return context;
}

START_TEST(threads_share_the_pictures)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) ck_assert_int_eq(pthread_create(threads + i, 0, load_all, 0), 0);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], 0);
}
END_TEST

SUITE_OF(image_cache)
{
    EACH(setup, teardown);
    TEST(a_loader_gets_what_was_decoded_first_and_others_the_file);
    TEST(without_memory_to_spare_every_picture_is_decoded_anew);
    TEST(a_picture_that_cannot_be_decoded_is_null_each_time);
    TEST(what_was_decoded_ahead_is_what_the_thread_gets_next);
    LOOP(a_picture_has_planes_of_numbers_up_to_1, 3);
    TEST(threads_share_the_pictures);
}
