"""Networks: blocks, the coders made of them, and heads that turn their output into posteriors."""
