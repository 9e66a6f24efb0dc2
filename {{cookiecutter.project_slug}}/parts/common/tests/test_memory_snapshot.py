"""Memory snapshots: a real one of a real out-of-memory error where there is a GPU, silence where there is none."""

import pickle
from pathlib import Path

import pytest

from {{cookiecutter.__package}} import plan

torch = pytest.importorskip("torch")
from {{cookiecutter.__package}}.monitoring import memory_snapshot  # noqa: E402


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_nothing_is_recorded_written_or_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    memory_snapshot.record(str(tmp_path / "oom"))
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        torch.empty(2**60, dtype=torch.uint8)
    assert not (tmp_path / "oom").exists() and capfd.readouterr() == ("", "")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_running_out_leaves_a_snapshot_that_shows_what_filled_the_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    memory_snapshot.record(str(tmp_path / "oom"))
    held = torch.empty(100 << 20, dtype=torch.uint8, device="cuda")
    for _ in range(memory_snapshot.KEPT + 1):
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(2**50, dtype=torch.uint8, device="cuda")
    files = list((tmp_path / "oom").iterdir())
    assert 1 <= len(files) <= memory_snapshot.KEPT
    blocks = [block for segment in pickle.loads(files[0].read_bytes())["segments"] for block in segment["blocks"]]
    assert any(b["address"] == held.data_ptr() and "test_memory_snapshot" in b["frames"][0]["filename"] for b in blocks)
    assert files[0].name in capsys.readouterr().out


def test_the_command_names_the_volume_and_the_file():
    said = memory_snapshot.how_to_see(Path("/root/.cache/oom/20260102-030405-7.pickle"))
    assert f"modal volume get {plan.NAME}-cache oom/20260102-030405-7.pickle" in said
