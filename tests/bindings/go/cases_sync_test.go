package check_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"shareable"
)

// lockerEnv is an environment variable. If it is set, the test program is a locker of the list of
// that name.
const lockerEnv = "GO_TEST_LOCKER"

// lock locks the list, whose last holder did not die.
func lock(t *testing.T, list *shareable.List) {
	t.Helper()
	ownerDied, err := list.Lock(soon(t))
	ok(t, err)
	equal(t, ownerDied, false)
}

// lockOfDeadOwner locks the list, whose last holder died.
func lockOfDeadOwner(t *testing.T, list *shareable.List) {
	t.Helper()
	ownerDied, err := list.Lock(soon(t))
	ok(t, err)
	equal(t, ownerDied, true)
}

// runLocker locks the list, prints the result, and waits until it is killed or the process that
// started it ends.
func runLocker(name string) {
	list, err := shareable.OpenList(name)
	if err == nil {
		_, err = list.Lock(nil)
	}
	fmt.Println("locked:", err)
	bufio.NewReader(os.Stdin).ReadByte()
	os.Exit(1)
}

// startLocker starts a process that locks the list, and returns a function that kills it.
func startLocker(t *testing.T, name string) (kill func()) {
	t.Helper()
	locker := exec.Command(os.Args[0])
	locker.Env = append(os.Environ(), lockerEnv+"="+name)
	in, err := locker.StdinPipe()
	ok(t, err)
	out, err := locker.StdoutPipe()
	ok(t, err)
	ok(t, locker.Start())
	line, _ := bufio.NewReader(out).ReadString('\n')
	kill = func() {
		locker.Process.Kill()
		locker.Wait()
		in.Close()
	}
	if line != "locked: <nil>\n" {
		kill()
		t.Fatal("the locker printed", line)
	}
	return kill
}

// dieHoldingLock starts a process that locks the list, and kills it.
func dieHoldingLock(t *testing.T, name string) {
	t.Helper()
	startLocker(t, name)()
}

// soon returns a context that ends after 10 seconds, so that no test waits forever.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func listLocksAndUnlocks(t *testing.T) {
	list := newList(t, demo())
	again := openList(t, list.Name())
	for _, one := range []*shareable.List{list, again, list} {
		lock(t, one)
		locked, _, err := again.TryLock()
		ok(t, err)
		equal(t, locked, false)
		ok(t, again.Set(0, "free")) // access without the lock does not wait
		item(t, one, 0, "free")
		ok(t, one.Unlock())
	}
	locked, _, err := again.TryLock()
	ok(t, err)
	equal(t, locked, true)
	ok(t, again.Unlock())

	// Goroutines with two handles do a change of two steps under the lock.
	var users sync.WaitGroup
	steps := 0
	for i := 0; i < 4; i++ {
		users.Add(1)
		go func(list *shareable.List) {
			defer users.Done()
			for j := 0; j < 250; j++ {
				if _, err := list.Lock(soon(t)); err != nil {
					t.Error(err)
					return
				}
				value, _ := list.GetInt(3)
				list.SetInt(3, value+1)
				steps++
				if err := list.Unlock(); err != nil {
					t.Error(err)
				}
			}
		}([]*shareable.List{list, again}[i%2])
	}
	users.Wait()
	item(t, list, 3, int64(100+4*250))
	equal(t, steps, 4*250)
}

func listLockTimesOutWhileAnotherHoldsIt(t *testing.T) {
	list := newList(t, demo())
	again := openList(t, list.Name())
	lock(t, list)
	for _, wait := range []time.Duration{0, 10 * time.Millisecond, 150 * time.Millisecond} {
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		_, err := again.Lock(ctx)
		took := time.Since(start)
		cancel()
		equal(t, err, context.DeadlineExceeded)
		if took < wait || took > wait+5*time.Second {
			t.Error("waited", took, "instead of", wait)
		}
	}
	locked, _, err := again.TryLock()
	ok(t, err)
	equal(t, locked, false)

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	equal(t, second(again.Lock(ctx)), context.Canceled)
	ok(t, list.Unlock())
	equal(t, second(again.Lock(ctx)), context.Canceled)
	lock(t, again)
	ok(t, again.Unlock())
}

