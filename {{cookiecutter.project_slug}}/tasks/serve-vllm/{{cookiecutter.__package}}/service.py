"""Where the deployed service answers."""

import modal

from . import plan


def url() -> str | None:
    """The address of the deployed server. Needs a Modal token; modal.exception.NotFoundError before a deploy."""
    return modal.Server.from_name(plan.NAME, "Server").get_url()
