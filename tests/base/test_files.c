/* base/files.c: a file that is written appears complete or not at all, and what stops it is named. */
#include "support/support.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(output_appears_at_its_close_and_not_before)
{
    char *path = in_folder(folder, "out");
    write_text(path, "the old file");
    for (int unsynced = 0; unsynced < 2; ++unsynced) {
        const char *text = unsynced ? "second" : "first";
        vd_output out = vd_output_open(path);
        ck_assert_int_ge(fputs(text, out.fp), 0);
        fflush(out.fp);
        ck_assert_int_eq(files_in(folder, ""), 2);
        expect_file(path, unsynced ? "first" : "the old file", unsynced ? 5 : 12);
        if (unsynced) vd_output_close_unsynced(&out);
        else vd_output_close(&out);
        ck_assert_ptr_null(out.fp);
        expect_file(path, text, strlen(text));
        ck_assert_int_eq(files_in(folder, ""), 1);
    }
    free(path);
}
END_TEST

/* two threads that save networks under one name */
START_TEST(outputs_to_one_path_are_each_written_whole)
{
    char *path = in_folder(folder, "out");
    vd_output first = vd_output_open(path), second = vd_output_open(path), third = vd_output_open(path);
    fputs("sec", second.fp), fflush(second.fp);
    fputs("first", first.fp);
    vd_output_close(&first);
    expect_file(path, "first", 5);
    fputs("ond", second.fp);
    vd_output_close(&second);
    expect_file(path, "second", 6);
    vd_output_close(&third);
    expect_file(path, "", 0);
    ck_assert_int_eq(files_in(folder, ""), 1);
    free(path);
}
END_TEST

/* a write beyond the limit fails, as on a full disk */
static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
}

static void write_much(const char *path)
{
    limit_file_size(4096);
    vd_output out = vd_output_open(path);
    for (int i = 0; i < 100000; ++i) fputc('x', out.fp);
    vd_output_close(&out);
}

static void write_too_much_at_the_close(const char *path)
{
    limit_file_size(4096);
    vd_output out = vd_output_open(path);
    setvbuf(out.fp, 0, _IOFBF, 65536);
    for (int i = 0; i < 5000; ++i) fputc('x', out.fp); /* stays in the buffer */
    vd_output_close_unsynced(&out);
}

static void write_while_the_disk_is_full(const char *path)
{
    limit_file_size(4096);
    vd_output out = vd_output_open(path);
    for (int i = 0; i < 100000; ++i) fputc('x', out.fp);
    limit_file_size(RLIM_INFINITY); /* there is room again when it is closed, but some bytes are lost */
    vd_output_close(&out);
}

START_TEST(a_full_disk_is_named_and_leaves_the_old_file_alone)
{
    static void (*const bodies[])(const char *) = {write_much, write_too_much_at_the_close,
                                                   write_while_the_disk_is_full};
    for (int i = 0; i < 3; ++i) {
        char *path = in_folder(folder, "out"), *err;
        write_text(path, "precious");
        ck_assert_int_eq(in_child(bodies[i], path, &err), 1);
        char *expected = vd_format("%s: not written: File too large\n", path);
        ck_assert_str_eq(err, expected);
        expect_file(path, "precious", 8);
        ck_assert_int_eq(files_in(folder, ""), 1);
        free(expected);
        free(err);
        free(path);
    }
}
END_TEST

START_TEST(a_symbolic_link_stays_one)
{
    char *path = in_folder(folder, "file"), *link = in_folder(folder, "link");
    struct stat st;
    write_text(path, "old");
    ck_assert_int_eq(symlink("file", link), 0);
    vd_output out = vd_output_open(link);
    fputs("new text", out.fp);
    vd_output_close(&out);
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    expect_file(path, "new text", 8);
    ck_assert_int_eq(files_in(folder, ""), 2);
    free(path);
    free(link);
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
    char *path = in_folder(folder, "file"), *link = in_folder(folder, "link");
    struct stat st;
    for (int i = 0; i < 2; ++i) {
        ck_assert_int_eq(symlink(i ? path : "file", link), 0);
        open_and_close(link);
        ck_assert_int_eq(lstat(link, &st), 0);
        ck_assert(S_ISLNK(st.st_mode));
        expect_file(path, "text", 4);
        ck_assert_int_eq(remove(path) | remove(link), 0);
    }
    free(path);
    free(link);
}
END_TEST

