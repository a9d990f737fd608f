#!/bin/sh
# Question   brain.js saves a network in two ways, toJSON() and toFunction(). Does what comes back give the answers of
#            the network that was saved?
# Guess      Yes, to the rounding of floats.
# Seen       With leaky-relu of another slope than 0.01, JSON does not: the slope is not in the file, and fromJSON()
#            sets it to 0.01, also where the new network was made with the right one. 0.5 becomes 0.05. The function has
#            the slope. But of an input with a key left out, which run() and training take for 0, the function makes
#            NaN, with every activation.
# Versions   npm: brain.js 1.6.1
# Date       2026-11-30
# Matters    0.1 is the slope of Darknet's leaky. A network trained with it has other answers after it was saved, and no
#            error says so; set leakyReluAlpha after fromJSON(). Sparse inputs, as hashes of what is there, need all
#            their keys for the function.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 5 MB.
set -eu
package=brain.js@1.6.1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
export npm_config_cache="$tmp/cache" npm_config_update_notifier=false
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$package" > npm.log 2>&1 ||
    { cat npm.log; echo "not to be had from npm: $package"; exit 2; }

cat > run.js << 'EOF'
const brain = require('brain.js');
const [activation, slope, key] = process.argv.slice(2), leakyReluAlpha = Number(slope);
let seed = 1;
Math.random = () => (seed = seed * 16807 % 2147483647) / 2147483647; // the same weights each time
const saved = new brain.NeuralNetwork({hiddenLayers: [3], activation, leakyReluAlpha});
saved.train([[0, 0], [0, 1], [1, 0], [1, 1]].map(([a, b]) => ({input: {a, b}, output: {y: a ^ b}})), {iterations: 300});
const input = key === 'whole' ? {a: 0, b: 1} : {b: 1}, json = JSON.stringify(saved.toJSON());
const load = (network, later) => { network.fromJSON(JSON.parse(json)); return Object.assign(network, later); };
const plain = load(new brain.NeuralNetwork()), told = load(new brain.NeuralNetwork({leakyReluAlpha}));
const later = load(new brain.NeuralNetwork(), {leakyReluAlpha}), call = saved.toFunction();
console.log([...[saved, plain, told, later].map(n => n.run(input).y), call(input).y].map(y => y.toFixed(2)).join(' '));
EOF

changed=0
check() { # $1: activation, $2: slope, $3: whole, or part: a key whose value is 0 left out, $4: recorded, $5: expected
    seen=$(node run.js "$1" "$2" "$3" 2> log) || { cat log; exit 2; }
    printf '%-10s slope %-4s %-5s %s\n%27s %s (recorded)\n%27s %s (expected)\n' "$1" "$2" "$3" "$seen" '' "$4" '' "$5"
    [ "$seen" = "$4" ] || changed=1
}
echo 'saved; from JSON; from JSON into a network with the slope; the slope set after it; as a function:'
check leaky-relu 0.01 whole '0.49 0.49 0.49 0.49 0.49' '0.49 0.49 0.49 0.49 0.49'
check leaky-relu 0.1 whole '0.50 0.05 0.05 0.50 0.50' '0.50 0.50 0.50 0.50 0.50'
check leaky-relu 0.1 part '0.50 0.05 0.05 0.50 NaN' '0.50 0.50 0.50 0.50 0.50'
check relu 0.01 whole '1.10 1.10 1.10 1.10 1.10' '1.10 1.10 1.10 1.10 1.10'
check relu 0.01 part '1.10 1.10 1.10 1.10 NaN' '1.10 1.10 1.10 1.10 1.10'
exit $changed
