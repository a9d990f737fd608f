#!/bin/sh
# board.sh FILE.data CFG WEIGHTS FOLDER [N]: a classifier as C on a Cortex-M4F and a Cortex-M0 in QEMU and, with values
# of 8 bits, on an Arduino Uno in simavr
#
# Exports it with -int8 into FOLDER, answers N test pictures (20) here and on the boards, and compares all outputs bit
# by bit, of the Uno the digits. Prints the first answers, bytes and instructions. DARKNET, INCLUDE and LIBRARY: the
# program, darknet.h's folder and the library's; EXPORT: more arguments for `darknet vd export`.
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
# shellcheck disable=SC2153 # they are from outside
data=$(realpath "$1") cfg=$(realpath "$2") weights=$(realpath "$3") folder=$4 n=${5:-20}
here=$(cd "$(dirname "$0")" && pwd) start=$PWD
# shellcheck disable=SC2153
include=$(realpath "$INCLUDE") library=$(realpath "$LIBRARY") darknet=$(realpath "$DARKNET")

# run a program in the folder of the start, which paths in FILE.data begin at
at_start() {
    (cd "$start" && "$@")
}

# write net.c into the working folder, with these arguments more, and what it answers into digits.bin and expected.bin
export_net() {
    out=$PWD
    # shellcheck disable=SC2086 # EXPORT is a list of words
    at_start "$darknet" vd export "$cfg" "$weights" "$out/net" -format c -int8 -calibrate "$data" "$@" $EXPORT \
        >export.log 2>&1 || {
        tail -n 1 export.log
        return 1
    }
    grep '^largest\|^tables\|^same' export.log
    ${CC:-cc} -O2 -I"$include" -I. "$here/pictures.c" net.c -o pictures -L"$library" -Wl,-rpath,"$library" -ldarknet-vd
    at_start "$out/pictures" "$data" "$n" "$out/digits.bin" "$out/expected.bin" 2>/dev/null
}

# board NAME MACHINE HERTZ FLAGS...
board() {
    name=$1 machine=$2 hertz=$3
    shift 3
    flags="-mthumb $* -Os -std=c99 -Wall -Wextra -I. -DHERTZ=$hertz -DSHOWN=3"
    # shellcheck disable=SC2086 # a list of words
    arm-none-eabi-gcc $flags -c net.c -o "$machine.o"
    # shellcheck disable=SC2086
    arm-none-eabi-gcc $flags -nostartfiles -T "$here/cortex-m.ld" -specs=nano.specs "$here/startup.c" \
        "$here/cortex-m.c" "$machine.o" -o "$machine.elf"
    echo
    arm-none-eabi-size "$machine.o" | awk -v name="$name" 'NR == 2 {
        printf "%s: %d bytes of flash for tables, code and initial values, %d bytes of RAM\n", name, $1 + $2, $2 + $3 }'
    timeout 600 qemu-system-arm -M "$machine" -icount shift=0 -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel "$machine.elf" 2>&1
    cmp answers.bin expected.bin
    echo "all outputs are those of this machine"
}

# the stack takes less than 128 bytes
uno() {
    missing=
    command -v avr-gcc >/dev/null || missing=" gcc-avr avr-libc"
    test -e /usr/include/simavr/sim_avr.h || missing="$missing libsimavr-dev"
    test -e /usr/include/libelf.h || missing="$missing libelf-dev"
    echo
    [ -z "$missing" ] || {
        echo "Arduino Uno: skipped, it needs$missing"
        return
    }
    mkdir -p uno && cd uno
    echo "Arduino Uno, values of 8 bits:"
    export_net -values 8 || return 0
    avr-gcc -mmcu=atmega328p -Os -std=c99 -Wall -Wextra -I. -Wl,--defsym=__DATA_REGION_LENGTH__=1920 \
        "$here/uno.c" net.c -o uno.elf 2>link.log || {
        echo "does not fit: 2048 bytes of RAM, and 128 of them for the stack"
        return 0
    }
    ${CC:-cc} -O2 "$here/simavr.c" -o simavr -lsimavr -lelf
    avr-size uno.elf | awk 'NR == 2 { printf "%d bytes of flash for the whole program\n", $1 + $2 }'
    ./simavr uno.elf digits.bin expected.bin >run.log || {
        echo "not the answers of this machine" >&2
        return 1
    }
    grep -v '^Loaded' run.log
}

mkdir -p "$folder" && cd "$folder"
export_net
board "Cortex-M4F" mps2-an386 25000000 -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16
board "Cortex-M0" microbit 16000000 -mcpu=cortex-m0
uno
