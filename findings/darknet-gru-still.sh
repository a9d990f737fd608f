#!/bin/sh
# Question   Darknet has a gru.cfg, to learn a text by. Which weights does a training on a processor change?
# Guess      All, as it does those of [connected] and [convolutional].
# Seen       None of the [gru] (with decay=0, as gru.cfg has it): its weights and biases end as they began, and so do
#            those of every layer before it. Only the layers behind it learn.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-30
# Matters    Debian's darknet runs on processors alone. There a training by gru.cfg fits its last layer to what three
#            random GRUs happen to remember.
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

{ printf 'P6\n8 8\n255\n'; head -c 192 /dev/zero | tr '\0' '\200'; } > cat.ppm
echo "$tmp/cat.ppm" > list
printf 'cat\ndog\n' > labels
mkdir backup
printf 'classes=2\ntrain=list\nvalid=list\nlabels=labels\nbackup=backup\ntop=1\n' > net.data

# ten batches of one grey picture through three layers, the second of which is one of the kind asked for; then how many
# of each layer's numbers are others than at the start
changed_by() { # $1: kind of the layer, $2: how many numbers it has
    {
        printf '[net]\nbatch=1\nwidth=8\nheight=8\nchannels=3\nlearning_rate=.1\ndecay=0\nmax_batches=10\n'
        printf '[connected]\noutput=3\nactivation=linear\n[%s]\noutput=4\n' "$1"
        printf '[connected]\noutput=2\nactivation=linear\n[softmax]\n'
    } > net.cfg
    perl -e '($n) = @ARGV; print pack("l<3q<", 0, 2, 0, 0),
        pack("f<*", map { .05 + $_ % 7 / 100 } 1 .. 579 + $n + 10)' "$2" > start.weights
    rm -f backup/*
    LD_LIBRARY_PATH=$libs $dark classifier train net.data net.cfg start.weights > train.log 2>&1 ||
        { cat train.log >&2; exit 2; }
    perl -e '($n) = @ARGV; local $/;
        ($a, $b) = map { open F, $_; [unpack "x20 f<*", <F>] } "start.weights", "backup/net.weights";
        for ([0, 579], [579, $n], [579 + $n, 10]) {
            ($from, $many) = @$_;
            push @seen, (grep { $a->[$_] != $b->[$_] } $from .. $from + $many - 1) . " of $many"
        }
        print join ", ", @seen' "$2"
}
status=0
check() { # $1: kind, $2: numbers, $3: recorded, $4: expected
    seen=$(changed_by "$1" "$2")
    printf '[connected], [%s], [connected] changed: %s\n    %s (recorded)\n    %s (expected)\n' "$1" "$seen" "$3" "$4"
    [ "$seen" = "$3" ] || status=1
}
check connected 16 '579 of 579, 16 of 16, 10 of 10' '579 of 579, 16 of 16, 10 of 10'
check gru 108 '0 of 579, 0 of 108, 10 of 10' '579 of 579, 108 of 108, 10 of 10'
exit $status
