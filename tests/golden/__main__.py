"""Write the table anew: python -m tests.golden"""

from tests.golden.table import FILE, written

FILE.write_text(written())
