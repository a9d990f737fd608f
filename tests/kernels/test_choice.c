/* kernels/choice.c, choice_file.c, processor.c: a way is taken by rule, by timing, or from a file, a checkpoint; a file
 * that is not as it should be is as good as none. */
#include "kernels/choice.h"
#include "kernels/choice_file.h"
#include "kernels/kernels.h"
#include "kernels/processor.h"
#include "base/parallel.h"
#include "base/text.h"
#include "support/support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *path; /* of the file, in the test's folder */

static void setup(void)
{
    make_test_folder();
    setenv("XDG_CACHE_HOME", folder, 1);
    path = vd_choice_file();
    vd_choice_seeded(1); /* what another test has chosen is forgotten */
    vd_choice_seeded(0);
}

static void teardown(void)
{
    free(path);
    chmod(folder, 0777);
    remove_test_folder();
}

/* ---- the file ---- */

static void write_lines(const char *what, const char *way, const char *other, const char *other_way)
{
    vd_choice_line lines[2] = {{.ways = "slow,fast"}, {.ways = "slow,fast"}};
    strcpy(lines[0].what, what), strcpy(lines[0].way, way);
    if (other) strcpy(lines[1].what, other), strcpy(lines[1].way, other_way);
    vd_choice_write(path, (vd_choice_lines){lines, other ? 2 : 1});
}

/* the way that the file has for `what`; "" when none */
static const char *kept(const char *what)
{
    static char way[32];
    vd_choice_lines lines = vd_choice_read(path);
    *way = 0;
    for (int i = 0; i < lines.n; ++i)
        if (!strcmp(lines.lines[i].what, what)) strcpy(way, lines.lines[i].way);
    free(lines.lines);
    return way;
}

START_TEST(the_file_keeps_lines_and_replaces_those_of_the_same_name)
{
    write_lines("a", "slow", "b", "fast");
    ck_assert_str_eq(kept("a"), "slow");
    ck_assert_str_eq(kept("b"), "fast");
    write_lines("a", "fast", 0, 0);
    ck_assert_str_eq(kept("a"), "fast");
    ck_assert_str_eq(kept("b"), "fast");
    char *text = text_in_folder("darknet-vd/choices");
    ck_assert_msg(!strncmp(text, "darknet-vd choices 1\n", 21) && count_of(text, "\n") == 3, "%s", text);
    free(text);
    char *its_folder = in_folder(folder, "darknet-vd");
    ck_assert_int_eq(files_in(its_folder, "choices"), 1); /* no temporary file */
    free(its_folder);
}
END_TEST

START_TEST(lines_of_another_version_or_processor_stay_and_are_not_used)
{
    write_lines("a", "slow", 0, 0);
    char *text = text_in_folder("darknet-vd/choices"), *line = strchr(text, '\n') + 1;
    char *rest = strchr(line, ' '); /* " BUILD a slow,fast slow\n" */
    char *other = vd_format("darknet-vd choices 1\nother/1/2/3/avx2%s%.*s other-build a slow,fast fast\n", rest,
                            (int)(rest - line), line);
    write_in_folder("darknet-vd/choices", other);
    ck_assert_str_eq(kept("a"), "");
    write_lines("a", "slow", 0, 0);
    ck_assert_str_eq(kept("a"), "slow");
    char *now = text_in_folder("darknet-vd/choices");
    ck_assert_msg(strstr(now, "other/1/2/3/avx2") && strstr(now, "other-build") && count_of(now, "\n") == 4, "%s", now);
    free(now), free(other), free(text);
}
END_TEST

static const char *const damages[] = {"",
                                      "\n\n\n",
                                      "darknet-vd choices 2\n%s",
                                      "darknet-vd choices 1\n%.20s",
                                      "darknet-vd choices 1\nx%s",
                                      "darknet-vd choices 1\n%s more\n",
                                      "darknet-vd choices 1\na b c\n\x01\xff %s",
                                      "darknet-vd choices 1\n \n%s",
                                      "%s"};

