/*
 * restarted.c - starts Python twice in one process, and imports shareable in both.
 */
#include <Python.h>

static const char program[] = "try:\n"
                              "    from shareable.shared_memory import ShareableList\n"
                              "except ImportError as error:\n"
                              "    print(error, flush=True)\n"
                              "else:\n"
                              "    with ShareableList([5, 'text']) as shared:\n"
                              "        print(list(shared), flush=True)\n"
                              "        shared.shm.unlink()\n";

int main(void) {
  int failed = 0;

  for (int i = 0; i < 2; i++) {
    Py_Initialize();
    failed |= PyRun_SimpleString(program);
    failed |= Py_FinalizeEx();
  }
  return failed != 0;
}
