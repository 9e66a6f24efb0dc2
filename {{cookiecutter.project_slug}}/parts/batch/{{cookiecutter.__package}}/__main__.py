"""Run a dataset through the model on Modal, watch it, and bring the results; or a few rows here with `--local`."""

import sys

from .cli import main


def deploy() -> None:
    """Deploy the app. Imported here: it imports the engine, which takes seconds and which most commands do not need."""
    from .app import app

    app.deploy()


sys.exit(main(sys.argv[1:], deploy))
