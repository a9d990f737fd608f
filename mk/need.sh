#!/bin/sh
# need.sh PROBE=PACKAGE ...: make sure that each probe succeeds
#
# A probe is a command, a header (x.h, found with $CC and $CPPFLAGS), a library of clang-14 (x.a) or the path of a file.
# Where one fails, root gets its package installed; other users get the command printed, and status 1.

# shellcheck disable=SC2086 # both are lists of words
has_header() {
    echo "#include <$1>" | ${CC:-cc} ${CPPFLAGS:-} -E -x c -
}

missing=
for need; do
    probe=${need%%=*}
    case $probe in
    *.h) has_header "$probe" ;;
    /*) test -e "$probe" ;;
    *.a) test -e "$(clang-14 -print-resource-dir)/lib/linux/$probe" ;;
    *) command -v "$probe" ;;
    esac >/dev/null 2>&1 || missing="$missing ${need#*=}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing, install with: sudo apt-get install$missing" >&2
    exit 1
fi
echo "  APT    installing what is missing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
if ! apt-get update -qq || ! apt-get install -qq -y --no-install-recommends $missing >/dev/null </dev/null; then
    echo "could not install$missing: apt-get install$missing" >&2
    exit 1
fi
