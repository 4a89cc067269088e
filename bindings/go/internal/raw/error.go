package raw

// #include "shareable.h"
import "C"

import "bytes"

// Error is C's shareable_error. C fills it in.
type Error struct {
	Status int32
	System int32
	text   [504]byte
}

// This does not compile if the sizes differ.
var _ [C.sizeof_shareable_error]struct{} = [4 + 4 + 504]struct{}{}

// Text returns the message.
func (e *Error) Text() string {
	if end := bytes.IndexByte(e.text[:], 0); end >= 0 {
		return string(e.text[:end])
	}
	return string(e.text[:])
}
