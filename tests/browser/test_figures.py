"""Every figure opens: in an answer by click, Enter and touch, on the live page in verdict and commentary."""

import re

import pytest

from tests.browser.test_chat import MESSAGES, ask, messages, wait_for_answers

LINK = 'a[href^="#figure-"]'
CARD = "#figure-card"
PLAIN = f"""() => {{
  const last = {MESSAGES}.at(-1);
  const words = last.querySelector('[data-testid=stMarkdownContainer]').cloneNode(true);
  words.querySelectorAll('a').forEach(a => a.remove());
  return words.innerText;
}}"""


@pytest.fixture
def answered(app, visit):
    """A page with the what-if answer on it."""

    def open_page(**options):
        page = visit(app, **options)
        page.wait_for_selector("[data-testid=stChatInput] textarea")
        page.wait_for_selector(".live-block .verdict")
        ask(page, "What if I want to end it early?")
        wait_for_answers(page, 2)
        messages(page).last.locator(f"td {LINK}[role=button]").first.wait_for()
        return page

    return open_page


def card_of(page, link):
    """The words of the sheet that is open for this link."""
    page.wait_for_selector(f"{CARD}:popover-open")
    said = page.locator(CARD).inner_text()
    assert said.startswith(link.inner_text()), said
    return said.replace("\u00a0", " ")


def test_figures_of_an_answer_open_by_keyboard(answered):
    """Enter and the space bar open the sheet with definition, inputs and moment; Escape gives the focus back."""
    page = answered()
    address = page.url
    link = messages(page).last.locator(f"td {LINK}").nth(1)
    for key in ("Enter", "Space"):
        link.focus()
        page.keyboard.press(key)
        said = card_of(page, link)
        assert re.search(r"From: .+\d", said), said
        assert re.search(r"Data as of \d+ \w+ \d{4}, \d\d:\d\d", said), said
        assert page.evaluate("document.activeElement.id") == CARD[1:]
        page.keyboard.press("Escape")
        page.wait_for_selector(f"{CARD}:popover-open", state="detached")
        assert page.evaluate("document.activeElement.getAttribute('href')") == link.get_attribute(
            "href"
        )
    assert page.url == address, "opening a figure does not touch the address"


def test_no_figure_of_an_answer_stands_alone(answered):
    """Words, list and table: beside the figures that open there is no digit left but the names' own."""
    page = answered()
    left = page.evaluate(PLAIN)
    assert not re.search(r"(?<!Treatment )\d", left), left
    assert messages(page).last.locator("table tr").count() >= 4


def test_figures_open_by_touch_on_a_phone(answered):
    """On 390 px the sheet opens by touch, lies within the window, closes by its button and by a touch elsewhere."""
    page = answered(width=390, height=844, has_touch=True)
    links = messages(page).last.locator(f"p {LINK}")
    for n in range(min(3, links.count())):
        link = links.nth(n)
        link.scroll_into_view_if_needed()
        link.tap()
        card_of(page, link)
        box = page.locator(CARD).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
        if n:
            page.locator(f"{CARD} .shut").tap()
        else:
            page.touchscreen.tap(380, 5)
        page.wait_for_selector(f"{CARD}:popover-open", state="detached")


def test_an_open_figure_stays_while_the_page_ticks(answered):
    """Ticks of the live panel neither close the sheet nor take the focus away; a second click closes it."""
    page = answered()
    link = messages(page).last.locator(f"td {LINK}").first
    link.click()
    said = card_of(page, link)
    page.wait_for_timeout(5_000)  # two ticks
    assert page.locator(CARD).inner_text().replace("\u00a0", " ") == said
    assert page.evaluate("document.activeElement.id") == CARD[1:]
    link.click(force=True)
    page.wait_for_selector(f"{CARD}:popover-open", state="detached")


def test_figures_of_verdict_and_commentary_open(app, visit):
    """On the live page every figure in verdict, commentary and why-not-yet list opens by Enter and closes by Escape."""
    page = visit(app)
    page.wait_for_selector(".live-block .comment .fact > button")
    for where in (".verdict", ".comment", ".why"):
        buttons = page.locator(f".live-block {where} .fact > button")
        assert buttons.count(), where
        button = buttons.first
        button.focus()
        page.keyboard.press("Enter")
        sheet = button.locator("xpath=following-sibling::*[1]")
        sheet.wait_for()
        assert len(sheet.inner_text().splitlines()) >= 2, sheet.inner_text()
        assert button.get_attribute("aria-expanded") == "true"
        page.keyboard.press("Escape")
        sheet.wait_for(state="hidden")
