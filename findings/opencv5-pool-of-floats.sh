#!/bin/sh
# Question   ONNX has 8-bit networks as floats between QuantizeLinear and DequantizeLinear. A MaxPool may stand on either
#            side of such a pair: rounding keeps the order of numbers. Does OpenCV 5 run both?
# Guess      Yes: by the standard its input and output are floats, wherever it stands.
# Seen       No: behind DequantizeLinear it runs only where QuantizeLinear follows, too. Without that one, an output of the
#            graph or a Reshape in its place, forward() raises an error: the pool was made one of bytes, its input was not.
#            The file is read without a word.
# Versions   npm: @techstark/opencv-js 5.0.0-release.1 (OpenCV 5.0.0)
# Date       2026-11-29
# Matters    Quantisers put pairs in front of convolutions and leave pools between them as they are, so that a network
#            that other programs run stops here at its first pool.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 5 MB.
set -eu
package=@techstark/opencv-js@5.0.0-release.1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
file=$(npm pack --loglevel=error "$package") || { echo "not to be had from npm: $package"; exit 2; }
mkdir opencv && tar -xzf "$file" -C opencv --strip-components=1

# x [1, 1, 4, 4] -> one pair -> MaxPool 2x2 -> what is named: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'END'
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub value {
    my ($name, @dims) = @_;
    bytes(1, $name) . bytes(2, bytes(1, number(1, 1) . bytes(2, join '', map { bytes(1, number(1, $_)) } @dims)));
}
sub integers { my $name = shift; bytes(5, bytes(1, $name) . join('', map { number(8, $_) } @_) . number(20, 7)) }
my ($graph, $last, $count) = ('', 'x', 0);
sub node {
    my ($type, $attributes, @constants) = @_;
    my $name = 't' . ++$count;
    my $inputs = join '', map { bytes(1, $_) } $last, @constants;
    $graph .= bytes(1, $inputs . bytes(2, $name) . bytes(3, $name) . bytes(4, $type) . $attributes);
    $last = $name;
}
sub pair { node($_, '', 'scale', 'zero') for 'QuantizeLinear', 'DequantizeLinear' }
pair();
node('MaxPool', integers('kernel_shape', 2, 2) . integers('strides', 2, 2));
pair() if $ARGV[0] eq 'pair';
node('Reshape', '', 'flat') if $ARGV[0] eq 'reshape';
$graph .= bytes(2, 'g') . bytes(5, number(2, 1) . bytes(8, 'scale') . bytes(9, pack 'f<', .5));
$graph .= bytes(5, number(2, 3) . bytes(8, 'zero') . bytes(9, "\0"));
$graph .= bytes(5, number(1, 2) . number(2, 7) . bytes(8, 'flat') . bytes(9, pack 'q<2', 1, 4)) if $ARGV[0] eq 'reshape';
$graph .= bytes(11, value('x', 1, 1, 4, 4)) . bytes(12, value($last, $ARGV[0] eq 'reshape' ? (1, 4) : (1, 1, 2, 2)));
print number(1, 8) . bytes(7, $graph) . bytes(8, number(2, 13));
END

cat > run.js << 'END'
const fs = require('fs');
let cv = require('./opencv');
(async () => {
    if (cv instanceof Promise) cv = await cv;
    else if (!cv.Mat) await new Promise(done => { cv.onRuntimeInitialized = done; });
    cv.FS_createDataFile('/', 'm.onnx', fs.readFileSync(process.argv[2]), true, false, false);
    const net = cv.readNetFromONNX('/m.onnx'), x = Array.from({length: 16}, (_, i) => i);
    net.setInput(cv.blobFromImage(cv.matFromArray(4, 4, cv.CV_32F, x)));
    try {
        console.log(Array.from(net.forward().data32F).join(' '));
    } catch (e) {
        console.log(/-215:Assertion failed/.test(typeof e === 'number' ? cv.exceptionFromPtr(e).msg : e) ? 'error' : e);
    }
    process.exit(0);
})().catch(e => { console.log(String(e)); process.exit(0); });
END

changed=0
check() { # $1: what follows the pool, $2: recorded
    perl model.pl "$1" > "$1.onnx"
    seen=$(node run.js "$1.onnx" 2>/dev/null)
    printf 'pair, MaxPool, %-8s %s\n                        %s (recorded)\n                        5 7 13 15 (expected)\n' \
        "$1" "$seen" "$2"
    [ "$seen" = "$2" ] || changed=1
}
check pair '5 7 13 15'
check nothing error
check reshape error
exit $changed
