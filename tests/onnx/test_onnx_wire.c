/* onnx/wire.c: protobuf's fields, written and read, and what is no field. The bytes are those of protobuf's own
 * examples (protobuf.dev/programming-guides/encoding). */
#include "support/support.h"

#include "onnx/wire.h"
#include "base/float_bits.h"

#include <stdlib.h>
#include <string.h>

static void expect_bytes(vd_wire *w, const char *bytes, size_t n)
{
    ck_assert_uint_eq(w->n, n);
    ck_assert(!memcmp(w->bytes, bytes, n));
    free(w->bytes);
    *w = (vd_wire){0};
}

START_TEST(fields_are_protobufs_bytes)
{
    vd_wire w = {0}, within = {0};
    vd_wire_number(&w, 1, 150);
    expect_bytes(&w, "\x08\x96\x01", 3);
    vd_wire_text(&w, 2, "testing");
    expect_bytes(&w, "\x12\x07testing", 9);
    vd_wire_number(&within, 1, 150);
    vd_wire_message(&w, 3, &within);
    expect_bytes(&w, "\x1a\x03\x08\x96\x01", 5);
    vd_wire_number(&w, 1, -2);
    expect_bytes(&w, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    vd_wire_float(&w, 20, 1);
    expect_bytes(&w, "\xa5\x01\0\0\x80\x3f", 6);
    ck_assert_ptr_null(within.bytes);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    static const int64_t numbers[] = {0, 1, 127, 128, -1, INT64_MAX, INT64_MIN};
    vd_wire w = {0};
    vd_wire_field f;
    for (int i = 0; i < COUNT_OF(numbers); ++i) vd_wire_number(&w, i + 1, numbers[i]);
    vd_wire_float(&w, 9, -.375f);
    vd_wire_bytes(&w, 300, "a\0b", 3);
    vd_wire_bytes(&w, 5, 0, 0);
    vd_wire_part p = {w.bytes, w.bytes + w.n};
    for (int i = 0; i < COUNT_OF(numbers); ++i) {
        ck_assert_int_eq(vd_wire_next(&p, &f), 1);
        ck_assert(f.kind == VD_WIRE_NUMBER && f.field == (uint64_t)i + 1 && (int64_t)f.number == numbers[i]);
    }
    ck_assert(vd_wire_next(&p, &f) == 1 && f.kind == VD_WIRE_FOUR_BYTES &&
              vd_float_of_bits((uint32_t)f.number) == -.375f);
    ck_assert(vd_wire_next(&p, &f) == 1 && f.kind == VD_WIRE_RUN && f.field == 300);
    ck_assert(f.part.end - f.part.at == 3 && !memcmp(f.part.at, "a\0b", 3));
    ck_assert(vd_wire_next(&p, &f) == 1 && f.part.end == f.part.at);
    ck_assert_int_eq(vd_wire_next(&p, &f), 0);
    free(w.bytes);
}
END_TEST

static void expect_damage(const char *bytes, size_t n)
{
    vd_wire_field f;
    unsigned char *copy = malloc(n); /* of its exact length, so that AddressSanitizer sees a read behind it */
    memcpy(copy, bytes, n);
    vd_wire_part p = {copy, copy + n};
    int got = vd_wire_next(&p, &f);
    ck_assert_msg(got == -1, "%d for field %d of %zu bytes", got, (int)f.field, n);
    ck_assert(p.at >= copy && p.at <= p.end);
    free(copy);
}

START_TEST(bytes_that_end_too_early_or_are_no_field_are_refused)
{
    expect_damage("\x80", 1);                                              /* a number's first byte alone */
    expect_damage("\x08", 1);                                              /* a field without its number */
    expect_damage("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12); /* more than 64 bits */
    expect_damage("\x12\x05test", 6);                                      /* a run longer than what is left */
    expect_damage("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    expect_damage("\x0d\0\0\0", 4); /* three of four bytes */
    expect_damage("\x09\0\0\0\0\0\0\0", 8);
    expect_damage("\x0b", 1);     /* a group, which nobody writes */
    expect_damage("\x02\x00", 2); /* field 0 */
}
END_TEST

SUITE_OF(onnx_wire)
{
    TEST(fields_are_protobufs_bytes);
    TEST(what_is_written_is_read);
    TEST(bytes_that_end_too_early_or_are_no_field_are_refused);
}
