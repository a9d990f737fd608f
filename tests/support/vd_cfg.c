#include "support/vd_cfg.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

char *cfg_path, *weights_path;

void make_cfg_folder(void)
{
    silence_stderr();
    make_test_folder();
    cfg_path = in_folder(folder, "bad-vd.cfg");
    weights_path = in_folder(folder, "some.weights");
}

void remove_cfg_folder(void)
{
    free(cfg_path);
    free(weights_path);
    remove_test_folder();
}

void expect_message(run_result r, const char *cfg, const char *expected)
{
    ck_assert_msg(r.status == 1, "status %d for\n%s%s", r.status, cfg, r.err);
    size_t n = strlen(r.err);
    ck_assert_msg(n && r.err[n - 1] == '\n', "no whole line for\n%s%s", cfg, r.err);
    r.err[n - 1] = 0;
    const char *last = strrchr(r.err, '\n') ? strrchr(r.err, '\n') + 1 : r.err, *found = strstr(r.err, cfg_path);
    ck_assert_msg(found >= last && strspn(last, " 0123456789") >= (size_t)(found - last),
                  "the last line is not about the file:\n%s%s", cfg, r.err);
    ck_assert_msg(!strcmp(found + strlen(cfg_path), expected), "expected \"%s\":\n%s%s", expected, cfg, r.err);
    for (char *line = strtok(r.err, "\n"); line && line < last; line = strtok(0, "\n"))
        ck_assert_msg(strstr(line, "Using default") || strstr(line, "->") || strstr(line, "built without oneDNN") ||
                          strstr(line, "layer     filters") || !strncmp(line + 6, "cost ", 5) ||
                          !strncmp(line + 6, "softmax ", 8),
                      "\"%s\" is said besides:\n%s", line, cfg);
}
