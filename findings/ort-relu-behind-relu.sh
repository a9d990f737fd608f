#!/bin/sh
# Question   In an 8-bit model a Relu follows a Relu behind a Conv, as where a block ends with an activation and so does
#            what it is put into. The second changes nothing. What does ONNX Runtime make of it?
# Guess      It takes one out, or computes both.
# Seen       It does not load the model: its optimisation at level `extended` or `all`, the default, seems to leave the
#            Conv twice in the graph, and it calls the model invalid. That takes a rounding behind the Relus with
#            numbers from 0 on. One Relu or three load and run, and so do two at level `basic`, or with a zero point of
#            128.
# Versions   npm: onnxruntime-node 1.30.0 (CPU)
# Date       2026-12-01
# Matters    The model is valid, and its twin in floats loads: the quantiser gets the blame. Leave the second Relu out,
#            or load at level `basic`.
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

# x [1, 1, 2, 2] -> rounded to steps of 0.1 -> Conv of 1 x 1, its weight 1 -> Relus -> rounded, numbers from ZERO on:
# fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'END'
my ($relus, $zero) = @ARGV;
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub value {
    my $dimensions = join '', map { bytes(1, number(1, $_)) } 1, 1, 2, 2;
    bytes(1, $_[0]) . bytes(2, bytes(1, number(1, 1) . bytes(2, $dimensions)));
}
sub tensor {
    my ($name, $type, $raw, @n) = @_;
    bytes(5, join('', map { number(1, $_) } @n) . number(2, $type) . bytes(8, $name) . bytes(9, $raw));
}
my $nodes = '';
sub node {
    my ($type, $y, @x) = @_;
    $nodes .= bytes(1, join('', map { bytes(1, $_) } @x) . bytes(2, $y) . bytes(3, $y) . bytes(4, $type));
    $y;
}
sub rounded {
    my ($x, $y) = @_;
    node('DequantizeLinear', $y, node('QuantizeLinear', "q$y", $x, 'step', 'zero'), 'step', 'zero');
}
my $y = node('Conv', 'c', rounded('x', 'd'), node('DequantizeLinear', 'wd', 'w', 'step', 'none'));
$y = node('Relu', "r$_", $y) for 1 .. $relus;
rounded($y, 'y');
my $graph = $nodes . bytes(2, 'g') . tensor('step', 1, pack 'f<', .1) . tensor('zero', 2, chr $zero) .
    tensor('w', 3, chr 10, 1, 1, 1, 1) . tensor('none', 3, chr 0) . bytes(11, value('x')) . bytes(12, value('y'));
print number(1, 8) . bytes(7, $graph) . bytes(8, number(2, 13));
END

cat > run.js << 'END'
const ort = require('onnxruntime-node');
(async () => {
    const graphOptimizationLevel = process.argv[2];
    const session = await ort.InferenceSession.create('m.onnx', {graphOptimizationLevel, logSeverityLevel: 4});
    const y = (await session.run({x: new ort.Tensor('float32', [-1, .5, 1, 2], [1, 1, 2, 2])})).y;
    console.log(Array.from(y.data, v => +v.toFixed(3)).join(' '));
})().catch(e => console.log(/invalid model/i.test(String(e)) ? 'error: invalid model' : String(e).split('\n')[0]));
END

changed=0
check() { # $1: level, $2: Relus, $3: zero point, $4: recorded
    perl model.pl "$2" "$3" > m.onnx
    seen=$(node run.js "$1" 2> log) || { cat log; exit 2; }
    printf '%-8s %s Relu, zero point %-3s: %s\n%32s %s (recorded)\n%32s 0 0.5 1 2 (expected)\n' \
        "$1" "$2" "$3" "$seen" '' "$4" ''
    [ "$seen" = "$4" ] || changed=1
}
check all 1 0 '0 0.5 1 2'
check disabled 2 0 '0 0.5 1 2'
check basic 2 0 '0 0.5 1 2'
check extended 2 0 'error: invalid model'
check all 2 0 'error: invalid model'
check all 2 128 '0 0.5 1 2'
check all 3 0 '0 0.5 1 2'
exit $changed
