"""The story of one request, from the log: asked, answered, labelled, learned, and what it shaped."""
