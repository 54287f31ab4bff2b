"""All benchmarks, one after the other; each picks up where it was interrupted."""

from benchmarks import accuracy, curves

accuracy.main([])
curves.main([])
