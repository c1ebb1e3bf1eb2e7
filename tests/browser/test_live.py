"""What only a browser shows: ticks in place, drafts and zoom that survive them, links, phone, themes."""

import re
import time

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import plot_area, running_app, zoom

PLOT = ".st-key-live-body .live-plot[data-key=interval-chart]"
DIAL = ".st-key-live-body .live-plot[data-key=dial-1]"


@pytest.fixture
def live(app, visit, experiments):
    """The live page of the simulated checkout experiment, drawn."""

    def open_live(name="Checkout button", **options):
        number = next(i for title, i in experiments.items() if title.startswith(name))
        page = visit(f"{app}/?experiment={number}", **options)
        page.wait_for_selector(f"{PLOT}[data-draws]")
        return page

    return open_live


def draws(page, selector):
    return int(page.locator(selector).get_attribute("data-draws") or 0)


def wait_for_draws(page, selector, more):
    """Until the chart was drawn ``more`` times again."""
    target = draws(page, selector) + more
    page.wait_for_function(
        f"Number(document.querySelector('{selector}').dataset.draws) >= {target}", timeout=60_000
    )


def total(page):
    """Visitors over all arms, as the page shows them."""
    shown = page.locator(".tile", has_text="Total participants").locator(".num").inner_text()
    return int(shown.replace(",", ""))


def test_a_tick_changes_numbers_without_a_full_rerun(app, visit, experiments):
    """Numbers move by runs of the live fragment alone."""
    runs = []

    def listen(socket):
        socket.on("framereceived", lambda frame: runs.extend(finished_runs(frame)))

    page = visit("about:blank")
    page.on("websocket", listen)
    number = next(i for title, i in experiments.items() if title.startswith("Checkout button"))
    page.goto(f"{app}/?experiment={number}")
    page.wait_for_selector(f"{PLOT}[data-draws]")
    windows = [moved_runs(page, runs) for _ in range(4)]
    assert any(window and all(window) for window in windows), windows


def moved_runs(page, runs):
    """The runs until the visitors moved. An alert that is told in the chat may add a full one now and then."""
    settled, before = len(runs), total(page)
    page.wait_for_function(
        "before => Number(document.querySelector('.tile .num').textContent.replaceAll(',', '')) > before",
        arg=before,
        timeout=60_000,
    )
    page.wait_for_timeout(300)  # the end of that run is told after its numbers
    return runs[settled:]


def finished_runs(frame):
    """For each run whose end a frame tells: whether it was of a fragment alone."""
    message = ForwardMsg()
    message.ParseFromString(frame if isinstance(frame, bytes) else b"")
    if message.WhichOneof("type") == "script_finished":
        yield message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY


def test_a_draft_survives_ticks(live):
    """Words typed into a box and not sent are still there, with the focus, after two ticks."""
    page = live()
    box = page.get_by_role("combobox").first
    box.click()
    box.press_sequentially("Pric")
    wait_for_draws(page, PLOT, 2)
    assert box.input_value() == "Pric"
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


