/* weights/trailer.c refuses, by name, files that are no weights, damaged, or of another network. */
#include "support/weights_file.h"
#include "base/fail.h"
#include "base/text.h"
#include "weights/trailer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* the good file with four bytes at an offset replaced, expect_refused() */
static void expect_number_refused(size_t offset, uint32_t number, const char *culprit)
{
    char *bad = vd_calloc(SIZE, 1);
    memcpy(bad, good, SIZE);
    memcpy(bad + offset, &number, sizeof(number));
    expect_refused(vd_cfg, bad, SIZE, culprit);
    free(bad);
}

START_TEST(files_that_are_no_weights_are_refused)
{
    static const char text[] = "[net]\nbatch=1\n# this is a cfg, given in the place of the weights\n";
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1c\0\0\0\x1c\x08\0\0\0\0";
    static const int32_t huge_version[] = {0, 2000000, 0, 0, 0, 0};
    const char *const cfgs[] = {vd_cfg, plain_cfg};
    for (int i = 0; i < 2; ++i) {
        expect_refused(cfgs[i], "", 0, "0 bytes are too few");
        expect_refused(cfgs[i], good, 3, "3 bytes are too few");
        expect_refused(cfgs[i], good, 10, "10 bytes are too few");
        expect_refused(cfgs[i], good, 19, "19 bytes are too few");
        expect_refused(cfgs[i], text, sizeof(text) - 1, "not a Darknet weights file");
        expect_refused(cfgs[i], png, sizeof(png) - 1, "not a Darknet weights file");
        expect_refused(cfgs[i], huge_version, sizeof(huge_version), "not a Darknet weights file (version 0.2000000.0)");
    }
}
END_TEST

START_TEST(a_directory_or_a_missing_file_is_refused)
{
    outcome o = load(vd_cfg, folder, 0);
    ck_assert_int_eq(o.status, 1);
    char *expected = vd_format("%s: is a directory\n", folder), *missing = in_folder(folder, "missing.weights");
    ck_assert_msg(strstr(o.err, expected) != 0, "%s", o.err);
    free(o.err);
    o = load(vd_cfg, missing, 0);
    ck_assert_int_eq(o.status, 1);
    ck_assert_msg(strstr(o.err, missing) && strstr(o.err, "No such file"), "%s", o.err);
    free(o.err);
    free(expected);
    free(missing);
}
END_TEST

/* where a file may end: after the header or after a layer with weights, as `partial` writes for a network without
 * variational layers */
START_TEST(a_file_cut_anywhere_but_behind_a_layer_is_refused)
{
    static const int boundaries[] = {HEADER, HEADER + CONV_PART, HEADER + CONV_PART + PLAIN_PART, STOCK};
    for (int n = 0; n < SIZE; ++n) {
        int boundary = 0;
        for (int i = 0; i < 4; ++i) boundary |= n == boundaries[i];
        if (boundary) {
            expect_accepted(vd_cfg, good, n, "(a plain weights file: log_sigma2 keeps its initial value)");
        } else {
            const char *culprit = n < HEADER                            ? "too few"
                                  : n < HEADER + CONV_PART              ? "ends inside layer 0 (convolutional)"
                                  : n < HEADER + CONV_PART + PLAIN_PART ? "ends inside layer 2 (connected)"
                                  : n < STOCK                           ? "ends inside layer 3 (connected)"
                                                                        : "bytes are left after the last layer";
            expect_refused(vd_cfg, good, n, culprit);
        }
    }
}
END_TEST

START_TEST(bytes_too_many_are_refused)
{
    char *longer = vd_calloc(SIZE + 4, 1);
    memcpy(longer, good, SIZE);
    expect_refused(vd_cfg, longer, SIZE + 1, "bytes are left after the last layer");
    expect_refused(vd_cfg, longer, SIZE + 4, "bytes are left after the last layer");
    expect_refused(vd_cfg, longer, STOCK + 1, "1 bytes are left after the last layer");
    /* between the stock part and the trailer */
    memcpy(longer + STOCK + 4, good + STOCK, SIZE - STOCK);
    memset(longer + STOCK, 0, 4);
    longer[SIZE + 4 - 8] += 4;
    expect_refused(vd_cfg, longer, SIZE + 4, "4 bytes are left after the last layer");
    free(longer);
}
END_TEST

