"""Storage: one suite for every driver, and what each promises by itself."""