def test_zoom_survives_three_ticks(live):
    """A range chosen with the mouse stays while new data arrive."""
    page = live()
    page.locator(PLOT).scroll_into_view_if_needed()
    zoom(page, PLOT, 0.3, 0.7)
    ask = f"document.querySelector('{PLOT}')._fullLayout.xaxis.range"
    full = page.evaluate(f"document.querySelector('{PLOT}').__data.figure.layout.xaxis.range")
    width = f"(([low, high]) => (high - low) / {full[1] - full[0]})({ask})"
    page.wait_for_function(f"{width} < 0.6", timeout=15_000)
    chosen = page.evaluate(ask)
    wait_for_draws(page, PLOT, 3)
    assert page.evaluate(ask) == pytest.approx(chosen)
    box = plot_area(page, PLOT)
    page.mouse.dblclick(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.wait_for_function(f"{width} > 0.9", timeout=15_000)


def test_a_chart_can_be_saved_as_a_picture(live):
    """The camera above a chart saves it as a PNG with the chart's name."""
    page = live()
    page.locator(PLOT).scroll_into_view_if_needed()
    page.locator(PLOT).hover()
    with page.expect_download() as saved:
        page.locator(f"{PLOT} .modebar-btn").first.click()
    assert saved.value.suggested_filename == "intervals.png"


def test_a_sheet_stays_open_over_ticks(live):
    """The figure behind a number stays open while the page ticks, and Escape closes it."""
    page = live()
    page.locator(".why .fact > button").first.click()
    sheet = page.locator(".why .behind:visible")
    assert sheet.count() == 1
    wait_for_draws(page, PLOT, 2)
    assert sheet.count() == 1
    page.keyboard.press("Escape")
    assert sheet.count() == 0


def test_pause_stops_the_screen(live):
    """Paused, no number changes; the page says that the watch goes on."""
    page = live()
    page.locator(".st-key-is_live label").first.click()
    page.get_by_text("the watch and alerts go on").wait_for()
    before = total(page)
    page.wait_for_timeout(6_000)
    assert total(page) == before


def test_theme_switch_recolours_in_place(live):
    """The reader switches to dark: text of the charts turns light at once, without a tick or a new chart."""
    page = live(color_scheme="light")
    page.locator(".st-key-is_live label").first.click()
    page.get_by_text("the watch and alerts go on").wait_for()
    ask = f"document.querySelector('{DIAL}')._fullLayout.font.color"
    light = page.evaluate(ask)
    page.evaluate(f"document.querySelector('{DIAL}').dataset.same = 'yes'")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{ask} !== '{light}'", timeout=10_000)
    assert page.evaluate(ask).lower() == "#e8eaf0"
    assert page.locator(DIAL).get_attribute("data-same") == "yes"


@pytest.mark.parametrize("path", ["", "board", "history", "connection"])
def test_phone_has_no_horizontal_scroll(app, visit, path):
    """390 pixels wide, nothing sticks out of the window."""
    page = visit(f"{app}/{path}", width=390, height=844)
    page.wait_for_selector(".st-key-footer")
    if not path:
        page.wait_for_selector(f"{PLOT}[data-draws]")
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_phone_shows_sentence_then_gauge_then_cards(live):
    """On a phone the verdict comes first, then the gauge, then the cards."""
    page = live(width=390, height=844)
    top, dial, cards = page.evaluate(
        "all => all.map(one => document.querySelector(one).getBoundingClientRect().y)",
        [".verdict", DIAL, ".cards"],
    )
    assert top < dial < cards


def test_expand_and_back(live):
    """Expand opens the history of the same experiment; going back shows it live again."""
    page = live()
    number = re.search(r"experiment=(\d+)", page.url)[1]
    page.get_by_role("link", name="Expand").click()
    page.wait_for_url(re.compile(rf"/history\?.*experiment={number}"))
    page.locator(".st-key-menu").get_by_role("link", name="Live").click()
    page.wait_for_selector(f"{PLOT}[data-draws]")
    assert f"experiment={number}" in page.url


def test_leaving_the_page_frees_its_charts(live):
    """On another page no chart of the live page is left in the document."""
    page = live()
    page.evaluate("window.__kept = [...document.querySelectorAll('.live-plot')]")
    page.locator(".st-key-menu").get_by_role("link", name="Connection").click()
    page.get_by_role("heading", name="Connection").wait_for()
    page.wait_for_function("window.__kept.every(e => !e.isConnected && !e.__watch && !e.data)")


def test_deep_link_after_a_cold_start(stand_in, visit, experiments, tmp_path):
    """The first thing a fresh server is asked is a link to one experiment: it shows that one, in 15 s."""
    name, number = next((n, i) for n, i in experiments.items() if n.startswith("Pricing page"))
    with running_app(stand_in, tmp_path) as address:
        begun = time.monotonic()
        page = visit(f"{address}/?experiment={number}")
        page.wait_for_selector(".verdict", timeout=15_000)
        page.wait_for_selector(".tile", timeout=15_000)
        assert time.monotonic() - begun < 15
        assert page.locator("h1").first.inner_text() == name


def test_keyboard_reaches_every_control(live):
    """Tab goes through menu, picker, switch, refresh, expand and the figures; each shows its focus."""
    page = live()
    seen = []
    for _ in range(24):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                "return [e.innerText || e.getAttribute('aria-label') || e.getAttribute('role') || e.tagName,"
                " s.outlineStyle !== 'none' || s.boxShadow !== 'none' || e.tagName === 'INPUT']; })()"
            )
        )
    names = " ".join(str(name) for name, _ in seen)
    for wanted in ("Board", "Refresh now", "Expand", "Copy"):
        assert wanted in names, names
    assert not [name for name, visible in seen if not visible]
