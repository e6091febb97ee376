// The page of the emulator. It asks, and shows the answers as text: nothing that came from a
// request is ever read as HTML, and a node whose content is the same is left alone, so that a
// video goes on playing and the focus stays where it is.
"use strict";

/** Milliseconds between two looks; longer where one takes long, so that a page that is left open
 *  keeps the emulator busy for a tenth of the time at most. */
const PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** After this many milliseconds without an answer, the emulator does not answer. */
const PATIENCE = 10_000;

const SHOWN = { callbacks: 50, charges: 50, notes: 50, requests: 100, videos: 6 };

const byId = (id) => document.getElementById(id);

/** Characters that are not seen, or change how others are: they are written out. */
const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

function visible(text) {
  return String(text).replace(UNSEEN, (character) => {
    const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `\u27e8U+${code}\u27e9`;
  });
}

function write(node, value) {
  const text = value === null || value === undefined ? "" : visible(value);
  if (node.textContent !== text) node.textContent = text;
  node.hidden = text === "";
}

function duration(milliseconds) {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.floor(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts.slice(first, first + 2).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** Makes a container show these items in this order, one copy of the template for each. A node
 *  is found again by its key and never moved, because a video that is moved stops. `stays` says of
 *  a node whose item is gone that it stays nevertheless. */
function show(name, items, key, fill, stays = () => false) {
  const container = byId(`${name}-list`);
  const known = new Map([...container.children].map((node) => [node.dataset.key, node]));
  const wanted = new Set(items.map(key));
  for (const [itsKey, node] of known) {
    if (!wanted.has(itsKey) && !stays(node)) node.remove();
  }
  let next = container.firstElementChild;
  for (const item of items) {
    const itsKey = key(item);
    let node = known.get(itsKey);
    while (next && next !== node && !wanted.has(next.dataset.key)) next = next.nextElementSibling;
    if (!node) {
      node = byId(name).content.firstElementChild.cloneNode(true);
      node.dataset.key = itsKey;
    }
    if (node === next) next = next.nextElementSibling;
    else container.insertBefore(node, next);
    const fields = [node, ...node.querySelectorAll("[data-field]")];
    fill(Object.fromEntries(fields.map((field) => [field.dataset.field, field])), item, node);
  }
  const empty = byId(`no-${name}s`);
  if (empty) empty.hidden = items.length > 0;
}

// Tasks and money.

function stateOf(task) {
  if (task.ended_ms === null) return "running";
  return task.error_code === null ? "completed" : "failed";
}

function showTasks(state) {
  // A reset gives the same ids again, at other times.
  const key = (task) => `${task.id}/${task.created_ms}`;
  show("task", state.tasks, key, (field, task, row) => {
    row.dataset.state = stateOf(task);
    write(field.prompt, task.prompt || "(no prompt)");
    write(field.id, task.id);
    write(field.external, task.external_task_id);
    write(field.model, task.model);
    write(field.status, task.status);
    write(field.error, task.error_code);
    field.progress.hidden = task.progress === null;
    field.progress.value = task.progress ?? 1;
    write(field.took, duration((task.ended_ms ?? state.elapsed_ms) - task.created_ms));
    write(field.price, task.price);
  });
}

function showCounts(state) {
  write(byId("elapsed"), duration(state.elapsed_ms));
  const { statistics } = state;
  for (const name of ["tasks_created", "creates_received", "queries_received", "artifacts_served"]) {
    write(byId(name.replace("_", "-")), statistics[name]);
  }
}

function showMoney(ledger) {
  write(byId("spent"), ledger.spent);
  write(byId("balance"), ledger.balance ?? "no limit");
  write(byId("charges"), ledger.charges.length);
  const twice = ledger.double_charges;
  write(byId("twice"), twice.length);
  byId("twice").parentElement.classList.toggle("wrong", twice.length > 0);
  const some = twice.slice(0, 10).map((double) => `${double.external_task_id} (${double.charges.length} charges)`);
  if (twice.length > some.length) some.push(`and ${twice.length - some.length} more`);
  const alarm = some.length > 0 ? `Charged more than once for one external task id: ${some.join(", ")}` : "";
  write(byId("charged-twice"), alarm);
  const doubled = new Set(twice.map((double) => double.external_task_id));
  const latest = ledger.charges.slice(-SHOWN.charges).reverse();
  show("charge", latest, (charge) => charge.task_id, (field, charge, row) => {
    row.classList.toggle("wrong", doubled.has(charge.external_task_id));
    write(field.task, charge.task_id);
    write(field.external, charge.external_task_id);
    write(field.request, charge.request_id);
    write(field.amount, charge.amount);
    write(field.refunded, charge.refunded_at === null ? "" : "refunded");
  });
}

// Videos.

/** The video that the page itself set in motion: one at a time, the newest, and none any more once
 *  somebody has stopped one. */
let own = null;
let plays = !matchMedia("(prefers-reduced-motion: reduce)").matches;

function playNewest() {
  const newest = byId("video-list").querySelector("video:not([data-failed])");
  // One that is still being rendered is waited for, so that at most one is.
  const waits = own && own.isConnected && own.readyState < 2 && !("failed" in own.dataset);
  if (!plays || !newest || newest === own || waits) return;
  const earlier = own;
  own = newest;
  earlier?.pause();
  // Where the browser does not let it play, there are the controls.
  newest.play().catch(() => {});
}

function showVideos(state) {
  const completed = state.tasks.filter((task) => task.video !== null).slice(0, SHOWN.videos);
  const key = (task) => `${task.id}/${task.created_ms}`;
  const isWatched = (node) =>
    node.contains(document.activeElement) || !node.querySelector("video").paused;
  // One that is watched stays, unless a reset has taken its task away.
  const exists = new Set(state.tasks.map(key));
  const stays = (node) => isWatched(node) && exists.has(node.dataset.key);
  const fill = (field, task) => {
    write(field.prompt, task.prompt || "(no prompt)");
    write(field.id, task.id);
    write(field.size, `${task.width}\u00d7${task.height}, ${task.seconds}\u00a0s`);
    const { video, problem } = field;
    if (video.dataset.known) return;
    video.dataset.known = "yes";
    video.src = `_emulator/${task.video}`;
    // A clone of a template has the attribute, and not what it stands for.
    video.muted = true;
    video.setAttribute("aria-label", `Video: ${visible(task.prompt)}`);
    write(problem, "");
    video.addEventListener("waiting", () => write(problem, "is being rendered"));
    video.addEventListener("playing", () => write(problem, ""));
    video.addEventListener("pause", () => {
      if (video === own && video.isConnected && !document.hidden) plays = false;
    });
    video.addEventListener("error", () => {
      video.dataset.failed = "yes";
      write(problem, `cannot be played: ${video.error?.message || "unknown reason"}`);
    });
  };
  show("video", completed, key, fill, stays);
  playNewest();
}

// Requests, rules and notes.

function answerOf(request) {
  if (request.status !== null) return request.status;
  // The status of a video is known when it is rendered.
  return request.scope === "artifact" && request.fault === null ? "rendering" : "no answer";
}

function showRequests(requests) {
  const latest = requests.slice(-SHOWN.requests).reverse();
  const key = (request) => `${request.number}/${request.elapsed_ms}`;
  show("request", latest, key, (field, request, row) => {
    const { fault } = request;
    row.classList.toggle("faulty", fault !== null);
    row.classList.toggle("refused", fault === null && request.status >= 400);
    write(field.at, duration(request.elapsed_ms));
    write(field.method, request.method);
    write(field.target, request.target);
    write(field.task, request.scope === "create" ? request.task : "");
    write(field.fault, sentenceOf(fault));
    write(field.answer, answerOf(request));
  });
}

function sentenceOf(fault) {
  return fault && `fault ${fault.fault}, by rule ${fault.rule}: ${fault.why}`;
}

/** `"lost"`, or one of `{ answered: 200 }`, `{ blocked: why }`, `{ failed: why }`. */
function outcomeOf(outcome) {
  if (typeof outcome === "string") return outcome;
  return Object.entries(outcome).map(([what, how]) => `${what}: ${how}`).join(", ");
}

function showCallbacks(callbacks) {
  const latest = callbacks.slice(-SHOWN.callbacks).reverse();
  const numbered = latest.map((callback, index) => ({ callback, key: String(latest.length - index) }));
  show("callback", numbered, ({ key }) => key, (field, { callback }) => {
    write(field.outcome, outcomeOf(callback.outcome));
    write(field.task, callback.task);
    write(field.attempt, `attempt ${callback.attempt}, at ${duration(callback.elapsed_ms)}`);
    write(field.fault, sentenceOf(callback.fault));
  });
}

function showScenario({ rules }) {
  const numbered = rules.map((rule, index) => ({ ...rule, index }));
  show("rule", numbered, ({ index }) => String(index), (field, { rule, seen, applied }) => {
    const { fault, ...rest } = rule;
    write(field.fault, fault);
    write(field.rest, Object.entries(rest).map(([name, value]) => `${name} ${value}`).join(", "));
    write(field.counts, `applied to ${applied} of ${seen} requests that it is for`);
  });
}

function showNotes({ notes }) {
  const latest = notes.slice(-SHOWN.notes).reverse();
  const numbered = latest.map((note, index) => ({ note, key: String(latest.length - index) }));
  show("note", numbered, ({ key }) => key, (field, { note }) => write(field.note, note));
}

// What changes things is typed elsewhere: the page has the lines, and no button for them.

function showCommands() {
  const { origin } = location;
  write(byId("base-url"), origin);
  const json = "-H 'content-type: application/json'";
  const rule = '{"rules": [{"fault": "commit_then_drop", "scope": "create", "count": 1}]}';
  const commands = [
    ["Set a scenario", `curl ${json} -d '${rule}' ${origin}/_emulator/scenario`],
    ["Take the scenario away", `curl -X DELETE ${json} ${origin}/_emulator/scenario`],
    ["Let the clock jump a minute", `curl ${json} -d '{"advance_ms": 60000}' ${origin}/_emulator/clock`],
    ["Complete a task by hand", `curl ${json} -d '{"complete": {"id": "ID"}}' ${origin}/_emulator/tasks`],
    ["Start anew", `curl -X POST ${json} ${origin}/_emulator/reset`],
  ];
  show("command", commands, ([title]) => title, (field, [title, line]) => {
    write(field.title, title);
    write(field.line, line);
    field.copy.setAttribute("aria-label", `Copy: ${title}`);
    field.copy.addEventListener("click", () => copy(field.copy, field.line));
  });
}

async function copy(button, line) {
  // The selection is what is left where the clipboard is out of reach.
  getSelection().selectAllChildren(line);
  try {
    await navigator.clipboard.writeText(line.textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

// Looking.

async function ask(name) {
  const response = await fetch(`_emulator/${name}`, { signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw new Error(`it answered ${response.status} to ${name}`);
  return response.json();
}

function connected(state, text) {
  document.body.dataset.connection = state;
  write(byId("connection"), text);
}

function problemOf(error) {
  // `fetch` fails with a TypeError where there is no connection.
  if (error instanceof TypeError) return "nothing listens there";
  return error.name === "TimeoutError" ? `no answer within ${PATIENCE / 1000} s` : error.message;
}

async function look() {
  let answers;
  try {
    answers = await Promise.all(["state", "ledger", "requests", "callbacks", "scenario"].map(ask));
  } catch (error) {
    const problem = problemOf(error);
    connected("lost", `Does not answer (${problem}). What you see is how it was; it is asked again and again.`);
    return;
  }
  const [state, ledger, requests, callbacks, scenario] = answers;
  connected("live", "Live");
  showCounts(state);
  showMoney(ledger);
  showTasks(state);
  showVideos(state);
  showRequests(requests);
  showCallbacks(callbacks);
  showScenario(scenario);
  showNotes(state);
}

let looking = false;
let timer;

async function lookOn() {
  clearTimeout(timer);
  if (looking) return;
  if (document.hidden) {
    connected("paused", "Paused while this tab is hidden");
    return;
  }
  looking = true;
  const began = performance.now();
  try {
    await look();
  } finally {
    looking = false;
    const took = performance.now() - began;
    timer = setTimeout(lookOn, Math.min(Math.max(PAUSE, 9 * took), LONGEST_PAUSE));
  }
}

showCommands();
document.addEventListener("visibilitychange", lookOn);
lookOn();
