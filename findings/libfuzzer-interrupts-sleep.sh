#!/bin/sh
# Question   A fuzz target of libFuzzer sleeps a millisecond at each input, far less than -timeout. Does each sleep end by
#            itself?
# Guess      Yes: the alarm of -timeout goes off when an input has taken too long, and none has.
# Seen       No: the timer runs all the time, every timeout / 2 + 1 seconds, and its handler only looks at a clock. A
#            sleep, or any other call that a signal interrupts, fails then with EINTR, with nothing wrong. Without -timeout,
#            which is 1200 then, none did in nine seconds.
# Versions   Debian 12: clang-14 and libclang-rt-14-dev 1:14.0.6-12
# Date       2026-11-30
# Matters    A reader of files that takes an interrupted call for an error ends the fuzzing by itself, at random and, where
#            it exits without a message, without a trace: no crash is reported, no input is kept.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 90 MB; about half a minute.
set -eu
clang=1:14.0.6-12

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

# unpacks packages, and what they need and is not installed, into root/; nothing is installed
debian() {
    mkdir -p archives/partial root
    apt-get -qq -y --reinstall --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 \
        -o APT::Sandbox::User= -o Dir::Cache::archives="$tmp/archives" install "$@" > apt.log 2>&1 ||
        { cat apt.log; echo "not to be had: $* (apt-get update first?)"; exit 2; }
    for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
}
debian "clang-14=$clang" "libclang-rt-14-dev=$clang" "libclang-common-14-dev=$clang" "libclang-cpp14=$clang" "libllvm14=$clang"
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > target.c << 'END'
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int inputs, interrupted;

static void report(void)
{
    printf("%d inputs, %d interrupted\n", inputs, interrupted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    (void)data, (void)n;
    if (!inputs++) atexit(report);
    if (usleep(1000) && errno == EINTR) ++interrupted;
    return 0;
}
END
LD_LIBRARY_PATH="$libs" root/usr/bin/clang-14 -resource-dir "$(echo root/usr/lib/llvm-14/lib/clang/14.*)" -w -O1 -fsanitize=fuzzer \
    target.c -o target > clang.log 2>&1 || { cat clang.log; exit 2; }

changed=0
# FLAGS, LEAST and MOST interrupted, recorded
check() {
    seen=$(./target -seed=1 -max_total_time=9 ${1:+"$1"} 2> /dev/null | tail -n 1) || exit 2
    n=${seen#*, } n=${n%% *}
    if [ "$n" -ge "$2" ] && [ "$n" -le "$3" ]; then verdict="as recorded"
    else verdict=CHANGED changed=1; fi
    echo "${1:-without a flag}: $seen, recorded $4, $verdict"
}
check -timeout=2 3 5 "4, every 2 seconds; 0 was expected"
check "" 0 0 0
exit $changed
