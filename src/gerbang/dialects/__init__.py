"""Wire protocols: a folder for each, with a half for resellers and one for suppliers."""
