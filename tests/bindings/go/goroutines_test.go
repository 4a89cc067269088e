package check_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shareable"
)

const thousand = 1000

// threads returns the number of system threads of this process.
func threads(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	ok(t, err)
	count, err := strconv.Atoi(string(regexp.MustCompile(`Threads:\s*(\d+)`).FindSubmatch(status)[1]))
	ok(t, err)
	return count
}

// concurrently calls do in a thousand goroutines at once, each with its number, and checks that all
// of them end.
func concurrently(t *testing.T, do func(number int) error) {
	t.Helper()
	before := runtime.NumGoroutine()
	var working sync.WaitGroup
	working.Add(thousand)
	start := make(chan struct{})
	for i := 0; i < thousand; i++ {
		go func(number int) {
			defer working.Done()
			<-start
			if err := do(number); err != nil {
				t.Error("goroutine", number, err)
			}
		}(i)
	}
	close(start)
	working.Wait()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // the last goroutines are ending
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Error(now-before, "goroutines are left")
	}
}

// The sums show that no change is lost, and the values show that no write is seen incomplete.
func TestAThousandGoroutinesShareAHandle(t *testing.T) {
	list := newList(t, []any{0, 0, "text", 0.5})
	ctx := soon(t)
	concurrently(t, func(number int) error {
		for i := 0; i < 10; i++ {
			if _, err := list.Add(0, 1); err != nil {
				return err
			}
			if err := list.Set(2, []any{"text", []byte("bytes"), nil, 7}[number%4]); err != nil {
				return err
			}
			value, err := list.Get(2)
			if text := fmt.Sprintf("%s", value); err != nil || !strings.Contains("text bytes %!s(<nil>) %!s(int64=7)", text) {
				return fmt.Errorf("%v, %v", value, err)
			}
		}
		if err := list.SetFloat(3, math.Float64frombits(uint64(number)<<32|uint64(number))); err != nil {
			return err
		}
		real, err := list.GetFloat(3)
		if bits := math.Float64bits(real); err != nil || bits>>32 != bits&math.MaxUint32 {
			t.Errorf("%x: %v", bits, err)
		}
		if _, err := list.Lock(ctx); err != nil {
			return err
		}
		sum, _ := list.GetInt(1)
		list.SetInt(1, sum+int64(number))
		return list.Unlock()
	})
	item(t, list, 0, int64(10*thousand))
	item(t, list, 1, int64(thousand*(thousand-1)/2))
}

func TestAThousandGoroutinesOpenTheirOwnHandles(t *testing.T) {
	list := newList(t, []any{0})
	concurrently(t, func(number int) error {
		own, err := shareable.OpenList(list.Name())
		if err != nil {
			return err
		}
		defer own.Close()
		_, err = own.Add(0, int64(number))
		return err
	})
	item(t, list, 0, int64(thousand*(thousand-1)/2))
}

// A thread has a stack of 8 MiB of address space, and the Go runtime ends a program that has 10,000
// threads.
func TestAThousandGoroutinesWaitInFewThreads(t *testing.T) {
	list := newList(t, []any{0, 0})
	before := threads(t)
	waited := startWaiters(soon(t), list, thousand/2)
	lock(t, list)
	locked := make(chan error, thousand)
	for i := 0; i < thousand; i++ {
		go func() {
			_, err := list.Lock(soon(t))
			if err == nil {
				err = list.Unlock()
			}
			locked <- err
		}()
	}
	time.Sleep(50 * time.Millisecond)
	if now := threads(t); now > before+20 { // two threads of C, and those for calls of C at the same time on a busy machine
		t.Error(now, "threads, before the waits", before)
	}
	_, err := list.Get(0) // the waiters do not delay a read
	ok(t, err)
	ok(t, list.Unlock())
	ok(t, list.Set(0, "text"))
	for i := 0; i < thousand; i++ {
		ok(t, result(t, waited))
		ok(t, result(t, locked))
	}
}

// waitForEachItem starts a goroutine for each item of a list of zeros. It waits until the item is
// not 0, and then sends the index to the channel.
func waitForEachItem(t *testing.T, list *shareable.List) <-chan int {
	ctx := soon(t)
	found := make(chan int, list.Len())
	for i := 0; i < list.Len(); i++ {
		go func(index int) {
			if _, err := list.Wait(ctx, index, 0); err != nil {
				t.Error("item", index, err)
			}
			found <- index
		}(i)
	}
	time.Sleep(20 * time.Millisecond)
	return found
}

