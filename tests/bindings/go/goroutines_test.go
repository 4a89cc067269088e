package check_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
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
		if err := list.Lock(ctx); err != nil {
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
	ok(t, list.Lock(soon(t)))
	locked := make(chan error, thousand)
	for i := 0; i < thousand; i++ {
		go func() {
			err := list.Lock(soon(t))
			if err == nil {
				err = list.Unlock()
			}
			locked <- err
		}()
	}
	time.Sleep(50 * time.Millisecond)
	if now := threads(t); now > before+200 { // five threads, and those for checks that run at the same time on a busy machine
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

// Five items share a queue for two waiters. The other waiters check by themselves, or replace a
// waiter that has finished.
func TestAQueuedWaiterSeesItsItemChange(t *testing.T) {
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

func TestContextAndCloseEndQueuedWaiters(t *testing.T) {
	list := newList(t, []any{0})
	ok(t, list.Lock(soon(t)))
	ctx, cancel := context.WithCancel(context.Background())
	canceled, closed := startWaiters(ctx, list, 50), startWaiters(nil, list, 50)
	locking := make(chan error, 50)
	for i := 0; i < cap(locking); i++ {
		go func() { locking <- list.Lock(nil) }()
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
