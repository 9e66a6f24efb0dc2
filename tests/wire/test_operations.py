"""A service's later life by the real command line: versions, strategies, environments."""

import re
import sys
from collections.abc import Callable, Iterator

import pytest
from bake import Project, run
from control_plane import ControlPlane, listening

from planner.schema import ENGINES

SHARED = {"MountGetOrCreate"}  # Modal's own client, in the environment of all


@pytest.fixture
def plane() -> Iterator[ControlPlane]:
    with listening(run_containers=False, any_secret=True) as one:
        yield one


@pytest.fixture(params=ENGINES)
def project(request: pytest.FixtureRequest, bake: Callable[..., Project]) -> Project:
    return bake(task="serve", engine=request.param, budget="none", project_slug=f"later-{request.param}")


def modal_cli(plane: ControlPlane, project: Project, *arguments: str, **env: str) -> str:
    """Return both streams of a command."""
    env = {"COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"} | plane.environment | env
    done = run(sys.executable, "-m", "modal", *arguments, cwd=project.root, **env)
    return done.stdout + done.stderr


def deploy(plane: ControlPlane, project: Project, *options: str, **env: str) -> str:
    return modal_cli(plane, project, "deploy", *options, "-m", f"{project.package}.app", **env)


def served(plane: ControlPlane, project: Project) -> tuple[list[str], str, int]:
    """The regions of the server's containers, the plan.py in them, and how many may run."""
    functions = plane.registry.functions_of(plane.app_id(project.plan["NAME"]))
    definition = next(one for one in functions if one.tag in ("Server", "Server.*")).definition
    files = {path: file for mount in definition.mount_ids for path, file in plane.registry.mounts[mount].files.items()}
    sha256, _mode = files[f"/root/{project.package}/plan.py"]
    plan = plane.registry.contents[sha256].decode()
    return list(definition.scheduler_placement.regions), plan, definition.autoscaler_settings.max_containers


def test_a_rollback_serves_the_older_versions_own_plan(plane: ControlPlane, project: Project) -> None:
    project.edit(REVISION="a" * 40, REGION="eu", MAX_CONTAINERS=2)
    deploy(plane, project)
    before = served(plane, project)
    project.edit(REVISION="b" * 40, REGION="", MAX_CONTAINERS=3)
    deploy(plane, project)
    after = served(plane, project)
    assert before[0] == ["eu"] and after[0] == [] and (before[2], after[2]) == (2, 3)
    assert "a" * 40 in before[1] and "b" * 40 in after[1]

    name = project.plan["NAME"]
    assert re.findall(r"\bv\d+\b", modal_cli(plane, project, "app", "history", name)) == ["v2", "v1"]
    assert "rollback successful" in modal_cli(plane, project, "app", "rollback", name, "v1")
    assert served(plane, project) == before
    modal_cli(plane, project, "app", "rollback", name)  # the version before this one
    assert served(plane, project) == after
    assert [one.version for one in plane.asked("AppRollback")] == [1, -1]


def test_recreate_looks_for_old_containers_to_stop_and_rolling_does_not(plane: ControlPlane, project: Project) -> None:
    deploy(plane, project)
    assert not plane.asked("TaskList")
    deploy(plane, project, "--strategy", "recreate")
    asked = plane.asked("TaskList")
    assert asked and {one.app_id for one in asked} == {plane.app_id(project.plan["NAME"])}
    called = [rpc for rpc, _ in plane.service.requests]
    assert called.index("TaskList") > max(at for at, rpc in enumerate(called) if rpc == "AppPublish")


def test_everything_of_a_deployment_is_asked_for_in_its_environment(plane: ControlPlane, project: Project) -> None:
    for options, variables in ((["--env", "prod"], {}), ([], {"MODAL_ENVIRONMENT": "dev"})):
        begun = len(plane.service.requests)
        deploy(plane, project, *options, **variables)
        named = {
            (rpc, one.environment_name)
            for rpc, one in plane.service.requests[begun:]
            if "environment_name" in one.DESCRIPTOR.fields_by_name and rpc not in SHARED
        }
        assert "VolumeGetOrCreate" in {rpc for rpc, _ in named}
        assert {where for _, where in named} == {variables.get("MODAL_ENVIRONMENT", "prod")}, named
