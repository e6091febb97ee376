"""Makes videos with the program, and looks at their gallery in a headless Chromium.

Usage: gallery.py BASE_URL FOLDER KIRIN, with an emulator that `cargo run --example page` serves, and
the program. Screenshots go to the folder, and the videos with their page to `gallery` in it. Ends
with 1 and one sentence where the page is not as it should be.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from browser import Page, expect, run
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

# Would do something if it were read as HTML, and turns the text around.
HOSTILE = "<img src=x onerror=window.ran=1></p><script>window.ran=1</script> a fox \u202e\u0007 & 'a' \"crow\""
HOSTILE_SHOWN = HOSTILE.replace("\u202e", "U+202E").replace("\u0007", "U+0007")
LONG = (
    "A long slow shot over a city at first light: rain has stopped, the tram wires still drip, a baker opens "
    "his shutters, and the camera follows a paper boat down the gutter, under a parked bicycle, past a "
    "sleeping dog, until it reaches the canal. "
) * 9

WIDE, TALL, SQUARE = "16:9", "9:16", "1:1"
VIDEOS = [
    ("a paper boat on a rainy street", WIDE, "5", "std"),
    ("a fox crosses a frozen lake at dusk, seen from far above", WIDE, "10", "pro"),
    ("a dancer turns in an empty theatre", TALL, "5", "pro"),
    ("steam over a cup of tea, macro", SQUARE, "5", "std"),
    ("\u96e8\u7684\u8857\u9053\u4e0a\u4e00\u53ea\u7eb8\u8239\uff0c\u9713\u8679\u706f\u5012\u5f71", WIDE, "5", "pro"),
    ("\u0642\u0627\u0631\u0628 \u0648\u0631\u0642\u064a \u0641\u064a \u0634\u0627\u0631\u0639 \u0645\u0645\u0637\u0631", SQUARE, "5", "std"),
    (HOSTILE, WIDE, "5", "std"),
    (LONG[:2400], WIDE, "10", "std"),
    ("neon rain, vertical", TALL, "5", "std"),
    ("a lighthouse in a storm", TALL, "10", "pro"),
    ("waves, slow motion", WIDE, "5", "pro"),
    ("an astronaut \U0001f469\u200d\U0001f680 waters a plant", SQUARE, "10", "std"),
    ("a tram in the snow, seen from above", WIDE, "5", "std"),
    ("first scene:\na door opens\nsecond scene:\nthe sea", WIDE, "5", "std"),
    ("-a prompt that begins with a dash", SQUARE, "5", "pro"),
    ("a crow over the harbour", WIDE, "10", "pro"),
    ("Zebra stripes turning into a barcode", TALL, "5", "std"),
    ("an" + "x" * 120 + "unbroken word", WIDE, "5", "std"),
    ("candles being lit, one after the other", SQUARE, "5", "std"),
]
# A file that the ledger does not know, under a name that is hard to write as a URL.
STRANGER = "a #1? 100% \"<b>\" & video.mp4"


class Gallery(Page):
    """The gallery in the browser."""

    def shown(self):
        return self.value("[...document.querySelectorAll('.card')].filter((card) => !card.hidden).length")

    def prompts(self):
        return self.value("[...document.querySelectorAll('.card:not([hidden]) .prompt')].map((it) => it.textContent)")

    def searches(self, text):
        field = self.driver.find_element("id", "search")
        field.clear()
        field.send_keys(text, " ")
        return self.shown()

    def sorts(self, order):
        self.run(
            f"const sort = document.querySelector('#sort'); sort.value = '{order}';"
            " sort.dispatchEvent(new Event('input'))"
        )


def make(kirin, base_url, folder):
    """Generates the videos, and gives the path of their page."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "videos").mkdir(parents=True)
    environment = {**os.environ, "KIRIN_API_KEY": "any", "KIRIN_LEDGER": str(folder / "ledger.sqlite3")}

    def call(*arguments):
        done = subprocess.run(
            [kirin, *arguments], env=environment, cwd=folder / "videos", capture_output=True, text=True, timeout=120
        )
        expect(done.returncode == 0, f"kirin {arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def generate(video):
        prompt, ratio, seconds, mode = video
        options = ["--aspect-ratio", ratio, "--duration", seconds, "--mode", mode, "--base-url", base_url, "--quiet"]
        return call("generate", *options, f"--prompt={prompt}")

    with ThreadPoolExecutor(5) as pool:
        paths = list(pool.map(generate, VIDEOS))
    shutil.copy(folder / "videos" / paths[8].strip(), folder / "videos" / STRANGER)
    written = json.loads(call("gallery", "--title", "Twenty <i>videos</i>", "--json"))
    expect((written["videos"], written["known"]) == (20, 19), f"kirin gallery says {written}")
    return folder / "videos" / written["path"], written["cost"]


def every_video_is_there(page):
    ready = "[...document.querySelectorAll('video')].every((video) => video.readyState >= 1)"
    page.wait("every video is ready", ready)
    expect(page.shown() == 20, f"{page.shown()} videos are shown")
    wrong = page.value(
        "[...document.querySelectorAll('video')].filter((video) => {"
        " const box = video.getBoundingClientRect();"
        " return Math.abs(box.width / box.height - video.videoWidth / video.videoHeight) > 0.02;"
        "}).length"
    )
    expect(wrong == 0, f"{wrong} boxes have another shape than their video")


def nothing_moves_when_the_videos_load(page):
    before, after = page.value("[window.before, boxes()]")
    expect(len(after) == 20 and before == after, f"boxes moved from {before} to {after}")


def every_video_plays(page):
    for place in range(20):
        video = f"document.querySelectorAll('video')[{place}]"
        page.run(f"{video}.focus()")
        page.wait(f"video {place} plays with the focus", f"{video}.currentTime > 0.1 && !{video}.paused")
    page.run("document.querySelectorAll('video')[19].focus()")
    for key, paused in [(Keys.SPACE, "true"), (Keys.ENTER, "false")]:
        ActionChains(page.driver).send_keys(key).perform()
        page.wait("a key stops and starts a video", f"document.activeElement.paused === {paused}")
    page.run("document.activeElement.blur()")
    page.wait("the last one rests", "[...document.querySelectorAll('video')].every((video) => video.paused)")
    first = page.driver.find_element("css selector", "video")
    ActionChains(page.driver).move_to_element(first).perform()
    page.wait("a video plays under the pointer", "!document.querySelector('video').paused")
    away = page.driver.find_element("css selector", "h1")
    ActionChains(page.driver).move_to_element(away).perform()
    page.wait("and rests without", "document.querySelector('video').paused")


def nothing_is_read_as_html(page):
    prompts = page.prompts()
    expect(HOSTILE_SHOWN in prompts, f"the prompt is shown otherwise: {prompts}")
    expect(STRANGER in prompts, f"the file without an entry is shown otherwise: {prompts}")
    title = page.value("[document.title, document.querySelector('h1').textContent]")
    expect(title == ["Twenty <i>videos</i>"] * 2, f"the title is {title}")
    expect(page.value("window.ran === undefined"), "a script in a prompt ran")
    expect(page.value("document.querySelectorAll('img, i, main script').length") == 0, "a text became HTML")


def search_and_sort(page):
    for text, found in [("paper boat", 2), ("RAIN", 3), ("\u7eb8\u8239", 1), ("no such video", 0), ("#1? 100%", 1)]:
        shown = page.searches(text)
        expect(shown == found, f"a search for {text!r} shows {shown} videos")
    expect(page.value("document.querySelector('#found').textContent") == "1 of 20", "the count is not said")
    page.searches("")
    newest = page.prompts()
    page.sorts("cost")
    costs = page.value("[...document.querySelectorAll('.card')].map((card) => Number(card.dataset.cost || -1))")
    expect(costs == sorted(costs, reverse=True) and costs[0] == 0.7, f"by cost: {costs}")
    page.sorts("prompt")
    prompts = page.prompts()
    expect(prompts.index("Zebra stripes turning into a barcode") > prompts.index("waves, slow motion"), f"{prompts}")
    page.sorts("newest")
    expect(page.prompts() == newest, "the first order does not come back")


def copying(page):
    granted = {"permission": {"name": "clipboard-write"}, "setting": "granted"}
    page.driver.execute_cdp_cmd("Browser.setPermission", granted)
    page.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    card = "[...document.querySelectorAll('.card')].find((card) => card.textContent.includes('onerror'))"
    page.run(f"{card}.querySelector('details').open = true")
    for what, text in [
        ("prompt", HOSTILE.replace("\u202e", "").replace("\u0007", "")),
        ("command", page.value(f"{card}.querySelector('pre').textContent")),
    ]:
        page.run(f"{card}.querySelector('[data-copy={what}]').click()")
        page.wait(f"the {what} is copied", f"window.copied === {json.dumps(text)}")
    # A shell reads from the command what was asked for, to the last character.
    words = subprocess.run(
        ["bash", "-c", f"kirin() {{ printf '%s\\0' \"$@\"; }}; {text}"], capture_output=True, check=True
    ).stdout.decode()
    expect(words.split("\0")[-2] == HOSTILE, f"the command is read as {words!r}")
    page.run(f"{card}.querySelector('details').open = false")


def tab_reaches_everything(page):
    page.run("document.querySelector('#search').focus()")
    reached = []
    for _ in range(12):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        name, outline = page.run(
            "const focused = document.activeElement; return [focused.localName, getComputedStyle(focused).outlineStyle]"
        )
        expect(outline != "none", f"the focus on a {name} is not seen")
        reached.append(name)
    expect({"select", "video", "summary"} <= set(reached), f"Tab reaches {reached}")


def it_reads_well_without_a_script(page, url, folder):
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    page.driver.get(url)
    time.sleep(1)
    shot = page.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    (folder / "gallery-without-script.png").write_bytes(base64.b64decode(shot["data"]))
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    tools = page.value("document.querySelector('#tools').checkVisibility()")
    buttons = page.value("document.querySelector('[data-copy]').checkVisibility()")
    expect(not tools and not buttons, "without a script there are controls that do nothing")
    controls = page.value("document.querySelectorAll('video[controls]').length")
    expect(controls == 20, f"without a script {controls} videos can be played")


def look(page, file, cost, folder):
    url = file.as_uri()
    observe = (
        "const boxes = () => [...document.querySelectorAll('video')].map((video) => {"
        " const { x, y, width, height } = video.getBoundingClientRect(); return [x, y, width, height]; });"
        "document.addEventListener('DOMContentLoaded', () => { window.before = boxes(); });"
    )
    page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": observe})
    page.be(1400, 1000, "light")
    page.driver.get(url)
    every_video_is_there(page)
    nothing_moves_when_the_videos_load(page)
    summary = page.value("document.querySelector('.summary').textContent")
    expect("20 videos" in summary and f"{cost} USD" in summary, f"the head says {summary!r}")
    nothing_is_read_as_html(page)
    search_and_sort(page)
    copying(page)
    tab_reaches_everything(page)
    every_video_plays(page)
    page.looks_right(folder, "gallery-", [(1400, 1000), (360, 780), (2560, 1440)])
    it_reads_well_without_a_script(page, url, folder)
    elsewhere = [url for url in page.requested() if not url.startswith(("file:", "data:"))]
    expect(not elsewhere, f"the page asks for {elsewhere}")
    problems = page.problems()
    expect(not problems, f"the browser complains: {problems}")


def main():
    base_url, folder, kirin = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    folder.mkdir(parents=True, exist_ok=True)

    def make_and_look(page):
        file, cost = make(kirin, base_url, folder / "gallery")
        look(page, file, cost, folder)
        return f"20 videos play; screenshots are in {folder}"

    return run("gallery", Gallery, make_and_look)


sys.exit(main())
