package shareable

import (
	"io/fs"
	"math"
	"strings"

	"shareable/internal/raw"
)

// CreateOption is an option of the functions whose names begin with New, and of the methods of a
// [Manager]. A function honours an option or fails with [ErrArgument].
type CreateOption func(*creation)

// OpenOption is an option of [OpenMemory], [OpenList], [OpenArray] and [OpenRawArray].
type OpenOption func(*opening)

type creation struct {
	name     *string
	flags    uint32
	mode     uint32
	capacity *int

	// The same options in the form that C takes.
	cname     *byte
	ccapacity uint32
}

type opening struct {
	flags uint32
}

// WithName sets the name of the new block. A name has 1 to 255 bytes, contains no NUL and no '/',
// and is not "." or "..". A leading '/' is dropped. Without this option, the block gets a random
// name like CPython's: "psm_" and eight hexadecimal digits.
func WithName(name string) CreateOption {
	return func(c *creation) { c.name = &name }
}

// WithMode sets the permission bits of the new block, 0001 to 0777, less the process's umask.
// Without this option, or if mode is 0, they are 0600, as in CPython.
func WithMode(mode fs.FileMode) CreateOption {
	return func(c *creation) { c.mode = uint32(mode) }
}

// Lazy allocates the pages of the new block when they are first used, instead of reserving all of
// them when the block is made. If no memory is left at the first use of a page, the access raises a
// fault, which ends a Go program. Without this option, making the block fails with [ErrNoSpace]
// instead.
func Lazy() CreateOption {
	return func(c *creation) { c.flags |= uint32(raw.LAZY) }
}

// Owned makes this process the owner of the new block. The block's name is unlinked within a second
// after this process exits or dies. Processes that have the block open keep using it. A small
// helper process, the reaper, unlinks the name. The reaper is started with the first owned block,
// which takes some milliseconds. If it cannot be started, making the block fails, for example with
// [ErrSystem] or [ErrNotFound].
func Owned() CreateOption {
	return func(c *creation) { c.flags |= uint32(raw.OWNED) }
}

// NoSync makes a new list of exactly the size that CPython would give it. Such a list has no sync
// area, so it has no lock, and a reader may see a part of a write. It is an option for lists only.
func NoSync() CreateOption {
	return func(c *creation) { c.flags |= uint32(raw.NO_SYNC) }
}

// WithCapacity gives every str and bytes of a new list room for at least this many bytes, so that
// longer ones can be written later. Without this option, an item has room for its text and up to 8
// bytes more, as in CPython. [Slot] sets the capacity of one item. It is an option for lists only.
func WithCapacity(capacity int) CreateOption {
	return func(c *creation) { c.capacity = &capacity }
}

// ReadOnly opens the block for reading only, for which the permission to read it is enough. Writes
// fail with [ErrReadOnly].
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

// newListCreation returns the checked options of a new list.
func newListCreation(options []CreateOption) (*creation, error) {
	c := newCreation(options)
	err := c.checkName()
	if err == nil && c.capacity != nil {
		c.ccapacity, err = cCapacity(*c.capacity)
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

// cName returns the name with a NUL at its end, for C. For nil it returns nil.
func cName(name *string) (*byte, error) {
	if name == nil {
		return nil, nil
	}
	if strings.IndexByte(*name, 0) >= 0 {
		return nil, newError(ErrName, "%q: %s", *name, raw.Status_message(int(ErrName)))
	}
	return &append([]byte(*name), 0)[0], nil
}

// cCapacity returns the capacity as a uint32. If it does not fit, cCapacity returns the maximum,
// which C rejects.
func cCapacity(capacity int) (uint32, error) {
	if capacity < 0 {
		return 0, newError(ErrArgument, "the capacity of %d bytes is negative", capacity)
	}
	if uint64(capacity) > math.MaxUint32 {
		return math.MaxUint32, nil
	}
	return uint32(capacity), nil
}
