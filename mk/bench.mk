# speed, beside stock Darknet, beside stock Darknet compiled for this machine, and beside PyTorch

### Speed
## ROUNDS=5, SECONDS_EACH=2   for bench, bench-stock, bench-torch, bench-detectors: how often, how long
## SLOW=1                     for bench-stock: stock Darknet on the VGG, too
STEP_FLAGS := -O2 -w -Itests

# $(call program,FLAGS): a program on the library, which does not set the mode of small numbers itself (base/float_mode.h)
program = $(CC) $(1) $^ -o $@ $(LDFLAGS) $(LIBS)
# stock's: the program's source comes first
stock_program = $(CC) $(STEP_FLAGS) -I$(@D)/include $< $(@D)/libdarknet.a -o $@ -lm -pthread

$(BUILD)/step: tests/bench/step.c $(BUILD)/libdarknet-vd.a
	$(Q)$(call program,$(STEP_FLAGS) -I$(SRC)/include)

$(STOCK)/step: tests/bench/step.c $(STOCK)/darknet
	$(Q)$(stock_program)

$(STOCK)-native/step: tests/bench/step.c $(PRISTINE_DONE)
	@echo "  STOCK  $(@D) (-march=native)"
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)cd $(PRISTINE) && cp -Rp Makefile include src examples data "$(CURDIR)/$(@D)"
	$(Q)$(STOCK_MAKE) -C $(@D) $(STOCK_CC) OPTS="-Ofast -march=native" >/dev/null
	$(Q)$(stock_program)

BENCH = $(foreach v,ROUNDS SECONDS_EACH SLOW,$(if $($(v)),$(v)=$($(v)))) tests/bench/table.sh $(BUILD)/bench

.PHONY: bench
bench: $(BUILD)/step ## training speed of both LeNets and a VGG, variational and plain, and of later steps
	$(Q)$(BENCH) $<
	$(Q)for n in 3 2500; do DARKNET_THREADS=1 $< cfg/lenet-300-100-vd.cfg $(or $(SECONDS_EACH),2) $$n 2>/dev/null | tail -n 1; done | \
	  awk '{ ms[NR] = $$4 } END { printf "\nlenet-300-100 vd, 1 thread, CPU ms a step at the start and after 2,500 steps: %.2f %.2f (%.2f x)\n", \
	    ms[1], ms[2], ms[2] / ms[1] }'

.PHONY: bench-stock
bench-stock: $(BUILD)/step $(STOCK)/step $(STOCK)-native/step ## the same with stock Darknet beside it
	$(Q)$(BENCH) $^

# not a part of CI
.PHONY: bench-torch
bench-torch: $(BUILD)/step ## training steps beside PyTorch's, variational and plain (python3-torch, libopenblas0-pthread)
	@/usr/bin/python3 -c 'import torch' || { echo "bench-torch: needs python3-torch" >&2; exit 1; }
	$(Q)TORCH=tests/bench/torch_step.py NETS='cfg/lenet5 cfg/lenet-300-100 tests/bench/vgg cfg/wrn-16-2-cifar' $(BENCH) $<

# both as they stand in cfg/, but for the pictures of a step
DETECTORS := $(foreach n,1 4,$(BUILD)/bench/yolov3-tiny-$(n))
define detector_rule
$(1)-$(2)$(3).cfg: cfg/$(notdir $(1))$(3).cfg
	@mkdir -p $$(@D)
	$$(Q)sed 's/^subdivisions=.*/subdivisions=1/; s/^batch=.*/batch=$(2)/' $$< > $$@
endef
$(foreach n,1 4,$(foreach vd,-vd,$(eval $(call detector_rule,$(BUILD)/bench/yolov3-tiny,$(n))) \
	$(eval $(call detector_rule,$(BUILD)/bench/yolov3-tiny,$(n),$(vd)))))

.PHONY: bench-detectors
bench-detectors: $(BUILD)/step $(STOCK)/step $(STOCK)-native/step $(DETECTORS:=.cfg) $(DETECTORS:=-vd.cfg) ## yolov3-tiny at 416x416, 1 and 4 pictures a step, with stock Darknet beside it
	$(Q)NETS='$(DETECTORS)' $(BENCH) $(wordlist 1,3,$^)

$(BUILD)/load: tests/bench/load.c $(BUILD)/libdarknet-vd.a
	$(Q)$(call program,$(STEP_FLAGS) -I$(SRC)/include)

.PHONY: bench-load
bench-load: $(BUILD)/load build/digits/digits.data ## what loading a training batch costs (drawn digits)
	$(Q)$< build/digits/digits.data cfg/lenet5-digits.cfg 3000 2>/dev/null

$(BUILD)/bench-kernels $(BUILD)/bench-sparse $(BUILD)/bench-convolve: $(BUILD)/bench-%: tests/bench/%.c $(BUILD)/libdarknet-vd.a
	$(Q)$(call program,-O2 -Idarknet-vd -Itests $(CFLAGS))

.PHONY: bench-kernels
bench-kernels: $(BUILD)/bench-kernels ## nanoseconds an element of every kernel, for each instruction set
	$(Q)$<

.PHONY: bench-sparse
bench-sparse: $(BUILD)/bench-sparse ## sparse layers against the fastest dense ones at test time, one core
	$(Q)$<

