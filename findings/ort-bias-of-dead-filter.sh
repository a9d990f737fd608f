#!/bin/sh
# Question   In an ONNX model of 8 bits a filter has died: its weights are all 0, its scale is as small as tools let it
#            be (2^-23 in PyTorch), its bias is a float. Does ONNX Runtime give the bias for its answer?
# Guess      Yes: 0 times anything, and the bias.
# Seen       With graphOptimizationLevel `disabled` only. From `basic` on, the default included, the bias becomes an
#            integer of 32 bits times the scales of input and filter when the model is loaded, and one that does not fit
#            becomes the least integer: a bias of 1.5 comes out as -1; 0.75 is right. With a scale of 1e-9 it comes out
#            as -0.016.
# Versions   npm: onnxruntime-node 1.30.0 (CPU)
# Date       2026-11-30
# Matters    Pruning leaves many filters that are nothing but a bias. What such a filter adds has the wrong sign then,
#            without a word. Where the scale of a filter of zeros is 1, every bias is right.
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

# x, a byte -> DequantizeLinear, 1/255 -> Conv 1x1 of two filters, bytes with a scale for each -> QuantizeLinear, 1/64
# -> DequantizeLinear: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'EOF'
my ($scale, $bias) = @ARGV; # of the second filter, whose weight is 0
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub node { # type, name of the output, other fields, inputs
    my ($type, $out, $more, @in) = @_;
    bytes(1, join('', map { bytes(1, $_) } @in) . bytes(2, $out) . bytes(4, $type) . $more);
}
sub tensor { # name, type, numbers in their bytes, dimensions
    my ($name, $type, $data, @dims) = @_;
    bytes(5, join('', map { number(1, $_) } @dims) . number(2, $type) . bytes(8, $name) . bytes(9, $data));
}
sub value { # name, type, dimensions
    my ($name, $type, @dims) = @_;
    my $shape = @dims ? bytes(2, join '', map { bytes(1, number(1, $_)) } @dims) : '';
    bytes(1, $name) . bytes(2, bytes(1, number(1, $type) . $shape));
}
my $by_filter = bytes(5, bytes(1, 'axis') . number(20, 2) . number(3, 0));
my $graph = node('DequantizeLinear', 'real', '', 'x', 'in', 'none') .
    node('DequantizeLinear', 'weights', $by_filter, 'w', 'scales', 'zeros') .
    node('Conv', 'sum', '', 'real', 'weights', 'biases') . node('QuantizeLinear', 'byte', '', 'sum', 'out', 'zero') .
    node('DequantizeLinear', 'y', '', 'byte', 'out', 'zero') . bytes(2, 'g') .
    tensor('in', 1, pack 'f<', 1 / 255) . tensor('none', 2, "\0") . tensor('w', 3, "\x7f\0", 2, 1, 1, 1) .
    tensor('scales', 1, pack('f<2', 1 / 127, $scale), 2) . tensor('zeros', 3, "\0\0", 2) .
    tensor('biases', 1, pack('f<2', .5, $bias), 2) . tensor('out', 1, pack 'f<', 1 / 64) . tensor('zero', 3, "\0") .
    bytes(11, value('x', 2, 1, 1, 1, 1)) . bytes(12, value('y', 1));
print number(1, 8) . bytes(7, $graph) . bytes(8, number(2, 13));
EOF

cat > run.js << 'EOF'
const ort = require('onnxruntime-node');
(async () => {
    const [file, graphOptimizationLevel] = process.argv.slice(2);
    const session = await ort.InferenceSession.create(file, {graphOptimizationLevel, logSeverityLevel: 3});
    const y = (await session.run({x: new ort.Tensor('uint8', Uint8Array.from([255]), [1, 1, 1, 1])})).y;
    console.log(Array.from(y.data, v => String(+v.toFixed(3))).join(' '));
})().catch(e => console.log('error', String(e).split('\n')[0]));
EOF

changed=0
check() { # $1: level, $2: scale of the second filter, $3: its bias, $4: recorded, $5: expected
    perl model.pl "$2" "$3" > m.onnx
    seen=$(node run.js m.onnx "$1" 2> log) || { cat log; exit 2; }
    printf '%-8s scale %-14s bias %-5s %s\n%41s%s (recorded)\n%41s%s (expected)\n' \
        "$1" "$2" "$3" "$seen" '' "$4" '' "$5"
    [ "$seen" = "$4" ] || changed=1
}
torch=1.1920929e-07 # 2^-23
check disabled $torch 1.5 '1.5 1.5' '1.5 1.5'
check basic $torch 1.5 '1.5 -1' '1.5 1.5'
check all $torch 1.5 '1.5 -1' '1.5 1.5'
check all $torch 0.75 '1.5 0.75' '1.5 0.75'
check disabled 1e-09 0.75 '1.5 0.75' '1.5 0.75'
check all 1e-09 0.75 '1.5 -0.016' '1.5 0.75'
check all 1 1.5 '1.5 1.5' '1.5 1.5'
exit $changed
