#!/bin/sh
# Question   Is a network that OpenCV reads from Darknet's cfg and .weights the network that Darknet runs?
# Guess      Yes, or OpenCV refuses the file.
# Seen       Eight cfgs that both read without a word, and that are two networks:
#            no activation=: Darknet's default is logistic, OpenCV's linear; [maxpool] and [upsample] without their keys
#            have other defaults; [upsample] scale= and [softmax] temperature= are ignored; [softmax] over a map normalises
#            over all of it in Darknet, over the channels of each pixel in OpenCV; [connected] with batch_normalize has its
#            weights before the scales in Darknet's file, OpenCV looks for them after the variances; and batch
#            normalisation divides by sqrt(variance) + 1e-6 in Darknet, by sqrt(variance + 1e-6) in OpenCV: the same for a
#            filter that lives, a factor of 500 for one whose variance has died away to 1e-12.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12, darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-28
# Matters    Sparse networks have filters that have died. Fold batch normalisation into the weights before OpenCV sees them
#            and write every key into the cfg: `darknet vd export` does both.
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
#include <cstdio>
int main(int, char **v) // cfg weights: prints how many outputs the picture below has, and the first eight in percent
{
    cv::dnn::Net net = cv::dnn::readNetFromDarknet(v[1], v[2]);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    int shape[] = {1, 3, 2, 2};
    cv::Mat in(4, shape, CV_32F);
    for (int c = 0; c < 3; ++c)
        for (int p = 0; p < 4; ++p) in.ptr<float>()[c * 4 + p] = (p * 3 + c + 1) * 20 / 255.f;
    net.setInput(in);
    cv::Mat out = net.forward();
    printf("%zu:", out.total());
    for (size_t i = 0; i < out.total() && i < 8; ++i) printf(" %.2f", 100 * out.ptr<float>()[i]);
    puts("");
}
END
LIBRARY_PATH=$libs g++ -O1 forward.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o forward || exit 2

# a picture of 2 x 2 pixels, values 20, 40, ..., 240
perl -e 'print "P6\n2 2\n255\n", pack("C*", map { 20 * $_ } 1 .. 12)' > picture.ppm
seq 0 47 > names

changed=0
# name, number of outputs, end of the cfg, what Darknet and OpenCV gave, weights
check() {
    name=$1 outputs=$2 darknet_gave=$4 opencv_gave=$5
    printf '[net]\nwidth=2\nheight=2\nchannels=3\n%b\n' "$3" > net.cfg
    shift 5
    perl -e 'print pack("l<3Q<f<*", 0, 2, 0, 0, map { /(.*)x(.*)/ ? ($1) x $2 : $_ } @ARGV)' -- "$@" > net.weights
    printf 'top=%d\nnames=names\n' "$outputs" > net.data
    LD_LIBRARY_PATH=$libs $dark classifier predict net.data net.cfg net.weights picture.ppm > darknet.out 2> darknet.log ||
        { cat darknet.log; exit 2; }
    d="$outputs:$(sed -n 's/^ *\([-0-9.]*\)%: \(.*\)/\2 \1/p' darknet.out | sort -n | head -8 | sed 's/.* / /' | tr -d '\n')"
    o=$(LD_LIBRARY_PATH=$libs ./forward net.cfg net.weights)
    printf '%s\n    Darknet  %s\n    OpenCV   %s\n' "$name" "$d" "$o"
    [ "$d" = "$darknet_gave" ] || { changed=1; echo "    recorded for Darknet: $darknet_gave"; }
    [ "$o" = "$opencv_gave" ] || { changed=1; echo "    recorded for OpenCV:  $opencv_gave"; }
}
echo "Number of outputs, and the first eight in percent; expected: the same line twice."
check 'no activation=' 2 '[connected]\noutput=2' '2: 64.83 35.17' '2: 61.18 -61.18' 0 0 .1x12 -.1x12
check '[maxpool] without size= and stride=' 12 '[maxpool]' \
    '12: 7.84 31.37 54.90 78.43 15.69 39.22 62.75 86.27' '3: 78.43 86.27 94.12'
check '[upsample] without stride=' 48 '[upsample]' \
    '48: 7.84 7.84 31.37 31.37 7.84 7.84 31.37 31.37' '12: 7.84 31.37 54.90 78.43 15.69 39.22 62.75 86.27'
check '[upsample] scale=.5' 48 '[upsample]\nstride=2\nscale=.5' \
    '48: 3.92 3.92 15.69 15.69 3.92 3.92 15.69 15.69' '48: 7.84 7.84 31.37 31.37 7.84 7.84 31.37 31.37'
check '[softmax] temperature=4' 2 '[connected]\noutput=2\nactivation=linear\n[softmax]\ntemperature=4' \
    '2: 37.75 62.25' '2: 11.92 88.08' 0 2 0x24
check '[softmax] over a map' 12 '[softmax]' \
    '12: 5.22 6.60 8.36 10.57 5.65 7.14 9.04 11.44' '12: 30.76 30.76 30.76 30.76 33.27 33.27 33.27 33.27'
check '[connected] batch_normalize=1' 2 '[connected]\noutput=2\nbatch_normalize=1\nactivation=linear' \
    '2: 101.18 -21.18' '2: 41.88 532.05' .5 .6 .1x12 -.1x12 2 3 .1 .2 4 9
check 'a filter with variance 1e-12, one with 1' 8 '[convolutional]\nfilters=2\nsize=1\nbatch_normalize=1\nactivation=linear' \
    '8: 50.00 50.00 50.00 50.00 0.00 0.00 0.00 0.00' '8: 0.10 0.10 0.10 0.10 0.00 0.00 0.00 0.00' 0 0 1 1 -1e-6 -1e-6 1e-12 1 0x6
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
