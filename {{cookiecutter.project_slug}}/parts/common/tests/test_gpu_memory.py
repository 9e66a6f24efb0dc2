"""The memory monitor, against the operating system's own figures; and snapshots of a real full GPU."""

import io
import json
import pickle
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.monitoring import gpu_memory, oom


def test_sample_on_a_cpu_is_the_resident_memory_of_this_process_and_its_children():
    if gpu_memory.read_memory().device == "gpu":
        pytest.skip("this machine has a GPU")
    before = gpu_memory.read_memory().used_gib[0]
    own = psutil.Process()  # which may have servers of other tests as children
    every = [own, *own.children(recursive=True)]
    assert before == pytest.approx(sum(one.memory_info().rss for one in every) / gpu_memory.GIB, rel=0.2)
    child = subprocess.Popen(
        [sys.executable, "-c", "x = bytearray(256 << 20); print('ready', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert child.stdout and child.stdout.readline() == b"ready\n"
        assert gpu_memory.read_memory().used_gib[0] - before == pytest.approx(0.25, abs=0.1)
    finally:
        child.communicate(b"\n")


def test_monitor_remembers_the_peak_and_logs_json_lines():
    log = io.StringIO()
    monitor = gpu_memory.Monitor(log, interval=0.02).start()
    start = monitor.peak_gib
    block = bytearray(300 << 20)
    while monitor.peak_gib - start < 0.25:
        pass
    del block
    monitor.stop()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert lines and all(line["event"] == "memory" and line["planned_gib"] == plan.PREDICTED_PEAK_GIB for line in lines)
    assert max(line["peak_gib"] for line in lines) == pytest.approx(monitor.peak_gib, rel=0.02)
    assert monitor.state()["peak_gib"] == round(monitor.peak_gib, 3)
    assert f"measured {monitor.peak_gib:.1f}" in monitor.report()


def test_monitor_goes_on_while_another_thread_imports_torch():
    code = (
        "from {{cookiecutter.__package}}.monitoring import gpu_memory;"
        "m = gpu_memory.Monitor(open('/dev/null', 'w'), interval=0.0001).start();"
        "import torch, time;"
        "seen = m.last.seconds\nwhile m.last.seconds == seen: time.sleep(0.01)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize(
    ("measured", "says"),
    [(38.7, "planned 40.0 GiB, measured 38.7"), (45.0, oom.LOWER), (20.0, "a smaller GPU would do")],
)
def test_report_gives_advice_only_beyond_ten_percent(measured: float, says: str):
    line = gpu_memory.compare(measured, "gpu", 40.0)
    assert says in line
    assert (": " in line) == (abs(measured - 40.0) > 4.0)


def test_a_cpu_is_never_compared_with_the_plan_of_a_gpu():
    assert gpu_memory.compare(1.5, "cpu", 40.0).startswith("measured 1.5 GiB of RAM")


def test_without_a_gpu_nothing_is_recorded_written_or_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    gpu_memory.record_snapshots(str(tmp_path / "oom"))
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        torch.empty(2**60, dtype=torch.uint8)
    assert not (tmp_path / "oom").exists() and capfd.readouterr() == ("", "")


def test_running_out_leaves_a_snapshot_that_shows_what_filled_the_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    gpu_memory.record_snapshots(str(tmp_path / "oom"))
    held = torch.empty(100 << 20, dtype=torch.uint8, device="cuda")
    for _ in range(gpu_memory.KEPT + 1):
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(2**50, dtype=torch.uint8, device="cuda")
    files = list((tmp_path / "oom").iterdir())
    assert 1 <= len(files) <= gpu_memory.KEPT
    blocks = [block for segment in pickle.loads(files[0].read_bytes())["segments"] for block in segment["blocks"]]
    assert any(b["address"] == held.data_ptr() and "test_gpu_memory" in b["frames"][0]["filename"] for b in blocks)
    assert files[0].name in capsys.readouterr().out


def test_the_command_names_the_volume_and_the_file():
    said = gpu_memory.how_to_see(Path("/root/.cache/oom/20260102-030405-7.pickle"))
    assert f"modal volume get {plan.NAME}-cache oom/20260102-030405-7.pickle" in said
