# docs/cfg.md, from the table of keys; tests/config/test_keys.c compares the two

### Documentation
.PHONY: docs-cfg
docs-cfg: $(EXEC) ## write docs/cfg.md again, from darknet-vd/config/keys.c
	$(Q)./$(EXEC) vd keys -markdown > $(BUILD)/cfg.md && mv $(BUILD)/cfg.md docs/cfg.md
