package check_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"testing"
	"time"

	"shareable"
)

// The cases of watches. In Go, goroutines wait for changes. All of them share one watch of the
// library, whose descriptor is in the poller of Go.

// waited is the result of a wait in a goroutine.
type waited struct {
	value any
	err   error
}

// start calls a function in a goroutine, and returns the channel that receives its result.
func start[T any](wait func() (T, error)) <-chan waited {
	results := make(chan waited, 1)
	go func() {
		value, err := wait()
		results <- waited{value, err}
	}()
	return results
}

// watchItem waits in a goroutine until the item differs.
func watchItem(ctx context.Context, list *shareable.List, index int, old any) <-chan waited {
	return start(func() (any, error) { return list.Wait(ctx, index, old) })
}

// expect checks the result of a wait.
func expect(t *testing.T, results <-chan waited, value any) {
	t.Helper()
	result := <-results
	ok(t, result.err)
	equal(t, result.value, value)
}

// expectNothing checks that a wait has not ended.
func expectNothing(t *testing.T, results <-chan waited) {
	t.Helper()
	select {
	case result := <-results:
		t.Fatal("the wait ended with", result)
	case <-time.After(150 * time.Millisecond):
	}
}

func watchReportsAChangeOfAnItem(t *testing.T) {
	list := newList(t, []any{1, 2, "three", 4})
	first, third, last := watchItem(soon(t), list, 0, 1), watchItem(soon(t), list, -2, "three"), watchItem(soon(t), list, 3, 4)
	time.Sleep(20 * time.Millisecond)
	ok(t, list.Set(2, "changed"))
	expect(t, third, "changed")
	expectNothing(t, first)
	expectNothing(t, last)
	ok(t, list.Set(0, 5))
	ok(t, list.Set(3, 6))
	expect(t, first, int64(5))
	expect(t, last, int64(6))
}

func watchReportsNothingWhileNothingChanges(t *testing.T) {
	list := newList(t, zeros(3))
	first, third := watchItem(soon(t), list, 0, 0), watchItem(soon(t), list, 2, 0)
	ok(t, list.Set(1, 7)) // no goroutine waits for this item
	expectNothing(t, first)
	expectNothing(t, third)
	ok(t, list.Set(0, 1))
	expect(t, first, int64(1))
	expectNothing(t, third)
	expectNothing(t, watchItem(soon(t), list, 0, 1))
}

func watchReportsEachOfManyItems(t *testing.T) {
	list := newList(t, zeros(200))
	for value := 1; value <= 3; value++ {
		waits := make([]<-chan waited, list.Len())
		for i := range waits {
			waits[i] = watchItem(soon(t), list, i, value-1)
		}
		time.Sleep(20 * time.Millisecond)
		for i := range waits {
			ok(t, list.Set(i, value))
		}
		for _, wait := range waits {
			expect(t, wait, int64(value))
		}
	}
}

func watchReportsAChangeOfAnyItemOfAList(t *testing.T) {
	list := newList(t, zeros(3))
	for _, i := range []int{1, 0, 2} {
		hash, err := list.Hash()
		ok(t, err)
		wait := start(func() (uint64, error) { return list.WaitAny(soon(t), hash) })
		expectNothing(t, wait)
		ok(t, list.Set(i, 5))
		result := <-wait
		ok(t, result.err)
		now, err := list.Hash()
		ok(t, err)
		equal(t, result.value, any(now))
		equal(t, now != hash, true)
	}
}

// If the environment variable is set, the test program writes to the list of that name, and exits.
func init() {
	if name := os.Getenv("SHAREABLE_TEST_WATCH_WRITER"); name != "" {
		list, err := shareable.OpenList(name)
		for i := 1; i <= 1000 && err == nil; i++ {
			if err = list.Set(0, i); err == nil {
				err = list.Set(list.Len()-1, i)
			}
		}
		fmt.Println(err)
		os.Exit(0)
	}
}

// writeElsewhere starts a process that writes 1 to 1000 to the first and the last item. It returns a
// function that waits for its end.
func writeElsewhere(t *testing.T, list *shareable.List) (end func()) {
	t.Helper()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), "SHAREABLE_TEST_WATCH_WRITER="+list.Name())
	output := start(writer.Output)
	return func() { expect(t, output, []byte("<nil>\n")) }
}

// lastOf waits until the item is 1000.
func lastOf(ctx context.Context, list *shareable.List, index int) <-chan waited {
	return start(func() (value any, err error) {
		for value = 0; value != any(int64(1000)) && err == nil; {
			value, err = list.Wait(ctx, index, value)
		}
		return value, err
	})
}

func watchReportsAWriteOfAnotherProcess(t *testing.T) {
	list := newList(t, zeros(2))
	wait := watchItem(soon(t), list, 1, 0)
	end := writeElsewhere(t, list)
	result := <-wait
	ok(t, result.err)
	equal(t, result.value.(int64) > 0, true)
	end()
}

func watchReportsAWriteToTheBytes(t *testing.T) {
	list := newList(t, []any{1.5})
	reader := openList(t, list.Name(), shareable.ReadOnly())
	waits := []<-chan waited{watchItem(soon(t), list, 0, 1.5), watchItem(soon(t), reader, 0, 1.5)}
	time.Sleep(20 * time.Millisecond)
	bytes := openMemory(t, list.Name()).Bytes()
	for i := 0; i+8 <= len(bytes); i += 8 {
		if binary.LittleEndian.Uint64(bytes[i:]) == math.Float64bits(1.5) {
			binary.LittleEndian.PutUint64(bytes[i:], math.Float64bits(2.5))
			break
		}
	}
	for _, wait := range waits {
		expect(t, wait, 2.5)
	}
}

