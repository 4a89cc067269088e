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

// OpenOption is an option of [OpenMemory], [OpenList], [OpenArray], [OpenRawArray] and [OpenDict].
type OpenOption func(*opening)

type creation struct {
	name     *string
	flags    uint32
	mode     uint32
	capacity *int

	// Of a dict.
	keySize, valueSize int
	isForDict          bool // an option for dicts only was given

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

// The default sizes of a dict.
const (
	defaultKeySize   = 32
	defaultValueSize = 64
)

// WithKeySize sets the longest key of a new dict, 1 to 472 bytes, rounded up to a multiple of 8.
// Without this option, it is 32. It is an option for dicts only.
func WithKeySize(size int) CreateOption {
	return func(c *creation) { c.keySize, c.isForDict = size, true }
}

// WithValueSize sets the longest str or bytes as a value of a new dict, in bytes, rounded up to a
// multiple of 8. Without this option, it is 64. A value of another type always fits. It is an
// option for dicts only.
func WithValueSize(size int) CreateOption {
	return func(c *creation) { c.valueSize, c.isForDict = size, true }
}

// Evict lets a new dict make room for a new key when it is full, by evicting a key that was not
// used recently. Without this option, a write of a new key fails with [ErrFull]. It is an option
// for dicts only.
func Evict() CreateOption {
	return func(c *creation) { c.flags, c.isForDict = c.flags|uint32(raw.EVICT), true }
}

// ReadOnly opens the block for reading only, for which the permission to read it is enough. Writes
// fail with [ErrReadOnly].
func ReadOnly() OpenOption {
	return func(o *opening) { o.flags |= uint32(raw.READ_ONLY) }
}

func newCreation(options []CreateOption) creation {
	c := creation{keySize: defaultKeySize, valueSize: defaultValueSize}
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
	err := c.checkForLists()
	if err == nil && c.capacity != nil {
		c.ccapacity, err = cCapacity(*c.capacity)
	}
	return &c, err
}

// check checks the name, and that there are no options for lists, nor for dicts unless it is a
// dict.
func (c *creation) check(isDict bool) error {
	if c.capacity != nil {
		return newError(ErrArgument, "WithCapacity is an option for lists only")
	}
	if isDict {
		return c.checkName()
	}
	return c.checkForLists()
}

// checkForLists checks the name, and that there are no options for dicts.
func (c *creation) checkForLists() error {
	if c.isForDict {
		return newError(ErrArgument, "WithKeySize, WithValueSize and Evict are options for dicts only")
	}
	return c.checkName()
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
