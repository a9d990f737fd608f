#!/bin/sh
# Question   Do stb_image, which Darknet reads pictures with, and libjpeg-turbo decode a JPEG to the same pixels?
# Guess      To within rounding, 2 or 3 of 255, whatever the chroma sampling.
# Seen       So they do for 4:4:4, 4:4:0, 4:2:0, 4:1:1 and 4:1:0, but not for 4:2:2: in the last column but one, and in no
#            other, they differ by 168 of 255 on a picture of coloured dots. stb_image mixes the two chroma samples
#            there with their weights swapped, 1:3 where every other column has 3:1.
# Versions   Debian 12: libstb-dev 0.0~git20220908.8b5f1f3+ds-1 (stb_image 2.27), libjpeg-turbo-progs 1:2.1.5-2
# Date       2026-11-28
# Matters    Many cameras write 4:2:2. A network trained by Darknet sees a stripe at the right border that it does not see
#            in a program that decodes with libjpeg, such as OpenCV; tests that compare two programs should use PNG.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 1 MB.
set -eu
stb=0.0~git20220908.8b5f1f3+ds-1 jpeg=1:2.1.5-2

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

apt-get -qq -o APT::Sandbox::User= download "libstb-dev=$stb" "libjpeg-turbo-progs=$jpeg" "libjpeg62-turbo=$jpeg" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had (apt-get update first?)"; exit 2; }
for deb in *.deb; do dpkg-deb -x "$deb" root; done
LD_LIBRARY_PATH=$(find "$tmp/root" -name 'libjpeg.so.*' -printf '%h\n' | head -1)
export LD_LIBRARY_PATH

cat > stb.c << 'END'
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
int main(int argc, char **argv) // a JPEG to a PPM
{
    int w, h, c;
    unsigned char *rgb = argc == 2 ? stbi_load(argv[1], &w, &h, &c, 3) : 0;
    if (!rgb) return 1;
    printf("P6\n%d %d\n255\n", w, h);
    return fwrite(rgb, 3, (size_t)(w * h), stdout) != (size_t)(w * h);
}
END
cat > differ.c << 'END'
#include <stdio.h>
#include <stdlib.h>
enum { W = 32, H = 16 };
static void read_ppm(const char *name, unsigned char *rgb)
{
    FILE *f = fopen(name, "rb");
    if (!f || fscanf(f, "P6 32 16 255%*1[\n]") || fread(rgb, 3, W * H, f) != W * H) exit(2);
    fclose(f);
}
int main(int argc, char **argv) // two PPMs: the largest difference, and in which column; and that of all the others
{
    static unsigned char a[3 * W * H], b[3 * W * H];
    int worst = 0, at = 0, others = 0;
    if (argc != 3) return 2;
    read_ppm(argv[1], a);
    read_ppm(argv[2], b);
    for (int pass = 0; pass < 2; ++pass)
        for (int i = 0; i < 3 * W * H; ++i) {
            int column = i / 3 % W, d = abs(a[i] - b[i]);
            if (!pass && d > worst) worst = d, at = column;
            if (pass && column != at && d > others) others = d;
        }
    if (worst <= 3) printf("at most 3\n");
    else printf("%d in column %d of 32, at most %d elsewhere\n", worst, at + 1, others);
    return 0;
}
END
gcc -O1 -Iroot/usr/include stb.c -o stb -lm || exit 2
gcc -O1 differ.c -o differ || exit 2

# 32 x 16 dots, red, green or blue by a fixed sequence
perl -e '$s = 1; print "P6\n32 16\n255\n"; for (1 .. 512) { $s = ($s * 1103515245 + 12345) % 2147483648;
    print pack "C3", @{([255, 0, 0], [0, 255, 0], [0, 0, 255])[($s >> 16) % 3]} }' > dots.ppm

changed=0
check() { # -sample of cjpeg, its usual name, what was recorded
    root/usr/bin/cjpeg -quality 100 -sample "$1" dots.ppm > dots.jpg
    root/usr/bin/djpeg dots.jpg > turbo.ppm
    ./stb dots.jpg > stb.ppm
    seen=$(./differ turbo.ppm stb.ppm)
    echo "$2: differences $seen; expected at most 3"
    [ "$seen" = "$3" ] || { changed=1; echo "    recorded: $3"; }
}
check 1x1 4:4:4 'at most 3'
check 1x2 4:4:0 'at most 3'
check 2x1 4:2:2 '168 in column 31 of 32, at most 2 elsewhere'
check 2x2 4:2:0 'at most 3'
check 4x1 4:1:1 'at most 3'
check 4x2 4:1:0 'at most 3'
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
