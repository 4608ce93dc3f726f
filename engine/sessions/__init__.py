"""Sessions: what is reserved while a call, a data context or a message goes on, and what it comes to at the end."""
