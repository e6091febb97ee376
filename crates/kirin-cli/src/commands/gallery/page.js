
// The page reads well without this; it adds search, sorting, playing under the pointer and copying.
"use strict";

const list = document.getElementById("videos");
const cards = [...list.children];
const words = new Map(cards.map((card) => [card, normal(card.textContent)]));
const promptOf = (card) => card.querySelector(".prompt");

function normal(text) {
  return text.normalize("NFKC").toLowerCase();
}

// Search: each word must stand somewhere in a card.
const search = document.getElementById("search");
search.addEventListener("input", () => {
  const wanted = normal(search.value).split(/\s+/).filter(Boolean);
  const shown = cards.filter((card) => {
    card.hidden = !wanted.every((word) => words.get(card).includes(word));
    return !card.hidden;
  });
  const found = document.getElementById("found");
  found.textContent = wanted.length > 0 ? `${shown.length} of ${cards.length}` : "";
});

// Sort: the cards come in the order of the newest, and equal ones keep it.
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const cost = (card) => (card.dataset.cost === "" ? -1 : Number(card.dataset.cost));
const orders = {
  newest: () => 0,
  cost: (one, other) => cost(other) - cost(one),
  prompt: (one, other) => collator.compare(promptOf(one).textContent, promptOf(other).textContent),
};
const sort = document.getElementById("sort");
sort.addEventListener("input", () => list.append(...[...cards].sort(orders[sort.value])));
document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());

// A video plays under the pointer, which brings its controls, and with the focus, which does not: Tab
// would have to pass them all.
const canHover = matchMedia("(hover: hover)").matches;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
for (const card of cards) {
  const video = card.querySelector("video");
  // That a browser does not let it play is no matter: it can be asked again.
  const play = () => video.play().catch(() => {});
  const start = (event) => {
    if (event.type === "pointerenter") video.controls = true;
    if (!calm.matches) play();
  };
  const rest = (event) => {
    if (event.type === "pointerleave") video.controls = false;
    if (document.activeElement !== video && !video.matches(":hover")) video.pause();
  };
  const toggle = (event) => {
    if (video.controls || ![" ", "Enter"].includes(event.key)) return;
    event.preventDefault();
    if (video.paused) play();
    else video.pause();
  };
  const fail = () => {
    card.classList.add("broken");
    const note = document.createElement("span");
    note.textContent = "cannot be played";
    card.querySelector(".facts").append(note);
  };
  if (canHover) {
    video.controls = false;
    video.addEventListener("pointerenter", start);
    video.addEventListener("pointerleave", rest);
    video.addEventListener("focus", start);
    video.addEventListener("blur", rest);
    video.addEventListener("keydown", toggle);
  }
  if (video.error) fail();
  else video.addEventListener("error", fail, { once: true });
}

// Copying. What is not seen is not copied with a prompt.
const texts = {
  prompt(card) {
    const prompt = promptOf(card).cloneNode(true);
    for (const unseen of prompt.querySelectorAll(".unseen")) unseen.remove();
    return prompt.textContent;
  },
  command: (card) => card.querySelector("pre").textContent,
};
list.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const before = button.dataset.label ?? button.textContent;
  button.dataset.label = before;
  try {
    await navigator.clipboard.writeText(texts[button.dataset.copy](button.closest(".card")));
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed to copy";
  }
  setTimeout(() => (button.textContent = before), 2000);
});
