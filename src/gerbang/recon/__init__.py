"""Our attempts against suppliers' statements."""
