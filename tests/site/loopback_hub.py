"""The files of the hub on loopback."""

from __future__ import annotations

from hub import CONFIG, SHA

UNKNOWN = "example-org/Unlisted-Thing"  # on the loopback hub alone
HUB = {
    f"/api/models/{UNKNOWN}": {"sha": SHA, "siblings": [{"rfilename": "config.json"}]},
    f"/{UNKNOWN}/resolve/{SHA}/config.json": CONFIG,
}
