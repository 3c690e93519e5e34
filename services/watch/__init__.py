"""Watch: what the loop is doing right now, in a terminal, and a plot of what it has done."""
