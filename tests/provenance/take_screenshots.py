"""Take the screenshots of docs/serve.md: `python tests/provenance/take_screenshots.py`.

Needs Chromium (Debian: chromium) and playwright. The patient is made up.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import uvicorn

from predictor.service.app import create_app

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

TYPED = {
    "Anti-dsDNA antibodies": "60",
    "Complement C3": "0.62",
    "Complement C4": "9",
    "C-reactive protein": "8",
    "Platelets": "210",
}


def main() -> None:
    """Fill in the form of the shipped model and photograph it and its answer."""
    # Not among what the tests need, and pytest looks into every file here for examples.
    from playwright.sync_api import sync_playwright

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(create_app(["remission", "relapse"]), access_log=False, log_level="warning")
    )
    threading.Thread(target=server.run, args=([listener],), daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    with sync_playwright() as library:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = library.chromium.launch(executable_path="/usr/bin/chromium", args=root)
        page = browser.new_page(viewport={"width": 900, "height": 600}, color_scheme="light")
        page.goto(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        page.locator("#patient").fill("P07")
        for label, text in TYPED.items():
            page.get_by_label(label, exact=True).fill(text)
        page.get_by_label("Unit of Complement C3").select_option("g/L")
        page.screenshot(path=IMAGES / "serve_form.png", full_page=True)
        page.get_by_role("button", name="Predict").click()
        page.wait_for_load_state("load")
        page.screenshot(path=IMAGES / "serve_answer.png", full_page=True)
        browser.close()
    server.should_exit = True


if __name__ == "__main__":
    main()
