package shareable

import (
	"sync"

	"shareable/internal/raw"
)

// waitKey is what goroutines wait for: an item, any item, the lock, or a key of a dict.
type waitKey struct {
	item int     // the index of an item, counted from 0, or one of the constants below
	key  raw.Key // if the item is keyOfDict
}

const (
	anyItem   = -1
	listLock  = -2
	keyOfDict = -3
)

// waitPoint is what goroutines wait for through one handle. It exists while there are such
// goroutines. The watcher's mutex guards all fields.
type waitPoint struct {
	id          uint64 // of the entry in the watch
	key         waitKey
	armed       bool    // the next change will be reported
	first, last *waiter // in the order in which they came
}

// waiter is a goroutine that waits.
type waiter struct {
	ready      chan struct{} // receives a value when the goroutine must check again
	point      *waitPoint    // nil if it does not wait
	prev, next *waiter
}

// waitQueues contains the wait points of a list's handle, by their keys.
type waitQueues struct {
	points map[waitKey]*waitPoint
}

// The pools spare a wait the allocations.
var (
	waiterPool = sync.Pool{New: func() any { return &waiter{ready: make(chan struct{}, 1)} }}
	pointPool  = sync.Pool{New: func() any { return new(waitPoint) }}
)

func newWaiter() *waiter {
	return waiterPool.Get().(*waiter)
}

// wake makes the goroutine check again.
func (w *waiter) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// report wakes the goroutines that wait at the point: the first one if it is the lock, which only
// one can get, and otherwise all.
func (p *waitPoint) report() {
	p.armed = false
	for w := p.first; w != nil; w = w.next {
		w.wake()
		if p.key.item == listLock {
			return
		}
	}
}

// watch adds the point to the watch, armed. The hash is that of the list, and is used only for a
// list.
func (m *Memory) watch(p *waitPoint, hash uint64) int {
	status := m.callC(0, func(int64) (status int) {
		switch p.key.item {
		case anyItem:
			p.id, status = raw.WatchList(process.watch, m.list, hash)
		case listLock:
			p.id, status = raw.WatchLock(process.watch, m.list)
		case keyOfDict:
			p.id, status = raw.WatchKey(process.watch, m.dict, p.key.key)
		default:
			p.id, status = raw.WatchItem(process.watch, m.list, p.key.item)
		}
		return status
	})
	p.armed = status == 0
	return status
}

// arm makes the watch report the next change. It does nothing for a lock or a key that is armed. If
// an item has changed already, the watch reports it, and all goroutines of the point check again.
func (m *Memory) arm(p *waitPoint, hash uint64) int {
	switch {
	case p.armed && (p.key.item == listLock || p.key.item == keyOfDict):
		return 0
	case p.key.item == keyOfDict:
		return m.watchAgain(p)
	}
	status := raw.ArmWatched(process.watch, p.id, hash)
	p.armed = status == 0
	return status
}

// watchAgain adds a key of a dict to the watch again, because it may have another place now.
func (m *Memory) watchAgain(p *waitPoint) int {
	raw.Unwatch(process.watch, p.id)
	delete(process.points, p.id)
	status := m.watch(p, 0)
	if status == 0 {
		process.add(p.id, p)
	}
	return status
}

func (p *waitPoint) insert(w *waiter) {
	w.point, w.prev, w.next = p, p.last, nil
	if p.last == nil {
		p.first = w
	} else {
		p.last.next = w
	}
	p.last = w
}

func (p *waitPoint) delete(w *waiter) {
	if w.prev == nil {
		p.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		p.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.point, w.prev, w.next = nil, nil, nil
}

// enqueue makes the goroutine wait for what the key is, if it does not yet, and makes sure that the
// next change wakes it. It returns false if that fails, or if the list
// is closed. The caller must check again after that, before it sleeps.
func (m *Memory) enqueue(w *waiter, key waitKey, hash uint64) bool {
	process.mu.Lock()
	defer process.mu.Unlock()
	if w.point != nil {
		return m.arm(w.point, hash) == 0
	}
	if p := m.queues.points[key]; p != nil {
		p.insert(w)
		return m.arm(p, hash) == 0
	}
	if !process.start() {
		return false
	}
	p := pointPool.Get().(*waitPoint)
	*p = waitPoint{key: key}
	if m.watch(p, hash) != 0 {
		pointPool.Put(p)
		process.settle()
		return false
	}
	if m.queues.points == nil {
		m.queues.points = make(map[waitKey]*waitPoint)
	}
	m.queues.points[key] = p
	process.add(p.id, p)
	p.insert(w)
	return true
}

// dequeue ends the wait of the goroutine, and releases the waiter. If the goroutine waited for the
// lock and others still do, the next release of the lock wakes the first of them.
func (m *Memory) dequeue(w *waiter) {
	process.mu.Lock()
	defer process.mu.Unlock()
	if p := w.point; p != nil {
		p.delete(w)
		if p.first == nil {
			delete(m.queues.points, p.key)
			process.remove(p.id)
			pointPool.Put(p)
		} else if p.key.item == listLock && m.arm(p, 0) != 0 {
			p.first.wake() // the list is closed
		}
	}
	select {
	case <-w.ready:
	default:
	}
	waiterPool.Put(w)
}
