"""What all operator-written data shares: kinds (one row each), storage by kind and id, matching."""
