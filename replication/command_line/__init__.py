"""What cli.py is made of, by what users do; no command imports what is slow before it is called."""
