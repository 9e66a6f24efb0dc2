"""The page in a browser shows what `gpu-plan` and a bake say for the same answers."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import bake
import pytest
from browsing import Page, open_browser, requests_of
from hub import CONFIG, SHA
from loopback_hub import UNKNOWN

pytestmark = pytest.mark.site

REQUESTS = [
    {},
    {"model_size": "32B"},
    {"model_size": "0.6B", "budget": "1/hour"},
    {"model_id": "openai/gpt-oss-20b"},
    {"model_id": "openai/gpt-oss-120b", "budget": "none"},
    {"model_id": "Qwen/Qwen3-30B-A3B", "optimize": "throughput", "budget": "10/hour"},
    {"model_id": "Qwen/Qwen3-32B", "optimize": "latency", "budget": "8/hour", "warm": "0"},
    {"model_id": "Qwen/Qwen3-8B", "quantization": "none"},
    {"model_id": "Qwen/Qwen3-8B", "quantization": "int4", "gpu": "T4"},
    {"model_id": "Qwen/Qwen3-8B", "gpu": "H100:2", "budget": "none"},
    {"model_id": "Qwen/Qwen3-8B", "engine": "transformers"},
    {"model_id": "Qwen/Qwen3-8B", "context_len": "32k", "concurrency": "4"},
    {"model_id": "Qwen/Qwen3-8B", "concurrency": "64", "budget": "300/month", "warm": "0"},
    {"model_id": "Qwen/Qwen3-8B", "concurrency": "5/s 4000+500", "optimize": "cost ttft<1s", "warm": "0"},
    {"workload": "embedding"},
    {"workload": "classification"},
    {"workload": "embedding", "model_id": "BAAI/bge-m3", "concurrency": "64"},
    {"task": "batch", "dataset": "reviews.jsonl 200k rows"},
    {"task": "batch", "dataset": "reviews.jsonl 10k rows", "budget": "20/run"},
    {"task": "batch", "workload": "embedding", "dataset": "texts.jsonl 1m rows", "budget": "30/run"},
    {"task": "batch", "model_size": "32B", "budget": "none", "optimize": "throughput"},
    {"task": "finetune"},
    {"task": "finetune", "dataset": "x.jsonl 10k rows"},
    {"task": "finetune", "method": "qlora", "model_size": "32B", "budget": "60/run"},
    {"task": "finetune", "method": "full", "model_size": "4B", "budget": "none"},
    {"task": "finetune", "gpu": "A100-80GB", "context_len": "4096", "budget": "100/run"},
    {"task": "finetune", "workload": "classification", "dataset": "stance.csv 20k rows"},
    {"task": "distributed"},
    {"task": "distributed", "dataset": "x.jsonl 50k rows", "budget": "500/run"},
    {"task": "distributed", "method": "lora", "model_size": "32B", "budget": "200/run"},
    {"task": "distributed", "gpu": "H100:8", "budget": "none"},
]  # fmt: skip


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=bake.ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed(command: str) -> list[list[str]]:
    """Return the table that a `gpu-plan` command prints, cell by cell, its head first."""
    arguments = shlex.split(command.partition(" gpu-plan ")[2])
    table = run(sys.executable, "-m", "planner", *arguments).split("\n\n", 1)[1]
    return [re.split(r" {2,}", line.strip()) for line in table.splitlines()]


@pytest.fixture(scope="module", autouse=True)
def opened(page: Page) -> None:
    page.open()


@pytest.mark.parametrize("answers", REQUESTS, ids=lambda answers: " ".join(answers.values()) or "default")
def test_the_page_shows_the_table_that_its_gpu_plan_command_prints(page: Page, answers: dict[str, str]) -> None:
    page.go(**answers)
    assert page.rows() == printed(page.text("[data-command='gpu-plan']"))


@pytest.mark.parametrize(
    "answers",
    [
        {"task": "batch", "dataset": "my rows.jsonl 10k rows", "project_name": "Bob's"},
        {"task": "finetune", "gpu": "L40S"},
    ],
    ids=["batch", "finetune"],
)
def test_its_cookiecutter_command_bakes_the_files_that_it_offers(
    page: Page, answers: dict[str, str], template: Path, tmp_path: Path
) -> None:
    page.go(**answers)
    command = shlex.split(page.text("[data-command='uvx cookiecutter']"))
    assert command[:4] == ["uvx", "cookiecutter", "gh:ORG/modal-gpu-template", "--no-input"]
    run(sys.executable, "-m", "cookiecutter", str(template), "--no-input", *command[4:], "-o", str(tmp_path))
    cruft = shlex.split(page.text("[data-command='cruft create']"))
    extra = json.loads(cruft[cruft.index("--extra-context") + 1])
    assert extra == dict(word.split("=", 1) for word in command[4:])
    (project,) = tmp_path.iterdir()
    for link in page.all("a.file"):
        name = str(link.get_attribute("download"))
        (baked,) = project.rglob(name) if name == "plan.py" else [project / name]
        offered = unquote(str(link.get_attribute("href")).partition(",")[2])
        assert drop_bake_only(baked.read_text(encoding="utf-8")) == offered


def drop_bake_only(text: str) -> str:
    """Return a baked file without the section that only the post-gen hook writes."""
    return text.partition("\n## Made with")[0]


def test_a_link_holds_the_answers(page: Page) -> None:
    page.go(model_id="Qwen/Qwen3-32B", budget="8/hour", concurrency="4")
    choice, link = page.text("#choice"), page.driver.current_url
    page.driver.get("about:blank")
    page.driver.get(link)
    assert page.settled().text("#choice") == choice
    assert page.find("#concurrency").get_attribute("value") == "4"
    fields = urlsplit(link)
    assert not fields.query  # what stands behind # is not sent to a server


def test_typing_plans_again_and_hides_what_does_not_apply(page: Page) -> None:
    page.go()
    assert page.find("#warm").is_displayed() and not page.find("#dataset").is_displayed()
    page.find("#task").send_keys("finetune")
    page.until(lambda: "LoRA" in page.text("#choice"))
    assert page.find("#dataset").is_displayed() and not page.find("#warm").is_displayed()
    assert page.find("#budget").get_attribute("value") == "20/run"
    assert "task=finetune" in page.driver.current_url


def test_a_slider_plans_again(page: Page) -> None:
    page.go(model_id="Qwen/Qwen3-32B")
    before = page.text("#memory")
    slider = page.find("#context_len-slider")
    slider.send_keys("\ue012" * 30)  # arrow left
    page.until(lambda: page.text("#memory") != before or page.find("#context_len").get_attribute("value") != "auto")
    typed = int(str(page.find("#context_len").get_attribute("value")))
    page.until(lambda: f"--context {typed} " in page.text("[data-command='gpu-plan']") + " ")
    assert 256 <= typed < 8192


def test_a_refusal_offers_its_ways_out(page: Page) -> None:
    page.go(model_id="Qwen/Qwen3-32B", gpu="T4")
    command = ("-m", "planner", "compare", "Qwen/Qwen3-32B", "--gpu", "T4", "--budget", "4/hour")
    said = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=bake.ROOT)
    assert said.returncode == 1
    assert said.stderr.strip() == f"error: {page.text('#refusal p')}"
    labels = [button.text for button in page.all("#refusal button")]
    assert len(labels) == 3
    for label in labels:
        page.go(model_id="Qwen/Qwen3-32B", gpu="T4")
        page.press(label)
        assert page.find("#result").is_displayed(), label


def test_an_unlisted_model_is_fetched_from_the_hub_only_when_asked(page: Page, hub_saw: list[str]) -> None:
    page.go(model_id=UNKNOWN)
    assert not page.find("#result").is_displayed()
    assert hub_saw == []
    page.press("Fetch its config.json")
    assert hub_saw == [f"/api/models/{UNKNOWN}", f"/{UNKNOWN}/resolve/{SHA}/config.json"]
    assert UNKNOWN in page.text("#choice")
    assert "weights 1.1" in page.text("#lines")  # 596,049,920 parameters of 2 bytes
    assert "--hub" in page.text("[data-command='gpu-plan']")


def test_a_pasted_config_is_read_as_a_folder_is(page: Page, tmp_path: Path) -> None:
    page.go(config=json.dumps(CONFIG), name="mine", quantization="none")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    command = page.text("[data-command='gpu-plan']").replace("./mine", str(tmp_path / "mine"))
    assert page.rows() == printed(command)
    page.go(config="{", name="mine")
    assert "is not JSON" in page.text("#refusal")


def test_heads_sort_the_table(page: Page) -> None:
    page.go()
    column = page.rows()[0].index("$/h")
    for direction in ("ascending", "descending"):
        next(head for head in page.all("#table th button") if head.text.startswith("$/h")).click()
        prices = [float(row[column]) for row in page.rows()[1:]]
        assert prices == sorted(prices, reverse=direction == "descending")
        assert page.all("#table th")[column].get_attribute("aria-sort") == direction


def test_every_field_has_a_name_and_the_page_fits_a_phone(page: Page) -> None:
    page.go()
    unnamed = """return [...document.querySelectorAll('input, select, textarea, button')].filter(
        e => !(e.labels?.length || e.textContent.trim() || e.ariaLabel)).map(e => e.outerHTML)"""
    assert page.js(unnamed) == []
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        assert page.js("return document.documentElement.scrollWidth") <= 375
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_aa(page: Page, scheme: str) -> None:
    """WCAG 2.1, 1.4.3: 4.5 to 1; every text against the nearest background that is not transparent."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page.go()
    colours = page.js("""
        const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
        const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
        return [...document.querySelectorAll('main *, header *, footer *')]
            .filter(e => !e.closest('svg') && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
            .map(e => [e.tagName, rgb(getComputedStyle(e).color).slice(0, 3), behind(e)])""")
    assert len(colours) > 50
    for tag, ink, paper in colours:
        light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (tag, ink, paper)


