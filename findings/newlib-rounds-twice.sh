#!/bin/sh
# Question   C99's fma() and fmaf() round a product and a sum once; strtof() gives the float nearest to what is written. Do
#            they on a microcontroller, whose C library is newlib?
# Guess      Yes: a fused multiply-add that is not fused has no use, Cortex-M4 and -M7 have an instruction for it, and
#            weights that are written with enough digits come back as they were.
# Seen       fma() is x * y + z on a Cortex-M3 and -M4: 0 for a small number. fmaf() computes in double and rounds again to
#            float, on all three, though M4 and M7 have the instruction, which the same call is compiled to when the
#            compiler may. strtof() rounds to double and again to float: the neighbour comes back.
# Versions   Debian 12: gcc-arm-none-eabi 15:12.2.rel1-1, libnewlib-arm-none-eabi 3.3.0-1.3+deb12u1,
#            qemu-user 1:7.2+dfsg-7+deb12u18+b3
# Date       2026-11-30
# Matters    A requantisation or a dot product by fmaf() has other bits on the board than on the machine it was tried on,
#            and so have weights that a board reads as text.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 100 MB; about a minute.
set -eu
gcc=15:12.2.rel1-1 newlib=3.3.0-1.3+deb12u1 qemu=1:7.2+dfsg-7+deb12u18+b3

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
debian "gcc-arm-none-eabi=$gcc" "libnewlib-arm-none-eabi=$newlib" "libnewlib-dev=$newlib" \
    "qemu-user=$qemu" binutils-arm-none-eabi
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
export PATH="$tmp/root/usr/bin:$PATH" LD_LIBRARY_PATH="$libs"

cat > numbers.c << 'END'
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void answer(uint64_t bits, int digits)
{
    char line[17];
    for (int i = 0; i < digits; ++i) line[i] = "0123456789abcdef"[bits >> 4 * (digits - 1 - i) & 15];
    line[digits] = '\n';
    register long r0 __asm("r0") = 1, r1 __asm("r1") = (long)line, r2 __asm("r2") = digits + 1, r7 __asm("r7") = 4;
    __asm volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r7) : "memory"); /* Linux: write(1, line, n) */
}
static void real(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    answer(bits, 8);
}
static void large(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, 8);
    answer(bits, 16);
}

void run(void)
{
    volatile double x = 1 + 0x1p-30, y = 1 - 0x1p-30;
    large(fma(x, y, -1)); /* -2^-60 */
    volatile float a = 1 + 0x1p-12f, b = 0x1p-60f;
    real(fmaf(a, a, b));           /* a little above the middle between two floats */
    real(__builtin_fmaf(a, a, b)); /* the same, which the compiler may make an instruction of: see -fno-builtin-fmaf */
    real(strtof("1.000000059604644775390626", 0)); /* 1 + 2^-24 + 1e-24, a little above the middle */
}
END
cat > start.c << 'END'
void run(void);
void _start(void)
{
    run();
    register long r0 __asm("r0") = 0, r7 __asm("r7") = 1;
    __asm volatile("svc 0" : : "r"(r0), "r"(r7)); /* Linux: exit(0) */
}
END

changed=0
# board, fma, fmaf, the instruction or fmaf, strtof; FLAGS
check() {
    board=$1 recorded=$2
    shift 2
    lib=$tmp/root/usr/lib/arm-none-eabi/newlib/$(arm-none-eabi-gcc -mcpu="$board" -mthumb "$@" -print-multi-directory)
    arm-none-eabi-gcc -mcpu="$board" -mthumb "$@" -O2 -std=c99 -fno-builtin-fma -fno-builtin-fmaf \
        -isystem root/usr/include/newlib -nostdlib start.c numbers.c -o a.elf -L "$lib" -lm -lc -lnosys -lgcc 2> ld.log ||
        { cat ld.log; exit 2; }
    seen=$(qemu-arm -cpu max ./a.elf | paste -sd' ') || exit 2
    if [ "$seen" = "$recorded" ]; then verdict="as recorded"
    else verdict="CHANGED: recorded $recorded" changed=1; fi
    echo "$board: fma, fmaf, compiled fmaf, strtof: $seen, $verdict"
}

once="3f801001"
check cortex-m3 "0000000000000000 3f801000 3f801000 3f800000"
check cortex-m4 "0000000000000000 3f801000 $once 3f800000" -mfpu=fpv4-sp-d16 -mfloat-abi=hard
check cortex-m7 "bc30000000000000 3f801000 $once 3f800000" -mfpu=fpv5-d16 -mfloat-abi=hard
echo "rounded once: bc30000000000000 $once $once 3f800001"
exit $changed
