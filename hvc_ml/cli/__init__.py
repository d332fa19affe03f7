"""The command line: each verb parses, calls one workflow, prints."""
