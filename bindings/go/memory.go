package shareable

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"

	"shareable/internal/raw"
)

// Memory is a handle of a block of shared memory: CPython's SharedMemory. The package's
// documentation describes lifetime and goroutines.
type Memory struct {
	// All fields are set before the caller gets the handle and do not change then, except calls,
	// pinned, locked and queues, and the writer's id. A method that calls C with the handle, or writes
	// to the memory, uses call, or acquire and release. A method that only reads the memory does not.
	// It must test whether the handle is open after it has read: Close replaces the memory by
	// zeros. It must keep the handle alive until then: the finalizer unmaps the memory.
	access   access // of the list in this block
	writer   writer // to that list
	handle   uintptr
	list     uintptr // C handle of that list, which owns the block's handle; or 0
	dict     uintptr // C handle of the dict that owns that list; or 0
	length   int     // number of items of that list
	name     string
	size     int
	readOnly bool
	bytes    []byte      // the whole mapping, also after Close
	pinned   atomic.Bool // the mapping stays until this process ends
	locked   atomic.Bool // a goroutine has called lock before
	calls    calls
	queues   waitQueues // used only by a list; guarded by the mutex of the watcher
}

var (
	_ io.ReaderAt  = (*Memory)(nil)
	_ io.WriterAt  = (*Memory)(nil)
	_ io.Closer    = (*Memory)(nil)
	_ fmt.Stringer = (*Memory)(nil)
)

// closedMemory is used in place of a nil handle.
var closedMemory Memory

// NewMemory makes a new block of size bytes, all zero, and opens it. It accepts [WithName],
// [WithMode], [Lazy] and [Owned].
//
// It fails with [ErrArgument] if the size, the mode or an option is not valid, or with [ErrExists],
// [ErrName], [ErrNoSpace], [ErrNoMemory], [ErrPermission] or [ErrSystem]. On failure, no block is
// left.
func NewMemory(size int, options ...CreateOption) (*Memory, error) {
	c := newCreation(options)
	if err := c.check(false); err != nil {
		return nil, err
	}
	m, cerr := new(Memory), new(raw.Error)
	if raw.Memory_create(&m.handle, c.cname, uint64(size), c.flags, c.mode, cerr) != 0 {
		return nil, goError(cerr)
	}
	m.adopt()
	runtime.SetFinalizer(m, (*Memory).finalize)
	return m, nil
}

// OpenMemory opens the block of that name. The only option is [ReadOnly].
//
// It fails with [ErrNotFound], [ErrName], [ErrPermission], [ErrNotReady], [ErrNoMemory] or
// [ErrSystem].
func OpenMemory(name string, options ...OpenOption) (*Memory, error) {
	cname, err := cName(&name)
	if err != nil {
		return nil, err
	}
	m, cerr := new(Memory), new(raw.Error)
	if raw.Memory_open(&m.handle, cname, newOpening(options).flags, cerr) != 0 {
		return nil, goError(cerr)
	}
	m.adopt()
	runtime.SetFinalizer(m, (*Memory).finalize)
	return m, nil
}

// Unlink removes the name of a block or a list, without opening it. It fails with [ErrNotFound],
// [ErrName], [ErrPermission] or [ErrSystem].
func Unlink(name string) error {
	cname, err := cName(&name)
	if err != nil {
		return err
	}
	cerr := new(raw.Error)
	if raw.Unlink(cname, cerr) != 0 {
		return goError(cerr)
	}
	return nil
}

// TransferOwnership transfers the blocks that this process owns ([Owned]) to the process pid,
// including blocks that this process makes later. A worker calls it when it starts, so that its
// blocks remain even if it is killed. The blocks are unlinked when this process and all processes
// of such calls have ended. It fails with [ErrArgument] if there is no such process, with
// [ErrNoSpace] if 24 such processes have not ended, or with [ErrSystem] if there is not enough
// memory.
func TransferOwnership(pid int) error {
	return transferError(pid, Status(raw.Transfer_ownership(int64(pid))))
}

// transferError returns the error for a status of the transfer to a process, or nil for success.
func transferError(pid int, status Status) error {
	if status == 0 {
		return nil
	}
	reason := raw.Status_message(int(status))
	if status == ErrArgument {
		reason = "there is no such process"
	}
	return newError(status, "cannot transfer the blocks to process %d: %s", pid, reason)
}

// adopt reads the properties that do not change from a new C handle.
func (m *Memory) adopt() {
	m.name = strings.Clone(raw.Memory_name(m.handle))
	m.size = raw.Memory_size(m.handle)
	m.readOnly = raw.Memory_is_read_only(m.handle) != 0
	m.bytes = raw.Memory_address(m.handle)
	if m.list != 0 {
		parts := raw.ListAccess(m.list)
		m.access = newAccess(parts)
		m.writer.waiters = waitersOf(parts)
	}
	m.calls.isOpen.Store(true)
}

// finalize is the finalizer. It drops the reference, which closes the block if it is still open.
func (m *Memory) finalize() {
	switch {
	case m.dict != 0:
		raw.UnrefDict(m.dict)
	case m.list != 0:
		raw.DeleteList(raw.SwigcptrList(m.list))
	default:
		raw.DeleteMemory(raw.SwigcptrMemory(m.handle))
	}
}

func (m *Memory) orClosed() *Memory {
	if m == nil {
		return &closedMemory
	}
	return m
}

