"""Arrays in, matplotlib out: every function draws on ``ax`` (or ``axes``), or on a figure of its own."""
