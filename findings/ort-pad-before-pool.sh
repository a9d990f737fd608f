#!/bin/sh
# Question   An ONNX model has a Pad of zeros in front of a MaxPool, as exporters write an asymmetric padding. ONNX Runtime
#            rewrites graphs when it loads them. Does the answer depend on graphOptimizationLevel?
# Guess      No: a Pad may become the pool's own padding only where that gives the same numbers.
# Seen       It becomes that from level `basic` on, the default included, and a pool's own padding is less than any number: of
#            a map of -1 the windows at the border are -1, not 0. With ceil_mode=1 the answer has another shape, too: 3 x 3
#            by default, 4 x 4 as the graph says, also of an AveragePool.
# Versions   npm: onnxruntime-node 1.30.0 (CPU)
# Date       2026-11-30
# Matters    Behind a Relu the numbers are the same. Behind leaky, mish or a linear layer, as in networks for Darknet, the
#            border of every such map differs from what the model was trained with, without a word.
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

# x [1, 1, 8, 8] -> Pad, by 1 on every side -> OPERATOR with windows of 2 x 2: fields of protobuf, as onnx.proto numbers
# them
cat > model.pl << 'END'
my ($operator, $stride, $ceil) = @ARGV;
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub attribute { my $name = shift; bytes(5, bytes(1, $name) . number(20, 7) . join '', map { number(8, $_) } @_) }
my $dimensions = join '', map { bytes(1, number(1, $_)) } 1, 1, 8, 8;
my $x = bytes(1, 'x') . bytes(2, bytes(1, number(1, 1) . bytes(2, $dimensions)));
my $y = bytes(1, 'y') . bytes(2, bytes(1, number(1, 1)));
my $pad = bytes(1, 'x') . bytes(1, 'pads') . bytes(1, 'zero') . bytes(2, 'padded') . bytes(4, 'Pad');
my $pool = bytes(1, 'padded') . bytes(2, 'y') . bytes(4, $operator) . attribute('kernel_shape', 2, 2) .
    attribute('strides', $stride, $stride) . bytes(5, bytes(1, 'ceil_mode') . number(20, 2) . number(3, $ceil));
my $pads = number(1, 8) . number(2, 7) . bytes(8, 'pads') . bytes(9, pack 'q<8', 0, 0, 1, 1, 0, 0, 1, 1);
my $zero = number(2, 1) . bytes(8, 'zero') . bytes(9, pack 'f<', 0);
my $graph = bytes(1, $pad) . bytes(1, $pool) . bytes(2, 'g') . bytes(5, $pads) . bytes(5, $zero);
print number(1, 8) . bytes(7, $graph . bytes(11, $x) . bytes(12, $y)) . bytes(8, number(2, 13));
END

cat > run.js << 'END'
const ort = require('onnxruntime-node');
(async () => { // the shape, and the first and the middle number, of a map of -1
    const [file, graphOptimizationLevel] = process.argv.slice(2);
    const session = await ort.InferenceSession.create(file, {graphOptimizationLevel, logSeverityLevel: 3});
    const y = (await session.run({x: new ort.Tensor('float32', new Float32Array(64).fill(-1), [1, 1, 8, 8])})).y;
    const [h, w] = y.dims.slice(2);
    console.log(`${h} x ${w}, border ${y.data[0]}, middle ${y.data[(h >> 1) * w + (w >> 1)]}`);
})().catch(e => console.log('error', String(e).split('\n')[0]));
END

changed=0
check() { # $1: level, $2: operator, $3: stride, $4: ceil_mode, $5: recorded, $6: expected
    perl model.pl "$2" "$3" "$4" > m.onnx
    seen=$(node run.js m.onnx "$1" 2> log) || { cat log; exit 2; }
    printf '%-8s %-11s stride %s, ceil_mode=%s: %s\n%44s %s (recorded)\n%44s %s (expected)\n' \
        "$1" "$2" "$3" "$4" "$seen" '' "$5" '' "$6"
    [ "$seen" = "$5" ] || changed=1
}
check disabled MaxPool 2 0 '5 x 5, border 0, middle -1' '5 x 5, border 0, middle -1'
check basic MaxPool 2 0 '5 x 5, border -1, middle -1' '5 x 5, border 0, middle -1'
check all MaxPool 2 0 '5 x 5, border -1, middle -1' '5 x 5, border 0, middle -1'
check disabled MaxPool 3 1 '4 x 4, border 0, middle -1' '4 x 4, border 0, middle -1'
check all MaxPool 3 1 '3 x 3, border -1, middle -1' '4 x 4, border 0, middle -1'
check disabled AveragePool 3 1 '4 x 4, border -0.25, middle -1' '4 x 4, border -0.25, middle -1'
check all AveragePool 3 1 '3 x 3, border -0.25, middle -1' '4 x 4, border -0.25, middle -1'
exit $changed
