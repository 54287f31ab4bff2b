"""All benchmarks, one after the other; each picks up where it was interrupted."""

from benchmarks import (
    accuracy,
    bands,
    compression,
    curves,
    field,
    growth,
    intervals,
    race,
    shift,
    structure,
)

if __name__ == "__main__":  # the processes that `field` starts import this file again
    accuracy.main([])
    curves.main([])
    race.main([])
    intervals.main([])
    shift.main([])
    bands.main([])
    compression.main([])
    field.main([])
    growth.main([])
    structure.main([])
