#!/bin/sh
# Question   Does OpenCV find the objects that Darknet finds, given the same cfg and .weights?
# Guess      Yes: both print every box over the threshold that the program asks for.
# Seen       OpenCV reads [region] thresh, which in Darknet is a constant of training (.6 in Darknet's yolov2 cfgs), as
#            the threshold of detection, and for [yolo] it assumes 0.2. Scores below are set to 0 inside the layer,
#            before the program's own threshold. thresh=0 in the cfg brings them back; Darknet's [yolo] ignores that key.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12, darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-28
# Matters    Mean average precision needs the low scores: measured through OpenCV it is another number than
#            `darknet detector map` prints. A sparse detector is often less sure of its boxes, and loses more.
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
int main(int, char **v) // cfg weights: the scores of the classes of the one box of a black picture
{
    cv::dnn::Net net = cv::dnn::readNetFromDarknet(v[1], v[2]);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    int shape[] = {1, 3, 32, 32};
    net.setInput(cv::Mat(4, shape, CV_32F, cv::Scalar(0)));
    cv::Mat out = net.forward();
    printf("cat %.3f dog %.3f\n", out.at<float>(5), out.at<float>(6));
}
END
LIBRARY_PATH=$libs g++ -O1 forward.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o forward || exit 2

# A detector with one cell, one anchor and two classes. Its weights are 0: the biases are what it says of every picture.
for n in 1 2 3 4; do
    { printf 'P6\n32 32\n255\n'; head -c 3072 /dev/zero; } > "$n.ppm"
    echo "$tmp/$n.ppm"
done > list
printf 'cat\ndog\n' > names
mkdir results
printf 'classes=2\nvalid=list\nnames=names\nresults=results\n' > net.data
perl -e 'print pack("l<3Q<f<*", 0, 2, 0, 0, (0, 0, 0, 0, .5, -1.3, -3), (0) x 21)' > net.weights

# $1: the last section; prints what Darknet and OpenCV say of the first picture
both() {
    printf '[net]\nwidth=32\nheight=32\nchannels=3\n[maxpool]\nsize=32\nstride=32\n' > net.cfg
    printf '[convolutional]\nfilters=7\nsize=1\nactivation=linear\n%b\nnum=1\nclasses=2\n' "$1" >> net.cfg
    rm -f results/*
    LD_LIBRARY_PATH=$libs $dark detector valid net.data net.cfg net.weights > darknet.log 2>&1 || { cat darknet.log; exit 2; }
    scores=$(for c in cat dog; do awk -v c=$c '$1 == 1 { s = $2 } END { printf "%s %.3f ", c, s }' "results/comp4_det_test_$c.txt"; done)
    echo "Darknet ${scores% }, OpenCV $(LD_LIBRARY_PATH=$libs ./forward net.cfg net.weights)"
}
region='[region]\nanchors=1,1\nsoftmax=1\ncoords=4'
yolo='[yolo]\nmask=0\nanchors=32,32'

changed=0
check() { # $1: what, $2: what was recorded, $3: what a reader expects
    seen=$(both "$4")
    printf '%-20s %s\n%-20s %s (recorded)\n%-20s %s (expected)\n' "$1" "$seen" '' "$2" '' "$3"
    [ "$seen" = "$2" ] || changed=1
}
check 'region' 'Darknet cat 0.526 dog 0.096, OpenCV cat 0.526 dog 0.096' 'the same twice' "$region"
check 'region, thresh=.6' 'Darknet cat 0.526 dog 0.096, OpenCV cat 0.000 dog 0.000' 'the same twice' "$region\nthresh=.6"
check 'yolo' 'Darknet cat 0.133 dog 0.030, OpenCV cat 0.000 dog 0.000' 'the same twice' "$yolo"
check 'yolo, thresh=0' 'Darknet cat 0.133 dog 0.030, OpenCV cat 0.133 dog 0.030' 'the same twice' "$yolo\nthresh=0"
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
