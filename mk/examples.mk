# the programs of examples/, with the flags that pkg-config gives for an installed library

EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
$(EXAMPLES): $(BUILD)/examples/%: examples/%.c $(BUILD)/libdarknet-vd.so
	@echo "  LD     $@"
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -Wall -Wextra $(CFLAGS) -I$(SRC)/include $< -o $@ $(LDFLAGS) -L$(BUILD) -Wl,-rpath,$(abspath $(BUILD)) -ldarknet-vd -lm -pthread

# tests/program/test_examples.c
test run-suites: $(EXAMPLES)
test run-suites: export EXAMPLES_BUILT := $(BUILD)/examples
