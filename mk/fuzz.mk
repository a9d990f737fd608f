# libFuzzer's targets in tests/fuzz/, one file each

### Fuzzing
## FUZZ_SECONDS=60   how long each target runs
## TARGET=name       this one only
FUZZ_SECONDS ?= 60
TARGET ?=
FUZZ_TARGETS := $(filter-out fuzz,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,exit malloc calloc aligned_alloc realloc free strdup vasprintf fopen fclose gzopen gzclose_r)

# nothing there reads a file, and clang takes minutes with the sanitizers
build/out/fuzz/obj/darknet-vd/kernels/%: override CFLAGS := -w

# writing a JPEG, a seed of one target, stb shifts bits out of an int: mk/tests.mk
build/out/fuzz/obj/stock/image.o: override CFLAGS += -fno-sanitize=shift

FUZZ_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard tests/fuzz/*.c))
.SECONDARY: $(FUZZ_OBJ)
$(BUILD)/fuzz-%: $(BUILD)/obj/tests/fuzz/%.c.o $(BUILD)/obj/tests/fuzz/fuzz.c.o \
		$(BUILD)/obj/darknet-vd/commands/dataset/idx.c.o $(LIB_OBJ)
	@echo "  LD     $@"
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(FUZZ_WRAP) $^ -o $@ $(LDFLAGS) $(LIBS) -lz

# corpora and inputs that crash are in build/fuzz, where clean leaves them
.PHONY: fuzz-run
fuzz-run: $(foreach t,$(or $(TARGET),$(FUZZ_TARGETS)),$(BUILD)/fuzz-$(t))
	$(Q)tests/fuzz/run.sh $(FUZZ_SECONDS) build/fuzz $^

# clang's own warnings on Darknet's code are not asked for; oneDNN computes nothing here
.PHONY: fuzz
fuzz: | build/.packages-fuzz ## feed libFuzzer's inputs to all that reads files
	$(Q)$(MAKE) fuzz-run BUILD=build/out/fuzz EXEC=build/out/fuzz/darknet CC=clang-14 ONEDNN=0 \
	  STOCK_OPT="-O1 -g -w" VD_OPT="-O1 -g -w" \
	  CFLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
