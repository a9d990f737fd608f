#!/bin/sh
# The rows of docs/freezing.md, for tables.sh: every net with every rule, three seeds, trained without the pictures that
# `darknet vd split` holds out. CIFAR, BCCD: not empty where these data sets are there
set -eu

# DATA NET NAME START RAMP EPOCH KEYS...: START and RAMP of the KL term and an epoch, in batches. Trained from random
# weights, or from those of row $dense-SEED; with these rules alone, or all
dense='' rules=''
rows_of() {
    data=$1 net=$2 name=$3 start=$4 ramp=$5 epoch=$6
    shift 6
    end=$((start + ramp))
    middle=$((start + ramp / 2))
    keys="kl_start=$start kl_ramp=$ramp $*"
    for seed in 1 2 3; do
        from=${dense:+$dense-$seed}
        from=${from:--}
        row() {
            rule=$1
            shift
            case " ${rules:-$rule} " in *" $rule "*) ;; *) return ;; esac
            echo "$name-$rule-$seed $data $net $from $keys $* seed=$seed"
        }
        row none freeze_pruned=0
        row 4-once-ramp freeze_pruned=1 freeze_log_alpha=4 freeze_start=$end
        row 4-once-middle freeze_pruned=1 freeze_log_alpha=4 freeze_start=$middle
        row 4-epoch freeze_pruned="$epoch" freeze_log_alpha=4 freeze_start=0
        row 4-once-start freeze_pruned=1 freeze_log_alpha=4 freeze_start="$start"
        row 8-600 freeze_pruned=600 freeze_log_alpha=8 freeze_start=0
        row 5-epoch freeze_pruned="$epoch" freeze_log_alpha=5 freeze_start=0
        row 3.5-epoch freeze_pruned="$epoch" freeze_log_alpha=3.5 freeze_start=0
        row 4-epoch-ramp freeze_pruned="$epoch" freeze_log_alpha=4 freeze_start=$end
        row 5-once-ramp freeze_pruned=1 freeze_log_alpha=5 freeze_start=$end
        row 3.5-once-ramp freeze_pruned=1 freeze_log_alpha=3.5 freeze_start=$end
    done
    [ -z "$rules" ] || return 0
    # the same weights, cut at test time at another threshold
    for seed in 1 2 3; do
        for rule in none 4-once-ramp 4-epoch; do
            echo "$name-$rule-t1-$seed $data $net =$name-$rule-$seed threshold=1"
        done
    done
}

held_out="samples=55000 threshold=3"
rows_of freezing-mnist lenet-300-100-vd 300 550 2200 550 "$held_out" max_batches=11000
rows_of freezing-mnist lenet-300-100-vd 300-clip 550 2200 550 "$held_out" max_batches=11000 train_clip=1
rows_of freezing-mnist lenet5-vd lenet5 550 2200 550 "$held_out" max_batches=4400
rows_of freezing-mnist lenet5-vd lenet5-clip 550 2200 550 "$held_out" max_batches=4400 train_clip=1
rows_of freezing-mnist lenet5-relu-vd relu 550 2200 550 "$held_out" max_batches=4400 learning_rate=.002
rows_of freezing-mnist lenet5-relu-vd relu-clip 550 2200 550 "$held_out" max_batches=4400 learning_rate=.002 train_clip=1
rows_of freezing-digits lenet5-digits-vd digits 120 600 120 threshold=3
rules="none 4-once-ramp 4-once-middle"
# 60 epochs, with the keys of the cfgs
rows_of freezing-mnist lenet-300-100-vd 300-long 600 6000 550 samples=55000 max_batches=33000
rows_of freezing-mnist lenet5-vd lenet5-long 600 3000 550 samples=55000 max_batches=33000
# 10 epochs of 45,000 pictures
[ -z "${CIFAR:-}" ] || rows_of freezing-cifar vgg-cifar-vd cifar 450 1800 450 samples=45000 max_batches=4500
# 102 epochs of 234 pictures, from the weights of a plain net
[ -n "${BCCD:-}" ] || exit 0
for seed in 1 2 3; do echo "bccd-dense-$seed freezing-bccd bccd-tiny - max_batches=1500 seed=$seed"; done
dense=bccd-dense
rows_of freezing-bccd bccd-tiny-vd bccd 0 750 15 samples=234 max_batches=1500