func listLockOfADeadOwnerIsReported(t *testing.T) {
	list := newList(t, demo())
	again := openList(t, list.Name())
	dieHoldingLock(t, list.Name())
	lockOfDeadOwner(t, list)
	locked, _, err := again.TryLock() // the list is locked
	ok(t, err)
	equal(t, locked, false)
	ok(t, list.Unlock())
	lock(t, again) // the death is reported only once
	ok(t, again.Unlock())

	dieHoldingLock(t, list.Name())
	locked, ownerDied, err := again.TryLock()
	ok(t, err)
	equal(t, locked, true)
	equal(t, ownerDied, true)
	ok(t, again.Close()) // counts as the holder's death
	lockOfDeadOwner(t, list)
	ok(t, list.Unlock())
}

func listUnlockWithoutTheLockIsRefused(t *testing.T) {
	list := newList(t, demo())
	again := openList(t, list.Name())
	refused := func(err error) {
		t.Helper()
		fails(t, err, is(shareable.ErrNotLocked, syscall.EINVAL), list.Name(), "not locked through this handle")
	}
	refused(list.Unlock())
	lock(t, list)
	refused(again.Unlock())
	locked, _, err := again.TryLock() // Unlock did not release the lock of another handle
	ok(t, err)
	equal(t, locked, false)
	ok(t, list.Unlock())
	refused(list.Unlock())

	reader := openList(t, list.Name(), shareable.ReadOnly())
	fails(t, second(reader.Lock(soon(t))), is(shareable.ErrReadOnly), list.Name(), "read-only")
	locked, _, err = reader.TryLock()
	equal(t, locked, false)
	fails(t, err, is(shareable.ErrReadOnly), list.Name())
}

// holdItem holds the second item of the list, as a writer does that is stopped while it writes
// (layout.md, "Sync area"). It returns a function that releases it.
func holdItem(t *testing.T, name string) func() {
	t.Helper()
	writer := openList(t, name)
	ok(t, writer.Set(0, nil)) // C changes the type: its writer acquires the first hazard
	ok(t, writer.Set(0, 1))
	block, err := os.OpenFile("/dev/shm/"+name, os.O_RDWR, 0)
	ok(t, err)
	content, err := os.ReadFile(block.Name())
	ok(t, err)
	hazards := bytes.Index(content, []byte("shr.sync")) + 256
	id := *(*uint32)(unsafe.Pointer(&content[hazards]))
	offset := int64(hazards + 8*64 + 4*512 + 8)
	word := uint64(id)<<32 | 1
	_, err = block.WriteAt((*[8]byte)(unsafe.Pointer(&word))[:], offset)
	ok(t, err)
	return func() {
		_, err := block.WriteAt(content[offset:offset+8], offset)
		ok(t, err)
		ok(t, block.Close())
	}
}

func listIsBusyWhileAnotherWriterHoldsAnItem(t *testing.T) {
	list := newList(t, []any{1, 2})
	release := holdItem(t, list.Name())
	for _, operation := range []func() error{
		func() error { return second(list.Get(1)) },
		func() error { return second(list.Wait(soon(t), 1, 2)) },
	} {
		start := time.Now()
		fails(t, operation(), is(shareable.ErrBusy, syscall.ETIMEDOUT), "item 1 of", list.Name(), "held by another writer")
		waited := time.Since(start)
		equal(t, waited > 900*time.Millisecond && waited < 5*time.Second, true)
	}
	value, err := list.Get(0)
	ok(t, err)
	equal(t, value, any(int64(1)))
	release()
	value, err = list.Get(1)
	ok(t, err)
	equal(t, value, any(int64(2)))
}

func listAddsExchangesAndComparesInts(t *testing.T) {
	list := newList(t, []any{1, "text", 100})
	again := openList(t, list.Name())
	value, err := list.Add(0, 41)
	ok(t, err)
	equal(t, value, int64(42))
	value, err = again.Add(-3, -50)
	ok(t, err)
	equal(t, value, int64(-8))
	value, err = list.Add(2, math.MaxInt64-100)
	ok(t, err)
	equal(t, value, int64(math.MaxInt64))
	value, err = again.Swap(-1, math.MinInt64)
	ok(t, err)
	equal(t, value, int64(math.MaxInt64))
	item(t, list, 2, int64(math.MinInt64))

	swapped, err := list.CompareAndSwap(0, -7, 5)
	ok(t, err)
	equal(t, swapped, false)
	item(t, again, 0, int64(-8))
	swapped, err = again.CompareAndSwap(-3, -8, 5)
	ok(t, err)
	equal(t, swapped, true)
	items(t, list, []any{int64(5), "text", int64(math.MinInt64)})

	var users sync.WaitGroup
	for i := 0; i < 4; i++ {
		users.Add(1)
		go func(list *shareable.List) {
			defer users.Done()
			for j := 0; j < 1000; j++ {
				list.Add(0, 3)
			}
		}([]*shareable.List{list, again}[i%2])
	}
	users.Wait()
	item(t, list, 0, int64(5+4*1000*3))
}

