package check_test

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"shareable"
)

// waitDiffers checks that Wait returns the wanted value.
func waitDiffers(t *testing.T, list *shareable.List, index int, old, want any) {
	t.Helper()
	got, err := list.Wait(soon(t), index, old)
	ok(t, err)
	equal(t, got, want)
}

// waitAnyChanges checks that WaitAny returns another hash, and returns that hash.
func waitAnyChanges(t *testing.T, list *shareable.List, hash uint64) uint64 {
	t.Helper()
	now, err := list.WaitAny(soon(t), hash)
	ok(t, err)
	equal(t, now != hash && now != 0, true)
	return now
}

// timesOut checks that a wait ends when its context ends, and not before.
func timesOut(t *testing.T, wait func(ctx context.Context) error) {
	t.Helper()
	for _, after := range []time.Duration{0, 10 * time.Millisecond, 150 * time.Millisecond} {
		ends(t, after, wait)
	}
}

func ends(t *testing.T, after time.Duration, wait func(ctx context.Context) error) {
	t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	equal(t, wait(ctx), context.DeadlineExceeded)
	if took := time.Since(start); took < after || took > after+5*time.Second {
		t.Error("waited", took, "instead of", after)
	}
}

// pingPong writes a number to item 1 and waits until a goroutine has written the same number to
// item 0, some milliseconds later. It does so for the given number of rounds, and returns the
// number of rounds that took less than 12 milliseconds, which shows that the write woke the waiter.
// Both items must be 0 at the start.
func pingPong(t *testing.T, list *shareable.List, rounds int) int {
	t.Helper()
	other := openList(t, list.Name())
	ctx := soon(t)
	var playing sync.WaitGroup
	playing.Add(1)
	go func() {
		defer playing.Done()
		for i := 0; i < rounds; i++ {
			value, err := other.Wait(ctx, 1, i)
			time.Sleep(3 * time.Millisecond)
			if err == nil {
				err = other.SetInt(0, int64(i+1))
			}
			if err != nil || value != int64(i+1) {
				t.Error("in round", i, "the other goroutine got", value, err)
				return
			}
		}
	}()
	quick := 0
	for i := 0; i < rounds; i++ {
		start := time.Now()
		ok(t, list.SetInt(1, int64(i+1)))
		waitDiffers(t, list, 0, i, int64(i+1))
		if time.Since(start) < 12*time.Millisecond {
			quick++
		}
	}
	playing.Wait()
	return quick
}

func listWaitsUntilAnItemDiffers(t *testing.T) {
	list := newList(t, []any{0, 0, nil, "text", []byte("text")}, shareable.WithCapacity(1000))
	waitDiffers(t, list, 0, 1, int64(0)) // the item already differs
	waitDiffers(t, list, -3, "text", nil)
	waitDiffers(t, list, 3, []byte("text"), "text")
	waitDiffers(t, list, 4, "text", []byte("text"))
	waitDiffers(t, list, 4, "\xff", []byte("text"))
	value, err := list.Wait(nil, 0, nil)
	ok(t, err)
	equal(t, value, int64(0))
	long := strings.Repeat("x", 1000)
	ok(t, list.Set(3, long))
	waitDiffers(t, list, 3, "text", long)
	waitDiffers(t, list, 3, long[1:], long)
	ok(t, list.Set(3, math.NaN()))
	value, err = list.Wait(soon(t), 3, math.NaN()) // a NaN differs from itself
	ok(t, err)
	equal(t, math.IsNaN(value.(float64)), true)

	if quick := pingPong(t, list, 50); quick <= 25 {
		t.Error("woken at once in", quick, "rounds of 50")
	}

	ok(t, list.Set(0, 0))
	other := openList(t, list.Name())
	steps := []any{"a text", 2.5, nil, false, []byte("text"), int64(7)}
	next := make(chan any)
	go func() {
		for step := range next {
			time.Sleep(20 * time.Millisecond)
			other.Set(0, step)
		}
	}()
	defer close(next)
	seen := any(0)
	for _, step := range steps {
		next <- step
		waitDiffers(t, list, 0, seen, step)
		seen = step
	}

	_, err = list.Wait(soon(t), 5, 1)
	fails(t, err, is(shareable.ErrIndex), "5", list.Name(), "has 5 items")
	_, err = list.Wait(soon(t), 0, struct{}{})
	fails(t, err, is(shareable.ErrValueType), list.Name(), "struct")
	_, err = list.Wait(soon(t), 0, uint64(math.MaxUint64))
	fails(t, err, is(shareable.ErrOverflow), list.Name(), "64 bits")
}

