#!/bin/sh
# Question   Pools of ONNX have keys for what lies around a map and between the pixels of a window: count_include_pad,
#            auto_pad, dilations. Does OpenCV 4.6 compute by them?
# Guess      Yes, or it refuses the file.
# Seen       It computes without a word as if they were others. count_include_pad=1: a window at the border is divided
#            by the pixels inside, so a map of ones stays ones where 4/9 is due. auto_pad=SAME_LOWER: pads as
#            SAME_UPPER. dilations: neighbours are taken, and the map that comes out is larger.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12
# Date       2026-11-30
# Matters    Averages that count zeros around the map are what PyTorch's nn.AvgPool2d computes unless told otherwise. A
#            model that says so by this key has other numbers at every border.
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
int main(int, char **v) // model, picture of 3 x 3 numbers: what it makes of it, or "error"
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    try {
        cv::dnn::Net net = cv::dnn::readNetFromONNX(v[1]);
        float x[9];
        for (int i = 0; i < 9; ++i) x[i] = v[2][i] - '0';
        int shape[] = {1, 1, 3, 3};
        net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        net.setInput(cv::Mat(4, shape, CV_32F, x));
        cv::Mat out = net.forward();
        for (int i = 0; i < (int)out.total(); ++i) printf("%s%.3g", i ? " " : "", out.ptr<float>()[i]);
    } catch (const cv::Exception &) {
        printf("error");
    }
    puts("");
}
END
LIBRARY_PATH=$libs g++ -O1 run.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o run || exit 2

# a model of opset 13 with one node, x [1, 1, 3, 3] -> y: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'END'
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub value { my ($name, @dims) = @_;
            bytes(1, $name) .
                bytes(2, bytes(1, number(1, 1) . bytes(2, join '', map { bytes(1, number(1, $_)) } @dims))) }
sub attribute { my ($key, $value) = split /=/, $_[0];
    my @list = split /,/, $value;
    bytes(5, bytes(1, $key) . ($value =~ /[A-Z]/ ? bytes(4, $value) . number(20, 3)
                               : @list > 1 ? join('', map { number(8, $_) } @list) . number(20, 7)
                                           : number(3, $value) . number(20, 2))) }
my ($side, $type, @keys) = @ARGV;
my $node = bytes(1, 'x') . bytes(2, 'y') . bytes(4, $type) . join '', map { attribute($_) } @keys;
print number(1, 7) . bytes(7, bytes(1, $node) . bytes(2, 'g') . bytes(11, value('x', 1, 1, 3, 3)) .
                              bytes(12, value('y', 1, 1, $side, $side))) . bytes(8, number(2, 13));
END

changed=0
check() { # $1: recorded, $2: expected, $3: picture, $4: side of what comes out, $5...: operator and its keys
    recorded=$1 expected=$2 picture=$3
    shift 3
    perl model.pl "$@" > net.onnx
    seen=$(LD_LIBRARY_PATH=$libs ./run net.onnx "$picture" 2>/dev/null)
    shift
    printf '%s of %s\n    %s\n    %s (recorded)\n    %s (expected)\n' "$*" "$picture" "$seen" "$recorded" "$expected"
    [ "$seen" = "$recorded" ] || changed=1
}
ones='1 1 1 1 1 1 1 1 1'
check "$ones" "$ones" 111111111 3 AveragePool kernel_shape=3,3 pads=1,1,1,1
check "$ones" '0.444 0.667 0.444 0.667 1 0.667 0.444 0.667 0.444' 111111111 3 \
    AveragePool kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1
check '5 6 6 8 9 9 8 9 9' '5 6 6 8 9 9 8 9 9' 123456789 3 MaxPool kernel_shape=2,2 auto_pad=SAME_UPPER
check '5 6 6 8 9 9 8 9 9' '1 2 3 4 5 6 7 8 9' 123456789 3 MaxPool kernel_shape=2,2 auto_pad=SAME_LOWER
check '5 6 8 9' 9 123456789 1 MaxPool kernel_shape=2,2 dilations=2,2
exit $changed
