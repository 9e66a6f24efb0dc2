"""Checks what a person typed and turns it into a Request."""
