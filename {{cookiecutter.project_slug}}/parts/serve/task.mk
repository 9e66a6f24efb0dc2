# What a service can do, beside the Makefile. PROMPT="..." is what it is asked; ARGS="..." goes on to a command
ASK = $(if $(value PROMPT),--prompt "$$TYPED_PROMPT")
.PHONY: local run deploy ask load coldstart warm cool

local: install  ## answer PROMPT on this machine: no account, no GPU, a small model or MODEL=folder
	$(PYTHON) -m $(PACKAGE) --local $(if $(value MODEL),--model "$$TYPED_MODEL") $(ASK)

run: install  ## try it once on Modal without deploying: weights, container, one question, measured against the plan
	$(PYTHON) -m modal run -m $(PACKAGE).app::main $(ASK)

deploy: install  ## put the service on Modal; GPU=none deploys it on CPUs
	$(PYTHON) -m modal deploy -m $(PACKAGE).app

ask: install  ## send PROMPT to the deployed service
	$(PYTHON) -m $(PACKAGE) $(ASK)

load: install  ## speed, latency and price of the deployed service under rising load; ARGS="--concurrency 64 --seconds 30"
	$(SPLIT) TYPED_ARGS -m $(PACKAGE).load_test

coldstart: install  ## time a cold start on Modal, beside the plan; DEPLOYED=1 that of the deployed service
	$(if $(DEPLOYED),$(SPLIT) TYPED_ARGS -m $(PACKAGE).client.cold_start,$(PYTHON) -m modal run -m $(PACKAGE).app::coldstart)

warm: install  ## keep WARM_CONTAINERS of the deployed service running, with or without requests
	$(PYTHON) -m $(PACKAGE).warm_pool open

cool: install  ## back to MIN_CONTAINERS
	$(PYTHON) -m $(PACKAGE).warm_pool close
