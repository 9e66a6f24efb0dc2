"""The result of a run: loaded and asked, merged into plain weights, pushed to the hub."""
