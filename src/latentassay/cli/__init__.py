"""The command line: one file a command, put together in ``app``; what several share is in ``shell`` and ``terminal``.

No module here imports torch or numpy before a command needs it: ``--help`` and errors of usage come at once.
"""


def main() -> None:
    """Run the ``latentassay`` command with the words that were typed."""
    from latentassay.cli.app import app

    app()
