package shareable

import (
	"io"
	"runtime"
	"sync"

	"shareable/internal/raw"
)

// Manager is a process that owns blocks for others, and removes them in the end: CPython's SharedMemoryManager, whose
// protocol it speaks, so that either side of a connection may be the standard library's. Any goroutine may use it.
type Manager struct {
	mu      sync.RWMutex // held for reading while C uses the handle
	handle  uintptr
	address string
	authkey []byte
}

var _ io.Closer = (*Manager)(nil)

// StartManager starts a manager, which ends with [Manager.Close] or [Manager.Shutdown], and by itself when this process
// has ended, however. The address is the path of a Unix socket, "@name" of one of Linux' abstract ones, or "host:port";
// "" makes up a socket in a folder that is this user's alone. Whoever is to connect shows the key; nil makes up one.
//
// It fails with [ErrArgument] (the address, an empty key), [ErrNotFound] where the program shareable-manager is not installed,
// [ErrTimedOut], [ErrNoMemory] or [ErrSystem].
func StartManager(address string, authkey []byte) (*Manager, error) {
	return newManager(raw.StartManager, address, authkey)
}

// ConnectManager connects to the manager at the address, this library's or CPython's. The connection's end is not the
// manager's. It fails as [StartManager], or with [ErrAuth] where the key is another, or [ErrNoManager] where none is there.
func ConnectManager(address string, authkey []byte) (*Manager, error) {
	return newManager(raw.ConnectManager, address, authkey)
}

type beginner = func(address *byte, authkey []byte, answer *raw.Error) (manager uintptr, status int)

func newManager(begin beginner, address string, authkey []byte) (*Manager, error) {
	place := &address
	if address == "" {
		place = nil
	}
	caddress, err := cName(place)
	if err != nil {
		return nil, err
	}
	if authkey != nil && len(authkey) == 0 {
		return nil, newError(ErrArgument, "an empty key: a key has at least one byte")
	}
	answer := new(raw.Error)
	handle, status := begin(caddress, authkey, answer)
	if status != 0 {
		return nil, told(answer)
	}
	m := &Manager{handle: handle, address: raw.ManagerAddress(handle), authkey: raw.ManagerAuthkey(handle)}
	runtime.SetFinalizer(m, (*Manager).Close)
	return m, nil
}

// Address returns where the manager listens, as [ConnectManager] takes it.
func (m *Manager) Address() string {
	return m.address
}

// AuthKey returns a copy of the key.
func (m *Manager) AuthKey() []byte {
	return append([]byte(nil), m.authkey...)
}

// NewMemory makes a block of size bytes, as the function [NewMemory], which the manager owns. It fails as that, or with
// [ErrClosed], [ErrNoManager], [ErrRemote] or [ErrProtocol]; then there is no block.
func (m *Manager) NewMemory(size int) (*Memory, error) {
	memory, err := NewMemory(size)
	if err == nil {
		err = m.own(memory)
	}
	if err != nil {
		return nil, err
	}
	return memory, nil
}

// NewList makes a list of the values, as the function [NewList], which the manager owns. It takes [WithCapacity] and
// [Plain], and fails as [Manager.NewMemory].
func (m *Manager) NewList(values []any, options ...CreateOption) (*List, error) {
	list, err := NewList(values, options...)
	if err == nil {
		err = m.own(list.Memory())
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// own gives the manager a block, or undoes it.
func (m *Manager) own(memory *Memory) error {
	name, err := cName(&memory.name)
	if err == nil {
		err = m.call(func(answer *raw.Error) int { return raw.ManagerTrack(m.handle, name, answer) })
	}
	if err != nil {
		memory.Close()
		memory.Unlink()
	}
	return err
}

// Shutdown has the manager remove its blocks and end, and waits for that. Who uses a block keeps it. A second time it does
// nothing. One of CPython's that this process is only connected to may refuse: [ErrRemote].
func (m *Manager) Shutdown() error {
	return m.call(func(answer *raw.Error) int { return raw.ManagerShutdown(m.handle, answer) })
}

// Close drops the handle: a manager that this process started ends, as by [Manager.Shutdown]. It always returns nil.
func (m *Manager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	raw.ManagerUnref(m.handle)
	m.handle = 0
	return nil
}

func (m *Manager) call(work func(answer *raw.Error) int) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	answer := new(raw.Error)
	if work(answer) != 0 {
		return told(answer)
	}
	return nil
}
