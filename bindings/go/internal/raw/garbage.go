package raw

// #include "shareable.h"
import "C"

import "unsafe"

// GarbageResult is the result of shareable_gc_run about one block.
type GarbageResult struct {
	Name, Reason string
	Result       int
}

// The values of Result.
const (
	GCKept    = C.SHAREABLE_GC_KEPT
	GCGarbage = C.SHAREABLE_GC_GARBAGE
	GCRemoved = C.SHAREABLE_GC_REMOVED
)

// Garbage examines every block. If remove is true, it removes the garbage.
func Garbage(remove bool, cerr *Error) ([]GarbageResult, int) {
	var gc *C.shareable_gc
	flags := C.uint32_t(0)
	if remove {
		flags = C.SHAREABLE_GC_REMOVE
	}
	if status := C.shareable_gc_run(&gc, flags, (*C.shareable_error)(unsafe.Pointer(cerr))); status != 0 {
		return nil, int(status)
	}
	defer C.shareable_gc_free(gc)
	results := make([]GarbageResult, C.shareable_gc_count(gc))
	for i := range results {
		index := C.size_t(i)
		results[i] = GarbageResult{C.GoString(C.shareable_gc_name(gc, index)), C.GoString(C.shareable_gc_reason(gc, index)),
			int(C.shareable_gc_result_at(gc, index))}
	}
	return results, 0
}
