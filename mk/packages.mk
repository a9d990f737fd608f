# Debian packages that building, testing and linting need

### Packages
# $(call need,PROBE=PACKAGE ...): see mk/need.sh
need = CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' mk/need.sh $(1)

NEEDS := $(firstword $(CC))=gcc patch=patch xz=xz-utils string.h=libc6-dev zlib.h=zlib1g-dev stb/stb_image.h=libstb-dev \
	$(if $(filter 1,$(ONEDNN)),oneapi/dnnl/dnnl.h=libdnnl-dev) $(if $(filter 1,$(JPEG)),jpeglib.h=libjpeg62-turbo-dev) \
	$(if $(filter mpich,$(MPI)),pkg-config=pkg-config mpicc.mpich=libmpich-dev mpirun.mpich=mpich) \
	$(if $(filter 1 openmpi,$(MPI)),pkg-config=pkg-config mpicc=libopenmpi-dev mpirun=openmpi-bin) \
	$(if $(filter 1,$(CHART)),$(CHART_JS)=libjs-chart.js) $(if $(filter 1,$(CAIRO)),cairo/cairo.h=libcairo2-dev)
NEEDS-test := check.h=check
NEEDS-lint := clang-format=clang-format cppcheck=cppcheck clang-tidy=clang-tidy shellcheck=shellcheck
NEEDS-mpi := pkg-config=pkg-config mpicc.openmpi=libopenmpi-dev mpirun.openmpi=openmpi-bin \
	mpicc.mpich=libmpich-dev mpirun.mpich=mpich
NEEDS-fuzz := clang-14=clang-14 libclang_rt.fuzzer-$(shell uname -m).a=libclang-rt-14-dev

.PHONY: deps
deps: ## install the packages that building and testing need; without root, print the command that does
	@$(call need,$(NEEDS) $(NEEDS-test))
	@mkdir -p build && touch build/.packages build/.packages-test

build/.packages: mk/packages.mk
	@mkdir -p $(@D)
	@$(call need,$(NEEDS))
	@touch $@

build/.packages-test build/.packages-fuzz build/.packages-mpi: | build/.packages
build/.packages-%:
	@mkdir -p $(@D)
	@$(call need,$(NEEDS-$*))
	@touch $@
