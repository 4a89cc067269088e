package shareable

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"shareable/internal/raw"
)

// slot is an item as its bytes are in a list.
type slot struct {
	format string
	code   byte
	data   string
}

// handMade returns a handle of a list that is not shared: its bytes are in Go memory, made by
// layout.md. C does not know it, so a read that calls C fails with ErrClosed.
func handMade(slots ...slot) (l *List, versions []uint64) {
	count := uint64(len(slots))
	offsets, formats, codes := make([]uint64, count+1), make([]uint64, count), make([]uint64, count/8+1)
	versions = make([]uint64, count)
	var data []uint64
	for i, s := range slots {
		copy((*[8]byte)(unsafe.Pointer(&formats[i]))[:], s.format)
		(*[8]byte)(unsafe.Pointer(&codes[i/8]))[i%8] = s.code
		if s.data == "" {
			s.data = "\x00"
		}
		for rest := s.data + strings.Repeat("\x00", 7); len(rest) >= 8; rest = rest[8:] {
			data = append(data, wordOf(rest[:8]))
		}
		offsets[i+1] = 8 * uint64(len(data))
	}
	l = new(List)
	l.block.access = newAccess(raw.Access{
		AreaVersion:  areaVersion,
		Count:        count,
		DataSize:     offsets[count],
		Offsets:      unsafe.Pointer(&offsets[0]),
		Data:         unsafe.Pointer(&data[0]),
		Formats:      unsafe.Pointer(&formats[0]),
		Codes:        unsafe.Pointer(&codes[0]),
		VersionWords: unsafe.Pointer(&versions[0]),
	})
	l.block.calls.isOpen.Store(true)
	return l, versions
}

// word returns the bytes of a word of this machine.
func word(bits uint64) string {
	return string((*[8]byte)(unsafe.Pointer(&bits))[:])
}

func intSlot(value int64) slot { return slot{"q", codeNumber, word(uint64(value))} }

func needReadsInGo(t *testing.T) {
	t.Helper()
	if !hasAtomicWords {
		t.Skip("this machine has 32 bits, so C reads all items")
	}
}

func TestHandMadeItemsAreRead(t *testing.T) {
	needReadsInGo(t)
	long := strings.Repeat("é", 100)
	items := []struct {
		slot slot
		want any
	}{
		{intSlot(math.MinInt64), int64(math.MinInt64)},
		{slot{"d", codeNumber, word(math.Float64bits(-1.5))}, -1.5},
		{slot{"xxxxxxx?", codeNumber, "\x00\x00\x00\x00\x00\x00\x00\x01"}, true},
		{slot{"xxxxxxx?", codeNumber, "\x01\x01\x01\x01\x01\x01\x01\x00"}, false},
		{slot{"xxxxxxx?", codeNumber, "\x00\x00\x00\x00\x00\x00\x00\x02"}, true},
		{slot{"xxxxxx?x", codeNone, ""}, nil},
		{slot{"8s", codeStr, "howdy"}, "howdy"},
		{slot{"8s", codeBytes, "howdy"}, []byte("howdy")},
		{slot{"8s", codeStr, ""}, ""},
		{slot{"8s", codeBytes, "12345678"}, []byte("12345678")},
		{slot{"16s", codeBytes, "12345678\x00"}, []byte("12345678")},
		{slot{"16s", codeBytes, "123456789"}, []byte("123456789")},
		{slot{"5s ", codeBytes, "ab\x00\x00\x00"}, []byte("ab\x00\x00\x00")},
		{slot{"3s", codeStr, "ab\x00cd"}, "ab"},
		{slot{"3s", codeStr, "abcd"}, "abc"},
		{slot{"0s", codeStr, "abcd"}, ""},
		{slot{"0000008s", codeBytes, "abcd"}, []byte("abcd")},
		{slot{"200s", codeStr, long}, long},
	}
	slots := make([]slot, len(items))
	for i := range items {
		slots[i] = items[i].slot
	}
	l, _ := handMade(slots...)
	for i, item := range items {
		for _, index := range []int{i, i - len(items)} {
			value, err := l.Get(index)
			if err != nil || !reflect.DeepEqual(value, item.want) {
				t.Errorf("item %d: got %#v, %v, want %#v", index, value, err, item.want)
			}
			var typed any
			switch item.want.(type) {
			case int64:
				typed, err = l.GetInt(index)
			case float64:
				typed, err = l.GetFloat(index)
			case bool:
				typed, err = l.GetBool(index)
			case string:
				typed, err = l.GetString(index)
			case []byte:
				typed, err = l.GetBytes(index)
			}
			if err != nil || !reflect.DeepEqual(typed, item.want) {
				t.Errorf("item %d: got %#v, %v, want %#v", index, typed, err, item.want)
			}
		}
	}
}

