/* base/fail.c: an error ends the program with one line and status 1,
 * also without memory and while other threads run. */
#include "support/support.h"
#include "base/aligned.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

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

/* also of memory that was in use before */
START_TEST(large_arrays_are_zero_and_begin_at_a_cache_line)
{
    static const size_t sizes[] = {4095, 4096, 4097, 70000, (1 << 20) - 1, 1 << 20, (1 << 20) + 4097, 5000001};
    for (int round = 0; round < 3; ++round) {
        unsigned char *p[COUNT_OF(sizes)];
        for (size_t i = 0; i < COUNT_OF(sizes); ++i) {
            p[i] = vd_calloc(1, sizes[i]);
            for (size_t k = 0; k < sizes[i]; ++k) ck_assert(p[i][k] == 0);
            if (sizes[i] >= 4096) ck_assert_uint_eq((uintptr_t)p[i] % 64, 0);
        }
        for (size_t i = 0; i < COUNT_OF(sizes); ++i) memset(p[i], 255, sizes[i]);
        for (size_t i = 0; i < COUNT_OF(sizes); ++i) /* the neighbours are whole */
            for (size_t k = 0; k < sizes[i]; k += 997) ck_assert(p[i][k] == 255);
        for (size_t i = COUNT_OF(sizes); i-- > 0;) free(p[i]);
    }
}
END_TEST

static void ask_for_too_much(const char *path)
{
    (void)path;
    vd_calloc((size_t)1 << 62, 2);
}

/* those of two megabytes at the beginning of a huge page */
START_TEST(aligned_arrays_begin_where_vectors_and_huge_pages_do)
{
    enum { LINE = 64, HUGE_PAGE = 2 << 20 };
    static const size_t sizes[] = {1, 100, HUGE_PAGE - 1, HUGE_PAGE, 3 * HUGE_PAGE + 5};
    for (int i = 0; i < COUNT_OF(sizes); ++i) {
        char *p = vd_aligned_alloc(sizes[i]);
        ck_assert_ptr_nonnull(p);
        ck_assert_int_eq((uintptr_t)p % (sizes[i] < HUGE_PAGE ? LINE : HUGE_PAGE), 0);
        memset(p, 7, sizes[i]);
        free(p);
    }
    ck_assert_ptr_null(vd_aligned_alloc(SIZE_MAX));
#ifndef __SANITIZE_ADDRESS__ /* which ends the program itself */
    ck_assert_ptr_null(vd_aligned_alloc(SIZE_MAX - HUGE_PAGE));
#endif
}
END_TEST

START_TEST(memory_that_is_not_there_is_named)
{
#ifdef __SANITIZE_ADDRESS__
    skipped(1, "more memory than can be had: AddressSanitizer ends the program itself");
    return;
#endif
    char *err;
    ck_assert_int_eq(in_child(ask_for_too_much, 0, &err), 1);
    ck_assert_str_eq(err, "out of memory: cannot allocate 4611686018427387904 x 2 bytes\n");
    free(err);
}
END_TEST

/* until the program ends, which removes the temporary file */
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

static void nothing(int signal)
{
    (void)signal;
}

/* a timer that goes off all the time */
static void die_among_signals(const char *path)
{
    const struct timeval often = {.tv_usec = 20};
    signal(SIGALRM, nothing);
    setitimer(ITIMER_REAL, &(struct itimerval){often, often}, 0);
    die(path);
}

START_TEST(a_signal_leaves_the_line)
{
    for (int i = 0; i < 60; ++i) { /* few signals come where they could do harm */
        char *err;
        ck_assert_int_eq(in_child(die_among_signals, "net.cfg", &err), 1);
        ck_assert_str_eq(err, "net.cfg: layer 3: culprit\n");
        free(err);
    }
}
END_TEST

SUITE_OF(fail)
{
    TEST(dying_says_one_line_and_exits_with_1);
    TEST(memory_is_zeroed);
    TEST(large_arrays_are_zero_and_begin_at_a_cache_line);
    TEST(aligned_arrays_begin_where_vectors_and_huge_pages_do);
    TEST(memory_that_is_not_there_is_named);
    TEST(a_program_dies_in_peace_while_other_threads_write);
    TEST(a_signal_leaves_the_line);
}
