#!/bin/sh
# Question   MPI_Allreduce() adds a vector of gradients of each rank. If all places of a rank's vector hold the same number,
#            do all places of the sum?
# Guess      Yes: each place is the same three numbers, so the same sum, whatever the order of adding is.
# Seen       No, under Open MPI with three ranks: from 1024 floats on, a third of the places were added in another order
#            than the rest. 1e8 + 1 - 1e8 is 1 there, and 0 in the others. With one float or 65,536 all are added alike.
#            MPICH adds all places alike.
# Versions   Debian 12: libopenmpi3 4.1.4-3+b1, libmpich12 4.0.2-3+b1
# Date       2026-11-30
# Matters    A weight's rounding depends on where it lies in the message and on the message's length. A training that sums
#            one layer at a time, or goes on with fewer ranks, ends with other weights; two equal filters drift apart.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 30 MB.
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
debian "openmpi-bin=$openmpi" "libopenmpi-dev=$openmpi" "mpich=$mpich" "libmpich-dev=$mpich"
libs=$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
if [ -e root/usr/bin/mpirun.openmpi ]; then export OPAL_PREFIX="$tmp/root/usr" PMIX_INSTALL_PREFIX="$tmp/root/usr"; fi
export PATH="$tmp/root/usr/bin:$PATH"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # says nothing to users who are not root

cat > sum.c << 'END'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) /* n: how many places of the sum of n equal floats are 0, and how many 1 */
{
    int rank, size, n = atoi(argv[argc - 1]), zeros = 0, ones = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    float *v = malloc(n * sizeof *v);
    for (int i = 0; i < n; ++i) v[i] = rank == 0 ? 1e8f : rank == size - 1 ? -1e8f : 1;
    MPI_Allreduce(MPI_IN_PLACE, v, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < n; ++i) zeros += v[i] == 0, ones += v[i] == 1;
    if (rank == 0) printf("0 in %d, 1 in %d\n", zeros, ones);
    MPI_Finalize();
    free(v);
    return 0;
}
END
machine=$(gcc -print-multiarch)
build() { # $1: program, $2: its headers below lib/MACHINE, or include/; $3: its library
    LIBRARY_PATH=$libs gcc -O1 sum.c "-Iroot/usr/$2" "-I/usr/$2" "-Wl,-rpath-link,$libs" "-l:$3" -o "$1" || exit 2
}
build openmpi "lib/$machine/openmpi/include" libmpi.so.40
build mpich "include/$machine/mpich" libmpich.so.12

changed=0
check() { # $1: library, $2: ranks, $3: floats, $4: recorded, $5: expected
    options=
    [ "$1" = mpich ] || options=--oversubscribe # more ranks than cores
    # shellcheck disable=SC2086
    seen=$(LD_LIBRARY_PATH=$libs "mpirun.$1" $options -n "$2" "./$1" "$3" 2> log) || { cat log; exit 2; }
    printf '%-8s %s ranks, %5s floats: %s\n%32s %s (recorded)\n%32s %s (expected)\n' "$1" "$2" "$3" "$seen" '' "$4" '' "$5"
    [ "$seen" = "$4" ] || changed=1
}
check openmpi 3 1 '0 in 1, 1 in 0' '0 in 1, 1 in 0'
check openmpi 3 1024 '0 in 683, 1 in 341' '0 in 1024, 1 in 0'
check openmpi 3 10000 '0 in 6667, 1 in 3333' '0 in 10000, 1 in 0'
check openmpi 3 65536 '0 in 65536, 1 in 0' '0 in 65536, 1 in 0'
check mpich 3 1024 '0 in 1024, 1 in 0' '0 in 1024, 1 in 0'
check mpich 3 10000 '0 in 10000, 1 in 0' '0 in 10000, 1 in 0'
exit $changed
