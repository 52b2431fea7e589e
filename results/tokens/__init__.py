"""Where the tokens went, and what working together took of them."""
