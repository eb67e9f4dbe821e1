from tests.house.tree import functions, name, python_files

FILE, TEST_FILE, FUNCTION = 300, 400, 50


def test_no_file_is_too_long() -> None:
    long = {}
    for path in python_files():
        lines = len(path.read_text().splitlines())
        if lines > (TEST_FILE if name(path).startswith("tests/") else FILE):
            long[name(path)] = lines
    assert not long, "split what they do, not the text"


def test_no_function_is_too_long() -> None:
    long = {
        f"{name(path)}:{found.lineno} {found.name}": length
        for path in python_files()
        for found in functions(path)
        if (length := (found.end_lineno or 0) - found.lineno + 1) > FUNCTION
    }
    assert not long
