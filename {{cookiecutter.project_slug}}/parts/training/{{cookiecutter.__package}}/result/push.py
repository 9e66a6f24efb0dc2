"""The result of a run pushed to the Hugging Face hub. Loads no torch."""

import os
from pathlib import Path

from ..run.reply import Reply


def refusal(repository: str, secrets: list[str]) -> str:
    """Return what is missing before anything is sent, as far as it can be seen from here; empty where nothing is."""
    if not secrets:
        return (
            "push needs a Secret that may write to the hub: `modal secret create huggingface-secret HF_TOKEN=hf_...`, "
            'and SECRETS = ["huggingface-secret"] in plan.py'
        )
    if repository.count("/") != 1:
        return f'HUB_REPO = {repository!r} names no repository: set it in plan.py, as in HUB_REPO = "you/name"'
    return ""


def push(folder: Path, repository: str, endpoint: str | None = None) -> Reply:
    """Send a folder to a model repository, which is made private where there is none yet."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if not (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file():
        return Reply(error=f"there is no {folder.name} to push yet: `train`, or with --merged `merge`, comes first")
    token = os.environ.get("HF_TOKEN")
    if not token:
        return Reply(error="the Secrets in SECRETS hold no HF_TOKEN: `modal secret create NAME HF_TOKEN=hf_...`")
    hub = HfApi(endpoint=endpoint, token=token)
    try:
        hub.create_repo(repository, private=True, exist_ok=True)
        sent = hub.upload_folder(repo_id=repository, folder_path=folder, commit_message="Tuned")
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        first = str(error).strip().partition("\n")[0]
        return Reply(error=f"the hub does not take {repository}: {first}")
    return Reply(str(sent.commit_url))
