"""The nouns every other package speaks: experiments, totals, snapshots, facts, alerts and errors."""
