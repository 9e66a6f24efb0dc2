"""Read a model's name: the repository and revision that a text names, a size, a weight format.

A name is no proof: what is taken from it is said to be assumed.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

MAX_ID = 100  # characters of an id; the hub allows 96 for the name
_ID = r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?"
_REVISION = r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)*"
_TYPED = re.compile(rf"({_ID})(?:@({_REVISION}))?", re.ASCII)
_IN_URL = re.compile(
    rf"({_ID})(?:@({_REVISION}))?(?:/(?:tree|blob|resolve|raw|commit)/([^?#]+))?/?(?:[?#].*)?", re.ASCII
)
_TAGGED = re.compile(rf"({_ID}):[\w.-]+", re.ASCII)
_NAMED = re.compile(r"(?:https?://|hf://)", re.ASCII | re.IGNORECASE)
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com")


class Reference(NamedTuple):
    """A repository on the hub, and a branch, tag or commit of it; "" for its main branch."""

    id: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.id}@{self.revision}" if self.revision else self.id


def parse_reference(text: str) -> Reference | None:
    """Return the repository of "org/name", "org/name@revision" or a hub URL; None where the text is none of these."""
    text = text.strip()
    if len(text) > 300 or not text.isprintable():
        return None
    scheme = _NAMED.match(text)
    host, slash, path = (text[scheme.end() :] if scheme else text).partition("/")
    if scheme and scheme[0].lower() == "hf://":
        found = _IN_URL.fullmatch(f"{host}{slash}{path}")
    elif slash and host and host.lower() in (*_HOSTS, _own_host()):
        found = _IN_URL.fullmatch(path.removeprefix("models/"))
        if found and (found[1].startswith(("datasets/", "spaces/")) or "/" not in found[1]):
            return None
    else:
        found = _TYPED.fullmatch(text.removesuffix("/")) if not scheme else None
    if not found or len(found[1]) > MAX_ID or ".." in found[1]:
        return None
    revision = found[2] or (_first_revision(found[3]) if found.re is _IN_URL and found[3] else "")
    return Reference(found[1], "" if revision == "main" else revision)


def tagged(text: str) -> str:
    """Return the id of `org/name:Q4_K_M`, as llama.cpp and Ollama name a file of weights; "" for any other text."""
    found = _TAGGED.fullmatch(text.strip())
    return found[1] if found else ""


def _first_revision(path: str) -> str:
    """Return the revision that begins the path of a URL: "refs/pr/1" or its first part."""
    path = path.replace("%2F", "/").replace("%2f", "/").strip("/")
    parts = path.split("/")
    revision = "/".join(parts[:3]) if path.startswith("refs/") else parts[0]
    return revision if re.fullmatch(_REVISION, revision, re.ASCII) else ""


def _own_host() -> str:
    """Return the host of HF_ENDPOINT, where it is set."""
    return os.environ.get("HF_ENDPOINT", "").partition("//")[2].partition("/")[0].lower()


def shown(text: str) -> str:
    """Return the typed text quoted on one line and cut, for a message. Only what does not print is escaped."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


_SIZE = re.compile(
    r"(?<![a-z0-9.])(\d+x\d+(?:\.\d+)?b|\d+(?:\.\d+)?[mbt](?:-a\d+(?:\.\d+)?[mb])?)(?![a-z0-9])", re.ASCII
)
_EXPERTS = re.compile(r"(?<![a-z0-9.])\d+b-\d+e(?![a-z0-9])", re.ASCII)  # Llama-4-Scout-17B-16E: 17B is what is active

_PRUNED = re.compile(r"(?<![a-z0-9])(?:reap|ream|prun\w*)(?![a-z0-9])", re.ASCII)  # smaller than the size of its base
_DECIMAL = re.compile(r"(?<![a-z0-9])(\d)_(\d+b)(?![a-z0-9])", re.ASCII)  # stablelm-2-1_6b


def size_in_name(name: str) -> str:
    """Return the one size that a name gives, such as "30b-a3b"; "" where it gives none, or two that differ.

    Beside a size in billions a number of millions or trillions counts tokens: Qwen2.5-7B-Instruct-1M.
    """
    tail = _DECIMAL.sub(r"\1.\2", name.lower().rpartition("/")[2])
    if _EXPERTS.search(tail) or _PRUNED.search(tail):
        return ""
    found = list(dict.fromkeys(_SIZE.findall(tail)))
    billions = [size for size in found if "b" in size]
    found = billions or found
    return found[0] if len(found) == 1 else ""


_FORMATS = (
    ("nvfp4", "nvfp4"),
    ("mxfp4", "mxfp4"),
    ("fp4", "nvfp4"),  # NVIDIA's names
    ("fp8", "fp8"),
    ("nf4|bnb-4bit", "nf4"),
    ("int8|8bit|w8a8|w8a16", "int8"),
    ("awq|gptq|int4|4bit|w4a16", "int4"),
    ("bf16|fp16|16bit", "none"),
)


def format_in_name(name: str) -> str:
    """Return the weight format that a name gives; "" where it gives none."""
    tail = name.lower().rpartition("/")[2]
    return next((quantization for word, quantization in _FORMATS if re.search(rf"(?<![a-z0-9])(?:{word})", tail)), "")
