#!/bin/sh
# board.sh FILE.data CFG WEIGHTS FOLDER [N]: a classifier as C on two boards in QEMU, a Cortex-M4F and a Cortex-M0
#
# Exports it with -int8 into FOLDER, answers N test pictures (20) here and on both boards, and compares all outputs bit by
# bit. Prints the first answers, bytes and instructions. DARKNET, INCLUDE and LIBRARY: the program, darknet.h's folder and
# the library's; EXPORT: more arguments for `darknet vd export`.
set -e
missing=
for need in arm-none-eabi-gcc=gcc-arm-none-eabi qemu-system-arm=qemu-system-arm; do
    command -v "${need%=*}" >/dev/null || missing="$missing ${need#*=}"
done
test -e /usr/lib/arm-none-eabi/newlib/nano.specs || missing="$missing libnewlib-arm-none-eabi"
[ -z "$missing" ] || {
    echo "board: skipped, it needs$missing"
    exit 0
}
data=$(realpath "$1") cfg=$(realpath "$2") weights=$(realpath "$3") folder=$4 n=${5:-20}
here=$(cd "$(dirname "$0")" && pwd) include=$(realpath "$INCLUDE") library=$(realpath "$LIBRARY")
darknet=$(realpath "$DARKNET")

mkdir -p "$folder" && cd "$folder"
# shellcheck disable=SC2086 # EXPORT is a list of words
"$darknet" vd export "$cfg" "$weights" net -format c -int8 -calibrate "$data" $EXPORT >export.log 2>&1 || {
    tail -n 1 export.log >&2
    exit 1
}
tail -n 3 export.log

${CC:-cc} -O2 -I"$include" -I. "$here/pictures.c" net.c -o pictures -L"$library" -Wl,-rpath,"$library" -ldarknet-vd
./pictures "$data" "$n" digits.bin expected.bin 2>/dev/null

# board NAME MACHINE HERTZ FLAGS...
board() {
    name=$1 machine=$2 hertz=$3
    shift 3
    flags="-mthumb $* -Os -std=c99 -Wall -Wextra -I. -DHERTZ=$hertz -DSHOWN=3"
    # shellcheck disable=SC2086 # a list of words
    arm-none-eabi-gcc $flags -c net.c -o "$machine.o"
    # shellcheck disable=SC2086
    arm-none-eabi-gcc $flags -nostartfiles -T "$here/cortex-m.ld" -specs=nano.specs "$here/startup.c" "$here/cortex-m.c" \
        "$machine.o" -o "$machine.elf"
    echo
    arm-none-eabi-size "$machine.o" | awk -v name="$name" 'NR == 2 {
        printf "%s: %d bytes of flash for tables, code and initial values, %d bytes of RAM\n", name, $1 + $2, $2 + $3 }'
    timeout 600 qemu-system-arm -M "$machine" -icount shift=0 -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel "$machine.elf" 2>&1
    cmp answers.bin expected.bin
    echo "all outputs are those of this machine"
}

board "Cortex-M4F" mps2-an386 25000000 -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
board "Cortex-M0" microbit 16000000 -mcpu=cortex-m0
