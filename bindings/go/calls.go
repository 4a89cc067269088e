package shareable

import (
	"math"
	"sync"
	"sync/atomic"
)

// calls counts the calls of C in progress through a handle, and the writes in Go, so that Close can
// wait for them. The zero value is that of a closed handle.
type calls struct {
	isOpen  atomic.Bool   // false from the beginning of Close on; also tested by reads in Go
	_       [64]byte      // reads in Go do not share a cache line with the count
	count   atomic.Int64  // the calls in progress; closedCalls is added when Close begins
	closing sync.Mutex    // held by Close
	drained chan struct{} // receives when Close has begun and no call is in progress
}

const closedCalls = math.MinInt64

// acquire begins a call of C, which must end by release. It returns false if the handle is closed,
// or is being closed.
func (c *calls) acquire() bool {
	if !c.isOpen.Load() {
		return false
	}
	if c.count.Add(1) > 0 {
		return true
	}
	c.release()
	return false
}

func (c *calls) release() {
	if c.count.Add(-1) != closedCalls {
		return
	}
	select {
	case c.drained <- struct{}{}:
	default:
	}
}

// close lets no further calls begin, waits for those in progress, and then runs end. A second call
// waits for the first one.
func (c *calls) close(end func()) {
	c.closing.Lock()
	defer c.closing.Unlock()
	if !c.isOpen.Load() {
		return
	}
	c.drained = make(chan struct{}, 1)
	c.isOpen.Store(false)
	if c.count.Add(closedCalls) != closedCalls {
		<-c.drained
	}
	end()
}
