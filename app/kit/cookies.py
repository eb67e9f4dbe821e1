"""Reading one cookie: in a time that grows with the header and no faster, for anybody may send one."""


def cookie(header: str, name: str) -> str | None:
    """The value of the last cookie of this name. Values with escapes are none of ours: they are left as they stand."""
    found = None
    for part in header.split(";"):
        key, is_pair, value = part.partition("=")
        if is_pair and key.strip() == name:
            found = value.strip()
    if found is not None and len(found) > 1 and found[0] == found[-1] == '"':
        found = found[1:-1]
    return found or None