func TestUnusualItemsAreLeftToC(t *testing.T) {
	slots := []slot{
		{"q", codeStr, ""},
		{"Q", codeNumber, ""},
		{"q\x00\x00\x00\x00\x00\x00x", codeNumber, ""},
		{"xxxxxx?x", codeNumber, ""},
		{"xxxxxxx?", codeNone, ""},
		{"", codeNumber, ""},
		{"8s", codeNumber, "howdy"},
		{"8s", 4, "howdy"},
		{"8s", codeStr, "\xff"},
		{"17s", codeStr, "howdy"},
		{"8", codeStr, "howdy"},
		{"s", codeStr, "howdy"},
		{"-1s", codeStr, "howdy"},
		{"8s  ", codeStr, "howdy"},
		{"8s\x00s", codeStr, "howdy"},
		{"08s\x00\x00\x00 ", codeBytes, "howdy"},
		{"9999999s", codeBytes, "howdy"},
		intSlot(1),
		intSlot(2),
	}
	l, versions := handMade(slots...)
	versions[len(slots)-1] = 1 | 7<<32
	versions[len(slots)-2] = 4
	for i := range slots {
		if value, err := l.Get(i); !errors.Is(err, ErrClosed) {
			t.Errorf("item %d: Get returned %#v, %v", i, value, err)
		}
		if value, err := l.GetInt(i); !errors.Is(err, ErrClosed) {
			t.Errorf("item %d: GetInt returned %#v, %v", i, value, err)
		}
		if value, err := l.GetString(i); !errors.Is(err, ErrClosed) {
			t.Errorf("item %d: GetString returned %#v, %v", i, value, err)
		}
	}
	for _, index := range []int{len(slots), -len(slots) - 1, math.MaxInt, math.MinInt} {
		if value, err := l.Get(index); !errors.Is(err, ErrClosed) {
			t.Errorf("item %d: Get returned %#v, %v", index, value, err)
		}
	}
}

func TestCorruptOffsetsAreLeftToC(t *testing.T) {
	needReadsInGo(t)
	for _, corrupt := range []struct{ start, end uint64 }{{8, 8}, {16, 8}, {4, 8}, {0, 4}, {0, 40}, {8, 1 << 63}, {1 << 63, 8}} {
		l, _ := handMade(intSlot(1), intSlot(2))
		*(*uint64)(l.block.access.offsets) = corrupt.start
		*(*uint64)(unsafe.Add(l.block.access.offsets, 8)) = corrupt.end
		if value, err := l.GetInt(0); !errors.Is(err, ErrClosed) {
			t.Errorf("offsets %x: got %d, %v", corrupt, value, err)
		}
		if value, err := l.Get(0); !errors.Is(err, ErrClosed) {
			t.Errorf("offsets %x: got %d, %v", corrupt, value, err)
		}
		if value, err := l.GetString(0); !errors.Is(err, ErrClosed) {
			t.Errorf("offsets %x: got %s, %v", corrupt, value, err)
		}
	}
}

func TestAClosedHandleReadsNothingInGo(t *testing.T) {
	l, _ := handMade(intSlot(1), slot{"8s", codeStr, "howdy"}, slot{"xxxxxx?x", codeNone, ""})
	l.block.calls.isOpen.Store(false)
	for i := 0; i < 3; i++ {
		if value, err := l.Get(i); !errors.Is(err, ErrClosed) {
			t.Errorf("item %d: got %v, %v", i, value, err)
		}
	}
	if value, err := l.GetInt(0); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, %v", value, err)
	}
	if value, err := l.GetString(1); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, %v", value, err)
	}
}

