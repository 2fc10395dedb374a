"""The door out: a run as a folder of files, written whole or not at all."""
