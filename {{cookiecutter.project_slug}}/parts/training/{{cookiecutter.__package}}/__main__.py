"""Fine-tune a model on Modal, watch it and use it; or a small one here with `--local`."""

import sys

from . import cli
from .app import app

sys.exit(cli.main(sys.argv[1:], app))
