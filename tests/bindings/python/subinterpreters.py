"""Imports shareable in subinterpreters, where it must raise ImportError, and uses it in the main interpreter.

usage: subinterpreters.py NAME STEP...

The steps are "isolated" and "legacy", which each run a subinterpreter of this kind from its creation
to its end, and "main". NAME is the name of the block that "main" creates.
"""

import sys

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

IMPORTS = """
import sys
sys.path[:] = {path!r}
for module in ["shareable", "shareable.shared_memory", "shareable.managers", "shareable._raw"] * 2:
    try:
        __import__(module)
    except ImportError as error:
        assert "subinterpreters" in str(error), error
    else:
        raise AssertionError("import " + module + " works in a subinterpreter")
    assert not [name for name in sys.modules if name.startswith("shareable")], sys.modules
"""


def create(kind):
    if sys.version_info >= (3, 13):
        return interpreters.create(kind)
    return interpreters.create(isolated=kind == "isolated")


def import_in_subinterpreter(kind):
    interpreter = create(kind)
    error = interpreters.run_string(interpreter, IMPORTS.format(path=sys.path))  # before 3.13, it raises the error
    interpreters.destroy(interpreter)
    assert error is None, error


def use_in_main_interpreter(name):
    from shareable.managers import SharedMemoryManager
    from shareable.shared_memory import ShareableList, SharedMemory

    with ShareableList([5, "text"], name=name) as shared:
        shared[0] += 1
        assert list(shared) == [6, "text"] and shared.index("text") == 1 and 6 in shared
        shared.shm.unlink()
    with SharedMemory(name, create=True, size=3) as memory:
        memory.buf[0] = 1
        memory.unlink()
    assert SharedMemoryManager().address is None
    for module in [module for module in sys.modules if module.startswith("shareable")]:
        del sys.modules[module]  # the next step imports it again


for step in sys.argv[2:]:
    if step == "main":
        use_in_main_interpreter(sys.argv[1])
    else:
        import_in_subinterpreter(step)
