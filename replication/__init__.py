"""From eye images to the paper's Table 1 and Figure 5; a room imports rooms before it only.

errors, config, records: what can go wrong, settings, what flows between the rooms
system: processes, progress, versions
store: the folder of a run
surrogate: synthetic eyes
data: raw eyes, read only
preprocess: stage 01
validate: stage 02
train: stages 03 and 04
privatize: stage 05
figures: how pictures look
evaluate: stage 06, Table 1
attack: stage 07, Table 2
explain: stage 08, Figure 5
results: complete runs
report: stage 09
pipeline: the order of the stages; start reading here
studies: what is measured beside a run
sweep: many runs
command_line: commands and what they print
"""
