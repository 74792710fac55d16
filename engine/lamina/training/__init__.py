"""Training: the loop, the data it reads, what it measures, and the document that describes a run."""
