// Figures in the words of an answer: links to "#figure-..." open a small sheet beside them, without a rerun.
// The words stay Streamlit's own nodes; the sheet is one node of ours, made of text nodes: nothing is parsed as HTML.
const LINK = 'a[href^="#figure-"]', CARD = "figure-card";
const known = (window.__figures ||= new Map()); // by component key: { id: [[class, text], ...] }

function sheetOf(link) {
  const id = link.getAttribute("href").slice("#figure-".length);
  for (const sheets of known.values()) if (Object.hasOwn(sheets, id)) return sheets[id];
  return null;
}

function dress(root = document) {
  for (const link of root.querySelectorAll(LINK)) {
    if (link.__dressed) continue;
    link.__dressed = true;
    link.setAttribute("role", "button");
    link.setAttribute("aria-haspopup", "dialog");
  }
}

function card() {
  let box = document.getElementById(CARD);
  if (!box) {
    box = document.createElement("div");
    box.id = CARD;
    box.setAttribute("popover", "auto");
    box.setAttribute("role", "dialog");
    box.tabIndex = -1;
  }
  const home = document.querySelector(".stApp") || document.body;
  if (box.parentElement !== home) home.append(box);
  return box;
}

function place(box, link) {
  if (!link.isConnected) return;
  const at = link.getClientRects()[0] || link.getBoundingClientRect(), gap = 8;
  const wide = document.documentElement.clientWidth, tall = window.innerHeight;
  const left = Math.max(gap, Math.min(at.left, wide - box.offsetWidth - gap));
  const below = at.bottom + 6, above = at.top - box.offsetHeight - 6;
  const top = below + box.offsetHeight + gap <= tall || above < gap ? Math.min(below, tall - box.offsetHeight - gap) : above;
  box.style.left = `${left}px`;
  box.style.top = `${Math.max(gap, top)}px`;
}

function show(link, lines) {
  const box = card();
  if (box.matches(":popover-open")) box.hidePopover();
  box.replaceChildren(...lines.map(([cls, text]) => {
    const line = document.createElement(cls === "value" ? "strong" : "span");
    line.className = cls;
    line.textContent = text;
    return line;
  }));
  const close = document.createElement("button");
  close.type = "button";
  close.className = "shut";
  close.textContent = "Close";
  close.addEventListener("click", () => box.hidePopover());
  box.append(close);
  box.setAttribute("aria-label", `The figure ${lines[0][1]}`);
  box.__link = link;
  box.showPopover();
  place(box, link);
  box.focus({ preventScroll: true });
}

function hidden(event) {
  if (event.target.id !== CARD || event.newState !== "closed") return;
  const box = event.target, link = box.__link, inside = box.contains(document.activeElement);
  box.__shut = performance.now();
  if (inside || document.activeElement === document.body) link?.focus({ preventScroll: true });
}

function onClick(event) {
  const link = event.target.closest?.(LINK);
  if (!link) return;
  event.preventDefault();
  const lines = sheetOf(link), box = document.getElementById(CARD);
  const again = box?.__link === link && performance.now() - (box.__shut ?? -1e9) < 400; // this click has just closed it
  if (lines && !(again && event.detail)) show(link, lines);
}

function onKey(event) {
  const link = event.key === " " && event.target.closest?.(LINK);
  if (!link) return;
  event.preventDefault();
  link.click();
}

function follow() {
  const box = document.getElementById(CARD);
  if (box?.matches(":popover-open") && box.__link) place(box, box.__link);
}

let waiting = 0;
function soon() { // words are drawn, and drawn anew, whenever Streamlit likes
  waiting ||= setTimeout(() => { waiting = 0; dress(); }, 200);
}

function listen() {
  if (window.__figuresListen) return;
  window.__figuresListen = true;
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("beforetoggle", hidden, true);
  document.addEventListener("scroll", event => { if (event.target.id !== CARD) follow(); }, { capture: true, passive: true });
  window.addEventListener("resize", follow);
  document.addEventListener("focusin", () => dress());
}

export default function ({ data }) {
  listen();
  known.set(data.key, data.sheets);
  dress();
  return () => known.delete(data.key);
}
