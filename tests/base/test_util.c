#include "support/support.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int files_in(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void expect_bytes(const char *path, const char *expected, size_t n)
{
    size_t got;
    char *data = read_bytes(path, &got);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(got, n);
    ck_assert_int_eq(memcmp(data, expected, n), 0);
    free(data);
}

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

static void die(const char *path)
{
    vd_die("%s: layer %d: culprit", path, 3);
}

START_TEST(dying_says_one_line_and_exits_with_1)
{
    char *err;
    ck_assert_int_eq(in_child(die, "net.cfg", &err), 1);
    ck_assert_str_eq(err, "net.cfg: layer 3: culprit\n");
    free(err);
}
END_TEST

static void ask_for_too_much(const char *path)
{
    (void)path;
    vd_calloc((size_t)1 << 62, 2);
}

START_TEST(memory_is_zeroed)
{
    unsigned char *p = vd_calloc(1000, 3);
    for (int i = 0; i < 3000; ++i) ck_assert_int_eq(p[i], 0);
    free(p);
    p = vd_calloc(0, 8);
    ck_assert_ptr_nonnull(p);
    free(p);
}
END_TEST

START_TEST(memory_that_is_not_there_is_named)
{
#ifdef __SANITIZE_ADDRESS__
    skipped(1, "too much memory: AddressSanitizer ends the program itself");
    return;
#endif
    char *err;
    ck_assert_int_eq(in_child(ask_for_too_much, 0, &err), 1);
    ck_assert_str_eq(err, "out of memory: 4611686018427387904 x 2 bytes asked for\n");
    free(err);
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

START_TEST(output_appears_at_its_close_and_not_before)
{
    char *folder = make_folder(), *path = in_folder(folder, "out");
    write_text(path, "the old file");
    for (int unsynced = 0; unsynced < 2; ++unsynced) {
        const char *text = unsynced ? "second" : "first";
        vd_output out = vd_output_open(path);
        ck_assert_int_ge(fputs(text, out.fp), 0);
        fflush(out.fp);
        ck_assert_int_eq(files_in(folder), 2);
        expect_bytes(path, unsynced ? "first" : "the old file", unsynced ? 5 : 12);
        if (unsynced) vd_output_close_unsynced(&out);
        else vd_output_close(&out);
        ck_assert_ptr_null(out.fp);
        expect_bytes(path, text, strlen(text));
        ck_assert_int_eq(files_in(folder), 1);
    }
    free(path);
    remove_folder(folder);
}
END_TEST

static void write_much(const char *path)
{
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
    vd_output out = vd_output_open(path);
    for (int i = 0; i < 100000; ++i) fputc('x', out.fp);
    vd_output_close(&out);
}

static void write_too_much_at_the_close(const char *path)
{
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
    vd_output out = vd_output_open(path);
    setvbuf(out.fp, 0, _IOFBF, 65536);
    for (int i = 0; i < 5000; ++i) fputc('x', out.fp); /* stays in the buffer */
    vd_output_close_unsynced(&out);
}

static void write_while_the_disk_is_full(const char *path)
{
    struct rlimit limit = {4096, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
    vd_output out = vd_output_open(path);
    for (int i = 0; i < 100000; ++i) fputc('x', out.fp);
    limit.rlim_cur = RLIM_INFINITY; /* there is room again when it is closed, but some bytes are lost */
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
    vd_output_close(&out);
}

START_TEST(a_full_disk_is_named_and_leaves_the_old_file_alone)
{
    static void (*const bodies[])(const char *) = {write_much, write_too_much_at_the_close,
                                                   write_while_the_disk_is_full};
    for (int i = 0; i < 3; ++i) {
        char *folder = make_folder(), *path = in_folder(folder, "out"), *err;
        write_text(path, "precious");
        ck_assert_int_eq(in_child(bodies[i], path, &err), 1);
        char *expected = vd_format("%s: not written: File too large\n", path);
        ck_assert_str_eq(err, expected);
        expect_bytes(path, "precious", 8);
        ck_assert_int_eq(files_in(folder), 1);
        free(expected);
        free(err);
        free(path);
        remove_folder(folder);
    }
}
END_TEST

START_TEST(a_symbolic_link_stays_one)
{
    char *folder = make_folder(), *path = in_folder(folder, "file"), *link = in_folder(folder, "link");
    struct stat st;
    write_text(path, "old");
    ck_assert_int_eq(symlink("file", link), 0);
    vd_output out = vd_output_open(link);
    fputs("new text", out.fp);
    vd_output_close(&out);
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    expect_bytes(path, "new text", 8);
    ck_assert_int_eq(files_in(folder), 2);
    free(path);
    free(link);
    remove_folder(folder);
}
END_TEST

static void open_and_close(const char *path)
{
    vd_output out = vd_output_open(path);
    fputs("text", out.fp);
    vd_output_close(&out);
}

START_TEST(a_link_to_what_is_not_there_yet_makes_it)
{
    char *folder = make_folder(), *path = in_folder(folder, "file"), *link = in_folder(folder, "link");
    struct stat st;
    for (int i = 0; i < 2; ++i) {
        ck_assert_int_eq(symlink(i ? path : "file", link), 0);
        open_and_close(link);
        ck_assert_int_eq(lstat(link, &st), 0);
        ck_assert(S_ISLNK(st.st_mode));
        expect_bytes(path, "text", 4);
        ck_assert_int_eq(remove(path) | remove(link), 0);
    }
    free(path);
    free(link);
    remove_folder(folder);
}
END_TEST

START_TEST(a_file_keeps_its_mode)
{
    static const mode_t modes[] = {0600, 0640, 0755};
    char *folder = make_folder(), *path = in_folder(folder, "file");
    struct stat st;
    for (int i = 0; i < 3; ++i) {
        write_text(path, "old");
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        open_and_close(path);
        expect_bytes(path, "text", 4);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, modes[i]);
    }
    free(path);
    remove_folder(folder);
}
END_TEST

/* root may write everything: as nobody */
static void open_and_close_as_nobody(const char *path)
{
    enum { NOBODY = 65534 };
    if (!geteuid() && (setgid(NOBODY) || setuid(NOBODY))) _exit(97);
    open_and_close(path);
}

START_TEST(a_file_that_may_not_be_written_is_not_replaced)
{
    char *folder = make_folder(), *path = in_folder(folder, "file"), *err;
    ck_assert_int_eq(chmod(folder, 0777), 0);
    write_text(path, "protected");
    ck_assert_int_eq(chmod(path, 0444), 0);
    int status = in_child(open_and_close_as_nobody, path, &err);
    if (status == 97) {
        skipped(1, "a file that may not be written (nobody cannot be become here)");
        remove_folder(folder);
        return;
    }
    ck_assert_int_eq(status, 1);
    char *expected = vd_format("%s: cannot write: Permission denied\n", path);
    ck_assert_str_eq(err, expected);
    expect_bytes(path, "protected", 9);
    ck_assert_int_eq(files_in(folder), 1);
    free(err), free(expected), free(path);
    remove_folder(folder);
}
END_TEST

START_TEST(a_pipe_or_device_is_written_into_and_not_replaced)
{
    char *folder = make_folder(), *path = in_folder(folder, "pipe"), text[16] = "";
    struct stat st;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDWR | O_NONBLOCK);
    ck_assert_int_ge(reader, 0);
    vd_output out = vd_output_open(path);
    fputs("through", out.fp);
    vd_output_close(&out);
    ck_assert_int_eq(read(reader, text, sizeof(text)), 7);
    ck_assert_str_eq(text, "through");
    close(reader);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISFIFO(st.st_mode));
    ck_assert_int_eq(files_in(folder), 1);
    free(path);
    remove_folder(folder);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_named)
{
    char *folder = make_folder(), *missing = in_folder(folder, "missing/out"), *err;
    ck_assert_int_eq(in_child(open_and_close, missing, &err), 1);
    char *expected = vd_format("%s: cannot write: No such file or directory\n", missing);
    ck_assert_str_eq(err, expected);
    free(expected);
    free(err);
    ck_assert_int_eq(in_child(open_and_close, folder, &err), 1);
    ck_assert_ptr_nonnull(strstr(err, folder));
    ck_assert_ptr_nonnull(strstr(err, "irectory"));
    ck_assert_int_eq(files_in(folder), 0);
    free(err);
    char *stray = vd_format("ls -d %s.tmp-* 2>/dev/null | grep -q .", folder);
    ck_assert_int_ne(system(stray), 0);
    free(stray);
    free(missing);
    remove_folder(folder);
}
END_TEST

