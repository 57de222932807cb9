"""How abacus, the built-in model, is made: problems, thoughts, samples, model, training, export, evaluation."""
