package shareable

import (
	"io"
	"runtime"
	"sync"

	"shareable/internal/raw"
)

// Manager is a handle of a process that owns blocks for others and removes them when it ends:
// CPython's SharedMemoryManager. It speaks CPython's protocol, so that either side of a connection
// may be the standard library's. Any goroutine may use a Manager.
type Manager struct {
	mu      sync.RWMutex // held for reading while C uses the handle
	handle  uintptr
	address string
	authkey []byte
}

var _ io.Closer = (*Manager)(nil)

// StartManager starts a manager. It ends at [Manager.Close] or [Manager.Shutdown], and by itself
// when this process ends, in whatever way. The address is the path of a Unix socket, "@name" for an
// abstract socket of Linux, or "host:port". If it is "", the manager listens at a socket in a
// directory that only this user can enter. Clients must prove that they have the key. If authkey is
// nil, a random key is made.
//
// It fails with [ErrArgument] (the address, an empty key), with [ErrNotFound] or [ErrPermission] if
// the program shareable-manager cannot be run, with [ErrNoManager] if it does not begin to listen,
// or with [ErrTimedOut], [ErrNoMemory] or [ErrSystem].
func StartManager(address string, authkey []byte) (*Manager, error) {
	return newManager(raw.StartManager, address, authkey)
}

// ConnectManager connects to the manager at the address, whether it is this library's or CPython's.
// The manager goes on when the connection ends. It fails with [ErrArgument], with [ErrAuth] if the
// manager has another key, with [ErrPermission] if it belongs to another user, with [ErrNoManager]
// if no manager listens there, or with [ErrProtocol], [ErrTimedOut], [ErrNoMemory] or [ErrSystem].
func ConnectManager(address string, authkey []byte) (*Manager, error) {
	return newManager(raw.ConnectManager, address, authkey)
}

type constructor = func(address *byte, authkey []byte, cerr *raw.Error) (manager uintptr, status int)

func newManager(construct constructor, address string, authkey []byte) (*Manager, error) {
	optional := &address
	if address == "" {
		optional = nil
	}
	caddress, err := cName(optional)
	if err != nil {
		return nil, err
	}
	if authkey != nil && len(authkey) == 0 {
		return nil, newError(ErrArgument, "an empty key: a key has at least one byte")
	}
	cerr := new(raw.Error)
	handle, status := construct(caddress, authkey, cerr)
	if status != 0 {
		return nil, goError(cerr)
	}
	m := &Manager{handle: handle, address: raw.ManagerAddress(handle), authkey: raw.ManagerAuthkey(handle)}
	runtime.SetFinalizer(m, (*Manager).Close)
	return m, nil
}

// closedManager is the closed manager that stands for a nil handle.
var closedManager Manager

func (m *Manager) orClosed() *Manager {
	if m == nil {
		return &closedManager
	}
	return m
}

// Address returns the address at which the manager listens, as [ConnectManager] takes it, even
// after Close.
func (m *Manager) Address() string {
	return m.orClosed().address
}

// AuthKey returns a copy of the key, even after Close.
func (m *Manager) AuthKey() []byte {
	return append([]byte(nil), m.orClosed().authkey...)
}

// NewMemory makes a block of size bytes that the manager owns. It fails with the errors of the
// function [NewMemory], or with [ErrClosed], [ErrNoManager], [ErrRemote] or [ErrProtocol]. A
// failure leaves no block.
func (m *Manager) NewMemory(size int) (*Memory, error) {
	memory, err := NewMemory(size)
	if err == nil {
		err = m.track(memory)
	}
	if err != nil {
		return nil, err
	}
	return memory, nil
}

// NewList makes a list of the values that the manager owns. It takes [WithCapacity] and [Plain]. It
// fails with the errors of the function [NewList] and of [Manager.NewMemory]. A failure leaves no
// list.
func (m *Manager) NewList(values []any, options ...CreateOption) (*List, error) {
	list, err := NewList(values, options...)
	if err == nil {
		err = m.track(list.Memory())
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// track makes the manager the owner of the block. On failure, it removes the block.
func (m *Manager) track(memory *Memory) error {
	m = m.orClosed()
	name, err := cName(&memory.name)
	if err == nil {
		err = m.call(func(cerr *raw.Error) int { return raw.ManagerTrack(m.handle, name, cerr) })
	}
	if err != nil {
		memory.Close()
		memory.Unlink()
	}
	return err
}

// Shutdown makes the manager remove its blocks and end, and waits until it has ended. Processes
// that have a block open keep using it. A second call does nothing. A CPython manager to which this
// process is only connected may refuse: then the error is [ErrRemote].
func (m *Manager) Shutdown() error {
	m = m.orClosed()
	return m.call(func(cerr *raw.Error) int { return raw.ManagerShutdown(m.handle, cerr) })
}

// Close drops the handle. If this process started the manager, the manager ends as by
// [Manager.Shutdown]. Close always returns nil.
func (m *Manager) Close() error {
	m = m.orClosed()
	m.mu.Lock()
	defer m.mu.Unlock()
	raw.ManagerUnref(m.handle)
	m.handle = 0
	return nil
}

func (m *Manager) call(method func(cerr *raw.Error) int) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	cerr := new(raw.Error)
	if method(cerr) != 0 {
		return goError(cerr)
	}
	return nil
}
