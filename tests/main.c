/* Runs every suite named in suites.h, which the Makefile makes from the names of the test files. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define SUITE(name) Suite *name##_suite(void);
#include "suites.h"
#undef SUITE

int tests_skipped;

int main(void)
{
    SRunner *runner = srunner_create(0);
    setvbuf(stdout, 0, _IOLBF, 0);
#define SUITE(name) srunner_add_suite(runner, name##_suite());
#include "suites.h"
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner), run = srunner_ntests_run(runner);
    srunner_free(runner);
    printf("%d passed, %d failed", run - failed, failed);
    if (tests_skipped) printf(", %d skipped", tests_skipped);
    printf("\n");
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
