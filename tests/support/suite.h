/* The list of tests that every test file ends in. For tests/layer/test_sparse.c:
 *
 *   SUITE_OF(sparse)                            makes Suite *sparse_suite(void), which main.c runs
 *   {
 *       TIMEOUT(240);                           seconds for each test; else CK_DEFAULT_TIMEOUT
 *       EACH(set_up, tear_down);                called around every test, in the test's own process
 *       ONCE(set_up, tear_down);                called around all tests, in the process that starts them
 *       TEST(groups_stay_dense);
 *       LOOP(sparse_and_dense_agree, NETS);     NETS tests, with _i from 0 to NETS - 1
 *       CASE("trained");                        the lines after it have their own TIMEOUT, EACH and ONCE
 *   }
 *
 * A test that is written and not listed does not compile: START_TEST makes a static variable of its name, and an
 * unused one is an error below. */
#ifndef TEST_SUITE_H
#define TEST_SUITE_H

#include <check.h>

#pragma GCC diagnostic error "-Wunused-variable"

/* libcheck writes a record for every check that holds, so that a crash can be located: for millions of them that takes
 * longer than the tests do. Here each check is recorded the first time it holds */
#undef ck_assert_msg
#define ck_assert_msg(expr, ...)                \
    ({                                          \
        static int noted;                       \
        if (!(expr)) ck_abort_msg(__VA_ARGS__); \
        if (!noted) noted = 1, mark_point();    \
        (void)0;                                \
    })
#undef ck_assert
#define ck_assert(expr) ck_assert_msg(expr, "Assertion '%s' failed", #expr)

#define SUITE_OF(name)                          \
    static void name##_tests(Suite *, TCase *); \
    Suite *name##_suite(void)                   \
    {                                           \
        Suite *suite = suite_create(#name);     \
        TCase *first = tcase_create(#name);     \
        suite_add_tcase(suite, first);          \
        name##_tests(suite, first);             \
        return suite;                           \
    }                                           \
    static void name##_tests(Suite *in_suite CK_ATTRIBUTE_UNUSED, TCase *in_case)

#define CASE(name) suite_add_tcase(in_suite, in_case = tcase_create(name))
#define TIMEOUT(seconds) tcase_set_timeout(in_case, seconds)
#define EACH(set_up, tear_down) tcase_add_checked_fixture(in_case, set_up, tear_down)
#define ONCE(set_up, tear_down) tcase_add_unchecked_fixture(in_case, set_up, tear_down)
#define TEST(name) tcase_add_test(in_case, name)
#define LOOP(name, n) LOOP_FROM(name, 0, n)
#define LOOP_FROM(name, first, end) tcase_add_loop_test(in_case, name, first, (int)(end))

#define COUNT_OF(array) (int)(sizeof(array) / sizeof(*(array)))

#endif
