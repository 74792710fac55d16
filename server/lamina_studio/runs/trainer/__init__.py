"""The trainer: the process that imports the engine and trains one attempt of one run."""
