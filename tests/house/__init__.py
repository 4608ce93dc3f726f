"""Rules about the repository itself, executable."""
