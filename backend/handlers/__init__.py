"""HTTP: one file a resource; a method parses, calls one service, and answers."""
