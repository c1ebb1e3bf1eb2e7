"""No number reaches a reader that was not computed: finding numbers in prose, and holding them against facts.

The copilot's loop calls ``check_sentence`` for each sentence a ``SentenceStream`` releases, and ``check_slots``
for texts with ``[[fact-id]]``. The check never repairs and never computes: it says what does not hold and why.
"""

from lib.copilot.check.judge import Court, check_sentence, read_numbers
from lib.copilot.check.mention import Finding
from lib.copilot.check.slots import check_slots
from lib.copilot.check.stream import SentenceStream, sentences_of
from lib.copilot.check.tables import context_of

__all__ = [
    "Court",
    "Finding",
    "SentenceStream",
    "check_sentence",
    "check_slots",
    "context_of",
    "read_numbers",
    "sentences_of",
]
