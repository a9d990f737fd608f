#!/bin/sh
# Question   A trained network is fine-tuned in TensorFlow.js, its batchNormalization frozen by trainable = false. Do
#            its mean and variance stay, and does it use them?
# Guess      Yes: what is frozen stays, and since TensorFlow 2 such a layer of Keras normalises by its own numbers in
#            training, too.
# Seen       Its scale and shift stay, but it normalises by the batch, and mean and variance go on to follow the
#            batches, as in a layer that is not frozen. After ten batches of 4 and 6 a mean of 0 is 5.
# Versions   npm: @tensorflow/tfjs-core, -layers, -backend-cpu 4.22.0
# Date       2026-11-30
# Matters    New layers behind a frozen backbone learn from other numbers than predict() gives them, and the backbone,
#            which was to stay as it was, is another one afterwards, without a weight having been trained. Let the
#            backbone predict, and train on what it says.
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
const tf = require('@tensorflow/tfjs-core'), {layers, sequential} = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');
(async () => { // inputs 4 and 6, wanted 0: the loss of the first batch, then scale, shift, mean and variance after ten
    await tf.setBackend('cpu');
    const norm = layers.batchNormalization({momentum: .5, epsilon: 1e-9});
    const first = layers.dense({units: 1, inputShape: [1], kernelInitializer: 'ones', useBias: false});
    const model = sequential({layers: [first, norm]}), x = tf.tensor2d([4, 6], [2, 1]), y = tf.zeros([2, 1]);
    norm.trainable = process.argv[2] !== 'frozen';
    model.compile({optimizer: tf.train.sgd(0), loss: 'meanSquaredError'});
    const h = (await model.fit(x, y, {epochs: 10, verbose: 0})).history, round = v => +v.toFixed(1);
    console.log(`loss ${round(h.loss[0])}, then ${norm.getWeights().map(w => round(w.dataSync()[0])).join(' ')}`);
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
check() { # $1: frozen or not, $2: recorded, $3: expected
    node run.js "$1" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf '%-10s %s\n%10s %s (recorded)\n%10s %s (expected)\n' "$1" "$seen" '' "$2" '' "$3"
    [ "$seen" = "$2" ] || changed=1
}
check trainable 'loss 1, then 1 0 5 1' 'loss 1, then 1 0 5 1'
check frozen 'loss 1, then 1 0 5 1' 'loss 26, then 1 0 0 1'
exit $changed
