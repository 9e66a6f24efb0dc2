"""Where the deployed service answers."""

import modal

from . import plan


def url() -> str | None:
    """The address of the deployed web endpoint. Needs a Modal token; modal.exception.NotFoundError before a deploy."""
    return modal.Cls.from_name(plan.NAME, "Server")().web.get_web_url()
