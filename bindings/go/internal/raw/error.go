package raw

// #include "shareable.h"
import "C"

import "bytes"

// Error is C's shareable_error. C fills it in.
type Error struct {
	Status   int32
	SysErrno int32
	message  [504]byte
}

// This does not compile if the sizes differ.
var _ [C.sizeof_shareable_error]struct{} = [4 + 4 + 504]struct{}{}

// Message returns the error message.
func (e *Error) Message() string {
	if end := bytes.IndexByte(e.message[:], 0); end >= 0 {
		return string(e.message[:end])
	}
	return string(e.message[:])
}
