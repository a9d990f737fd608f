#!/bin/sh
# Question   Can loading a library, without calling any of it, change what the rest of a program computes?
# Guess      No; -Ofast is a matter of the code that is compiled with it.
# Seen       Debian's libdarknet.so was linked with -Ofast by gcc 12, which puts a constructor into it that tells the
#            processor to take numbers under 1.2e-38 for 0. After dlopen() every part of the program does: 1e-20 squared
#            is 0 and no longer 1e-40. Threads that ran before go on with 1e-40, later ones have 0. And logf() of a stored
#            1e-40 is neither -92.1, as before, nor -inf, the logarithm of 0: it is -103.972, that of 2^-150, for each
#            such number, because glibc's way of scaling them multiplies 0.
# Versions   Debian 12: darknet 0.0.0+git20180914.61c9d02e-2+b4 (/usr/lib/darknet/libdarknet.so), libc6 2.36; x86-64
# Date       2026-11-28
# Matters    log alpha = log sigma^2 - log theta^2: theta = 1e-20, a weight on its way to 0, has log theta^2 = -92 in one thread
#            and -104 or -inf in another. Results differ with the order in which libraries are loaded and threads started.
# Exit       0 as recorded, 1 changed, 2 or more could not be run. Downloads 70 MB.
set -eu
darknet=0.0.0+git20180914.61c9d02e-2+b4
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 2' HUP INT TERM
cd "$tmp"
[ "$(uname -m)" = x86_64 ] || { echo "needs x86-64"; exit 2; }

mkdir -p archives/partial root
apt-get -qq -y --no-install-recommends --allow-downgrades --download-only -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::Cache::archives="$tmp/archives" install "darknet=$darknet" > apt.log 2>&1 ||
    { cat apt.log; echo "not to be had: darknet=$darknet (apt-get update first?)"; exit 2; }
for deb in archives/*.deb; do [ ! -e "$deb" ] || dpkg-deb -x "$deb" root; done
libs=$tmp:$(find root -name '*.so*' -printf "$tmp/%h\n" | sort -u | paste -sd:)
library=$tmp/root/usr/lib/darknet/libdarknet.so
[ -e "$library" ] || library=/usr/lib/darknet/libdarknet.so

cat > load.c << 'END'
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
static sem_t loaded;
static volatile float tiny = 1e-20f, stored = 1e-40f;
static void show(const char *when)
{
    volatile float square = tiny * tiny;
    printf("%s: square %.3g, log of stored %.3f\n", when, (double)square, (double)logf(stored));
}
static void *early(void *unused)
{
    (void)unused;
    sem_wait(&loaded);
    show("thread from before");
    return NULL;
}
static void *late(void *unused)
{
    (void)unused;
    show("thread from after");
    return NULL;
}
int main(int argc, char **argv)
{
    pthread_t t;
    sem_init(&loaded, 0, 0);
    pthread_create(&t, NULL, early, NULL);
    show("before dlopen");
    if (argc != 2 || !dlopen(argv[1], RTLD_LAZY)) return printf("%s\n", dlerror()), 2;
    show("after dlopen");
    sem_post(&loaded);
    pthread_join(t, NULL);
    pthread_create(&t, NULL, late, NULL);
    pthread_join(t, NULL);
    return 0;
}
END
gcc -O2 load.c -o load -lm -pthread || exit 2
seen=$(LD_LIBRARY_PATH=$libs ./load "$library")
recorded='before dlopen: square 1e-40, log of stored -92.103
after dlopen: square 0, log of stored -103.972
thread from before: square 1e-40, log of stored -92.103
thread from after: square 0, log of stored -103.972'
printf '%s\nexpected: the first line four times\n' "$seen"
if [ "$seen" = "$recorded" ]; then echo "as recorded"; else printf 'CHANGED, recorded:\n%s\n' "$recorded"; exit 1; fi
