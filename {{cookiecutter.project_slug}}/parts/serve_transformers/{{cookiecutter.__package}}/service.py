"""What is asked of Modal: where the service answers, how many containers it keeps, another one for a broken one."""

import modal
import modal.experimental

from . import plan


def server() -> modal.Cls:
    """The deployed class. Needs a Modal token; modal.exception.NotFoundError before a deploy."""
    return modal.Cls.from_name(plan.NAME, "Server")


def url() -> str | None:
    """The address of the deployed web endpoint."""
    return server()().web.get_web_url()


def keep_warm(containers: int) -> None:
    """Keep so many containers running from now on, asked or not, until the next deploy or the next call."""
    server()().update_autoscaler(min_containers=containers)


def replace_container() -> None:
    """Take no new request here and end after the current ones; Modal starts another container for what comes."""
    modal.experimental.stop_fetching_inputs()
