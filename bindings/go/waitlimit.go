package shareable

import (
	"context"
	"sync"
	"time"
)

// A goroutine that waits in C occupies a system thread, and the Go runtime ends a program that has
// 10,000 threads. A goroutine that stops waiting for an item also wakes the other waiters of the
// item, which check the item again. So only a few goroutines of a handle wait in C at a time. The
// others queue for a semaphore, and check the item themselves whenever queueTimeout has passed.
const (
	maxWaiters   = 2
	maxLockers   = 1 // only one can get the lock
	queueTimeout = 50 * time.Millisecond

	itemQueues = 16 // waiters for different items rarely share a queue
)

// semaphore limits the number of goroutines that wait in C. It contains one value for each of them.
type semaphore chan struct{}

// acquire acquires the semaphore and reports whether it did so within queueTimeout.
func (s semaphore) acquire(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return s.acquireSlow(ctx)
	}
}

func (s semaphore) acquireSlow(ctx context.Context) bool {
	timer := time.NewTimer(queueTimeout)
	defer timer.Stop()
	select {
	case s <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (s semaphore) release() { <-s }

// waitQueues contains the semaphores of a list's handle. They are made at the first wait.
type waitQueues struct {
	once  sync.Once
	items [itemQueues]semaphore // for Wait, by the item's index
	any   semaphore             // for WaitAny
	lock  semaphore
}

func (q *waitQueues) init() *waitQueues {
	q.once.Do(func() {
		for i := range q.items {
			q.items[i] = make(semaphore, maxWaiters)
		}
		q.any = make(semaphore, maxWaiters)
		q.lock = make(semaphore, maxLockers)
	})
	return q
}

func (q *waitQueues) item(index int) semaphore {
	return q.init().items[uint(index)%itemQueues]
}
