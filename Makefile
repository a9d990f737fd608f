# darknet-vd: Debian's Darknet, a series of patches, and the plugin in darknet-vd/. `make help` lists targets and variables.
# This file builds and installs; mk/*.mk hold the rest.

### Build and install
VERSION := $(file <VERSION)

## DEBUG=1           compile without optimisation, with symbols
## OPENMP=1          compile Darknet's own loops with OpenMP
## ONEDNN=0          build without oneDNN: products in plain C
## JPEG=0            build without libjpeg-turbo: JPEGs by stb_image, slower, 4:2:2 with a fault in one column
## CHART=0           build without Chart.js: a training's page has tables and no curves (CHART_JS=file: another Chart.js 3)
## CAIRO=0           build without cairo: no `darknet vd plot`
## MPI=1             train on several machines: mpirun -n R darknet ... train (MPI=openmpi, MPI=mpich: where both are installed)
## V=1               show the commands
## JOBS=n            run n commands at a time, as -j n does (default: one a core)
## CC, CPPFLAGS, CFLAGS, LDFLAGS   as usual; they follow the project's own flags
DEBUG ?= 0
OPENMP ?= 0
ONEDNN ?= 1
JPEG ?= 1
CHART ?= 1
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
CAIRO ?= 1
MPI ?= 0
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
CC ?= cc
CPPFLAGS ?=
CFLAGS ?=
LDFLAGS ?=

## PREFIX=/usr/local, DESTDIR=   where install puts things; BINDIR, LIBDIR, INCLUDEDIR, MANDIR: each by itself
PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man

# all that is built: $(EXEC) and build/out; a sanitizer's build has its own $(BUILD) in there
BUILD ?= build/out
EXEC ?= darknet

# make takes a path with a blank for two, and so does a program that is linked with $(pkg-config --libs)
PATHS := DARKNET_SRC CHART_JS $(if $(filter install uninstall,$(MAKECMDGOALS)),DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR MANDIR)
$(foreach v,$(PATHS),$(if $(word 2,$($(v))),$(error $(v)=$($(v)): a path with blanks is not supported)))

ifneq ($(filter 1,$(GPU) $(CUDNN) $(OPENCV)),)
$(error GPU=1, CUDNN=1 and OPENCV=1 are not supported yet: variational layers have no CUDA code)
endif

# One job a core, unless -j or an outer make decides. While make 4.3 reads this file, MAKEFLAGS holds no -j: one on the
# command line wins in the end, one from outside stands in the environment. A clean beside other goals must come first.
JOBS ?= $(if $(filter 0,$(MAKELEVEL)),$(shell nproc 2>/dev/null || echo 1))
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS) $(shell printenv MAKEFLAGS))$(filter clean distclean,$(MAKECMDGOALS)),)
MAKEFLAGS += $(addprefix -j,$(JOBS))
endif
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: FORCE
comma := ,
hash := \#

# goals that do not need Darknet's patched sources
LIGHT := help clean distclean uninstall deps format lint-format lint-cppcheck lint-shellcheck lint-floors patches-check figures \
	build/.packages% build/source/% build/idx/% build/bccd/%
