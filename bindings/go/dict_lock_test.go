package shareable

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// holdLock makes another handle hold the lock of a dict, as a process does that is stopped. It
// returns a function that releases the lock.
func holdLock(t *testing.T, d *Dict) (release func()) {
	t.Helper()
	other, err := OpenDict(d.Name())
	if err != nil {
		t.Fatal(err)
	}
	id := other.list.block.join()
	if id == 0 {
		t.Fatal("the handle has no writer id")
	}
	lock := (*uint32)(unsafe.Add(d.index.sequence, -64)) // layout.md, "The dict area"
	atomic.StoreUint32(lock, id)
	return func() {
		atomic.StoreUint32(lock, 0)
		other.Close()
	}
}

func TestEachMethodThatTakesTheLockTimesOut(t *testing.T) {
	needReadsInGo(t)
	d, other := newTestDict(t, 10), newTestDict(t, 10)
	mustSet(t, d, "key", 1)
	mustSet(t, d, "short", 1, WithTTL(time.Nanosecond))
	mustSet(t, other, "key", 1)
	mustSet(t, other, "new", 1)
	release := holdLock(t, d)
	for _, timeout := range []time.Duration{0, 30 * time.Millisecond} {
		within := WithTimeout(timeout)
		for name, call := range map[string]func() error{
			"Set":           func() error { return d.Set("new", 1, within) },
			"SetIfAbsent":   func() error { _, err := d.SetIfAbsent("new", 1, within); return err },
			"Add":           func() error { _, err := d.Add("new", 1, within); return err },
			"AddFloat":      func() error { _, err := d.AddFloat("new", 1, within); return err },
			"Delete":        func() error { return d.Delete("key", within) },
			"Pop":           func() error { _, err := d.Pop("key", within); return err },
			"DeleteExpired": func() error { _, err := d.DeleteExpired(0, within); return err },
			"Clear":         func() error { return d.Clear(within) },
			"Reindex":       func() error { return d.Reindex(within) },
			"CopyTo":        func() error { return other.CopyTo(d, within) },
		} {
			begun := time.Now()
			if err := call(); !errors.Is(err, ErrTimedOut) {
				t.Errorf("%s within %v: %v", name, timeout, err)
			}
			if took := time.Since(begun); took < timeout || took > timeout+5*time.Second {
				t.Errorf("%s within %v took %v", name, timeout, took)
			}
		}
	}
	if err := d.Set("key", 2, WithTimeout(0)); err != nil {
		t.Error("a key that is present needs no lock:", err)
	}
	if value, err := d.GetInt("key"); value != 2 || err != nil {
		t.Error("a read needs no lock:", value, err)
	}
	release()
	if err := d.Delete("key"); err != nil {
		t.Error(err)
	}
}

// threadsOf returns the number of system threads of this process.
func threadsOf(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	count, err := strconv.Atoi(string(regexp.MustCompile(`Threads:\s*(\d+)`).FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return count
}

func TestAThousandGoroutinesWaitForTheLockInFewThreads(t *testing.T) {
	needReadsInGo(t)
	d := newTestDict(t, 1000)
	release := holdLock(t, d)
	before := threadsOf(t)
	var working sync.WaitGroup
	for i := 0; i < 1000; i++ {
		working.Add(1)
		go func(i int) {
			defer working.Done()
			if err := d.Set(fmt.Sprint("key", i), i, WithTimeout(-1)); err != nil {
				t.Error(err)
			}
		}(i)
	}
	time.Sleep(100 * time.Millisecond)
	if now := threadsOf(t); now > before+dictWaits+20 { // those for calls of C at the same time on a busy machine
		t.Error(now, "threads, before the waits", before)
	}
	release()
	working.Wait()
	if d.Len() != 1000 {
		t.Error(d.Len(), "keys")
	}
}
