#!/bin/sh
# Question   A pruned network is fine-tuned in TensorFlow.js with an L1 penalty, which makes networks sparse. What
#            becomes of its weights that are 0?
# Guess      They stay 0: the slope of |w| at 0 is sign(0) = 0, as in TensorFlow and PyTorch.
# Seen       The first step makes each of them rate times penalty: the gradient of abs() at 0 is -1. Four of eight
#            weights are 0 before it, none after it. The second step makes them 0 again, the third does not: whether a
#            network has zeros depends on whether the number of steps is even. With an L2 penalty they stay 0.
# Versions   npm: @tensorflow/tfjs-core, -layers, -backend-cpu 4.22.0
# Date       2026-12-01
# Matters    The penalty that is there to make zeros takes those that a pruning has made, also where the data do not
#            move a weight at all, as at a pixel that is always black. Set pruned weights to 0 after the last step.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 30 MB.
set -eu
tfjs=4.22.0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "@tensorflow/tfjs-core@$tfjs" \
    "@tensorflow/tfjs-layers@$tfjs" "@tensorflow/tfjs-backend-cpu@$tfjs" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: TensorFlow.js $tfjs"; exit 2; }

cat > run.js << 'EOF'
const tf = require('@tensorflow/tfjs-core'), {layers, regularizers, sequential} = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');
(async () => { // inputs are 0, as is what is wanted: the penalty alone moves weights, by a rate of 1
    await tf.setBackend('cpu');
    const kernelRegularizer = process.argv[2] === 'l1' ? regularizers.l1({l1: .01}) : regularizers.l2({l2: .01});
    const dense = layers.dense({units: 1, inputShape: [8], useBias: false, kernelRegularizer});
    const model = sequential({layers: [dense]});
    model.compile({optimizer: tf.train.sgd(1), loss: 'meanSquaredError'});
    dense.setWeights([tf.tensor2d([.5, 0, -.5, 0, .25, 0, -.25, 0], [8, 1])]);
    const x = tf.zeros([2, 8]), y = tf.zeros([2, 1]);
    for (let step = 0; step < +process.argv[3]; ++step) await model.fit(x, y, {verbose: 0});
    console.log(Array.from(dense.getWeights()[0].dataSync(), w => +w.toFixed(3) + 0).join(' '));
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
check() { # $1: penalty, $2: steps, $3: recorded, $4: expected
    node run.js "$1" "$2" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf '%s, weights after %s steps: %s\n%26s %s (recorded)\n%26s %s (expected)\n' "$1" "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
check l1 0 '0.5 0 -0.5 0 0.25 0 -0.25 0' '0.5 0 -0.5 0 0.25 0 -0.25 0'
check l1 1 '0.49 0.01 -0.49 0.01 0.24 0.01 -0.24 0.01' '0.49 0 -0.49 0 0.24 0 -0.24 0'
check l1 2 '0.48 0 -0.48 0 0.23 0 -0.23 0' '0.48 0 -0.48 0 0.23 0 -0.23 0'
check l1 3 '0.47 0.01 -0.47 0.01 0.22 0.01 -0.22 0.01' '0.47 0 -0.47 0 0.22 0 -0.22 0'
check l2 1 '0.49 0 -0.49 0 0.245 0 -0.245 0' '0.49 0 -0.49 0 0.245 0 -0.245 0'
exit $changed
