"""Those who sign in: users, roles, passwords, second factors, sessions."""
