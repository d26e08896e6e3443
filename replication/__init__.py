"""From eye images to the paper's Table 1 and Figure 5, one module per stage.

warsaw, manifest or synthetic_eyes (raw eyes) → preprocess, split → validate → train_evaluators →
train_vgan → privatize → evaluate (table1) → explain_sets (figure5) → check, results. `pipeline` knows
the order, `stage_work` what each stage does, `run_data` what it reads, `store` what is complete,
`records` what flows between them.
"""
