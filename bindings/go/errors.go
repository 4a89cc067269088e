package shareable

import (
	"fmt"
	"io/fs"
	"syscall"

	"shareable/internal/raw"
)

// Status says what kind of failure an [Error] is. It is an error itself, so that [errors.Is] can ask for it.
type Status int

// What can go wrong. Each also is the [syscall.Errno] of its kind, and the error of io/fs that this one is.
var (
	// The call is to be changed.

	ErrArgument  = Status(raw.E_ARGUMENT)   // an argument is not valid
	ErrName      = Status(raw.E_NAME)       // not a valid name: 1 to 255 bytes, no '/' inside, no NUL, not "." or ".."
	ErrClosed    = Status(raw.E_CLOSED)     // the handle is closed; also fs.ErrClosed
	ErrReadOnly  = Status(raw.E_READ_ONLY)  // the block was opened ReadOnly
	ErrIndex     = Status(raw.E_INDEX)      // an index, or an offset in a block, is out of range
	ErrType      = Status(raw.E_TYPE)       // the item has another type than the one asked for
	ErrValueType = Status(raw.E_VALUE_TYPE) // a value of a type that no item can have
	ErrOverflow  = Status(raw.E_OVERFLOW)   // an integer does not fit in 64 bits, sign included
	ErrUTF8      = Status(raw.E_UTF8)       // a string is not UTF-8
	ErrSlot      = Status(raw.E_SLOT)       // a text is longer than the item has room for
	ErrLength    = Status(raw.E_LENGTH)     // a text is longer than any item can have room for
	ErrAbsent    = Status(raw.E_ABSENT)     // the value looked for is not in the list
	ErrBuffer    = Status(raw.E_BUFFER)     // a buffer is too small; this package makes its own
	ErrNotLocked = Status(raw.E_NOT_LOCKED) // the list is not locked through this handle
	ErrNoSync    = Status(raw.E_NO_SYNC)    // the list has no sync area, so no lock: stock Python made it, or it is Plain
	ErrApart     = Status(raw.E_APART)      // an item does not lie beside the next ones: it has room for a text

	// The other side, or an operator, is to act.

	ErrNotFound   = Status(raw.E_NOT_FOUND)  // no block has that name; also fs.ErrNotExist
	ErrExists     = Status(raw.E_EXISTS)     // a block has that name already; also fs.ErrExist
	ErrPermission = Status(raw.E_PERMISSION) // the block's mode forbids it; also fs.ErrPermission
	ErrNoSpace    = Status(raw.E_NO_SPACE)   // not enough shared memory; also syscall.ENOSPC
	ErrNoMemory   = Status(raw.E_NO_MEMORY)  // not enough memory; also syscall.ENOMEM
	ErrSystem     = Status(raw.E_SYSTEM)     // any other refusal of the system: see Error.Errno
	ErrNotReady   = Status(raw.E_NOT_READY)  // the creator has not finished writing it: try again
	ErrNotList    = Status(raw.E_NOT_LIST)   // the block does not hold a list
	ErrCorrupt    = Status(raw.E_CORRUPT)    // the item is damaged: write it anew
	ErrVersion    = Status(raw.E_VERSION)    // the list is of a newer version of the library
	ErrTimedOut   = Status(raw.E_TIMED_OUT)  // somebody else holds the item, for a second by now
	ErrOwnerDied  = Status(raw.E_OWNER_DIED) // the lock is taken, but who had it died: what it guards may be half done
	ErrUnchanged  = Status(raw.E_UNCHANGED)  // what was waited for has not come in that time
	ErrAuth       = Status(raw.E_AUTH)       // the manager has another key
	ErrNoManager  = Status(raw.E_NO_MANAGER) // no manager is there, or it has gone; also syscall.ECONNREFUSED
	ErrRemote     = Status(raw.E_REMOTE)     // the manager answered with an error
	ErrProtocol   = Status(raw.E_PROTOCOL)   // what is there does not speak as a manager does
)

// Error returns the sentence of the status.
func (s Status) Error() string {
	return "shareable: " + raw.Status_text(int(s))
}

// Name returns the name that the status has in C, for example "E_NOT_FOUND".
func (s Status) Name() string {
	return raw.Status_name(int(s))
}

// Is reports whether target is the [syscall.Errno] of the status's kind or what that one is, for example
// [io/fs.ErrNotExist]. It serves [errors.Is].
func (s Status) Is(target error) bool {
	if s == ErrSystem {
		return false // its kind stands for any errno: the Error has it
	}
	return isErrno(syscall.Errno(raw.Status_kind(int(s))), target) || s == ErrClosed && target == fs.ErrClosed
}

func isErrno(errno syscall.Errno, target error) bool {
	return errno != 0 && (errno == target || errno.Is(target))
}

// Error is every failure of this package.
type Error struct {
	Status Status        // what kind of failure it is
	Errno  syscall.Errno // of the system call that failed; 0 where it was none
	text   string
}

// Error returns a sentence that names what failed, with figures.
func (e *Error) Error() string {
	return "shareable: " + e.text
}

// Unwrap returns the status, so that [errors.Is] and [errors.As] find it.
func (e *Error) Unwrap() error {
	return e.Status
}

// Is reports whether target is what the system call answered. It serves [errors.Is].
func (e *Error) Is(target error) bool {
	return isErrno(e.Errno, target)
}

func newError(status Status, format string, arguments ...any) error {
	return &Error{Status: status, text: fmt.Sprintf(format, arguments...)}
}

// told makes an error of what C put into words.
func told(answer *raw.Error) error {
	return &Error{Status: Status(answer.Status), Errno: syscall.Errno(answer.System), text: answer.Text()}
}
