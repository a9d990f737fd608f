# the demo's network on microcontrollers

### Boards
## BOARD_DATA=file, BOARD_CFG=file, BOARD_WEIGHTS=file   for board: another classifier than the demo's
## BOARD_PICTURES=n        for board: so many test pictures (default: 20)
BOARD_DATA ?= build/digits/digits.data
BOARD_CFG ?= cfg/lenet5-digits-vd.cfg
BOARD_WEIGHTS ?= build/digits/backup/lenet5-digits-vd.weights
BOARD_PICTURES ?= 20

build/digits/backup/lenet5-digits-vd.weights:
	@echo "$@ is missing: make demo trains it, in about two minutes" >&2; exit 1

.PHONY: board
board: all $(BOARD_WEIGHTS) ## run the demo's network on emulated boards: digits, answers, bytes, instructions
	$(Q)DARKNET=./$(EXEC) INCLUDE=$(SRC)/include LIBRARY=$(BUILD) CC="$(CC)" examples/board/board.sh \
	  $(BOARD_DATA) $(BOARD_CFG) $(BOARD_WEIGHTS) $(BUILD)/board $(BOARD_PICTURES)
