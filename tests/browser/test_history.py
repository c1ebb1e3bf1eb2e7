"""What only a browser shows of the history page and the board: expand and back, zoom, slider, cold link, TV."""

import re

import pytest

from tests.browser.conftest import plot_area, point, running_app, zoom

CHARTS = ("lift", "evidence", "rate", "visitors", "split")


def plot(name):
    return f".live-plot[data-key=history-{name}]"


def axis(page, name):
    return page.evaluate(f"document.querySelector('{plot(name)}')._fullLayout.xaxis.range")


def drawn(page, more=0):
    """Until each chart was drawn, and then ``more`` times again."""
    for name in CHARTS:
        page.wait_for_selector(f"{plot(name)}[data-draws]", timeout=120_000)
    if more:
        ask = f"Number(document.querySelector('{plot('lift')}').dataset.draws)"
        target = page.evaluate(ask) + more
        page.wait_for_function(f"{ask} >= {target}", timeout=60_000)


@pytest.fixture
def number(experiments):
    return next(i for title, i in experiments.items() if title.startswith("Checkout button"))


def test_expand_and_back(app, visit, number):
    """Expand opens the history with five charts of the same experiment; the way back is on the page."""
    page = visit(f"{app}/?experiment={number}")
    page.get_by_role("link", name="Expand").click(timeout=60_000)
    drawn(page)
    assert f"experiment={number}" in page.url
    page.get_by_role("link", name="Back to the dashboard").click()
    page.wait_for_url(lambda url: "/history" not in url and f"experiment={number}" in url)
    page.wait_for_selector(".tile", timeout=60_000)


TICK = """setTimeout(() => parent.postMessage({ isStreamlitMessage: true, dataType: "json",
    type: "streamlit:setComponentValue", value: 77 }, "*"), 2)"""


def test_a_tick_while_the_page_turns_does_not_empty_it(app, visit, number):
    """The clock ticks right after the click that leaves: Streamlit would answer under the old page's name."""
    page = visit(f"{app}/history?experiment={number}")
    drawn(page)
    for leave, there in (("Back to the dashboard", ".tile"), ("Board", ".board-tile .cover")):
        page.wait_for_selector(".st-key-clock iframe", state="attached")
        page.evaluate(
            """([tick, leave]) => {
                document.querySelector(".st-key-clock iframe").contentWindow.eval(tick);
                [...document.querySelectorAll("[data-testid=stPageLink-NavLink]")]
                    .find(link => link.textContent.includes(leave)).click(); }""",
            [TICK, leave],
        )
        page.wait_for_selector(there, timeout=20_000)
        page.wait_for_timeout(2_000)
        assert page.locator(there).count()


SHARED = """([plots, whole]) => {
    const [first, ...others] = plots.map(plot => String(document.querySelector(plot)._fullLayout.xaxis.range));
    return first !== String(whole) && others.every(range => range === first); }"""


def test_zoom_is_shared_and_survives_three_ticks(app, visit, number):
    """A range chosen in one chart is chosen in all five and stays while new points arrive."""
    page = visit(f"{app}/history?experiment={number}", height=1900)
    drawn(page)
    whole = axis(page, "evidence")
    zoom(page, plot("evidence"), 0.2, 0.5)
    page.wait_for_function(SHARED, arg=[[plot(name) for name in CHARTS], whole], timeout=15_000)
    chosen = axis(page, "evidence")
    drawn(page, more=3)
    assert all(axis(page, name) == chosen for name in CHARTS)


def test_pointing_at_one_points_at_all(app, visit, number):
    """The pointer over one chart shows the values of that moment in each."""
    page = visit(f"{app}/history?experiment={number}", height=1900)
    drawn(page)
    box = plot_area(page, plot("rate"))
    told = "document.querySelectorAll('.live-plot .hoverlayer .legend').length >= 4"
    point(page, box["x"] + 0.4 * box["width"], box["y"] + 50, told)


def test_a_daily_figure_says_so_when_pointed_at(app, visit, number):
    """The past from before the first look is PostHog's daily series: each chart's words and the pointer say it."""
    page = visit(f"{app}/history?experiment={number}", height=1900)
    drawn(page)
    said = page.locator(plot("lift")).get_attribute("aria-label")
    assert re.search(r"[1-9]\d* of \d+ moments: daily figure from PostHog", said)
    left, top = page.evaluate(
        f"""() => {{ const el = document.querySelector('{plot("lift")}'), axis = el._fullLayout.xaxis;
            const rings = el.data.find(t => t.mode === 'markers'), box = el.getBoundingClientRect();
            const middle = Math.floor(rings.x.length / 2);
            return [box.x + axis._offset + axis.d2p(rings.x[middle]), box.y + el._fullLayout.yaxis._offset + 40]; }}"""
    )
    told = f"document.querySelector('{plot('lift')} .hoverlayer')?.textContent.includes('daily figure from PostHog')"
    point(page, left, top, told)


