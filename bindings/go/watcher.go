package shareable

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"shareable/internal/raw"
)

// The watcher ends when nothing has been watched for this time.
const watcherLinger = time.Second

// watcher reports changes of lists to the goroutines of this process that wait for them. It has one
// watch of the C library, whose threads sleep until something changes, and one goroutine, which the
// Go runtime wakes when the watch's descriptor is readable. Both exist only while they are needed.
// Its mutex also guards all wait points and their waiters.
type watcher struct {
	mu     sync.Mutex
	watch  uintptr   // C handle; 0 if there is none
	file   *os.File  // a duplicate of the watch's descriptor
	retry  time.Time // when the watch may be created again after a failure
	points map[uint64]*waitPoint
	idle   bool // the goroutine has a deadline, because there are no points
}

var process = watcher{points: make(map[uint64]*waitPoint)}

// start creates the watch and starts the goroutine, if they do not exist. It returns false if the
// system refuses. The caller holds the mutex.
func (p *watcher) start() bool {
	if p.idle {
		p.file.SetReadDeadline(time.Time{})
		p.idle = false
	}
	if p.watch != 0 {
		return true
	}
	if time.Now().Before(p.retry) {
		return false
	}
	if !canPoll() || !p.create() {
		p.retry = time.Now().Add(retryInterval)
		return false
	}
	return true
}

// create creates the watch and starts the goroutine. It returns false if the system refuses the
// watch, or if the Go runtime cannot poll its descriptor. The caller holds the mutex.
func (p *watcher) create() bool {
	watch, fd := raw.NewWatch()
	if fd < 0 {
		return false
	}
	file := os.NewFile(uintptr(fd), "shareable watch")
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		file.Close()
		raw.FreeWatch(watch)
		return false
	}
	p.watch, p.file = watch, file
	go p.run(conn, watch)
	return true
}

// canPoll reports whether the system has the descriptors of a watch and those of the runtime's
// poller. The runtime ends the program if it cannot create its poller when it needs it first.
func canPoll() bool {
	var fds [5]int
	for i := range fds {
		fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
		if err != nil {
			return false
		}
		defer syscall.Close(fd)
		fds[i] = fd
	}
	return syscall.EpollCtl(fds[0], syscall.EPOLL_CTL_ADD, fds[1], &syscall.EpollEvent{Events: syscall.EPOLLIN}) == nil
}

// add adds a point that the watch reports by that id. The caller holds the mutex.
func (p *watcher) add(id uint64, point *waitPoint) {
	p.points[id] = point
}

// remove removes a point. The caller holds the mutex.
func (p *watcher) remove(id uint64) {
	raw.Unwatch(p.watch, id)
	delete(p.points, id)
	p.settle()
}

// settle makes the goroutine end later if there are no points. The caller holds the mutex.
func (p *watcher) settle() {
	if len(p.points) == 0 {
		p.file.SetReadDeadline(time.Now().Add(watcherLinger))
		p.idle = true
	}
}

// run wakes goroutines until nothing has been watched for a while.
func (p *watcher) run(conn syscall.RawConn, watch uintptr) {
	var ids [64]uint64
	var count, status int
	receive := func(uintptr) bool {
		count, status = raw.Changed(watch, ids[:])
		return count > 0 || status != 0
	}
	for {
		switch err := conn.Read(receive); {
		case err != nil:
			if p.end(err) {
				return
			}
		case status != 0:
			p.reportLater()
		default:
			p.report(ids[:count])
		}
	}
}

// report wakes the goroutines that wait for what may have changed.
func (p *watcher) report(ids []uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		if point := p.points[id]; point != nil {
			point.report()
		}
	}
}

// reportLater wakes all goroutines that wait, because the system had no memory or no thread for the
// report of what changed, which remains in the watch. The pause is the time until the next attempt.
func (p *watcher) reportLater() {
	p.mu.Lock()
	p.reportAll()
	p.mu.Unlock()
	time.Sleep(pollInterval)
}

// reportAll wakes all goroutines that wait. The caller holds the mutex.
func (p *watcher) reportAll() {
	for _, point := range p.points {
		point.report()
	}
}

// end frees the watch if the error is not the deadline, or if the watch is still idle. It returns
// whether it did. Then it wakes the goroutines that still wait, and they poll from then on.
func (p *watcher) end(err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) && !p.idle {
		return false
	}
	p.file.Close()
	raw.FreeWatch(p.watch)
	p.watch, p.file, p.idle = 0, nil, false
	p.reportAll()
	return true
}
