package shareable

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// newWriteList returns a list of an int, a float, a bool and a str. It skips the test if Go does not
// write lists on this machine.
func newWriteList(t *testing.T) *List {
	t.Helper()
	if !hasAtomicWords {
		t.Skip("C writes all items")
	}
	list, err := NewList([]any{7, 0.5, true, "text"}, WithName(fmt.Sprint("go-write-test-", os.Getpid())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		list.Unlink()
		list.Close()
	})
	return list
}

// countSlow returns the number of writes for which C is called.
func countSlow(t *testing.T, write func() error) uint64 {
	t.Helper()
	before := slowWrites.Load()
	if err := write(); err != nil {
		t.Error(err)
	}
	return slowWrites.Load() - before
}

func TestNumbersAreWrittenInGo(t *testing.T) {
	list := newWriteList(t)
	for name, write := range map[string]func() error{
		"SetInt":             func() error { return list.SetInt(0, 1) },
		"SetFloat":           func() error { return list.SetFloat(-3, 1.5) },
		"SetBool":            func() error { return list.SetBool(2, false) },
		"Set":                func() error { return list.Set(0, 2) },
		"Add":                func() error { _, err := list.Add(0, 1); return err },
		"Swap":               func() error { _, err := list.Swap(0, 1); return err },
		"CompareAndSwap":     func() error { _, err := list.CompareAndSwap(0, 1, 2); return err },
		"not CompareAndSwap": func() error { _, err := list.CompareAndSwap(0, 1, 2); return err },
	} {
		if slow := countSlow(t, write); slow != 0 {
			t.Error(name, "called C")
		}
	}
	if slow := countSlow(t, func() error { return list.SetInt(1, 1) }); slow != 1 {
		t.Error("C did not change the type")
	}
}

// The version counts the writes, slow_stores stays, and an item that is corrupt is left to C.
func TestAWriteInGoChangesTheVersionWord(t *testing.T) {
	list := newWriteList(t)
	word := wordAt(list.block.access.versions, 0)
	for _, c := range []struct{ before, after uint64 }{
		{0, 16}, {versionSlowStores, 16 | versionSlowStores}, {0xfffffff0, 0}, {0xfffffff2, 2},
	} {
		atomic.StoreUint64(word, c.before)
		if slow := countSlow(t, func() error { return list.SetInt(0, 1) }); slow != 0 || atomic.LoadUint64(word) != c.after {
			t.Errorf("%x became %x", c.before, atomic.LoadUint64(word))
		}
	}
	atomic.StoreUint64(word, versionCorrupt)
	if _, err := list.Add(0, 1); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
	if err := list.SetInt(0, 1); err != nil || atomic.LoadUint64(word)&versionCorrupt != 0 {
		t.Errorf("%v; the version word is %x", err, atomic.LoadUint64(word))
	}
}

// C checks after one millisecond whether the owner of an item is alive. The owner may be a goroutine
// with the same handle.
func TestCWaitsForAGoroutineWithTheSameHandle(t *testing.T) {
	list := newWriteList(t)
	if _, err := list.Add(0, 1); err != nil {
		t.Fatal(err)
	}
	word := wordAt(list.block.access.versions, 0)
	locked := atomic.LoadUint64(word) | versionLocked | uint64(list.block.writer.id.Load())<<32
	atomic.StoreUint64(word, locked)
	added := make(chan int64, 1)
	go func() {
		sum, err := list.Add(0, 1)
		if err != nil {
			t.Error(err)
		}
		added <- sum
	}()
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; time.Sleep(time.Millisecond) {
		if now := atomic.LoadUint64(word); now != locked {
			t.Fatalf("the version word %x became %x", locked, now)
		}
	}
	atomic.StoreUint64(word, nextVersion(locked))
	if sum := <-added; sum != 9 {
		t.Error("the sum is", sum)
	}
}

// A list without a sync area, or one that can only be read, has no writer in Go.
func TestCWritesOtherLists(t *testing.T) {
	list := newWriteList(t)
	reader, err := OpenList(list.Name(), ReadOnly())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.SetInt(0, 1); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	plain, err := NewList([]any{7}, NoSync(), WithName(list.Name()+"-plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	defer plain.Unlink()
	if slow := countSlow(t, func() error { return plain.SetInt(0, 1) }); slow != 1 {
		t.Error("a list without a sync area was written in Go")
	}
}
