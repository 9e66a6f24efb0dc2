"""Images in requests: vLLM's options for them, and what a request may name. Text alone where IMAGES is 0."""

import base64
import json
from typing import Any
from urllib.parse import urlsplit

from .. import plan

MOST = plan.IMAGES if plan.WORKLOAD == "generation" else 0
DOMAINS = plan.ALLOWED_MEDIA_DOMAINS if plan.WORKLOAD == "generation" else []
IMAGE_BYTES = 8 * 2**20  # room in a request for each image, in base64
MOST_PIXELS = 2**25  # of one image: 100 MB unpacked, whatever its file takes
KINDS = ("image_url", "input_image", "image")  # chats, responses, Anthropic's messages
FORMATS = ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,", "data:image/gif;base64,")

# vLLM's environment: an allowed host cannot send it on to another
ENVIRONMENT = {"VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0", "VLLM_MAX_IMAGE_PIXELS": str(MOST_PIXELS)}


class RefusedImage(Exception):
    """One sentence on what an image in a request may be."""


def options() -> list[str]:
    """vLLM's arguments. Without images the vision tower is not loaded, and nothing but text is taken."""
    if not MOST:
        return ["--language-model-only"]
    limits = json.dumps({"image": MOST, "video": 0, "audio": 0})
    domains = ["--allowed-media-domains", *DOMAINS] if DOMAINS else []
    return ["--limit-mm-per-prompt", limits, *domains]


def check(part: dict[str, Any]) -> None:
    """Raise RefusedImage for a content part of KINDS that is no data URL and no address that vLLM may fetch."""
    url = _address(part)
    if not MOST:
        raise RefusedImage("images are not read here; send text alone, or set IMAGES in plan.py for a model that sees")
    if url.startswith(FORMATS):
        _check_base64(url.partition(",")[2])
        return
    if not DOMAINS:
        raise RefusedImage("an image is sent in the request, as data:image/png;base64,... (or jpeg, webp, gif)")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or f"https://{host}" != f"{parts.scheme}://{parts.netloc}" or host not in DOMAINS:
        allowed = ", ".join(DOMAINS)
        raise RefusedImage(f"an image is sent as data:image/png;base64,... or comes by https from {allowed}")


def _check_base64(data: str) -> None:
    try:
        base64.b64decode(data, validate=True)
    except ValueError:
        raise RefusedImage("an image is not whole base64, with its padding and without blanks") from None


def check_count(count: int) -> None:
    """Raise RefusedImage for more images than IMAGES in one request."""
    if count > MOST:
        raise RefusedImage(f"{count} images are in the request, and at most {MOST} may be")


def _address(part: dict[str, Any]) -> str:
    """The address in a content part: in OpenAI's two forms, or as Anthropic's source."""
    source = part.get("source") or part.get("image_url")
    if isinstance(source, dict) and source.get("type") == "base64":
        return f"data:{source.get('media_type')};base64,{source.get('data')}"
    url = source.get("url") if isinstance(source, dict) else source
    if not isinstance(url, str):
        raise RefusedImage("an image is an object with its address, such as a data: URL")
    return url
