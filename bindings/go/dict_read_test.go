package shareable

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shareable/internal/raw"
)

// newTestDict makes a dict that the test removes.
func newTestDict(t testing.TB, places int, options ...CreateOption) *Dict {
	t.Helper()
	d, err := NewDict(places, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Unlink()
		d.Close()
	})
	return d
}

func mustSet(t *testing.T, d *Dict, key, value any, options ...DictOption) {
	t.Helper()
	if err := d.Set(key, value, options...); err != nil {
		t.Fatal(err)
	}
}

// slowly returns the number of calls of C that the reads make.
func slowly(reads func()) uint64 {
	before := slowReads.Load()
	reads()
	return slowReads.Load() - before
}

// keysOfEveryLength returns str and bytes keys of 1 to size bytes, with NULs inside.
func keysOfEveryLength(size int) (keys []any) {
	for length := 1; length <= size; length++ {
		text := strings.Repeat("k\x00", length)[:length-1] + "\xff"
		keys = append(keys, strings.Repeat("x", length), []byte(text))
	}
	return keys
}

// Go and C return the same value of each key, and Go calls C for none of them.
func TestGoAndCReadTheSameOfADict(t *testing.T) {
	needReadsInGo(t)
	d := newTestDict(t, 400, WithKeySize(70), WithValueSize(2000))
	values := []any{int64(0), int64(-1), int64(math.MaxInt64), 0.0, math.Inf(1), true, false, nil, "", []byte{}, "short\x00",
		[]byte("bytes\x00\x00"), strings.Repeat("long ", 400), "exactly8"}
	keys := keysOfEveryLength(70)
	for i, key := range keys {
		mustSet(t, d, key, values[i%len(values)])
	}
	reader, err := OpenDict(d.Name(), ReadOnly())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	slow := slowly(func() {
		for i, key := range keys {
			want := values[i%len(values)]
			k, _ := keyOf(key)
			item, status := raw.DictGet(d.list.block.dict, k)
			if inC := goValue(item); status != 0 || !reflect.DeepEqual(inC, want) {
				t.Fatalf("key %q: C returned %#v, %d, want %#v", key, inC, status, want)
			}
			for _, handle := range []*Dict{d, reader} {
				if value, err := handle.Get(key); err != nil || !reflect.DeepEqual(value, want) {
					t.Fatalf("key %q: got %#v, %v, want %#v", key, value, err, want)
				}
				if has, err := handle.Has(key); err != nil || !has {
					t.Fatalf("key %q: %v, %v", key, has, err)
				}
				checkTyped(t, handle, key, want)
			}
		}
		for _, key := range []any{"absent", []byte("x"), "k", strings.Repeat("x", 69) + "y", "x\x00x"} {
			if value, status := d.getValue(key); status != ErrNoKey {
				t.Errorf("key %q: got %v, %v", key, value, status)
			}
		}
	})
	if slow > 0 {
		t.Errorf("%d reads called C", slow)
	}
}

// checkTyped reads a value by the getter of its type.
func checkTyped(t *testing.T, d *Dict, key, want any) {
	t.Helper()
	var got any
	var err error
	switch want.(type) {
	case int64:
		got, err = d.GetInt(key)
	case float64:
		got, err = d.GetFloat(key)
	case bool:
		got, err = d.GetBool(key)
	case string:
		got, err = d.GetString(key)
	case []byte:
		got, err = d.GetBytes(key)
	default:
		return
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("key %q: got %#v, %v, want %#v", key, got, err, want)
	}
}

// C looks at the clock, and notes the use of a key that may be evicted.
func TestExpiriesAndUsesAreLeftToC(t *testing.T) {
	needReadsInGo(t)
	d := newTestDict(t, 10)
	mustSet(t, d, "for ever", 1)
	mustSet(t, d, "for an hour", 2, WithTTL(time.Hour))
	for key, want := range map[string]uint64{"for ever": 0, "for an hour": 3} {
		if slow := slowly(func() { d.Get(key); d.GetInt(key); d.GetString(key) }); want == 0 && slow != 1 || want > 0 && slow != want {
			t.Errorf("%s: %d of 3 reads called C", key, slow) // GetString always does, for the error
		}
	}

	evicting := newTestDict(t, 10, Evict())
	mustSet(t, evicting, "key", 1)
	if slow := slowly(func() { evicting.GetInt("key"); evicting.GetInt("key"); evicting.GetInt("key") }); slow > 1 {
		t.Errorf("%d of 3 reads called C", slow)
	}
	place := uint64(0)
	for ; load(evicting.index.expiries, place) != expiryUsed; place++ {
		if place == 9 {
			t.Fatal("the use of the key was not noted")
		}
	}
	atomic.StoreUint64(wordAt(evicting.index.expiries, place), 0)
	if value, err := evicting.GetInt("key"); value != 1 || err != nil || load(evicting.index.expiries, place) != expiryUsed {
		t.Error("the use of the key was not noted again:", value, err)
	}
	reader, err := OpenDict(evicting.Name(), ReadOnly())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if slow := slowly(func() { reader.GetInt("key") }); slow != 0 {
		t.Error("a read through a read-only handle called C")
	}
}