// acquire begins a call of C with the handle, which must end by release. It returns false if the
// handle is closed. Close waits for the calls that have begun.
func (m *Memory) acquire() bool {
	return m.calls.acquire()
}

func (m *Memory) release() {
	m.calls.release()
}

// call calls C with the list, and returns its status, or ErrClosed.
func (m *Memory) call(method func(list uintptr) int) int {
	if !m.acquire() {
		return int(ErrClosed)
	}
	status := method(m.list)
	m.release()
	return status
}

// isOpen reports whether Close has not begun. Whatever was read from the memory before is valid if
// it returns true. The handle is alive until then.
func (m *Memory) isOpen() bool {
	open := m.calls.isOpen.Load()
	runtime.KeepAlive(m)
	return open
}

// Name returns the block's name without the leading '/', even after Close.
func (m *Memory) Name() string {
	return m.orClosed().name
}

// Size returns the size in bytes that the block had when it was opened, even after Close.
func (m *Memory) Size() int {
	return m.orClosed().size
}

// Bytes returns the memory of the whole block. It is not a copy: other processes see what this
// process writes to it, and it shows what they write. After Close, Bytes returns nil.
//
// The slice never dangles: from the first call on, the block stays mapped until this process ends,
// even after Close. The block of a list also keeps its file descriptor. A program that opens many
// blocks should use [Memory.ReadAt] and [Memory.WriteAt] instead, which keep neither. If the block
// was opened [ReadOnly], a write to the slice raises a fault, which ends the program. If another
// process has truncated the block, an access to the slice raises SIGBUS.
func (m *Memory) Bytes() []byte {
	m = m.orClosed()
	if !m.pin() {
		return nil
	}
	return m.bytes
}

// pin pins the mapping until this process ends. It returns false if the block is closed, or cannot
// be pinned. Two goroutines may pin it twice, which does no harm.
func (m *Memory) pin() bool {
	if m.pinned.Load() {
		return m.isOpen()
	}
	if !m.acquire() {
		return false
	}
	defer m.release()
	if raw.Memory_pin(m.handle) != 0 {
		return false
	}
	m.pinned.Store(true)
	return true
}

// ReadAt copies bytes from offset on into p and returns their number. If the block ends first, it
// returns fewer and [io.EOF]. It fails with [ErrClosed], or with [ErrIndex] if the offset is
// negative. It implements [io.ReaderAt]. If another process has truncated the block, the call
// raises SIGBUS.
func (m *Memory) ReadAt(p []byte, offset int64) (int, error) {
	m = m.orClosed()
	if !m.acquire() {
		return 0, m.closed()
	}
	defer m.release()
	if offset < 0 {
		return 0, m.outside(len(p), offset)
	}
	if offset >= int64(len(m.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, m.bytes[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt copies p into the block from offset on, either all of it or nothing. It fails with
// [ErrClosed], with [ErrReadOnly], or with [ErrIndex] if the range is not inside the block. It
// implements [io.WriterAt]. If another process has truncated the block, the call raises SIGBUS.
func (m *Memory) WriteAt(p []byte, offset int64) (int, error) {
	m = m.orClosed()
	if !m.acquire() {
		return 0, m.closed()
	}
	defer m.release()
	if m.readOnly {
		return 0, newError(ErrReadOnly, "block '%s' is attached read-only", m.name)
	}
	if offset < 0 || offset > int64(len(m.bytes)) || len(p) > len(m.bytes)-int(offset) {
		return 0, m.outside(len(p), offset)
	}
	return copy(m.bytes[offset:], p), nil
}

func (m *Memory) closed() error {
	return newError(ErrClosed, "block '%s' is closed: open it again", m.name)
}

func (m *Memory) outside(count int, offset int64) error {
	return newError(ErrIndex, "%d bytes at offset %d out of range: block '%s' has %d bytes", count, offset, m.name, m.size)
}

// Unlink removes the block's name, even after Close. Processes that have the block open keep using
// it. It fails with [ErrNotFound] if the name has already been removed, or if another block has the
// name now; that block keeps the name. It also fails with [ErrClosed] if the handle is nil, or with
// [ErrPermission] or [ErrSystem].
func (m *Memory) Unlink() error {
	m = m.orClosed()
	cerr := new(raw.Error)
	status := raw.Memory_unlink(m.handle, cerr)
	runtime.KeepAlive(m)
	if status != 0 {
		return goError(cerr)
	}
	return nil
}

// Close ends this handle's access to the block. The block itself remains. Close waits for the calls
// in progress, except reads of items that do not call C. For example, it waits for ReadAt, and for
// a read of an item that other processes keep changing. Close always returns nil, and a second call
// does nothing.
//
// The block, its file descriptor and its locks are released at once. The addresses that it was
// mapped at, without memory, are released when the handle is collected.
func (m *Memory) Close() error {
	m = m.orClosed()
	m.calls.close(func() {
		if m.list != 0 {
			raw.CloseList(m.list)
		} else {
			raw.CloseMemory(m.handle)
		}
		keepRange(m.size)
	})
	runtime.KeepAlive(m)
	return nil
}

// String returns the block's name and size in a form for people to read.
func (m *Memory) String() string {
	m = m.orClosed()
	if !m.isOpen() {
		return fmt.Sprintf("Memory(%q, %d bytes, closed)", m.name, m.size)
	}
	return fmt.Sprintf("Memory(%q, %d bytes)", m.name, m.size)
}
