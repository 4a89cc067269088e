package shareable

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"shareable/internal/raw"
)

// Memory is a block of shared memory, as this process has it open: CPython's SharedMemory. See the package's
// documentation on lifetime and on goroutines.
type Memory struct {
	// Held for reading while C or a copy uses the mapping, for writing to end that. Whatever is here besides is set
	// before the handle is given out, and stays, but for bytes, pinned and lines.
	mu       sync.RWMutex
	handle   uintptr
	list     uintptr // C's handle of the list that this block belongs to, which then owns the block's; or 0
	length   int     // of that list
	name     string
	size     int
	readOnly bool
	bytes    []byte // all of the mapping; nil once closed
	pinned   bool
	lines    lines // of a list
}

var (
	_ io.ReaderAt  = (*Memory)(nil)
	_ io.WriterAt  = (*Memory)(nil)
	_ io.Closer    = (*Memory)(nil)
	_ fmt.Stringer = (*Memory)(nil)
)

// none is what a nil handle stands for: a closed one.
var none Memory

// NewMemory makes a new block of size bytes, all zero, and opens it. It takes [WithName], [WithMode], [Lazy] and [Owned].
//
// It fails with [ErrExists], [ErrName], [ErrArgument] (size, mode, options), [ErrNoSpace], [ErrNoMemory],
// [ErrPermission] or [ErrSystem], and then leaves nothing behind.
func NewMemory(size int, options ...CreateOption) (*Memory, error) {
	c := newCreation(options)
	if c.capacity != nil {
		return nil, newError(ErrArgument, "WithCapacity is for lists")
	}
	if err := c.checkName(); err != nil {
		return nil, err
	}
	m, answer := new(Memory), new(raw.Error)
	if raw.Memory_create(&m.handle, c.cname, uint64(size), c.flags, c.mode, answer) != 0 {
		return nil, told(answer)
	}
	m.adopt()
	runtime.SetFinalizer(m, (*Memory).release)
	return m, nil
}

// OpenMemory opens the block of that name, whoever made it. It takes [ReadOnly].
//
// It fails with [ErrNotFound], [ErrName], [ErrPermission], [ErrNotReady], [ErrNoMemory] or [ErrSystem].
func OpenMemory(name string, options ...OpenOption) (*Memory, error) {
	cname, err := cName(&name)
	if err != nil {
		return nil, err
	}
	m, answer := new(Memory), new(raw.Error)
	if raw.Memory_open(&m.handle, cname, newOpening(options).flags, answer) != 0 {
		return nil, told(answer)
	}
	m.adopt()
	runtime.SetFinalizer(m, (*Memory).release)
	return m, nil
}

// Unlink removes the name of a block or a list, without opening it. It fails with [ErrNotFound], [ErrName],
// [ErrPermission] or [ErrSystem].
func Unlink(name string) error {
	cname, err := cName(&name)
	if err != nil {
		return err
	}
	answer := new(raw.Error)
	if raw.Unlink(cname, answer) != 0 {
		return told(answer)
	}
	return nil
}

// HandOver leaves the blocks that this process owns ([Owned]) to the process with that id, for a worker that is about to
// end: they are unlinked once both have ended. Where this process is killed before, nothing has changed. It fails with
// [ErrArgument] where there is no such process.
func HandOver(pid int) error {
	if status := raw.Hand_over(int64(pid)); status != 0 {
		return newError(Status(status), "there is no process %d to leave blocks to", pid)
	}
	return nil
}

// adopt looks up what a handle that C just made does not change.
func (m *Memory) adopt() {
	m.name = strings.Clone(raw.Memory_name(m.handle))
	m.size = raw.Memory_size(m.handle)
	m.readOnly = raw.Memory_is_read_only(m.handle) != 0
	m.bytes = raw.Memory_address(m.handle)
}

// release is the finalizer: it drops the reference, which closes the block where nobody did.
func (m *Memory) release() {
	if m.list != 0 {
		raw.DeleteList(raw.SwigcptrList(m.list))
	} else {
		raw.DeleteMemory(raw.SwigcptrMemory(m.handle))
	}
}

