#!/bin/sh
# Question   A network with dropout is to be trained again to the same result, so its dropout layer gets a seed. What
#            does it drop in TensorFlow.js?
# Guess      Other units in every batch, and the same ones when the whole training is run again.
# Seen       The same places in every batch: each batch begins the seed's numbers anew. With batches of one picture 53
#            of 100 inputs are dropped each time, and their weights are after 50 epochs what they were before. With
#            batches of four each place of a batch has its own half, always the same, and 7 weights are never trained.
#            Without a seed none is left out.
# Versions   npm: @tensorflow/tfjs-core, -layers, -backend-cpu 4.22.0
# Date       2026-12-01
# Matters    Dropout is no noise then: a part of the network stays as it was drawn, and predict() uses it with the rest.
#            The same goes for two layers of one size with one seed: they drop the same places.
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
(async () => { // 100 inputs of 1, dropout of a half, one output; pictures are alike, so their order does not matter
    await tf.setBackend('cpu');
    const seed = process.argv[2] === 'none' ? undefined : +process.argv[2], batchSize = +process.argv[3];
    const dense = layers.dense({units: 1, useBias: false, kernelInitializer: 'zeros'});
    const model = sequential({layers: [layers.dropout({rate: .5, seed, inputShape: [100]}), dense]});
    model.compile({optimizer: tf.train.sgd(1e-4), loss: 'meanSquaredError'});
    await model.fit(tf.ones([8, 100]), tf.ones([8, 1]), {batchSize, epochs: 50, verbose: 0});
    const w = Array.from(dense.getWeights()[0].dataSync());
    console.log(`${w.filter(v => v === 0).length} of 100 weights untrained`);
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
check() { # $1: seed, $2: pictures of a batch, $3: recorded
    node run.js "$1" "$2" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf 'seed %s, %s in a batch, %s batches: %s, %s (recorded), 0 (expected)\n' "$1" "$2" $((400 / $2)) "$seen" "$3"
    [ "$seen" = "$3 of 100 weights untrained" ] || changed=1
}
check none 1 0
check none 4 0
check 1 1 53
check 1 4 7
check 2 1 41
check 2 4 4
exit $changed
