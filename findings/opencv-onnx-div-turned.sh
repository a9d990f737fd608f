#!/bin/sh
# Question   An ONNX model divides one number of each channel by a map: Div(c, x). ONNX repeats the smaller operand, as
#            NumPy does. What does OpenCV 4.6 compute?
# Guess      c / x, or it refuses the file: it reads Div(x, c), and Div of a single number by a map.
# Seen       x / c, without a word, whether c is a constant of the file or the mean of a map (GlobalAveragePool).
#            Div(x, c), and Div(c, x) where c is a single number or as large as x, are right.
# Versions   Debian 12: libopencv-dnn406 4.6.0+dfsg-12
# Date       2026-11-30
# Matters    A model that divides a number of each channel, measured or learned, by a map runs and gives reciprocals.
#            c times 1 / x is right: 1 / x is a Div of a single number.
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
int main(int, char **v) // model: its answer to the map 1 2 3 4, 5 6 7 8 of [1, 2, 2, 2], or "error"
{
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    try {
        cv::dnn::Net net = cv::dnn::readNetFromONNX(v[1]);
        float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
        int shape[] = {1, 2, 2, 2};
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

# a model of opset 13, x -> y of [1, 2, 2, 2]: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'END'
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
my $shape = bytes(2, join '', map { bytes(1, number(1, $_)) } 1, 2, 2, 2);
sub value { bytes(1, $_[0]) . bytes(2, bytes(1, number(1, 1) . $shape)) }
sub node { bytes(1, join('', map { bytes(1, $_) } @{$_[1]}) . bytes(2, $_[2]) . bytes(4, $_[0])) }
sub constant { my ($name, $dims, @x) = @_;
               bytes(5, join('', map { number(1, $_) } @$dims) . number(2, 1) .
                        bytes(4, pack 'f<*', @x) . bytes(8, $name)) }
my %constant = (channels => [[1, 2, 1, 1], 1, 2], one => [[], 1], map => [[1, 2, 2, 2], 1 .. 8]);
my $graph = join '', map { /(.*)=(.*)\((.*),(.*)\)/ ? node($2, [$3, $4], $1)
                           : /(.*)\((.*),(.*)\)/ ? node($1, [$2, $3], 'y')
                                                 : node('GlobalAveragePool', ['x'], $_) } @ARGV;
$graph .= bytes(2, 'g') . join '', map { constant($_, @{$constant{$_}}) } grep { "@ARGV" =~ /\b$_\b/ } keys %constant;
print number(1, 7) . bytes(7, $graph . bytes(11, value('x')) . bytes(12, value('y'))) . bytes(8, number(2, 13));
END

changed=0
check() { # $1: recorded, $2: expected, $3...: nodes
    recorded=$1 expected=$2
    shift 2
    perl model.pl "$@" > net.onnx
    seen=$(LD_LIBRARY_PATH=$libs ./run net.onnx 2>/dev/null)
    printf '%-28s %s\n%28s %s (recorded)\n%28s %s (expected)\n' "$*" "$seen" '' "$recorded" '' "$expected"
    [ "$seen" = "$recorded" ] || changed=1
}
check '1 2 3 4 2.5 3 3.5 4' '1 2 3 4 2.5 3 3.5 4' 'Div(x,channels)'
check '1 2 3 4 2.5 3 3.5 4' '1 0.5 0.333 0.25 0.4 0.333 0.286 0.25' 'Div(channels,x)'
check '0.4 0.8 1.2 1.6 0.769 0.923 1.08 1.23' '2.5 1.25 0.833 0.625 1.3 1.08 0.929 0.813' mean 'Div(mean,x)'
check '1 0.5 0.333 0.25 0.2 0.167 0.143 0.125' '1 0.5 0.333 0.25 0.2 0.167 0.143 0.125' 'Div(one,x)'
check '1 0.5 0.333 0.25 0.4 0.333 0.286 0.25' '1 0.5 0.333 0.25 0.4 0.333 0.286 0.25' \
    'r=Div(one,x)' 'Mul(channels,r)'
check '1 1 1 1 1 1 1 1' '1 1 1 1 1 1 1 1' 'Div(map,x)'
exit $changed
