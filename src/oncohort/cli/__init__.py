"""The command line. Each command is a file; nothing is imported before it is asked for."""
