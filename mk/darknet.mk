# Darknet's sources: fetched, with Debian's patches (the pristine tree), then with the project's (the tree that is built)

### Darknet's sources
## DARKNET_SRC=dir   take them from there, a checkout of commit 61c9d02e, and not from Debian's source package
DARKNET_VERSION := 0.0.0+git20180914.61c9d02e
DARKNET_REVISION := 2
DARKNET_SHA256 := ec536ae11853846aab96183d8ec18730a46cce71f7d935768d235029329f9e93 \
	3d987cbe63e04ec6c106370fbcb9778b2a83cad810e132c27021e6227fd4d6e6
DARKNET_SRC ?=
# what `darknet vd version` calls it
DARKNET_IS := $(lastword $(subst ., ,$(DARKNET_VERSION)))
ifeq ($(DARKNET_SRC),)
DARKNET_IS := $(DARKNET_IS), Debian $(DARKNET_VERSION)-$(DARKNET_REVISION)
endif

SRC := build/darknet
ORIG := build/source/darknet_$(DARKNET_VERSION).orig.tar.xz
DEBIAN := build/source/darknet_$(DARKNET_VERSION)-$(DARKNET_REVISION).debian.tar.xz

# series: a patch a line; lines that start with # are headings. patches/check.sh gives PATCHES, SRC, BUILD and EXEC
PATCHES := patches
SERIES := $(PATCHES)/series $(addprefix $(PATCHES)/,$(shell sed -n 's/^\([^$(hash)[:space:]][^[:space:]]*\).*/\1/p' $(PATCHES)/series))

# a folder of sources that none of the project's patches has touched
ifeq ($(DARKNET_SRC),)
PRISTINE := build/source/pristine
PRISTINE_DONE := build/source/pristine/.unpacked
$(PRISTINE_DONE): build/.packages $(ORIG) $(DEBIAN)
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xf $(ORIG) -C $(@D) --strip-components=1
	$(Q)tar -xf $(DEBIAN) -C $(@D)
	$(Q)cd $(@D) && for p in $$(cat debian/patches/series); do \
	  patch -p1 --fuzz=0 -s < debian/patches/$$p || exit 1; done
	@touch $@
else
PRISTINE := $(DARKNET_SRC)
PRISTINE_DONE := $(DARKNET_SRC)/src/parser.c
$(PRISTINE_DONE):
	@echo "DARKNET_SRC=$(DARKNET_SRC): no Darknet sources there (src/parser.c is missing)" >&2; exit 1
endif

$(ORIG) $(DEBIAN) &: | build/.packages
	$(Q)mk/fetch-darknet.sh build/source $(DARKNET_VERSION)-$(DARKNET_REVISION)
	$(Q)printf '%s  %s\n' $(firstword $(DARKNET_SHA256)) $(ORIG) $(lastword $(DARKNET_SHA256)) $(DEBIAN) | \
	  sha256sum --check --quiet

$(SRC)/.patched: $(PRISTINE_DONE) $(SERIES) mk/patch-darknet.sh | build/.packages
	@echo "  PATCH  $(SRC)"
	$(Q)mk/patch-darknet.sh $(PRISTINE) $(SRC) $(PATCHES)
	@touch $@

# the lists of objects are Darknet's own
$(SRC).mk: $(SRC)/.patched
	@sed -n 's/^OBJ=/STOCK_LIB := /p; s/^EXECOBJA=/STOCK_EXEC := /p' $(SRC)/Makefile > $@
