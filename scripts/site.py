"""Build the page of site/ into site/dist: `make site`, OFFLINE=1 puts Pyodide beside it; or serve it."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
PYODIDE = "314.0.7"  # of the npm package `pyodide`, which the CDN serves file by file
PACKAGE_SHA512 = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
CDN = f"https://cdn.jsdelivr.net/npm/pyodide@{PYODIDE}/"
# SHA-384 of each file that a browser loads, taken from the npm package of PACKAGE_SHA512
FILES = {
    "pyodide.mjs": "sha384-Lp79fMwxa4n2BLtugpUAoQMlbxIdg8iCUiP1r3h7nJLkQjwlXT1JzZTeHVL+f4Dg",
    "pyodide.asm.mjs": "sha384-/2281iaC0Iimw0B3Kagy1DBfZcJG3W4KYW+EmOqhsdY3fR9BJ88FE2Zt6y0KQKpa",
    "pyodide.asm.wasm": "sha384-y++qrQ72KPA1fTjLIuGMP+jppgGxjbLCgfdb0zMrnNnQVhxRUXTOTF6rTxNzllSu",
    "python_stdlib.zip": "sha384-xW3A5jmenkrPXbsgrIaB1FCJh9OuLT7FRMagsJMgtlhVc19k/mSy3+7nMaF/d767",
    "pyodide-lock.json": "sha384-o8SQQvpVlZnOl04+3dFTJipKxul9GbViVusA379wlOrfHSgxbzt0yPiqCTxOiYES",
}
HUB = "https://huggingface.co"
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}


def main() -> int:
    """Build or serve; 1 with a sentence where that cannot be done."""
    top = argparse.ArgumentParser(description=__doc__)
    top.add_argument("--out", type=Path, default=SITE / "dist")
    top.add_argument("--offline", action="store_true", help="copy Pyodide beside the page, with npm")
    top.add_argument("--template", default="ORG/modal-gpu-template", help="GitHub repository that the commands name")
    top.add_argument("--hub", default=HUB, help="the model hub that the page may ask")
    top.add_argument("--serve", type=int, metavar="PORT", help="serve what was built, on loopback")
    options = top.parse_args()
    if options.serve is not None:
        return serve(options.out, options.serve)
    try:
        build(options.out, offline=options.offline, template=options.template, hub=options.hub)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"wrote {options.out}; make site-serve shows it")
    return 0


def build(out: Path, *, offline: bool, template: str, hub: str) -> None:
    """Write the page, the planner and the settings into the folder `out`, which is emptied first."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(SITE, out, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    shutil.copy(ROOT / "cookiecutter.json", out)
    pack_planner(out / "planner.zip")
    if offline:
        copy_pyodide(out / "pyodide")
    settings = {"pyodide": "pyodide/" if offline else CDN, "integrity": FILES, "hub": hub, "template": template}
    (out / "settings.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def pack_planner(path: Path) -> None:
    """Write planner/ as a zip whose bytes depend on its files alone."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted((ROOT / "planner").rglob("*")):
            if file.suffix in (".py", ".json"):
                entry = zipfile.ZipInfo(file.relative_to(ROOT).as_posix(), (1980, 1, 1, 0, 0, 0))
                packed.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def copy_pyodide(folder: Path) -> None:
    """Copy the files of the npm package that a browser loads. ValueError where they are not those of FILES."""
    if not shutil.which("npm"):
        raise ValueError(
            "OFFLINE=1 takes Pyodide from npm: install npm, or leave OFFLINE out and the page asks the CDN"
        )
    folder.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        command = ["npm", "pack", "--silent", f"pyodide@{PYODIDE}", "--pack-destination", scratch]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=scratch)
        archive = Path(scratch) / f"pyodide-{PYODIDE}.tgz"
        if digest("sha512", archive.read_bytes()) != PACKAGE_SHA512:
            raise ValueError(f"the npm package pyodide@{PYODIDE} is not the one that was pinned")
        with tarfile.open(archive) as packed:
            for name, known in FILES.items():
                member = packed.extractfile(f"package/{name}")
                content = member.read() if member else b""
                if f"sha384-{digest('sha384', content)}" != known:
                    raise ValueError(f"{name} of pyodide@{PYODIDE} is not the one that was pinned")
                (folder / name).write_bytes(content)


def digest(algorithm: str, content: bytes) -> str:
    return base64.b64encode(hashlib.new(algorithm, content).digest()).decode()


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the types that browsers ask of modules and WebAssembly."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | TYPES

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(folder: Path, port: int) -> int:
    """Serve the folder on loopback until interrupted."""
    if not (folder / "index.html").is_file():
        print(f"error: {folder} holds no page; run make site first", file=sys.stderr)
        return 1
    with ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder))) as server:
        print(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
