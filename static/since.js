// Notes in this browser when an experiment was last in view, and tells the server once when its reader comes back
// after an absence: a hidden tab, a sleeping computer, a new visit. Nothing is sent at any other time.
const EVERY_MS = 5000;
const name = experiment => `last-looked:${experiment}`;

function read(experiment) {
  try { return Number(localStorage.getItem(name(experiment))) || 0; } catch { return 0; }
}

function write(experiment) {
  try { localStorage.setItem(name(experiment), String(Date.now())); } catch { /* private window: nothing is remembered */ }
}

function look(anchor) {
  if (document.visibilityState !== "visible" || !anchor.isConnected) return;
  const { experiment, absent_s } = anchor.__data, last = read(experiment), away = (Date.now() - last) / 1000;
  write(experiment);
  if (last && away >= absent_s) anchor.__tell("back", { experiment, away: Math.round(away) });
}

function onClick(anchor, event) {
  const button = event.target.closest?.("[data-since-shut]");
  if (!button) return;
  button.closest(".since").hidden = true;
  anchor.__tell("shut", { experiment: anchor.__data.experiment });
}

export default function ({ parentElement, data, setTriggerValue }) {
  const anchor = parentElement.querySelector(".since-watch");
  anchor.__data = data;
  anchor.__tell = setTriggerValue;
  look(anchor);
  if (anchor.__stop) return anchor.__stop;
  const stop = new AbortController(), bound = { signal: stop.signal };
  const timer = setInterval(() => look(anchor), EVERY_MS);
  document.addEventListener("visibilitychange", () => look(anchor), bound);
  document.addEventListener("click", event => onClick(anchor, event), bound);
  anchor.__stop = () => { clearInterval(timer); stop.abort(); anchor.__stop = null; };
  return anchor.__stop;
}