def test_slider_shows_an_earlier_moment(app, visit, number):
    """Replay, then the slider by keyboard: the banner and the link name an earlier moment; back to live works."""
    page = visit(f"{app}/history?experiment={number}")
    drawn(page)
    page.get_by_role("button", name="Replay").click()
    page.locator(".st-key-replay-bar").wait_for()
    page.wait_for_url(re.compile("at="))
    first = page.url
    page.get_by_role("slider").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"location.href !== {first!r}", timeout=30_000)
    page.get_by_text("nothing later is used").wait_for()
    page.get_by_role("button", name="Back to live").click()
    page.locator(".st-key-replay-bar").wait_for(state="detached", timeout=30_000)
    page.wait_for_url(lambda url: "at=" not in url)


def test_files_are_taken_while_the_page_moves(app, visit, number):
    """The menu of files stays open through ticks: a memo, and five pictures at one click."""
    page = visit(f"{app}/history?experiment={number}", height=1900)
    drawn(page)
    page.get_by_role("button", name="Take it away").click()
    memo = page.get_by_role("button", name="Decision memo (HTML)")
    memo.wait_for()
    drawn(page, more=2)
    with page.expect_download() as file:
        memo.click()
    assert file.value.failure() is None
    assert "always-valid" in file.value.path().read_text()
    drawn(page, more=3)
    assert page.request.get(file.value.url).ok, "a slow line still finds its file"
    pictures = []
    page.on("download", lambda picture: pictures.append(picture))  # noqa: PLW0108  # a built-in cannot be wrapped
    page.get_by_role("button", name="Every chart as a picture").click()
    for _ in range(60):
        page.wait_for_timeout(500)
        if len(pictures) == len(CHARTS):
            break
    names = sorted(picture.suggested_filename for picture in pictures)
    assert [name.rsplit(" ", 1)[1] for name in names] == [f"{name}.png" for name in sorted(CHARTS)]
    assert all(picture.path().stat().st_size > 5_000 for picture in pictures)


def test_cold_deep_link(stand_in, visit, number, tmp_path):
    """The first thing a fresh server is asked is a history link with a range: it opens that."""
    with running_app(stand_in, tmp_path) as address:
        page = visit(f"{address}/history?experiment={number}&range=3d")
        drawn(page)
        page.get_by_text("Exploratory: a part of the run").wait_for()
        assert page.locator("h1").first.inner_text().startswith("Checkout button")


def test_phone_and_dark_have_no_horizontal_scroll(app, visit, number):
    """390 pixels wide and dark, neither page sticks out of the window."""
    for path in (f"history?experiment={number}", "board"):
        page = visit(f"{app}/{path}", width=390, height=844, color_scheme="dark")
        page.wait_for_selector(".st-key-footer")
        page.wait_for_selector(".moments, .board-tile", timeout=60_000)
        main = "document.querySelector('[data-testid=stMain]')"
        assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")


def test_tv_fills_the_screen(app, visit, tmp_path):
    """1920x1080: the wall shows up to twelve tiles, all inside the window, no menu, and a picture of it can be taken."""
    page = visit(f"{app}/board?tv=1", width=1920, height=1080)
    page.wait_for_selector(".tv .board-tile", timeout=60_000)
    page.wait_for_timeout(3_000)
    boxes = page.eval_on_selector_all(
        ".tv .board-tile",
        "tiles => tiles.map(t => { const b = t.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })",
    )
    assert 1 <= len(boxes) <= 12
    assert all(
        left >= 0 and top >= 0 and right <= 1920 and bottom <= 1080
        for left, top, right, bottom in boxes
    )
    assert page.locator(".st-key-topbar").is_hidden()
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    assert len(page.screenshot(path=tmp_path / "tv.png")) > 20_000


def test_tile_leads_to_the_dashboard(app, visit):
    """A tile is a link to its experiment."""
    page = visit(f"{app}/board")
    page.wait_for_selector(".board-tile .cover", timeout=60_000)
    target = page.locator(".board-tile .cover").first.get_attribute("href")
    page.locator(f".board-tile .cover[href='{target}']").click()
    page.wait_for_url(re.compile(re.escape(target)))
    page.wait_for_selector("h1", timeout=60_000)
