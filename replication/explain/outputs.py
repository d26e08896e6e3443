"""What stage 08 leaves in a run's folder, for those that read it back."""

EXPLAINED = "08_explained"
RELEVANCE, PLACES, RULE_TABLE = "relevance.csv", "sign_places.csv", "rules.csv"
SUMMARY, PAGE, FIGURE5 = "explanation.json", "explanation.md", "figure5.png"
NO_IRISES = "Not measured: no image is centred on an iris."  # of places in the iris