def luminance(colour: list[float]) -> float:
    """Relative luminance, as WCAG 2.1 defines it."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (value / 255 for value in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_was_typed_is_text_and_never_markup(page: Page) -> None:
    page.go(model_id="<img src=x onerror=document.title='markup'>")
    assert "<img" in page.text("#refusal") and not page.all("#refusal img")
    assert page.driver.title == "GPU plan for Modal"


def test_the_first_plan_comes_soon(page: Page) -> None:
    """A limit that a stall breaks, not a busy machine; the times are printed."""
    started = time.monotonic()
    page.open()
    took = time.monotonic() - started
    print(f"a warm load plans after {took:.1f} s")
    assert took < 30


def test_no_error_was_logged(page: Page) -> None:
    page.collect()
    assert page.console == []


def test_the_page_and_its_worker_ask_their_own_origin_alone(address: str, tmp_path: Path) -> None:
    log = tmp_path / "net.json"
    driver = open_browser(f"--log-net-log={log}")
    try:
        Page(driver, address).open(model_id="Qwen/Qwen3-32B", gpu="T4").go(model_size="32B")
    finally:
        driver.quit()
    asked = requests_of(log, address)
    assert {f"{address}planner.zip", f"{address}pyodide/pyodide.asm.wasm"} <= asked  # the worker's are among them
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()


def test_pyodide_of_another_origin_is_checked_against_its_hashes(page: Page, from_cdn: tuple[str, Path]) -> None:
    address, files = from_cdn
    page.visit(address)
    assert page.state() == "planned", page.text("#status")
    script = files / "pyodide.asm.mjs"
    script.write_bytes(script.read_bytes() + b"\n")
    page.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.visit(address)
    assert page.state() == "failed"
    assert page.text("#status").startswith("Python could not be loaded")


def test_an_older_link_with_a_count_of_its_own_still_asks_for_so_many_gpus(page: Page) -> None:
    page.open(model_id="Qwen/Qwen3-8B", gpu="H100", gpu_count="2", budget="none")
    assert page.find("#gpu").get_attribute("value") == "H100:2"
    assert page.text("#choice").startswith("2x H100, ")
