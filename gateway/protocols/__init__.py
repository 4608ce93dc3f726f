"""Wire protocols without input or output: bytes and meaning, never a socket or a clock."""
