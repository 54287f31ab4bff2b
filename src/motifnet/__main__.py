"""`python -m motifnet`: the command line, where its script is not on the path."""

from motifnet.cli import main

if __name__ == "__main__":
    main()
