"""Moves the chosen parts into the new project and removes the others. It writes, moves and deletes files, no more.

parts/manifest.json lists the parts of each kind of project; plan.py, which the pre-gen hook wrote, holds the task,
engine and workload. Cookiecutter copies parts/ without rendering it; the package's name is put into its files here.
"""

# {% raw %}
import hashlib
import json
import os
import re
import sys

PACKAGE = "{{cookiecutter.__package}}"  # the name of a folder, and of the package in tests
RECORD = ".template-files.json"  # file -> SHA-256 of what was written: what a later bake may remove
AT_THE_ROOT = ("README.md", "pyproject.toml", "PLAN.md", "memory.svg")  # written before this hook runs
CACHES = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}  # left in a clone by tools


def parts_of(manifest: dict[str, list[str]], task: str, engine: str, workload: str) -> list[str]:
    """The parts of a project: the one row of the manifest whose words are all true of it."""
    true = {task, engine, workload, "generation" if workload == "generation" else "pooling"}
    [parts] = [parts for row, parts in manifest.items() if true.issuperset(row.split())]
    return parts


def files_of(folder: str) -> list[str]:
    """Every file below a folder, relative to it and with forward slashes, caches aside."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in CACHES]
        below = parent[len(folder) + 1 :].replace(os.sep, "/")
        found += [f"{below}/{name}" if below else name for name in names]
    return found


def arrange(root: str) -> None:
    """Move the files of the chosen parts into the project at `root`; remove what only an earlier bake wrote.

    What was edited since, and what the template did not write, stays.
    """
    planned, parts = os.path.join(root, "plan.py"), os.path.join(root, "parts")
    if not os.path.isfile(planned):
        sys.exit("error: the pre-gen hook did not run, so nothing was planned; bake again and accept both hooks")
    with open(planned, encoding="utf-8") as plan, open(os.path.join(parts, "manifest.json"), encoding="utf-8") as rows:
        chosen = dict(re.findall(r"^(\w+) = ['\"]([\w-]+)['\"]", plan.read(), re.M))
        manifest = json.load(rows)
    package = chosen["NAME"].replace("-", "_")
    ours = parts_of(manifest, chosen["TASK"], chosen.get("ENGINE", ""), chosen.get("WORKLOAD", ""))
    earlier, chosen_files = recorded(root), {}
    for part in ours:
        for file in files_of(os.path.join(parts, part)):
            chosen_files[file.replace(PACKAGE, package)] = os.path.join(parts, part, file)
    # The pre-gen hook checks this before anything is written; this is what it could not see
    if own := [
        file for file in sorted(chosen_files) if file not in earlier and os.path.lexists(os.path.join(root, file))
    ]:
        remove_tree(parts)
        remove(root, "plan.py")
        remove(root, "UNFINISHED.md")
        sys.exit(f"error: {own[0]} would be overwritten, and the template did not write that: move it away")
    hashes = {placed: move(file, os.path.join(root, placed), package) for placed, file in chosen_files.items()}
    at_the_root = {file for file in AT_THE_ROOT if os.path.isfile(os.path.join(root, file))}
    written = {f"{package}/plan.py", *at_the_root, *chosen_files}
    for file, sha256 in earlier.items():
        if file not in written and hash_of(os.path.join(root, file)) == sha256:
            remove(root, file)
    os.replace(planned, os.path.join(root, package, "plan.py"))
    remove_tree(parts)
    remove(root, "UNFINISHED.md")
    with open(os.path.join(root, RECORD), "w", encoding="utf-8", newline="\n") as record:
        json.dump(
            {file: hashes.get(file) or hash_of(os.path.join(root, file)) for file in sorted(written)}, record, indent=1
        )
        record.write("\n")


def recorded(root: str) -> dict[str, str]:
    """The files that an earlier bake wrote into the project at `root`, with their hashes."""
    if not os.path.isfile(os.path.join(root, RECORD)):
        return {}
    with open(os.path.join(root, RECORD), encoding="utf-8") as record:
        files = json.load(record)
    return {file: sha256 for file, sha256 in files.items() if not file.startswith("/") and ".." not in file.split("/")}


def hash_of(file: str) -> str:
    """The SHA-256 of a file; "" where there is none."""
    if not os.path.isfile(file):
        return ""
    with open(file, "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def move(file: str, to: str, package: str) -> str:
    """Move a file of a part, with the package's name in place of its placeholder, and return its SHA-256."""
    os.makedirs(os.path.dirname(to), exist_ok=True)
    with open(file, "rb") as part:
        text = part.read()
    if PACKAGE.encode() in text:
        text = text.replace(PACKAGE.encode(), package.encode())
        with open(to, "wb") as placed:
            placed.write(text)
    else:
        os.replace(file, to)
    return hashlib.sha256(text).hexdigest()


def remove(root: str, file: str) -> None:
    """Remove a file below `root`, where it is there, and the folders that it leaves empty."""
    path = os.path.join(root, file)
    if os.path.lexists(path):
        os.remove(path)
    while file := file.rpartition("/")[0]:
        try:
            os.rmdir(os.path.join(root, file))
        except FileNotFoundError:
            continue
        except OSError:
            break  # something is in it


def remove_tree(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                remove_tree(entry.path)
            else:
                os.remove(entry.path)
    os.rmdir(folder)


# {% endraw %}
if __name__ == "__main__":
    arrange(os.getcwd())
