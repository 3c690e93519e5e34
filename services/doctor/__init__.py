"""`anabranch doctor`: look at everything a pipeline stands on, and say what is wrong with its cure."""
