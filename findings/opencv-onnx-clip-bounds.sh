#!/bin/sh
# Question   ONNX Runtime, PyTorch and the ONNX checker agree that Clip's bounds are inputs, from opset 11 on, and that
#            both may be constants of the file. Does OpenCV 4.6, which reads opset 13, take such a relu6?
# Guess      Yes: it reads Conv, whose weights are constants of the file, too.
# Seen       No: it raises an error. The same clip in opset 6, where the bounds are attributes, gives 0 1.5 6.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12
# Date       2026-11-29
# Matters    Networks with relu6 (MobileNets) or bounds on their outputs that were exported at opset 11 or later do not
#            load. Two Relu and a Sub say the same: 6 - relu(6 - relu(x)).
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
int main(int, char **v) // model: its answer to -1, 1.5 and 9, or "error"
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    try {
        cv::dnn::Net net = cv::dnn::readNetFromONNX(v[1]);
        float x[] = {-1, 1.5, 9};
        int shape[] = {1, 3, 1, 1};
        net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        net.setInput(cv::Mat(4, shape, CV_32F, x));
        cv::Mat out = net.forward();
        for (int i = 0; i < 3; ++i) printf("%s%g", i ? " " : "", out.ptr<float>()[i]);
    } catch (const cv::Exception &) {
        printf("error");
    }
    puts("");
}
END
LIBRARY_PATH=$libs g++ -O1 run.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o run || exit 2

# a model with one node, x -> y of [1, 3, 1, 1]: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'END'
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub real { varint($_[0] << 3 | 5) . pack 'f<', $_[1] }
sub value { bytes(1, $_[0]) . bytes(2, bytes(1, number(1, 1) . bytes(2, join '', map { bytes(1, number(1, $_)) } 1, 3, 1, 1))) }
sub constant { bytes(5, number(2, 1) . bytes(4, pack 'f<', $_[1]) . bytes(8, $_[0])) }
sub attribute { bytes(5, bytes(1, $_[0]) . real(2, $_[1]) . number(20, 1)) }
my $new = $ARGV[0] >= 11;
my $node = join('', map { bytes(1, $_) } $new ? ('x', 'least', 'most') : 'x') . bytes(2, 'y') . bytes(4, 'Clip');
$node .= attribute('min', 0) . attribute('max', 6) unless $new;
my $graph = bytes(1, $node) . bytes(2, 'g') . ($new ? constant('least', 0) . constant('most', 6) : '');
$graph .= bytes(11, value('x')) . bytes(12, value('y'));
print number(1, 7) . bytes(7, $graph) . bytes(8, number(2, $ARGV[0]));
END

changed=0
check() { # $1: opset, $2: recorded, $3: expected
    perl model.pl "$1" > "$1.onnx"
    seen=$(LD_LIBRARY_PATH=$libs ./run "$1.onnx" 2>/dev/null)
    printf 'opset %-3s %s\n          %s (recorded)\n          %s (expected)\n' "$1" "$seen" "$2" "$3"
    [ "$seen" = "$2" ] || changed=1
}
check 6 '0 1.5 6' '0 1.5 6'
check 13 error '0 1.5 6'
exit $changed
