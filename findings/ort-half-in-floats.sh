#!/bin/sh
# Question   An ONNX model computes in half floats, weights and maps. ONNX Runtime's CPU part runs it. Do its numbers
#            show where the half floats of a device would overflow or lose digits?
# Guess      Yes: types are part of the model, and the result of every node has one.
# Seen       No. Nodes without a kernel for halves run in floats, and what one hands to the next is not rounded: 300 *
#            300 is 90000 behind a Relu, where the largest half is 65504; (2048 + 1) - 2048 is 1, where halves give 0. A
#            Reshape in between, which has a kernel, makes Infinity of the same 90000. No graphOptimizationLevel changes
#            this.
# Versions   npm: onnxruntime-node 1.30.0 (CPU)
# Date       2026-11-30
# Matters    A network that was converted to halves and tested on a PC may be infinite or coarser on the GPU or board it
#            was converted for; and its answers on the PC change with nodes that compute nothing.
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

# x, floats -> Cast to halves -> two nodes -> Cast to floats: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'EOF'
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub node { # type, name of the output, other fields, inputs
    my ($type, $out, $more, @in) = @_;
    bytes(1, join('', map { bytes(1, $_) } @in) . bytes(2, $out) . bytes(4, $type) . $more);
}
sub cast { node('Cast', $_[1], bytes(5, bytes(1, 'to') . number(20, 2) . number(3, $_[2])), $_[0]) }
my %between = (
    square => node('Mul', 'a', '', 'half', 'half') . node('Relu', 'result', '', 'a'),
    reshape => node('Mul', 'a', '', 'half', 'half') . node('Reshape', 'result', '', 'a', 'two'),
    difference => node('Add', 'a', '', 'half', 'many') . node('Sub', 'result', '', 'a', 'many'));
my $nodes = $ARGV[0] eq 'none' ? cast('x', 'result', 10) : cast('x', 'half', 10) . $between{$ARGV[0]};
my $many = number(2, 10) . bytes(8, 'many') . bytes(9, pack 'v', 0x6800); # 2048
my $two = number(1, 1) . number(2, 7) . bytes(8, 'two') . bytes(9, pack 'q<', 2);
my $x = bytes(1, 'x') . bytes(2, bytes(1, number(1, 1) . bytes(2, bytes(1, number(1, 2)))));
my $y = bytes(1, 'y') . bytes(2, bytes(1, number(1, 1)));
my $graph = $nodes . cast('result', 'y', 1) . bytes(2, 'g') . bytes(5, $many) . bytes(5, $two);
print number(1, 8) . bytes(7, $graph . bytes(11, $x) . bytes(12, $y)) . bytes(8, number(2, 13));
EOF

cat > run.js << 'EOF'
const ort = require('onnxruntime-node');
(async () => {
    const [file, graphOptimizationLevel, ...x] = process.argv.slice(2);
    const session = await ort.InferenceSession.create(file, {graphOptimizationLevel, logSeverityLevel: 3});
    const y = (await session.run({x: new ort.Tensor('float32', Float32Array.from(x.map(Number)), [2])})).y;
    console.log(Array.from(y.data, String).join(' '));
})().catch(e => console.log('error', String(e).split('\n')[0]));
EOF

changed=0
check() { # $1: level, $2: nodes, $3, $4: x, $5: recorded, $6: expected
    perl model.pl "$2" > m.onnx
    seen=$(node run.js m.onnx "$1" "$3" "$4" 2> log) || { cat log; exit 2; }
    printf '%-8s %-10s of %-6s %-6s %s\n%36s%s (recorded)\n%36s%s (expected)\n' \
        "$1" "$2" "$3" "$4" "$seen" '' "$5" '' "$6"
    [ "$seen" = "$5" ] || changed=1
}
for level in disabled all; do
    check $level none 90000 2049 'Infinity 2048' 'Infinity 2048'
    check $level square 300 1000 '90000 1000000' 'Infinity Infinity'
    check $level reshape 300 1000 'Infinity Infinity' 'Infinity Infinity'
    check $level difference 1 3 '1 3' '0 4'
done
exit $changed