/* until the end of the program takes the temporary file away */
static void *write_for_ever(void *path)
{
    for (;;) {
        vd_output out = vd_output_open(path);
        vd_output_close_unsynced(&out);
    }
    return 0;
}

static void *die_in_a_thread(void *path)
{
    vd_die("%s: the last line", (char *)path);
    return 0;
}

static void die_while_others_write(const char *folder)
{
    enum { WRITERS = 2 };
    pthread_t thread;
    for (int i = 0; i < WRITERS; ++i) {
        char *path = vd_format("%s/%d", folder, i);
        pthread_create(&thread, 0, write_for_ever, path);
    }
    usleep(2000);
    pthread_create(&thread, 0, die_in_a_thread, (void *)folder);
    pthread_join(thread, 0);
}

START_TEST(a_program_dies_in_peace_while_other_threads_write)
{
    for (int i = 0; i < 100; ++i) {
        char *folder = make_folder(), *err;
        char *expected = vd_format("%s: the last line\n", folder);
        ck_assert_int_eq(in_child(die_while_others_write, folder, &err), 1);
        ck_assert_str_eq(err, expected);
        free(expected);
        free(err);
        remove_folder(folder);
    }
}
END_TEST

SUITE_OF(util)
{
    TEST(numbers_are_read_whole_or_not_at_all);
    TEST(whole_numbers_are_decimal_and_fit_a_long);
    TEST(dying_says_one_line_and_exits_with_1);
    TEST(memory_is_zeroed);
    TEST(memory_that_is_not_there_is_named);
    TEST(formatting_gives_a_string_of_any_length);
    TEST(output_appears_at_its_close_and_not_before);
    TEST(a_full_disk_is_named_and_leaves_the_old_file_alone);
    TEST(a_symbolic_link_stays_one);
    TEST(a_link_to_what_is_not_there_yet_makes_it);
    TEST(a_file_keeps_its_mode);
    TEST(a_file_that_may_not_be_written_is_not_replaced);
    TEST(a_pipe_or_device_is_written_into_and_not_replaced);
    TEST(a_place_that_cannot_be_written_is_named);
    TEST(a_program_dies_in_peace_while_other_threads_write);
}