// A batch is read together only if all of its items are unlocked numbers in neighbouring slots. One
// item differs from that, in one bit.
func TestUnusualItemsOfABatchAreLeftToC(t *testing.T) {
	needReadsInGo(t)
	slots := make([]slot, 3*batch)
	for i := range slots {
		slots[i] = intSlot(int64(i))
	}
	into := make([]int64, len(slots))
	l, _ := handMade(slots...)
	if n, err := l.GetInts(0, into); n != len(slots) || err != nil {
		t.Fatal(n, err)
	}
	for bit := uint(0); bit < 64; bit++ {
		for i := uint64(batch); i < 2*batch; i++ {
			l, versions := handMade(slots...)
			formats, offsets := l.block.access.formats, l.block.access.offsets
			check := func(what string) {
				t.Helper()
				if l.getBatch(batch, make([]uint64, batch), formatInt) {
					t.Errorf("%s of item %d: bit %d is ignored", what, i, bit)
				}
			}
			*(*uint64)(unsafe.Add(formats, 8*i)) ^= 1 << bit
			check("format")
			*(*uint64)(unsafe.Add(formats, 8*i)) ^= 1 << bit
			*(*uint64)(unsafe.Add(offsets, 8*i+8)) ^= 1 << bit
			check("offset")
			*(*uint64)(unsafe.Add(offsets, 8*i+8)) ^= 1 << bit
			*(*uint64)(unsafe.Add(l.block.access.codes, batch)) ^= 1 << bit
			check("code")
			*(*uint64)(unsafe.Add(l.block.access.codes, batch)) ^= 1 << bit
			if unreadable>>bit&1 != 0 {
				versions[i] = 1 << bit
				check("version word")
			}
		}
	}
	l.block.calls.isOpen.Store(false)
	if l.getBatch(batch, make([]uint64, batch), formatInt) {
		t.Error("a closed handle is read")
	}
}

// newTestList makes a list that the test removes.
func newTestList(t *testing.T, values []any, options ...CreateOption) *List {
	t.Helper()
	l, err := NewList(values, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Unlink()
		l.Close()
	})
	return l
}

// Go and C return the same value of each item, and Go calls C for none of them.
func TestGoAndCReadTheSame(t *testing.T) {
	needReadsInGo(t)
	values := []any{int64(0), int64(-1), int64(math.MaxInt64), 0.0, math.Inf(1), true, false, nil}
	for length := 0; length < 40; length++ {
		text := strings.Repeat("x", length)
		values = append(values, text, text+"\x00", []byte(text), []byte(text+"\x00\x00"), strings.Repeat("é", length))
	}
	values = append(values, strings.Repeat("long ", 10000), bytes.Repeat([]byte{0}, 10000))
	l := newTestList(t, values)
	before := slowReads.Load()
	for i, want := range values {
		item, status := raw.Get(l.block.list, i)
		if inC := goValue(item); status != 0 || !reflect.DeepEqual(inC, want) {
			t.Fatalf("item %d: C returned %#v, %d, want %#v", i, inC, status, want)
		}
		if value, err := l.Get(i - len(values)); err != nil || !reflect.DeepEqual(value, want) {
			t.Fatalf("item %d: got %#v, %v, want %#v", i, value, err, want)
		}
	}
	if slow := slowReads.Load() - before; slow > 0 {
		t.Errorf("%d of %d reads called C", slow, len(values))
	}
}

func TestAListWithoutASyncAreaIsReadByC(t *testing.T) {
	l := newTestList(t, []any{1, "howdy", nil}, NoSync())
	before := slowReads.Load()
	if value, err := l.GetInt(0); value != 1 || err != nil {
		t.Error(value, err)
	}
	if value, err := l.GetString(1); value != "howdy" || err != nil {
		t.Error(value, err)
	}
	if value, err := l.Get(2); value != nil || err != nil {
		t.Error(value, err)
	}
	if slow := slowReads.Load() - before; slow != 3 {
		t.Errorf("%d of 3 reads called C", slow)
	}
}

