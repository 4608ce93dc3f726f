"""RADIUS: authentication, accounting and dynamic authorization."""
