"""What tests make by hand."""
