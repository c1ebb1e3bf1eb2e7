"""The steps that bring tables of an older version up to date; run by ``migrate``, each once, all in one transaction.

What a step did is history: it is never changed afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, insert, text

from lib.experiments.model import Exposures
from lib.history import codec
from lib.history.encode import pack_exposures
from lib.history.moments import to_micros
from lib.history.schema import exposure_readings

VERSION = 2
Steps = Mapping[int, Callable[[Connection], None]]


def _keep_readings_of_exposures(connection: Connection) -> None:
    """Exposures are kept reading by reading; the one kept so far counts as seen at its own time."""
    exposure_readings.create(connection)
    kept = connection.execute(text("SELECT experiment_id, body FROM exposures")).all()
    for experiment_id, body in kept:
        seen = codec.loads(Exposures, body)
        row = {"experiment_id": experiment_id, "seen_at": to_micros(seen.as_of)}
        connection.execute(insert(exposure_readings).values(row | {"body": pack_exposures(seen)}))
    connection.execute(text("DROP TABLE exposures"))


STEPS: Steps = {2: _keep_readings_of_exposures}  # version n: from n - 1 to n
