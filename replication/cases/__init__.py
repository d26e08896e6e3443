"""Explain by similar cases: gated, privatized, searched, and shown on a card (docs/cases.md)."""
