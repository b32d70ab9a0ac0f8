"""Where posts go: the contract (`base`), a folder with a page (`folder`), and Telegram (`telegram`)."""
