"""How good the answers are: prequential figures, with the delay of labels taken seriously."""
