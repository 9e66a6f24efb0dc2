"""The deployed service: where it answers, and how many containers wait for requests."""

import modal

from . import plan


def server() -> modal.Server:
    """The deployed server. Needs a Modal token; modal.exception.NotFoundError before a deploy."""
    return modal.Server.from_name(plan.NAME, "Server")


def url() -> str | None:
    """The address of the deployed server."""
    return server().get_url()


def keep_warm(containers: int) -> None:
    """Keep so many containers ready, asked or not, until the next call or deploy. Each is billed while it runs."""
    server().autoscaler.update(min_containers=containers)
