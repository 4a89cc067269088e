package shareable

import (
	"math/bits"
	"runtime"
	"sync/atomic"
)

// A closed handle keeps its range of addresses until it is collected. The ranges use no memory. But
// a process has a limited number of addresses and of ranges, and the collector does not know how
// many are kept. So the package runs the collector when the handles that were closed since its last
// run keep more than one of these limits.
const (
	rangesLimit = 8192
	bytesLimit  = 1 << (28 + 12*(bits.UintSize/64)) // 2^28 on a machine of 32 bits, 2^40 otherwise
)

// keptRanges is the sum of the parts of both limits that closed handles have used, in bytes.
var keptRanges atomic.Int64

// keepRange counts the range of a handle that was closed.
func keepRange(size int) {
	if keptRanges.Add(int64(size)+bytesLimit/rangesLimit) <= bytesLimit {
		return
	}
	keptRanges.Store(0)
	runtime.GC()
}
