"""The client of the deployed service, and the commands that use it."""

from .client import Client as Client
