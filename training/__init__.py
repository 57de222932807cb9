"""How the built-in model abacus is made: problems, thoughts, samples, model, training, export and evaluation."""
