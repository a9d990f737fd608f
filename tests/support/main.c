/* Runs every suite named in suites.h, which the Makefile makes from the names of the test files. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SUITE(name) Suite *name##_suite(void);
#include "suites.h"
#undef SUITE

test_counts *tests;

int main(void)
{
    SRunner *runner = srunner_create(0);
    tests = mmap(0, sizeof(*tests), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tests == MAP_FAILED) return EXIT_FAILURE;
    tests->runner = getpid();
    setvbuf(stdout, 0, _IOLBF, 0);
    setenv("XDG_CACHE_HOME", "/dev/null", 1); /* nothing in there: trainings leave the user's choices alone */
    const char *suite = getenv("CK_RUN_SUITE");
#define SUITE(name) \
    if (!suite || !strcmp(suite, #name)) srunner_add_suite(runner, name##_suite());
#include "suites.h"
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner), run = srunner_ntests_run(runner);
    srunner_free(runner);
    printf("%d passed, %d failed", run - failed - tests->skipped_inside, failed);
    if (tests->skipped) printf(", %d skipped", tests->skipped);
    printf("\n");
    if (!run) fprintf(stderr, "CK_RUN_SUITE=%s: no tests of this name\n", suite ? suite : "");
    return failed || !run ? EXIT_FAILURE : EXIT_SUCCESS; /* check 0.15 passes when a name selects no tests */
}
