package shareable

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"shareable/internal/raw"
)

// Dict is a handle of a dict in a block of its own, which many processes use at the same time. A
// key is a str or bytes, and a value is one value of any type that an item of a [List] can have.
// The number of places, and the longest key and value, are fixed when the dict is created.
//
// A dict is a list: item 2p is the key of place p, or None if the place is free, and item 2p+1 is
// its value. [Dict.List] returns that list, and stock Python reads it as a ShareableList.
//
// A key is given as a string, which is a str, or as a []byte, which is bytes, or as a value of a
// type defined by one of these. A str and bytes with equal bytes are two keys. A key has at least 1
// byte, and its last byte is not NUL. Keys of other types fail with [ErrKey].
//
// Methods that insert and delete keys take the lock of the dict, which a process holds for
// microseconds. They wait for it for 10 seconds, or for the time of [WithTimeout], and then fail
// with [ErrTimedOut]. If a process is killed while it changes the dict, the next one completes the
// change.
type Dict struct {
	list      List
	index     dictIndex
	places    int
	keySize   int
	valueSize int
	evicts    bool
	hasArea   bool // false for a list of stock Python, which has no dict area
}

var (
	_ io.Closer    = (*Dict)(nil)
	_ fmt.Stringer = (*Dict)(nil)
)

// closedDict is used in place of a nil handle.
var closedDict Dict

// NewDict makes a new dict that has room for that number of keys, and opens it:
//
//	settings, err := shareable.NewDict(1000, shareable.WithName("settings"))
//
// It accepts [WithKeySize], [WithValueSize], [Evict], [WithName], [WithMode], [Lazy] and [Owned]. A
// place uses 74 bytes, the size of a key and the size of a value. There may be 1 to 2^31 places.
//
// It fails with [ErrArgument] if the number of places, a size, the mode or an option is not valid,
// or with [ErrExists], [ErrName], [ErrNoSpace], [ErrNoMemory], [ErrPermission] or [ErrSystem]. On
// failure, no block is left.
func NewDict(places int, options ...CreateOption) (*Dict, error) {
	c := newCreation(options)
	if err := c.check(true); err != nil {
		return nil, err
	}
	for _, size := range []int{places, c.keySize, c.valueSize} {
		if size < 0 {
			return nil, newError(ErrArgument, "a dict cannot have %d places, keys of %d bytes and values of %d bytes: a number is negative",
				places, c.keySize, c.valueSize)
		}
	}
	cerr := new(raw.Error)
	dict, status := raw.CreateDict(c.cname, uint64(places), uint64(c.keySize), uint64(c.valueSize), c.flags, c.mode, cerr)
	return dictOrError(dict, status, cerr)
}

// OpenDict opens the dict of that name. The time that it takes does not depend on the number of
// keys. The only option is [ReadOnly].
//
// With [ReadOnly], it also opens a list that is not a dict but has its form, for example one that
// stock Python made: each even item is a key or None. Then this handle makes an index of its own,
// which takes the time of reading the list, and a read of an absent key reads all keys.
//
// It fails with the errors of [OpenList], with [ErrNotDict] if the list is not a dict, or its index
// is corrupt, or with [ErrVersion].
func OpenDict(name string, options ...OpenOption) (*Dict, error) {
	cname, err := cName(&name)
	if err != nil {
		return nil, err
	}
	cerr := new(raw.Error)
	dict, status := raw.OpenDict(cname, newOpening(options).flags, cerr)
	return dictOrError(dict, status, cerr)
}

// dictOrError returns the dict that C made, or the error that C reported.
func dictOrError(dict uintptr, status int, cerr *raw.Error) (*Dict, error) {
	if status != 0 {
		return nil, goError(cerr)
	}
	d := new(Dict)
	m := &d.list.block
	m.dict, m.list = dict, raw.DictList(dict)
	m.handle = raw.List_memory(m.list)
	m.length = raw.List_length(m.list)
	d.places, d.keySize, d.valueSize, d.evicts = raw.DictProperties(dict)
	m.adopt()
	access := raw.DictAccess(dict)
	d.hasArea = access.AreaVersion != 0
	d.index = newDictIndex(access, m.readOnly)
	runtime.SetFinalizer(d, func(d *Dict) { d.list.block.finalize() })
	return d, nil
}

func (d *Dict) orClosed() *Dict {
	if d == nil {
		return &closedDict
	}
	return d
}

// block returns the dict's block, which contains the handles. If the dict is nil, it returns a
// closed block.
func (d *Dict) block() *Memory {
	return d.List().orClosed()
}

