"""Stages 03 and 04: train the evaluators and PPRL-VGAN."""
