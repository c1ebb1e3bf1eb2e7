// Builds a tree of elements from JSON and afterwards changes only what differs, so that focus, open
// details and selections survive a tick. Text becomes text nodes: nothing is ever parsed as HTML.
const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "line", "circle", "rect", "g"]);
const TAGS = new Set(["div", "span", "p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "small", "a",
  "button", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "time", "dl", "dt", "dd",
  "section", "code", "bdi", ...SVG_TAGS]);
const ATTRS = /^(class|style|title|role|tabindex|href|target|rel|type|datetime|scope|colspan|open|dir|lang|id|viewBox|d|x|y|x1|x2|y1|y2|cx|cy|r|rx|width|height|fill|stroke|stroke-width|preserveAspectRatio|hidden|aria-[a-z]+|data-[a-z-]+)$/;

let addresses = ["", ""]; // of the module that draws charts, and of plotly.js
let drawing, ground = ""; // the page's colour: another theme means other charts

function charts() {
  return (drawing ||= import(new URL(addresses[0], import.meta.url)));
}

// A chart inside a tree: one node that lives on while its figure changes; an unchanged figure is left alone.
function plot(el, spec) {
  const words = ground + JSON.stringify(spec);
  if (el.__spec === words) return;
  el.__spec = words;
  charts().then(m => { if (el.__spec === words) m.show(el, spec, addresses[1]); })
    .catch(() => { el.textContent = spec.alt; });
}

function makePlot([, attrs, spec]) {
  const el = document.createElement("div");
  dress(el, attrs);
  el.style.height = `${spec.height}px`;
  plot(el, spec);
  return el;
}

function free(node) {
  if (node.__spec) { node.__spec = ""; charts().then(m => m.stop(node)); }
  node.querySelectorAll?.(".live-plot").forEach(el => { el.__spec = ""; charts().then(m => m.stop(el)); });
}

function allowed(name, value) {
  return ATTRS.test(name) && (name !== "href" || /^(https?:\/\/|\/|\?|#)/i.test(value));
}

function dress(el, want) {
  const had = el.__attrs || {};
  for (const name of Object.keys(had)) if (!(name in want)) el.removeAttribute(name);
  for (const [name, value] of Object.entries(want)) {
    if (had[name] === value || !allowed(name, value)) continue;
    if (name === "open" && el.__attrs) continue; // the reader decides what stays open
    el.setAttribute(name, value);
    if (name === "data-restart" && el.__attrs) restart(el);
  }
  el.__attrs = want;
}

function restart(el) {
  el.style.animation = "none";
  void el.getBoundingClientRect();
  el.style.animation = "";
}

function make(node) {
  if (typeof node === "string") return document.createTextNode(node);
  const [name, attrs, ...kids] = node;
  if (name === "plot") return makePlot(node);
  if (!TAGS.has(name)) return document.createTextNode("");
  const el = SVG_TAGS.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  dress(el, attrs);
  for (const kid of kids) el.append(make(kid));
  return el;
}

function flash(el) {
  const num = el.closest(".num");
  if (!num) return;
  num.classList.remove("changed");
  void num.getBoundingClientRect();
  num.classList.add("changed");
}

function same(have, want) {
  if (typeof want === "string") return have.nodeType === Node.TEXT_NODE;
  return have.nodeType === Node.ELEMENT_NODE && (have.__spec ? "plot" : have.localName) === want[0]
    && (have.getAttribute("data-key") || "") === (want[1]["data-key"] || "");
}

function patch(parent, kids) {
  kids.forEach((want, i) => {
    const have = parent.childNodes[i];
    if (!have) parent.append(make(want));
    else if (!same(have, want)) { free(have); have.replaceWith(make(want)); }
    else if (have.__spec) { dress(have, want[1]); plot(have, want[2]); }
    else if (typeof want !== "string") { dress(have, want[1]); patch(have, want.slice(2)); }
    else if (have.data !== want) { have.data = want; flash(parent); }
  });
  while (parent.childNodes.length > kids.length) { free(parent.lastChild); parent.lastChild.remove(); }
}

function ageWords(s) {
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

function tellAges(root) {
  const passed = (performance.now() - root.__since) / 1000;
  for (const el of root.querySelectorAll("[data-age]")) {
    const words = ageWords(Math.max(0, Number(el.dataset.age) + passed));
    if (el.textContent !== words) el.textContent = words;
  }
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no permission or no secure page: the old way
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1600);
}

// A figure opens as a small sheet inside the window; one at a time, Escape and a click elsewhere close it.
function shut(root, but) {
  for (const button of root.querySelectorAll(".fact > button[aria-expanded=true]")) {
    if (button === but) continue;
    button.setAttribute("aria-expanded", "false");
    button.nextElementSibling.hidden = true;
  }
}

function open(button) {
  const sheet = button.nextElementSibling, now = sheet.hidden;
  button.setAttribute("aria-expanded", String(now));
  sheet.hidden = !now;
  if (!now) return;
  sheet.style.setProperty("--shift", "0px");
  const box = sheet.getBoundingClientRect(), over = box.right - (document.documentElement.clientWidth - 12);
  if (over > 0) sheet.style.setProperty("--shift", `${-Math.min(over, box.left - 12)}px`);
}

function onKey(root, event) {
  if (event.key !== "Escape") return;
  const button = root.querySelector(".fact > button[aria-expanded=true]");
  shut(root);
  button?.focus();
}

// A tree that many viewers share comes packed, since it is packed once and sent often.
async function unpacked(bytes) {
  const packed = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
  return packed.json();
}

function show(root, tree) {
  ground = getComputedStyle(root).getPropertyValue("--st-background-color");
  patch(root, tree);
  tellAges(root);
}

function listen(root) {
  root.__timer = setInterval(() => tellAges(root), 1000);
  const onClick = event => {
    const button = event.target.closest?.("button");
    if (!button || !root.contains(button)) return;
    if (button.dataset.copy !== undefined) copy(button);
    else if (button.dataset.save) document.dispatchEvent(new CustomEvent("live-plot-save", { detail: button.dataset.save }));
    else if (button.parentElement.classList.contains("fact")) open(button);
  };
  const elsewhere = event => {
    const fact = event.target.closest?.(".fact");
    shut(root, fact && root.contains(fact) ? fact.firstElementChild : null);
  };
  const stop = new AbortController(), bound = { signal: stop.signal };
  root.addEventListener("click", onClick, bound);
  root.addEventListener("keydown", event => onKey(root, event), bound);
  document.addEventListener("click", elsewhere, { ...bound, capture: true });
  root.__stop = () => { clearInterval(root.__timer); root.__timer = root.__turn = 0; stop.abort(); free(root); };
}

export default function ({ parentElement, data }, argument) {
  addresses = argument.split(" ");
  const root = parentElement.querySelector(".live-block");
  const turn = root.__turn = (root.__turn || 0) + 1;
  root.__since = performance.now();
  if (data.tree) show(root, data.tree);
  else unpacked(data).then(tree => { if (root.__turn === turn) show(root, tree); }); // not if a newer one came first
  if (!root.__timer) listen(root);
  return root.__stop;
}