func (m *Memory) orNone() *Memory {
	if m == nil {
		return &none
	}
	return m
}

// Name returns the block's name, without the '/' in front; also once closed.
func (m *Memory) Name() string {
	return m.orNone().name
}

// Size returns the block's size in bytes, as it was when it was opened; also once closed.
func (m *Memory) Size() int {
	return m.orNone().size
}

// Bytes returns all of the block's memory itself: what is written there is shared, what others write is seen. It
// returns nil once closed.
//
// The slice never dangles: from the first call on the block stays mapped in this process until that ends, whether or
// not it is closed, and a list's keeps its file descriptor. A program that goes through many blocks uses [Memory.ReadAt] and [Memory.WriteAt] instead, which
// do not keep anything. Of a block that was opened [ReadOnly], writing to the slice is a fault, which ends the
// program.
func (m *Memory) Bytes() []byte {
	m = m.orNone()
	if !m.keep() {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.bytes
}

// keep has the block stay mapped until this process ends. It reports whether it does: not if it was closed before.
func (m *Memory) keep() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes != nil && !m.pinned {
		m.pinned = raw.Memory_pin(m.handle) == 0
	}
	return m.bytes != nil && m.pinned
}

// ReadAt copies bytes from offset on into p, and returns how many: fewer than asked for only with [io.EOF], where the
// block ends. It fails with [ErrClosed], or [ErrIndex] where the offset is negative. It implements [io.ReaderAt].
func (m *Memory) ReadAt(p []byte, offset int64) (int, error) {
	m = m.orNone()
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.bytes == nil {
		return 0, m.closed()
	}
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

// WriteAt copies p into the block from offset on: all of it or nothing. It fails with [ErrClosed], [ErrReadOnly], or
// [ErrIndex] where that does not lie in the block. It implements [io.WriterAt].
func (m *Memory) WriteAt(p []byte, offset int64) (int, error) {
	m = m.orNone()
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.bytes == nil {
		return 0, m.closed()
	}
	if m.readOnly {
		return 0, newError(ErrReadOnly, "block '%s' is attached read-only", m.name)
	}
	if offset < 0 || offset > int64(len(m.bytes)) || len(p) > len(m.bytes)-int(offset) {
		return 0, m.outside(len(p), offset)
	}
	return copy(m.bytes[offset:], p), nil
}

func (m *Memory) isClosed() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.bytes == nil
}

func (m *Memory) closed() error {
	return newError(ErrClosed, "block '%s' is closed: open it again", m.name)
}

func (m *Memory) outside(count int, offset int64) error {
	return newError(ErrIndex, "%d bytes at %d lie outside of block '%s' of %d bytes", count, offset, m.name, m.size)
}

// Unlink removes the block's name, whether or not it is closed. Who has the block open keeps it. It fails with
// [ErrNotFound] where the name is already gone, also where it belongs to another block by now, which stays; or with
// [ErrClosed] (of a nil handle), [ErrPermission] or [ErrSystem].
func (m *Memory) Unlink() error {
	m = m.orNone()
	m.mu.RLock()
	defer m.mu.RUnlock()
	answer := new(raw.Error)
	if raw.Memory_unlink(m.handle, answer) != 0 {
		return told(answer)
	}
	return nil
}

// Close ends this handle's access to the block, once the calls that are under way are done. The block itself stays. It
// always returns nil, also the second time.
func (m *Memory) Close() error {
	m = m.orNone()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list != 0 {
		raw.List_close(m.list)
	} else {
		raw.Memory_close(m.handle)
	}
	m.bytes = nil
	return nil
}

// String returns the block's name and size, for people to read.
func (m *Memory) String() string {
	m = m.orNone()
	if m.isClosed() {
		return fmt.Sprintf("Memory(%q, %d bytes, closed)", m.name, m.size)
	}
	return fmt.Sprintf("Memory(%q, %d bytes)", m.name, m.size)
}
