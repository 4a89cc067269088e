package check_test

import (
	"fmt"
	"io/fs"
	"math"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"shareable"
)

func listHoldsEveryType(t *testing.T) {
	list := newList(t, demo())
	equal(t, list.Len(), 7)
	items(t, list, demoRead())
	items(t, openList(t, list.Name()), demoRead())

	text, err := list.GetString(0)
	ok(t, err)
	equal(t, text, "howdy")
	data, err := list.GetBytes(1)
	ok(t, err)
	equal(t, data, []byte("HoWdY"))
	real, err := list.GetFloat(2)
	ok(t, err)
	equal(t, real, -273.154)
	integer, err := list.GetInt(3)
	ok(t, err)
	equal(t, integer, int64(100))
	boolean, err := list.GetBool(5)
	ok(t, err)
	equal(t, boolean, true)

	types := []shareable.Type{shareable.TypeStr, shareable.TypeBytes, shareable.TypeFloat, shareable.TypeInt,
		shareable.TypeNone, shareable.TypeBool, shareable.TypeInt}
	for i, want := range types {
		got, err := list.Type(i)
		ok(t, err)
		equal(t, got, want)
	}
}

func listShowsWritesOfOneHandleThroughAnother(t *testing.T) {
	list := newList(t, demo())
	again := openList(t, list.Name())
	ok(t, again.Set(2, -78.5))
	item(t, list, 2, -78.5)
	ok(t, list.Set(0, "hello"))
	item(t, again, 0, "hello")
	ok(t, list.SetInt(6, 43))
	item(t, again, 6, int64(43))
}

func listIsIndexedFromEitherEnd(t *testing.T) {
	list := newList(t, demo())
	for i, want := range demoRead() {
		item(t, list, i, want)
		item(t, list, i-7, want)
	}
	ok(t, list.Set(-1, 41))
	item(t, list, 6, int64(41))
}

func listRefusesAnIndexPastEitherEnd(t *testing.T) {
	list := newList(t, demo())
	for _, index := range []int{7, -8, math.MaxInt, math.MinInt} {
		words := []string{fmt.Sprint(index), list.Name(), "7 items"}
		_, err := list.Get(index)
		fails(t, err, is(shareable.ErrIndex, syscall.ERANGE), words...)
		_, err = list.GetInt(index)
		fails(t, err, is(shareable.ErrIndex), words...)
		_, err = list.GetString(index)
		fails(t, err, is(shareable.ErrIndex), words...)
		fails(t, list.Set(index, 1), is(shareable.ErrIndex), words...)
		fails(t, list.Set(index, nil), is(shareable.ErrIndex), words...)
		_, err = list.Type(index)
		fails(t, err, is(shareable.ErrIndex), words...)
		_, err = list.Capacity(index)
		fails(t, err, is(shareable.ErrIndex), words...)
	}
	items(t, list, demoRead())
}

func listChangesTheTypeOfAnItem(t *testing.T) {
	list := newList(t, []any{0, "neighbour"})
	again := openList(t, list.Name())
	for _, value := range []any{"text", []byte("bytes"), 2.5, true, nil, int64(7), false, "", []byte{}} {
		ok(t, list.Set(0, value))
		item(t, again, 0, value)
		item(t, again, 1, "neighbour")
	}
	ok(t, list.SetNone(0))
	item(t, again, 0, nil)
	ok(t, list.SetBytes(0, []byte("b")))
	_, err := again.GetString(0)
	fails(t, err, is(shareable.ErrType, syscall.EPROTOTYPE), "item 0", "bytes")
	ok(t, list.SetBool(0, true))
	_, err = again.GetInt(0)
	fails(t, err, is(shareable.ErrType), "item 0", "bool")
}

