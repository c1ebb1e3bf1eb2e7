"""PostHog over HTTP: `client.PostHogSource` is the only name the rest of the program needs."""
