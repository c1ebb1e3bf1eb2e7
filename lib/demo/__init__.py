"""A stand-in for PostHog on loopback: it replays real experiments over real HTTP.

Started by the app when no PostHog is configured, by tests, and by hand with ``python -m lib.demo``.
It imports nothing from the rest of lib: the client must not be able to tell it from PostHog.
Everything that it serves is a function of the data, the seed and its clock. Reading order: clock,
trial (the nouns), replay / simulate / states (where trials come from), results and shapes (what
PostHog would answer), api and query (routes), server.
"""
