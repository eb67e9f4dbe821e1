"""The database roles: one owns the schema, two work in it and own nothing."""

import re
from dataclasses import dataclass

OWNER = "lockyard_owner"
APP = "lockyard_app"
WORKER = "lockyard_worker"

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_PASSWORD = re.compile(r"[A-Za-z0-9_-]{16,128}")

# Parallel workers ignore the row limits that make our reads short, and cost more to start than a read takes.
_LOGIN = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


@dataclass(frozen=True, slots=True)
class RolePasswords:
    owner: str
    app: str
    worker: str


def role_statements(passwords: RolePasswords) -> list[str]:
    """Statements for an administrator of the server, safe to repeat. Passwords: 16-128 of A-Z a-z 0-9 _ -."""
    found: list[str] = []
    for role, password in ((OWNER, passwords.owner), (APP, passwords.app), (WORKER, passwords.worker)):
        if not _PASSWORD.fullmatch(password):
            raise ValueError(f"the password of {role} must be 16 to 128 letters, digits, _ or -")
        found += [
            f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"ALTER ROLE {role} WITH {_LOGIN} PASSWORD '{password}'",
        ]
    found += [f"ALTER ROLE {role} SET max_parallel_workers_per_gather = 0" for role in (APP, WORKER)]
    return found


def database_statements(database: str) -> list[str]:
    """Statements for an administrator, run inside `database`, which `lockyard_owner` must own. Safe to repeat."""
    if not _NAME.fullmatch(database):
        raise ValueError(f"not a database name: {database!r}")
    return [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {APP}, {WORKER}",
        f"ALTER SCHEMA public OWNER TO {OWNER}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {APP}, {WORKER}",
    ]
