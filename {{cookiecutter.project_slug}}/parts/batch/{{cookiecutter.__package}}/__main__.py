"""Run a dataset through the model on Modal, watch it, and bring the results; or a few rows here with `--local`."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
