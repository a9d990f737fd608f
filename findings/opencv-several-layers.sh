#!/bin/sh
# Question   Cfgs of AlexeyAB's Darknet have sections that read several layers: a [shortcut] whose from= names two, and a
#            [route] of two layers with groups=2, which takes a half of each. Does OpenCV read them as such?
# Guess      Yes, or it refuses the file: it reads a [route] of two layers, and groups=2 of one, as in yolov4-tiny.
# Seen       Both are read without a word. The sum has the first layer of from= alone: two maps instead of three. The
#            [route] has other channels: halves in another order where it follows its layers, and where it does not, the
#            layer in front of it, whole, and a half of the first one: three channels instead of two, which nobody notices
#            where a pool or a head without weights follows.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12
# Date       2026-12-01
# Matters    The network answers, with other numbers. `darknet vd export` writes a line about such a layer.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 75 MB; about a minute.
set -eu
opencv=4.6.0+dfsg-12

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
debian "libopencv-dnn-dev=$opencv" "libopencv-dnn406=$opencv" "libopencv-core-dev=$opencv"
libs=$tmp:$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > forward.cpp << 'END'
#include <opencv2/dnn.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <cstdio>
int main(int, char **v) // cfg weights: prints a number for each channel of the output, of a picture of one pixel, 1
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char *, const char *, const char *, int, void *) { return 0; });
    try {
        cv::dnn::Net net = cv::dnn::readNetFromDarknet(v[1], v[2]);
        net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        int shape[] = {1, 1, 1, 1};
        net.setInput(cv::Mat(4, shape, CV_32F, cv::Scalar(1)));
        cv::Mat out = net.forward();
        for (int i = 0; i < out.size[1]; ++i) printf("%s%g", i ? " " : "", out.ptr<float>()[i]);
        return puts("") < 0;
    } catch (const cv::Exception &) {
        return puts("error") < 0;
    }
}
END
LIBRARY_PATH=$libs g++ -O1 forward.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o forward || exit 2

changed=0
convolution='[convolutional]\nfilters=2\nsize=1\nstride=1\nactivation=linear\n'
same="$convolution$convolution$convolution" # layers 0, 1 and 2 have the channels 1 2, 4 8 and 16 32
# $1: the section behind them, $2: recorded, $3: expected
check() {
    printf '[net]\nwidth=1\nheight=1\nchannels=1\n%b%b' "$same" "$1" > net.cfg
    perl -e 'print pack "l<3Q<f<*", 0, 2, 0, 0, 0, 0, 1, 2, map { (0, 0, 4, 0, 0, 4) } 1, 2' > net.weights
    seen=$(LD_LIBRARY_PATH=$libs ./forward net.cfg net.weights)
    printf '%s: %s\n    %s (recorded)\n    %s (expected)\n' "$(printf '%b' "$1" | tr '\n' ' ')" "$seen" "$2" "$3"
    [ "$seen" = "$2" ] || changed=1
}
check '[shortcut]\nfrom=0\nactivation=linear\n' '17 34' '17 34'
check '[shortcut]\nfrom=0,1\nactivation=linear\n' '17 34' '21 42'
check '[route]\nlayers=0,1\n' '1 2 4 8' '1 2 4 8'
check '[route]\nlayers=0\ngroups=2\ngroup_id=1\n' '2' '2'
check '[route]\nlayers=2,1\ngroups=2\ngroup_id=1\n' '8 32' '32 8'
check '[route]\nlayers=0,1\ngroups=2\ngroup_id=1\n' '16 32 2' '2 8'
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