// Items whose indexes differ by a multiple of 32 wake each other's waiters.
func TestEachWaiterSeesItsItemChange(t *testing.T) {
	list := newList(t, zeros(16*5))
	found := waitForEachItem(t, list)
	for index := list.Len() - 1; index >= 0; index -= 16 {
		ok(t, list.SetInt(index, 1))
		equal(t, <-found, index)
	}
	for index := 0; index < list.Len(); index++ {
		ok(t, list.SetInt(index, 1))
	}
	for i := 0; i < list.Len()-5; i++ {
		<-found
	}
}

func TestWaitersForDifferentItemsWakeAtOnce(t *testing.T) {
	list := newList(t, zeros(16))
	found, quick := waitForEachItem(t, list), 0
	for index := 0; index < list.Len(); index++ {
		start := time.Now()
		ok(t, list.SetInt(index, 1))
		equal(t, <-found, index)
		if time.Since(start) < 12*time.Millisecond {
			quick++
		}
	}
	if quick <= 8 {
		t.Error("woken at once", quick, "times out of 16")
	}
}

// zeros returns the given number of zeros.
func zeros(count int) []any {
	values := make([]any, count)
	for i := range values {
		values[i] = 0
	}
	return values
}

func TestContextAndCloseEndJoinedWaiters(t *testing.T) {
	list := newList(t, []any{0})
	lock(t, list)
	ctx, cancel := context.WithCancel(context.Background())
	canceled, closed := startWaiters(ctx, list, 50), startWaiters(nil, list, 50)
	locking := make(chan error, 50)
	for i := 0; i < cap(locking); i++ {
		go func() { locking <- second(list.Lock(nil)) }()
	}
	cancel()
	for i := 0; i < cap(canceled); i++ {
		equal(t, result(t, canceled), context.Canceled)
	}
	ok(t, list.Close())
	for i := 0; i < cap(closed); i++ {
		fails(t, result(t, closed), is(shareable.ErrClosed), list.Name())
	}
	for i := 0; i < cap(locking); i++ {
		fails(t, result(t, locking), is(shareable.ErrClosed), list.Name())
	}
}

