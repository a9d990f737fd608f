#!/bin/sh
# Training speed, a table: step_ours on variational nets and on the same nets with plain layers, and, when they are given,
# stock Darknet's builds on the plain cfg. Everything is measured in turns, and the medians of the rounds are printed.
#
#     table.sh FOLDER STEP_OURS [STEP_STOCK STEP_NATIVE]
set -eu
folder=$1 ours=$2 stock=${3:-} native=${4:-}
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-2}
cores=$(nproc)
mkdir -p "$folder"
: > "$folder/raw"

# run NET WHAT THREADS PROGRAM CFG
run() {
    printf '%s %s %s ' "$1" "$2" "$3" >> "$folder/raw"
    DARKNET_THREADS=$3 "$4" "$5" "$seconds" 2>/dev/null >> "$folder/raw"
}

for net in lenet5 lenet-300-100; do
    # plain layers take our functions in a network that has a section of ours
    { cat "cfg/$net.cfg"; printf '\n[vd_cost]\nsamples=60000\n'; } > "$folder/$net.cfg"
done
round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    printf '\rround %d of %d' "$round" "$rounds" >&2
    for net in lenet5 lenet-300-100; do
        for threads in 1 $cores; do
            run $net vd $threads "$ours" "cfg/$net-vd.cfg"
            run $net plain $threads "$ours" "$folder/$net.cfg"
        done
        [ -z "$stock" ] || run $net stock 1 "$stock" "cfg/$net.cfg"
        [ -z "$native" ] || run $net stock-native 1 "$native" "cfg/$net.cfg"
    done
done
echo >&2
sed -n 's/^model name[^:]*: /processor: /p' /proc/cpuinfo | head -n 1
awk -v cores="$cores" '
    { key = $1 " " $2 " " $3; ms[key, ++n[key]] = $4; mib[key] = $6; if (!seen[key]++) order[++keys] = key; image = $4 * $5 }
    function median(key,   i, j, t, a) {
        for (i = 1; i <= n[key]; ++i) a[i] = ms[key, i]
        for (i = 1; i <= n[key]; ++i) for (j = i + 1; j <= n[key]; ++j) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
        return a[int((n[key] + 1) / 2)]
    }
    END {
        printf "%-15s %-13s %8s %10s %12s %10s\n", "net, batch 100", "layers", "threads", "ms/step", "images/s", "peak MiB"
        for (i = 1; i <= keys; ++i) {
            split(order[i], p, " ")
            m[order[i]] = median(order[i])
            printf "%-15s %-13s %8d %10.2f %12.0f %10.1f\n", p[1], p[2], p[3], m[order[i]], 100000 / m[order[i]], mib[order[i]]
        }
        for (k = split("lenet5 lenet-300-100", nets, " "); k > 0; --k) {
            net = nets[k]
            printf "%s: VD / plain step, 1 thread %.2f", net, m[net " vd 1"] / m[net " plain 1"]
            if (cores > 1) printf "; VD 1 -> %d threads %.2f x", cores, m[net " vd 1"] / m[net " vd " cores]
            if ((net " stock 1") in m) printf "; stock plain / VD on %d threads %.2f", cores, m[net " stock 1"] / m[net " vd " cores]
            if ((net " stock-native 1") in m) printf ", native stock %.2f", m[net " stock-native 1"] / m[net " vd " cores]
            printf "; memory VD / plain %.2f\n", mib[net " vd 1"] / mib[net " plain 1"]
        }
    }' "$folder/raw"
