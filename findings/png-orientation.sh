#!/bin/sh
# Question   A phone stores a photo as the sensor saw it, 40 x 20, with the EXIF orientation "turn to the right". ImageMagick
#            or GraphicsMagick makes a PNG of it, so that a data set is stored without loss. Does the PNG show it upright?
# Guess      Each program either turns it or drops the orientation; a PNG has none.
# Seen       Neither: the pixels stay lying, and both write the orientation into a chunk eXIf behind the pixels. Who reads the
#            PNG decides: OpenCV's imread() turns it, 20 x 40, but not with IMREAD_UNCHANGED; stb_image, which Darknet
#            reads pictures with, does not know of it. Only with -auto-orient all see the same picture.
# Versions   Debian 12: imagemagick-6.q16 8:6.9.11.60+dfsg-1.6+deb12u15, graphicsmagick 1.4+really1.3.40-4+deb12u1,
#            libopencv-imgcodecs406 4.6.0+dfsg-12, libstb-dev 0.0~git20220908.8b5f1f3+ds-1
# Date       2026-11-30
# Matters    Labels drawn in a program that shows the PNG upright do not fit what the network sees, and a network that is
#            trained by one program meets turned pictures in another.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 60 MB; about a minute.
set -eu
magick=8:6.9.11.60+dfsg-1.6+deb12u15 graphics=1.4+really1.3.40-4+deb12u1 opencv=4.6.0+dfsg-12
stb=0.0~git20220908.8b5f1f3+ds-1

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
debian "imagemagick-6.q16=$magick" "libmagickcore-6.q16-6=$magick" "imagemagick-6-common=$magick" \
    "graphicsmagick=$graphics" "libgraphicsmagick-q16-3=$graphics" "libstb-dev=$stb" \
    "libopencv-imgcodecs-dev=$opencv" "libopencv-imgcodecs406=$opencv" "libopencv-core-dev=$opencv"
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
MAGICK_CODER_MODULE_PATH=$(find "$tmp/root" -type d -path '*ImageMagick-6*/coders')
export MAGICK_CODER_MODULE_PATH MAGICK_CONFIGURE_PATH="$tmp/root/etc/ImageMagick-6"

cat > stb.c << 'END'
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
int main(int argc, char **argv)
{
    int w, h, c;
    return !stbi_load(argv[argc - 1], &w, &h, &c, 3) || printf("%dx%d\n", w, h) < 0;
}
END
cat > opencv.cpp << 'END'
#include <opencv2/imgcodecs.hpp>
#include <cstdio>
int main(int argc, char **argv)
{
    for (int flags : {(int)cv::IMREAD_COLOR, (int)cv::IMREAD_UNCHANGED}) {
        cv::Mat m = cv::imread(argv[argc - 1], flags);
        printf("%dx%d\n", m.cols, m.rows);
    }
}
END
gcc -O1 -Iroot/usr/include stb.c -o stb -lm || exit 2
LIBRARY_PATH=$libs g++ -O1 opencv.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_imgcodecs.so.406 -l:libopencv_core.so.406 -o opencv || exit 2
with_libs() { LD_LIBRARY_PATH=$libs "$@"; }

# 40 x 20 red pixels as a JPEG; then behind its first two bytes EXIF with one entry: tag 0x112, one short, 6
perl -e 'print "P6\n40 20\n255\n", pack("C3", 255, 0, 0) x 800' > red.ppm
with_libs root/usr/bin/gm convert red.ppm plain.jpg || exit 2
perl -e 'binmode STDIN; local $/; $_ = <STDIN>; print substr($_, 0, 2), pack("CCn", 255, 0xe1, 34), "Exif\0\0MM\0*",
    pack("Nn nnNnn N", 8, 1, 0x112, 3, 1, 6, 0, 0), substr($_, 2)' < plain.jpg > photo.jpg
with_libs root/usr/bin/convert-im6.q16 photo.jpg ImageMagick.png || exit 2
with_libs root/usr/bin/gm convert photo.jpg GraphicsMagick.png || exit 2
with_libs root/usr/bin/convert-im6.q16 -auto-orient photo.jpg auto-orient.png || exit 2

changed=0
check() { # $1: file, $2: recorded, $3: expected
    seen=$({ with_libs ./opencv "$1" && ./stb "$1"; } | paste -sd' ') || exit 2
    printf '%-19s imread(), with IMREAD_UNCHANGED, stb_image: %s\n%64s%s (recorded)\n%64s%s (expected)\n' \
        "$1" "$seen" '' "$2" '' "$3"
    [ "$seen" = "$2" ] || changed=1
}
check photo.jpg '20x40 40x20 40x20' 'imread() turns, stb_image does not'
check ImageMagick.png '20x40 40x20 40x20' 'all three alike'
check GraphicsMagick.png '20x40 40x20 40x20' 'all three alike'
check auto-orient.png '20x40 20x40 20x40' 'all three alike'
exit $changed
