#!/bin/sh
# Question   Two boxes overlap by i / (w1 h1 + w2 h2 - i). In C with floats, compiled by gcc -O2 for x86-64 and for arm64: is
#            the overlap of a with b that of b with a? And is p q - r s zero where p = r and q = s?
# Guess      Yes: IEEE arithmetic is the same on both, and what is symmetric stays so.
# Seen       On x86-64. On arm64, of 100,000 pairs 18,729 overlap by another number the other way round, and p q - r s
#            is never 0 (of numbers with 24 bits). gcc joins a product and a sum into one instruction that rounds once,
#            so that of two products one is rounded and one is not. It does so without being asked wherever there is such
#            an instruction. With -ffp-contract=off, with -std=c11 and with -O0 answers are those of x86-64.
# Versions   Debian 12: gcc-12-aarch64-linux-gnu 12.2.0-14cross1, gcc 4:12.2.0-3, qemu-user 1:7.2+dfsg-7+deb12u18+b3
# Date       2026-11-30
# Matters    A detector's suppression and its mean average precision sort boxes and compare overlaps with a threshold. On a
#            board they may decide otherwise than on a PC, and otherwise for the same two boxes in turn. Code that
#            counts on p q - r s >= 0 before a root gets NaN there.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 40 MB; half a minute.
set -eu
gcc=12.2.0-14cross1 qemu=1:7.2+dfsg-7+deb12u18+b3

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
debian "gcc-12-aarch64-linux-gnu=$gcc" "cpp-12-aarch64-linux-gnu=$gcc" "qemu-user=$qemu" binutils-aarch64-linux-gnu
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > iou.c << 'END'
typedef struct { float x, y, w, h; } box;
static float along(float x1, float w1, float x2, float w2)
{
    float left1 = x1 - w1 / 2, left2 = x2 - w2 / 2, right1 = x1 + w1 / 2, right2 = x2 + w2 / 2;
    return (right1 < right2 ? right1 : right2) - (left1 > left2 ? left1 : left2);
}
static float iou(box a, box b)
{
    float i = along(a.x, a.w, b.x, b.w) * along(a.y, a.h, b.y, b.h);
    return i / (a.w * a.h + b.w * b.h - i);
}
static unsigned state = 1;
static float side(void) /* [0.1, 1.1) */
{
    state = state * 1103515245u + 12345u;
    return .1f + (state >> 8) * 0x1p-24f;
}
static int count(void)
{
    int n = 0;
    for (int i = 0; i < 100000; ++i) {
        volatile float w1 = side(), h1 = side(), w2 = side(), h2 = side(); /* the compiler knows none of them */
        box a = {.5f, .5f, w1, h1}, b = {.45f, .5f, w2, h2};
        float p = w1, q = h1, r = w1, s = h1; /* p = r, q = s */
        if (WHAT == 0) n += iou(a, b) != iou(b, a);
        if (WHAT == 1) n += p * q - r * s != 0;
    }
    return n;
}
#ifdef __aarch64__
static void end(int n) /* as decimal digits to stdout, without a library */
{
    char line[8] = "       \n";
    int at = 7;
    do line[--at] = '0' + n % 10;
    while (n /= 10);
    register long x0 __asm("x0") = 1, x1 __asm("x1") = (long)line, x2 __asm("x2") = 8, x8 __asm("x8") = 64;
    __asm volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8) : "memory"); /* write(1, line, 8) */
    x0 = 0, x8 = 93;
    __asm volatile("svc 0" : : "r"(x0), "r"(x8)); /* exit(0) */
}
void _start(void) { end(count()); }
#else
#include <stdio.h>
int main(void) { return printf("%d\n", count()) < 0; }
#endif
END
libs_of_root() { LD_LIBRARY_PATH=$libs PATH="$tmp/root/usr/bin:$PATH" "$@"; }
count() { # $1: machine, $2: what to count, $3: options
    # shellcheck disable=SC2086
    set -- "$1" "-DWHAT=$2" $3
    machine=$1
    shift
    case $machine in
        x86-64) gcc "$@" iou.c -o run && ./run ;;
        arm64) libs_of_root aarch64-linux-gnu-gcc-12 "$@" -ffreestanding -nostdlib -static iou.c -o run &&
            libs_of_root qemu-aarch64 ./run ;;
    esac
}

changed=0
check() { # $1: machine, $2: options, $3: recorded
    seen=
    for what in 0 1; do seen="$seen${seen:+, }$(count "$1" $what "$2" | tr -d ' ')" || exit 2; done
    printf '%-6s %-22s %s\n%30s%s (recorded)\n' "$1" "$2" "$seen" '' "$3"
    [ "$seen" = "$3" ] || changed=1
}
echo 'of 100000: pairs of boxes with two overlaps, products p q - r s that are not 0; expected: none'
check x86-64 -O2 '0, 0'
check arm64 -O2 '18729, 100000'
check arm64 '-O2 -ffp-contract=off' '0, 0'
check arm64 '-O2 -std=c11' '0, 0'
check arm64 -O0 '0, 0'
exit $changed
