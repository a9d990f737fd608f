#!/bin/sh
# Question   What learning rate does policy=sigmoid give before the batch `step`?
# Guess      The left half of the sigmoid: rate / (1 + exp(gamma (batch - step))), .88 and .73 of it with gamma=1 at two
#            batches and one before step; gamma below 0 makes it rise instead.
# Seen       0 with gamma above 0: the difference of an unsigned batch and step wraps to 1.8e19, and exp() of it is
#            infinite. From step on the formula holds, so the rate jumps from 0 to a half and falls.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-29
# Matters    Nothing is learned before `step`, without a word: losses are printed as in any training.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads up to 75 MB.
set -eu
darknet=0.0.0+git20180914.61c9d02e-2+b4

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

mkdir -p archives/partial root
apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::Cache::archives="$tmp/archives" install "darknet=$darknet" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: darknet=$darknet (apt-get update first?)"; exit 2; }
for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
dark=root/usr/bin/darknet
[ -x "$dark" ] || dark=darknet

for class in cat dog; do
    { printf 'P6\n8 8\n255\n'; head -c 192 /dev/zero; } > "$class.ppm"
    echo "$tmp/$class.ppm"
done > list
printf 'cat\ndog\n' > labels
mkdir backup
printf 'classes=2\ntrain=list\nvalid=list\nlabels=labels\nbackup=backup\ntop=1\n' > net.data
printf '[net]\nbatch=1\nwidth=8\nheight=8\nchannels=3\nlearning_rate=1\npolicy=sigmoid\ngamma=1\nstep=4\nmax_batches=6\n' > net.cfg
printf '[connected]\noutput=2\nactivation=linear\n[softmax]\n' >> net.cfg

LD_LIBRARY_PATH=$libs $dark classifier train net.data net.cfg > train.log 2>&1 || { cat train.log; exit 2; }
seen=$(sed -n 's/.*avg, \([0-9.]*\) rate.*/\1/p' train.log | paste -sd' ')
recorded='0.000000 0.000000 0.000000 0.500000 0.268941 0.119203'
printf '%s\n%s (recorded)\n%s (expected)\n' "$seen" "$recorded" '0.952574 0.880797 0.731059 0.500000 0.268941 0.119203'
if [ "$seen" = "$recorded" ]; then echo "as recorded"; exit 0; fi
echo CHANGED
exit 1
