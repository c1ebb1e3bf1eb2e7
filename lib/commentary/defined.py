"""What each fact of the sheet is, in one sentence, in English, German, French and Spanish."""

DEFINITIONS: dict[str, tuple[str, ...]] = {
    "n": ("Visitors counted in this arm since the start.",),
}
