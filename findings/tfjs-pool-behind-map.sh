#!/bin/sh
# Question   TensorFlow.js pools a map of 3 x 3 with windows of 2 x 2, stride 2, padding 1 and dimRoundingMode 'ceil',
#            as a network whose [maxpool] rounds up is written. What are the numbers at the far border?
# Guess      Ones, for a map of ones: a window that begins behind the map is left out, as PyTorch and ONNX do.
# Seen       The answer is 3 x 3, and its last column and row are windows that touch no number of the map: -Infinity
#            where the largest is asked for, NaN where the mean is. With 'floor' it is 2 x 2 and all ones. A map of 5 x
#            5 with windows of 3 x 3, stride 3 and padding 1 has them, too.
# Versions   npm: @tensorflow/tfjs-core, -backend-cpu 4.22.0; onnxruntime-node 1.30.0 gives the expected numbers
# Date       2026-11-30
# Matters    One layer behind, everything that looks at the border is NaN: 0 * -Infinity. A Relu hides it as zeros
#            instead, so that the network runs and is wrong. Ask for 'floor' and pad the far side by hand.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 120 MB.
set -eu
tfjs=4.22.0 runtime=1.30.0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "@tensorflow/tfjs-core@$tfjs" \
    "@tensorflow/tfjs-backend-cpu@$tfjs" "onnxruntime-node@$runtime" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: TensorFlow.js $tfjs, onnxruntime-node $runtime"; exit 2; }

# x [1, 1, n, n] -> a pool: fields of protobuf, as onnx.proto numbers them
cat > model.pl << 'EOF'
my ($type, $n, $size, $stride, $pad, $ceil) = @ARGV;
sub varint { my $n = shift; my $s = ''; while ($n > 127) { $s .= chr($n & 127 | 128); $n >>= 7 } $s . chr $n }
sub number { varint($_[0] << 3) . varint($_[1]) }
sub bytes { varint($_[0] << 3 | 2) . varint(length $_[1]) . $_[1] }
sub key { my $name = shift; bytes(5, bytes(1, $name) . number(20, 7) . join '', map { number(8, $_) } @_) }
my $node = bytes(1, 'x') . bytes(2, 'y') . bytes(4, $type) . key('kernel_shape', $size, $size) .
    key('strides', $stride, $stride) . key('pads', ($pad) x 4) .
    bytes(5, bytes(1, 'ceil_mode') . number(20, 2) . number(3, $ceil));
my $dims = join '', map { bytes(1, number(1, $_)) } 1, 1, $n, $n;
my $x = bytes(1, 'x') . bytes(2, bytes(1, number(1, 1) . bytes(2, $dims)));
my $y = bytes(1, 'y') . bytes(2, bytes(1, number(1, 1)));
print number(1, 8) . bytes(7, bytes(1, $node) . bytes(2, 'g') . bytes(11, $x) . bytes(12, $y)) .
    bytes(8, number(2, 13));
EOF

cat > run.js << 'EOF'
const tf = require('@tensorflow/tfjs-core'), ort = require('onnxruntime-node');
require('@tensorflow/tfjs-backend-cpu');
const show = (side, data) => console.log(`${side} x ${side}: ${Array.from(data, String).join(' ')}`);
(async () => { // of a map of ones
    const [library, type, rounding, ...numbers] = process.argv.slice(2), [n, size, stride, pad] = numbers.map(Number);
    if (library === 'onnx') {
        const session = await ort.InferenceSession.create('m.onnx', {logSeverityLevel: 3});
        const y = (await session.run({x: new ort.Tensor('float32', new Float32Array(n * n).fill(1), [1, 1, n, n])})).y;
        return show(y.dims[2], y.data);
    }
    await tf.setBackend('cpu');
    const pool = type === 'MaxPool' ? tf.maxPool : tf.avgPool;
    const y = pool(tf.ones([1, n, n, 1]), size, stride, pad, rounding);
    show(y.shape[1], y.dataSync());
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
# $1: library, $2: pool, $3: rounding, $4 to $7: sides of map and window, stride, padding, $8: recorded, $9: expected
check() {
    perl model.pl "$2" "$4" "$5" "$6" "$7" "$([ "$3" = floor ] && echo 0 || echo 1)" > m.onnx
    node run.js "$1" "$2" "$3" "$4" "$5" "$6" "$7" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf '%-4s %-11s %-5s map %s window %s stride %s padding %s  %s\n%51s %s (recorded)\n%51s %s (expected)\n' \
        "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$seen" '' "$8" '' "$9"
    [ "$seen" = "$8" ] || changed=1
}
ones='2 x 2: 1 1 1 1'
none=-Infinity
check tfjs MaxPool floor 3 2 2 1 "$ones" "$ones"
check onnx MaxPool ceil 3 2 2 1 "$ones" "$ones"
check tfjs MaxPool ceil 3 2 2 1 "3 x 3: 1 1 $none 1 1 $none $none $none $none" "$ones"
check onnx AveragePool ceil 3 2 2 1 "$ones" "$ones"
check tfjs AveragePool ceil 3 2 2 1 '3 x 3: 1 1 NaN 1 1 NaN NaN NaN NaN' "$ones"
check onnx MaxPool ceil 5 3 3 1 "$ones" "$ones"
check tfjs MaxPool ceil 5 3 3 1 "3 x 3: 1 1 $none 1 1 $none $none $none $none" "$ones"
exit $changed
