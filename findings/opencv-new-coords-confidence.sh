#!/bin/sh
# Question   Column 4 of a row that OpenCV gives for a [yolo] head is the box's confidence. With new_coords=1, too?
# Guess      Yes: scores in the columns after it are products with it, and they are right.
# Seen       No: the column holds numbers of other boxes or of coordinates. Without new_coords each row has its own.
#            Boxes and scores are right in both.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12
# Date       2026-11-29
# Matters    Many programs drop rows by column 4 before they look at scores. With yolov4-csp, yolov7 and yolov7-tiny,
#            which have the key, they drop true boxes and keep empty ones. Take the largest score instead.
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

cat > rows.cpp << 'END'
#include <opencv2/dnn.hpp>
#include <cstdio>
int main(int, char **v) // cfg weights column: of each row of a black picture
{
    cv::dnn::Net net = cv::dnn::readNetFromDarknet(v[1], v[2]);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    int shape[] = {1, 3, 64, 64};
    net.setInput(cv::Mat(4, shape, CV_32F, cv::Scalar(0)));
    cv::Mat out = net.forward();
    for (int i = 0; i < out.rows; ++i) printf("%s%.2f", i ? " " : "", out.at<float>(i, atoi(v[3])));
    puts("");
}
END
LIBRARY_PATH=$libs g++ -O1 rows.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o rows || exit 2

# Four cells, two anchors, two classes. The weights are 0, so the biases are what every cell says: confidences of .9 and
# .6, and scores of the first class of .9 times .73 and .6 times .27.
perl -e 'print pack("l<3Q<f<*", 0, 2, 0, 0, (0, 0, 0, 0, 2.1972, 1, -1), (0, 0, 0, 0, .4055, -1, 2), (0) x 42)' > net.weights
head='[net]\nwidth=64\nheight=64\nchannels=3\n[maxpool]\nsize=32\nstride=32\n[convolutional]\nfilters=14\nsize=1\n'
yolo='[yolo]\nmask=0,1\nanchors=16,16,32,32\nnum=2\nclasses=2\n'
printf '%bactivation=linear\n%b' "$head" "$yolo" > before.cfg
printf '%bactivation=logistic\n%bnew_coords=1\nscale_x_y=2\n' "$head" "$yolo" > new.cfg

changed=0
check() { # $1: cfg, $2: column, $3: recorded, $4: expected
    seen=$(LD_LIBRARY_PATH=$libs ./rows "$1.cfg" net.weights "$2")
    printf '%-6s column %s  %s\n%17s%s (recorded)\n%17s%s (expected)\n' "$1" "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
confidences='0.90 0.60 0.90 0.60 0.90 0.60 0.90 0.60' scores='0.66 0.00 0.66 0.00 0.66 0.00 0.66 0.00'
check before 4 "$confidences" "$confidences"
check new 4 '0.50 0.50 0.90 0.27 0.50 0.50 0.60 0.88' "$confidences"
check new 5 "$scores" "$scores, as .16 is under its threshold of .2"
if [ $changed = 1 ]; then echo CHANGED; else echo "as recorded"; fi
exit $changed
