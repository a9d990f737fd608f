# how a source becomes an object: flags, instruction sets, rules

STOCK_OPT := $(if $(filter 1,$(DEBUG)),-O0 -g,-Ofast) $(if $(filter 1,$(OPENMP)),-fopenmp)
VD_OPT := $(if $(filter 1,$(DEBUG)),-O0 -g,-O3 -fno-math-errno -fno-trapping-math)
# rand and srand renamed: darknet-vd/base/seed.h; all else that Darknet's sources see of the plugin: hooks/hooks.h
STOCK_FLAGS = $(STOCK_OPT) -fPIC -Wall -Wno-unused-result -Wno-unknown-pragmas -Wno-stringop-truncation -Wno-restrict \
	-Drand=darknet_rand -Dsrand=darknet_srand -D_GNU_SOURCE -include hooks/hooks.h \
	-I$(SRC)/include -I$(SRC)/src -Idarknet-vd
# -MD: the patched darknet.h is found as a system header and is a dependency all the same
VD_FLAGS = -std=gnu11 -D_GNU_SOURCE -MD -MP $(VD_OPT) -fPIC -Wall -Wextra -Werror=implicit-function-declaration \
	$(if $(filter 1,$(ONEDNN)),-DVD_ONEDNN) $(if $(filter 1,$(JPEG)),-DVD_JPEG) -isystem $(SRC)/include -isystem $(SRC)/src -Idarknet-vd
# by the names that pkg-config has for an MPI; "mpi" is the one that the system prefers. It is in one object of the library
MPI_NAME := $(if $(filter-out 0,$(MPI)),$(patsubst openmpi,ompi,$(patsubst 1,mpi,$(MPI))))
WIRE_OBJ := $(BUILD)/obj/$(if $(MPI_NAME),mpi/$(MPI_NAME)/wire.o,darknet-vd/ranks/wire_none.c.o)
LIBS = -lm -pthread $(if $(filter 1,$(ONEDNN)),-ldnnl -lgomp) $(if $(filter 1,$(JPEG)),-ljpeg) \
	$(if $(MPI_NAME),$(shell pkg-config --libs $(MPI_NAME)))
CHART_PATH := $(if $(filter 1,$(CHART)),$(CHART_JS))
USE_CAIRO := $(if $(filter 1,$(CAIRO)),-DVD_CAIRO)
# the files that know of Chart.js and of cairo
$(BUILD)/obj/darknet-vd/training/page.c.o: VD_FLAGS += $(if $(CHART_PATH),-DVD_CHART)
$(BUILD)/obj/darknet-vd/commands/drawing.c.o: VD_FLAGS += $(USE_CAIRO)
# of the program, not of the library
EXEC_LIBS = $(LIBS) -lz $(if $(filter 1,$(CAIRO)),-lcairo)

# for every instruction set that a processor of the machine may have; NEON is part of all that arm64 has
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
VARIANTS := $(if $(filter aarch64,$(MACHINE)),neon,generic) $(if $(filter x86_64,$(MACHINE)),avx2 avx512 avx512_bf16 avx512_fp16)
VARIANT_FLAGS_generic :=
VARIANT_FLAGS_neon :=
VARIANT_FLAGS_avx2 := -mavx2 -mfma
VARIANT_FLAGS_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512
VARIANT_FLAGS_avx512_bf16 := $(VARIANT_FLAGS_avx512) -mavx512bf16
VARIANT_FLAGS_avx512_fp16 := $(VARIANT_FLAGS_avx512) -mavx512fp16
VECTOR_OBJ := $(foreach v,$(VARIANTS),$(patsubst %.c,$(BUILD)/obj/%-$(v).o,$(VECTOR)))

# $(call stamp,TEXT): the recipe of a file that is written anew only when TEXT changes
stamp = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@

