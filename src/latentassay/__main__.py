"""``python -m latentassay``."""

from latentassay.cli.main import main

if __name__ == "__main__":
    main()
