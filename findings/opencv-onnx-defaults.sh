#!/bin/sh
# Question   A node of an ONNX model may leave out a key that has its default value. Does OpenCV take the same default?
# Guess      Yes, or it raises an error: the defaults are in the specification of each operator.
# Seen       Gemm without transB, which means x w, gives x times the transpose of w where w is square; with transB=0
#            written out it is right. Softmax of opset 13 without axis is one over the channels, not over the last
#            dimension. And two keys are read over: alpha and beta of Gemm, and nearest_mode of Resize. All of it
#            without a word.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12; onnxruntime-node 1.30.0 (npm) gives the expected numbers
# Date       2026-11-30
# Matters    PyTorch writes transB=1 and axis; other writers, and tools that simplify models, leave out what is default.
#            A square layer between two hidden ones is then another layer, and probabilities sum to 1 in the wrong
#            direction.
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

cat > run.cpp << 'EOF'
#include <opencv2/dnn.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <cstdio>
#include <cstdlib>
int main(int n, char **v) // model, numbers of x: its answer, or "error"; x is [1, 2] or [1, 2, 1, n / 2]
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    try {
        cv::dnn::Net net = cv::dnn::readNetFromONNX(v[1]);
        float x[8];
        for (int i = 2; i < n; ++i) x[i - 2] = strtof(v[i], 0);
        int shape[] = {1, 2, 1, (n - 2) / 2};
        net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        net.setInput(cv::Mat(n == 4 ? 2 : 4, shape, CV_32F, x));
        cv::Mat out = net.forward();
        for (size_t i = 0; i < out.total(); ++i) printf("%s%.3g", i ? " " : "", out.ptr<float>()[i]);
    } catch (const cv::Exception &) {
        printf("error");
    }
    puts("");
}
EOF
LIBRARY_PATH=$libs g++ -O1 run.cpp -Iroot/usr/include/opencv4 -Iroot/usr/include/"$(gcc -print-multiarch)"/opencv4 \
    -I/usr/include/opencv4 "-Wl,-rpath-link,$libs" -l:libopencv_dnn.so.406 -l:libopencv_core.so.406 -o run || exit 2

# a model with one node, its keys being those asked for: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'EOF'
my ($type, @keys) = @ARGV;
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub real { varint($_[0] << 3 | 5) . pack 'f<', $_[1] }
sub constant { # name, numbers, dimensions
    my ($name, $x, @dims) = @_;
    bytes(5, join('', map { number(1, $_) } @dims) . number(2, 1) . bytes(8, $name) . bytes(9, pack 'f<*', @$x));
}
sub value { # name, dimensions
    my ($name, @dims) = @_;
    bytes(1, $name) . bytes(2, bytes(1, number(1, 1) . bytes(2, join '', map { bytes(1, number(1, $_)) } @dims)));
}
sub key { # NAME=VALUE: an integer, a real number or a text
    my ($name, $x) = split /=/, $_[0];
    my $of = $x =~ /^\d+$/ ? number(20, 2) . number(3, $x) : $x =~ /^[\d.]+$/ ? number(20, 1) . real(2, $x) :
        number(20, 3) . bytes(4, $x);
    bytes(5, bytes(1, $name) . $of);
}
my %in = (Gemm => ['x', 'w', 'b'], Softmax => ['x'], Resize => ['x', '', 's']);
my %shape = (Gemm => [1, 2], Softmax => [1, 2, 1, 3], Resize => [1, 2, 1, 2]);
my @out = $type eq 'Resize' ? (1, 2, 1, 4) : @{$shape{$type}};
my $node = join('', map { bytes(1, $_) } @{$in{$type}}) . bytes(2, 'y') . bytes(4, $type) .
    join '', map { key($_) } @keys;
my %constants = (Gemm => constant('w', [1, 3, 1, 3], 2, 2) . constant('b', [10, 20], 2),
    Resize => constant('s', [1, 1, 1, 2], 4));
my $graph = bytes(1, $node) . bytes(2, 'g') . ($constants{$type} // '');
$graph .= bytes(11, value('x', @{$shape{$type}})) . bytes(12, value('y', @out));
print number(1, 7) . bytes(7, $graph) . bytes(8, number(2, 13));
EOF

changed=0
check() { # $1: numbers, $2: recorded, $3: expected, then operator and keys
    x=$1 recorded=$2 expected=$3
    shift 3
    perl model.pl "$@" > m.onnx
    # shellcheck disable=SC2086 # x is several words
    seen=$(LD_LIBRARY_PATH=$libs ./run m.onnx $x 2> /dev/null)
    printf '%s\n    %s\n    %s (recorded)\n    %s (expected)\n' "$*" "$seen" "$recorded" "$expected"
    [ "$seen" = "$recorded" ] || changed=1
}
# x [1, 2], w [[1, 3], [1, 3]], b [10, 20]
check '1 2' '17 27' '17 27' Gemm transB=1
check '1 2' '13 29' '13 29' Gemm transB=0
check '1 2' '17 27' '13 29' Gemm
check '1 2' '17 27' '13.5 23.5' Gemm transB=1 alpha=0.5
check '1 2' '17 27' '12 17' Gemm transB=1 beta=0.5
# x [1, 2, 1, 3]
check '1 2 3 1 2 4' '0.09 0.245 0.665 0.042 0.114 0.844' '0.09 0.245 0.665 0.042 0.114 0.844' Softmax axis=3
check '1 2 3 1 2 4' '0.5 0.5 0.269 0.5 0.5 0.731' '0.09 0.245 0.665 0.042 0.114 0.844' Softmax
# x [1, 2, 1, 2]
check '1 2 3 4' '1 1 2 2 3 3 4 4' '1 1 2 2 3 3 4 4' Resize mode=nearest \
    coordinate_transformation_mode=asymmetric nearest_mode=floor
check '1 2 3 4' '1 1 2 2 3 3 4 4' '1 2 2 2 3 4 4 4' Resize mode=nearest \
    coordinate_transformation_mode=asymmetric nearest_mode=ceil
exit $changed
