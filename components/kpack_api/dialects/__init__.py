"""One module per API group and version: its objects as they travel, and their neutral forms."""
