#!/bin/sh
# Question   Colour pictures are made grey for a network with one channel. How bright is green, 0 255 0, and how bright red?
# Guess      150 and 76, the weights 0.587 and 0.299 of JPEG and of television, whichever program makes them.
# Seen       With ImageMagick green is 182 and red 54, and so with scikit-image: they weigh as HDTV does, 0.7152 and 0.2126,
#            though the file says nothing of HDTV. GraphicsMagick, Netpbm, Pillow, libjpeg-turbo and stb_image, which
#            Darknet reads pictures with, have 150 and 76, give or take 1. ImageMagick does so with -colorspace Gray, with
#            -type Grayscale, and with neither, when the name of the new file ends in .pgm.
# Versions   Debian 12: imagemagick-6.q16 8:6.9.11.60+dfsg-1.6+deb12u15, python3-skimage 0.19.3-8,
#            graphicsmagick 1.4+really1.3.40-4+deb12u1, netpbm 2:11.01.00-2, libjpeg-turbo-progs 1:2.1.5-2,
#            python3-pil 9.4.0-1.1+deb12u1, libstb-dev 0.0~git20220908.8b5f1f3+ds-1
# Date       2026-11-30
# Matters    A network that was trained on pictures made grey by one, and reads colour pictures in a program that makes them
#            grey by the other, sees foliage darker by 32 of 255 and red signs brighter by 22 than it has learnt.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 90 MB; about a minute.
set -eu
magick=8:6.9.11.60+dfsg-1.6+deb12u15 graphics=1.4+really1.3.40-4+deb12u1 netpbm=2:11.01.00-2 jpeg=1:2.1.5-2
pil=9.4.0-1.1+deb12u1 skimage=0.19.3-8 stb=0.0~git20220908.8b5f1f3+ds-1

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
    "graphicsmagick=$graphics" "libgraphicsmagick-q16-3=$graphics" "netpbm=$netpbm" "libnetpbm11=$netpbm" \
    "libjpeg-turbo-progs=$jpeg" "libjpeg62-turbo=$jpeg" "python3-pil=$pil" "python3-skimage=$skimage" "libstb-dev=$stb" python3
python=/usr/bin/python3.11
[ -x "$python" ] || python=$tmp/root$python
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
MAGICK_CODER_MODULE_PATH=$(find "$tmp/root" -type d -path '*ImageMagick-6*/coders')
export MAGICK_CODER_MODULE_PATH MAGICK_CONFIGURE_PATH="$tmp/root/etc/ImageMagick-6"
with_libs() { LD_LIBRARY_PATH=$libs PYTHONPATH="$tmp/root/usr/lib/python3/dist-packages" "$@"; }

cat > stb.c << 'END'
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
int main(int argc, char **argv)
{
    int w, h, c;
    unsigned char *grey = stbi_load(argv[argc - 1], &w, &h, &c, 1);
    return !grey || putchar(*grey) < 0;
}
END
gcc -O1 -Iroot/usr/include stb.c -o stb -lm || exit 2
cat > grey.py << 'END'
import sys
import numpy as np
from PIL import Image
picture = Image.open(sys.argv[2])
if sys.argv[1] == 'Pillow':
    grey = picture.convert('L').getpixel((0, 0))
else:
    from skimage.color import rgb2gray
    grey = int(round(255 * rgb2gray(np.asarray(picture))[0, 0]))
sys.stdout.buffer.write(bytes([grey]))
END

# the last byte of what a program makes of a file of one colour
grey() { # $1: program, $2: file
    case $1 in
        -colorspace* | -type*) # shellcheck disable=SC2086
            with_libs root/usr/bin/convert-im6.q16 "$2" $1 grey.pgm && cat grey.pgm ;;
        .pgm) with_libs root/usr/bin/convert-im6.q16 "$2" grey.pgm && cat grey.pgm ;;
        GraphicsMagick) with_libs root/usr/bin/gm convert "$2" -colorspace Gray grey.pgm && cat grey.pgm ;;
        Netpbm) with_libs root/usr/bin/ppmtopgm "$2" ;;
        libjpeg-turbo) with_libs root/usr/bin/cjpeg -quality 100 -grayscale "$2" > grey.jpg &&
            with_libs root/usr/bin/djpeg -grayscale grey.jpg ;;
        Pillow | scikit-image) with_libs "$python" grey.py "$1" "$2" ;;
        stb_image) ./stb "$2" ;;
    esac | tail -c 1 | od -An -tu1 | tr -d ' '
}
perl -e 'print "P6\n8 8\n255\n", pack("C3", 0, 255, 0) x 64' > green.ppm
perl -e 'print "P6\n8 8\n255\n", pack("C3", 255, 0, 0) x 64' > red.ppm

changed=0
check() { # $1: program or what ImageMagick is told, $2: recorded
    seen="$(grey "$1" green.ppm) $(grey "$1" red.ppm)"
    printf '%-18s green, red: %-7s %-7s (recorded) 150 76 (expected)\n' "$1" "$seen" "$2"
    [ "$seen" = "$2" ] || changed=1
}
check '-colorspace Gray' '182 54'
check '-type Grayscale' '182 54'
check .pgm '182 54'
check scikit-image '182 54'
check GraphicsMagick '149 76'
check Netpbm '149 77'
check libjpeg-turbo '150 76'
check Pillow '150 76'
check stb_image '149 76'
exit $changed