func listKeepsTheLimitsOfInt64(t *testing.T) {
	list := newList(t, []any{int64(math.MinInt64), uint64(math.MaxInt64)})
	item(t, list, 0, int64(math.MinInt64))
	item(t, list, 1, int64(math.MaxInt64))
	ok(t, list.Set(0, int64(math.MaxInt64)))
	ok(t, list.SetInt(1, math.MinInt64))
	items(t, list, []any{int64(math.MaxInt64), int64(math.MinInt64)})
}

func listRefusesAnIntBeyond64BitsAndKeepsTheItem(t *testing.T) {
	list := newList(t, []any{"kept", 1})
	for i, want := range []any{"kept", int64(1)} {
		err := list.Set(i, uint64(1<<63))
		fails(t, err, is(shareable.ErrOverflow, syscall.EOVERFLOW), fmt.Sprint("item ", i), list.Name(), "64 bits")
		item(t, list, i, want)
	}
	_, err := shareable.NewList([]any{1, uint64(math.MaxUint64)}, shareable.WithName(newName()))
	fails(t, err, is(shareable.ErrOverflow), "item 1")
}

func listKeepsEveryBitOfAFloat(t *testing.T) {
	nan := math.Float64frombits(0x7ff8000000abcdef)
	values := []float64{0, math.Copysign(0, -1), math.SmallestNonzeroFloat64, math.MaxFloat64, math.Inf(1), math.Inf(-1),
		nan, 0.1}
	list := newList(t, []any{0.0})
	for _, value := range values {
		ok(t, list.SetFloat(0, value))
		got, err := list.GetFloat(0)
		ok(t, err)
		equal(t, math.Float64bits(got), math.Float64bits(value))

		made := newList(t, []any{value})
		got, err = made.GetFloat(0)
		ok(t, err)
		equal(t, math.Float64bits(got), math.Float64bits(value))
	}
}

func listKeepsTrailingNulsOfStrAndBytes(t *testing.T) {
	values := []any{"ab\x00\x00\x00", []byte("\x00"), "\x00", []byte("12345678\x00"), "", []byte{}}
	list := newList(t, values)
	items(t, list, values)
	items(t, openList(t, list.Name()), values)
	ok(t, list.Set(0, []byte("c\x00")))
	item(t, list, 0, []byte("c\x00"))
	ok(t, list.Set(0, "d\x00\x00\x00\x00\x00\x00\x00"))
	item(t, list, 0, "d\x00\x00\x00\x00\x00\x00\x00")
}

func listSizesASlotByUtf8Bytes(t *testing.T) {
	text := strings.Repeat("é", 12)
	list := newList(t, []any{text, "next"})
	item(t, list, 0, text)
	item(t, list, 1, "next")
	capacity, err := list.Capacity(0)
	ok(t, err)
	equal(t, capacity, 32)
}

func listRefusesATextLongerThanItsSlotAndKeepsTheItem(t *testing.T) {
	list := newList(t, []any{"howdy", 5})
	for i, want := range []any{"howdy", int64(5)} {
		for _, value := range []any{"123456789", []byte("123456789")} {
			fails(t, list.Set(i, value), is(shareable.ErrCapacity, syscall.EINVAL), fmt.Sprint("item ", i), list.Name(),
				"8 bytes")
			item(t, list, i, want)
		}
		ok(t, list.Set(i, "12345678"))
	}
}

func listReservesExtraCapacityForAText(t *testing.T) {
	list := newList(t, []any{"a", []byte("b"), 3, shareable.Slot{Value: nil, Capacity: 100}}, shareable.WithCapacity(40))
	for i, want := range []int{40, 40, 8, 104} {
		capacity, err := list.Capacity(i)
		ok(t, err)
		equal(t, capacity, want)
	}
	items(t, list, []any{"a", []byte("b"), int64(3), nil})
	long := strings.Repeat("x", 100)
	ok(t, list.Set(0, long[:40]))
	ok(t, list.Set(3, long))
	fails(t, list.Set(0, long[:41]), is(shareable.ErrCapacity), "40 bytes")
	items(t, list, []any{long[:40], []byte("b"), int64(3), long})

	_, err := shareable.NewList([]any{"a"}, shareable.WithName(newName()), shareable.WithCapacity(-1))
	fails(t, err, is(shareable.ErrArgument), "-1")
	for _, capacity := range []int{9999993, math.MaxInt} {
		_, err = shareable.NewList([]any{shareable.Slot{Value: "a", Capacity: capacity}}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrTooLong), "item 0")
	}
}