/* in a folder that others may write to */
START_TEST(a_link_in_the_place_of_the_temporary_file_is_not_followed)
{
    char *path = in_folder(folder, "file"), *other = in_folder(folder, "other");
    char *temporary = vd_format("%s.tmp-%ld", path, (long)getpid());
    write_text(other, "kept");
    ck_assert_int_eq(symlink(other, temporary), 0);
    open_and_close(path);
    expect_file(other, "kept", 4);
    expect_file(path, "text", 4);
    free(path), free(other), free(temporary);
}
END_TEST

START_TEST(a_file_keeps_its_mode)
{
    static const mode_t modes[] = {0600, 0640, 0755};
    char *path = in_folder(folder, "file");
    struct stat st;
    for (int i = 0; i < 3; ++i) {
        write_text(path, "old");
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        open_and_close(path);
        expect_file(path, "text", 4);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, modes[i]);
    }
    free(path);
}
END_TEST

/* root may write every file, so this runs as the user nobody */
static void open_and_close_as_nobody(const char *path)
{
    enum { NOBODY = 65534 };
    if (!geteuid() && (setgid(NOBODY) || setuid(NOBODY))) _exit(97);
    open_and_close(path);
}

START_TEST(a_file_that_may_not_be_written_is_not_replaced)
{
    char *path = in_folder(folder, "file"), *err;
    ck_assert_int_eq(chmod(folder, 0777), 0);
    write_text(path, "protected");
    ck_assert_int_eq(chmod(path, 0444), 0);
    int status = in_child(open_and_close_as_nobody, path, &err);
    if (status == 97) {
        skipped(1, "a file that may not be written (cannot become user nobody here)");
        return;
    }
    ck_assert_int_eq(status, 1);
    char *expected = vd_format("%s: cannot write: Permission denied\n", path);
    ck_assert_str_eq(err, expected);
    expect_file(path, "protected", 9);
    ck_assert_int_eq(files_in(folder, ""), 1);
    free(err), free(expected), free(path);
}
END_TEST

START_TEST(a_pipe_or_device_is_written_into_and_not_replaced)
{
    char *path = in_folder(folder, "pipe"), text[16] = "";
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
    ck_assert_int_eq(files_in(folder, ""), 1);
    free(path);
}
END_TEST

/* "vd pack ... /dev/stdout | gzip" and "... >(gzip > file)": a link to a link to "pipe:[4711]" */
START_TEST(a_pipe_without_a_path_is_written_into_by_its_descriptor)
{
    int ends[2];
    char text[16] = "";
    ck_assert_int_eq(pipe(ends), 0);
    char *path = vd_format("/dev/fd/%d", ends[1]);
    open_and_close(path);
    ck_assert_int_eq(read(ends[0], text, sizeof(text)), 4);
    ck_assert_str_eq(text, "text");
    close(ends[0]), close(ends[1]);
    free(path);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_named)
{
    char *missing = in_folder(folder, "missing/out"), *err;
    ck_assert_int_eq(in_child(open_and_close, missing, &err), 1);
    char *expected = vd_format("%s: cannot write: No such file or directory\n", missing);
    ck_assert_str_eq(err, expected);
    free(expected);
    free(err);
    ck_assert_int_eq(in_child(open_and_close, folder, &err), 1);
    ck_assert_ptr_nonnull(strstr(err, folder));
    ck_assert_ptr_nonnull(strstr(err, "irectory"));
    ck_assert_int_eq(files_in(folder, ""), 0);
    free(err);
    char *stray = vd_format("ls -d %s.tmp-* 2>/dev/null | grep -q .", folder);
    ck_assert_int_ne(system(stray), 0);
    free(stray);
    free(missing);
}
END_TEST

static vd_output named(const char *name, const char *text)
{
    char *path = in_folder(folder, name);
    vd_output out = vd_output_open(path);
    fputs(text, out.fp);
    free(path);
    return out;
}

/* the second of three cannot be put in place: its name is a folder by then */
static void close_three(const char *second)
{
    vd_output out[] = {named("first", "1"), named("second", "2"), named("third", "3")};
    if (mkdir(second, 0777)) _exit(99);
    vd_output_close_all(3, (vd_output *[]){out, out + 1, out + 2});
}

START_TEST(outputs_that_belong_together_appear_all_or_none)
{
    char *first = in_folder(folder, "first"), *second = in_folder(folder, "second"), *err;
    ck_assert_int_eq(in_child(close_three, second, &err), 1);
    ck_assert_ptr_nonnull(strstr(err, "second: not written: "));
    ck_assert_int_ne(access(first, F_OK), 0);
    ck_assert_int_eq(files_in(folder, ""), 1); /* the folder */
    ck_assert_int_eq(rmdir(second), 0);
    vd_output out[] = {named("first", "1"), named("second", "2")};
    vd_output_close_all(2, (vd_output *[]){out, out + 1});
    expect_file(first, "1", 1);
    expect_file(second, "2", 1);
    free(err), free(first), free(second);
}
END_TEST

