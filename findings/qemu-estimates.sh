#!/bin/sh
# Question   Under qemu's emulation of an arm64 process: is an instruction that estimates 1/sqrt(x) quicker than the one
#            that computes sqrt(x), as it is on a processor?
# Guess      Yes: it looks 8 bits up in a table. That is what it is for.
# Seen       No: for four numbers FRSQRTE takes ten times as long as FSQRT. A division takes as long as a multiplication,
#            and one of four numbers two to four times as long as one of one number.
# Versions   Debian 12: qemu-user 1:7.2+dfsg-7+deb12u18+b3, binutils-aarch64-linux-gnu 2.40-2
# Date       2026-11-29
# Matters    Who tunes code for a board under qemu takes the way that is slower on the board: roots by estimate and
#            Newton's steps look bad there, and vectors no better than plain loops.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 10 MB; about half a minute.
set -eu
qemu=1:7.2+dfsg-7+deb12u18+b3 binutils=2.40-2

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

# unpacks packages, and what they need and is not installed, into root/; nothing is installed
debian() {
    mkdir -p archives/partial root
    apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
        -o Dir::Cache::archives="$tmp/archives" install "$@" > apt.log 2>&1 ||
        { cat apt.log; echo "not to be had: $* (apt-get update first?)"; exit 2; }
    for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
}
debian "qemu-user=$qemu" "binutils-aarch64-linux-gnu=$binutils" perl
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
export PATH="$tmp/root/usr/bin:$PATH" LD_LIBRARY_PATH="$libs"

# INSTRUCTION: nanoseconds, the least of five runs of eight million of them
nanoseconds() {
    cat > a.s << END
.globl _start
_start:
    fmov v1.4s, #3.0
    fmov v2.4s, #1.5
    ldr x1, =2000000
1:  $1
    $1
    $1
    $1
    subs x1, x1, #1
    b.ne 1b
    mov x0, #0
    mov x8, #93
    svc #0
END
    aarch64-linux-gnu-as a.s -o a.o && aarch64-linux-gnu-ld a.o -o a || exit 2
    perl -MTime::HiRes=time -e '
        for (1 .. 5) {
            my $start = time;
            system("qemu-aarch64", "./a") == 0 or exit 2;
            my $taken = time - $start;
            $least = $taken if !defined $least || $taken < $least;
        }
        printf "%.0f\n", $least / 8e6 * 1e9'
}

changed=0
# what, LEFT, RIGHT: nanoseconds; LEAST and MOST of their ratio; recorded
check() {
    ratio=$(perl -e 'printf "%.1f", $ARGV[0] / $ARGV[1]' "$2" "$3")
    if perl -e 'exit !($ARGV[0] >= $ARGV[1] && $ARGV[0] <= $ARGV[2])' "$ratio" "$4" "$5"; then verdict="as recorded"
    else verdict=CHANGED changed=1; fi
    echo "$1: $2 / $3 ns = $ratio, recorded $6, $verdict"
}

root=$(nanoseconds 'fsqrt v3.4s, v1.4s') estimate=$(nanoseconds 'frsqrte v3.4s, v1.4s')
product=$(nanoseconds 'fmul v3.4s, v1.4s, v2.4s') quotient=$(nanoseconds 'fdiv v3.4s, v1.4s, v2.4s')
one=$(nanoseconds 'fmul s3, s1, s2')
check "estimate of 1/sqrt(x) / sqrt(x), four numbers" "$estimate" "$root" 4 100 "10 to 20; below 1 was expected"
check "division / multiplication, four numbers" "$quotient" "$product" .6 1.6 "1.0; over 2 was expected"
check "multiplication of four numbers / of one" "$product" "$one" 1.5 8 "2 to 4; about 1 was expected"
exit $changed