func listRefusesAStrThatIsNotUtf8(t *testing.T) {
	list := newList(t, []any{"kept"})
	for _, text := range []string{"\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80"} {
		fails(t, list.Set(0, text), is(shareable.ErrUTF8, syscall.EINVAL), "item 0", "UTF-8")
		item(t, list, 0, "kept")
		_, err := shareable.NewList([]any{1, text}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrUTF8), "item 1")
		ok(t, list.Set(0, []byte(text)))
		item(t, list, 0, []byte(text))
		ok(t, list.Set(0, "kept"))
	}
}

func listRefusesATextLongerThanAnySlot(t *testing.T) {
	text := strings.Repeat("x", 9999992)
	_, err := shareable.NewList([]any{text}, shareable.WithName(newName()))
	fails(t, err, is(shareable.ErrTooLong, syscall.EINVAL), "item 0", "9999992", "9999991")
	_, err = shareable.NewList([]any{[]byte(text)}, shareable.WithName(newName()))
	fails(t, err, is(shareable.ErrTooLong))
	item(t, newList(t, []any{text[1:]}), 0, text[1:])
}

func listRefusesATypeThatCannotBeStored(t *testing.T) {
	list := newList(t, []any{"kept"})
	pointer := new(int)
	for _, value := range []any{[]int{1}, map[string]int{}, struct{}{}, pointer, (*int)(nil), complex(1, 2), list,
		[2]byte{}, func() {}} {
		typed := fmt.Sprintf("%T", value)
		fails(t, list.Set(0, value), is(shareable.ErrValueType, syscall.EPROTOTYPE), "item 0", list.Name(), typed)
		item(t, list, 0, "kept")
		_, err := shareable.NewList([]any{0, value}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrValueType), "item 1", typed)
		_, err = list.Count(value)
		fails(t, err, is(shareable.ErrValueType), typed)
	}
}

func listCanBeEmpty(t *testing.T) {
	list := newList(t, nil)
	for _, l := range []*shareable.List{list, openList(t, list.Name())} {
		equal(t, l.Len(), 0)
		items(t, l, []any{})
		_, err := l.Get(0)
		fails(t, err, is(shareable.ErrIndex), "0 items")
		_, err = l.Get(-1)
		fails(t, err, is(shareable.ErrIndex))
		count, err := l.Count(1)
		ok(t, err)
		equal(t, count, 0)
		format, err := l.Format()
		ok(t, err)
		equal(t, format, "")
		n, err := l.GetInts(0, nil)
		ok(t, err)
		equal(t, n, 0)
	}
}

func listCountsAndFindsByPythonEquality(t *testing.T) {
	list := newList(t, []any{1, 1.0, true, "1", []byte("1"), nil, math.NaN(),
		int64(1<<53 + 1), float64(1 << 53), 0, false, math.Copysign(0, -1), "1"})
	for _, c := range []struct {
		value        any
		count, index int
	}{
		{1, 3, 0}, {1.0, 3, 0}, {true, 3, 0}, {int8(1), 3, 0}, {"1", 2, 3}, {[]byte("1"), 1, 4}, {nil, 1, 5},
		{int64(1<<53 + 1), 1, 7}, {int64(1 << 53), 1, 8}, {float64(1 << 53), 1, 8}, {0, 3, 9}, {false, 3, 9}, {0.0, 3, 9},
	} {
		count, err := list.Count(c.value)
		ok(t, err)
		equal(t, count, c.count)
		index, err := list.Index(c.value)
		ok(t, err)
		equal(t, index, c.index)
	}
	for _, value := range []any{math.NaN(), 2, "", "one", []byte{}, 0.5} {
		count, err := list.Count(value)
		ok(t, err)
		equal(t, count, 0)
	}
}