START_TEST(a_damaged_file_is_as_good_as_none)
{
    write_lines("a", "slow", 0, 0);
    char *text = text_in_folder("darknet-vd/choices"), *line = strchr(text, '\n') + 1;
    if (strstr(damages[_i], " more")) line[strlen(line) - 1] = 0; /* a sixth word */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    char *damaged = vd_format(damages[_i], line);
#pragma GCC diagnostic pop
    write_in_folder("darknet-vd/choices", damaged);
    const char *way = kept("a");
    int whole_line = strstr(damages[_i], "1\na b c") || strstr(damages[_i], "1\n \n");
    ck_assert_str_eq(way, whole_line && !strchr(damaged, '\xff') ? "slow" : "");
    write_lines("a", "fast", 0, 0);
    ck_assert_str_eq(kept("a"), "fast");
    free(damaged), free(text);
}
END_TEST

START_TEST(a_file_with_zeros_or_too_big_is_as_good_as_none)
{
    write_lines("a", "slow", "b", "slow");
    size_t n;
    char *text = read_bytes(path, &n), *big = calloc(2, 1 << 20);
    text[n - 5] = 0;
    write_bytes(path, text, n);
    ck_assert_str_eq(kept("a"), "");
    memset(big, '\n', 2 << 20);
    memcpy(big, "darknet-vd choices 1\n", 21);
    write_bytes(path, big, 2 << 20);
    write_lines("a", "fast", 0, 0);
    ck_assert_str_eq(kept("a"), "fast");
    free(big), free(text);
}
END_TEST

START_TEST(what_is_no_file_or_cannot_be_written_is_left_alone)
{
    char *its_folder = in_folder(folder, "darknet-vd");
    mkdir(its_folder, 0777);
    mkdir(path, 0777);
    write_lines("a", "slow", 0, 0);
    ck_assert_str_eq(kept("a"), "");
    ck_assert_int_eq(files_in(its_folder, "choices"), 1); /* the folder */
    rmdir(path);
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    ck_assert_str_eq(kept("a"), ""); /* and does not wait for a writer */
    unlink(path);
    rmdir(its_folder);
    write_in_folder("darknet-vd", "a file where the folder should be");
    write_lines("a", "slow", 0, 0);
    ck_assert_str_eq(kept("a"), "");
    vd_choice_write(0, (vd_choice_lines){0});
    ck_assert_int_eq(vd_choice_read(0).n, 0);
    free(its_folder);
}
END_TEST

/* for root, by another user */
START_TEST(a_file_that_cannot_be_read_is_left_alone)
{
    enum { NOBODY = 65534 };
    char *its_folder = in_folder(folder, "darknet-vd");
    write_lines("a", "slow", 0, 0);
    char *before = text_in_folder("darknet-vd/choices");
    chmod(path, 0222), chmod(its_folder, 0777), chmod(folder, 0777);
    int is_root = !geteuid();
    if (is_root && seteuid(NOBODY)) {
        skipped(1, "no other user");
        return;
    }
    write_lines("b", "fast", 0, 0);
    if (is_root) ck_assert_int_eq(seteuid(0), 0);
    chmod(path, 0666);
    char *after = text_in_folder("darknet-vd/choices");
    ck_assert_str_eq(after, before);
    ck_assert_int_eq(files_in(its_folder, "choices"), 1);
    free(before), free(after), free(its_folder);
}
END_TEST

START_TEST(without_a_folder_of_the_user_there_is_no_file)
{
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", "/home/someone", 1);
    char *in_home = vd_choice_file();
    ck_assert_str_eq(in_home, "/home/someone/.cache/darknet-vd/choices");
    free(in_home);
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "", 1);
    ck_assert_ptr_null(vd_choice_file());
    unsetenv("HOME");
    ck_assert_ptr_null(vd_choice_file());
}
END_TEST

