#!/bin/sh
# Question   How long after its launcher is told to end (SIGTERM: a batch system whose time is up, `kill`) does a process
#            of an MPI program hear of it?
# Guess      At once: mpirun passes the signal on.
# Seen       MPICH's does. Open MPI's waits for a second before it does; a second later it kills what is left.
# Versions   Debian 12: openmpi-bin 4.1.4-3+b1, mpich 4.0.2-3+b1
# Date       2026-11-29
# Matters    A training works on for a second after the signal, in which mpirun does not read what it prints, and then
#            has a second for its batch and its checkpoint. `--mca odls_base_sigkill_timeout SECONDS` gives it more.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 20 MB; about half a minute.
set -eu
openmpi=4.1.4-3+b1 mpich=4.0.2-3+b1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"

# unpacks packages, and what they need and is not installed, into root/; nothing is installed
debian() {
    mkdir -p archives/partial root
    apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
        -o Dir::Cache::archives="$tmp/archives" install "$@" > apt.log 2>&1 ||
        { cat apt.log; echo "not to be had: $* (apt-get update first?)"; exit 2; }
    for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
}
debian "openmpi-bin=$openmpi" "mpich=$mpich" perl
if [ -e root/usr/bin/mpirun.openmpi ]; then
    libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
    export OPAL_PREFIX="$tmp/root/usr" PMIX_INSTALL_PREFIX="$tmp/root/usr" LD_LIBRARY_PATH="$libs"
fi
export PATH="$tmp/root/usr/bin:$PATH"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # says nothing to users who are not root

# a process that writes when it hears SIGTERM, and goes on until it is killed
cat > rank.pl << 'END'
use Time::HiRes qw(time sleep);
sub note { open(my $f, '>', "$_[0].new"); print $f time; close $f; rename "$_[0].new", $_[0] }
$SIG{TERM} = sub { note('heard') unless -e 'heard' };
note('up');
while (1) { sleep .05; note('alive') }
END

changed=0
after() { # seconds from `told` to what a note says
    perl -e 'printf "%.0f", $ARGV[1] - $ARGV[0]' "$told" "$(cat "$1")"
}
check() { # $1: launcher, $2: seconds recorded until it hears, $3: expected, $4: until it is killed, or nothing
    rm -f up heard alive
    "$1" -n 1 perl rank.pl > log 2>&1 &
    launcher=$!
    for _ in $(seq 200); do [ -e up ] || sleep .05; done
    [ -e up ] || { cat log; exit 2; }
    told=$(date +%s.%N)
    kill "$launcher"
    for _ in $(seq 100); do [ -e heard ] || sleep .05; done
    seen=$(after heard)
    if [ "$4" ]; then
        wait "$launcher" 2> log || true
        killed=$(after alive)
        printf '%-15s what goes on is killed after %s s (recorded: %s)\n' "$1" "$killed" "$4"
        [ "$killed" = "$4" ] || changed=1
    fi
    pkill -KILL -f "perl rank.pl" || true
    wait "$launcher" 2> log || true
    printf '%-15s SIGTERM is heard after %s s\n%35s%s s (recorded)\n%35s%s s (expected)\n' "$1" "$seen" '' "$2" '' "$3"
    [ "$seen" = "$2" ] || changed=1
}
check mpirun.mpich 0 0 ''
check mpirun.openmpi 1 0 2
exit $changed
