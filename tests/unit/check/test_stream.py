"""Sentences out of a stream: complete, unchanged, and cut only where they end."""

import pytest

from lib.copilot.check import SentenceStream, sentences_of


def fed(text, size, lang="en"):
    stream = SentenceStream(lang)
    out = []
    for i in range(0, len(text), size):
        out += stream.feed(text[i : i + size])
    return [*out, *stream.finish()]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_what_comes_out_is_what_went_in(size):
    """However it is cut into deltas, the same sentences come out and nothing is lost."""
    text = "Blue leads 8.3 % vs. 4 % before. Wait until Nov. 26.\n1. Wait for it.\n- blue: 8.68 %\nDone!"
    assert "".join(fed(text, size)) == text
    assert [s.strip() for s in fed(text, size)] == [
        "Blue leads 8.3 % vs. 4 % before.",
        "Wait until Nov. 26.",
        "1. Wait for it.",
        "- blue: 8.68 %",
        "Done!",
    ]


@pytest.mark.parametrize(
    ("lang", "text", "n"),
    [
        ("de", "Der Plan endet am 18. Mai. Das sind z. B. 4 Tage. Gut.", 3),
        ("fr", "C'est le 1er mai. Ensuite, env. 3 jours.", 2),
        ("es", "Faltan aprox. 4 días. Después se decide.", 2),
        ("en", "領先。可能還要等。", 2),
        ("en", "It is at 8.68. It was 8.02.", 2),
    ],
)
def test_languages_end_their_sentences(lang, text, n):
    """Abbreviations, dates and full stops of other scripts are understood."""
    assert len(list(sentences_of(text, lang))) == n


def test_a_sentence_is_held_until_it_is_complete():
    """Nothing of an open sentence is released, so a number cannot be shown before its end is known."""
    stream = SentenceStream()
    assert stream.feed("Blue is at 8.6") == ()
    assert stream.feed("8 %. ") == ()
    assert stream.feed("N") == ("Blue is at 8.68 %. ",)


def test_endless_text_is_cut_between_words():
    """A model that never ends a sentence is cut at a space."""
    out = fed("word " * 300, 50)
    assert all(len(part) <= 601 for part in out)
    assert "".join(out) == "word " * 300