/* of the second, not all bytes can be written */
static void close_two_on_a_full_disk(const char *unused)
{
    (void)unused;
    limit_file_size(4096);
    vd_output out[] = {named("first", "1"), named("second", "2")};
    for (int i = 0; i < 100000; ++i) fputc('x', out[1].fp);
    vd_output_close_all(2, (vd_output *[]){out, out + 1});
}

START_TEST(a_full_disk_leaves_the_files_that_belong_together_as_they_were)
{
    char *first = in_folder(folder, "first"), *second = in_folder(folder, "second"), *err;
    write_text(first, "old");
    ck_assert_int_eq(in_child(close_two_on_a_full_disk, 0, &err), 1);
    ck_assert_ptr_nonnull(strstr(err, "second: not written: File too large"));
    expect_file(first, "old", 3);
    ck_assert_int_ne(access(second, F_OK), 0);
    ck_assert_int_eq(files_in(folder, ""), 1);
    free(err), free(first), free(second);
}
END_TEST

static jmp_buf back;

static void go_on(const char *message)
{
    (void)message;
    longjmp(back, 1);
}

static void fail_and_close_others(const char *second)
{
    vd_on_die(go_on);
    if (!setjmp(back)) close_three(second);
    vd_output out[] = {named("c", "3"), named("d", "4")};
    vd_output_close_all(2, (vd_output *[]){out, out + 1});
}

START_TEST(a_program_that_goes_on_after_a_failure_can_write_others)
{
    char *second = in_folder(folder, "second"), *c = in_folder(folder, "c"), *d = in_folder(folder, "d"), *err;
    ck_assert_int_eq(in_child(fail_and_close_others, second, &err), 0);
    expect_file(c, "3", 1);
    expect_file(d, "4", 1);
    ck_assert_int_eq(files_in(folder, ""), 3); /* with the folder */
    free(err), free(c), free(d), free(second);
}
END_TEST

START_TEST(a_file_is_read_whole_whatever_its_length)
{
    static const size_t lengths[] = {0, 1, 65534, 65535, 65536, 131071, 131072, 300000};
    char *path = in_folder(folder, "in");
    for (size_t i = 0; i < COUNT_OF(lengths); ++i) {
        size_t n = 7;
        char *data = vd_calloc(lengths[i] + 1, 1);
        for (size_t k = 0; k < lengths[i]; ++k) data[k] = (char)(k * 7 + k / 251);
        write_bytes(path, data, lengths[i]);
        unsigned char *bytes = vd_input_bytes(path, &n);
        ck_assert_uint_eq(n, lengths[i]);
        ck_assert(!memcmp(bytes, data, n) && bytes[n] == 0);
        FILE *fp = fopen(path, "rb");
        if (n) ck_assert_int_eq(fgetc(fp), *bytes); /* the rest of it is one less */
        free(bytes);
        bytes = vd_input_rest(fp, &n);
        ck_assert_uint_eq(n + (lengths[i] > 0), lengths[i]);
        ck_assert(!n || !memcmp(bytes, data + 1, n));
        fclose(fp);
        free(bytes), free(data);
    }
    free(path);
}
END_TEST

static void read_it(const char *path)
{
    size_t n;
    vd_input_bytes(path, &n);
}

