"""`python -m {{cookiecutter.__package}} --local` as a person would run it, on the tiny model."""

import os
import subprocess
import sys
from pathlib import Path

PACKAGE = "{{cookiecutter.__package}}"


def test_it_answers_on_this_machine_and_says_which_engine(tiny: Path):
    command = [sys.executable, "-m", PACKAGE, "--local", "--model", str(tiny), "--prompt", "hi", "--max-tokens", "8"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    assert done.returncode == 0, done.stderr
    assert "engine: " in done.stderr
    assert "tokens" in done.stdout and "GiB of" in done.stdout


def test_a_model_that_is_not_there_is_one_sentence(tmp_path: Path):
    command = [sys.executable, "-m", PACKAGE, "--local", "--model", str(tmp_path / "nothing")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "local folder" in done.stderr and "Traceback" not in done.stderr
