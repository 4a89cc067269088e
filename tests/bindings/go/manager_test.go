package check_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"shareable"
)

func startManager(t *testing.T, address string) *shareable.Manager {
	t.Helper()
	manager, err := shareable.StartManager(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { manager.Close() })
	return manager
}

func TestManagerOwnsTheBlocksMadeThroughIt(t *testing.T) {
	for _, address := range []string{"", t.TempDir() + "/socket", "@" + newName(), "127.0.0.1:0"} {
		manager := startManager(t, address)
		other, err := shareable.ConnectManager(manager.Address(), manager.AuthKey())
		if err != nil {
			t.Fatal(err)
		}
		memory, err := manager.NewMemory(16)
		if err != nil || memory.Size() != 16 {
			t.Fatal(memory, err)
		}
		list, err := other.NewList([]any{1, "two"}, shareable.WithCapacity(20))
		if err != nil || list.Len() != 2 {
			t.Fatal(list, err)
		}
		other.Close() // the manager keeps running: this process only connected to it
		if !exists(memory.Name()) || !exists(list.Name()) {
			t.Error("the blocks were removed when a connection ended")
		}
		if err := manager.Shutdown(); err != nil || manager.Shutdown() != nil {
			t.Error(err)
		}
		if exists(memory.Name()) || exists(list.Name()) {
			t.Error("Shutdown left the blocks")
		}
		if value, err := list.GetString(1); value != "two" || err != nil {
			t.Error(value, err) // an open handle can still be used
		}
		memory.Close()
		list.Close()
		if _, err := manager.NewMemory(16); !errors.Is(err, shareable.ErrClosed) {
			t.Error(err)
		}
	}
}

func TestNilOrZeroManagerIsClosed(t *testing.T) {
	for _, manager := range []*shareable.Manager{nil, new(shareable.Manager)} {
		equal(t, manager.Address(), "")
		equal(t, len(manager.AuthKey()), 0)
		_, err := manager.NewMemory(16)
		fails(t, err, is(shareable.ErrClosed))
		_, err = manager.NewList([]any{1}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrClosed))
		equal(t, blocks(), []string(nil))
		fails(t, manager.Shutdown(), is(shareable.ErrClosed))
		ok(t, manager.Close())
	}
}

func TestCloseEndsAStartedManager(t *testing.T) {
	manager := startManager(t, "")
	list, err := manager.NewList([]any{1})
	if err != nil {
		t.Fatal(err)
	}
	list.Close()
	manager.Close()
	manager.Close()
	if exists(list.Name()) {
		t.Error("the list is left")
	}
	if _, err := manager.NewList([]any{1}); !errors.Is(err, shareable.ErrClosed) {
		t.Error(err)
	}
}

func TestConnectManagerNeedsTheKey(t *testing.T) {
	manager := startManager(t, "")
	if _, err := shareable.ConnectManager(manager.Address(), []byte("another")); !errors.Is(err, shareable.ErrAuth) {
		t.Error(err)
	}
	if _, err := shareable.ConnectManager(t.TempDir()+"/none", manager.AuthKey()); !errors.Is(err, shareable.ErrNoManager) {
		t.Error(err)
	}
	for _, empty := range [](func() (*shareable.Manager, error)){
		func() (*shareable.Manager, error) { return shareable.StartManager("", []byte{}) },
		func() (*shareable.Manager, error) { return shareable.ConnectManager(manager.Address(), []byte{}) },
	} {
		if _, err := empty(); !errors.Is(err, shareable.ErrArgument) || !strings.Contains(err.Error(), "the key is empty") {
			t.Error(err)
		}
	}
	if _, err := shareable.ConnectManager("no address", manager.AuthKey()); !errors.Is(err, shareable.ErrArgument) {
		t.Error(err)
	}
}

// stockClient is a Python program that makes a list through the manager whose address and key are
// its arguments. It does not use this library.
const stockClient = `
import sys
from multiprocessing import resource_tracker
from multiprocessing.managers import SharedMemoryManager
manager = SharedMemoryManager(sys.argv[1], bytes.fromhex(sys.argv[2]))
manager.connect()
shared = manager.ShareableList([42, "from Python"])
resource_tracker.unregister(shared.shm._name, "shared_memory")
print(shared.shm.name, end="")
`

func TestManagerServesStockPython(t *testing.T) {
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		t.Skip("no /usr/bin/python3 here")
	}
	manager := startManager(t, "")
	key := ""
	for _, b := range manager.AuthKey() {
		key += string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15])
	}
	client := exec.Command(python, "-c", stockClient, manager.Address(), key)
	client.Stderr = os.Stderr
	name, err := client.Output()
	if err != nil {
		t.Fatal(err)
	}
	list := openList(t, string(name))
	item(t, list, 0, int64(42))
	item(t, list, 1, "from Python")
	manager.Shutdown()
	if exists(string(name)) {
		t.Error("the list is left")
	}
}

// stockServer is a Python program that starts a manager and ends it at the end of its input. It
// does not use this library.
const stockServer = `
import sys
from multiprocessing.managers import SharedMemoryManager
with SharedMemoryManager(authkey=b"the key") as manager:
    print(manager.address, flush=True)
    sys.stdin.read()
`

func TestManagerOfStockPythonServesGo(t *testing.T) {
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		t.Skip("no /usr/bin/python3 here")
	}
	server := exec.Command(python, "-c", stockServer)
	server.Stderr = os.Stderr
	input, _ := server.StdinPipe()
	output, _ := server.StdoutPipe()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	address, _ := bufio.NewReader(output).ReadString('\n')
	manager, err := shareable.ConnectManager(strings.TrimSpace(address), []byte("the key"))
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	for i := 0; i < 3; i++ {
		list, err := manager.NewList([]any{i, "from Go"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if exists(list.Name()) {
				t.Error("the list is left")
			}
			list.Close()
		}()
		if !exists(list.Name()) {
			t.Error("the list does not exist")
		}
	}
	input.Close()
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := manager.NewMemory(1); !errors.Is(err, shareable.ErrNoManager) {
		t.Error(err)
	}
}
