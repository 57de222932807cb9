"""`python -m thinkcap` is the command line."""

from thinkcap.cli import main

if __name__ == "__main__":
    main()