// List returns the list of the dict. Reads, waits and views of the list work as for any list.
// Writes of a key fail with [ErrKeyItem]; values may be written. Closing the list closes the dict,
// and closing the dict closes the list.
func (d *Dict) List() *List {
	if d == nil {
		return nil
	}
	return &d.list
}

// Name returns the name of the dict's block, even after Close.
func (d *Dict) Name() string {
	return d.block().name
}

// Places returns the largest number of keys that the dict can have, even after Close.
func (d *Dict) Places() int {
	return d.orClosed().places
}

// KeySize returns the longest key in bytes, even after Close.
func (d *Dict) KeySize() int {
	return d.orClosed().keySize
}

// ValueSize returns the longest str or bytes as a value, in bytes, even after Close.
func (d *Dict) ValueSize() int {
	return d.orClosed().valueSize
}

// Evicts reports whether the dict was made with [Evict], even after Close.
func (d *Dict) Evicts() bool {
	return d.orClosed().evicts
}

// Evicted returns the number of keys that calls through this handle have evicted, except expired
// ones.
func (d *Dict) Evicted() uint64 {
	m := d.block()
	evicted := raw.DictEvicted(m.dict)
	runtime.KeepAlive(m)
	return evicted
}

// Len returns the number of keys that have not expired. It returns 0 if the dict is closed. If
// another process has truncated the block, the call raises SIGBUS.
func (d *Dict) Len() int {
	m := d.block()
	length := 0
	m.call(func(uintptr) (status int) {
		length, status = raw.DictLength(m.dict)
		return status
	})
	return length
}

// Reindex makes the index and the number of keys again from the keys. That changes nothing, unless
// a program that does not use this library has damaged them. The only option is [WithTimeout]. It
// fails with [ErrTimedOut], [ErrClosed], [ErrReadOnly], [ErrNoMemory] or [ErrSystem]. If another
// process has truncated the block, the call raises SIGBUS.
func (d *Dict) Reindex(options ...DictOption) error {
	w, err := d.options("Reindex", options, optionTimeout)
	if err != nil {
		return err
	}
	m := d.block()
	return d.dictError(m.call(func(uintptr) int { return raw.DictReindex(m.dict, w.timeout) }))
}

// CopyTo copies all keys with their values and TTLs to another dict, for example a larger one. Keys
// that are in both get the value of this dict. Each key is copied as it is at that time. This dict
// may be read-only. The only option is [WithTimeout].
//
// It fails with [ErrFull], with [ErrKey] or [ErrCapacity] if a key or a value is too long for the
// other dict, or with the errors of [Dict.Get] and [Dict.Set]. Then some keys have been copied. If
// another process has truncated one of the blocks, the call raises SIGBUS.
func (d *Dict) CopyTo(target *Dict, options ...DictOption) error {
	w, err := d.options("CopyTo", options, optionTimeout)
	if err != nil {
		return err
	}
	m, t := d.block(), target.block()
	if !t.isOpen() {
		return target.dictError(int(ErrClosed))
	}
	isOpen := false
	status := m.call(func(uintptr) int {
		isOpen = true
		return t.call(func(uintptr) int { return raw.DictCopy(m.dict, t.dict, w.timeout) })
	})
	if !isOpen {
		return d.dictError(status)
	}
	return d.copyError(target, Status(status))
}

// copyError returns the error for a status of a copy, or nil for success.
func (d *Dict) copyError(target *Dict, status Status) error {
	what, size := "key", target.KeySize()
	switch status {
	case ErrCapacity:
		what, size = "value", target.ValueSize()
	case ErrKey:
	case ErrCorrupt, ErrUTF8:
		return d.dictError(int(status))
	default:
		return target.dictError(int(status))
	}
	return newError(status, "cannot copy dict '%s' to dict '%s': a %s has more than %d bytes", d.Name(), target.Name(), what, size)
}

// Unlink removes the dict's name. See [Memory.Unlink].
func (d *Dict) Unlink() error {
	m := d.block()
	if m.handle == 0 {
		return d.dictError(int(ErrClosed))
	}
	return m.Unlink()
}

// Close ends this handle's access to the dict. See [Memory.Close].
func (d *Dict) Close() error {
	return d.block().Close()
}

// String returns the dict's name, keys and values in a form for people to read. If another process
// has truncated the block, the call raises SIGBUS.
func (d *Dict) String() string {
	m := d.block()
	if !m.isOpen() {
		return fmt.Sprintf("Dict(%q, %d places, closed)", m.name, d.Places())
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Dict(%q, {", m.name)
	separator := ""
	d.each(func(e Entry, err error) bool {
		text.WriteString(separator)
		text.WriteString(literal(e.Key, err) + ": " + literal(e.Value, err))
		separator = ", "
		return true
	})
	text.WriteString("})")
	return text.String()
}
