package shareable

import (
	"io/fs"
	"math"
	"strings"

	"shareable/internal/raw"
)

// CreateOption is an option of [NewMemory], [NewList] and [NewListOf].
type CreateOption func(*creation)

// OpenOption is an option of [OpenMemory] and [OpenList].
type OpenOption func(*opening)

type creation struct {
	name     *string
	flags    uint32
	mode     uint32
	capacity *int

	// What C is told: checked.
	cname *byte
	room  uint32
}

type opening struct {
	flags uint32
}

// WithName gives the new block this name, of 1 to 255 bytes: without '/' but for one in front, which does not count,
// and without NUL. Without this option it gets a random one as CPython makes them, "psm_" and eight hexadecimal
// digits.
func WithName(name string) CreateOption {
	return func(c *creation) { c.name = &name }
}

// WithMode gives the new block these permission bits, 0001 to 0777, less the process's umask. Without this option it
// gets 0600, as with CPython.
func WithMode(mode fs.FileMode) CreateOption {
	return func(c *creation) { c.mode = uint32(mode) }
}

// Lazy has the new block take pages of memory when they are first used, instead of reserving them all now. Where there
// are none left then, that use is a fault, which ends a Go program; without this option it is [ErrNoSpace] now.
func Lazy() CreateOption {
	return func(c *creation) { c.flags |= uint32(raw.LAZY) }
}

// Owned has the new block belong to this process: its name is unlinked when that ends, however it ends, within a second.
// Who has the block open keeps it. What a process of its own does for that is started with the first owned block,
// which takes a millisecond; it is refused where that cannot be ([ErrSystem], [ErrNotFound] and others).
func Owned() CreateOption {
	return func(c *creation) { c.flags |= uint32(raw.OWNED) }
}

// Plain makes a new list of exactly the size that CPython would give it, without the area past the list that keeps
// reads whole while others write, and that has the lock. It is for lists.
func Plain() CreateOption {
	return func(c *creation) { c.flags |= uint32(raw.PLAIN) }
}

// WithCapacity gives every str and bytes of a new list room for this many bytes at least, so that longer ones can be
// written there later. Without this option an item has room for its text and up to 8 bytes more, as with CPython.
// [Slot] gives one item room.
func WithCapacity(capacity int) CreateOption {
	return func(c *creation) { c.capacity = &capacity }
}

// ReadOnly opens the block without the right to write, for which the right to read it is enough. Writes then fail with
// [ErrReadOnly].
func ReadOnly() OpenOption {
	return func(o *opening) { o.flags |= uint32(raw.READ_ONLY) }
}

func newCreation(options []CreateOption) creation {
	var c creation
	for _, option := range options {
		if option != nil {
			option(&c)
		}
	}
	return c
}

// newListCreation is the options of a new list, checked.
func newListCreation(options []CreateOption) (*creation, error) {
	c := newCreation(options)
	err := c.checkName()
	if err == nil && c.capacity != nil {
		c.room, err = cCapacity(*c.capacity)
	}
	return &c, err
}

func (c *creation) checkName() (err error) {
	c.cname, err = cName(c.name)
	return err
}

func newOpening(options []OpenOption) opening {
	var o opening
	for _, option := range options {
		if option != nil {
			option(&o)
		}
	}
	return o
}

// cName ends a name with a NUL, for C. No name is nil.
func cName(name *string) (*byte, error) {
	if name == nil {
		return nil, nil
	}
	if strings.IndexByte(*name, 0) >= 0 {
		return nil, newError(ErrName, "%q: %s", *name, raw.Status_text(int(ErrName)))
	}
	return &append([]byte(*name), 0)[0], nil
}

// cCapacity is the capacity that C is to be asked for: what is too much for it to count is too much for it anyway.
func cCapacity(capacity int) (uint32, error) {
	if capacity < 0 {
		return 0, newError(ErrArgument, "a capacity of %d bytes", capacity)
	}
	if uint64(capacity) > math.MaxUint32 {
		return math.MaxUint32, nil
	}
	return uint32(capacity), nil
}
