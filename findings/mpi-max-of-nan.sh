#!/bin/sh
# Question   Each rank asks whether all losses are finite, by MPI_Allreduce(MPI_MAX) of its own, and one of them is
#            NaN. What do the ranks hear?
# Guess      All the same: a NaN from all of them, or the largest of the other numbers.
# Seen       MPICH, one float, two ranks: the rank with the NaN hears the other's number, the other one hears NaN. With
#            four ranks one alone hears NaN. So ranks disagree after an Allreduce. Of 1000 floats that are NaN on one of
#            two ranks half of the answers are NaN, the same half on both.
#            Open MPI: ranks agree, but whether they hear NaN depends on which rank has it: rank 0's is heard, rank 1's is
#            lost, or the other way round, by the length and by the processor's instructions (plain C here).
# Versions   Debian 12: libopenmpi3 4.1.4-3+b1, libmpich12 4.0.2-3+b1
# Date       2026-11-30
# Matters    In a training whose ranks ask so, some stop and others go on and hang in the next exchange; or nobody hears of
#            it. Sums keep a NaN.
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

cat > largest.c << 'END'
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) /* N RANK: of the largest of N floats, NaN on RANK: how many are NaN on each rank */
{
    int rank, size, n = atoi(argv[argc - 2]), broken = atoi(argv[argc - 1]), nans = 0, all[8];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    float *v = malloc(n * sizeof *v);
    for (int i = 0; i < n; ++i) v[i] = rank == broken ? NAN : (float)(rank + 1);
    MPI_Allreduce(MPI_IN_PLACE, v, n, MPI_FLOAT, MPI_MAX, MPI_COMM_WORLD);
    for (int i = 0; i < n; ++i) nans += isnan(v[i]) != 0;
    MPI_Gather(&nans, 1, MPI_INT, all, 1, MPI_INT, 0, MPI_COMM_WORLD);
    for (int r = 0; rank == 0 && r < size; ++r) printf("%s%d", r ? ", " : "", all[r]);
    MPI_Finalize();
    free(v);
    return 0;
}
END
machine=$(gcc -print-multiarch)
build() { # $1: program, $2: its headers below lib/MACHINE, or include/; $3: its library
    LIBRARY_PATH=$libs gcc -O1 largest.c "-Iroot/usr/$2" "-I/usr/$2" "-Wl,-rpath-link,$libs" "-l:$3" -o "$1" || exit 2
}
build openmpi "lib/$machine/openmpi/include" libmpi.so.40
build mpich "include/$machine/mpich" libmpich.so.12

changed=0
check() { # $1: library, $2: ranks, $3: floats, $4: the rank with NaN, $5: recorded, $6: expected
    options=
    # more ranks than cores; the same instructions on every processor
    [ "$1" = mpich ] || options='--oversubscribe --mca op ^avx'
    # shellcheck disable=SC2086
    seen=$(LD_LIBRARY_PATH=$libs "mpirun.$1" $options -n "$2" "./$1" "$3" "$4" 2> log) || { cat log; exit 2; }
    printf '%-7s %s ranks, %4s floats, NaN on rank %s: NaN on each rank: %s\n%39s recorded: %s\n%39s expected: %s\n' \
        "$1" "$2" "$3" "$4" "$seen" '' "$5" '' "$6"
    [ "$seen" = "$5" ] || changed=1
}
check mpich 2 1 0 '0, 1' '1, 1'
check mpich 2 1 1 '1, 0' '1, 1'
check mpich 4 1 0 '0, 0, 0, 1' '1, 1, 1, 1'
check mpich 2 1000 0 '500, 500' '1000, 1000'
check openmpi 2 1 0 '1, 1' '1, 1'
check openmpi 2 1 1 '0, 0' '1, 1'
check openmpi 2 1000 0 '1000, 1000' '1000, 1000'
check openmpi 2 1000 1 '0, 0' '1000, 1000'
exit $changed
