"""The bench of faults: every public function is asked with bad arrays and bad models, and judged.

``names`` finds the public functions, ``arguments`` holds a valid call of each, ``arrays`` and ``models`` spoil parts
of it, ``judging`` says what came of one call, ``runs`` and ``axes`` make all of them, and ``results`` counts.
``file_runs`` asks ``doors`` with hostile ``files`` in ``children``. What is left out, and why, stands in
``exceptions``. Only the command line imports any of it.
"""
