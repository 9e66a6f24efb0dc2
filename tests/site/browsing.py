"""A browser on the page, and what the page shows."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

PATIENCE = 90  # seconds for Python to load on a busy machine


def open_browser(*flags: str) -> webdriver.Chrome:
    """Return Debian's chromium with a log of its console."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1280,1600",
    ):
        options.add_argument(flag)
    for flag in ("--disable-background-networking", "--disable-component-update", "--no-first-run", *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))


class Page:
    """The page in a browser."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver, self.address = driver, address
        self.console: list[str] = []  # errors

    def open(self, **answers: str) -> Page:
        """Load the page anew with these answers in its address, and wait for a plan or a refusal."""
        self.visit(f"{self.address}#{urlencode(answers)}")
        assert self.state() != "failed", self.text("#status")
        return self

    def visit(self, address: str) -> None:
        """Load a page of any address anew, and wait until it has a plan, a refusal or a failure."""
        self.driver.get("about:blank")
        self.driver.get(address)
        self.settled()

    def go(self, **answers: str) -> Page:
        """Change the answers in the address of the loaded page, and wait."""
        script = """document.body.dataset.state = 'waiting';
            if (location.hash === '#' + arguments[0]) window.dispatchEvent(new HashChangeEvent('hashchange'));
            else location.hash = arguments[0];"""
        self.js(script, urlencode(answers) or "task=serve")
        return self.settled()

    def state(self) -> Any:
        busy = "document.getElementById('plan').hasAttribute('aria-busy')"
        return self.js(f"return {busy} ? null : document.body.dataset.state")

    def settled(self) -> Page:
        self.until(lambda: self.state() in ("planned", "refused", "failed"))
        self.collect()
        return self

    def until(self, true: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, self.text("#status")
            time.sleep(0.05)

    def collect(self) -> None:
        """Take the errors of the browser's console, which reading empties."""
        self.console += [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return str(self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector))

    def rows(self) -> list[list[str]]:
        """Return the cells of the table, the head first."""
        cells = "[...row.children].map(cell => cell.textContent)"
        return self.js(f"return [...document.querySelectorAll('#table tr')].map(row => {cells})")

    def press(self, label: str) -> Page:
        """Press the button that begins with a label, and wait for the next plan."""
        button = next(button for button in self.all("#refusal button") if button.text.startswith(label))
        self.js("document.body.dataset.state = 'waiting'")
        button.click()
        return self.settled()


def requests_of(log: Path, page: str) -> set[str]:
    """Return the URLs that a page and its workers asked for, from the network log of a browser that has ended."""
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return {params["url"] for params in asked if params["initiator"] == page.rstrip("/")}