func listRefusesToAddToAnotherTypeOrBeyond64Bits(t *testing.T) {
	list := newList(t, append(demo(), math.MaxInt64, math.MinInt64))
	want := append(demoRead(), int64(math.MaxInt64), int64(math.MinInt64))
	for i, word := range map[int]string{0: "str", 1: "bytes", 2: "float", 4: "None", 5: "bool"} {
		for _, err := range atomics(list, i) {
			fails(t, err, is(shareable.ErrType, syscall.EPROTOTYPE), fmt.Sprint("item ", i), list.Name(), word)
		}
	}
	for _, i := range []int{9, -10} {
		for _, err := range atomics(list, i) {
			fails(t, err, is(shareable.ErrIndex), fmt.Sprint(i), list.Name(), "has 9 items")
		}
	}
	_, err := list.Add(7, 1)
	fails(t, err, is(shareable.ErrOverflow, syscall.EOVERFLOW), "item 7", list.Name(), "64 bits")
	_, err = list.Add(-1, -1)
	fails(t, err, is(shareable.ErrOverflow), "item -1", list.Name())
	for _, err := range atomics(openList(t, list.Name(), shareable.ReadOnly()), 3) {
		fails(t, err, is(shareable.ErrReadOnly), list.Name(), "read-only")
	}
	items(t, list, want)
}

// atomics calls the atomic operations on an item and returns their errors.
func atomics(list *shareable.List, index int) []error {
	_, add := list.Add(index, 1)
	_, swap := list.Swap(index, 1)
	_, compare := list.CompareAndSwap(index, 0, 1)
	return []error{add, swap, compare}
}

func listWithoutSyncAreaHasAtomicsButNoLock(t *testing.T) {
	list := newList(t, demo(), shareable.NoSync())
	again := openList(t, list.Name())
	refused := func(err error) {
		t.Helper()
		fails(t, err, is(shareable.ErrNoSync, syscall.EINVAL), list.Name(), "no sync area")
	}
	for _, one := range []*shareable.List{list, again} {
		refused(second(one.Lock(soon(t))))
		locked, _, err := one.TryLock()
		equal(t, locked, false)
		refused(err)
		refused(one.Unlock())
	}
	value, err := list.Add(3, 1)
	ok(t, err)
	equal(t, value, int64(101))
	value, err = again.Swap(3, 7)
	ok(t, err)
	equal(t, value, int64(101))
	swapped, err := list.CompareAndSwap(3, 7, 8)
	ok(t, err)
	equal(t, swapped, true)
	item(t, again, 3, int64(8))
	_, err = list.Add(0, 1)
	fails(t, err, is(shareable.ErrType), "item 0", "str")
}

// Close does not wait for goroutines that wait for the lock, and ends their waits.
func TestCloseEndsWaitsForTheLock(t *testing.T) {
	list := newList(t, demo())
	lock(t, openList(t, list.Name()))
	waited := make(chan error, 3)
	for i := 0; i < cap(waited); i++ {
		go func() { waited <- second(list.Lock(nil)) }()
	}
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	ok(t, list.Close())
	for i := 0; i < cap(waited); i++ {
		select {
		case err := <-waited:
			fails(t, err, is(shareable.ErrClosed), list.Name())
		case <-time.After(10 * time.Second):
			t.Fatal("still waiting")
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Error("closing took", took)
	}
}

func TestCloseReleasesTheLock(t *testing.T) {
	list := newList(t, demo())
	again := openList(t, list.Name())
	lock(t, again)
	time.AfterFunc(50*time.Millisecond, func() { again.Memory().Close() })
	lockOfDeadOwner(t, list)
	ok(t, list.Unlock())
	fails(t, again.Unlock(), is(shareable.ErrClosed))
}
