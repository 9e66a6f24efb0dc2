"""Fine-tune a model on Modal, watch it and use it; or a small one here with `--local`."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
