"""Studies: what is measured beside a run, of choices that differ and of explanations."""
