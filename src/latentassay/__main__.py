"""``python -m latentassay``."""

from latentassay.cli import main

if __name__ == "__main__":
    main()
