"""The service: ask it and read what it says. Knows nothing of polling, drawing or notebooks, and may be used alone."""
