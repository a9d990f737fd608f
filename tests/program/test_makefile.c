/* The Makefile's own variables. */
#include "support/support.h"
#include "base/text.h"

#include <string.h>

START_TEST(a_path_with_a_blank_is_named_before_anything_is_done)
{
    static const char *const cases[][2] = {
        {"install", "PREFIX"}, {"uninstall", "PREFIX"}, {"install", "DESTDIR"},
        {"install", "MANDIR"}, {"all", "DARKNET_SRC"},  {"all", "CHART_JS"},
    };
    const char *goal = cases[_i][0], *name = cases[_i][1];
    char *setting = vd_format("%s=%s/x y", name, folder);
    char *line = vd_format("%s: a path with blanks is not supported", setting);
    run_result r = run((const char *const[]){"make", "-n", "--no-print-directory", goal, setting, 0});
    ck_assert_int_ne(r.status, 0);
    ck_assert_msg(strstr(r.err, line) != 0, "%s", r.err);
    ck_assert_str_eq(r.out, "");
    free(setting), free(line), free_run(r);
}
END_TEST

SUITE_OF(makefile)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(a_path_with_a_blank_is_named_before_anything_is_done, 6);
}