START_TEST(a_trailer_that_does_not_fit_together_is_refused)
{
    expect_number_refused(FOOTER + 4, 3, "VDLS");
    expect_number_refused(FOOTER + 4, 1, "VDLS trailer: after 1 entries, ");
    expect_number_refused(FOOTER + 4, 0, "VDLS trailer: after 0 entries, ");
    expect_number_refused(FOOTER + 4, 0xffffffff, "VDLS");
    expect_number_refused(FOOTER + 8, SIZE, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 8, SIZE + 1000000, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 8, 0, "VDLS trailer at byte 0");
    expect_number_refused(FOOTER + 8, 15, "VDLS trailer at byte 15");
    expect_number_refused(FOOTER + 8, 0xffffffff, "VDLS trailer at byte 4294967295");
    expect_number_refused(FOOTER + 12, 0x80000000, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 12, 0xffffffff, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 8, STOCK - 4, "VDLS");
    expect_number_refused(FOOTER + 8, STOCK + 4, "VDLS");
    expect_number_refused(FOOTER + 8, FOOTER, "VDLS trailer ends before entry 1 of 2");
}
END_TEST

START_TEST(a_wrong_count_in_an_entry_is_refused)
{
    static const uint32_t counts[] = {0, 1, CONV_W - 1, CONV_W + 1, 1000000, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < COUNT_OF(counts); ++i) {
        expect_number_refused(ENTRY0 + 4, counts[i], "VDLS");
        expect_number_refused(ENTRY3 + 4, counts[i], "VDLS");
    }
    /* counts that fit together but not the layers: swapped entries */
    char *bad = vd_calloc(SIZE, 1);
    memcpy(bad, good, SIZE);
    bad[ENTRY0] = 3;
    bad[ENTRY3] = 0;
    expect_refused(vd_cfg, bad, SIZE, "VDLS entry for layer 3 has 24 values, but the layer has 12 weights");
    free(bad);
}
END_TEST

START_TEST(a_wrong_index_in_an_entry_is_refused)
{
    expect_number_refused(ENTRY3, 6, "VDLS entry for layer 6, but the network has layers 0 to 5");
    expect_number_refused(ENTRY3, 0x7fffffff, "VDLS entry for layer 2147483647");
    expect_number_refused(ENTRY3, 0xffffffff, "VDLS entry for layer -1");
    expect_number_refused(ENTRY0, 0x80000000, "VDLS entry for layer -2147483648");
}
END_TEST

START_TEST(a_layer_with_two_entries_is_refused)
{
    /* three entries: 0, 3 and 3 again */
    enum { MORE = 8 + 4 * LAST_W };
    char *bad = vd_calloc(SIZE + MORE, 1);
    memcpy(bad, good, FOOTER);
    memcpy(bad + FOOTER, good + ENTRY3, MORE);
    memcpy(bad + FOOTER + MORE, good + FOOTER, 16);
    bad[FOOTER + MORE + 4] = 3;
    expect_refused(vd_cfg, bad, SIZE + MORE, "two entries for layer 3");
    free(bad);
}
END_TEST

START_TEST(values_that_are_not_finite_are_refused)
{
    expect_number_refused(ENTRY0 + 8, 0x7fc00000, "layer 0: log_sigma2[0] is not finite");
    expect_number_refused(ENTRY0 + 8 + 4 * (CONV_W - 1), 0x7f800000, "layer 0: log_sigma2[23] is not finite");
    expect_number_refused(ENTRY3 + 8 + 4 * 5, 0xff800000, "layer 3: log_sigma2[5] is not finite");
}
END_TEST

/* one bit of the file, and every output would be NaN */
START_TEST(a_variance_below_0_is_refused)
{
    enum { VARIANCE = HEADER + 4 * 3 * 3 };
    expect_number_refused(VARIANCE + 4, 0xbf800000, "layer 0: rolling_variance[1] is -1: 0 or more is expected");
}
END_TEST

