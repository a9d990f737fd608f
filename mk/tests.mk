# tests, and the same tests under sanitizers, memcheck and gcov

### Tests
## GOLDEN=dir, MNIST=dir   the golden cases and MNIST's IDX files: without them, the tests that need them are skipped
## SUITES="name ..."       for tsan, valgrind and test-arm64: these suites (test_NAME.c), in place of their own choice
## CK_RUN_SUITE=name       for test: only this suite
GOLDEN ?=
MNIST ?=
TEST_SRC := $(wildcard tests/*/test_*.c tests/support/*.c)
TEST_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(TEST_SRC))
TEST_LINK := $(TEST_OBJ) $(patsubst %,$(BUILD)/obj/%.o,$(VD_EXEC)) $(LIB_OBJ)
STOCK := build/out/stock

# a suite is called as its file
ALL_SUITES := $(patsubst test_%.c,%,$(notdir $(filter-out tests/support/%,$(TEST_SRC))))
$(BUILD)/suites.h: FORCE
	$(call stamp,$(patsubst %,SUITE(%),$(ALL_SUITES)))

$(BUILD)/obj/tests/%.c.o: VD_FLAGS += -I$(BUILD) -Itests
$(TEST_OBJ): | $(BUILD)/suites.h build/.packages-test

# tests/support/memory.c
TEST_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc aligned_alloc getline getdelim __getdelim)

$(BUILD)/run-tests: $(TEST_LINK)
	@echo "  LD     $@"
	$(Q)$(CC) $(STOCK_OPT) $(CFLAGS) $(TEST_WRAP) $^ -o $@ $(LDFLAGS) \
	  $$(pkg-config --libs check 2>/dev/null || echo -lcheck -lsubunit -lrt) $(EXEC_LIBS)

# image_opencv.cpp is empty without OPENCV: no C++ compiler is needed for it
STOCK_CC = CC="$(CC) -w" CPP="$(CC) -w -x c"
# the settings of this make are not for stock Darknet's
STOCK_MAKE = env -u MAKEFLAGS -u MFLAGS -u CPPFLAGS -u CFLAGS -u LDFLAGS $(firstword $(MAKE)) -s

# stock Darknet, from the unpatched sources by its own Makefile: what results are compared with
$(STOCK)/darknet: $(PRISTINE_DONE)
	@echo "  STOCK  $(STOCK)"
	@rm -rf $(STOCK) && mkdir -p $(STOCK)
	$(Q)cd $(PRISTINE) && cp -Rp Makefile include src examples data "$(CURDIR)/$(STOCK)"
	$(Q)$(STOCK_MAKE) -C $(STOCK) $(STOCK_CC) >/dev/null

# one program on the public API, linked with darknet-vd's library and with stock Darknet's
$(BUILD)/probe: tests/program/probe/probe.c $(BUILD)/libdarknet-vd.a
	@echo "  LD     $@"
	$(Q)$(CC) $(STOCK_OPT) $(CFLAGS) -I$(SRC)/include $^ -o $@ $(LDFLAGS) $(LIBS)

$(STOCK)/probe: tests/program/probe/probe.c $(STOCK)/darknet
	@echo "  LD     $@"
	$(Q)$(CC) -Ofast -I$(STOCK)/include $< $(STOCK)/libdarknet.a -o $@ -lm -pthread

# the program on the shared library, and without the start code of -Ofast
$(BUILD)/darknet-on-library: $(EXEC_OBJ) $(BUILD)/libdarknet-vd.so
	@echo "  LD     $@"
	$(Q)$(CC) $(call no_fast_math,$(CFLAGS)) -Wl,-rpath,$(abspath $(BUILD)) $^ -o $@ $(LDFLAGS) $(EXEC_LIBS)

TEST_ENV = DARKNET=./$(EXEC) STOCK=$(STOCK) PROBE=$(BUILD)/probe GOLDEN=$(GOLDEN) MNIST=$(MNIST) CK_DEFAULT_TIMEOUT=240
.PHONY: test
test: lint-floors all $(BUILD)/run-tests $(STOCK)/darknet $(BUILD)/probe $(STOCK)/probe $(BUILD)/darknet-on-library ## run all tests
	$(Q)$(TEST_ENV) CK_FORK=$${CK_FORK:-yes} CK_VERBOSITY=$${CK_VERBOSITY:-normal} ./$(BUILD)/run-tests

# the program with each MPI: all but one object are those of the one without
$(BUILD)/mpi/%/darknet: $(ALONE_OBJ) $(BUILD)/obj/mpi/%/wire.o $(EXEC_OBJ)
	@echo "  LD     $@"
	@mkdir -p $(@D)
	$(Q)$(CC) $(STOCK_OPT) $(CFLAGS) $^ -o $@ $(LDFLAGS) $(EXEC_LIBS) $$(pkg-config --libs $*)

.PRECIOUS: $(BUILD)/obj/mpi/%/wire.o
MPIS := ompi mpich
.PHONY: test-mpi
test-mpi: build/.packages-mpi $(EXEC) $(BUILD)/run-tests $(patsubst %,$(BUILD)/mpi/%/darknet,$(MPIS)) ## train on several ranks, under Open MPI and MPICH
	$(Q)$(TEST_ENV) MPI=$(BUILD)/mpi CK_VERBOSITY=minimal mk/run-suites.sh ./$(BUILD)/run-tests ranks mpi

## FORK=dir, HANK=dir      for readers: AlexeyAB's Darknet and hank-ai's, built
.PHONY: readers
readers: all $(STOCK)/darknet $(BUILD)/probe ## run exports in other programs that read Darknet's files (OpenCV: libopencv-dev)
	$(Q)DARKNET=./$(EXEC) BUILD=$(BUILD) SRC=$(SRC) LIBS="$(LIBS)" FORK="$(FORK)" HANK="$(HANK)" NETWORKS="$(NETWORKS)" \
	  tests/export/readers/readers.sh

## ORT=dir, CVJS=dir      for readers-onnx: where npm's onnxruntime-node and @techstark/opencv-js are installed
.PHONY: readers-onnx
readers-onnx: all $(BUILD)/probe $(BUILD)/run-tests ## run ONNX exports in programs that read them (python3-onnx, python3-opencv, npm's), import models of others (python3-torch)
	$(Q)DARKNET=./$(EXEC) BUILD=$(BUILD) SRC=$(SRC) LIBS="$(LIBS)" ORT="$(ORT)" CVJS="$(CVJS)" NETWORKS="$(NETWORKS)" \
	  TRAINED="$(TRAINED)" tests/export/readers/onnx.sh
	$(Q)DARKNET=./$(EXEC) BUILD=$(BUILD) SRC=$(SRC) LIBS="$(LIBS)" ORT="$(ORT)" MODELS="$(MODELS)" \
	  tests/import/readers/import.sh

# some suites alone, one process each; UNDER: a program to run them under
SUITES ?= loader image_cache seed gemm sparse_product plain_layers freeze layers checkpoint detector
.PHONY: run-suites
run-suites: $(EXEC) $(BUILD)/run-tests
	$(Q)$(TEST_ENV) CK_VERBOSITY=minimal UNDER='$(UNDER)' mk/run-suites.sh ./$(BUILD)/run-tests $(SUITES)

# tests, and commands that end by an error, free little: leaks are searched where a whole command has ended
# (tests/program/test_leaks.c)
ASAN := ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 CK_TIMEOUT_MULTIPLIER=4
ASAN_BUILD := BUILD=build/out/asan EXEC=build/out/asan/darknet STOCK_OPT="-O1 -g" VD_OPT="-O1 -g" \
	  CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
# writing a JPEG, stb shifts bits out of an int, which UBSan takes for an error
build/out/asan/obj/stock/image.o: override CFLAGS += -fno-sanitize=shift

.PHONY: asan
asan: ## run all tests under AddressSanitizer and UBSan
	$(Q)$(ASAN) $(MAKE) test $(ASAN_BUILD)

.PHONY: leaks
leaks: ## run every command under LeakSanitizer
	$(Q)$(ASAN) $(MAKE) run-suites SUITES=leaks $(ASAN_BUILD)

# oneDNN is not built for it (tests/support/tsan.supp); a child of a process with threads may start its own
# (tests/kernels/test_gemm.c); a program that ends by an error waits for no loader
TSAN_OPTS := halt_on_error=1:exitcode=66:die_after_fork=0:report_thread_leaks=0
.PHONY: tsan
tsan: ## run the suites that use threads under ThreadSanitizer
	$(Q)TSAN_OPTIONS=$(TSAN_OPTS):suppressions=$(CURDIR)/tests/support/tsan.supp DARKNET_THREADS=2 CK_TIMEOUT_MULTIPLIER=8 \
	  $(MAKE) run-suites BUILD=build/out/tsan EXEC=build/out/tsan/darknet \
	  STOCK_OPT="-O2 -g" VD_OPT="-O2 -g" CFLAGS="-fsanitize=thread -fno-omit-frame-pointer"

# suites that finish within minutes there: files, parsers, coders, layers; each test in a process of its own
MEMCHECK_SUITES := $(filter-out seed on_die,$(patsubst tests/base/test_%.c,%,$(wildcard tests/base/test_*.c))) \
	idx coder transpose update freeze sparsity shape bad_sections layer_plugin commands_on_vd plain_layers
MEMCHECK := valgrind -q --error-exitcode=99 --trace-children=yes --trace-children-skip=*/sh,*/cmp --undef-value-errors=yes \
	--leak-check=no
.PHONY: valgrind
valgrind: ## run the suites of files, coders and layers under memcheck, in ten minutes
	@$(call need,valgrind=valgrind)
	$(Q)DARKNET_KERNELS=avx2 CK_TIMEOUT_MULTIPLIER=20 $(MAKE) run-suites BUILD=build/out/valgrind \
	  EXEC=build/out/valgrind/darknet ONEDNN=0 STOCK_OPT="-O1 -g" VD_OPT="-O1 -g" UNDER="$(MEMCHECK)" \
	  SUITES="$(if $(filter command line,$(origin SUITES)),$(SUITES),$(MEMCHECK_SUITES))"

# the program's own runs count, too: they add to the same counters. Tests with limits on files fail there, as the counters
# cannot be written
.PHONY: coverage
coverage: ## run all tests, and print which share of the lines of darknet-vd/ they reach
	$(Q)mkdir -p build/out/coverage && find build/out/coverage -name '*.gcda' -delete
	$(Q)CK_TIMEOUT_MULTIPLIER=4 $(MAKE) test BUILD=build/out/coverage EXEC=build/out/coverage/darknet \
	  VD_OPT="-O2 -g --coverage -fprofile-update=atomic" LDFLAGS=--coverage > build/out/coverage.log 2>&1 || \
	  echo "not all tests have passed: build/out/coverage.log"
	$(Q)tests/coverage.sh build/out/coverage

FAULT_SUITES := faults faults_kill bad_input memory random_nets
FAULTS_MD := tests/robustness/FAULTS.md
.PHONY: faults
faults: all $(BUILD)/run-tests ## count bad input and injected faults anew, into tests/robustness/FAULTS.md
	$(Q)DARKNET=./$(EXEC) CK_DEFAULT_TIMEOUT=240 mk/run-suites.sh ./$(BUILD)/run-tests $(FAULT_SUITES) > $(BUILD)/faults.txt
	$(Q)awk -f tests/robustness/faults.awk $(BUILD)/faults.txt $(FAULTS_MD) > $(BUILD)/FAULTS.md
	$(Q)cp $(BUILD)/FAULTS.md $(FAULTS_MD)

# libcheck runs nothing, and reports success, where a name is wrong
ifneq ($(filter test run-suites asan leaks tsan valgrind coverage faults,$(MAKECMDGOALS)),)
UNKNOWN := $(filter-out $(ALL_SUITES),$(CK_RUN_SUITE) $(SUITES) $(MEMCHECK_SUITES) $(FAULT_SUITES))
$(if $(UNKNOWN),$(error no such suite: $(UNKNOWN). There are: $(ALL_SUITES)))
endif
