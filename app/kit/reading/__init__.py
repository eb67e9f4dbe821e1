"""The read compiler: what is asked of shapes becomes one SQL statement whose only value is finished JSON text."""
