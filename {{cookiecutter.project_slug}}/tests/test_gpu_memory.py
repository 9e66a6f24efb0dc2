"""The memory monitor: against the operating system's own figures and real errors."""

import io
import json
import subprocess
import sys

import psutil
import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.monitoring import gpu_memory, oom, oom_hints


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
    [(38.7, "planned 40.0 GiB, measured 38.7"), (45.0, oom_hints.LOWER), (20.0, "a smaller GPU would do")],
)
def test_report_gives_advice_only_beyond_ten_percent(measured: float, says: str):
    line = gpu_memory.compare(measured, "gpu", 40.0)
    assert says in line
    assert (": " in line) == (abs(measured - 40.0) > 4.0)


def test_a_cpu_is_never_compared_with_the_plan_of_a_gpu():
    assert gpu_memory.compare(1.5, "cpu", 40.0).startswith("measured 1.5 GiB of RAM")


def test_torchs_own_out_of_memory_error_names_what_to_lower():
    torch = pytest.importorskip("torch")
    error = torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 44.40 GiB of which 1.20 is free."
    )
    sentence = oom.explain(error)
    assert sentence and "2.00 GiB" in sentence and oom_hints.LOWER in sentence


def test_torch_running_out_of_ram_is_explained():
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert "no RAM left" in str(oom.explain(caught.value))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "ValueError: To serve at least one request with the model's max seq len (32768), (4.5 GiB KV cache is "
            "needed, which is larger than the available KV cache memory (1.2 GiB). Based on the available memory, the "
            "estimated maximum model length is 8736.",
            "one request of 32768 tokens needs 4.5 GiB of KV cache and 1.2 are free",
        ),
        ("ValueError: No available memory for the cache blocks. Try increasing", f"raise {oom_hints.FRACTION}"),
        (
            "ValueError: Free memory on device cuda:0 (30.1/44.4 GiB) on startup is less than desired GPU memory "
            "utilization (0.92, 40.8 GiB). Decrease GPU memory utilization",
            f"only 30.1 of 44.4 GiB were free at start: lower {oom_hints.FRACTION}",
        ),
    ],
)
def test_vllms_start_up_errors_are_explained_from_its_log(line: str, says: str):
    assert says in str(oom.explain(f"INFO starting\nINFO loading\n{line}\nTraceback"))


def test_other_errors_are_not_called_out_of_memory():
    assert oom.explain(ValueError("no such file")) is None
