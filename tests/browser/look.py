"""Looks at the emulator's page in a headless Chromium, as a person would.

Usage: look.py BASE_URL FOLDER, with an emulator that `cargo run --example page` serves. Screenshots
go to the folder. Ends with 1 and one sentence where the page is not as it should be.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from browser import PATIENCE, Page, expect, run
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

# A prompt that would do something if it were read as HTML, and turns the text around.
PROMPT = "<img src=x onerror=window.ran=1><script>window.ran=1</script> a fox \u202e\u0007 & a crow"
PROMPT_SHOWN = PROMPT.replace("\u202e", "\u27e8U+202E\u27e9").replace("\u0007", "\u27e8U+0007\u27e9")


class EmulatorPage(Page):
    """The page of the emulator."""

    def row(self, list_name, text):
        """An expression for the row of a list in which this text stands."""
        rows = f"[...document.querySelectorAll('#{list_name}-list > *')]"
        return f"{rows}.find((row) => row.textContent.includes({json.dumps(text)}))"

    def sees_itself_live(self):
        text = "document.querySelector('#connection').textContent"
        self.wait("the page says that it is live", f"{text} === 'Live'")


class Emulator:
    """The API, as a client uses it."""

    def __init__(self, base_url):
        self.base_url = base_url

    def call(self, path, body=None, method=None):
        request = urllib.request.Request(
            self.base_url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer any", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def create(self, **params):
        body = {"model": "kirin_v2_5_turbo_t2v", "input": [{"params": params}]}
        return self.call("/model/v1/generation", body)

    def query(self, task_id):
        return self.call(f"/model/v1/generation/task/{task_id}")


def a_task_moves_to_completed(page, emulator):
    task_id = emulator.create(prompt=PROMPT, external_task_id="order-1")["id"]
    row = page.row("task", task_id)
    page.wait("a task that was created is running", f"{row}?.dataset.state === 'running'")
    page.wait("a task says a progress", f"{row}.querySelector('progress').value > 0.05")
    first = page.value(f"{row}.querySelector('progress').value")
    page.wait("the progress moves", f"{row}.querySelector('progress').value > {first}")
    page.run(f"Object.assign({row}, {{ marked: true }})")
    page.wait("the task completes", f"{row}.dataset.state === 'completed'")
    expect(page.value(f"{row}.marked === true"), "the row of a task was built again")
    status = page.value(f"{row}.querySelector('.status').textContent")
    expect(status == "completed", f"the status word is {status!r}")
    return task_id


def nothing_in_a_prompt_is_read_as_html(page, task_id):
    for name in ["task", "video"]:
        shown = page.value(f"{page.row(name, task_id)}.querySelector('.prompt').textContent")
        expect(shown == PROMPT_SHOWN, f"the prompt in the {name} list is {shown!r}")
    expect(page.value("window.ran === undefined"), "a script in a prompt ran")
    images = page.value("document.querySelectorAll('img, main script').length")
    expect(images == 0, "a prompt became HTML")


def the_video_plays(page, task_id):
    video = f"{page.row('video', task_id)}?.querySelector('video')"
    page.wait("the video plays by itself", f"{video}?.currentTime > 0")
    page.run(f"Object.assign({video}, {{ marked: true }})")
    first = page.value(f"{video}.currentTime")
    page.wait("currentTime advances", f"{video}.currentTime > {first} + 0.5")
    state = page.run(
        f"const video = {video}; return [video.marked, video.paused, video.readyState,"
        " video.videoWidth, video.videoHeight, video.getVideoPlaybackQuality().totalVideoFrames]"
    )
    marked, paused, ready, width, height, frames = state
    expect(marked is True, "the video was built again while it played")
    expect(not paused and ready >= 2, f"paused {paused}, readyState {ready}")
    expect((width, height) == (448, 252), f"the video is {width}x{height}")
    expect(frames > 5, f"{frames} frames were decoded")
    print(f"page: the video plays, readyState {ready}, {frames} frames decoded")


def a_request_with_a_fault_is_marked(page, emulator, task_id):
    expect(page.value("!document.querySelector('.faulty')"), "a request is marked without a fault")
    rule = {"fault": "rate_limited", "scope": "query", "nth": 1, "retry_after": 1}
    emulator.call("/_emulator/scenario", {"rules": [rule]})
    page.wait("the scenario is shown", page.row("rule", "rate_limited"))
    expect("error" in emulator.query(task_id), "the fault did not happen")
    emulator.query(task_id)
    page.wait("both requests are listed", "document.querySelectorAll('#request-list > *').length >= 3")
    faulty = page.value("[...document.querySelectorAll('#request-list > .faulty')].map((row) => row.textContent)")
    expect(len(faulty) == 1, f"marked are {faulty}")
    for part in ["fault rate_limited, by rule 0: request 1 of", task_id, "429"]:
        expect(part in faulty[0], f"the marked request does not say {part!r} but {faulty[0]!r}")


def a_double_charge_cannot_be_overlooked(page, emulator):
    alarm = "document.querySelector('#charged-twice')"
    expect(page.value(f"{alarm}.hidden"), "there is an alarm without a double charge")
    emulator.create(prompt="a paper boat on a rainy street", external_task_id="order-1")
    page.wait("there is an alarm", f"{alarm}.checkVisibility() && {alarm}.textContent.includes('order-1 (2 charges)')")
    spent = page.value("document.querySelector('#spent').textContent")
    expect(spent == emulator.call("/_emulator/ledger")["spent"], f"spent is {spent!r}")


def to_look_leaves_no_trace(emulator, queries):
    counted = emulator.call("/_emulator/state")["statistics"]
    expect(counted["queries_received"] == queries, f"queries were counted: {counted}")
    expect(counted["artifacts_served"] == 0, f"videos were counted: {counted}")
    targets = [request["target"] for request in emulator.call("/_emulator/requests")]
    others = [target for target in targets if not target.startswith("/model/")]
    expect(not others, f"what the page asked for is in the log: {others}")


def tab_reaches_the_controls(page):
    page.run("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        name, outline = page.run(
            "const focused = document.activeElement;"
            " const outlined = focused.closest('figure') ?? focused;"
            " return [focused.localName, getComputedStyle(outlined).outlineStyle]"
        )
        if name == "body":
            break
        expect(outline != "none", f"the focus on a {name} is not seen")
        reached.add(name)
    missing = {"summary", "div", "video", "button", "pre"} - reached
    expect(not missing, f"Tab does not reach {missing}")
    page.run("document.querySelector('button').focus()")
    time.sleep(1.5)
    expect(page.value("document.activeElement.localName") == "button", "the focus was lost")


def it_looks_right(page, emulator, folder):
    # One task that failed, and one that is running, which is called back about in vain.
    emulator.create(prompt="a crow over the harbour", external_task_id="fails")
    time.sleep(2)
    emulator.create(prompt="a tram in the snow, seen from above", callback_url="http://10.0.0.1/called")
    page.wait("a failed task says why", f"{page.row('task', '002011095')}?.dataset.state === 'failed'")
    page.wait("the attempt to call back is shown", page.row("callback", "blocked"))
    page.run("document.activeElement.blur()")
    page.looks_right(folder, "", [(1400, 1000), (375, 812)])


def it_rests_while_it_is_hidden(page):
    # No tab of a headless browser is hidden, so it is only told so.
    for hidden, state in [("true", "paused"), ("false", "live")]:
        page.run(
            f"Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }});"
            " document.dispatchEvent(new Event('visibilitychange'))"
        )
        page.wait(f"the page is {state}", f"document.body.dataset.connection === '{state}'")


def it_says_when_nobody_answers(page):
    for offline, state in [(True, "lost"), (False, "live")]:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        page.driver.execute_cdp_cmd("Network.enable", {})
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
        page.wait(f"the page is {state}", f"document.body.dataset.connection === '{state}'")


def no_html_can_be_made_from_text(page):
    refused = page.run("try { document.body.innerHTML = '<b>'; } catch (error) { return error.name; }")
    expect(refused == "TypeError", "the policy lets a script write HTML")


def look(page, emulator, folder):
    page.driver.get(emulator.base_url)
    page.sees_itself_live()
    task_id = a_task_moves_to_completed(page, emulator)
    the_video_plays(page, task_id)
    nothing_in_a_prompt_is_read_as_html(page, task_id)
    a_request_with_a_fault_is_marked(page, emulator, task_id)
    a_double_charge_cannot_be_overlooked(page, emulator)
    to_look_leaves_no_trace(emulator, queries=2)
    tab_reaches_the_controls(page)
    it_looks_right(page, emulator, folder)
    it_rests_while_it_is_hidden(page)
    problems = page.problems()
    expect(not problems, f"the browser complains: {problems}")
    # From here on it has reason to complain.
    it_says_when_nobody_answers(page)
    no_html_can_be_made_from_text(page)


def main():
    base_url, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)

    def look_at_it(page):
        look(page, Emulator(base_url), folder)
        return f"all is well; screenshots are in {folder}"

    return run("page", EmulatorPage, look_at_it)


sys.exit(main())