// processorTime returns the time that this process has used a processor.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	ok(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// isIdle checks that the goroutines of this process use less than 2 % of a processor: 0.1 % is
// usual, and 1 % if the kernel has no futex_waitv(2). A busy machine gets several tries.
func isIdle(t *testing.T) {
	t.Helper()
	share := 1.0
	for try := 0; try < 5 && share >= 0.02; try++ {
		time.Sleep(200 * time.Millisecond)
		used, start := processorTime(t), time.Now()
		time.Sleep(time.Second)
		share = float64(processorTime(t)-used) / float64(time.Since(start))
	}
	if share >= 0.02 {
		t.Errorf("idle waiters use %.2f %% of a processor", 100*share)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	ok(t, err)
	return len(entries)
}

// nothingIsLeft checks that the threads of C, the descriptors and the goroutine of the waits end.
func nothingIsLeft(t *testing.T, goroutines, files int) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	for time.Now().Before(end) && (runtime.NumGoroutine() > goroutines || descriptors(t) > files) {
		time.Sleep(10 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Error(now, "goroutines, before the waits", goroutines)
	}
	if now := descriptors(t); now > files {
		t.Error(now, "descriptors, before the waits", files)
	}
}

func TestIdleWaitersOfManyHandlesAreCheap(t *testing.T) {
	list := newList(t, []any{0, 0})
	handles := make([]*shareable.List, 300) // more than one thread sleeps on
	for i := range handles {
		handles[i] = openList(t, list.Name())
	}
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	ok(t, second(list.Lock(soon(t))))
	ctx, cancel := context.WithCancel(context.Background())
	waited := make(chan error, 2*len(handles))
	for i := range handles {
		go func(handle *shareable.List) { waited <- second(handle.Wait(ctx, 0, 0)) }(handles[i])
		go func(handle *shareable.List) {
			err := second(handle.Lock(ctx))
			if err == nil {
				err = handle.Unlock()
			}
			waited <- err
		}(handles[i])
	}
	isIdle(t)
	ok(t, list.Set(0, 1))
	ok(t, list.Unlock())
	for i := 0; i < cap(waited); i++ {
		ok(t, result(t, waited))
	}
	cancel()
	nothingIsLeft(t, goroutines, files)
}

// Each of many goroutines has its own handle of one list, and locks the list at once.
func TestManyHandlesOfOneListQueueInFewThreads(t *testing.T) {
	list := newList(t, []any{0})
	handles := make([]*shareable.List, 2*thousand)
	for i := range handles {
		handles[i] = openList(t, list.Name())
	}
	before, ctx := threads(t), soon(t)
	lock(t, list)
	locked := make(chan error, len(handles))
	for i := range handles {
		go func(handle *shareable.List) {
			_, err := handle.Lock(ctx)
			if err == nil {
				var sum int64
				sum, err = handle.GetInt(0)
				handle.SetInt(0, sum+1)
				handle.Unlock()
			}
			locked <- err
		}(handles[i])
	}
	time.Sleep(100 * time.Millisecond)
	ok(t, list.Unlock())
	for range handles {
		ok(t, result(t, locked))
	}
	item(t, list, 0, int64(len(handles)))
	if now := threads(t); now > before+12 {
		t.Error(now, "threads, before the locks", before)
	}
}

// medianDelayOfEnd returns the median time from the end of a context to the end of its wait.
func medianDelayOfEnd(t *testing.T, wait func(ctx context.Context) error) time.Duration {
	t.Helper()
	took := make([]time.Duration, 21)
	for i := range took {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- wait(ctx) }()
		time.Sleep(time.Duration(i) * time.Millisecond)
		start := time.Now()
		cancel()
		equal(t, result(t, ended), context.Canceled)
		took[i] = time.Since(start)
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	return took[len(took)/2]
}

func TestAContextEndsAJoinedWaitAtOnce(t *testing.T) {
	list := newList(t, []any{0})
	other := openList(t, list.Name())
	ok(t, second(other.Lock(soon(t))))
	hash, err := list.Hash()
	ok(t, err)
	background, end := context.WithCancel(context.Background())
	idle := startWaiters(background, list, 50)
	for name, wait := range map[string]func(ctx context.Context) error{
		"Wait":    func(ctx context.Context) error { return second(list.Wait(ctx, 0, 0)) },
		"WaitAny": func(ctx context.Context) error { return second(list.WaitAny(ctx, hash)) },
		"Lock":    func(ctx context.Context) error { return second(list.Lock(ctx)) },
	} {
		median := time.Hour
		for try := 0; try < 5 && median > 5*time.Millisecond; try++ { // a busy machine gets several tries
			median = medianDelayOfEnd(t, wait)
		}
		if median > 5*time.Millisecond {
			t.Error(name, "ended", median, "after its context")
		}
	}
	end()
	for i := 0; i < cap(idle); i++ {
		equal(t, result(t, idle), context.Canceled)
	}
}

// A goroutine that gives up may have been the one that was woken. The lock must go to another.
func TestTheLockIsNotLostWithACanceledWaiter(t *testing.T) {
	list := newList(t, []any{0})
	other := openList(t, list.Name())
	for round := 0; round < 30; round++ {
		ok(t, second(other.Lock(soon(t))))
		ctx, cancel := context.WithCancel(context.Background())
		canceled, locked := make(chan error, 10), make(chan error, 10)
		take := func(ctx context.Context, taken chan<- error) {
			err := second(list.Lock(ctx))
			if err == nil {
				err = list.Unlock()
			}
			taken <- err
		}
		for i := 0; i < cap(canceled); i++ {
			go take(ctx, canceled)
			go take(soon(t), locked)
		}
		time.Sleep(5 * time.Millisecond)
		go cancel()
		ok(t, other.Unlock())
		for i := 0; i < cap(canceled); i++ {
			ok(t, result(t, locked))
			if err := result(t, canceled); err != nil {
				equal(t, err, context.Canceled)
			}
		}
	}
}

// A list that goroutines wait on is closed and opened again and again.
func TestWaitsOfManyShortLivedHandlesLeaveNothing(t *testing.T) {
	list := newList(t, []any{0, 0})
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for round := 0; round < 100; round++ {
		handle := openList(t, list.Name())
		waited := make(chan error, 20)
		for i := 0; i < cap(waited); i++ {
			go func(index int) { waited <- second(handle.Wait(nil, index%2, 0)) }(i)
		}
		time.Sleep(time.Duration(round%5) * time.Millisecond)
		if round%2 == 0 {
			ok(t, handle.Close())
		} else {
			ok(t, second(list.SetInts(0, []int64{1, 1})))
		}
		for i := 0; i < cap(waited); i++ {
			if err := result(t, waited); err != nil {
				fails(t, err, is(shareable.ErrClosed))
			}
		}
		ok(t, second(list.SetInts(0, []int64{0, 0})))
		ok(t, handle.Close())
	}
	nothingIsLeft(t, goroutines, files)
}
