// Between the click that leaves a page and the arrival of the next one, a tick of the clock would still be told under
// the old page's name. Streamlit answers it after the new page has come, takes that for another change of page and
// empties the window. Its own timers it stops on such a click; a clock in a frame is started anew here, which
// gives the new page a whole step to arrive.
const CLOCKS = ".st-key-clock iframe";
let here = location.pathname;

function restart() {
  for (const { contentWindow: frame } of document.querySelectorAll(CLOCKS)) {
    for (let timer = frame.setTimeout(() => {}); timer > 0; timer--) frame.clearTimeout(timer);
    frame.location.reload();
  }
}

document.addEventListener("click", event => {
  if (event.target.closest?.("[data-testid=stPageLink-NavLink]")) restart();
}, true);
addEventListener("popstate", () => { if (location.pathname !== here) restart(); }, true);

export default function () {
  here = location.pathname;
}
