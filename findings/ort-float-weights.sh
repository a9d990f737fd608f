#!/bin/sh
# Question   In an ONNX model maps are of 8 bits (QuantizeLinear, DequantizeLinear), but a Conv between them has been
#            left its weights in floats, to lose nothing in this layer. Does ONNX Runtime compute it with these weights?
# Guess      Yes: the file says which numbers are rounded, and rewriting a graph adds no rounding of its own.
# Seen       With graphOptimizationLevel `disabled` only. From `basic` on, the default included, the weights become
#            bytes when the model is loaded, with one scale for all filters: beside a weight of 1, weights of 0.01
#            become 0.0118 and those of 0.001 become 0. Gemm likewise, and with a Relu behind. With a LeakyRelu behind,
#            or with no QuantizeLinear, weights stay as they are; those of a MatMul, too.
# Versions   npm: onnxruntime-node 1.30.0 (CPU)
# Date       2026-11-30
# Matters    Small filters beside large ones are what folding batch normalisation leaves, and what pruning does. A layer
#            kept in floats for its sake loses them all the same, more so than with a scale for each filter.
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

# x, bytes of two channels -> DequantizeLinear -> PRODUCT, three filters -> ACTIVATION or nothing -> QuantizeLinear or
# nothing -> DequantizeLinear: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'EOF'
my ($product, $activation, $quantize) = @ARGV;
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub node { my ($type, $out, @in) = @_; bytes(1, join('', map { bytes(1, $_) } @in) . bytes(2, $out) . bytes(4, $type)) }
sub tensor { # name, type, numbers in their bytes, dimensions
    my ($name, $type, $data, @dims) = @_;
    bytes(5, join('', map { number(1, $_) } @dims) . number(2, $type) . bytes(8, $name) . bytes(9, $data));
}
sub value { # name, type, dimensions
    my ($name, $type, @dims) = @_;
    my $shape = @dims ? bytes(2, join '', map { bytes(1, number(1, $_)) } @dims) : '';
    bytes(1, $name) . bytes(2, bytes(1, number(1, $type) . $shape));
}
my @tail = $product eq 'Conv' ? (1, 1) : ();
my @weights = $product eq 'Conv' ? (1, 0, 0, .01, 0, .001) : (1, 0, 0, 0, .01, .001); # [3, 2, 1, 1] or [2, 3]
my $last = 'map';
my $graph = node('DequantizeLinear', 'map', 'x', 'in', 'zero');
sub append { my ($type, @more) = @_; $graph .= node($type, "$last$type", $last, @more); $last .= $type }
append($product, 'weights');
append($activation) if $activation ne '-';
if ($quantize) { append('QuantizeLinear', 'out', 'zero'); append('DequantizeLinear', 'out', 'zero') }
$graph .= bytes(2, 'g') . tensor('in', 1, pack 'f<', .01) . tensor('out', 1, pack 'f<', .0001) .
    tensor('zero', 2, "\0") . tensor('weights', 1, pack('f<*', @weights), $product eq 'Conv' ? (3, 2) : (2, 3), @tail);
print number(1, 8) . bytes(7, $graph . bytes(11, value('x', 2, 1, 2, @tail)) . bytes(12, value($last, 1))) .
    bytes(8, number(2, 13));
EOF

cat > run.js << 'EOF'
const ort = require('onnxruntime-node');
(async () => { // of a map that is 0.01 in its first channel and 1 in its second
    const [file, graphOptimizationLevel, dims] = process.argv.slice(2);
    const session = await ort.InferenceSession.create(file, {graphOptimizationLevel, logSeverityLevel: 3});
    const y = await session.run({x: new ort.Tensor('uint8', Uint8Array.from([1, 100]), dims.split(',').map(Number))});
    console.log(Array.from(Object.values(y)[0].data, v => String(+v.toFixed(4))).join(' '));
})().catch(e => console.log('error', String(e).split('\n')[0]));
EOF

changed=0
check() { # $1: level, $2: product, $3: activation or -, $4: 1 with a QuantizeLinear behind, $5: recorded, $6: expected
    perl model.pl "$2" "$3" "$4" > m.onnx
    case $2 in Conv) dims=1,2,1,1 ;; *) dims=1,2 ;; esac
    seen=$(node run.js m.onnx "$1" "$dims" 2> log) || { cat log; exit 2; }
    printf '%-8s %-6s %-9s QuantizeLinear: %s   %s\n%47s %s (recorded)\n%47s %s (expected)\n' \
        "$1" "$2" "$3" "$4" "$seen" '' "$5" '' "$6"
    [ "$seen" = "$5" ] || changed=1
}
check disabled Conv - 1 '0.01 0.01 0.001' '0.01 0.01 0.001'
check basic Conv - 1 '0.01 0.0118 0' '0.01 0.01 0.001'
check all Conv - 1 '0.01 0.0118 0' '0.01 0.01 0.001'
check all Conv Relu 1 '0.01 0.0118 0' '0.01 0.01 0.001'
check all Gemm - 1 '0.01 0.0118 0' '0.01 0.01 0.001'
check all Conv LeakyRelu 1 '0.01 0.01 0.001' '0.01 0.01 0.001'
check all Conv - 0 '0.01 0.01 0.001' '0.01 0.01 0.001'
check all MatMul - 1 '0.01 0.01 0.001' '0.01 0.01 0.001'
exit $changed
