"""The public schema as Strawberry types: names, descriptions, arguments. What fills them are the shapes."""

# First of all: an enum met before it is told would be taken with the words of Python.
from schema.types import words as words
