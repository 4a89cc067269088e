package shareable

import (
	"fmt"
	"io/fs"
	"syscall"

	"shareable/internal/raw"
)

// Status is the kind of failure of an [Error]. It is an error itself, so that [errors.Is] can look
// for it.
type Status int

// The kinds of failure. Each also matches, by [errors.Is], the nearest [syscall.Errno] and the
// error of io/fs that this errno matches.
var (
	// The caller must change its call.

	ErrArgument      = Status(raw.E_ARGUMENT)       // an argument is not valid
	ErrName          = Status(raw.E_NAME)           // not a valid name, see WithName
	ErrClosed        = Status(raw.E_CLOSED)         // the handle is closed; also fs.ErrClosed
	ErrReadOnly      = Status(raw.E_READ_ONLY)      // the block was opened ReadOnly
	ErrIndex         = Status(raw.E_INDEX)          // an index, or an offset in a block, is out of range
	ErrType          = Status(raw.E_TYPE)           // an item has another type than the call asks for
	ErrValueType     = Status(raw.E_VALUE_TYPE)     // no item can have the value's type
	ErrOverflow      = Status(raw.E_OVERFLOW)       // an integer does not fit in 64 bits, sign included
	ErrUTF8          = Status(raw.E_UTF8)           // a string is not UTF-8
	ErrCapacity      = Status(raw.E_CAPACITY)       // a text is longer than the item's capacity
	ErrTooLong       = Status(raw.E_TOO_LONG)       // a text is longer than any capacity can be
	ErrAbsent        = Status(raw.E_ABSENT)         // no item equals the value
	ErrBuffer        = Status(raw.E_BUFFER)         // a buffer is too small; this package makes its own
	ErrNotLocked     = Status(raw.E_NOT_LOCKED)     // the list is not locked through this handle
	ErrNoSync        = Status(raw.E_NO_SYNC)        // the list has no sync area, so no lock
	ErrNotContiguous = Status(raw.E_NOT_CONTIGUOUS) // the items are not contiguous in memory
	ErrKey           = Status(raw.E_KEY)            // a dict cannot have the key: its type, its length or a NUL at its end
	ErrNoKey         = Status(raw.E_NO_KEY)         // the key is not in the dict; also fs.ErrNotExist
	ErrKeyExists     = Status(raw.E_KEY_EXISTS)     // Dict.SetIfAbsent returns it as a bool
	ErrFull          = Status(raw.E_FULL)           // each place of the dict has a key; also syscall.ENOSPC
	ErrKeyItem       = Status(raw.E_KEY_ITEM)       // the item is a key of a dict, which only the dict changes

	// The other side, or an operator, must act.

	ErrNotFound   = Status(raw.E_NOT_FOUND)  // no block has that name; also fs.ErrNotExist
	ErrExists     = Status(raw.E_EXISTS)     // a block has that name already; also fs.ErrExist
	ErrPermission = Status(raw.E_PERMISSION) // the block's mode forbids it; also fs.ErrPermission
	ErrNoSpace    = Status(raw.E_NO_SPACE)   // not enough shared memory; also syscall.ENOSPC
	ErrNoMemory   = Status(raw.E_NO_MEMORY)  // not enough memory; also syscall.ENOMEM
	ErrSystem     = Status(raw.E_SYSTEM)     // any other failure of a system call: see Error.Errno
	ErrNotReady   = Status(raw.E_NOT_READY)  // the creator has not written it completely: try again
	ErrNotList    = Status(raw.E_NOT_LIST)   // the block does not contain a list
	ErrCorrupt    = Status(raw.E_CORRUPT)    // the item is corrupt: write it again
	ErrVersion    = Status(raw.E_VERSION)    // the list was made by another version of the library
	ErrBusy       = Status(raw.E_BUSY)       // another writer has held the item for a second
	ErrOwnerDied  = Status(raw.E_OWNER_DIED) // Lock and TryLock return it as a bool
	ErrTimedOut   = Status(raw.E_TIMED_OUT)  // a lock, a wait or a call of a manager timed out
	ErrAuth       = Status(raw.E_AUTH)       // the manager has another key
	ErrNoManager  = Status(raw.E_NO_MANAGER) // no manager; also syscall.ECONNREFUSED
	ErrRemote     = Status(raw.E_REMOTE)     // the manager reported an error
	ErrProtocol   = Status(raw.E_PROTOCOL)   // the other side does not speak a manager's protocol
	ErrNotArray   = Status(raw.E_NOT_ARRAY)  // the block does not contain an array
	ErrNotDict    = Status(raw.E_NOT_DICT)   // the block does not contain a dict
)

// Error returns the message of the status.
func (s Status) Error() string {
	return "shareable: " + raw.Status_message(int(s))
}

// Name returns the name that the status has in C, for example "E_NOT_FOUND".
func (s Status) Name() string {
	return raw.Status_name(int(s))
}

// Is reports whether target is the [syscall.Errno] nearest to the status, or an error that this
// errno matches, for example [io/fs.ErrNotExist]. It implements the interface that [errors.Is]
// uses.
func (s Status) Is(target error) bool {
	if s == ErrSystem {
		return false // the status covers every errno; Error.Errno contains the errno
	}
	return isErrno(syscall.Errno(raw.Status_errno(int(s))), target) || s == ErrClosed && target == fs.ErrClosed
}

func isErrno(errno syscall.Errno, target error) bool {
	return errno != 0 && (errno == target || errno.Is(target))
}

// Error is the type of every failure of this package. A nil *Error matches no error.
type Error struct {
	Status  Status        // the kind of failure
	Errno   syscall.Errno // errno of the system call that failed; 0 if there was none
	message string
}

// Error returns a message that describes what failed, with names and numbers.
func (e *Error) Error() string {
	switch {
	case e == nil:
		return "shareable: no error"
	case e.message == "": // the caller made it
		return e.Status.Error()
	}
	return "shareable: " + e.message
}

// Unwrap returns the status, so that [errors.Is] and [errors.As] find it.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Status
}

// Is reports whether target matches the errno of the system call that failed. It implements the
// interface that [errors.Is] uses.
func (e *Error) Is(target error) bool {
	return e != nil && isErrno(e.Errno, target)
}

func newError(status Status, format string, arguments ...any) error {
	return &Error{Status: status, message: fmt.Sprintf(format, arguments...)}
}

// goError returns the error that C filled in, as an *Error.
func goError(cerr *raw.Error) error {
	return &Error{Status: Status(cerr.Status), Errno: syscall.Errno(cerr.SysErrno), message: cerr.Message()}
}
