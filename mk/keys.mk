# docs/cfg.md, from the table of keys; tests/config/test_keys.c compares the two

.PHONY: docs-cfg
docs-cfg: $(EXEC) ## write docs/cfg.md anew, from darknet-vd/config/keys.c
	$(Q)mkdir -p docs && ./$(EXEC) vd keys -markdown > docs/cfg.md
