#!/bin/sh
# Question   A PGM says in its header which number is white: 255, but also 15, or 65535 for pictures of 16 bits. What
#            does stb_image, which Darknet and many others read pictures with, make of one?
# Guess      Bytes from 0 to 255: white is 255, and half of white 127 or 128, whatever the file's own number of it is.
# Seen       With 15 the numbers are taken as they are: white is 15 of 255. Of 16 bits stbi_load() gives the low byte,
#            not the high one: a grey ramp from black to white becomes 256 ramps. stbi_load_16() gives the two bytes
#            of each number in the wrong order, on x86. Netpbm's pamdepth scales all of them to 255.
# Versions   Debian 12: libstb-dev 0.0~git20220908.8b5f1f3+ds-1 (stb_image 2.27), netpbm 2:11.01.00-2
# Date       2026-11-30
# Matters    Cameras for science and depth write PGM of 16 bits. A network trained on them by such a program has seen
#            noise, or, with a smaller white, night.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 2 MB.
set -eu
stb=0.0~git20220908.8b5f1f3+ds-1 netpbm=2:11.01.00-2

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

apt-get -qq -o APT::Sandbox::User= download "libstb-dev=$stb" "netpbm=$netpbm" "libnetpbm11=$netpbm" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had (apt-get update first?)"; exit 2; }
for deb in *.deb; do dpkg-deb -x "$deb" root; done
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > stb.c << 'END'
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
int main(int argc, char **argv) /* a picture's numbers, of 8 bits and of 16 */
{
    int w, h, c, i;
    unsigned char *bytes = argc == 2 ? stbi_load(argv[1], &w, &h, &c, 1) : 0;
    unsigned short *words = bytes ? stbi_load_16(argv[1], &w, &h, &c, 1) : 0;
    if (!words) return 1;
    for (i = 0; i < w * h; ++i) printf("%d ", bytes[i]);
    for (i = 0; i < w * h; ++i) printf(" %d", words[i]);
    puts("");
    return 0;
}
END
gcc -O1 stb.c -Iroot/usr/include -lm -o stb || exit 2

by_netpbm() { # $1: white: the same picture's numbers
    LD_LIBRARY_PATH=$libs root/usr/bin/pamdepth "$1" ramp.pgm > scaled.pgm 2> log || { cat log >&2; exit 2; }
    perl -e 'local $/; $_ = <STDIN>; s/^P5\s+\d+\s+\d+\s+(\d+)\s//; print join " ", unpack $1 > 255 ? "n*" : "C*", $_' \
        < scaled.pgm
}
changed=0
check() { # $1: white, $2: numbers, $3: recorded by stb_image
    # shellcheck disable=SC2086 # $2 is several words
    perl -e '($white, @x) = @ARGV; printf "P5\n%d 1\n%d\n", scalar @x, $white;
        print pack $white > 255 ? "n*" : "C*", @x' "$1" $2 > ramp.pgm
    seen=$(./stb ramp.pgm) || exit 2
    bytes=$(by_netpbm 255) || exit 2
    words=$(by_netpbm 65535) || exit 2
    printf 'white %-5s %-20s stbi_load, stbi_load_16: %s\n%58s %s (recorded)\n%58s %s (expected)\n' \
        "$1," "$2" "$seen" '' "$3" '' "$bytes  $words"
    [ "$seen" = "$3" ] || changed=1
}
check 255 '0 85 170 255' '0 85 170 255  0 21845 43690 65535'
check 15 '0 5 10 15' '0 5 10 15  0 1285 2570 3855'
check 65535 '0 21760 43520 65280' '0 0 0 0  0 85 170 255'
check 65535 '0 85 170 255' '0 85 170 255  0 21760 43520 65280'
exit $changed
