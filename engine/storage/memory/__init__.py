"""The driver without a disk, for tests and simulations: the same promises, and faults on demand."""
