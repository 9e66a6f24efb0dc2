"""Fetch the configuration of a model from the Hugging Face hub into its local cache, for `gpu-plan --hub`.

The hub at HF_ENDPOINT is asked (default https://huggingface.co); HF_TOKEN opens gated models and is sent to no other
host. No hook imports this module: a bake reads the cache and opens no connection.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .catalogue.hub_cache import find_snapshot, repository_folder
from .catalogue.models import known_model
from .catalogue.names import Reference, parse_reference
from .catalogue.unplannable import check_format
from .schema import Refusal

HUB = "https://huggingface.co"
SECONDS = 20  # until a silent hub is given up
MAX_BYTES = 10_000_000  # of a configuration: the longest on the hub are below a megabyte
MODELS = ("config.json", "adapter_config.json")  # one of them makes a repository a model
BESIDE = ("hf_quant_config.json", "modules.json", "sentence_bert_config.json")  # read with them, where they exist


class _Redirect(HTTPRedirectHandler):
    """Follows redirects, without the token where they lead to another host."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        again = super().redirect_request(req, fp, code, msg, headers, newurl)
        if again and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            again.remove_header("Authorization")
        return again


def endpoint() -> str:
    """Return the hub's address, without a slash at its end."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def fetch_json(url: str) -> Any:
    """Return the hub's answer; Refusal, with what would work, where it gives none."""
    try:
        return json.loads(fetch_bytes(url))
    except ValueError:
        raise Refusal(f"{url} is not JSON; check that HF_ENDPOINT is a model hub.") from None


def fetch_bytes(url: str) -> bytes:
    """Return a file of the hub; Refusal, with what would work, where it gives none."""
    token = os.environ.get("HF_TOKEN")
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with build_opener(_Redirect).open(request, timeout=SECONDS) as answer:
            return answer.read(MAX_BYTES)
    except HTTPError as error:
        if error.code in (401, 403):
            raise Refusal(
                f"{url} is gated, private or not there; check the name, accept its licence on the hub and set HF_TOKEN."
            ) from None
        raise Refusal(f"{url} answers {error.code}; check the model's name and revision.") from None
    except (URLError, TimeoutError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Refusal(
            f"{url} cannot be reached ({reason}); set HF_ENDPOINT, or give a folder with its config.json."
        ) from None


def fetch_unknown(text: str) -> None:
    """Put the configuration of a model into the local cache, where `text` names one that is known nowhere here."""
    if os.path.exists(os.path.expanduser(text)):
        return
    reference = parse_reference(text)
    if not reference or "/" not in reference.id or find_snapshot(reference):
        return
    known = known_model(reference)
    if known and known.basis != "revision":
        return
    check_format(reference.id)
    fetch_config(reference)


def fetch_config(reference: Reference) -> None:
    """Put what a plan is read from into the local cache, in its layout. Refusal where the repository has none of it."""
    at = f"/revision/{quote(reference.revision, safe='')}" if reference.revision else ""
    card = fetch_json(f"{endpoint()}/api/models/{reference.id}{at}")
    commit = card.get("sha") if isinstance(card, dict) else None
    if not isinstance(commit, str) or not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise Refusal(f"{endpoint()} names no commit of {reference.id}; check that HF_ENDPOINT is a model hub.")
    listed = {str(file.get("rfilename")) for file in card.get("siblings") or [] if isinstance(file, dict)}
    wanted = [name for name in (*MODELS, *BESIDE) if name in listed] if listed else ["config.json"]
    if not set(MODELS) & set(wanted):
        kinds = sorted({name.rpartition(".")[2] for name in listed if "." in name} - {"md", "gitattributes"})
        raise Refusal(
            f"{reference.id} has no config.json on the hub, but {', '.join(kinds[:4]) or 'nothing'}; name the model "
            f"whose weights are safetensors"
        )
    files = {name: fetch_bytes(f"{endpoint()}/{reference.id}/resolve/{commit}/{name}") for name in wanted}
    repository = repository_folder(reference.id)
    try:
        for name, content in files.items():
            _write(os.path.join(repository, "snapshots", commit, name), content)
        if reference.revision != commit:  # a commit has no ref
            _write(os.path.join(repository, "refs", *(reference.revision or "main").split("/")), commit.encode())
    except OSError as error:
        raise Refusal(
            f"{repository} cannot be written ({error.strerror}); set HF_HUB_CACHE to a folder of yours"
        ) from None


def _write(path: str, content: bytes) -> None:
    """Write a file whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.part", "wb") as file:
        file.write(content)
    os.replace(f"{path}.part", path)