START_TEST(weights_of_another_network_are_refused)
{
    static const char bigger[] = NET "[vd_convolutional]\n" CONV POOL "[connected]\noutput=40\nactivation=relu\n"
                                     "[vd_connected]\n" LAST "[softmax]\n" COST;
    static const char smaller[] = NET "[vd_convolutional]\n" CONV POOL "[connected]\noutput=1\nactivation=relu\n"
                                      "[vd_connected]\n" LAST "[softmax]\n" COST;
    static const char longer[] =
        NET "[vd_convolutional]\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[vd_connected]\n" LAST "[softmax]\n" COST;
    expect_refused(bigger, good, SIZE, "ends inside layer 2 (connected): truncated, or weights of another network");
    expect_refused(smaller, good, SIZE, "bytes are left after the last layer: weights of another network");
    expect_refused(smaller, good, STOCK, "bytes are left after the last layer: weights of another network");
    /* a network with more layers than the file is what a partial file is for */
    expect_accepted(longer, good, SIZE, "(no log_sigma2 for 1 layers: they keep their initial value)");
    /* this build checks what stock Darknet does not */
    static const char plain_bigger[] = NET "[convolutional]\n" CONV POOL "[connected]\noutput=40\n[softmax]\n";
    expect_refused(plain_bigger, good, STOCK, "ends inside layer 2");
}
END_TEST

/* what the first layer leaves in the file would go into the layers after it */
START_TEST(a_file_with_weights_that_the_cfg_leaves_out_is_refused)
{
    static const char *const keys[] = {"dontload=1\n", "dontloadscales=1\n", "numload=2\n"};
    for (int i = 0; i < COUNT_OF(keys); ++i) {
        char *cfg =
            vd_format(NET "[vd_convolutional]\n%s" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST, keys[i]);
        expect_refused(cfg, good, SIZE, "bytes are left after the last layer: it has weights that by dontload");
        free(cfg);
    }
    /* where the last layer stays, too, the file may go on: but not with all that both take */
    static const char both[] =
        NET "[vd_convolutional]\ndontload=1\n" CONV POOL PLAIN "[vd_connected]\ndontload=1\n" LAST "[softmax]\n" COST;
    expect_refused(both, good, SIZE, "bytes are left after the last layer: it has weights that by dontload");
}
END_TEST

/* a file on a disk that fails: the first page of a program's memory cannot be read */
static void read_what_cannot_be_read(const char *file)
{
    char *cfg = in_folder(folder, "vd.cfg");
    float number;
    write_text(cfg, vd_cfg);
    network *net = parse_network_cfg(cfg);
    FILE *fp = fopen(file, "rb"), *failing = fopen("/proc/self/mem", "rb");
    if (!fp || !failing) _exit(98);
    vd_weights_file f;
    vd_weights_load_begin(&f, file, fp);
    f.fp = failing;
    vd_weights_load_numbers(&f, net, &number, 1);
}

START_TEST(a_file_that_cannot_be_read_is_not_called_one_of_another_network)
{
    char *err, *expected = vd_format("%s: cannot be read: Input/output error\n", path);
    ck_assert_int_eq(in_child(read_what_cannot_be_read, path, &err), 1);
    ck_assert_msg(strstr(err, expected) != 0, "%s", err);
    free(err), free(expected);
}
END_TEST

SUITE_OF(trailer_refused)
{
    TIMEOUT(240);
    EACH(make_good_file, remove_good_file);
    TEST(files_that_are_no_weights_are_refused);
    TEST(a_directory_or_a_missing_file_is_refused);
    TEST(a_file_cut_anywhere_but_behind_a_layer_is_refused);
    TEST(bytes_too_many_are_refused);
    TEST(a_trailer_that_does_not_fit_together_is_refused);
    TEST(a_wrong_count_in_an_entry_is_refused);
    TEST(a_wrong_index_in_an_entry_is_refused);
    TEST(a_layer_with_two_entries_is_refused);
    TEST(values_that_are_not_finite_are_refused);
    TEST(a_variance_below_0_is_refused);
    TEST(weights_of_another_network_are_refused);
    TEST(a_file_with_weights_that_the_cfg_leaves_out_is_refused);
    TEST(a_file_that_cannot_be_read_is_not_called_one_of_another_network);
}
