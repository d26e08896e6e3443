"""Stages 03 and 04: train the evaluators, the evidence code, PP-MIR and PPRL-VGAN."""
