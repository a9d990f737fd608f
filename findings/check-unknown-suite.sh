#!/bin/sh
# Question   What does a libcheck program do when CK_RUN_SUITE names a suite that it does not have?
# Guess      It fails, or at least warns: a name that selects nothing is a mistake.
# Seen       It runs no test, prints "100%: Checks: 0, Failures: 0, Errors: 0" and reports 0 failures: status 0. So do
#            a name in other letters, two names in one variable, an empty value, and a CK_RUN_CASE that nobody has.
# Versions   Debian 12: check 0.15.2-2+b1
# Date       2026-11-28
# Matters    A suite that is renamed, or misspelt in a CI file, passes for ever after. The percentage, which people look at, is
#            the best there is. Compare the number of checks with 0 as well.
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

cat > suite.c << 'END'
#include <check.h>
START_TEST(fails)
{
    ck_assert_int_eq(1, 2);
}
END_TEST
int main(void)
{
    Suite *suite = suite_create("weights");
    TCase *test_case = tcase_create("all");
    tcase_add_test(test_case, fails);
    suite_add_tcase(suite, test_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_MINIMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
END
gcc suite.c -o suite -Iroot/usr/include -L"$libs" -lcheck -lsubunit -lrt -lm -pthread || exit 2

changed=0
try() { # setting, last line and status recorded
    status=0
    line=$(env LD_LIBRARY_PATH="$libs" "$1" ./suite | tail -1 | sed 's/^Running suite(s)://') || :
    env LD_LIBRARY_PATH="$libs" "$1" ./suite > /dev/null || status=$?
    echo "$1: $line, status $status"
    [ "$line, status $status" = "$2" ] || { changed=1; echo "    recorded: $2"; }
}
none='100%: Checks: 0, Failures: 0, Errors: 0, status 0'
echo "The one test of the suite \"weights\" always fails; expected of every wrong name: status 1"
try CK_RUN_SUITE=weights '0%: Checks: 1, Failures: 1, Errors: 0, status 1'
try CK_RUN_SUITE=wieghts "$none"
try CK_RUN_SUITE=Weights "$none"
try 'CK_RUN_SUITE=weights layers' "$none"
try CK_RUN_SUITE= "$none"
try CK_RUN_CASE=nobody "$none"
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
