"""From eye images to the paper's Table 1, one module per stage.

warsaw, manifest or synthetic_eyes (raw eyes) → preprocess, split → validate → train_evaluators →
train_vgan → privatize → evaluate → table1, results. `pipeline` knows the order, `stage_work` what
each stage reads and writes, `store` what is complete, `records` what flows between them.
"""
