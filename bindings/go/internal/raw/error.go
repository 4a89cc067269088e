package raw

// #include "shareable.h"
import "C"

import "bytes"

// Error is C's shareable_error, for C to fill in.
type Error struct {
	Status int32
	System int32
	text   [504]byte
}

// Of another size than C's it would not compile.
var _ [C.sizeof_shareable_error]struct{} = [4 + 4 + 504]struct{}{}

// Text returns the sentence.
func (e *Error) Text() string {
	if end := bytes.IndexByte(e.text[:], 0); end >= 0 {
		return string(e.text[:end])
	}
	return string(e.text[:])
}
