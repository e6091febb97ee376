"""A page in a headless Chromium, looked at as a person would."""

import base64
import json
import os
import sys
import time

from selenium import webdriver

# Seconds: nothing here takes as long unless it is broken.
PATIENCE = 30


class Wrong(Exception):
    """What is not as it should be."""


def expect(holds, sentence):
    if not holds:
        raise Wrong(sentence)


class Page:
    """The page in the browser."""

    def __init__(self, driver):
        self.driver = driver

    def run(self, script, *arguments):
        return self.driver.execute_script(f"return (() => {{ {script} }})()", *arguments)

    def value(self, expression):
        return self.run(f"return {expression}")

    def wait(self, sentence, expression):
        """Waits until the expression is neither null nor false, and gives it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.value(expression)
            if found:
                return found
            time.sleep(0.05)
        raise Wrong(f"{sentence}: not within {PATIENCE} s")

    def problems(self):
        """What the browser complained of since the last time; what comes at every look, once."""
        return list(dict.fromkeys(entry["message"] for entry in self.driver.get_log("browser")))

    def requested(self):
        """The URLs that it asked for since the last time."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [params["request"]["url"] for params in sent]

    def looks_right(self, folder, name, sizes):
        """Takes screenshots of the whole page at these sizes, in light and dark."""
        for width, height in sizes:
            for scheme in ["light", "dark"]:
                self.be(width, height, scheme)
                over = self.value("document.documentElement.scrollWidth - innerWidth")
                expect(over <= 0, f"at {width} pixels the page is {over} too wide")
                whole = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
                shot = self.driver.execute_cdp_cmd(
                    "Page.captureScreenshot",
                    {"format": "png", "captureBeyondViewport": True, "clip": {**whole, "width": width, "scale": 1}},
                )
                (folder / f"{name}{width}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
                red = self.value("+getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]")
                expect((red < 128) == (scheme == "dark"), f"in {scheme} the ground has {red} of red")

    def be(self, width, height, scheme):
        """Shows itself on a screen of this size, to somebody who prefers this scheme."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.run("scrollTo(0, 0)")
        time.sleep(0.5)


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.add_argument("--headless=new")
    # The shared memory of a container is often too small for it.
    options.add_argument("--disable-dev-shm-usage")
    if os.geteuid() == 0:
        # Chromium has no sandbox for root.
        options.add_argument("--no-sandbox")
    # There is no mouse, but what a mouse does is tried.
    options.add_argument("--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def run(name, kind, look):
    """Looks at a page; gives the exit code, and says what is wrong or what `look` says at the end."""
    driver = browser()
    page = kind(driver)
    try:
        said = look(page)
    except Wrong as wrong:
        print(f"{name}: {wrong}", *page.problems(), sep="\n  ", file=sys.stderr)
        return 1
    finally:
        driver.quit()
    print(f"{name}: {said}")
    return 0