START_TEST(two_programs_at_once_leave_a_whole_file)
{
    enum { PROGRAMS = 4, TIMES = 50 };
    for (int p = 0; p < PROGRAMS; ++p) {
        if (fork()) continue;
        for (int i = 0; i < TIMES; ++i) write_lines("shared", i % 2 ? "slow" : "fast", "b", "fast");
        _exit(0);
    }
    for (int p = 0; p < PROGRAMS; ++p) wait(0);
    ck_assert_str_eq(kept("shared"), "slow");
    ck_assert_str_eq(kept("b"), "fast");
    char *text = text_in_folder("darknet-vd/choices");
    ck_assert_int_eq(count_of(text, "\n"), 3);
    free(text);
}
END_TEST

/* ---- choosing ---- */

static int runs, has_fast;

static void run_way(int way, void *context)
{
    volatile unsigned x = 0;
    (void)context;
    ++runs;
    for (int i = 0; i < (way ? 20000 : 100000); ++i) x += i;
}

static int has(int way, void *context)
{
    (void)context;
    return !way || has_fast;
}

static const char *const names[] = {"slow", "fast"};

static int choose(const char *what, vd_reason *why)
{
    vd_candidates w = {what, 2, names, 0, has, run_way, 0};
    runs = 0;
    return vd_choose(&w, why);
}

START_TEST(ways_are_by_rule_until_a_training_begins_and_timed_then)
{
    vd_reason why;
    has_fast = 1;
    ck_assert(choose("a", &why) == 0 && why == VD_BY_RULE && !runs);
    int era = vd_choice_era();
    ck_assert_int_eq(vd_choice_train(), 1);
    ck_assert_int_ne(vd_choice_era(), era);
    ck_assert(choose("a", &why) == 1 && why == VD_TIMED && runs);
    ck_assert(choose("a", &why) == 1 && why == VD_TIMED && !runs);
    has_fast = 0;
    ck_assert(choose("b", &why) == 0 && why == VD_TIMED && !runs);
    ck_assert_str_eq(kept("a"), "");
    ck_assert_int_eq(vd_choice_train(), 0); /* writes the file */
    ck_assert_str_eq(kept("a"), "fast");
    ck_assert_str_eq(kept("b"), "slow");
}
END_TEST

/* seconds of this thread */
static void be_busy(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    double start = t.tv_sec + 1e-9 * t.tv_nsec;
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    while (t.tv_sec + 1e-9 * t.tv_nsec - start < seconds);
}

/* way 1 is four times as fast, but for its third and fourth runs: the first measurement of more than one run */
static void run_disturbed(int way, void *context)
{
    int *count = context;
    if (way) ++*count;
    be_busy(!way ? 120e-6 : *count == 3 || *count == 4 ? 500e-6 : 30e-6);
}

START_TEST(a_way_is_not_dropped_for_one_disturbed_measurement)
{
    vd_reason why;
    int count = 0;
    vd_candidates w = {"a", 2, names, 0, 0, run_disturbed, &count};
    vd_choice_train();
    ck_assert(vd_choose(&w, &why) == 1 && why == VD_TIMED);
}
END_TEST

static pthread_t caller;
static atomic_int elsewhere;

static void note_thread(int i, void *context)
{
    (void)i, (void)context;
    elsewhere += !pthread_equal(pthread_self(), caller);
    be_busy(20e-6);
}

static void run_loop(int way, void *context)
{
    (void)way;
    vd_parallel_for(64, note_thread, context);
}

START_TEST(a_way_that_shares_its_work_is_timed_in_one_thread)
{
    vd_reason why;
    vd_candidates w = {"a", 2, names, 0, 0, run_loop, 0};
    setenv("DARKNET_THREADS", "4", 1);
    vd_parallel_forget_threads();
    caller = pthread_self();
    vd_choice_train();
    vd_choose(&w, &why);
    ck_assert_int_eq(why, VD_TIMED);
    ck_assert_int_eq(elsewhere, 0);
    run_loop(0, 0); /* that is over */
    ck_assert_int_ne(elsewhere, 0);
}
END_TEST

