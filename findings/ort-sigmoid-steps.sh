#!/bin/sh
# Question   How exact are the small probabilities that ONNX Runtime's Sigmoid gives, say those of a detector's scores?
# Guess      To six or seven digits, as floats are, and as those of Softmax in the same library.
# Seen       Their steps are some 3e-8 wide, whatever the size: of -10 three digits are right, of -15 it is 17 % too
#            large, of -16 half of the true number, from -18 on 0, so that Log behind it says -Infinity. Softmax of the
#            same two classes, (x, 0), is exact.
# Versions   npm: onnxruntime-node 1.30.0 (CPU), on AVX-512, AVX2 and SSE4.2; more numbers differ between them
# Date       2026-11-30
# Matters    Scores of one class cannot be ranked below 1e-6 or so, and a cross entropy that is computed from them is
#            infinite with one confident mistake. Compute it from the numbers in front of the Sigmoid.
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

# x [1, n] -> Sigmoid -> Log, and x [n, 2] -> Softmax of each row: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'EOF'
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub node { bytes(1, bytes(1, $_[1]) . bytes(2, $_[2]) . bytes(4, $_[0])) }
sub value { # name, dimensions: a number or a name each
    my ($name, @dims) = @_;
    my $shape = @dims ? bytes(2, join '', map { bytes(1, /\d/ ? number(1, $_) : bytes(2, $_)) } @dims) : '';
    bytes(1, $name) . bytes(2, bytes(1, number(1, 1) . $shape));
}
my $graph = node('Sigmoid', 'x', 'p') . node('Log', 'p', 'log') . node('Softmax', 'pairs', 'share') . bytes(2, 'g') .
    bytes(11, value('x', 1, 'n')) . bytes(11, value('pairs', 'n', 2)) .
    join '', map { bytes(12, value($_)) } 'p', 'log', 'share';
print number(1, 8) . bytes(7, $graph) . bytes(8, number(2, 13));
EOF
perl model.pl > m.onnx

cat > run.js << 'EOF'
const ort = require('onnxruntime-node');
(async () => { // for each x: Sigmoid, Log of it, Softmax of (x, 0)
    const x = process.argv.slice(2).map(Number), session = await ort.InferenceSession.create('m.onnx');
    const real = (numbers, dims) => new ort.Tensor('float32', Float32Array.from(numbers), dims);
    const y = await session.run({x: real(x, [1, x.length]), pairs: real(x.flatMap(v => [v, 0]), [x.length, 2])});
    const text = v => v.toPrecision(3).replace(/e-0*/, 'e-');
    x.forEach((v, i) => console.log(text(y.p.data[i]), text(y.log.data[i]), text(y.share.data[2 * i])));
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF
node run.js -5 -10 -15 -16 -18 -30 > seen 2> log || { cat seen log; exit 2; }

changed=0
check() { # $1: line, $2: x, $3: recorded, $4: expected
    seen=$(sed -n "$1p" seen)
    printf 'x = %-4s Sigmoid, Log, Softmax: %s\n%32s %s (recorded)\n%32s %s (expected)\n' "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
check 1 -5 '0.00669 -5.01 0.00669' '0.00669 -5.01 0.00669'
check 2 -10 '0.0000454 -10.0 0.0000454' '0.0000454 -10.0 0.0000454'
check 3 -15 '3.58e-7 -14.8 3.06e-7' '3.06e-7 -15.0 3.06e-7'
check 4 -16 '5.96e-8 -16.6 1.13e-7' '1.13e-7 -16.0 1.13e-7'
check 5 -18 '0.00 -Infinity 1.52e-8' '1.52e-8 -18.0 1.52e-8'
check 6 -30 '0.00 -Infinity 9.36e-14' '9.36e-14 -30.0 9.36e-14'
exit $changed
