# What a training can do, beside the Makefile. PROMPT="..." is what the model is asked; ARGS="--run other" goes on to the command
TUNE = $(SPLIT) TYPED_ARGS -m $(PACKAGE)
.PHONY: local check train status sample merge push

local: install  ## fine-tune a small model on this machine: no account, no GPU; MODEL=folder takes another one
	$(PYTHON) -m $(PACKAGE) --local $(if $(value MODEL),--model "$$TYPED_MODEL") \
	    $(if $(value DATASET),--dataset "$$TYPED_DATASET") $(if $(value PROMPT),--prompt "$$TYPED_PROMPT")

check: install  ## read the dataset as the training will, on a CPU container; ARGS=--local does it here
	$(TUNE) check

train: install  ## train on Modal, or go on with it, and show how far it is; ARGS=--detach does not wait
	$(TUNE) train

status: install  ## how the run stands, and what it has cost
	$(TUNE) status

sample: install  ## answer PROMPT with the tuned model, on the GPU
	$(TUNE) sample --prompt "$$TYPED_PROMPT"

merge: install  ## write the tuned model as plain weights; ARGS="--into my-llm" where the project my-llm will serve it
	$(TUNE) merge

push: install  ## send the result to HUB_REPO on the hub
	$(TUNE) push
