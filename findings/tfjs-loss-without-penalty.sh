#!/bin/sh
# Question   A network in TensorFlow.js has a penalty on its weights (l1, l2). It learns nothing (rate 0) and is
#            trained, validated and evaluated on the same data. Are the three losses one number?
# Guess      Yes, as in Keras, whose interface it has: the loss that is minimised has the penalty in it, and evaluate()
#            says that loss.
# Seen       No: the loss of a training has the penalty, those of evaluate() and of the validation have not. With an
#            error of 3 and a penalty of 1 they are 4, 3 and 3. The metrics agree.
# Versions   npm: @tensorflow/tfjs-core, -layers, -backend-cpu 4.22.0
# Date       2026-11-30
# Matters    With the penalties that make weights sparse the loss of the validation is far below that of the training,
#            which looks like pictures that are easier, and hides that it has begun to learn them by heart. Compare a
#            metric instead.
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
const tf = require('@tensorflow/tfjs-core'), layers = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');
(async () => { // y = x, one weight, with a penalty of this kind and size; errors 0, 0 and 3
    const [kind, size] = process.argv.slice(2), penalty = Number(size);
    await tf.setBackend('cpu');
    const {l1, l2} = layers.regularizers, kernelRegularizer = kind === 'l1' ? l1({l1: penalty}) : l2({l2: penalty});
    const dense = layers.layers.dense({units: 1, inputShape: [1], kernelInitializer: 'ones', kernelRegularizer});
    const model = layers.sequential({layers: [dense]});
    model.compile({optimizer: tf.train.sgd(0), loss: 'meanSquaredError', metrics: ['mse']});
    const x = tf.tensor2d([1, 1, 1], [3, 1]), y = tf.tensor2d([1, 1, 4], [3, 1]);
    const h = (await model.fit(x, y, {epochs: 1, batchSize: 3, validationData: [x, y], verbose: 0})).history;
    const [loss, mse] = model.evaluate(x, y).map(t => t.dataSync()[0]);
    console.log(`loss ${[h.loss[0], h.val_loss[0], loss].map(v => +v.toFixed(3)).join(' ')},`,
        `metric ${[h.mse[0], h.val_mse[0], mse].map(v => +v.toFixed(3)).join(' ')}`);
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
check() { # $1: kind of penalty, $2: its factor, $3: recorded, $4: expected
    node run.js "$1" "$2" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf '%s of %s   %s\n%9s %s (recorded)\n%9s %s (expected)\n' "$1" "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
echo 'training, validation, evaluate():'
check l2 0 'loss 3 3 3, metric 3 3 3' 'loss 3 3 3, metric 3 3 3'
check l2 1 'loss 4 3 3, metric 3 3 3' 'loss 4 4 4, metric 3 3 3'
check l1 5 'loss 8 3 3, metric 3 3 3' 'loss 8 8 8, metric 3 3 3'
exit $changed
