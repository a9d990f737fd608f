/* training/progress.c and base/status_line.c: a line at the bottom of a terminal,
 * and none of it in what stays there. */
#include "support/digits.h"
#include "base/fail.h"
#include "base/text.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CFG                                                                                                            \
    "[net]\nbatch=20\nheight=28\nwidth=28\nchannels=1\nflip=0\nmax_crop=28\nseed=3\nadam=1\nmax_batches=40\n%s"        \
    "[vd_connected]\noutput=20\nactivation=relu\n[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n[vd_cost]\n" \
    "samples=200\n"

static char *cfg;

static void setup(void)
{
    make_digits(200, 10);
    cfg = in_folder(folder, "p.cfg");
    char *text = vd_format(CFG, "");
    write_text(cfg, text);
    free(text);
}

static void teardown(void)
{
    free(cfg);
    remove_digits();
}

/* a training whose stderr, and with stdout_too stdout, is a terminal of so many columns: all that it gets */
static char *on_terminal(const char *type, int columns, int stdout_too, int *status)
{
    enum { MOST = 1 << 20 };
    const char *program = getenv("DARKNET");
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    int terminal;
    char *text = vd_calloc(MOST + 1, 1);
    fflush(0);
    pid_t child = forkpty(&terminal, 0, 0, &size);
    ck_assert_int_ge(child, 0);
    if (!child) {
        setenv("TERM", type, 1);
        if (!stdout_too) dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        execlp(program ? program : "./darknet", "darknet", "classifier", "train", data_file, cfg, (char *)0);
        _exit(127);
    }
    for (ssize_t n, at = 0; at < MOST && (n = read(terminal, text + at, (size_t)(MOST - at))) > 0; at += n) continue;
    close(terminal);
    waitpid(child, status, 0);
    return text;
}

/* what a terminal shows in the end: "\r\033[K" empties the line it is in */
static void show(char *text)
{
    static const char erase[] = "\r\033[K";
    char *line = text, *to = text;
    for (char *at = text; *at;) {
        if (!strncmp(at, erase, strlen(erase))) {
            to = line;
            at += strlen(erase);
        } else if (*at == '\r') {
            ++at;
        } else {
            *to++ = *at;
            if (*at++ == '\n') line = to;
        }
    }
    *to = 0;
}

START_TEST(a_terminal_has_a_line_of_progress_that_leaves_nothing_behind)
{
    int status;
    char *text = on_terminal("xterm", 200, _i, &status);
    ck_assert_int_eq(status, 0);
    ck_assert_msg(strstr(text, "\r\033[Kbatch ") || !strncmp(text, "batch ", 6) || strstr(text, "\nbatch "), "%.3000s",
                  text);
    ck_assert_ptr_nonnull(strstr(text, " of 40, epoch "));
    ck_assert_ptr_nonnull(strstr(text, "loss "));
    show(text);
    ck_assert_msg(!strstr(text, " of 40, epoch"), "%s", text);
    ck_assert_int_eq(count_of(text, "\nvd: epoch "), 4);
    ck_assert_msg(text[strlen(text) - 1] == '\n', "%s", text);
    if (_i) ck_assert_ptr_nonnull(strstr(text, "\n40, 4.000: "));
    free(text);
}
END_TEST

START_TEST(a_narrow_terminal_gets_a_line_that_fits)
{
    int status;
    char *text = on_terminal("xterm", 30, 0, &status), *save = 0;
    ck_assert_int_eq(status, 0);
    int found = 0;
    for (char *part = strtok_r(text, "\r\n", &save); part; part = strtok_r(0, "\r\n", &save)) {
        const char *line = strstr(part, "\033[K") == part ? part + 3 : part;
        if (strncmp(line, "batch ", 6)) continue;
        ++found;
        ck_assert_uint_le(strlen(line), 29);
    }
    ck_assert_int_gt(found, 0);
    free(text);
}
END_TEST

START_TEST(a_terminal_that_cannot_erase_gets_none)
{
    int status;
    char *text = on_terminal("dumb", 200, 0, &status);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_null(strstr(text, " of 40, epoch"));
    free(text);
}
END_TEST

START_TEST(an_error_is_the_last_line)
{
    int status;
    char *text = vd_format(CFG, "learning_rate=1e30\n");
    write_text(cfg, text);
    free(text);
    text = on_terminal("xterm", 200, 1, &status);
    show(text);
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    ck_assert_msg(!strstr(text, " of 40, epoch"), "%s", text);
    ck_assert_msg(strstr(text, "training stopped; saved weights are unchanged\n"), "%s", text);
    free(text);
}
END_TEST

SUITE_OF(progress)
{
    EACH(setup, teardown);
    LOOP(a_terminal_has_a_line_of_progress_that_leaves_nothing_behind, 2);
    TEST(a_narrow_terminal_gets_a_line_that_fits);
    TEST(a_terminal_that_cannot_erase_gets_none);
    TEST(an_error_is_the_last_line);
}