START_TEST(the_next_training_takes_what_the_file_has)
{
    vd_reason why;
    write_lines("a", "fast", "gone", "neither");
    has_fast = 1;
    vd_choice_train();
    ck_assert(choose("a", &why) == 1 && why == VD_KEPT && !runs);
    ck_assert(choose("gone", &why) == 1 && why == VD_TIMED && runs);
    has_fast = 0;
    ck_assert(choose("a", &why) == 0 && why == VD_TIMED && !runs); /* the file has a way that the processor has not */
}
END_TEST

START_TEST(with_a_seed_nothing_is_timed_read_or_written)
{
    vd_reason why;
    write_lines("a", "fast", 0, 0);
    has_fast = 1;
    ck_assert_int_eq(vd_choice_seeded(1), 1);
    ck_assert_int_eq(vd_choice_seeded(1), 0);
    ck_assert_int_eq(vd_choice_train(), 0);
    ck_assert(choose("a", &why) == 0 && why == VD_BY_RULE && !runs);
    ck_assert(choose("b", &why) == 0 && why == VD_BY_RULE && !runs);
    vd_choice_train();
    ck_assert_str_eq(kept("b"), "");
}
END_TEST

START_TEST(a_seed_forgets_what_was_timed_before_it)
{
    vd_reason why;
    has_fast = 1;
    vd_choice_train();
    ck_assert_int_eq(choose("a", &why), 1);
    vd_choice_seeded(1);
    ck_assert(choose("a", &why) == 0 && why == VD_BY_RULE);
    vd_choice_seeded(0);
    ck_assert(choose("a", &why) == 0 && why == VD_BY_RULE); /* until a training begins */
}
END_TEST

START_TEST(a_checkpoint_gives_the_ways_of_its_training)
{
    vd_reason why;
    has_fast = 1;
    ck_assert_int_eq(vd_choice_take("a fast\n"), 0); /* without a seed it means nothing */
    ck_assert_int_eq(choose("a", &why), 0);
    vd_choice_seeded(1);
    ck_assert_int_eq(vd_choice_take("a fast\n\nno\n too many words\nb neither\n"), 1);
    ck_assert(choose("a", &why) == 1 && why == VD_GIVEN && !runs);
    ck_assert(choose("b", &why) == 0 && why == VD_BY_RULE && !runs);
    choose("c", 0);
    char *text = vd_choice_text();
    ck_assert_str_eq(text, "a fast\nb slow\nc slow\n");
    vd_choice_take(text);
    ck_assert(choose("c", &why) == 0 && why == VD_GIVEN);
    free(text);
    text = vd_choice_given("kernels avx2\nkernels c\n", "kernels");
    ck_assert_str_eq(text, "avx2");
    ck_assert_ptr_null(vd_choice_given("kernels\n", "kernels"));
    free(text);
}
END_TEST

/* ---- processors and tables of kernels ---- */

START_TEST(the_table_of_processors_knows_where_bf16_is_slow)
{
    static const struct {
        const char *vendor;
        int family, model;
        const char *name;
        vd_type first;
        int bf16;
    } rows[] = {
        {"AuthenticAMD", 0x19, 0x11, "Zen 4", VD_BF16, 1},
        {"AuthenticAMD", 0x19, 0x61, "Zen 4", VD_BF16, 1},
        {"AuthenticAMD", 0x19, 0x21, "unknown", VD_FP16, 1},
        {"AuthenticAMD", 0x1a, 0x02, "Zen 5", VD_BF16, 1},
        {"AuthenticAMD", 0x1a, 0x44, "Zen 5", VD_BF16, 1},
        {"GenuineIntel", 6, 0x8f, "Sapphire Rapids", VD_FP16, 0},
        {"GenuineIntel", 6, 0xcf, "Emerald Rapids", VD_FP16, 0},
        {"GenuineIntel", 6, 0xad, "Granite Rapids", VD_FP16, 0},
        {"GenuineIntel", 6, 0x55, "unknown", VD_FP16, 1},
        {"AuthenticAMD", 6, 0xcf, "unknown", VD_FP16, 1},
        {"", 0, 0, "unknown", VD_FP16, 1},
    };
    for (int i = 0; i < COUNT_OF(rows); ++i) {
        const vd_processor *p = vd_processor_of(rows[i].vendor, rows[i].family, rows[i].model);
        int has_bf16 = 0, has_float = 0;
        for (int k = 0; k < p->n; ++k) has_bf16 |= p->order[k] == VD_BF16, has_float |= p->order[k] == VD_FLOAT;
        ck_assert_str_eq(p->name, rows[i].name);
        ck_assert_int_eq(p->order[0], rows[i].first);
        ck_assert_int_eq(has_bf16, rows[i].bf16);
        ck_assert(has_float);
    }
    ck_assert(*vd_processor_name() && !strpbrk(vd_processor_name(), " \t\n"));
}
END_TEST