func watchWorksWithoutSyncAreaOrReadOnly(t *testing.T) {
	list, bare := newList(t, zeros(2)), newList(t, zeros(2), shareable.NoSync())
	for _, pair := range [][2]*shareable.List{
		{bare, bare},
		{openList(t, list.Name(), shareable.ReadOnly()), list},
		{openList(t, bare.Name(), shareable.ReadOnly()), bare},
	} {
		waiting, writing := pair[0], pair[1]
		old, err := writing.GetInt(1)
		ok(t, err)
		wait := watchItem(soon(t), waiting, 1, old)
		hash, err := waiting.Hash()
		ok(t, err)
		change := start(func() (uint64, error) { return waiting.WaitAny(soon(t), hash) })
		time.Sleep(20 * time.Millisecond)
		ok(t, writing.Set(1, old+1))
		expect(t, wait, old+1)
		ok(t, (<-change).err)
	}
}

func watchMissesNoChangeBetweenTwoReports(t *testing.T) {
	list := newList(t, zeros(40))
	first, last := lastOf(soon(t), list, 0), lastOf(soon(t), list, 39)
	end := writeElsewhere(t, list)
	expect(t, first, int64(1000))
	expect(t, last, int64(1000))
	end()
}

func watchReportsThatTheLockIsFree(t *testing.T) {
	list := newList(t, zeros(1))
	other := openList(t, list.Name())
	lock(t, other)
	wait := start(func() (bool, error) { return list.Lock(soon(t)) })
	expectNothing(t, wait)
	ok(t, other.Unlock())
	expect(t, wait, false)
	locked, _, err := other.TryLock()
	ok(t, err)
	equal(t, locked, false)
	ok(t, list.Unlock())
}

func watchReportsThatTheOwnerOfTheLockDied(t *testing.T) {
	list := newList(t, zeros(1))
	kill := startLocker(t, list.Name())
	wait := start(func() (bool, error) { return list.Lock(soon(t)) })
	expectNothing(t, wait)
	kill()
	expect(t, wait, true)
	ok(t, list.Unlock())
}

func watchCanBeEndedAndBegunAgain(t *testing.T) {
	list := newList(t, zeros(1))
	for value := 1; value <= 20; value++ {
		ctx, cancel := context.WithCancel(context.Background())
		wait := watchItem(ctx, list, 0, value-1)
		cancel()
		equal(t, (<-wait).err, context.Canceled)
		again := watchItem(soon(t), list, 0, value-1)
		ok(t, list.Set(0, value))
		expect(t, again, int64(value))
	}
}

func watchEndsWhenItsListIsClosed(t *testing.T) {
	list := newList(t, zeros(2))
	other := openList(t, list.Name())
	lock(t, other)
	waits := []<-chan waited{
		watchItem(soon(t), list, 0, 0),
		start(func() (bool, error) { return list.Lock(soon(t)) }),
	}
	hash, err := list.Hash()
	ok(t, err)
	waits = append(waits, start(func() (uint64, error) { return list.WaitAny(soon(t), hash) }))
	time.Sleep(50 * time.Millisecond)
	ok(t, list.Close())
	for _, wait := range waits {
		fails(t, (<-wait).err, is(shareable.ErrClosed), list.Name())
	}
	ok(t, other.Unlock())
}

func watchRefusesAnIndexOutOfRangeAndAClosedList(t *testing.T) {
	list := newList(t, zeros(2))
	for _, index := range []int{2, -3, math.MaxInt, math.MinInt} {
		_, err := list.Wait(soon(t), index, 0)
		fails(t, err, is(shareable.ErrIndex), list.Name())
	}
	ok(t, list.Close())
	_, err := list.Wait(soon(t), 0, 1)
	fails(t, err, is(shareable.ErrClosed), list.Name())
	_, err = list.WaitAny(soon(t), 0)
	fails(t, err, is(shareable.ErrClosed), list.Name())
	_, err = list.Lock(soon(t))
	fails(t, err, is(shareable.ErrClosed), list.Name())
}

func watchOfTheLockNeedsASyncAreaAndAWritableList(t *testing.T) {
	list, bare := newList(t, zeros(1)), newList(t, zeros(1), shareable.NoSync())
	_, err := bare.Lock(soon(t))
	fails(t, err, is(shareable.ErrNoSync), bare.Name())
	_, err = openList(t, list.Name(), shareable.ReadOnly()).Lock(soon(t))
	fails(t, err, is(shareable.ErrReadOnly), list.Name())
}

func watchOfManyListsNeedsFewThreads(t *testing.T) {
	lists, waits := make([]*shareable.List, 200), make([]<-chan waited, 0, 400)
	for i := range lists {
		lists[i] = newList(t, zeros(2))
	}
	before := threads(t)
	for _, list := range lists {
		waits = append(waits, watchItem(soon(t), list, 0, 0), watchItem(soon(t), list, 1, 0))
	}
	time.Sleep(100 * time.Millisecond)
	if now := threads(t); now > before+20 { // those of C, and those for calls of C at the same time on a busy machine
		t.Error(now, "threads, before the waits", before)
	}
	for _, list := range lists {
		ok(t, list.Set(0, 1))
		ok(t, list.Set(1, 1))
	}
	for _, wait := range waits {
		expect(t, wait, int64(1))
	}
}
