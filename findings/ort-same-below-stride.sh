#!/bin/sh
# Question   auto_pad=SAME_UPPER asks for ceil(n / stride) outputs. A window smaller than its stride needs no zeros for
#            that: 2 x 2 windows four apart, or the 1 x 1 windows of a residual branch that halves a map. Which pixels are
#            they at?
# Guess      The first of each step, as in TensorFlow: what is missing is held at 0.
# Seen       Nothing is held at 0 where the last window ends before the map does. A MaxPool or AveragePool is loaded, and
#            ends every run with an error about its padding; on a map with one column less the same node runs. A Conv runs,
#            and where two pixels or more are left over it begins one pixel late: 1 x 1 windows four apart read columns 2
#            and 6, not 1 and 5. With SAME_LOWER it begins at the first one.
# Versions   npm: onnxruntime-node 1.30.0 (CPU); OpenCV 4.6.0 reads the first of each step
# Date       2026-12-01
# Matters    Exporters from Keras write auto_pad. A branch that takes every second pixel by a pool works or ends with the
#            size of the picture, and every fourth pixel by a Conv is another one.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 100 MB.
set -eu
package=onnxruntime-node@1.30.0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$package" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: $package"; exit 2; }

# x [1, 1, n, n] -> OPERATOR with windows of 1 x 1: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'END'
my ($operator, $auto, $stride, $n) = @ARGV;
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub attribute { my $name = shift; bytes(5, bytes(1, $name) . number(20, 7) . join '', map { number(8, $_) } @_) }
my $dimensions = join '', map { bytes(1, number(1, $_)) } 1, 1, $n, $n;
my $x = bytes(1, 'x') . bytes(2, bytes(1, number(1, 1) . bytes(2, $dimensions)));
my $y = bytes(1, 'y') . bytes(2, bytes(1, number(1, 1)));
my $w = join('', map { number(1, 1) } 1 .. 4) . number(2, 1) . bytes(8, 'w') . bytes(9, pack 'f<', 1);
my $is_conv = $operator eq 'Conv';
my $node = bytes(1, 'x') . ($is_conv ? bytes(1, 'w') : '') . bytes(2, 'y') . bytes(4, $operator) .
    attribute('kernel_shape', 1, 1) . attribute('strides', $stride, $stride) .
    bytes(5, bytes(1, 'auto_pad') . number(20, 3) . bytes(4, $auto));
my $graph = bytes(1, $node) . bytes(2, 'g') . ($is_conv ? bytes(5, $w) : '') . bytes(11, $x) . bytes(12, $y);
print number(1, 8) . bytes(7, $graph) . bytes(8, number(2, 13));
END

cat > run.js << 'END'
const ort = require('onnxruntime-node');
(async () => { // the columns that the windows of a row read
    const n = +process.argv[2], x = Float32Array.from({length: n * n}, (_, i) => i % n + 1);
    const session = await ort.InferenceSession.create('m.onnx', {logSeverityLevel: 4});
    const y = (await session.run({x: new ort.Tensor('float32', x, [1, 1, n, n])})).y;
    console.log(Array.from(y.data.slice(0, y.dims[3])).join(' '));
})().catch(e => console.log(/padding/.test(String(e)) ? 'error: padding' : 'error: ' + String(e).split('\n')[0]));
END

changed=0
check() { # $1: operator, $2: auto_pad, $3: stride, $4: columns of the map, $5: recorded, $6: expected
    perl model.pl "$1" "$2" "$3" "$4" > m.onnx
    seen=$(node run.js "$4" 2> log) || { cat log; exit 2; }
    printf '%-11s %s, stride %s, %s columns: %s\n%46s %s (recorded)\n%46s %s (expected)\n' \
        "$1" "$2" "$3" "$4" "$seen" '' "$5" '' "$6"
    [ "$seen" = "$5" ] || changed=1
}
check MaxPool SAME_UPPER 2 7 '1 3 5 7' '1 3 5 7'
check MaxPool SAME_UPPER 2 8 'error: padding' '1 3 5 7'
check AveragePool SAME_UPPER 2 8 'error: padding' '1 3 5 7'
check AveragePool SAME_LOWER 3 8 'error: padding' '1 4 7'
check Conv SAME_UPPER 2 8 '1 3 5 7' '1 3 5 7'
check Conv SAME_UPPER 4 8 '2 6' '1 5'
check Conv SAME_LOWER 4 8 '1 5' '1 5'
exit $changed
