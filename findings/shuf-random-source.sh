#!/bin/sh
# Question   `shuf --random-source=<(yes) list` is a known way to shuffle a list of pictures alike each time. How well does
#            it shuffle? 60,000 lines, ten classes one after the other.
# Guess      Like any generator with a fixed seed: a tenth of the result has some 600 lines of each class.
# Seen       Badly. 31,765 of the 60,000 lines stand right behind the line that they stood behind before, and the first
#            tenth has lines of two classes only. So it is with 50,000 lines; with 10,000 all classes are there, but from 22
#            to 253 lines of each where 100 are due. shuf takes its numbers from the bytes of the source as they are, and
#            those of yes are a "y" and a line end in turn. Bytes that look random shuffle well; `sort -R` shuffles well
#            with yes, too: it only takes the key of a hash function from the source.
# Versions   Debian 12: coreutils 9.1-1
# Date       2026-11-30
# Matters    Who splits the list of MNIST or CIFAR-10 so validates on two classes, and trains on the other eight and what
#            is left; a loader that reads the list in its order sees batches of one class. The error is not that of the
#            data, and the same command did well on a small list.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 3 MB.
set -eu
coreutils=9.1-1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

apt-get -qq -o APT::Sandbox::User= download "coreutils=$coreutils" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: coreutils $coreutils (apt-get update first?)"; exit 2; }
dpkg-deb -x coreutils_*.deb root
export LC_ALL=C

# bytes that look random
perl -e '$s = 1; for (1 .. 1000000) { $s = ($s * 1103515245 + 12345) % 2147483648; print chr($s >> 16 & 255) }' > bytes

# how many lines follow the same line as before; how many of each class, 0 to 9, are in the first tenth
count() {
    awk -v lines="$1" '$1 == last + 1 { ++follow } { last = $1 } NR <= lines / 10 { ++n[int(10 * ($1 - 1) / lines)] }
        END { printf "%d follow; %d", follow, n[0]; for (i = 1; i < 10; ++i) printf " %d", n[i]; print "" }'
}

changed=0
check() { # $1: lines, $2: source, $3: command, $4: recorded, $5: expected
    lines=$1 source=$2 name=$3 recorded=$4 expected=$5
    # shellcheck disable=SC2086
    set -- root/usr/bin/$3
    root/usr/bin/seq "$lines" > list
    if [ "$source" = yes ]; then
        seen=$(root/usr/bin/yes 2> yes.log | "$@" --random-source=/dev/fd/3 list 3<&0 | count "$lines")
    else
        seen=$("$@" --random-source=bytes list | count "$lines")
    fi
    printf '%s lines, %-5s %-7s %s\n%28s%s (recorded)\n%28s%s (expected)\n' \
        "$lines" "$source" "$name" "$seen" '' "$recorded" '' "$expected"
    [ "$seen" = "$recorded" ] || changed=1
}
check 60000 yes shuf '31765 follow; 0 0 0 0 0 5014 986 0 0 0' '1 or so follow; 600 or so of each class'
check 50000 yes shuf '21765 follow; 0 0 0 0 0 0 4014 986 0 0' '1 or so follow; 500 or so of each class'
check 10000 yes shuf '359 follow; 231 61 147 253 55 29 117 62 22 23' '1 or so follow; 100 or so of each class'
check 60000 bytes shuf '3 follow; 577 577 629 592 583 619 598 620 601 604' '1 or so follow; 600 or so of each class'
check 60000 yes 'sort -R' '1 follow; 594 587 597 620 596 609 623 615 566 593' '1 or so follow; 600 or so of each class'
exit $changed
