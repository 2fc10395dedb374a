"""The door in: files to typed records, each cell that does not fit told, and the draft of a new study."""
