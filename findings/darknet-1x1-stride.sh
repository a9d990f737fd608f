#!/bin/sh
# Question   A convolution of 1x1 with stride=2 is how a residual network halves its map beside a block. Which pixels of
#            a 4x4 map does Darknet's read?
# Guess      Every second one of every second row: 0, 2, 8 and 10, as its 3x3 convolutions with stride=2 do.
# Seen       The first four, 0 to 3: the first row. The map that comes out is 2x2, as it should be. From the second
#            channel on it is not even that row: where channel 1 should be read, pixels 4 to 7 of channel 0 are.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4
# Date       2026-11-30
# Matters    A ResNet written as a cfg as the paper has it trains on a strip of its maps, and one brought from another
#            framework computes something else. None of Darknet's own 45 cfgs has such a layer.
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

# a picture of 4x4 pixels: pixel i has 5 i + 5 of 255 in red, 5 i + 90 in green and 5 i + 175 in blue
{
    printf 'P6\n4 4\n255\n'
    perl -e 'print pack("C*", map { (5 * $_ + 5, 5 * $_ + 90, 5 * $_ + 175) } 0 .. 15)'
} > picture.ppm
printf '%s\n' a b c d > labels
printf 'classes=4\nnames=labels\nlabels=labels\ntop=4\n' > net.data

# the numbers of the map, in its order, as the pixels of the picture that have them
read_by() { # $1: size, $2: channel that the one filter passes on
    {
        printf '[net]\nbatch=1\nwidth=4\nheight=4\nchannels=3\n'
        printf '[convolutional]\nfilters=1\nsize=%s\nstride=2\npad=1\nactivation=linear\n' "$1"
    } > net.cfg
    perl -e '($size, $channel) = @ARGV; @w = (0) x (3 * $size * $size);
        $w[$channel * $size * $size + ($size * $size - 1) / 2] = 1;
        print pack("l<3q<", 0, 2, 0, 0), pack("f<*", 0, @w)' -- "$1" "$2" > net.weights
    LD_LIBRARY_PATH=$libs $dark classifier predict net.data net.cfg net.weights picture.ppm > out 2> log ||
        { cat log >&2; exit 2; }
    perl -ne '$value{$2} = $1 if /^ *([0-9.]+)%: ([a-d])/;
        END { print join " ", map { $n = sprintf "%.0f", $value{$_} * 2.55 / 5 - 1;
                                    sprintf "%s%d", ("red ", "green ", "blue ")[$n / 17], $n % 17 } "a" .. "d" }' out
}
changed=0
check() { # $1: size, $2: channel, $3: recorded, $4: expected
    seen=$(read_by "$1" "$2")
    printf '%s, stride 2, channel %s reads pixels %s\n%36s %s (recorded)\n%36s %s (expected)\n' \
        "$1x$1" "$2" "$seen" '' "$3" '' "$4"
    [ "$seen" = "$3" ] || changed=1
}
check 3 0 'red 0 red 2 red 8 red 10' 'red 0 red 2 red 8 red 10'
check 1 0 'red 0 red 1 red 2 red 3' 'red 0 red 2 red 8 red 10'
check 1 1 'red 4 red 5 red 6 red 7' 'green 0 green 2 green 8 green 10'
exit $changed
