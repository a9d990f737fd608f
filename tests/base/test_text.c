/* base/text.c: numbers read from text, text formatted. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

START_TEST(numbers_are_read_whole_or_not_at_all)
{
    static const struct {
        const char *text;
        int ok;
        double value;
    } cases[] = {
        {"0", 1, 0},      {"3", 1, 3},     {"-8.5", 1, -8.5},   {"1e-3", 1, 1e-3}, {"+2", 1, 2},   {".5", 1, .5},
        {"5.", 1, 5},     {"-0", 1, -0.0}, {"1e308", 1, 1e308}, {"", 0, 0},        {"abc", 0, 0},  {"3x", 0, 0},
        {"3 ", 0, 0},     {"1,5", 0, 0},   {"nan", 0, 0},       {"inf", 0, 0},     {"-inf", 0, 0}, {"1e999", 0, 0},
        {"-1e999", 0, 0}, {"--1", 0, 0},   {"1e", 0, 0},        {"-", 0, 0},       {"1 2", 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        double value = 77;
        ck_assert_msg(vd_parse_double(cases[i].text, &value) == cases[i].ok, "\"%s\"", cases[i].text);
        ck_assert_msg(value == (cases[i].ok ? cases[i].value : 77), "\"%s\" gives %g", cases[i].text, value);
    }
    double value = 77;
    ck_assert_int_eq(vd_parse_double(0, &value), 0);
    ck_assert(value == 77);
}
END_TEST

START_TEST(whole_numbers_are_decimal_and_fit_a_long)
{
    static const struct {
        const char *text;
        int ok;
        long value;
    } cases[] = {
        {"0", 1, 0},
        {"42", 1, 42},
        {"-7", 1, -7},
        {"+7", 1, 7},
        {"010", 1, 10},
        {"9223372036854775807", 1, 9223372036854775807},
        {"9223372036854775808", 0, 0},
        {"-9223372036854775809", 0, 0},
        {"", 0, 0},
        {"abc", 0, 0},
        {"1.5", 0, 0},
        {"1e3", 0, 0},
        {"0x10", 0, 0},
        {"12a", 0, 0},
        {"7 ", 0, 0},
        {"-", 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        long value = 77;
        ck_assert_msg(vd_parse_long(cases[i].text, &value) == cases[i].ok, "\"%s\"", cases[i].text);
        ck_assert_msg(value == (cases[i].ok ? cases[i].value : 77), "\"%s\" gives %ld", cases[i].text, value);
    }
    long value = 77;
    ck_assert_int_eq(vd_parse_long(0, &value), 0);
    ck_assert(value == 77);
}
END_TEST

START_TEST(formatting_gives_a_string_of_any_length)
{
    char *s = vd_format("%0*d|%s", 5000, 7, "end");
    ck_assert_uint_eq(strlen(s), 5004);
    ck_assert_str_eq(s + 4998, "07|end");
    free(s);
}
END_TEST

SUITE_OF(text)
{
    TEST(numbers_are_read_whole_or_not_at_all);
    TEST(whole_numbers_are_decimal_and_fit_a_long);
    TEST(formatting_gives_a_string_of_any_length);
}
