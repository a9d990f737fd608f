#!/bin/sh
# run.sh SECONDS FOLDER TARGET...: runs each libFuzzer target for SECONDS, from seeds that it writes itself and the inputs
# earlier runs have found. Corpora, logs and inputs that crash stay in FOLDER. The last line has the totals; status 1 when
# there was a crash, a hang, undefined behaviour, or a target that ended before its time.
seconds=$1 folder=$2
shift 2
crashed=0 all=0
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1
mkdir -p "$folder/crashes"
# section names and keys, for the targets that read text
grep -oh '"[][A-Za-z_0-9]*"' darknet-vd/config/*.c | grep -v '""' | sort -u > "$folder/words.dict"
for target; do
    name=${target##*/fuzz-}
    corpus=$folder/corpus/$name log=$folder/$name.log
    mkdir -p "$corpus" "$folder/seeds/$name"
    SEEDS=$folder/seeds/$name "$target" >"$log" 2>&1 || { echo "$name: no seeds, see $log"; exit 1; }
    dictionary='' examples=''
    case $name in cfg) examples=cfg ;; esac # the folder of this name
    case $name in cfg | data) dictionary=-dict=$folder/words.dict ;; esac
    # status 1 is a crash: a target whose time is over ends with 0
    "$target" "$corpus" "$folder/seeds/$name" ${examples:+"$examples"} ${dictionary:+"$dictionary"} \
        -seed=1 -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -max_len=8192 -print_final_stats=1 -close_fd_mask=3 -artifact_prefix="$folder/crashes/$name-" >"$log" 2>&1
    status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    all=$((all + ${executions:-0}))
    if [ $status = 0 ] && grep -q '^Done .* runs in ' "$log"; then
        echo "$name: ${executions:-0} executions, 0 crashes"
    else
        crashed=$((crashed + 1))
        why=$(grep -m 1 -h 'ERROR:\|runtime error' "$log")
        echo "$name: ${executions:-0} executions, 1 crash: ${why:-it ended before its time} ($log)"
    fi
done
echo "fuzz: $# targets, $seconds s each, $all executions, $crashed crashes"
[ $crashed = 0 ]