MORE := $(addprefix mk/,data.mk tests.mk fuzz.mk bench.mk lint.mk)
MORE += $(filter-out mk/packages.mk mk/darknet.mk mk/objects.mk $(MORE),$(sort $(wildcard mk/*.mk)))
include mk/packages.mk mk/darknet.mk
ifneq ($(filter-out $(LIGHT),$(or $(MAKECMDGOALS),all)),)
include $(SRC).mk
endif

VD_SRC := $(wildcard darknet-vd/*/*.[cS] darknet-vd/*/*/*.[cS])
# compiled once for each instruction set; kernels/dispatch.c picks one when the program runs
VECTOR := $(filter %/vector.c %_vector.c,$(VD_SRC))
VD_EXEC := $(filter darknet-vd/commands/%,$(VD_SRC))
VD_LIB := $(filter-out $(VD_EXEC) $(VECTOR) darknet-vd/ranks/wire_%,$(VD_SRC))
include mk/objects.mk
ALONE_OBJ := $(addprefix $(BUILD)/obj/stock/,$(STOCK_LIB)) $(patsubst %,$(BUILD)/obj/%.o,$(VD_LIB)) $(VECTOR_OBJ)
LIB_OBJ := $(ALONE_OBJ) $(WIRE_OBJ)
EXEC_OBJ := $(addprefix $(BUILD)/obj/stock/,$(STOCK_EXEC)) $(patsubst %,$(BUILD)/obj/%.o,$(VD_EXEC))

.PHONY: all
all: $(EXEC) $(BUILD)/libdarknet-vd.a $(BUILD)/libdarknet-vd.so ## build ./darknet and the library

$(EXEC): $(LIB_OBJ) $(EXEC_OBJ)
	@echo "  LD     $@"
	$(Q)$(CC) $(STOCK_OPT) $(CFLAGS) $^ -o $@ $(LDFLAGS) $(EXEC_LIBS)

$(BUILD)/libdarknet-vd.a: $(LIB_OBJ)
	@echo "  AR     $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# with these flags gcc links start code that sets the mode of small numbers in the whole process that loads the library
no_fast_math = $(filter-out -Ofast -ffast-math -funsafe-math-optimizations,$(1))

SONAME := libdarknet-vd.so.$(firstword $(subst ., ,$(VERSION)))
$(BUILD)/libdarknet-vd.so.$(VERSION): $(LIB_OBJ)
	@echo "  LD     $@"
	$(Q)$(CC) $(call no_fast_math,$(CFLAGS)) -shared -Wl,-soname,$(SONAME) $^ -o $@ $(LDFLAGS) $(LIBS)

# links hide their own age
LINKED := $(filter libdarknet-vd.so.$(VERSION),$(shell readlink $(BUILD)/$(SONAME)))
$(BUILD)/libdarknet-vd.so: $(BUILD)/libdarknet-vd.so.$(VERSION) $(if $(LINKED),,FORCE)
	$(Q)ln -sf $(<F) $(@D)/$(SONAME) && ln -sf $(SONAME) $@

# another Darknet at the place is replaced, and reported; uninstall leaves it alone
PROGRAM := $(DESTDIR)$(BINDIR)/darknet
OURS = grep -qs 'darknet vd ' $(PROGRAM)
in_prefix = $(patsubst $(abspath $(PREFIX))/%,$${prefix}/%,$(abspath $(1)))

.PHONY: install
install: all ## install the program, library, header, pkg-config file and man page
	@test ! -e $(PROGRAM) || $(OURS) || echo "note: $(PROGRAM) is another Darknet and is replaced (BINDIR=dir: elsewhere)"
	$(Q)install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR)/darknet-vd $(MANDIR)/man1)
	$(Q)install -m 755 $(EXEC) $(PROGRAM)
	$(Q)install -m 644 $(BUILD)/libdarknet-vd.a $(BUILD)/libdarknet-vd.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	$(Q)cd $(DESTDIR)$(LIBDIR) && ln -sf libdarknet-vd.so.$(VERSION) $(SONAME) && ln -sf $(SONAME) libdarknet-vd.so
	$(Q)install -m 644 $(SRC)/include/darknet.h $(DESTDIR)$(INCLUDEDIR)/darknet-vd
	$(Q)sed 's|@PREFIX@|$(abspath $(PREFIX))|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(LIBS)|' mk/darknet-vd.pc.in | \
	  sed 's|@LIBDIR@|$(call in_prefix,$(LIBDIR))|; s|@INCLUDEDIR@|$(call in_prefix,$(INCLUDEDIR))|' \
	  > $(DESTDIR)$(LIBDIR)/pkgconfig/darknet-vd.pc
	$(Q)for page in $(wildcard man/darknet-vd.1); do install -m 644 $$page $(DESTDIR)$(MANDIR)/man1; done

.PHONY: uninstall
uninstall: ## remove what install has put there
	@test ! -e $(PROGRAM) || $(OURS) || echo "note: $(PROGRAM) is another Darknet and stays"
	$(Q)if $(OURS); then rm -f $(PROGRAM); fi
	$(Q)rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libdarknet-vd.a libdarknet-vd.so* pkgconfig/darknet-vd.pc)
	$(Q)rm -f $(DESTDIR)$(INCLUDEDIR)/darknet-vd/darknet.h $(DESTDIR)$(MANDIR)/man1/darknet-vd.1
	$(Q)rmdir $(DESTDIR)$(INCLUDEDIR)/darknet-vd 2>/dev/null || :

.PHONY: clean
clean: ## remove what was built, but not the sources and data that were fetched
	rm -rf $(EXEC) build/out

.PHONY: distclean
distclean: ## remove everything that is not in the repository
	rm -rf $(EXEC) build

.PHONY: help
help: ## this list
	@awk -f mk/help.awk Makefile mk/packages.mk mk/darknet.mk $(MORE)

include $(MORE)
