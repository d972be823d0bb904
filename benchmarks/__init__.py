"""What a request costs on openrest and on its peers; see README.md."""
