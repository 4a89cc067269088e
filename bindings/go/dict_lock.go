package shareable

import (
	"time"

	"shareable/internal/raw"
)

// A goroutine that waits for the lock of a dict in C occupies a system thread, and the Go runtime
// ends a program that has 10,000 threads. So only a few goroutines of the process do that at a
// time. If a process is stopped while it holds the lock, the others try at intervals.
const dictWaits = 16

var waitingForDicts = make(chan struct{}, dictWaits)

// write calls C with the dict and a key as call does, with a method that changes nothing and
// returns ErrTimedOut if it cannot have the lock of the dict within a time in nanoseconds.
func (d *Dict) write(key any, timeout int64, method func(dict uintptr, k raw.Key, timeout int64) int) Status {
	status := d.call(key, func(dict uintptr, k raw.Key) int { return method(dict, k, 0) })
	if status != ErrTimedOut || timeout == 0 {
		return status
	}
	for begun := time.Now(); ; {
		left := timeout
		if timeout > 0 {
			if left -= int64(time.Since(begun)); left <= 0 {
				return status
			}
		}
		select {
		case waitingForDicts <- struct{}{}:
			status = d.call(key, func(dict uintptr, k raw.Key) int { return method(dict, k, left) })
			<-waitingForDicts
			return status
		default:
			<-polling.next()
		}
		status = d.call(key, func(dict uintptr, k raw.Key) int { return method(dict, k, 0) })
		if status != ErrTimedOut {
			return status
		}
	}
}
