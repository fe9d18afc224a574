"""Looks at the live page in a real browser, wide and narrow, and takes pictures.

Usage: page_browser.py URL FOLDER
"""
import sys
import time

from playwright.sync_api import sync_playwright

url, folder = sys.argv[1:3]


def check(condition, what):
    if not condition:
        sys.exit(f"page: {what}")


def height(page):
    digits = "".join(c for c in page.inner_text("#height") if c.isdigit())
    return int(digits or "0")


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
    errors = []
    for name, width, rows, scheme in [
        ("page-desktop", 1280, 900, "light"), ("page-desktop-dark", 1280, 900, "dark"),
        ("page-phone", 390, 844, "light"),
    ]:
        page = browser.new_page(
            viewport={"width": width, "height": rows}, color_scheme=scheme,
            device_scale_factor=1 if width > 600 else 2)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.wait_for_selector(".providers article")
        first = height(page)
        deadline = time.monotonic() + 20
        while height(page) == first and time.monotonic() < deadline:
            page.wait_for_timeout(100)
        check(height(page) > first, "it does not update by itself")
        check(page.locator(".providers article").count() == 12, "not every provider is there")
        check(page.locator(".tile").count() == 6, "the tiles are not there")
        check("Garbage" in page.inner_text(".tiles"), "garbage that is paid for is not shown")
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth")
        check(overflow <= 0, f"{name}: {overflow} pixels wider than the window")
        page.screenshot(path=f"{folder}/{name}.png", full_page=width < 600)
        page.close()
    check(not errors, f"errors in the page: {errors}")
    browser.close()
