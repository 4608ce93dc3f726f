"""The request-processor language: how a request of any protocol becomes an event and commands, and what the answer is made of."""
