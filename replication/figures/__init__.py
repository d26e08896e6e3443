"""How pictures look: charts, planes, maps and eyes. Knows no run."""