// A range is the numbers up to the first item that is not one, whatever its first item and length.
func TestRangesOfAllPositionsAndLengthsAreRead(t *testing.T) {
	values := make([]any, 40)
	for i := range values {
		values[i] = i * 1000
	}
	values[25] = "no number"
	values[33] = Slot{33000, 100} // its slot is longer than the others
	l := newTestList(t, values)
	into := make([]int64, len(values))
	for first := range values {
		for count := 0; first+count <= len(values); count++ {
			want := count
			if first <= 25 && first+count > 25 {
				want = 25 - first
			}
			for _, index := range []int{first, first - len(values)} {
				n, err := l.GetInts(index, into[:count])
				if n != want || errors.Is(err, ErrType) != (want < count) || err != nil && want == count {
					t.Fatalf("%d items at %d: got %d, %v", count, index, n, err)
				}
			}
			for k, value := range into[:want] {
				if value != int64(first+k)*1000 {
					t.Fatalf("%d items at %d: item %d is %d", count, first, first+k, value)
				}
			}
		}
		if n, err := l.GetInts(first, make([]int64, len(values)-first+1)); n != 0 || !errors.Is(err, ErrIndex) {
			t.Fatalf("a range from %d past the end: got %d, %v", first, n, err)
		}
	}
}

// A value of the torn-read test, by its number. All parts of the value contain the number.
func consistent(number int) any {
	switch text := fmt.Sprintf("%08d", number%1000000); number % 6 {
	case 0:
		return int64(number%1000)<<32 | int64(number%1000)
	case 1:
		return math.Float64frombits(uint64(0x3ff00000+number%1000)<<32 | uint64(0x3ff00000+number%1000))
	case 2:
		return nil
	case 3:
		return strings.Repeat(text, 8)
	case 4:
		return []byte(strings.Repeat(text, 2) + "\x00")
	default:
		return strings.Repeat(text, 100) // longer than a redo record
	}
}

// isConsistent reports whether all parts of a value contain the same number.
func isConsistent(value any) bool {
	halves := func(bits uint64) bool { return bits>>32 == bits&math.MaxUint32 }
	eights := func(text string) bool {
		return len(text) >= 8 && strings.Repeat(text[:8], len(text)/8) == text && text[0] == '0'
	}
	switch v := value.(type) {
	case int64:
		return halves(uint64(v))
	case float64:
		return halves(math.Float64bits(v))
	case nil:
		return true
	case string:
		return eights(v) && (len(v) == 64 || len(v) == 800)
	case []byte:
		return len(v) == 17 && v[16] == 0 && eights(string(v[:16]))
	}
	return false
}

// Writers change the types and the lengths of two items through C. Each read returns one value.
func TestReadsBesideChangesOfTypeAreNotTorn(t *testing.T) {
	needReadsInGo(t)
	const writers, atLeast, types = 2, 50000, 5
	l := newTestList(t, []any{Slot{consistent(0), 800}, Slot{consistent(3), 800}})
	stop := make(chan struct{})
	var working sync.WaitGroup
	for writer := 0; writer < writers; writer++ {
		other, err := OpenList(l.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		working.Add(1)
		go func(number int) {
			defer working.Done()
			for ; ; number += writers {
				select {
				case <-stop:
					return
				default:
				}
				if err := other.Set(number/7%2, consistent(number)); err != nil {
					t.Error(err)
					return
				}
				if number%64 < writers {
					runtime.Gosched()
				}
			}
		}(writer)
	}
	before := slowReads.Load()
	kinds := map[string]int{}
	reads := 0
	for end := time.Now().Add(20 * time.Second); reads < atLeast || len(kinds) < types && time.Now().Before(end); reads++ {
		value, err := l.Get(reads % 2)
		if err != nil || !isConsistent(value) {
			t.Errorf("torn: %T %.100q, %v", value, fmt.Sprint(value), err)
			break
		}
		kinds[fmt.Sprintf("%T", value)]++
	}
	slow := slowReads.Load() - before
	close(stop)
	working.Wait()
	t.Logf("%d of %d reads in Go, of the types %v", reads-int(slow), reads, kinds)
	if 10*int(slow) > reads {
		t.Errorf("%d of %d reads called C", slow, reads)
	}
	if len(kinds) < types {
		t.Error("the writers wrote too few types:", kinds)
	}
}
