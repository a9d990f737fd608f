#!/bin/sh
# Question   What does a ck_assert() of libcheck cost that holds?
# Guess      A comparison: only a failure has something to say.
# Seen       Each one writes its place to a temporary file, at once: a system call for each. A test that checks a million
#            numbers of an array one by one makes a million. A comparison that asserts only on a difference makes none.
# Versions   Debian 12: check 0.15.2-2+b1
# Date       2026-11-29
# Matters    Tests of numeric code compare arrays: a suite of kernels took 1.5 CPU seconds with an assertion for each
#            number, and 0.1 without, and under an emulator it did not end. Assert in the branch of a difference.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 1 MB.
set -eu
check=0.15.2-2+b1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

mkdir -p archives/partial
apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::Cache::archives="$tmp/archives" install "check=$check" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: check=$check (apt-get update first?)"; exit 2; }
for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
libs=root/usr/lib/$(gcc -print-multiarch)

cat > cost.c << 'END'
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static long written(const char *key) /* of /proc/self/io: this process, the test's own */
{
    char line[100];
    long n = 0;
    FILE *fp = fopen("/proc/self/io", "r");
    if (!fp) _exit(2);
    while (fgets(line, sizeof(line), fp))
        if (!strncmp(line, key, strlen(key))) sscanf(line + strlen(key), "%ld", &n);
    fclose(fp);
    return n;
}
static void tell(const char *name, long calls)
{
    printf("%s: %.1f writes each\n", name, (double)(written("syscw:") - calls) / 10000);
    fflush(stdout);
}
START_TEST(holds)
{
    long calls = written("syscw:");
    for (int i = 0; i < 10000; ++i) ck_assert(i >= 0);
    tell("ck_assert", calls);
    calls = written("syscw:");
    for (int i = 0; i < 10000; ++i)
        if (i < 0) ck_abort_msg("%d", i);
    tell("if and ck_abort_msg", calls);
}
END_TEST
int main(void)
{
    Suite *suite = suite_create("cost");
    TCase *test_case = tcase_create("all");
    tcase_add_test(test_case, holds);
    suite_add_tcase(suite, test_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_SILENT);
    srunner_free(runner);
    return 0;
}
END
gcc cost.c -o cost -Iroot/usr/include -L"$libs" -lcheck -lsubunit -lrt -lm -pthread || exit 2
seen=$(LD_LIBRARY_PATH="$libs" ./cost | paste -sd, | sed 's/,/, /')
recorded='ck_assert: 1.0 writes each, if and ck_abort_msg: 0.0 writes each'
printf '%s\n%s (recorded)\n' "$seen" "$recorded"
echo "ck_assert: 0.0 writes each, as nothing failed (expected)"
if [ "$seen" = "$recorded" ]; then echo "as recorded"; exit 0; fi
echo CHANGED
exit 1