func listDoesNotFindAnAbsentValue(t *testing.T) {
	list := newList(t, demo())
	for _, value := range []any{43, "HoWdY", []byte("howdy"), false, math.NaN(), "\xff"} {
		_, err := list.Index(value)
		fails(t, err, is(shareable.ErrAbsent, syscall.EINVAL), "not in list", list.Name())
	}
}

func listReturnsItsFormat(t *testing.T) {
	list := newList(t, demo())
	format, err := list.Format()
	ok(t, err)
	equal(t, format, "8s8sdqxxxxxx?xxxxxxxx?q")
	ok(t, list.Set(3, 2.5))
	format, err = list.Format()
	ok(t, err)
	equal(t, format, "8s8sddxxxxxx?xxxxxxxx?q")
}

func listReturnsItsBlock(t *testing.T) {
	list := newList(t, demo())
	memory := list.Memory()
	equal(t, memory.Name(), list.Name())
	count := make([]byte, 8)
	_, err := memory.ReadAt(count, 0)
	ok(t, err)
	equal(t, count, []byte{7, 0, 0, 0, 0, 0, 0, 0})
	if memory.Size() < 8*9+8*7+9*7 {
		t.Error("a list of 7 in", memory.Size(), "bytes")
	}
	ok(t, memory.Close())
	_, err = list.Get(0)
	fails(t, err, is(shareable.ErrClosed), list.Name())
}

func listWithoutSyncAreaHasTheSizeThatCpythonUses(t *testing.T) {
	list := newList(t, demo(), shareable.NoSync())
	equal(t, list.Memory().Size(), 8*9+8*7+9*7)
	ok(t, list.Set(3, "text"))
	value, err := list.Get(3)
	ok(t, err)
	equal(t, value, any("text"))
}

func listReadsAndWritesRangesOfIntsAndFloats(t *testing.T) {
	list := newList(t, []any{0, 0, 0, 0, "text", 0})
	n, err := list.SetInts(0, []int64{1, -2, math.MaxInt64})
	ok(t, err)
	equal(t, n, 3)
	n, err = list.SetFloats(-1, []float64{2.5})
	ok(t, err)
	equal(t, n, 1)
	items(t, list, []any{int64(1), int64(-2), int64(math.MaxInt64), int64(0), "text", 2.5})

	integers := make([]int64, 6)
	n, err = list.GetInts(1, integers[:3])
	ok(t, err)
	equal(t, n, 3)
	equal(t, integers[:3], []int64{-2, math.MaxInt64, 0})
	n, err = list.GetInts(-4, integers[:3])
	equal(t, n, 2)
	fails(t, err, is(shareable.ErrType), "item -2", "str")
	reals := make([]float64, 2)
	n, err = list.GetFloats(5, reals[:1])
	ok(t, err)
	equal(t, n, 1)
	equal(t, reals[0], 2.5)
	n, err = list.GetFloats(4, reals)
	equal(t, n, 0)
	fails(t, err, is(shareable.ErrType), "item 4")

	for _, first := range []int{1, 7, -7, -5} {
		n, err = list.GetInts(first, integers)
		equal(t, n, 0)
		fails(t, err, is(shareable.ErrIndex), fmt.Sprint(first), list.Name(), "has 6 items")
		n, err = list.SetInts(first, integers)
		equal(t, n, 0)
		fails(t, err, is(shareable.ErrIndex))
		n, err = list.SetFloats(first, make([]float64, 6))
		equal(t, n, 0)
		fails(t, err, is(shareable.ErrIndex))
	}
	items(t, list, []any{int64(1), int64(-2), int64(math.MaxInt64), int64(0), "text", 2.5})
	n, err = list.SetFloats(3, []float64{0.5, 1.5})
	ok(t, err)
	equal(t, n, 2)
	item(t, list, 4, 1.5)
}

