// One Plotly node that is updated in place. Zoom, legend choices and hover survive new data; the light
// colours of a figure are exchanged for the dark ones here, so a theme switch needs no new figure.
// Light colour to the dark one of the same role; lib/charts/theme.py has them, a test keeps both equal.
const SWAP = {
  "#fbfbfd": "#0e1117", "#1b1d29": "#e8eaf0", "#6b7280": "#9aa3b2", "#e3e5ec": "#2a3040", "#9aa1b1": "#59637a",
  "#0b7d55": "#3dd598", "#c22f4a": "#ff7a8a", "#d97706": "#fbbf24", "#f1f2f6": "#181c26", "#dfe3ec": "#2b3244",
  "#f8dc97": "#6b5417", "#a6ddc3": "#1b6146", "#64748b": "#94a3b8", "#4f46e5": "#818cf8", "#0d9488": "#2dd4bf",
  "#c2690a": "#f5a524", "#db2777": "#f472b6", "#2563eb": "#60a5fa", "#4d7c0f": "#a3e635", "#9333ea": "#c084fc",
  "#0891b2": "#22d3ee", "#b45309": "#fdba74", "#1d5fc4": "#78b0ff", "#b5500c": "#ff9f5a", "#a9c8f5": "#1f4a86",
};
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function load(source) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  return (window.__plotly ||= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = new URL("app/static/" + source, document.baseURI);
    script.onload = () => done(window.Plotly);
    script.onerror = () => { window.__plotly = undefined; script.remove(); failed(new Error("plotly.js did not load")); };
    document.head.append(script);
  }));
}

function isDark(css) {
  const hex = css.getPropertyValue("--st-background-color").trim().replace("#", "");
  const [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

function darker(colour) {
  const plain = SWAP[colour.toLowerCase()];
  if (plain) return plain;
  if (colour.includes("color:#")) return colour.replace(/color:(#[0-9a-f]{6})/gi, (all, hex) => "color:" + (SWAP[hex.toLowerCase()] || hex));
  const m = /^rgba\((\d+),(\d+),(\d+),([\d.]+)\)$/.exec(colour);
  if (!m) return colour;
  const hex = "#" + m.slice(1, 4).map(n => Number(n).toString(16).padStart(2, "0")).join("");
  const other = SWAP[hex];
  if (!other) return colour;
  return `rgba(${[1, 3, 5].map(i => parseInt(other.slice(i, i + 2), 16)).join(",")},${m[4]})`;
}

function repaint(value, dark) {
  if (typeof value === "string") return dark ? darker(value) : value;
  if (Array.isArray(value)) return value.map(v => repaint(v, dark));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, repaint(v, dark)]));
  return value;
}

// Times travel once a figure, as whole seconds of wall-clock time and the steps between them.
function filled(figure) {
  if (!figure.columns) return figure;
  const times = figure.columns.map(steps => {
    let at = 0;
    return steps.map(step => new Date((at += step) * 1000).toISOString().slice(0, 19));
  });
  const data = figure.data.map(trace => typeof trace.x === "string" ? { ...trace, x: times[Number(trace.x.slice(1))] } : trace);
  return { data, layout: figure.layout };
}

// Charts of one group share their time axis: a range chosen in one is chosen in all, and pointing at a moment
// in one points at it in all.
function peers(el) {
  const group = el.__data?.group;
  return group ? [...document.querySelectorAll(".live-plot")].filter(
    other => other !== el && other.__data?.group === group && other.__zoomed && other.isConnected) : [];
}

function shareZoom(P, el, event) {
  if (el.__echo) return;
  const from = event["xaxis.range[0]"] ?? event["xaxis.range"]?.[0], to = event["xaxis.range[1]"] ?? event["xaxis.range"]?.[1];
  if (from === undefined) return;
  for (const other of peers(el)) {
    other.__zoomed.add("xaxis");
    other.__echo = true;
    P.relayout(other, { "xaxis.range": [from, to] }).finally(() => { other.__echo = false; });
  }
}

function shareHover(P, el, event) {
  if (!event.event?.isTrusted || el._dragging) return;
  const at = event.xaxes[0].d2c(event.xvals[0]);
  for (const other of peers(el)) P.Fx.hover(other, { xval: at }, "xy");
}

function shareUnhover(P, el, event) {
  if (event.event?.isTrusted) for (const other of peers(el)) P.Fx.unhover(other);
}

const NARROW = 560, MORE = 56; // pixels; a phone's legend needs more rows

function narrowed(layout) {
  layout.xaxis = { ...layout.xaxis, nticks: 4, tickangle: 0 };
  layout.margin = { ...layout.margin, l: 52, r: 10 };
  layout.legend = { ...layout.legend, font: { size: 10 } };
  layout.yaxis = { ...layout.yaxis, title: { ...layout.yaxis.title, standoff: 2 } };
}

function dressed(el, data) {
  const css = getComputedStyle(el), v = name => css.getPropertyValue("--st-" + name).trim();
  const figure = repaint(filled(data.figure), isDark(css)), layout = figure.layout;
  layout.hoverlabel = { ...layout.hoverlabel, bgcolor: v("background-color"), bordercolor: v("border-color"),
    font: { ...layout.hoverlabel?.font, color: v("text-color") } };
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: v("gray-color"), activecolor: v("primary-color") };
  layout.font = { ...layout.font, family: v("font") || layout.font?.family };
  layout.autosize = true;
  layout.height = el.clientHeight || data.height;
  if (data.group && el.clientWidth < NARROW) narrowed(layout);
  layout.uirevision = "keep";
  if (!still()) layout.transition = { duration: 500, easing: "cubic-in-out" };
  return figure;
}

