"""The machine: processes and signals, progress bars, versions and cores."""
