"""Pages for the people of one reseller; nothing of another reseller is ever found here."""