START_TEST(the_table_of_kernels_by_rule_is_the_fastest_of_its_type)
{
    const vd_kernels *tables[VD_KERNELS_MOST], *ruled = vd_kernels_by_rule();
    int n = vd_kernels_list(tables, VD_KERNELS_MOST), at = 0;
    while (at < n && tables[at] != ruled) ++at;
    ck_assert_int_lt(at, n);
    for (int i = at + 1; i < n; ++i) ck_assert_int_ne(vd_kernels_type(tables[i]), vd_kernels_type(ruled));
    ck_assert_ptr_eq(vd_kernels_of_type(vd_kernels_type(ruled)), ruled);
    ck_assert_ptr_eq(vd_kernels_named(ruled->name), ruled);
    ck_assert_ptr_null(vd_kernels_named("mmx"));
    vd_kernels_use(&vd_kernels_c);
    ck_assert_ptr_eq(vd_kernels_get(), &vd_kernels_c);
    vd_kernels_use(ruled);
}
END_TEST

static void ask_for_mmx(const char *unused)
{
    (void)unused;
    setenv("DARKNET_KERNELS", "mmx", 1);
    vd_kernels_asked();
}

START_TEST(a_table_that_is_not_there_ends_the_program_and_names_those_that_are)
{
    char *err;
    const vd_kernels *tables[VD_KERNELS_MOST];
    int n = vd_kernels_list(tables, VD_KERNELS_MOST);
    ck_assert_int_eq(in_child(ask_for_mmx, 0, &err), 1);
    const char *names = strstr(err, "DARKNET_KERNELS=mmx: not available: this processor has ");
    ck_assert_msg(names != 0, "%s", err);
    for (int i = 0; i < n; ++i) ck_assert_msg(strstr(names, tables[i]->name) != 0, "%s", err);
    free(err);
}
END_TEST

SUITE_OF(choice)
{
    EACH(setup, teardown);
    TEST(the_file_keeps_lines_and_replaces_those_of_the_same_name);
    TEST(lines_of_another_version_or_processor_stay_and_are_not_used);
    LOOP(a_damaged_file_is_as_good_as_none, COUNT_OF(damages));
    TEST(a_file_with_zeros_or_too_big_is_as_good_as_none);
    TEST(what_is_no_file_or_cannot_be_written_is_left_alone);
    TEST(a_file_that_cannot_be_read_is_left_alone);
    TEST(without_a_folder_of_the_user_there_is_no_file);
    TEST(two_programs_at_once_leave_a_whole_file);
    TEST(ways_are_by_rule_until_a_training_begins_and_timed_then);
    TEST(a_way_is_not_dropped_for_one_disturbed_measurement);
    TEST(a_way_that_shares_its_work_is_timed_in_one_thread);
    TEST(the_next_training_takes_what_the_file_has);
    TEST(with_a_seed_nothing_is_timed_read_or_written);
    TEST(a_seed_forgets_what_was_timed_before_it);
    TEST(a_checkpoint_gives_the_ways_of_its_training);
    TEST(the_table_of_processors_knows_where_bf16_is_slow);
    TEST(the_table_of_kernels_by_rule_is_the_fastest_of_its_type);
    TEST(a_table_that_is_not_there_ends_the_program_and_names_those_that_are);
}