func listIteratesOverItsItems(t *testing.T) {
	list := newList(t, demo())
	var got []any
	list.All()(func(value any, err error) bool { // as "range list.All()" does from Go 1.23 on
		ok(t, err)
		got = append(got, value)
		return true
	})
	equal(t, got, demoRead())
	seen := 0
	list.All()(func(any, error) bool {
		seen++
		return seen < 3
	})
	equal(t, seen, 3)
}

func listPrintsItsValuesAndName(t *testing.T) {
	list := newList(t, demo())
	equal(t, fmt.Sprint(list),
		fmt.Sprintf(`List(%q, ["howdy", []byte("HoWdY"), -273.154, 100, nil, true, 42])`, list.Name()))
	list.Close()
	equal(t, list.String(), fmt.Sprintf("List(%q, 7 items, closed)", list.Name()))
}

func listAttachedReadOnlyRefusesWrites(t *testing.T) {
	list := newList(t, demo())
	again := openList(t, list.Name(), shareable.ReadOnly())
	for _, value := range demo() {
		fails(t, again.Set(0, value), is(shareable.ErrReadOnly), list.Name(), "read-only")
	}
	_, err := again.SetInts(3, []int64{1})
	fails(t, err, is(shareable.ErrReadOnly), list.Name())
	items(t, again, demoRead())
	ok(t, list.Set(0, "seen"))
	item(t, again, 0, "seen")
	_, err = shareable.NewList(nil, shareable.WithName(list.Name()), nil)
	fails(t, err, is(fs.ErrExist))
}

func listRefusesABlockThatHoldsNoList(t *testing.T) {
	memory := newMemory(t, 4096)
	copy(memory.Bytes(), "\xff\xff\xff\xff\xff\xff\xff\x7f")
	_, err := shareable.OpenList(memory.Name())
	fails(t, err, is(shareable.ErrNotList, syscall.EINVAL), memory.Name(), "does not contain a list")
	small := newMemory(t, 3)
	_, err = shareable.OpenList(small.Name())
	fails(t, err, is(shareable.ErrNotList), small.Name(), "3 bytes")
}

func listReturnsAnErrorForACorruptItemOnly(t *testing.T) {
	list := newList(t, []any{1, 2, 3})
	formats := int64(8*5 + 8*3) // layout.md: after the count, 4 offsets and 3 slots
	_, err := list.Memory().WriteAt([]byte("rubbish!"), formats+8)
	ok(t, err)
	item(t, list, 0, int64(1))
	item(t, list, 2, int64(3))
	_, err = list.Get(1)
	fails(t, err, is(shareable.ErrCorrupt, syscall.EINVAL), "item 1", list.Name(), "corrupt")
	_, err = list.GetInt(1)
	fails(t, err, is(shareable.ErrCorrupt), "item 1")
	_, err = list.Type(1)
	fails(t, err, is(shareable.ErrCorrupt), "item 1")
	_, err = list.Count(3)
	fails(t, err, is(shareable.ErrCorrupt), "item 1")
	_, err = list.Index(3)
	fails(t, err, is(shareable.ErrCorrupt), "item 1")
	_, err = list.Format()
	fails(t, err, is(shareable.ErrCorrupt), "item 1")
	n, err := list.GetInts(0, make([]int64, 3))
	equal(t, n, 1)
	fails(t, err, is(shareable.ErrCorrupt), "item 1")
	_, err = list.Values()
	fails(t, err, is(shareable.ErrCorrupt), "item 1")
	equal(t, list.String(), fmt.Sprintf("List(%q, [1, ?, 3])", list.Name()))
	ok(t, list.Set(1, 2))
	items(t, list, []any{int64(1), int64(2), int64(3)})
}

