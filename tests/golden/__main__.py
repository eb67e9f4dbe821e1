"""Write the tables anew: python -m tests.golden"""

from tenants.model import Role
from tests.golden.sight import file_of, sight_of
from tests.golden.table import FILE, written

FILE.write_text(written())
for role in Role:
    file_of(role).write_text(sight_of(role))
