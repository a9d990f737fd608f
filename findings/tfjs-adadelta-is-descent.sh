#!/bin/sh
# Question   Adadelta has steps that do not depend on how large the gradients are: a loss in other units trains alike.
#            Is that so in TensorFlow.js?
# Guess      Yes: that is what the method is for, and RMSprop, in the same library, does it.
# Seen       No. It divides by the mean of the squares before this gradient is in it, 0 at first, so that both roots
#            begin equal, and with a steady gradient they stay equal: every step is the rate times the gradient, as in
#            plain descent. A loss 1000 times as large has steps 1000 times as large; by the paper's order the first is
#            0.0014 in both.
# Versions   npm: @tensorflow/tfjs-core, -layers, -backend-cpu 4.22.0
# Date       2026-11-30
# Matters    With a rate of 1, as in the paper, a training ends in NaN, and a rate that was found in PyTorch or Keras
#            means something else. A loss that is a sum over a batch, as Darknet's are, is hit hardest.
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
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
require('@tensorflow/tfjs-layers'); // brings the gradients
(async () => { // steps with a loss of so many times x
    const [optimizer, rate, times] = process.argv.slice(2), x = tf.variable(tf.scalar(0)), steps = [];
    await tf.setBackend('cpu');
    const method = tf.train[optimizer](Number(rate));
    for (let i = 0, before = 0; i < 3; ++i) {
        method.minimize(() => tf.mul(x, Number(times)));
        const now = x.dataSync()[0];
        steps.push(String(+(before - now).toPrecision(2)));
        before = now;
    }
    console.log(steps.join(' '));
})().catch(e => { console.log('error', String(e).split('\n')[0]); process.exit(2); });
EOF

changed=0
check() { # $1: optimizer, $2: rate, $3: the gradient, $4: recorded, $5: expected
    node run.js "$1" "$2" "$3" > seen 2> log || { cat seen log; exit 2; }
    seen=$(tail -n 1 seen)
    printf '%-8s rate %-4s gradient %-5s %s\n%34s%s (recorded)\n%34s%s (expected)\n' \
        "$1" "$2" "$3" "$seen" '' "$4" '' "$5"
    [ "$seen" = "$4" ] || changed=1
}
check sgd 1 1000 '1000 1000 1000' '1000 1000 1000'
check rmsprop 1 1 '3.2 2.3 1.9' '3.2 2.3 1.9'
check rmsprop 1 1000 '3.2 2.3 1.9' '3.2 2.3 1.9'
check adadelta 1 1 '1 1 1' '0.0014 0.0014 0.0014'
check adadelta 1 1000 '1000 1000 1000' '0.0014 0.0014 0.0014'
exit $changed