// If the index changes, C looks for a key that was not found.
func TestAMissWhileTheIndexChangesIsLeftToC(t *testing.T) {
	needReadsInGo(t)
	d := newTestDict(t, 10)
	mustSet(t, d, "key", 1)
	sequence := wordAt(d.index.sequence, 0)
	before := atomic.LoadUint64(sequence)
	miss := func() {
		if has, status := d.getValue("absent"); status != ErrNoKey {
			t.Error(has, status)
		}
	}
	if slow := slowly(miss); slow != 0 {
		t.Error("a miss called C")
	}
	atomic.StoreUint64(sequence, before|1)
	if slow := slowly(miss); slow != 1 {
		t.Error("a miss while the index changes did not call C")
	}
	if slow := slowly(func() { d.GetInt("key") }); slow != 0 {
		t.Error("a hit while the index changes called C")
	}
	if err := d.Reindex(); err != nil {
		t.Fatal(err)
	}
}

// A hostile process may store anything in the index. A read returns a value of the key or an error.
func TestAHostileIndexIsRead(t *testing.T) {
	needReadsInGo(t)
	d := newTestDict(t, 50)
	for i := 0; i < 40; i++ {
		mustSet(t, d, fmt.Sprint("key", i), i)
	}
	random := rand.New(rand.NewSource(1))
	words := []func() uint64{
		func() uint64 { return 0 },
		func() uint64 { return math.MaxUint64 },
		random.Uint64,
		func() uint64 { return random.Uint64()&^0xffffffff | uint64(random.Intn(60)) },
		func() uint64 { return load(d.index.index, uint64(random.Intn(int(d.index.slots)))) },
	}
	for round := 0; round < 200; round++ {
		for slot := uint64(0); slot < d.index.slots; slot++ {
			if kind := words[random.Intn(len(words))]; round%3 != 0 || slot%7 == 0 {
				atomic.StoreUint64(wordAt(d.index.index, slot), kind())
			}
		}
		for i := 0; i < 45; i++ {
			value, err := d.GetInt(fmt.Sprint("key", i))
			if err == nil && (value != int64(i) || i >= 40) || err != nil && !errors.Is(err, ErrNoKey) {
				t.Fatalf("key%d: got %d, %v", i, value, err)
			}
		}
	}
	if err := d.Reindex(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 40; i++ {
		if value, err := d.GetInt(fmt.Sprint("key", i)); value != int64(i) || err != nil {
			t.Fatal(i, value, err)
		}
	}
}

func TestADictWithoutAnAreaIsReadByC(t *testing.T) {
	l := newTestList(t, []any{"color", "blue", []byte("size"), 42}, NoSync())
	d, err := OpenDict(l.Name(), ReadOnly())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	slow := slowly(func() {
		if value, err := d.GetString("color"); value != "blue" || err != nil {
			t.Error(value, err)
		}
		if value, err := d.GetInt([]byte("size")); value != 42 || err != nil {
			t.Error(value, err)
		}
	})
	if slow != 2 {
		t.Errorf("%d of 2 reads called C", slow)
	}
}

func TestAClosedDictReadsNothingInGo(t *testing.T) {
	d := newTestDict(t, 10)
	mustSet(t, d, "key", 1)
	d.list.block.calls.isOpen.Store(false)
	defer d.list.block.calls.isOpen.Store(true)
	for _, key := range []string{"key", "absent"} {
		if value, err := d.GetInt(key); !errors.Is(err, ErrClosed) {
			t.Error(value, err)
		}
		if value, err := d.Get(key); !errors.Is(err, ErrClosed) {
			t.Error(value, err)
		}
		if value, err := d.GetString(key); !errors.Is(err, ErrClosed) {
			t.Error(value, err)
		}
		if value, err := d.Has(key); !errors.Is(err, ErrClosed) {
			t.Error(value, err)
		}
	}
}

func TestReadsOfNumbersDoNotAllocate(t *testing.T) {
	type id string
	type bytes []byte
	d := newTestDict(t, 10)
	text := fmt.Sprint("key", 1)
	mustSet(t, d, text, 1)
	mustSet(t, d, []byte(text), 1)
	binary := []byte(text)
	for name, read := range map[string]func(){
		"string":             func() { d.GetInt(text) },
		"[]byte":             func() { d.GetInt(binary) },
		"a defined string":   func() { d.GetInt(id(text)) },
		"a defined []byte":   func() { d.GetInt(bytes(binary)) },
		"Get":                func() { Get[int](d, text) },
		"GetOr, absent":      func() { GetOr(d, "absent", 1) },
		"Has":                func() { d.Has(text) },
		"Add":                func() { d.Add(text, 1, WithTTL(time.Second)) },
		"Set of a small int": func() { d.Set(text, 1) },
	} {
		if allocated := testing.AllocsPerRun(100, read); allocated != 0 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

// Keys are deleted and inserted all the time, so that a place has one key after the other. Each
// read returns a value of its key, or that the key is absent.
func TestReadsBesideInsertsAndDeletesAreOfTheirKey(t *testing.T) {
	needReadsInGo(t)
	const places, keys, atLeast = 8, 16, 200000
	d := newTestDict(t, places, WithValueSize(800))
	names := make([]string, keys)
	for i := range names {
		names[i] = fmt.Sprintf("%08d", i)
	}
	valueOf := func(key, number int) any {
		switch number % 4 {
		case 0:
			return int64(key)<<32 | int64(number)
		case 1:
			return strings.Repeat(names[key], 8)
		case 2:
			return []byte(strings.Repeat(names[key], 100))
		}
		return float64(key)
	}
	isOf := func(key int, value any) bool {
		switch v := value.(type) {
		case int64:
			return v>>32 == int64(key)
		case float64:
			return v == float64(key)
		case string:
			return v == strings.Repeat(names[key], 8)
		case []byte:
			return string(v) == strings.Repeat(names[key], 100)
		}
		return false
	}
	stop := make(chan struct{})
	var working sync.WaitGroup
	for writer := 0; writer < 2; writer++ {
		other, err := OpenDict(d.Name())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		working.Add(1)
		go func(seed int64) {
			defer working.Done()
			random := rand.New(rand.NewSource(seed))
			for number := 0; ; number++ {
				select {
				case <-stop:
					return
				default:
				}
				key := random.Intn(keys)
				err := other.Set(names[key], valueOf(key, number))
				if errors.Is(err, ErrFull) {
					err = other.Delete(names[random.Intn(keys)])
				}
				if err != nil && !errors.Is(err, ErrNoKey) {
					t.Error(err)
					return
				}
				if number%64 == 0 {
					runtime.Gosched()
				}
			}
		}(int64(writer))
	}
	hits, misses := 0, 0
	slow := slowly(func() {
		for end := time.Now().Add(20 * time.Second); hits+misses < atLeast && time.Now().Before(end); {
			key := (hits + misses) % keys
			value, status := d.getValue(names[key])
			switch {
			case status == ErrNoKey:
				misses++
			case status == 0 && isOf(key, value):
				hits++
			default:
				t.Fatalf("key %s: got %.100v, %v", names[key], value, status)
			}
		}
	})
	close(stop)
	working.Wait()
	t.Logf("%d hits, %d misses, %d calls of C", hits, misses, slow)
	if hits == 0 || misses == 0 {
		t.Error("the writers left no choice:", hits, "hits,", misses, "misses")
	}
}

// Readers read through a handle while it is closed. They get the value or ErrClosed.
func TestADictIsClosedBesideReaders(t *testing.T) {
	d := newTestDict(t, 10)
	mustSet(t, d, "int", 7)
	mustSet(t, d, "text", "a text of more than eight bytes")
	mustSet(t, d, "short", 7, WithTTL(time.Hour))
	rounds := 2000
	var current atomic.Pointer[Dict]
	var stop atomic.Bool
	var closed atomic.Int64
	current.Store(d)
	var working sync.WaitGroup
	for reader := 0; reader < 2; reader++ {
		working.Add(1)
		go func() {
			defer working.Done()
			for i := 0; !stop.Load(); i++ {
				handle := current.Load()
				var value, want any
				var err error
				switch i % 4 {
				case 0:
					value, err = handle.GetInt("int")
					want = int64(7)
				case 1:
					value, err = handle.Get("text")
					want = "a text of more than eight bytes"
				case 2:
					value, err = handle.Get("short")
					want = int64(7)
				default:
					value, err = handle.Has("absent")
					want = false
				}
				switch {
				case errors.Is(err, ErrClosed):
					closed.Add(1)
					runtime.Gosched()
				case err != nil || value != want:
					t.Errorf("read %d: got %v, %v, want %v", i%4, value, err, want)
					return
				}
			}
		}()
	}
	for round := 0; round < rounds; round++ {
		handle, err := OpenDict(d.Name())
		if err != nil {
			t.Error(err)
			break
		}
		current.Store(handle)
		if round%4 == 0 {
			runtime.Gosched()
		}
		handle.Close()
	}
	stop.Store(true)
	working.Wait()
	t.Log(rounds, "rounds,", closed.Load(), "reads of a closed handle")
}
