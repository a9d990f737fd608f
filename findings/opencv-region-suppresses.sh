#!/bin/sh
# Question   OpenCV's samples call NMSBoxes() for what a Darknet detector finds, with a threshold of the program's. Do
#            the rows of its [region] (YOLO v2) hold all that the layer found?
# Guess      Yes, as those of its [yolo] (v3 and v4) do, and as stock Darknet's get_network_boxes() does.
# Seen       No: where two boxes overlap by more than 0.4, the lower score comes out as 0; its confidence stays. The same
#            two boxes from a [yolo] both keep their scores. Stock Darknet's `detector test` drops from 0.45 on.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12
# Date       2026-11-30
# Matters    A program that asks for a milder suppression than 0.4 gets no box back, and a mean average precision by
#            OpenCV differs from Darknet's. The confidence, column 4, tells that there was a box.
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
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)

cat > run.cpp << 'END'
#include <opencv2/dnn.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <cstdio>
int main(int, char **v) // cfg weights: confidence and score of each of the two boxes
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::dnn::Net net = cv::dnn::readNetFromDarknet(v[1], v[2]);
    int shape[] = {1, 3, 1, 1};
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net.setInput(cv::Mat(4, shape, CV_32F, cv::Scalar(0)));
    cv::Mat out = net.forward();
    for (int i = 0; i < out.rows; ++i) printf("%s%.2f %.2f", i ? ", " : "", out.at<float>(i, 4), out.at<float>(i, 5));
    puts("");
}
END
LIBRARY_PATH=$libs g++ -O1 run.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o run || exit 2

# two boxes in the middle of one cell; the second is as high and `share` times as wide, so it overlaps by `share`.
# Confidences of 0.88 and 0.73 come from the biases, weights are 0; one class, whose probability is 1 or 1/2
perl -e 'my @box = map { (0, 0, 0, 0, $_, 0) } 2, 1; print pack("l<3q<", 0, 2, 0, 0), pack("f<*", @box, (0) x 36)' > w
cfg() { # $1: section, $2: its anchors
    printf '[net]\nwidth=1\nheight=1\nchannels=3\n[convolutional]\nfilters=12\nsize=1\nactivation=linear\n'
    if [ "$1" = region ]; then
        printf '[region]\nanchors=%s\nnum=2\nclasses=1\ncoords=4\nsoftmax=1\nthresh=0\n' "$2"
    else
        printf '[yolo]\nmask=0,1\nanchors=%s\nnum=2\nclasses=1\nthresh=.01\n' "$2"
    fi
}

changed=0
check() { # $1: section, $2: share, $3: recorded, $4: expected
    cfg "$1" "1,1, $2,1" > c.cfg
    seen=$(LD_LIBRARY_PATH=$libs ./run c.cfg w 2>/dev/null) || seen=error
    printf '[%s], overlap %s: confidence and score %s\n%34s %s (recorded)\n%34s %s (expected)\n' \
        "$1" "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
check region .38 '0.88 0.88, 0.73 0.73' '0.88 0.88, 0.73 0.73'
check region .42 '0.88 0.88, 0.73 0.00' '0.88 0.88, 0.73 0.73'
check yolo .42 '0.88 0.44, 0.73 0.37' '0.88 0.44, 0.73 0.37'
check yolo .90 '0.88 0.44, 0.73 0.37' '0.88 0.44, 0.73 0.37'
exit $changed
