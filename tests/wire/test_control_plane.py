"""The control plane of the tests treats the real Modal client as Modal's documentation describes."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import modal
import pytest
from bake import run
from control_plane import NO_CONTAINERS, ControlPlane, listening
from control_plane.containers import can_run
from control_plane.fixtures import client as client
from control_plane.fixtures import plane as plane
from waiting import until

APP = Path(__file__).parents[1] / "data" / "small_app.py"
TOKEN = {"Authorization": "Bearer wk-x.ws-x"}
PATIENCE_S = 60.0


def modal_cli(plane: ControlPlane, *arguments: str, check: bool = True) -> str:
    """Return both streams of a command."""
    done = run(
        sys.executable, "-m", "modal", *arguments, cwd=APP.parent, check=check, COLUMNS="200", **plane.environment
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def deployed(plane: ControlPlane) -> ControlPlane:
    modal_cli(plane, "deploy", str(APP))
    assert "small-app" in plane.published  # beside what other tests of this file deployed
    return plane


@pytest.fixture
def function(deployed: ControlPlane, client: modal.Client) -> Callable[[str], modal.Function]:
    return lambda name: modal.Function.from_name("small-app", name, client=client)


@pytest.fixture
def cls(deployed: ControlPlane, client: modal.Client) -> Callable[[str], modal.Cls]:
    return lambda name: modal.Cls.from_name("small-app", name, client=client)


# What is refused


@pytest.fixture
def recorder() -> Iterator[tuple[ControlPlane, modal.Client]]:
    with listening(run_containers=False) as recording, recording.client() as logged_in:
        yield recording, logged_in


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"gpu": "H1000"}, "GPU type 'H1000' is not one that Modal lists"),
        ({"gpu": "A10:8"}, "8 x A10 is outside 1..4"),
        ({"timeout": 100_000}, "outside 1 second .. 24 hours"),
        ({"secrets": [modal.Secret.from_name("nowhere")]}, "Secret 'nowhere' not found"),
        ({"volumes": {"/data": modal.Volume.from_name("nowhere")}}, "Volume 'nowhere' not found"),
    ],
)
def test_a_deployment_is_refused(
    settings: dict[str, object], said: str, recorder: tuple[ControlPlane, modal.Client]
) -> None:
    app = modal.App("refused", include_source=False)
    app.function(serialized=True, **settings)(abs)
    with pytest.raises(modal.exception.Error, match=said):
        app.deploy(client=recorder[1])
    assert recorder[0].published == []


def test_a_secret_needs_the_keys_that_are_asked_for(recorder: tuple[ControlPlane, modal.Client]) -> None:
    plane, client = recorder
    plane.add_secret("hub", OTHER="x")
    with pytest.raises(modal.exception.Error, match="'hub' lacks HF_TOKEN"):
        modal.Secret.from_name("hub", required_keys=["HF_TOKEN"]).hydrate(client)
    plane.add_secret("hub", HF_TOKEN="x")
    modal.Secret.from_name("hub", required_keys=["HF_TOKEN"]).hydrate(client)


def test_what_has_no_handler_fails_with_its_name(recorder: tuple[ControlPlane, modal.Client]) -> None:
    plane, client = recorder
    with pytest.raises(modal.exception.Error, match="does not answer QueueGetOrCreate"):
        modal.Queue.from_name("line", create_if_missing=True).hydrate(client)
    assert plane.problems() == ["no handler for QueueGetOrCreate"]
    plane.service.unanswered.clear()


def test_without_containers_each_call_ends_with_a_sentence(recorder: tuple[ControlPlane, modal.Client]) -> None:
    plane, _ = recorder
    assert NO_CONTAINERS in modal_cli(plane, "run", f"{APP}::square", "--x", "3", check=False)
    assert plane.called() == ["square"] and plane.containers() == []


# What runs


def test_a_function_gets_its_image_secrets_and_files(
    function: Callable[[str], modal.Function], deployed: ControlPlane
) -> None:
    assert function("square").remote(3) == 9
    assert list(function("square").map(range(3))) == [0, 1, 4]
    assert "square of 3\n" in deployed.logs("small-app")


def test_an_exception_reaches_the_caller(function: Callable[[str], modal.Function]) -> None:
    with pytest.raises(KeyError, match="on purpose"):
        function("broken").remote()


def test_a_volume_is_committed_and_reloaded(
    function: Callable[[str], modal.Function], cls: Callable[[str], modal.Cls], deployed: ControlPlane
) -> None:
    committed, read = deployed.volume("small-data") / "note.txt", cls("Reader")().read
    function("write").remote("one")
    assert (committed.read_text(), read.remote()) == ("one", (1, "one"))
    function("write").remote("two")
    assert (committed.read_text(), read.remote()) == ("two", (2, "one"))  # the same container, its own copy
    assert read.remote(reload=True) == (3, "two")
    with pytest.raises(modal.exception.RemoteError, match="exited with code -9"):
        function("write").remote("three", commit=False)
    assert committed.read_text() == "two"
    assert cls("Reader")().spoil.remote() == 30  # EROFS


def test_a_web_function_asks_for_a_token_and_streams(function: Callable[[str], modal.Function]) -> None:
    url = function("site").get_web_url()
    assert httpx.post(f"{url}/a", content=b"x").status_code == 401
    answer = httpx.post(f"{url}/a?b=c", content=b"hello", headers=TOKEN, timeout=PATIENCE_S)
    assert (answer.status_code, answer.headers["x-path"], answer.text) == (201, "/a", "you sent hello")


# What takes longer


@pytest.mark.slow
def test_each_set_of_parameters_has_its_own_containers(cls: Callable[[str], modal.Cls]) -> None:
    ten, none = cls("Counter")(start=10), cls("Counter")()
    assert [ten.add.remote(1), ten.add.remote(2), none.add.remote(1), none.add.remote(5)] == [11, 13, 1, 6]


@pytest.mark.slow
def test_failed_inputs_are_tried_again(function: Callable[[str], modal.Function]) -> None:
    assert function("third_time").remote("remote") == 3
    assert list(function("third_time").map(["map"])) == [3]
    assert function("third_time").spawn("spawn").get() == 3


@pytest.mark.slow
def test_an_input_that_takes_too_long_is_ended(function: Callable[[str], modal.Function]) -> None:
    with pytest.raises(modal.exception.FunctionTimeoutError, match="timeout of 1s"):
        function("slow").remote()


@pytest.mark.slow
def test_a_call_is_cancelled(function: Callable[[str], modal.Function], deployed: ControlPlane) -> None:
    call = function("wait").spawn("cancelled")
    until(lambda: any(one.inputs for one in deployed.containers("wait")))
    call.cancel()
    with pytest.raises(modal.exception.RemoteError):
        call.get(timeout=PATIENCE_S)


@pytest.mark.slow
def test_a_killed_container_fails_its_input_and_another_takes_the_next(
    function: Callable[[str], modal.Function], deployed: ControlPlane
) -> None:
    call = function("wait").spawn("killed")
    until(lambda: any(one.inputs for one in deployed.containers("wait")))
    (container,) = (one for one in deployed.containers("wait") if one.inputs)
    assert container.processes()[0].pid != os.getpid()
    container.kill()
    with pytest.raises(modal.exception.RemoteError, match=f"{container.id} exited with code -9"):
        call.get(timeout=PATIENCE_S)
    assert container not in deployed.containers()


@pytest.mark.slow
def test_a_cluster_runs_each_input_in_every_container(
    function: Callable[[str], modal.Function], deployed: ControlPlane
) -> None:
    assert function("ranks").remote() == (0, 2)  # the answer of rank 0
    assert [container.rank for container in deployed.containers("ranks")] == [0, 1]


@pytest.mark.slow
def test_a_server_has_several_containers_and_a_warm_pool(deployed: ControlPlane, client: modal.Client) -> None:
    server = modal.Server.from_name("small-app", "Files", client=client)
    url = server.get_url()
    assert url and httpx.get(url).status_code == 503 and len(deployed.containers("Files")) == 1
    until(lambda: httpx.get(url).status_code == 200)
    with ThreadPoolExecutor(4) as threads:

        def answered() -> set[str]:
            return {answer.text for answer in threads.map(lambda _: httpx.get(url), range(4))}

        until(lambda: len(answered()) == 2)
    for container in deployed.containers("Files"):
        container.kill()
    until(lambda: not deployed.containers("Files"))
    server.autoscaler.update(min_containers=1)
    until(lambda: httpx.get(url).status_code == 200)
    (warm,) = deployed.containers("Files")
    warm.kill()
    until(lambda: [one.started for one in deployed.containers("Files")] == [True])
    assert deployed.kept[-1] == 1 and warm not in deployed.containers("Files")
    server.autoscaler.update(min_containers=0)


@pytest.mark.slow
def test_a_server_that_starts_for_longer_than_its_window_is_not_idle(
    tmp_path: Path, plane: ControlPlane, client: modal.Client
) -> None:
    source = "@app.server(port=8000, scaledown_window=3, unauthenticated=True)\nclass Late:\n    @modal.enter()\n"
    source += "    def start(self):\n        import time\n        time.sleep(4)\n"
    (tmp_path / "late.py").write_text(f"import modal\napp = modal.App('late')\n{source}")
    modal_cli(plane, "deploy", str(tmp_path / "late.py"))
    assert httpx.get(str(modal.Server.from_name("late", "Late", client=client).get_url())).status_code == 503
    (container,) = plane.containers("Late")
    until(lambda: container.stopping)
    assert container.started and time.monotonic() - container.last_used >= 3
    until(lambda: not container.running)


@pytest.mark.slow
def test_a_request_that_takes_too_long_is_answered_with_303() -> None:
    if not can_run():
        pytest.skip("containers need root on Linux")
    with listening(held_s=1.0) as plane, plane.client() as client:
        modal_cli(plane, "deploy", str(APP))
        url = modal.Function.from_name("small-app", "site", client=client).get_web_url()
        asked = {"url": f"{url}/a", "content": b"slow", "headers": TOKEN, "timeout": PATIENCE_S}
        assert httpx.post(**asked).status_code == 303
        assert httpx.post(**asked, follow_redirects=True).text == "you sent slow"


@pytest.mark.slow
def test_volumes_are_committed_while_a_container_runs(tmp_path: Path) -> None:
    if not can_run():
        pytest.skip("containers need root on Linux")
    source = "\nvolume = modal.Volume.from_name('data', create_if_missing=True)\n"
    source += "@app.function(volumes={'/data': volume})\ndef busy():\n    open('/data/a', 'w').write('a')\n"
    (tmp_path / "busy.py").write_text(f"import modal, time\napp = modal.App('busy'){source}    time.sleep(60)\n")
    with listening(commit_s=0.5) as plane, plane.client() as client:
        modal_cli(plane, "deploy", str(tmp_path / "busy.py"))
        modal.Function.from_name("busy", "busy", client=client).spawn()
        until((plane.volume("data") / "a").exists)


@pytest.mark.slow
def test_a_deployment_replaces_the_one_before(tmp_path: Path, plane: ControlPlane, client: modal.Client) -> None:
    app = tmp_path / "again.py"
    for answer in ("one", "two"):
        app.write_text(f"import modal\napp = modal.App('again')\n@app.function()\ndef said():\n    return {answer!r}\n")
        modal_cli(plane, "deploy", str(app))
        assert modal.Function.from_name("again", "said", client=client).remote() == answer


@pytest.mark.slow
def test_the_command_line(deployed: ControlPlane, function: Callable[[str], modal.Function]) -> None:
    assert function("square").remote(2) == 4  # whose container waits for more, and whose output is in the logs
    assert "squares [0, 1, 4]" in modal_cli(deployed, "run", "--detach", str(APP), "--n", "3")
    until(lambda: deployed.registry.apps[deployed.app_id("small-app")].stopped_at)  # it had nothing more to do
    assert "small-app" in modal_cli(deployed, "app", "list")
    assert "square of 2" in modal_cli(deployed, "app", "logs", deployed.app_id("small-app"), "--search", "square")
    assert "ta-" in modal_cli(deployed, "container", "list")
    note = deployed.volume("small-data") / "note.txt"
    modal_cli(deployed, "volume", "put", "--force", "small-data", str(APP), "/note.txt")
    assert note.read_bytes() == APP.read_bytes()
    assert "note.txt" in modal_cli(deployed, "volume", "ls", "small-data")
    assert "import modal" in modal_cli(deployed, "volume", "get", "small-data", "note.txt", "-")
    modal_cli(deployed, "volume", "rm", "small-data", "note.txt")
    assert not note.exists()


@pytest.mark.slow
def test_an_app_is_stopped_with_all_its_containers(deployed: ControlPlane, client: modal.Client) -> None:
    modal_cli(deployed, "app", "stop", "-y", "small-app")
    app_id = deployed.asked("AppStop")[-1].app_id
    until(lambda: app_id not in {container.function.app_id for container in deployed.containers()})
    assert "already stopped" in modal_cli(deployed, "app", "stop", "-y", "small-app", check=False)
    with pytest.raises(modal.exception.NotFoundError):
        modal.Function.from_name("small-app", "square", client=client).hydrate()
    modal_cli(deployed, "volume", "delete", "-y", "small-data")
    assert "small-data" not in modal_cli(deployed, "volume", "list")
