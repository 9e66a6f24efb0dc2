"""Take README's picture of the page, docs/page.png, from the page that `make site OFFLINE=1` built.

PYTHONPATH=tests .venv-site/bin/python tests/site/picture.py
"""

from __future__ import annotations

from functools import partial

from browsing import Page, open_browser
from conftest import DIST, Quiet, served

PICTURE = DIST.parents[1] / "docs" / "page.png"
SIZE = (1100, 1037)  # pixels of the picture


def main() -> None:
    driver = open_browser()
    try:
        with served(partial(Quiet, directory=str(DIST))) as address:
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False},
            )
            Page(driver, address).open(task="serve")
            PICTURE.write_bytes(driver.get_screenshot_as_png())
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
