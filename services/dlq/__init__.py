"""Dead letters: list them, look into one, and write their events back."""
