package check_test

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shareable"
)

// int64s returns the list's slice. This process keeps the list's file descriptor afterwards, even
// after Close.
func int64s(t *testing.T, list *shareable.List) []int64 {
	t.Helper()
	numbers, err := list.Int64s()
	ok(t, err)
	kept++
	return numbers
}

func TestInt64sReturnsTheListsMemory(t *testing.T) {
	list := newList(t, []any{1, -2, math.MaxInt64})
	again := openList(t, list.Name())
	numbers := int64s(t, list)
	equal(t, numbers, []int64{1, -2, math.MaxInt64})
	equal(t, cap(numbers), 3)
	numbers[1] = math.MinInt64
	item(t, again, 1, int64(math.MinInt64))
	ok(t, again.SetInt(-1, 7))
	equal(t, atomic.LoadInt64(&numbers[2]), int64(7))
	equal(t, int64s(t, again), numbers)

	halves, err := newList(t, []any{0.5, math.Inf(-1)}, shareable.NoSync()).Float64s()
	ok(t, err)
	equal(t, halves, []float64{0.5, math.Inf(-1)})
	none, err := newList(t, nil, shareable.NoSync()).Float64s()
	ok(t, err)
	equal(t, none, []float64{})
}

func TestAtomicsOnASliceWorkWithThoseOfTheList(t *testing.T) {
	list := newList(t, []any{0})
	numbers := int64s(t, list)
	var adding sync.WaitGroup
	for _, add := range []func(){
		func() { atomic.AddInt64(&numbers[0], 1) },
		func() { list.Add(0, 1) },
	} {
		adding.Add(1)
		go func(add func()) {
			defer adding.Done()
			for i := 0; i < 10000; i++ {
				add()
			}
		}(add)
	}
	adding.Wait()
	item(t, list, 0, int64(20000))
}

func TestInt64sReportsTheItemThatPreventsIt(t *testing.T) {
	for _, c := range []struct {
		values []any
		want   shareable.Status
		words  []string
	}{
		{[]any{1, 2, "text"}, shareable.ErrType, []string{"item 2", "a str"}},
		{[]any{2.5, 1}, shareable.ErrType, []string{"item 0", "a float"}},
		{[]any{1, shareable.Slot{Value: 2, Capacity: 100}}, shareable.ErrNotContiguous, []string{"item 1", "room for a text"}},
	} {
		list := newList(t, c.values)
		_, err := list.Int64s()
		fails(t, err, is(c.want), append(c.words, list.Name())...)
	}
	list := newList(t, []any{0.5, 1.5, true})
	_, err := list.Float64s()
	fails(t, err, is(shareable.ErrType), "item 2", "a bool", list.Name())
	_, err = list.Memory().WriteAt([]byte("rubbish!"), 8*5+8*3+8) // layout.md: the format of item 1
	ok(t, err)
	_, err = list.Float64s()
	fails(t, err, is(shareable.ErrCorrupt), "item 1", list.Name())
	ok(t, list.Close())
	for _, closed := range []*shareable.List{list, nil, new(shareable.List)} {
		_, err = closed.Float64s()
		fails(t, err, is(shareable.ErrClosed), "closed")
	}
}

func TestASliceStaysMappedAfterClose(t *testing.T) {
	name := listOf(t, []int{3: 4}, []any{int64(0), int64(0), int64(0), int64(4)}).Name()
	list, err := shareable.OpenList(name)
	ok(t, err)
	numbers := int64s(t, list)
	ok(t, list.Unlink())
	ok(t, list.Close())
	list = nil
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	equal(t, mapped(name), true)
	numbers[0] = 5
	equal(t, numbers, []int64{5, 0, 0, 4})
}

// The slice does not keep the list's lock, and does not keep the handle open.
func TestASliceKeepsNeitherLockNorHandle(t *testing.T) {
	list := newList(t, []any{1})
	again := openList(t, list.Name())
	int64s(t, again)
	lock(t, again)
	ok(t, again.Close())
	lockOfDeadOwner(t, list)
	ok(t, list.Unlock())
	_, err := again.Int64s()
	fails(t, err, is(shareable.ErrClosed), list.Name())
	equal(t, again.Memory().Bytes(), []byte(nil))
}

// A fault ends a program, unless SetPanicOnFault turns it into a panic.
func TestASliceOfAReadOnlyListCannotBeWritten(t *testing.T) {
	list := newList(t, []any{1, 2})
	numbers := int64s(t, openList(t, list.Name(), shareable.ReadOnly()))
	ok(t, list.SetInt(0, 3))
	equal(t, numbers, []int64{3, 2})

	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		equal(t, recover() != nil, true)
		items(t, list, []any{int64(3), int64(2)})
	}()
	numbers[0] = 4
}

func TestWaitNoticesAStoreToASlice(t *testing.T) {
	list := newList(t, []any{0})
	numbers := int64s(t, list)
	time.AfterFunc(30*time.Millisecond, func() { atomic.StoreInt64(&numbers[0], 9) })
	waitDiffers(t, list, 0, 0, int64(9))
}

func TestInt64sReturnsTheSameSliceAgain(t *testing.T) {
	list := newList(t, []any{1, 2, 3})
	first := int64s(t, list)
	if allocated := testing.AllocsPerRun(100, func() { list.Int64s() }); allocated != 0 {
		t.Error("Int64s allocates", allocated, "times")
	}
	again, err := list.Int64s()
	ok(t, err)
	equal(t, &again[0] == &first[0], true)
}
