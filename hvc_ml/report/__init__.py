"""What people open: list, workbook, page, charts."""
