/* data/glyphs.c: the letters Darknet writes beside boxes are in the program, and drawn on pictures of any channels. */
#include "support/support.h"
#include "data/glyphs.h"

#include <stdlib.h>

#include <stb/stb_image.h>

#include "image.h"

START_TEST(every_glyph_is_a_png_file_that_grows_with_its_size)
{
    for (int c = VD_GLYPH_FIRST; c < VD_GLYPH_FIRST + VD_GLYPH_CHARACTERS; ++c) {
        int height = 0;
        for (int size = 0; size < VD_GLYPH_SIZES; ++size) {
            int bytes, w, h, channels;
            const unsigned char *png = vd_glyph_png(c, size, &bytes);
            ck_assert_int_gt(bytes, 57);
            ck_assert_mem_eq(png, "\x89PNG\r\n\x1a\n", 8);
            ck_assert_mem_eq(png + bytes - 8, "IEND\xae\x42\x60\x82", 8);
            ck_assert(stbi_info_from_memory(png, bytes, &w, &h, &channels));
            ck_assert_int_gt(h, height);
            height = h;
        }
    }
}
END_TEST

/* Darknet's sources are below build/ */
START_TEST(the_table_holds_darknets_files_in_their_places)
{
    static const struct {
        int character, size;
        const char *path;
    } some[] = {{' ', 0, "build/darknet/data/labels/32_0.png"},
                {'A', 3, "build/darknet/data/labels/65_3.png"},
                {'~', 7, "build/darknet/data/labels/126_7.png"}};
    for (int i = 0; i < 3; ++i) {
        size_t n;
        int bytes;
        char *file = read_bytes(some[i].path, &n);
        const unsigned char *png = vd_glyph_png(some[i].character, some[i].size, &bytes);
        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(bytes, n);
        ck_assert_mem_eq(png, file, n);
        free(file);
    }
}
END_TEST

/* dark pixels of plane k */
static int ink(image m, int k)
{
    int n = 0;
    for (int i = 0; i < m.w * m.h; ++i) n += m.data[k * m.w * m.h + i] < .5f;
    return n;
}

/* a white picture with one object in it, named by a character that has a glyph and one that has none */
START_TEST(boxes_and_labels_are_drawn_on_pictures_of_one_three_and_four_channels)
{
    static const int channels[] = {1, 3, 4};
    image m = make_image(64, 64, channels[_i]), **alphabet = load_alphabet();
    float prob[] = {.9f, .8f};
    char *names[] = {"a\xc3\xa9", "b"};
    detection d = {.bbox = {.5f, .6f, .4f, .4f}, .classes = 2, .prob = prob, .objectness = 1};
    ck_assert_int_eq(alphabet[0]['a'].c, 3);
    for (int i = 0; i < 64 * 64 * m.c; ++i) m.data[i] = 1;
    draw_detections(m, &d, 1, .5f, names, alphabet, 2);
    for (int k = 0, dark = 0; k < m.c && k < 3; ++k) {
        dark += ink(m, k);
        if (k == m.c - 1 || k == 2) ck_assert_int_gt(dark, 4); /* the strokes of the letter */
    }
    draw_box(m, 1, 1, 62, 62, 0, 0, 0);
    for (int k = 0; k < m.c && k < 3; ++k) {
        ck_assert_float_eq(m.data[k * 64 * 64 + 64 + 1], 0);
        ck_assert_float_eq(m.data[k * 64 * 64 + 62 * 64 + 62], 0);
    }
    free_image(m);
}
END_TEST

SUITE_OF(glyphs)
{
    TEST(every_glyph_is_a_png_file_that_grows_with_its_size);
    TEST(the_table_holds_darknets_files_in_their_places);
    LOOP(boxes_and_labels_are_drawn_on_pictures_of_one_three_and_four_channels, 3);
}
