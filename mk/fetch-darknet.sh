#!/bin/sh
# fetch-darknet.sh FOLDER VERSION: Debian's source package of Darknet into FOLDER, through apt
#
# It has its own source list and package lists there: the system's are only read, and root is not needed. The mirror is
# the one the system uses.
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd) version=$2
elsewhere="make DARKNET_SRC=dir, a checkout of Darknet commit 61c9d02e"
die() {
    echo "$1: $elsewhere" >&2
    exit 1
}

# a deb-src line for Debian's main, from the Packages files apt knows; arguments: options of apt-get
list_sources() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get "$@" indextargets --format \
        '$(ORIGIN) $(CREATED_BY) $(COMPONENT) deb-src $(REPO_URI) $(CODENAME) $(COMPONENT)' |
        sed -n 's/^Debian Packages main //p' | sort -u > "$folder/sources.list"
}

command -v apt-get >/dev/null || die "no apt-get here"
mkdir -p "$folder/lists/partial" "$folder/archives/partial"
set -- -qq -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder" -o "Dir::Cache::archives=$folder/archives" \
    -o APT::Sandbox::User=
list_sources
# a system that has not read its lists yet
if [ ! -s "$folder/sources.list" ]; then
    apt-get "$@" update && list_sources "$@"
    rm -rf "$folder"/lists/*_*
fi
[ -s "$folder/sources.list" ] || die "apt knows no Debian mirror"

echo "  GET    darknet $version (Debian source package)"
set -- "$@" -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
cd "$folder"
if ! apt-get "$@" update || ! apt-get "$@" source --download-only "darknet=$version"; then
    die "darknet $version could not be fetched"
fi
rm -rf lists archives ./*.bin
