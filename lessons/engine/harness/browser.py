"""A real browser, driven by Playwright: the Chrome, Edge or Chromium that this machine has. Nothing pops up."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from .machine import is_bare

BY_HAND = "No browser was found. Look by hand: make run, then open http://127.0.0.1:8000/ and try it."


class NoBrowser(Exception):
    """There is no Playwright, or no browser that it can drive."""


@contextmanager
def open_browser() -> Iterator:
    """Start the browser; raises NoBrowser."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoBrowser from None
    with sync_playwright() as playwright:
        for options in candidates():
            try:
                browser = playwright.chromium.launch(**options)
            except Error:
                continue
            yield browser
            browser.close()
            return
        raise NoBrowser


def process_of(browser) -> int:
    """Return the number of a browser's first process. It leads a group of its own, and is no child of ours."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return next(process["id"] for process in processes if process["type"] == "browser")


def candidates() -> Iterator[dict]:
    """Ways to start a browser: one on the PATH (as Linux has it), then the Chrome or Edge that Playwright finds."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    args = quiet + (["--no-sandbox"] if root else [])  # Chromium refuses to run as root with its sandbox
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            yield {"executable_path": path, "args": args}
    for channel in () if is_bare() else ("chrome", "msedge"):
        yield {"channel": channel, "args": args}
