package raw

// #include "shareable.h"
import "C"

import "unsafe"

// Finding is the result of shareable_gc_run about one block.
type Finding struct {
	Name, Reason string
	Result       int
}

// The values of Result.
const (
	FateKept    = C.SHAREABLE_GC_KEPT
	FateGarbage = C.SHAREABLE_GC_GARBAGE
	FateRemoved = C.SHAREABLE_GC_REMOVED
)

// Garbage examines every block. If remove is true, it removes the garbage.
func Garbage(remove bool, cerr *Error) ([]Finding, int) {
	var gc *C.shareable_gc
	flags := C.uint32_t(0)
	if remove {
		flags = C.SHAREABLE_GC_REMOVE
	}
	if status := C.shareable_gc_run(&gc, flags, (*C.shareable_error)(unsafe.Pointer(cerr))); status != 0 {
		return nil, int(status)
	}
	defer C.shareable_gc_free(gc)
	findings := make([]Finding, C.shareable_gc_count(gc))
	for i := range findings {
		index := C.size_t(i)
		findings[i] = Finding{C.GoString(C.shareable_gc_name(gc, index)), C.GoString(C.shareable_gc_reason(gc, index)),
			int(C.shareable_gc_result_at(gc, index))}
	}
	return findings, 0
}
