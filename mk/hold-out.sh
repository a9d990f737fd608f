#!/bin/sh
# hold-out.sh DATA COUNT SEED OUT: a data file whose test pictures are COUNT of the training pictures of DATA. A
# permutation drawn from SEED ends with them; OUT.train and OUT.test are the two lists
set -eu
data=$1 count=$2 seed=$3 out=$4
train=$(sed -n 's/^train *= *//p' "$data")
rest=$(($(wc -l < "$train") - count))
[ "$rest" -gt 0 ] || { echo "$train: has no $count pictures to hold out" >&2; exit 1; }

# Fisher and Yates with Lehmer's generator, which doubles hold exactly: the same order with every awk
awk -v x="$seed" '
    function below(n) { x = x * 16807 % 2147483647; return int(x / 2147483647 * n) }
    { line[NR] = $0 }
    END {
        x = (x + 1) % 2147483646 + 1
        for (i = 1; i <= 10; ++i) below(1)
        for (i = NR; i > 1; --i) { j = 1 + below(i); s = line[i]; line[i] = line[j]; line[j] = s }
        for (i = 1; i <= NR; ++i) print line[i]
    }' "$train" > "$out.order"
head -n "$rest" "$out.order" > "$out.train"
tail -n "$count" "$out.order" > "$out.test"
rm "$out.order"
sed "s|^train *=.*|train=$out.train|; s|^valid *=.*|valid=$out.test|" "$data" > "$out"
