"""Published clinical rules as pure functions and data: standard library only, exact, each with its source."""
