# What a training can do, beside the Makefile. PROMPT="..." is what the model is asked; ARGS="--run other" goes on as it is
TUNE = $(PYTHON) -m $(PACKAGE)
.PHONY: local check train status sample merge push

local: install  ## fine-tune a small model on this machine: no account, no GPU; MODEL=folder takes another one
	$(TUNE) --local $(if $(MODEL),--model "$(MODEL)") $(if $(DATASET),--dataset "$(DATASET)") $(if $(PROMPT),--prompt "$(PROMPT)")

check: install  ## read the dataset as the training will, on a CPU container; ARGS=--local does it here
	$(TUNE) check $(ARGS)

train: install  ## train on Modal, or go on with it, and show how far it is; ARGS=--detach does not wait
	$(TUNE) train $(ARGS)

status: install  ## how the run stands, and what it has cost
	$(TUNE) status $(ARGS)

sample: install  ## ask the tuned model PROMPT, on the GPU
	$(TUNE) sample --prompt "$(PROMPT)" $(ARGS)

merge: install  ## write the tuned model as plain weights; ARGS="--into my-llm" where the project my-llm will serve it
	$(TUNE) merge $(ARGS)

push: install  ## send the result to HUB_REPO on the hub
	$(TUNE) push $(ARGS)
