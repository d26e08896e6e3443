"""What cli.py is made of: the commands, the options they share, and what they print.

`run_commands` and `sweep_command` do whole runs, `stage_commands` one stage, `check_commands` judge and
measure, `result_commands` write pages and take things out, `data_commands` look at eyes. No command
imports what is slow before it is called.
"""