$(BUILD)/bench-xnnpack: tests/bench/xnnpack.c $(BUILD)/libdarknet-vd.a
	@test -e /usr/include/xnnpack.h || { echo "bench-xnnpack: needs libxnnpack-dev and libpthreadpool-dev" >&2; exit 1; }
	$(Q)$(call program,-O2 -Idarknet-vd -Itests $(CFLAGS)) -lXNNPACK -lpthreadpool

.PHONY: bench-xnnpack
bench-xnnpack: $(BUILD)/bench-xnnpack ## sparse 1x1 convolutions beside XNNPACK's, sparse and dense, one core
	$(Q)$<

.PHONY: bench-convolve
bench-convolve: $(BUILD)/bench-convolve ## GF/s of every way of a convolution, for layers of LeNet, VGG and YOLO, one core
	$(Q)$<

$(BUILD)/bench-active: tests/bench/active.c $(BUILD)/libdarknet-vd.a
	$(Q)$(call program,$(STEP_FLAGS) -Idarknet-vd -I$(SRC)/include -I$(SRC)/src $(CFLAGS))

.PHONY: bench-active
bench-active: $(BUILD)/bench-active ## layers over lists of active weights beside those over all weights, one core
	$(Q)DARKNET_THREADS=1 $< 2>/dev/null

# answers to single images
$(BUILD)/predict: tests/bench/predict.c $(BUILD)/libdarknet-vd.a
	$(Q)$(call program,$(STEP_FLAGS) -I$(SRC)/include)

$(STOCK)/predict $(STOCK)-native/predict: %/predict: tests/bench/predict.c %/step
	$(Q)$(stock_program)

# ---- this build against another revision ----

$(BUILD)/thin: tests/bench/thin.c $(BUILD)/libdarknet-vd.a
	$(Q)$(call program,$(STEP_FLAGS) -I$(SRC)/include)

## BASE=rev                   for bench-before: a revision, or a folder that has it built; UNDER=, ROWS=, MNIST=: see its script
.PHONY: bench-before
bench-before: $(EXEC) $(BUILD)/step $(BUILD)/predict $(BUILD)/thin $(STOCK)-native/step ## training and answers against another revision, built beside this one
	$(Q)$(if $(BASE),,$(error bench-before: give BASE=rev, a revision to compare with))
	$(Q)LIBS="$(LIBS)" CC="$(CC)" $(foreach v,ROUNDS SECONDS_EACH ROWS UNDER MNIST,$(if $($(v)),$(v)='$($(v))')) \
	  tests/bench/before.sh '$(BASE)' $(BUILD) $(STOCK)-native/step

# ORT: the folder with node_modules of onnxruntime-node; not a part of CI
ONNX_CFG ?= cfg/yolov3-tiny.cfg
.PHONY: bench-onnx
bench-onnx: $(BUILD)/predict ## one picture of ONNX_CFG, dense: ONNX Runtime (ORT=dir, npm's onnxruntime-node) beside this program, one thread, ms
	$(Q)command -v node >/dev/null || { echo "bench-onnx: needs node" >&2; exit 1; }
	$(Q)sed 's/^subdivisions=.*/subdivisions=1/; s/^batch=.*/batch=1/' $(ONNX_CFG) > $(BUILD)/bench-onnx.cfg
	$(Q)for round in $$(seq $(or $(ROUNDS),3)); do \
	  NODE_PATH=$(ORT)/node_modules OMP_NUM_THREADS=1 node tests/bench/onnx.js $(BUILD)/bench-onnx.cfg $(or $(SECONDS_EACH),2) | sed 's/^/ONNX Runtime  /' || exit 1; \
	  DARKNET_THREADS=1 $(BUILD)/predict $(BUILD)/bench-onnx.cfg '' $(or $(SECONDS_EACH),2) 2>/dev/null | \
	    awk '{ printf "here          %.2f ms\n", $$1 / 1000 }'; \
	done

$(BUILD)/bench-opencv: tests/bench/opencv.cpp
	$(Q)c++ -O2 -w $$(pkg-config --cflags opencv4) $< -lopencv_dnn -lopencv_core -o $@

# programs that are not there have no lines; not a part of CI
.PHONY: bench-readers
bench-readers: $(EXEC) $(BUILD)/predict $(BUILD)/step $(shell ! pkg-config --exists opencv4 2>/dev/null || echo $(BUILD)/bench-opencv) ## a trained detector (NET=name WEIGHTS=dir) beside OpenCV and ONNX Runtime (ORT=dir), training beside AlexeyAB's (FORK=dir)
	$(Q)DARKNET=./$(EXEC) BUILD=$(BUILD) NET='$(NET)' WEIGHTS='$(WEIGHTS)' ORT='$(ORT)' FORK='$(FORK)' RUN='$(RUN)' \
	  $(foreach v,ROUNDS SECONDS_EACH STEP_OF,$(if $($(v)),$(v)='$($(v))')) tests/bench/readers.sh

## CFG=file, WEIGHTS=file, DATA=file   for bench-deploy: a trained network, and the data file of its training
.PHONY: bench-deploy
bench-deploy: $(EXEC) $(BUILD)/predict ## one picture of a network here and as ONNX in other programs (ORT=dir), one thread, and the files' sizes
	$(Q)DARKNET=./$(EXEC) BUILD=$(BUILD) CFG='$(CFG)' WEIGHTS='$(WEIGHTS)' DATA='$(DATA)' ORT='$(ORT)' \
	  $(foreach v,ROUNDS SECONDS_EACH,$(if $($(v)),$(v)='$($(v))')) tests/bench/deploy.sh