// Stock Python writes the count and the offsets, the slots, the formats and then the codes into a
// block of zeros.
func listThatCpythonIsStillCreatingIsNotReady(t *testing.T) {
	memory := newMemory(t, 16+3*17+24)
	_, err := shareable.OpenList(memory.Name())
	fails(t, err, is(shareable.ErrNotReady, syscall.EINVAL), memory.Name(), "try again")
	bytes := memory.Bytes()
	for i, number := range []uint64{3, 0, 8, 16, 24, 1, math.Float64bits(2.5)} {
		*(*uint64)(unsafe.Pointer(&bytes[8*i])) = number
	}
	copy(bytes[56:], "four")
	list, err := shareable.OpenList(memory.Name())
	ok(t, err)
	unwritten := func(i int) {
		item := fmt.Sprintf("item %d of list", i)
		_, err := list.Get(i)
		fails(t, err, is(shareable.ErrNotReady), item, "try again")
		_, err = list.Type(i)
		fails(t, err, is(shareable.ErrNotReady), item)
		fails(t, list.Set(i, "new"), is(shareable.ErrNotReady), item)
		_, err = list.Values()
		fails(t, err, is(shareable.ErrNotReady), item)
		_, err = list.Index("none such")
		fails(t, err, is(shareable.ErrNotReady), item)
		_, err = list.Format()
		fails(t, err, is(shareable.ErrNotReady), item)
		_, err = list.Hash()
		fails(t, err, is(shareable.ErrNotReady))
	}
	unwritten(0)
	copy(bytes[64:], "q\x00\x00\x00\x00\x00\x00\x00d\x00\x00\x00\x00\x00\x00\x008s")
	unwritten(2)
	bytes[90] = 1
	items(t, list, []any{int64(1), 2.5, "four"})
	ok(t, list.Set(2, "new"))
}

func listRefusesUseAfterClose(t *testing.T) {
	list := newList(t, demo())
	ok(t, list.Close())
	ok(t, list.Close())
	equal(t, list.Len(), 7)
	closed := func(err error) {
		t.Helper()
		fails(t, err, is(shareable.ErrClosed, fs.ErrClosed, syscall.EINVAL), list.Name(), "closed")
	}
	for i, value := range demo() {
		_, err := list.Get(i)
		closed(err)
		closed(list.Set(i, value))
	}
	_, err := list.GetInt(3)
	closed(err)
	_, err = list.GetFloat(2)
	closed(err)
	_, err = list.GetBool(5)
	closed(err)
	_, err = list.GetString(0)
	closed(err)
	_, err = list.GetBytes(1)
	closed(err)
	_, err = list.Type(0)
	closed(err)
	_, err = list.Capacity(0)
	closed(err)
	_, err = list.Count(42)
	closed(err)
	_, err = list.Index("howdy")
	closed(err)
	_, err = list.Format()
	closed(err)
	_, err = list.GetInts(3, make([]int64, 1))
	closed(err)
	_, err = list.SetFloats(3, make([]float64, 1))
	closed(err)
	for _, err := range atomics(list, 3) {
		closed(err)
	}
	_, err = list.Wait(soon(t), 3, 100)
	closed(err)
	_, err = list.Hash()
	closed(err)
	hash, err := list.WaitAny(soon(t), 5)
	closed(err)
	equal(t, hash, uint64(5))
	closed(second(list.Lock(soon(t))))
	locked, _, err := list.TryLock()
	equal(t, locked, false)
	closed(err)
	closed(list.Unlock())
	_, err = list.Values()
	closed(err)
	equal(t, list.Memory().Bytes(), []byte(nil))
	ok(t, list.Unlink())
}

func listThatCannotBeCreatedLeavesNothingBehind(t *testing.T) {
	for _, values := range [][]any{{1, "\xff"}, {"text", uint64(math.MaxUint64)}, {struct{}{}}, {strings.Repeat("x", 1e7)},
		{[]byte("text"), shareable.Slot{Value: "x", Capacity: -1}}, {shareable.Slot{Value: shareable.Slot{}}}} {
		_, err := shareable.NewList(values, shareable.WithName(newName()))
		fails(t, err, nil, "item")
	}
	equal(t, blocks(), []string(nil))
}
