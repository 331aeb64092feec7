"""One module per command that joins rooms: the order of the stages, nothing else."""