START_TEST(what_cannot_be_read_is_named)
{
    char *missing = in_folder(folder, "missing"), *err, *expected;
    const char *const paths[] = {missing, folder, "/proc/self/mem"};
    const char *const said[] = {"Couldn't open file: %s: No such file or directory\n", "%s: is a directory\n",
                                "%s: cannot read: Input/output error\n"};
    for (int i = 0; i < 3; ++i) {
        ck_assert_int_eq(in_child(read_it, paths[i], &err), 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        expected = vd_format(said[i], paths[i]);
#pragma GCC diagnostic pop
        ck_assert_str_eq(err, expected);
        free(err), free(expected);
    }
    free(missing);
}
END_TEST

/* the program goes on with the line that would have ended it */
START_TEST(an_output_that_is_tried_returns_its_fault)
{
    char *path = in_folder(folder, "out"), *missing = in_folder(folder, "missing/out"), *fault;
    vd_output out = vd_output_try(missing, &fault);
    ck_assert_ptr_null(out.fp);
    ck_assert_msg(fault && strstr(fault, "missing/out: cannot write: No such file or directory"), "%s", fault);
    free(fault);
    out = vd_output_try(folder, &fault);
    ck_assert(!out.fp && fault && strstr(fault, ": cannot write: is a directory"));
    free(fault);
    write_text(path, "old");
    for (int sync = 0; sync < 2; ++sync) {
        out = vd_output_try(path, &fault);
        ck_assert(out.fp && !fault);
        fputs(sync ? "synced" : "new", out.fp);
        ck_assert_ptr_null(vd_output_finish(&out, sync));
        expect_file(path, sync ? "synced" : "new", sync ? 6 : 3);
    }
    out = vd_output_try(path, &fault);
    ck_assert_ptr_nonnull(freopen("/dev/full", "w", out.fp)); /* as on a full disk */
    fputs("lost", out.fp);
    fault = vd_output_finish(&out, 0);
    ck_assert_msg(fault && strstr(fault, "out: not written: No space left on device"), "%s", fault);
    expect_file(path, "synced", 6);
    ck_assert_int_eq(files_in(folder, ""), 1);
    free(fault), free(path), free(missing);
}
END_TEST

START_TEST(an_ending_needs_a_name_to_follow)
{
    static const char *const bad[] = {"", "a/", ".", "..", "a/.", "a/.."}, *const good[] = {"a", "a/b", ".a", "a.",
                                                                                            "..."};
    for (size_t i = 0; i < COUNT_OF(bad); ++i) {
        char *err, *said = vd_format("'%s': a name without its ending is expected, as in folder/net\n", bad[i]);
        ck_assert_int_eq(in_child(vd_check_stem, bad[i], &err), 1);
        ck_assert_str_eq(err, said);
        free(err), free(said);
    }
    for (size_t i = 0; i < COUNT_OF(good); ++i) vd_check_stem(good[i]);
}
END_TEST

START_TEST(one_file_of_two_names_is_the_same)
{
    char *a = in_folder(folder, "a"), *b = in_folder(folder, "b"), *link = in_folder(folder, "link");
    write_text(a, "text"), write_text(b, "text");
    ck_assert_int_eq(symlink("a", link), 0);
    ck_assert(vd_same_file(a, a) && vd_same_file(a, link) && vd_same_file(link, a));
    ck_assert(!vd_same_file(a, b) && !vd_same_file(link, b));
    ck_assert_int_eq(remove(a), 0);
    ck_assert(!vd_same_file(a, a) && !vd_same_file(link, link)); /* neither exists */
    free(a), free(b), free(link);
}
END_TEST

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU};
static int number;

static void end_while_writing(const char *path)
{
    const struct rlimit none = {0, 0}; /* no core file */
    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    vd_output_remove_at_signals();
    vd_output out = vd_output_open(path);
    ck_assert_int_eq(access(out.temporary, F_OK), 0);
    raise(number);
}

START_TEST(a_signal_that_ends_the_program_leaves_no_temporary_file)
{
    char *path = in_folder(folder, "file"), *err;
    number = ending[_i];
    ck_assert_int_eq(in_child(end_while_writing, path, &err), 128 + number);
    ck_assert_int_eq(files_in(folder, ""), 0);
    free(err), free(path);
}
END_TEST

SUITE_OF(files)
{
    EACH(make_test_folder, remove_test_folder);
    TEST(output_appears_at_its_close_and_not_before);
    TEST(outputs_to_one_path_are_each_written_whole);
    TEST(a_full_disk_is_named_and_leaves_the_old_file_alone);
    TEST(a_symbolic_link_stays_one);
    TEST(a_link_to_what_is_not_there_yet_makes_it);
    TEST(a_link_in_the_place_of_the_temporary_file_is_not_followed);
    TEST(a_file_keeps_its_mode);
    TEST(a_file_that_may_not_be_written_is_not_replaced);
    TEST(a_pipe_or_device_is_written_into_and_not_replaced);
    TEST(a_pipe_without_a_path_is_written_into_by_its_descriptor);
    TEST(a_place_that_cannot_be_written_is_named);
    TEST(outputs_that_belong_together_appear_all_or_none);
    TEST(a_full_disk_leaves_the_files_that_belong_together_as_they_were);
    TEST(a_program_that_goes_on_after_a_failure_can_write_others);
    TEST(a_file_is_read_whole_whatever_its_length);
    TEST(what_cannot_be_read_is_named);
    TEST(an_output_that_is_tried_returns_its_fault);
    TEST(an_ending_needs_a_name_to_follow);
    TEST(one_file_of_two_names_is_the_same);
    LOOP(a_signal_that_ends_the_program_leaves_no_temporary_file, COUNT_OF(ending));
}
