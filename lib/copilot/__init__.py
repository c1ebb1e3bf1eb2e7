"""The copilot: questions in four languages, answered with computed facts, with or without a language model."""
