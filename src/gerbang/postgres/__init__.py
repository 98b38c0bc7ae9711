"""The database: embedded server, migrations, `schema.sql`, and the write lane with its batches."""
