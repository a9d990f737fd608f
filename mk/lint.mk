# clang-format, cppcheck, clang-tidy, shellcheck, and the floors of darknet-vd/, over the project's own code

### Lint
OWN := $(wildcard darknet-vd/*/*.[ch] darknet-vd/*/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch] examples/*.[ch])
SCRIPTS := .ci/run $(shell find . -path ./build -prune -o -name '*.sh' -print)
# all but the one that needs an MPI
TIDY := $(patsubst %,build/out/tidy/%,$(filter-out darknet-vd/ranks/wire_mpi.c,$(filter darknet-vd/%.c,$(OWN))))

.PHONY: lint
lint: lint-format lint-cppcheck lint-shellcheck lint-floors $(TIDY) ## clang-format, cppcheck, shellcheck, floors and clang-tidy

.PHONY: lint-format lint-cppcheck lint-shellcheck lint-floors
lint-format: | build/.packages-lint
	$(Q)clang-format --dry-run --Werror $(OWN)
	$(Q)awk 'length > 120 { print FILENAME ":" FNR ": longer than 120 columns"; long = 1 } END { exit long }' $(OWN)

lint-cppcheck: | build/.packages-lint
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 \
	  --suppress=missingIncludeSystem --suppress=shiftNegativeLHS:darknet-vd/export/c/int8.inc \
	  -D__x86_64__ -DVD_VARIANT=generic -Idarknet-vd $(filter darknet-vd/%.c,$(OWN))

lint-shellcheck: | build/.packages-lint
	$(Q)shellcheck $(SCRIPTS)

# an include of darknet-vd/ points to its own floor or down
lint-floors:
	$(Q)$(if $(wildcard mk/floors.awk),awk -f mk/floors.awk darknet-vd/floors $(filter darknet-vd/%,$(OWN)),:)

# a file again only when something it may depend on has changed
build/out/tidy/%: % .clang-tidy $(filter darknet-vd/%.h,$(OWN)) $(SRC)/.patched | build/.packages-lint
	@echo "  TIDY   $<"
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(filter-out -MD -MP,$(VD_FLAGS)) -DVD_VARIANT=generic $(VERSION_FLAGS) 2>/dev/null
	@touch $@

.PHONY: format
format: ## clang-format the project's own code in place
	@$(call need,clang-format=clang-format)
	clang-format -i $(OWN)
