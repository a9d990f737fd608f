# the same for arm64, built by a cross compiler and run under qemu's emulation of a process

### arm64
## GOLDEN=dir        for test-arm64, too
ARM64_SUITES := $(patsubst test_%.c,%,$(notdir $(wildcard tests/kernels/test_*.c tests/layer/test_*.c))) \
	golden coder trailer trailer_refused vdw
ARM64 := BUILD=build/out/arm64 EXEC=build/out/arm64/darknet CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar ONEDNN=0 JPEG=0 CHART=0 CAIRO=0

# at -O3, gcc 12.2 for arm64 ends with an error of its own in one of the tests
build/out/arm64/obj/tests/%.c.o: VD_OPT = -O1

# Debian's packages of another architecture stand beside the machine's own
build/.packages-arm64: | build/.packages
	@mkdir -p $(@D)
	@$(call need,aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu qemu-aarch64=qemu-user)
	@test -e /usr/lib/aarch64-linux-gnu/libcheck.a || test "$$(id -u)" != 0 || dpkg --add-architecture arm64
	@test -e /usr/lib/aarch64-linux-gnu/libcheck.a || mk/need.sh no-libcheck-for-arm64=check:arm64 \
	  no-libsubunit-for-arm64=libsubunit-dev:arm64 no-zlib-for-arm64=zlib1g-dev:arm64
	@touch $@

# tests run the program by its name: a script that emulates it
.PHONY: test-arm64
test-arm64: | build/.packages-arm64 ## cross-build for arm64, and run the suites of kernels, layers and files under qemu-user
	$(Q)$(MAKE) build/out/arm64/run-tests build/out/arm64/darknet $(ARM64)
	$(Q)printf '#!/bin/sh\nexec qemu-aarch64 %s "$$@"\n' '$(CURDIR)/build/out/arm64/darknet' > build/out/arm64/emulated
	$(Q)chmod +x build/out/arm64/emulated
	$(Q)EMULATED=1 CK_TIMEOUT_MULTIPLIER=20 CK_DEFAULT_TIMEOUT=240 CK_VERBOSITY=minimal GOLDEN=$(GOLDEN) \
	  DARKNET=./build/out/arm64/emulated UNDER=qemu-aarch64 mk/run-suites.sh ./build/out/arm64/run-tests \
	  $(if $(filter command line,$(origin SUITES)),$(SUITES),$(ARM64_SUITES))

# a proxy of the time on such a processor: what is emulated is not what is slow there
.PHONY: bench-arm64
bench-arm64: | build/.packages-arm64 ## milliseconds of a training step of 10 pictures under qemu-user
	$(Q)$(MAKE) build/out/arm64/step $(ARM64)
	$(Q)mkdir -p build/out/bench && sed 's/^batch=.*/batch=10/' cfg/lenet5-vd.cfg > build/out/bench/lenet5-vd-10.cfg
	$(Q)DARKNET_THREADS=1 qemu-aarch64 build/out/arm64/step build/out/bench/lenet5-vd-10.cfg 20 1 2>/dev/null | tail -n 1
