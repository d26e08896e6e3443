"""What stage 07 leaves in a run's folder, for those that read it back."""

ATTACKED = "07_attacked"
JSON, PAGE, PLANE = "table2.json", "table2.md", "plane.png"