// A range the reader chose stays although the figure's own range follows the data. Plotly's uirevision would
// give it up as soon as the figure asks for another one.
function keepZoom(el, layout) {
  for (const axis of el.__zoomed || []) {
    const now = el._fullLayout?.[axis]?.range;
    if (now && layout[axis]) layout[axis] = { ...layout[axis], range: [...now], autorange: false };
  }
}

function noteZoom(el, event) {
  for (const change of Object.keys(event)) {
    const axis = /^([xy]axis\d*)\.range/.exec(change)?.[1];
    if (axis) el.__zoomed.add(axis);
  }
}

function wholeView(P, el) {
  for (const each of [el, ...peers(el)]) {
    each.__zoomed.clear();
    draw(P, each);
  }
}

// A picture of the chart as it is seen, on the page's own ground.
function savePicture(P, el) {
  const ground = getComputedStyle(el).getPropertyValue("--st-background-color").trim() || "#ffffff";
  const layout = { ...el.layout, paper_bgcolor: ground, plot_bgcolor: ground };
  return P.downloadImage({ data: el.data, layout }, { format: "png", filename: el.__data.name,
    width: el.clientWidth, height: el.clientHeight, scale: 2 });
}

function config(P, data) {
  const save = { name: "save", title: "Save as picture", icon: P.Icons.camera, click: el => savePicture(P, el) };
  const whole = { name: "whole", title: "Whole view", icon: P.Icons.home, click: el => wholeView(P, el) };
  const reset = data.zoomable ? [whole] : [];
  return { displaylogo: false, displayModeBar: "hover", doubleClick: false, modeBarButtons: [[save, ...reset]],
    scrollZoom: false, showTips: false };
}

function draw(P, el) {
  const data = el.__data;
  if (!el.isConnected || !data) return;
  if (el._dragging) { clearTimeout(el.__later); el.__later = setTimeout(() => draw(P, el), 300); return; }
  const figure = dressed(el, data);
  keepZoom(el, figure.layout);
  el.__drawn = P.react(el, figure.data, figure.layout, config(P, data)).then(() => {
    if (!el.__zoomed) {
      el.__zoomed = new Set();
      el.on("plotly_relayout", event => { noteZoom(el, event); shareZoom(P, el, event); });
      el.on("plotly_hover", event => shareHover(P, el, event));
      el.on("plotly_unhover", event => shareUnhover(P, el, event));
      el.on("plotly_doubleclick", () => wholeView(P, el));
    }
    el.dataset.draws = String(Number(el.dataset.draws || 0) + 1);
  });
}

function watch(P, el) {
  let width = el.clientWidth, frame = 0;
  el.__watch = new ResizeObserver(() => {
    if (el.clientWidth === width || !el.clientWidth) return;
    width = el.clientWidth;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => el.isConnected && P.Plots.resize(el));
  });
  el.__watch.observe(el);
  el.__save = event => { if (event.detail === el.__data?.group) savePicture(P, el); };
  document.addEventListener("live-plot-save", el.__save);
}

// Draws ``data`` into the element: the first time and every time after. ``source``: file name of plotly.js.
export function show(el, data, source) {
  if (el.__data && el.__data.view !== data.view) el.__zoomed?.clear(); // another range was asked for
  el.__data = data;
  el.style.height = `${data.height + (data.group && el.clientWidth < NARROW ? MORE : 0)}px`;
  el.setAttribute("aria-label", data.alt);
  load(source).then(P => {
    if (el.__data !== data || !el.isConnected) return;
    if (!el.__watch) watch(P, el);
    draw(P, el);
  }).catch(() => { el.textContent = data.alt; });
}

export function stop(el) {
  clearTimeout(el.__later);
  el.__watch?.disconnect();
  document.removeEventListener("live-plot-save", el.__save);
  el.__watch = el.__data = el.__zoomed = undefined;
  const empty = () => el.__data || window.Plotly?.purge(el); // a drawing under way must end first
  Promise.resolve(el.__drawn).then(empty, empty);
}
