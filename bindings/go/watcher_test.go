package shareable

import (
	"os"
	"testing"
	"time"
)

// Without a watch, raw.Changed fails, which stands for a system without memory or threads.
func TestAFailedReportWakesAllWithoutSpinning(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := writer.Write([]byte{1}); err != nil { // the descriptor stays readable
		t.Fatal(err)
	}
	conn, err := reader.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	w := newWaiter()
	point := &waitPoint{armed: true}
	point.insert(w)
	p := &watcher{file: reader, points: map[uint64]*waitPoint{1: point}}
	ended := make(chan struct{})
	go func() {
		p.run(conn, 0)
		close(ended)
	}()
	woken := 0
	for end := time.After(20 * pollInterval); end != nil; {
		select {
		case <-w.ready:
			woken++
		case <-end:
			end = nil
		}
	}
	if woken < 2 || woken > 25 {
		t.Error("the waiter was woken", woken, "times")
	}
	p.mu.Lock()
	if point.armed {
		t.Error("the waiter does not arm the watch again")
	}
	p.idle = true
	p.mu.Unlock()
	if err := reader.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	<-ended
}
