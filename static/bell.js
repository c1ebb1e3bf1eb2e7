// Toasts and browser notifications of alerts. A toast is a node of its own beside Streamlit's, so that no rerun
// takes it away; each alert is shown once a tab. Text becomes text nodes: nothing is ever parsed as HTML.
const SHOW_MS = 14000, MOST = 4, WANTED = "alerts-notify";
const shown = (window.__alertsShown ||= new Set());

function el(name, cls, text) {
  const node = document.createElement(name);
  if (cls) node.className = cls;
  if (text) node.textContent = text;
  return node;
}

function shelf() {
  const home = document.querySelector(".stApp") || document.body;
  let box = document.getElementById("alert-toasts");
  if (!box) {
    box = el("div", "live-block");
    box.id = "alert-toasts";
    box.setAttribute("role", "status");
    box.setAttribute("aria-live", "polite");
    box.setAttribute("aria-label", "Alerts");
  }
  if (box.parentElement !== home) home.append(box);
  return box;
}

function address(experiment) {
  const here = new URL(location.href), to = new URL("./", document.baseURI);
  for (const name of ["conversation", "colours"])
    if (here.searchParams.has(name)) to.searchParams.set(name, here.searchParams.get(name));
  to.searchParams.set("experiment", String(experiment));
  return to.href;
}

function toast(alert) {
  const box = shelf(), card = el("div", `alert-toast ${alert.tone}`);
  const head = el("div", "top"), name = el("span", `chip ${alert.tone}`), symbol = el("span", "icon", alert.symbol);
  symbol.setAttribute("aria-hidden", "true");
  name.append(symbol, el("span", "", alert.title));
  const shut = el("button", "shut", "Close");
  shut.type = "button";
  head.append(name, shut);
  const go = el("a", "small", "Open the experiment");
  go.href = address(alert.experiment);
  card.append(head, el("p", "", alert.text), go);
  box.append(card);
  while (box.childElementCount > MOST) box.firstElementChild.remove();
  let timer = setTimeout(() => card.remove(), SHOW_MS);
  const hold = () => clearTimeout(timer), on = () => { hold(); timer = setTimeout(() => card.remove(), SHOW_MS / 2); };
  for (const event of ["pointerenter", "focusin"]) card.addEventListener(event, hold);
  for (const event of ["pointerleave", "focusout"]) card.addEventListener(event, on);
  shut.addEventListener("click", () => { hold(); card.remove(); });
}

function wanted() {
  try { return localStorage.getItem(WANTED) === "on"; } catch { return false; }
}

function want(on) {
  try { localStorage.setItem(WANTED, on ? "on" : "off"); } catch { /* private window: for this page only */ }
}

function notify(alert) {
  if (!("Notification" in window) || Notification.permission !== "granted" || !wanted()) return;
  try { // the same tag in every tab: the browser shows one
    const note = new Notification(alert.title, { body: alert.text, tag: alert.key });
    note.onclick = () => { window.focus(); note.close(); };
  } catch { /* some phones allow it to service workers only */ }
}

function tell(alerts) {
  for (const alert of alerts) {
    if (shown.has(alert.key)) continue;
    shown.add(alert.key);
    toast(alert);
    notify(alert);
  }
}

function label() {
  if (!("Notification" in window) || !window.isSecureContext) return ["This browser cannot show notifications here", true];
  if (Notification.permission === "denied") return ["Notifications are blocked in this browser", true];
  const on = Notification.permission === "granted" && wanted();
  return [on ? "Stop notifying me in this browser" : "Notify me in this browser", false];
}

function ask(button) {
  const draw = () => { const [words, off] = label(); button.textContent = words; button.disabled = off; };
  button.onclick = async () => {
    if (Notification.permission === "granted") want(!wanted());
    else want((await Notification.requestPermission()) === "granted");
    draw();
  };
  draw();
}

export default function ({ parentElement, data }, what) {
  if (what === "ask") ask(parentElement.querySelector(".alert-ask"));
  else tell(data.toasts || []);
}
