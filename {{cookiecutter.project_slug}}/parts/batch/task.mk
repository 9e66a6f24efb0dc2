# What a batch can do, beside the Makefile. INPUT is a file, a folder or a dataset; ROWS selects the rows and how they become prompts
INPUT ?=
ROWS ?= --column text
BATCH = $(PYTHON) -m $(PACKAGE)
WITH_ROWS = $(SPLIT) TYPED_ROWS -m $(PACKAGE)
GIVEN = $(if $(value INPUT),"$$TYPED_INPUT")
.PHONY: local estimate run status stop join

local: install  ## a few rows of INPUT, or of the sample, on this machine: no account, no GPU, a small model or MODEL=folder
	$(WITH_ROWS) run $(or $(GIVEN),samples/reviews.jsonl) --local $(if $(value MODEL),--model "$$TYPED_MODEL")

estimate: install  ## rows, tokens, hours and dollars of INPUT before anything is paid; ROWS="--column text"
	$(WITH_ROWS) estimate $(GIVEN)

run: install  ## run INPUT on Modal, or go on with it
	$(WITH_ROWS) run $(GIVEN)

status: install  ## how far the last job is, and what it has cost
	$(BATCH) status

stop: install  ## start nothing more; what runs is finished
	$(BATCH) stop

join: install  ## bring the results of the last job as results.parquet
	$(BATCH) join results.parquet
