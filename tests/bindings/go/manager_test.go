package check_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

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
		fails(t, err, is(shareable.ErrClosed), "the manager is closed")
		_, err = manager.NewList([]any{1}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrClosed))
		equal(t, blocks(), []string(nil))
		fails(t, manager.Shutdown(), is(shareable.ErrClosed))
		ok(t, manager.Close())
	}
}

// A closed manager makes no block in vain: otherwise the error would be ErrExists.
func TestAClosedManagerMakesNoBlock(t *testing.T) {
	memory, manager := newMemory(t, 16), startManager(t, "")
	ok(t, manager.Close())
	_, err := manager.NewMemory(16, shareable.WithName(memory.Name()))
	fails(t, err, is(shareable.ErrClosed))
	_, err = manager.NewList([]any{1}, shareable.WithName(memory.Name()))
	fails(t, err, is(shareable.ErrClosed))
}

// makeListOfUnreachableManager starts a manager, makes a list by it, and drops the Manager.
func makeListOfUnreachableManager(t *testing.T) (list *shareable.List, address string, key []byte) {
	manager, err := shareable.StartManager("", nil)
	ok(t, err)
	list, err = manager.NewList([]any{1, 2, 3})
	ok(t, err)
	return list, manager.Address(), manager.AuthKey()
}

func TestAnUnreachableManagerKeepsItsBlocks(t *testing.T) {
	list, address, key := makeListOfUnreachableManager(t)
	kept++
	other := openList(t, list.Name())
	name := list.Name()
	list = nil // only the second handle uses the list
	for i := 0; i < 10; i++ {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	equal(t, exists(name), true)
	item(t, other, 2, int64(3))
	connection, err := shareable.ConnectManager(address, key)
	ok(t, err)
	ok(t, connection.Shutdown())
	equal(t, exists(name), false)
	ok(t, connection.Close())
}

func TestAManagerTakesTheOptionsOfNewMemoryAndNewList(t *testing.T) {
	manager := startManager(t, "")
	name := newName()
	memory, err := manager.NewMemory(4096, shareable.WithName(name), shareable.WithMode(0o400), shareable.Lazy(), nil)
	ok(t, err)
	equal(t, memory.Name(), name)
	info, err := os.Stat("/dev/shm/" + name)
	ok(t, err)
	equal(t, info.Mode().Perm(), fs.FileMode(0o400))
	_, err = manager.NewList([]any{1}, shareable.WithName(name))
	fails(t, err, is(shareable.ErrExists))
	equal(t, exists(name), true) // it is another block

	list, err := manager.NewList([]any{"text"}, shareable.WithName(name+"-list"), shareable.WithCapacity(100),
		shareable.NoSync())
	ok(t, err)
	capacity, err := list.Capacity(0)
	ok(t, err)
	equal(t, capacity >= 100, true)
	fails(t, list.Unlock(), is(shareable.ErrNoSync))

	ok(t, manager.Shutdown())
	equal(t, exists(name), false)
	equal(t, exists(name+"-list"), false)
	ok(t, memory.Close())
	ok(t, list.Close())
}

func TestAManagerRefusesOwnedAndInvalidOptions(t *testing.T) {
	manager := startManager(t, "")
	for option, invalid := range map[string]shareable.CreateOption{
		"Owned": shareable.Owned(), "mode": shareable.WithMode(0o1000), "capacity": shareable.WithCapacity(-1),
	} {
		_, err := manager.NewList([]any{1}, shareable.WithName(newName()), invalid)
		fails(t, err, is(shareable.ErrArgument), option)
	}
	for _, invalid := range []shareable.CreateOption{shareable.Owned(), shareable.NoSync(), shareable.WithCapacity(8)} {
		_, err := manager.NewMemory(16, shareable.WithName(newName()), invalid)
		fails(t, err, is(shareable.ErrArgument))
	}
	_, err := manager.NewMemory(16, shareable.WithName("a/b"))
	fails(t, err, is(shareable.ErrName))
	equal(t, blocks(), []string(nil))
}

// If the environment variable is set, the test program makes a list by the manager that it names,
// prints the list's name, and ends.
func init() {
	if address := os.Getenv("SHAREABLE_TEST_MANAGER"); address != "" {
		manager, err := shareable.ConnectManager(address, []byte("key"))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		list, err := manager.NewList([]any{1})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Print(list.Name())
		os.Exit(0)
	}
}

func TestABlockOfAManagerOutlivesItsCreator(t *testing.T) {
	manager, err := shareable.StartManager("", []byte("key"))
	ok(t, err)
	defer manager.Close()
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), "SHAREABLE_TEST_MANAGER="+manager.Address())
	name, err := client.Output()
	ok(t, err)
	equal(t, exists(string(name)), true)
	ok(t, manager.Shutdown())
	equal(t, exists(string(name)), false)
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

// logsOf returns the ownership logs that contain the name.
func logsOf(t *testing.T, name string) (found []string) {
	t.Helper()
	logs, err := filepath.Glob("/dev/shm/.shareable-*/*")
	ok(t, err)
	for _, log := range logs {
		if content, err := os.ReadFile(log); err == nil && bytes.Contains(content, []byte(name)) {
			found = append(found, log)
		}
	}
	return found
}

func TestShutdownLeavesNoOwnershipLog(t *testing.T) {
	for round := 0; round < 5; round++ {
		manager, err := shareable.StartManager("", nil)
		ok(t, err)
		kept, err := manager.NewList([]any{1})
		ok(t, err)
		unlinked, err := manager.NewMemory(16)
		ok(t, err)
		ok(t, unlinked.Unlink())
		equal(t, len(logsOf(t, kept.Name())), 1)
		ok(t, manager.Shutdown())
		equal(t, logsOf(t, kept.Name()), []string(nil))
		ok(t, kept.Close())
		ok(t, unlinked.Close())
		ok(t, manager.Close())
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