# objects are made anew when what they are made with changes
FLAGS := $(CC) $(STOCK_FLAGS) $(VD_FLAGS) $(CPPFLAGS) $(CFLAGS) $(EXEC_LIBS) $(CHART_PATH) $(USE_CAIRO)
$(BUILD)/.flags: FORCE | build/.packages
	$(call stamp,$(FLAGS))

# two objects only know the version, and one of them a checksum of what the kernels are made from: their timings hold for
# no others
CHOICE_OBJ := $(BUILD)/obj/darknet-vd/kernels/choice_file.c.o
VERSION_OBJ := $(BUILD)/obj/darknet-vd/base/version.c.o $(CHOICE_OBJ)
VERSION_FLAGS := -DVD_VERSION='"$(VERSION)"' -DVD_DARKNET='"$(DARKNET_IS)"'
$(VERSION_OBJ): $(BUILD)/.version
$(BUILD)/.version: FORCE
	$(call stamp,$(subst ',,$(VERSION_FLAGS)))

KERNELS_SUM = -DVD_KERNELS_SUM='"$(shell cut -d ' ' -f 1 $(BUILD)/.kernels)"'
$(CHOICE_OBJ): $(BUILD)/.kernels
$(BUILD)/.kernels: $(BUILD)/.flags mk/objects.mk $(wildcard darknet-vd/kernels/*.[ch] darknet-vd/kernels/*/*.[ch])
	@cat $^ | cksum > $@

# $(call compile,FLAGS,NOTE): the recipe of an object
define compile
@echo "  CC     $<$(2)"
@mkdir -p $(@D)
$(Q)$(CC) $(1) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
endef

$(BUILD)/obj/stock/%.o: $(SRC)/src/%.c $(BUILD)/.flags
	$(call compile,$(STOCK_FLAGS) -MMD -MP)

$(BUILD)/obj/stock/%.o: $(SRC)/examples/%.c $(BUILD)/.flags
	$(call compile,$(STOCK_FLAGS) -MMD -MP)

# image_opencv.o is empty without OPENCV
$(BUILD)/obj/stock/%.o: $(SRC)/src/%.cpp $(BUILD)/.flags
	$(call compile,-x c $(STOCK_FLAGS) -MMD -MP)

$(BUILD)/obj/%.c.o: %.c $(BUILD)/.flags
	$(call compile,$(VD_FLAGS) $(if $(filter $(VERSION_OBJ),$@),$(VERSION_FLAGS)) $(if $(filter $(CHOICE_OBJ),$@),$(KERNELS_SUM)))

$(BUILD)/obj/mpi/%/wire.o: darknet-vd/ranks/wire_mpi.c $(BUILD)/.flags
	$(call compile,$(VD_FLAGS) $$(pkg-config --cflags $*), ($*))

define variant_rule
$(BUILD)/obj/%-$(1).o: %.c $(BUILD)/.flags
	$$(call compile,$$(VD_FLAGS) -fno-signed-zeros $$(VARIANT_FLAGS_$(1)) -DVD_VARIANT=$(1), ($(1)))
endef
$(foreach v,$(VARIANTS),$(eval $(call variant_rule,$(v))))

$(BUILD)/obj/%.S.o: %.S $(BUILD)/.flags
	@echo "  AS     $<"
	@mkdir -p $(@D)
	$(Q)$(CC) -I$(SRC) -Idarknet-vd -Wa,-I$(SRC) $(if $(CHART_PATH),-DVD_CHART='"$(CHART_PATH)"') -c $< -o $@

# the assembler lists no files that it includes
$(BUILD)/obj/darknet-vd/training/page_text.S.o $(BUILD)/obj/darknet-vd/export/c/text.S.o: darknet-vd/base/text_file.inc
$(BUILD)/obj/darknet-vd/training/page_text.S.o: $(addprefix darknet-vd/training/,page.html chart-licence.txt) \
	$(CHART_PATH)
$(BUILD)/obj/darknet-vd/export/c/text.S.o: $(wildcard darknet-vd/export/c/*.inc)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
