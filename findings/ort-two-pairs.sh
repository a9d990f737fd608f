#!/bin/sh
# Question   In an 8-bit ONNX model numbers pass QuantizeLinear and DequantizeLinear, which round them. ONNX Runtime
#            rewrites graphs when it loads them. Do the answers of such a model depend on graphOptimizationLevel?
# Guess      In the last bits of a float, or where a sum lies half-way between two steps.
# Seen       By more than a whole step. Of two pairs in a row the first is taken out, from level `basic` on, also where its
#            step is the coarser one: after steps of 1 and of 0.01, 0.4 is 0 as the graph says, and 0.4 by default.
# Versions   npm: onnxruntime-node 1.30.0 (CPU)
# Date       2026-11-30
# Matters    A network that was trained or tested with its rounding has other answers in ONNX Runtime than on a board or in
#            a program that runs the graph as it is written. It is seldom worse; but no test of 8-bit arithmetic can take
#            ONNX Runtime's default for the standard.
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

# x [3] -> a pair for each step named -> the output: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'END'
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub value { bytes(1, $_[0]) . bytes(2, bytes(1, number(1, 1) . bytes(2, bytes(1, number(1, 3))))) }
my ($graph, $last) = ('', 'x');
for my $step (@ARGV) {
    for my $type ('QuantizeLinear', 'DequantizeLinear') {
        my $name = "$type$step";
        my $inputs = join '', map { bytes(1, $_) } $last, "step$step", 'zero';
        $graph .= bytes(1, $inputs . bytes(2, $name) . bytes(3, $name) . bytes(4, $type));
        $last = $name;
    }
}
$graph .= bytes(2, 'g') . bytes(5, number(2, 2) . bytes(8, 'zero') . bytes(9, "\0"));
$graph .= bytes(5, number(2, 1) . bytes(8, "step$_") . bytes(9, pack 'f<', $_)) for @ARGV;
print number(1, 8) . bytes(7, $graph . bytes(11, value('x')) . bytes(12, value($last))) . bytes(8, number(2, 13));
END

cat > run.js << 'END'
const ort = require('onnxruntime-node');
(async () => {
    const [file, graphOptimizationLevel] = process.argv.slice(2);
    const session = await ort.InferenceSession.create(file, {graphOptimizationLevel, logSeverityLevel: 3});
    const x = new ort.Tensor('float32', Float32Array.of(0.4, 1.4, 2.4), [3]);
    const y = (await session.run({x}))[session.outputNames[0]];
    console.log(Array.from(y.data).map(v => String(+v.toFixed(4))).join(' '));
})().catch(e => console.log('error', String(e).split('\n')[0]));
END

changed=0
check() { # $1: level, $2: recorded, $3: expected; then the steps
    level=$1 recorded=$2 expected=$3
    shift 3
    perl model.pl "$@" > m.onnx
    seen=$(node run.js m.onnx "$level" 2>/dev/null) || seen=error
    printf 'steps %-6s %-9s 0.4 1.4 2.4 -> %s\n%32s %s (recorded)\n%32s %s (expected)\n' \
        "$*" "$level" "$seen" '' "$recorded" '' "$expected"
    [ "$seen" = "$recorded" ] || changed=1
}
check disabled '0 1 2' '0 1 2' 1 .01
check basic '0.4 1.4 2.4' '0 1 2' 1 .01
check all '0.4 1.4 2.4' '0 1 2' 1 .01
check all '0 1 2' '0 1 2' 1
exit $changed
