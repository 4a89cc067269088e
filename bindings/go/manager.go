package shareable

import (
	"io"
	"runtime"
	"sync"

	"shareable/internal/raw"
)

// Manager is a handle of a process that owns blocks for others and removes them when it ends:
// CPython's SharedMemoryManager. It uses CPython's protocol, so that either side of a connection
// may be Python's standard library. Many goroutines may use a Manager at once.
//
// A Manager that becomes unreachable does not end the manager, because other handles, in this
// process or in others, may use the manager's blocks. So a program must call [Manager.Close] or
// [Manager.Shutdown] for each manager that it starts. Otherwise the manager and its blocks remain
// until the program ends.
type Manager struct {
	mu      sync.RWMutex // held for reading while C uses the handle
	handle  uintptr
	address string
	authkey []byte
}

var _ io.Closer = (*Manager)(nil)

// StartManager starts a manager process. The manager ends when [Manager.Close] or
// [Manager.Shutdown] is called, and when this process exits or dies, but not when the Manager
// becomes unreachable.
//
// The address is the path of a Unix socket, "@name" for an abstract Unix socket, or "host:port". If
// the address is "", the manager listens on a socket in a directory that only this user can enter.
// Clients must prove that they have the key. If authkey is nil, StartManager makes a random key.
//
// It fails with [ErrArgument] if the address is not valid or the key is empty, with [ErrNotFound]
// or [ErrPermission] if the program shareable-manager cannot be run, with [ErrNoManager] if the
// manager does not begin to listen, or with [ErrTimedOut], [ErrNoMemory] or [ErrSystem].
func StartManager(address string, authkey []byte) (*Manager, error) {
	return newManager(raw.StartManager, address, authkey) // no finalizer: it would end the manager
}

// ConnectManager connects to the manager at the address, which may be this library's or CPython's.
// The manager keeps running when the connection ends.
//
// It fails with [ErrArgument], with [ErrAuth] if the manager has another key, with [ErrPermission]
// if the manager belongs to another user, with [ErrNoManager] if no manager listens at the address,
// or with [ErrProtocol], [ErrTimedOut], [ErrNoMemory] or [ErrSystem].
func ConnectManager(address string, authkey []byte) (*Manager, error) {
	m, err := newManager(raw.ConnectManager, address, authkey)
	if err == nil {
		runtime.SetFinalizer(m, (*Manager).Close)
	}
	return m, err
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
		return nil, newError(ErrArgument, "the key is empty: it must have at least 1 byte")
	}
	cerr := new(raw.Error)
	handle, status := construct(caddress, authkey, cerr)
	if status != 0 {
		return nil, goError(cerr)
	}
	return &Manager{handle: handle, address: raw.ManagerAddress(handle), authkey: raw.ManagerAuthkey(handle)}, nil
}

// closedManager is used in place of a nil handle.
var closedManager Manager

func (m *Manager) orClosed() *Manager {
	if m == nil {
		return &closedManager
	}
	return m
}

// Address returns the address at which the manager listens, in the form that [ConnectManager]
// accepts. It is available even after Close.
func (m *Manager) Address() string {
	return m.orClosed().address
}

// AuthKey returns a copy of the key, even after Close.
func (m *Manager) AuthKey() []byte {
	return append([]byte(nil), m.orClosed().authkey...)
}

// NewMemory makes a block of size bytes that the manager owns. It accepts [WithName], [WithMode] and
// [Lazy]. It fails with the errors of the function [NewMemory], with [ErrArgument] if the options
// include [Owned], or with [ErrClosed], [ErrNoManager], [ErrRemote] or [ErrProtocol]. On failure,
// no block is left.
func (m *Manager) NewMemory(size int, options ...CreateOption) (*Memory, error) {
	if err := m.checkOptions(options); err != nil {
		return nil, err
	}
	memory, err := NewMemory(size, options...)
	if err == nil {
		err = m.track(memory)
	}
	if err != nil {
		return nil, err
	}
	return memory, nil
}

// NewList makes a list of the values. The manager owns the list. NewList accepts every
// [CreateOption] except [Owned]. It fails with the errors of the function [NewList] and of
// [Manager.NewMemory]. On failure, no list is left.
func (m *Manager) NewList(values []any, options ...CreateOption) (*List, error) {
	if err := m.checkOptions(options); err != nil {
		return nil, err
	}
	list, err := NewList(values, options...)
	if err == nil {
		err = m.track(list.Memory())
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// NewDict makes a dict. The manager owns the dict. It accepts the options of the function [NewDict],
// except [Owned]. It fails with the errors of the function NewDict and of [Manager.NewMemory]. On
// failure, no dict is left.
func (m *Manager) NewDict(places int, options ...CreateOption) (*Dict, error) {
	if err := m.checkOptions(options); err != nil {
		return nil, err
	}
	dict, err := NewDict(places, options...)
	if err == nil {
		err = m.track(dict.block())
	}
	if err != nil {
		return nil, err
	}
	return dict, nil
}

// checkOptions checks the options of a new block that the manager is going to own. It also fails if
// the manager is closed, so that no block is made in vain.
func (m *Manager) checkOptions(options []CreateOption) error {
	if newCreation(options).flags&uint32(raw.OWNED) != 0 {
		return newError(ErrArgument, "the manager owns the block: Owned is an option for blocks without a manager")
	}
	return m.call(func(*raw.Error) int { return 0 })
}

// track makes the manager the owner of the block. On failure, it removes the block.
func (m *Manager) track(memory *Memory) error {
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

// Shutdown makes the manager remove its blocks and exit, and waits until it has exited. A manager of
// this library also removes its ownership log, unless another process is unlinking one of its blocks
// at the same time. Processes that have a block open keep using it.
//
// A second call does nothing, but after Close the error is [ErrClosed]. A CPython manager that this
// process did not start may refuse to shut down: then the error is [ErrRemote].
func (m *Manager) Shutdown() error {
	return m.call(func(cerr *raw.Error) int { return raw.ManagerShutdown(m.handle, cerr) })
}

// Close releases the handle. If this process started the manager, Close shuts the manager down as
// [Manager.Shutdown] does. Close always returns nil, and a second call does nothing.
func (m *Manager) Close() error {
	m = m.orClosed()
	m.mu.Lock()
	defer m.mu.Unlock()
	raw.ManagerUnref(m.handle)
	m.handle = 0
	return nil
}

// call calls the method, which uses the C handle. If the Manager is closed, it fails instead.
func (m *Manager) call(method func(cerr *raw.Error) int) error {
	m = m.orClosed()
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.handle == 0 {
		return newError(ErrClosed, "the manager is closed: start another one, or connect again")
	}
	cerr := new(raw.Error)
	if method(cerr) != 0 {
		return goError(cerr)
	}
	return nil
}
