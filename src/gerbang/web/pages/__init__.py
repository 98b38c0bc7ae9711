"""What the console, the portal and the public pages are made with."""