func listWaitTimesOut(t *testing.T) {
	list := newList(t, []any{1, "text", nil})
	again := openList(t, list.Name())
	timesOut(t, func(ctx context.Context) error {
		value, err := list.Wait(ctx, 0, 1)
		equal(t, value, nil)
		return err
	})
	var writing sync.WaitGroup
	writing.Add(1)
	done := make(chan struct{})
	go func() {
		defer writing.Done()
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				again.Set(1, "text") // a write that does not change the item
			}
		}
	}()
	for i, same := range map[int][]any{0: {int8(1), 1.0, true}, 1: {"text"}, 2: {nil}} {
		for _, old := range same {
			ends(t, 60*time.Millisecond, func(ctx context.Context) error {
				_, err := list.Wait(ctx, i, old)
				return err
			})
		}
	}
	close(done)
	writing.Wait()

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := list.Wait(ctx, 0, 2)
	equal(t, err, context.Canceled)
}

func listWaitsUntilAnyItemChanges(t *testing.T) {
	list := newList(t, []any{0, "text", nil, "more"})
	again := openList(t, list.Name(), shareable.ReadOnly())
	hash := waitAnyChanges(t, list, 0)
	for _, one := range []*shareable.List{list, again} {
		now, err := one.Hash()
		ok(t, err)
		equal(t, now, hash)
	}
	timesOut(t, func(ctx context.Context) error {
		same, err := list.WaitAny(ctx, hash)
		equal(t, same, hash)
		return err
	})
	now, err := list.WaitAny(nil, 0)
	ok(t, err)
	equal(t, now, hash)

	for i, value := range []any{0.0, "texts", ""} { // each write is between two waits
		ok(t, list.Set(i, value))
		hash = waitAnyChanges(t, list, hash)
		now, err := again.Hash()
		ok(t, err)
		equal(t, now, hash)
	}
	for bit := 0; bit < 64; bit++ { // WaitAny compares all bits of the hash
		equal(t, waitAnyChanges(t, list, hash^1<<bit), hash)
	}

	other := openList(t, list.Name())
	next := make(chan int)
	go func() {
		for i := range next {
			time.Sleep(20 * time.Millisecond)
			other.Set(i, 7)
		}
	}()
	defer close(next)
	for i := 0; i < list.Len(); i++ {
		next <- i
		hash = waitAnyChanges(t, list, hash)
		item(t, list, i, int64(7))
	}
}

func listCanBeWaitedOnWithoutSyncAreaOrReadOnly(t *testing.T) {
	unsynced := newList(t, []any{0, 0}, shareable.NoSync())
	pingPong(t, unsynced, 10)

	list := newList(t, []any{int64(10), 0})
	reader := openList(t, list.Name(), shareable.ReadOnly())
	for waiting, writing := range map[*shareable.List]*shareable.List{unsynced: unsynced, reader: list} {
		waitDiffers(t, waiting, 0, 9, int64(10))
		hash := waitAnyChanges(t, waiting, 0)
		timesOut(t, func(ctx context.Context) error {
			_, err := waiting.Wait(ctx, 0, 10)
			return err
		})
		timesOut(t, func(ctx context.Context) error {
			_, err := waiting.WaitAny(ctx, hash)
			return err
		})
		write := writing.Set
		time.AfterFunc(30*time.Millisecond, func() { write(0, "text") })
		waitDiffers(t, waiting, 0, 10, "text")
		hash = waitAnyChanges(t, waiting, hash)
		time.AfterFunc(30*time.Millisecond, func() { write(1, 5) })
		waitAnyChanges(t, waiting, hash)
		item(t, waiting, 1, int64(5))
	}
}

