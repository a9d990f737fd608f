#!/bin/sh
# Question   A [connected] that reads a [route] to an earlier, larger map: does OpenCV run Darknet's cfg?
# Guess      Yes, or it refuses the cfg when it reads it.
# Seen       It reads cfg and weights without a word, and the first forward() raises an error that names neither layer nor
#            cfg. Without the [maxpool] between the two maps, or without the [route], the same layers run and give
#            Darknet's numbers. It looks as if a [route] took its channels from the layer that it names, but the size of
#            its map from the layer before it.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12, darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-30
# Matters    A program that only loads a network, as an installer's check does, finds nothing wrong. `darknet vd export`
#            writes a line about such a layer.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 75 MB; about a minute.
set -eu
opencv=4.6.0+dfsg-12 darknet=0.0.0+git20180914.61c9d02e-2+b4

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
debian "libopencv-dnn-dev=$opencv" "libopencv-dnn406=$opencv" "libopencv-core-dev=$opencv" "darknet=$darknet"
libs=$tmp:$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
dark=root/usr/bin/darknet
[ -x "$dark" ] || dark=darknet

cat > forward.cpp << 'END'
#include <opencv2/dnn.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <cstdio>
int main(int, char **v) // cfg weights: prints the outputs for the picture below, or what failed
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char *, const char *, const char *, int, void *) { return 0; });
    cv::dnn::Net net;
    try {
        net = cv::dnn::readNetFromDarknet(v[1], v[2]);
    } catch (const cv::Exception &) {
        return puts("not read") < 0;
    }
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    int shape[] = {1, 3, 4, 4};
    cv::Mat in(4, shape, CV_32F);
    for (int c = 0; c < 3; ++c)
        for (int p = 0; p < 16; ++p) in.ptr<float>()[c * 16 + p] = (p * 3 + c + 1) * 5 / 255.f;
    net.setInput(in);
    try {
        cv::Mat out = net.forward();
        for (int i = 0; i < 2; ++i) printf("%s%.2f", i ? " " : "", 100 * out.ptr<float>()[i]);
        return puts("") < 0;
    } catch (const cv::Exception &e) {
        return puts(e.err.find("srcMat.cols == weights.cols") != std::string::npos
                        ? "read, but forward(): the columns of a matrix are not those of the weights" : e.what()) < 0;
    }
}
END
LIBRARY_PATH=$libs g++ -O1 forward.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o forward || exit 2

# a picture of 4 x 4 pixels, values 5, 10, ..., 240
perl -e 'print "P6\n4 4\n255\n", pack("C*", map { 5 * $_ } 1 .. 48)' > picture.ppm
seq 0 1 > names
printf 'top=2\nnames=names\n' > net.data

changed=0
convolution='[convolutional]\nfilters=2\nsize=1\nstride=1\nactivation=linear\n'
# name, layers behind that convolution, the numbers they have, what Darknet and OpenCV gave
check() {
    printf '[net]\nwidth=4\nheight=4\nchannels=3\n%b%b[connected]\noutput=2\nactivation=linear\n' "$convolution" "$2" > net.cfg
    perl -e 'print pack("l<3Q<f<*", 0, 2, 0, 0, 0, 0, map({ $_ / 8 } 1 .. 6), 0, 0, map({ $_ % 5 / 16 } 1 .. 2 * $ARGV[0]))' \
        "$3" > net.weights
    LD_LIBRARY_PATH=$libs $dark classifier predict net.data net.cfg net.weights picture.ppm > darknet.out 2> darknet.log ||
        { cat darknet.log; exit 2; }
    d=$(sed -n 's/^ *\([-0-9.]*\)%: \(.*\)/\2 \1/p' darknet.out | sort -n | sed 's/.* //' | tr '\n' ' ' | sed 's/ $//')
    o=$(LD_LIBRARY_PATH=$libs ./forward net.cfg net.weights)
    printf '%s\n    Darknet  %s\n    OpenCV   %s\n' "$1" "$d" "$o"
    [ "$d" = "$4" ] || { changed=1; echo "    recorded for Darknet: $4"; }
    [ "$o" = "$5" ] || { changed=1; echo "    recorded for OpenCV:  $5"; }
}
pool='[maxpool]\nsize=2\nstride=2\n' route='[route]\nlayers=0\n'
echo "Outputs in percent; expected: the same line twice."
check 'connected behind the pool' "$pool" 8 '91.39 62.78' '91.39 62.78'
check 'connected behind a route to the map in front of it' "$route" 32 '239.48 276.04' '239.48 276.04'
check 'connected behind a route to the map before the pool' "$pool$route" 32 '239.48 276.04' \
    'read, but forward(): the columns of a matrix are not those of the weights'
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
