#!/bin/sh
# Question   ConvNetJS has dropout. In training it drops inputs with the probability drop_prob; for a prediction it scales
#            them instead. By what, at drop_prob 0.2?
# Guess      By 0.8, the share that is kept, so that a sum over inputs is as large as it was in training on average.
# Seen       By 0.2, the share that is dropped: a sum over inputs is a quarter of what the next layer has learned from. At
#            0.5 both are the same; at 0.8 it is four times as much, and at 0, where nothing is dropped, all is 0.
# Versions   npm: convnetjs 0.3.0
# Date       2026-11-30
# Matters    The loss of such a training falls as it should, while its predictions are those of the biases, nearly; that
#            looks like a network that has not learned to generalise. Dropout that is a part of the method to be compared
#            with, or weights taken over with Darknet's [dropout] probability=.2, have other numbers than anywhere else.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 1 MB.
set -eu
package=convnetjs@0.3.0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$package" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: $package"; exit 2; }

cat > dropout.js << 'END'
const {DropoutLayer, Vol} = require('convnetjs');
let state = 1;
Math.random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32; // the same each time
let changed = 0;
for (const [drop_prob, recorded] of [[0.5, 0.5], [0.2, 0.2], [0.8, 0.8], [0, 0]]) {
    const layer = new DropoutLayer({in_sx: 1, in_sy: 1, in_depth: 100000, drop_prob});
    const ones = new Vol(1, 1, 100000, 1);
    const mean = training => (layer.forward(ones, training).w.reduce((a, b) => a + b, 0) / 1e5).toFixed(2);
    const training = mean(true), seen = mean(false), kept = (1 - layer.drop_prob).toFixed(2);
    console.log(`drop_prob ${drop_prob}: ones are ${training} on average in training, ${seen} in a prediction`);
    console.log(`${recorded.toFixed(2).padStart(54)} (recorded)\n${kept.padStart(54)} (expected)`);
    if (seen !== recorded.toFixed(2) || Math.abs(training - kept) > 0.011) changed = 1;
}
process.exit(changed);
END
node dropout.js
