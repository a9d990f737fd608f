# patches/: apply the series patch by patch

### Patches
.PHONY: patches-check
patches-check: $(PRISTINE_DONE) ## check the headers of patches/, and build Darknet with each prefix of the series
	$(Q)MAKE='$(MAKE)' patches/check.sh $(BUILD)/patches-check