// startWaiters starts the given number of goroutines that wait until item 0 is not 0, and as many
// that wait for any change. Each sends its error to the channel.
func startWaiters(ctx context.Context, list *shareable.List, count int) <-chan error {
	hash, _ := list.Hash()
	waited := make(chan error, 2*count)
	for i := 0; i < count; i++ {
		go func() {
			_, err := list.Wait(ctx, 0, 0)
			waited <- err
		}()
		go func() {
			_, err := list.WaitAny(ctx, hash)
			waited <- err
		}()
	}
	time.Sleep(50 * time.Millisecond)
	return waited
}

// result returns the error that a goroutine of startWaiters returned.
func result(t *testing.T, waited <-chan error) error {
	t.Helper()
	select {
	case err := <-waited:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting")
		return nil
	}
}

// Close does not wait for goroutines that wait, and ends their waits.
func TestCloseEndsAWait(t *testing.T) {
	list := newList(t, []any{0})
	for _, one := range []*shareable.List{
		openList(t, list.Name()),
		openList(t, list.Name(), shareable.ReadOnly()),
		newList(t, []any{0}, shareable.NoSync()),
	} {
		waited := startWaiters(nil, one, 3)
		start := time.Now()
		ok(t, one.Close())
		for i := 0; i < cap(waited); i++ {
			fails(t, result(t, waited), is(shareable.ErrClosed), one.Name(), "closed")
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Error("closing took", took)
		}
	}
}

func TestCancelEndsAWait(t *testing.T) {
	list := newList(t, []any{0})
	ctx, cancel := context.WithCancel(context.Background())
	waited := startWaiters(ctx, list, 3)
	start := time.Now()
	cancel()
	for i := 0; i < cap(waited); i++ {
		equal(t, result(t, waited), context.Canceled)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Error("canceling took", took)
	}
	_, err := list.WaitAny(ctx, 0)
	equal(t, err, context.Canceled)
}

// countdown is a context that ends after the given number of calls of Err. Its channel ends every
// sleep at once.
type countdown int

var closedChannel = func() <-chan struct{} {
	channel := make(chan struct{})
	close(channel)
	return channel
}()

func (c *countdown) Deadline() (time.Time, bool) { return time.Now(), true }
func (c *countdown) Done() <-chan struct{}       { return closedChannel }
func (c *countdown) Value(any) any               { return nil }
func (c *countdown) Err() error {
	if *c == 0 {
		return context.Canceled
	}
	*c--
	return nil
}

func TestWaitingDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("with the race detector, a sync.Pool drops values at random")
	}
	list := newList(t, []any{1, 2.5, true, "text", []byte("text"), nil})
	hash, err := list.Hash()
	ok(t, err)
	data, ctx := any([]byte("text")), new(countdown)
	for name, wait := range map[string]func(){
		"Hash":         func() { list.Hash() },
		"int":          func() { list.Wait(ctx, 0, 1) },
		"float":        func() { list.Wait(ctx, 1, 2.5) },
		"bool":         func() { list.Wait(ctx, 2, true) },
		"str":          func() { list.Wait(ctx, 3, "text") },
		"bytes":        func() { list.Wait(ctx, 4, data) },
		"None":         func() { list.Wait(ctx, 5, nil) },
		"another type": func() { list.Wait(ctx, 0, "text") },
		"WaitAny":      func() { list.WaitAny(ctx, hash) },
	} {
		allocated := testing.AllocsPerRun(20, func() {
			*ctx = 2
			wait()
		})
		if allocated != 0 {
			t.Error(name, "allocates", allocated, "times")
		}
	}
}

func BenchmarkWaitForAnItemThatDiffers(b *testing.B) {
	list, err := shareable.NewList([]any{42})
	if err != nil {
		b.Fatal(err)
	}
	defer list.Close()
	defer list.Unlink()
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		list.Wait(nil, 0, 7)
	}
}

// BenchmarkWait measures the time to wake another goroutine and to be woken by it.
func BenchmarkWait(b *testing.B) {
	list, err := shareable.NewList([]any{0, 0})
	if err != nil {
		b.Fatal(err)
	}
	defer list.Close()
	defer list.Unlink()
	b.ReportAllocs()
	go func(n int) {
		for i := 0; i < n; i++ {
			list.Wait(nil, 0, i)
			list.SetInt(1, int64(i+1))
		}
	}(b.N)
	for i := 0; i < b.N; i++ {
		list.SetInt(0, int64(i+1))
		list.Wait(nil, 1, i)
	}
}
