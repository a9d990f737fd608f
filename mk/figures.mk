# the pictures of docs/figures/, drawn by awk from RESULTS.md, the .tsv files beside them and the #include lines

### Pictures
FIGURES := $(foreach f,training compression speed includes trajectories,docs/figures/$(f).svg) \
	$(if $(shell grep -l '^| [a-z0-9-]*-magnitude[0-9]*-[0-9] ' RESULTS.md),docs/figures/baselines.svg)

# always: git keeps no times
.PHONY: figures $(FIGURES)
figures: $(FIGURES) ## draw docs/figures/*.svg anew

docs/figures/training.svg docs/figures/speed.svg docs/figures/trajectories.svg: docs/figures/%.svg: docs/figures/%.tsv
docs/figures/compression.svg docs/figures/baselines.svg: RESULTS.md
docs/figures/includes.svg: darknet-vd/floors $(wildcard darknet-vd/*/*.[ch] darknet-vd/*/*/*.[ch])

$(FIGURES): docs/figures/%.svg: docs/figures/svg.awk docs/figures/%.awk
	@echo "  DRAW   $@"
	$(Q)LC_ALL=C awk -f docs/figures/svg.awk -f docs/figures/$*.awk $(filter-out %.awk,$^) > $@

$(BUILD)/trajectories: tests/bench/trajectories.c $(BUILD)/libdarknet-vd.a
	$(Q)$(call program,$(STEP_FLAGS) -Idarknet-vd -I$(SRC)/include -I$(SRC)/src $(CFLAGS))

# where and when a run was made: for the first line of a .tsv, which its picture shows
RUN_ON = $$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | sort -u | head -n 1), $$(nproc) cores, $$(date +%F)

.PHONY: figure-data
figure-data: $(EXEC) $(BUILD)/bench-sparse $(BUILD)/trajectories build/digits/digits.data ## measure what docs/figures/*.tsv hold again: make demo, its weights with and without freezing, make bench-sparse
	@mkdir -p build/figures
	$(Q)$(MAKE) -j1 demo > build/figures/demo.log
	$(Q)$(BUILD)/bench-sparse > build/figures/bench-sparse.log
	$(Q)awk -v run="make demo, seed 1, $(RUN_ON)" -f docs/figures/demo_tsv.awk build/figures/demo.log > docs/figures/training.tsv
	$(Q)awk -v run="make bench-sparse, seed 1, $(RUN_ON)" -f docs/figures/bench_tsv.awk build/figures/bench-sparse.log > docs/figures/speed.tsv
	$(Q){ echo "# make figure-data: cfg/lenet5-digits-vd.cfg, seed 1, $(RUN_ON)"; \
	    mk/trajectories.sh ./$(EXEC) $(BUILD)/trajectories build/digits/digits.data cfg/lenet5-digits-vd.cfg $(CURDIR)/build/figures; \
	} > build/figures/trajectories.tsv && cp build/figures/trajectories.tsv docs/figures/trajectories.tsv
