"""Whole lives of baked projects: weights to the Volume, deploy, cold start, use, a kill, stop.

The containers of the tests' own control plane run them, on CPUs. ACCOUNT=1 runs them on the Modal account that this
machine is logged in to, where nothing can be killed from here; LONG=1 adds what takes longer. `make e2e` takes both.
"""

import os

import pytest

LONG, ACCOUNT = bool(os.environ.get("LONG")), bool(os.environ.get("ACCOUNT"))
long = pytest.mark.skipif(not LONG, reason="played by make e2e LONG=1")
