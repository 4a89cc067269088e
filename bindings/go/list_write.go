package shareable

import (
	"math"
	"sync/atomic"
	"unsafe"

	"shareable/internal/raw"
)

// writer writes numbers without a call of C, by the rules of layout.md, "A writer without a hazard".
// It writes a number over a number of the same type, in an item that is neither locked nor corrupt.
// In every other case, C writes the item.
//
// All goroutines have the writer id that C has for the handle. They exclude each other, and calls of
// C through the handle, by the locked flag of an item: a locked item that contains the handle's own
// id has a living owner, like any other. While a goroutine writes, it counts as a call of C, so that
// Close waits for it before C releases the id. Otherwise another process could take the locked item
// over, as one of a dead writer, and the goroutine would then destroy the lock of that process.
//
// The id belongs to this process. Go has no fork, so no child uses it.
type writer struct {
	waiters unsafe.Pointer // the word with the waiters flags; nil if Go does not write the list
	id      atomic.Uint32  // 0 before the first write
}

// waitersAny is the waiters flag of the eventcount of any item, and eventcounts is the number of
// eventcounts of items.
const (
	waitersAny  = 1 << 32
	eventcounts = 32
)

// boolWord is the data word of true.
var boolWord = wordOf("\x00\x00\x00\x00\x00\x00\x00\x01")

// waitersOf returns the word with the waiters flags, or nil if Go does not write the list.
func waitersOf(parts raw.Access) unsafe.Pointer {
	if parts.AreaVersion != areaVersion || parts.ReadOnly || !hasAtomicWords {
		return nil
	}
	return parts.EventcountsState
}

// join gets the handle's writer id from C, at the first write. It returns 0 if C must write the item.
// The caller has acquired the handle.
func (m *Memory) join() uint32 {
	if m.writer.waiters == nil {
		return 0
	}
	id, status := raw.Join(m.list)
	if status != 0 {
		return 0
	}
	m.writer.id.Store(id)
	return id
}

// operation is what a writer does to the word of a number.
type operation int

const (
	set operation = iota
	add
	swap
	compareAndSwap
)

// change is an operation with its operands.
type change struct {
	operation operation
	operand   uint64
	expected  uint64 // used by compareAndSwap
}

// outcome is the result of a change.
type outcome int

const (
	unwritten  outcome = iota // C must write the item
	contended                 // another writer has locked the item
	written                   // the word was changed
	unequal                   // the word is not the expected one, and was not changed
	overflowed                // the sum does not fit, and the word was not changed
)

// writeAttempts is the number of times that a writer finds an item locked before it calls C, which
// waits. A write takes less time than a call of C.
const writeAttempts = 16

// slowWrites counts the writes of numbers for which C was called. Tests read it.
var slowWrites atomic.Uint64

// write changes a number that has the format. It returns the word before the change. If the outcome
// is unwritten, C must write the item. The handle is released even if an access to a block that was
// truncated panics (debug.SetPanicOnFault), so that Close does not wait forever.
func (l *List) write(index int, format uint64, c change) (before uint64, result outcome) {
	if l == nil || !l.block.acquire() {
		return 0, unwritten
	}
	defer l.block.release()
	for attempt := 0; attempt < writeAttempts; attempt++ {
		before, result = l.block.tryWrite(index, format, c)
		if result != contended {
			break
		}
	}
	if result <= contended {
		slowWrites.Add(1)
		return 0, unwritten
	}
	return before, result
}

// store writes a number over a number that has the format. If it returns false, C must write the item.
func (l *List) store(index int, format, word uint64) bool {
	_, result := l.write(index, format, change{operation: set, operand: word})
	return result == written
}

// tryWrite makes one attempt to lock the item.
//
// The version word is loaded before the format, and the compare-and-swap that locks the item fails
// if the word has changed since. So the format is that of the locked item.
func (m *Memory) tryWrite(index int, format uint64, c change) (before uint64, result outcome) {
	a, id := &m.access, m.writer.id.Load()
	if id == 0 {
		id = m.join()
	}
	i, ok := a.find(index)
	if !ok || id == 0 {
		return 0, unwritten
	}
	version := load(a.versions, i)
	if version&versionLocked != 0 {
		return 0, contended
	}
	start, size := a.slot(i)
	if version&(versionCorrupt|versionUnlogged) != 0 || size == 0 || load(a.formats, i) != format || a.code(i) != codeNumber {
		return 0, unwritten
	}
	before, result = changeLocked(wordAt(a.versions, i), version, uint64(id), wordAt(a.data, start/8), c)
	if result > contended {
		m.notify(i)
	}
	return before, result
}

// notify wakes the waiters of item i. The caller has written the item and unlocked it, and still
// counts as a call of C.
//
// A waiter sets its flag, executes a full barrier, and then checks the item. So the processor must
// not load the flags before the stores of the writer are visible. The operations of sync/atomic are
// sequentially consistent, and this load is one of them. Therefore no barrier is missing, and the
// flag FENCE_REQUESTED (core/src/sync/eventcount.h) does not matter to this writer.
func (m *Memory) notify(i uint64) {
	flags := uint64(waitersAny | 1<<(i%eventcounts))
	if load(m.writer.waiters, 0)&flags != 0 {
		raw.Notify(m.list, int(i))
	}
}

// changeLocked locks the item, changes its word, and unlocks the item. The change is one atomic
// operation, because another process may store to the item without the lock, through a hazard.
//
// While the item is locked, all other writers of the item wait. The kernel may stop the thread, as
// it may stop a writer in C. Go's scheduler does not stop the goroutine: a nosplit function has no
// instruction at which it may do that, and this function calls no other function. The language does
// not promise that, and it is not true with the race detector, where an atomic operation is a
// function. If Go stops the goroutine here, no write is lost, but other writers and readers wait
// until it runs again, and fail with ErrBusy after a second.
//
//go:nosplit
//go:noinline
func changeLocked(word *uint64, version, id uint64, data *uint64, c change) (before uint64, result outcome) {
	if !atomic.CompareAndSwapUint64(word, version, version&math.MaxUint32|versionLocked|id<<32) {
		return 0, contended
	}
	result = written
	switch c.operation {
	case set:
		atomic.StoreUint64(data, c.operand)
	case swap:
		before = atomic.SwapUint64(data, c.operand)
	default:
		before, result = changeInt(data, c)
	}
	atomic.StoreUint64(word, nextVersion(version))
	return before, result
}

// changeInt adds, or compares and swaps. A store through a hazard may come between the load and the
// compare-and-swap. Then the loop starts again.
//
//go:nosplit
func changeInt(data *uint64, c change) (before uint64, result outcome) {
	for {
		before = atomic.LoadUint64(data)
		after := c.operand
		if c.operation == add {
			after += before
			if (int64(after) < int64(before)) != (int64(c.operand) < 0) {
				return before, overflowed
			}
		} else if before != c.expected {
			return before, unequal
		}
		if atomic.CompareAndSwapUint64(data, before, after) {
			return before, written
		}
	}
}

// nextVersion returns the version word of an item that was written and unlocked.
//
//go:nosplit
func nextVersion(version uint64) uint64 {
	return (version&^versionFlags+versionOne)&math.MaxUint32 | version&versionSlowStores
}
