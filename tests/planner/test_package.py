"""The planner as an installed command, away from the repository."""

import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_package_installs_gpu_plan_with_its_catalogue(tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True)  # what `uvx --from git+` builds from
    subprocess.run([str(scripts / "python"), "-m", "pip", "install", "-q", str(source)], check=True)
    table = subprocess.run(
        [str(scripts / "gpu-plan"), "compare", "Qwen/Qwen3-8B", "--budget", "4/hour"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert table.stdout.startswith("Qwen/Qwen3-8B (8.2B parameters)") and "chosen" in table.stdout
    answered = subprocess.run(
        [str(scripts / "gpu-plan"), "estimate"], input='{"id": 1, "model": "Qwen/Qwen3-8B", "gpu": "L40S"}\n',
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(answered.stdout)["fits"]
