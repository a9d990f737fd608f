/* base/text.c: numbers read from text, text formatted. */
#include "support/support.h"
#include "base/stock_libc.h"
#include "base/text.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

START_TEST(numbers_are_read_whole_or_not_at_all)
{
    static const struct {
        const char *text;
        int ok;
        double value;
    } cases[] = {
        {"0", 1, 0},   {"3", 1, 3},    {"-8.5", 1, -8.5}, {"1e-3", 1, 1e-3},   {"+2", 1, 2},
        {".5", 1, .5}, {"5.", 1, 5},   {"-0", 1, -0.0},   {"1e308", 1, 1e308}, {"", 0, 0},
        {"abc", 0, 0}, {"3x", 0, 0},   {"3 ", 0, 0},      {"1,5", 0, 0},       {"nan", 0, 0},
        {"inf", 0, 0}, {"-inf", 0, 0}, {"1e999", 0, 0},   {"-1e999", 0, 0},    {"--1", 0, 0},
        {"1e", 0, 0},  {"-", 0, 0},    {"1 2", 0, 0},     {"0x10", 0, 0},      {" 1", 0, 0},
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

START_TEST(text_is_appended_to_nothing_and_to_text)
{
    char *s = 0;
    vd_append(&s, "%s", "");
    ck_assert_str_eq(s, "");
    for (int i = 0; i < 1000; ++i) vd_append(&s, "%s%d", i ? "," : "", i % 10);
    vd_append(&s, "%.3s", s + 1996);
    ck_assert_uint_eq(strlen(s), 2002);
    ck_assert_str_eq(s + 1996, "8,98,9");
    free(s);
}
END_TEST

START_TEST(words_are_joined_as_alternatives)
{
    static const char *const words[][4] = {{"a"}, {"a", "b"}, {"a", "b", "c"}}, *const said[] = {"a", "a or b",
                                                                                                 "a, b or c"};
    for (int i = 0; i < 3; ++i) {
        char *all = vd_alternatives(words[i]);
        ck_assert_str_eq(all, said[i]);
        free(all);
    }
}
END_TEST

START_TEST(a_file_name_follows_the_last_slash)
{
    static const char *const cases[][2] = {
        {"a/b/net.cfg", "net.cfg"}, {"net.cfg", "net.cfg"}, {"/net", "net"}, {"a/", ""}, {"", ""}};
    for (size_t i = 0; i < COUNT_OF(cases); ++i) ck_assert_str_eq(vd_file_name(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(a_word_is_found_in_a_list_as_a_whole)
{
    static const char words[] = "test train -c=n -cpuct=f valid";
    ck_assert_ptr_eq(vd_after_word(words, "test"), words + 4);
    ck_assert_str_eq(vd_after_word(words, "-c"), "=n -cpuct=f valid");
    ck_assert_str_eq(vd_after_word(words, "-cpuct"), "=f valid");
    ck_assert_str_eq(vd_after_word(words, "valid"), "");
    static const char *const none[] = {"", " ", "tes", "est", "train ", "test train", "-c=n", "-c=", "n", "validate"};
    for (size_t i = 0; i < COUNT_OF(none); ++i) ck_assert_msg(!vd_after_word(words, none[i]), "\"%s\"", none[i]);
    ck_assert_ptr_null(vd_after_word("", ""));
}
END_TEST

/* a program on the library may write numbers with a comma; files have a point */
START_TEST(numbers_have_a_point_in_every_locale)
{
    make_test_folder();
    char *path = in_folder(folder, "de_DE.UTF-8"),
         *line = vd_format("localedef -i de_DE -f UTF-8 %s >/dev/null 2>&1", path);
    int made = !system(line) && !setenv("LOCPATH", folder, 1) && setlocale(LC_ALL, "de_DE.UTF-8");
    if (!made) {
        skipped(1, "localedef of package locales is needed to make de_DE.UTF-8");
    } else {
        double value;
        float x;
        ck_assert(strtod("0,5", 0) == .5); /* it is such a locale */
        ck_assert(vd_parse_double("0.5", &value) && value == .5);
        ck_assert(stock_atof("0.25") == .25 && stock_strtod("0.125", 0) == .125);
        ck_assert(stock_sscanf("0.75", "%f", &x) == 1 && x == .75f);
        ck_assert(strtod("0,5", 0) == .5); /* the program's is back */
        setlocale(LC_ALL, "C");
    }
    free(line), free(path);
    remove_test_folder();
}
END_TEST

SUITE_OF(text)
{
    TEST(numbers_have_a_point_in_every_locale);
    TEST(numbers_are_read_whole_or_not_at_all);
    TEST(whole_numbers_are_decimal_and_fit_a_long);
    TEST(formatting_gives_a_string_of_any_length);
    TEST(text_is_appended_to_nothing_and_to_text);
    TEST(words_are_joined_as_alternatives);
    TEST(a_file_name_follows_the_last_slash);
    TEST(a_word_is_found_in_a_list_as_a_whole);
}
