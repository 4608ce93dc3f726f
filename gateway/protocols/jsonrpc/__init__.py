"""JSON-RPC 1.0 as the clients of a Go server speak it: concatenated objects in, one line per answer out."""
