package check_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shareable"
)

func newDict(t testing.TB, places int, options ...shareable.CreateOption) *shareable.Dict {
	t.Helper()
	dict, err := shareable.NewDict(places, append(options, shareable.WithName(newName()))...)
	return ended(t, dict, err)
}

func openDict(t testing.TB, name string, options ...shareable.OpenOption) *shareable.Dict {
	t.Helper()
	dict, err := shareable.OpenDict(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dict.Close() })
	return dict
}

// value checks the value of a key.
func value(t *testing.T, dict *shareable.Dict, key, want any) {
	t.Helper()
	got, err := dict.Get(key)
	ok(t, err)
	equal(t, got, want)
}

// isAbsent checks that a key is not in the dict.
func isAbsent(t *testing.T, dict *shareable.Dict, key any) {
	t.Helper()
	_, err := dict.Get(key)
	fails(t, err, is(shareable.ErrNoKey, fs.ErrNotExist, syscall.ENOENT), dict.Name())
}

// entries returns the keys and values of a dict, sorted, in a form for people to read.
func entries(t *testing.T, dict *shareable.Dict) string {
	t.Helper()
	all, err := dict.Entries()
	ok(t, err)
	var texts []string
	for _, e := range all {
		texts = append(texts, fmt.Sprintf("%#v: %#v", e.Key, e.Value))
	}
	sort.Strings(texts)
	return strings.Join(texts, ", ")
}

// fill sets the keys key0, key1 and so on to their numbers.
func fill(t *testing.T, dict *shareable.Dict, count int) {
	t.Helper()
	for i := 0; i < count; i++ {
		ok(t, dict.Set(fmt.Sprint("key", i), i))
	}
}

func dictIsCreatedAndOpenedByName(t *testing.T) {
	name := newName()
	dict, err := shareable.NewDict(10, shareable.WithName("/"+name))
	ended(t, dict, err)
	equal(t, dict.Name(), name)
	equal(t, []int{dict.Places(), dict.KeySize(), dict.ValueSize(), dict.Len()}, []int{10, 32, 64, 0})
	equal(t, dict.Evicts(), false)
	ok(t, dict.Set("color", "blue"))
	other := openDict(t, name)
	value(t, other, "color", "blue")
	equal(t, []int{other.Places(), other.KeySize(), other.ValueSize(), other.Len()}, []int{10, 32, 64, 1})
	ok(t, other.Set("color", 7))
	value(t, dict, "color", int64(7))
	equal(t, dict.String(), fmt.Sprintf("Dict(%q, {%q: 7})", name, "color"))
}

func dictWithoutANameGetsARandomPsmName(t *testing.T) {
	dict, err := shareable.NewDict(1)
	ended(t, dict, err)
	equal(t, strings.HasPrefix(dict.Name(), "psm_"), true)
	equal(t, len(dict.Name()), len("psm_12345678"))
}

func dictHoldsEveryTypeOfValues(t *testing.T) {
	type seconds float64
	dict := newDict(t, 20, shareable.WithValueSize(1000))
	long := strings.Repeat("lång", 200)
	for key, pair := range map[string][2]any{
		"int":     {math.MinInt64, int64(math.MinInt64)},
		"uint8":   {uint8(7), int64(7)},
		"time":    {time.Second, int64(1e9)},
		"float":   {-273.154, -273.154},
		"seconds": {seconds(1.5), 1.5},
		"true":    {true, true},
		"false":   {false, false},
		"str":     {"howdy\x00", "howdy\x00"},
		"empty":   {"", ""},
		"bytes":   {[]byte("HoWdY\x00"), []byte("HoWdY\x00")},
		"none":    {nil, nil},
		"long":    {long, long},
	} {
		ok(t, dict.Set(key, pair[0]))
		value(t, dict, key, pair[1])
		value(t, openDict(t, dict.Name(), shareable.ReadOnly()), key, pair[1])
	}

	integer, err := dict.GetInt("int")
	ok(t, err)
	equal(t, integer, int64(math.MinInt64))
	real, err := dict.GetFloat("float")
	ok(t, err)
	equal(t, real, -273.154)
	for key, want := range map[string]bool{"true": true, "false": false} {
		boolean, err := dict.GetBool(key)
		ok(t, err)
		equal(t, boolean, want)
	}
	text, err := dict.GetString("long")
	ok(t, err)
	equal(t, text, long)
	bytes, err := dict.GetBytes("bytes")
	ok(t, err)
	equal(t, bytes, []byte("HoWdY\x00"))
	duration, err := shareable.Get[time.Duration](dict, "time")
	ok(t, err)
	equal(t, duration, time.Second)
	half, err := shareable.Get[seconds](dict, "seconds")
	ok(t, err)
	equal(t, half, seconds(1.5))
	for _, wrong := range []error{
		second(dict.GetInt("float")), second(dict.GetFloat("int")), second(dict.GetBool("int")),
		second(dict.GetString("bytes")), second(dict.GetBytes("str")), second(dict.GetInt("long")),
		second(shareable.Get[int](dict, "none")), second(shareable.GetOr(dict, "none", "x")),
	} {
		fails(t, wrong, is(shareable.ErrType), dict.Name())
	}
	_, err = dict.GetInt("str")
	fails(t, err, is(shareable.ErrType), "key 'str'", "is a str")
}

func dictDistinguishesStrFromBytesKeys(t *testing.T) {
	type name string
	type raw []byte
	dict := newDict(t, 10)
	ok(t, dict.Set("key", 1))
	isAbsent(t, dict, []byte("key"))
	ok(t, dict.Set([]byte("key"), 2))
	value(t, dict, "key", int64(1))
	value(t, dict, name("key"), int64(1))
	value(t, dict, []byte("key"), int64(2))
	value(t, dict, raw("key"), int64(2))
	ok(t, dict.Set([]byte{0xff, 0, 0xfe}, 3))
	value(t, dict, []byte{0xff, 0, 0xfe}, int64(3))
	equal(t, entries(t, dict), `"key": 1, []byte{0x6b, 0x65, 0x79}: 2, []byte{0xff, 0x0, 0xfe}: 3`)
	ok(t, dict.Delete(name("key")))
	isAbsent(t, dict, "key")
	value(t, dict, raw("key"), int64(2))
}

func dictRefusesOtherKeys(t *testing.T) {
	dict := newDict(t, 10)
	for _, key := range []any{1, 2.5, true, nil, []string{"key"}, [3]byte{}, &struct{}{}} {
		_, err := dict.Get(key)
		fails(t, err, is(shareable.ErrKey), dict.Name(), "string", "[]byte, not ")
		_, err = dict.Has(key)
		fails(t, err, is(shareable.ErrKey))
		_, err = shareable.GetOr(dict, key, 1)
		fails(t, err, is(shareable.ErrKey))
		fails(t, dict.Set(key, 1), is(shareable.ErrKey))
		fails(t, dict.Delete(key), is(shareable.ErrKey))
		_, err = dict.Wait(soon(t), key, 1)
		fails(t, err, is(shareable.ErrKey))
	}
	for _, key := range []any{"", []byte{}, "key\x00", []byte("key\x00")} {
		isAbsent(t, dict, key)
		fails(t, dict.Set(key, 1), is(shareable.ErrKey, syscall.EINVAL), dict.Name(), "empty", "NUL")
		fails(t, dict.Delete(key), is(shareable.ErrNoKey))
		has, err := dict.Has(key)
		ok(t, err)
		equal(t, has, false)
		_, err = dict.Wait(soon(t), key, 1)
		fails(t, err, is(shareable.ErrKey))
	}
	fails(t, dict.Set("\xff", 1), is(shareable.ErrUTF8))
	isAbsent(t, dict, "\xff")
	equal(t, dict.Len(), 0)
}

func dictRefusesAKeyThatIsTooLong(t *testing.T) {
	dict := newDict(t, 4, shareable.WithKeySize(8))
	ok(t, dict.Set("12345678", 1))
	fails(t, dict.Set("123456789", 1), is(shareable.ErrKey, syscall.EINVAL), dict.Name(), "9 bytes", "8 bytes")
	_, err := dict.Add("123456789", 1)
	fails(t, err, is(shareable.ErrKey))
	isAbsent(t, dict, "123456789")
	fails(t, dict.Delete("123456789"), is(shareable.ErrNoKey))
	equal(t, dict.Len(), 1)
}

func dictReplacesAValueOfAnotherType(t *testing.T) {
	dict := newDict(t, 2)
	for _, v := range []any{int64(1), "one", 1.5, nil, []byte("two"), true, int64(2)} {
		ok(t, dict.Set("key", v))
		value(t, dict, "key", v)
	}
	equal(t, dict.Len(), 1)
}

func dictGetsADefaultForAnAbsentKey(t *testing.T) {
	dict := newDict(t, 4)
	workers, err := shareable.GetOr(dict, "workers", 4)
	ok(t, err)
	equal(t, workers, 4)
	ok(t, dict.Set("workers", 8))
	workers, err = shareable.GetOr(dict, "workers", 4)
	ok(t, err)
	equal(t, workers, 8)
	name, err := shareable.GetOr(dict, "", "nobody")
	ok(t, err)
	equal(t, name, "nobody")
	has, err := dict.Has("workers")
	ok(t, err)
	equal(t, has, true)
}

func dictReportsAnAbsentKey(t *testing.T) {
	dict := newDict(t, 4)
	_, err := dict.Get("absent")
	fails(t, err, is(shareable.ErrNoKey, fs.ErrNotExist), dict.Name(), "'absent'")
	var own *shareable.Error
	equal(t, errors.As(err, &own), true)
	equal(t, own.Status, shareable.ErrNoKey)
	for _, err := range []error{
		second(dict.GetInt("absent")), second(dict.GetFloat("absent")), second(dict.GetBool("absent")),
		second(dict.GetString("absent")), second(dict.GetBytes("absent")), second(shareable.Get[int](dict, "absent")),
		dict.Delete("absent"), second(dict.Pop("absent")), second(dict.TTL("absent")), dict.Expire("absent", time.Second),
		second(dict.CompareAndSwap("absent", 0, 1)), second(dict.Wait(soon(t), "absent", 1)),
	} {
		fails(t, err, is(shareable.ErrNoKey, fs.ErrNotExist), dict.Name(), "'absent'")
	}
	_, _, err = dict.GetStale("absent")
	fails(t, err, is(shareable.ErrNoKey))
	has, err := dict.Has("absent")
	ok(t, err)
	equal(t, has, false)
}

func dictSetsOnlyAbsentKeys(t *testing.T) {
	dict := newDict(t, 4)
	for i, want := range []bool{true, false, false} {
		set, err := dict.SetIfAbsent("key", i)
		ok(t, err)
		equal(t, set, want)
	}
	value(t, dict, "key", int64(0))
}

func dictSetsOnlyPresentKeys(t *testing.T) {
	dict := newDict(t, 4)
	set, err := dict.SetIfPresent("key", 1)
	ok(t, err)
	equal(t, set, false)
	isAbsent(t, dict, "key")
	ok(t, dict.Set("key", 1))
	set, err = dict.SetIfPresent("key", 2)
	ok(t, err)
	equal(t, set, true)
	value(t, dict, "key", int64(2))
	_, err = dict.SetIfPresent("key", 2, shareable.NoEvict())
	fails(t, err, is(shareable.ErrArgument), "NoEvict", "SetIfPresent")
}

func dictAddsToAnIntWithAnInitialValue(t *testing.T) {
	dict := newDict(t, 4)
	for i, want := range []int64{3, 6, 9} {
		got, err := dict.Add("from 0", 3)
		ok(t, err)
		equal(t, got, want)
		got, err = dict.Add("from 100", -1, shareable.WithInitial(100))
		ok(t, err)
		equal(t, got, int64(99-i))
	}
	_, err := dict.Add("from 0", 1, shareable.WithInitial(1.5))
	fails(t, err, is(shareable.ErrArgument), "WithInitial")

	var working sync.WaitGroup
	for i := 0; i < 4; i++ {
		working.Add(1)
		go func() {
			defer working.Done()
			for j := 0; j < 500; j++ {
				if _, err := dict.Add("hits", 1); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	working.Wait()
	value(t, dict, "hits", int64(2000))
}

func dictAddsToAFloat(t *testing.T) {
	dict := newDict(t, 4)
	got, err := dict.AddFloat("sum", 0.5)
	ok(t, err)
	equal(t, got, 0.5)
	got, err = dict.AddFloat("sum", 0.25, shareable.WithInitial(100.0))
	ok(t, err)
	equal(t, got, 0.75)
	got, err = dict.AddFloat("other", 0.25, shareable.WithInitial(int64(100)))
	ok(t, err)
	equal(t, got, 100.25)
}

func dictRefusesToAddToAnotherType(t *testing.T) {
	dict := newDict(t, 4)
	ok(t, dict.Set("text", "one"))
	ok(t, dict.Set("float", 1.5))
	ok(t, dict.Set("int", 1))
	_, err := dict.Add("text", 1)
	fails(t, err, is(shareable.ErrType), dict.Name(), "'text'", "a str")
	_, err = dict.Add("float", 1)
	fails(t, err, is(shareable.ErrType), "a float")
	_, err = dict.AddFloat("int", 1)
	fails(t, err, is(shareable.ErrType), "an int")
	_, err = dict.CompareAndSwap("float", 1, 2)
	fails(t, err, is(shareable.ErrType))
	value(t, dict, "text", "one")
	value(t, dict, "float", 1.5)
	value(t, dict, "int", int64(1))
}

func dictAddPast64BitsChangesNothing(t *testing.T) {
	dict := newDict(t, 4)
	ok(t, dict.Set("max", math.MaxInt64))
	_, err := dict.Add("max", 1)
	fails(t, err, is(shareable.ErrOverflow, syscall.EOVERFLOW), dict.Name())
	value(t, dict, "max", int64(math.MaxInt64))
	_, err = dict.Add("new", 1, shareable.WithInitial(int64(math.MaxInt64)))
	fails(t, err, is(shareable.ErrOverflow))
	isAbsent(t, dict, "new")
	fails(t, dict.Set("max", uint64(math.MaxUint64)), is(shareable.ErrOverflow), dict.Name())
}

func dictComparesAndExchangesInts(t *testing.T) {
	dict := newDict(t, 4)
	ok(t, dict.Set("state", 1, shareable.WithTTL(time.Hour)))
	for _, c := range []struct {
		old, new int64
		want     bool
	}{{2, 3, false}, {1, 2, true}, {1, 3, false}, {2, 3, true}} {
		swapped, err := dict.CompareAndSwap("state", c.old, c.new)
		ok(t, err)
		equal(t, swapped, c.want)
	}
	value(t, dict, "state", int64(3))
	ttl, err := dict.TTL("state")
	ok(t, err)
	equal(t, ttl > 0, true)
}

func dictDeletesAKey(t *testing.T) {
	dict := newDict(t, 10)
	fill(t, dict, 3)
	ok(t, dict.Delete("key1"))
	isAbsent(t, dict, "key1")
	equal(t, entries(t, dict), `"key0": 0, "key2": 2`)
	fails(t, dict.Delete("key1"), is(shareable.ErrNoKey), "'key1'")
	ok(t, dict.Set("key1", "again"))
	value(t, dict, "key1", "again")
}

func dictPopsAKeyWithItsValue(t *testing.T) {
	dict := newDict(t, 10, shareable.WithValueSize(5000))
	long := strings.Repeat("x", 5000)
	for _, v := range []any{int64(1), nil, []byte("bytes"), "", long} {
		ok(t, dict.Set("key", v))
		got, err := dict.Pop("key")
		ok(t, err)
		equal(t, got, v)
		isAbsent(t, dict, "key")
	}
	equal(t, dict.Len(), 0)
}

func dictVisitsEachKeyOnce(t *testing.T) {
	dict := newDict(t, 500, shareable.WithValueSize(3000))
	fill(t, dict, 400)
	ok(t, dict.Set("key7", strings.Repeat("long", 700)))
	seen := map[any]any{}
	dict.All()(func(e shareable.Entry, err error) bool {
		ok(t, err)
		if _, twice := seen[e.Key]; twice {
			t.Error(e.Key, "is visited twice")
		}
		seen[e.Key] = e.Value
		return true
	})
	equal(t, len(seen), 400)
	for i := 0; i < 400; i++ {
		want := any(int64(i))
		if i == 7 {
			want = strings.Repeat("long", 700)
		}
		equal(t, seen[fmt.Sprint("key", i)], want)
	}
	visits := 0
	dict.All()(func(shareable.Entry, error) bool { visits++; return visits < 3 })
	equal(t, visits, 3)
}

func dictCanBeVisitedWhileItChanges(t *testing.T) {
	dict := newDict(t, 200)
	fill(t, dict, 100)
	changed := 0
	stable := 0
	dict.All()(func(e shareable.Entry, err error) bool {
		ok(t, err)
		if strings.HasPrefix(e.Key.(string), "key") {
			stable++
		}
		ok(t, dict.Set(fmt.Sprint("new", changed%50), changed))
		if changed%2 == 1 {
			ok(t, dict.Delete(fmt.Sprint("new", changed%50)))
		}
		changed++
		return changed < 10000
	})
	equal(t, stable, 100)
}

func dictCountsItsKeys(t *testing.T) {
	dict := newDict(t, 10)
	other := openDict(t, dict.Name(), shareable.ReadOnly())
	for i := 1; i <= 10; i++ {
		ok(t, dict.Set(fmt.Sprint(i), i))
		equal(t, []int{dict.Len(), other.Len()}, []int{i, i})
	}
	ok(t, dict.Set("1", 5))
	ok(t, dict.Delete("2"))
	equal(t, other.Len(), 9)
}

func dictThatIsFullNamesItsPlaces(t *testing.T) {
	dict := newDict(t, 3)
	fill(t, dict, 3)
	err := dict.Set("one more", 1)
	fails(t, err, is(shareable.ErrFull, syscall.ENOSPC), dict.Name(), "all 3 places")
	_, err = dict.Add("one more", 1)
	fails(t, err, is(shareable.ErrFull))
	_, err = dict.SetIfAbsent("one more", 1)
	fails(t, err, is(shareable.ErrFull))
	ok(t, dict.Set("key1", "present"))
	equal(t, dict.Evicted(), uint64(0))
	equal(t, entries(t, dict), `"key0": 0, "key1": "present", "key2": 2`)
}

func dictEvictsAKeyThatWasNotUsed(t *testing.T) {
	dict := newDict(t, 4, shareable.Evict())
	equal(t, dict.Evicts(), true)
	equal(t, openDict(t, dict.Name()).Evicts(), true)
	fill(t, dict, 4)
	fails(t, dict.Set("more", 1, shareable.NoEvict()), is(shareable.ErrFull), "all 4 places")
	for i := 0; i < 20; i++ {
		value(t, dict, "key0", int64(0)) // the read notes the use
		ok(t, dict.Set(fmt.Sprint("more", i), i))
	}
	value(t, dict, "more19", int64(19))
	value(t, dict, "key0", int64(0))
	equal(t, dict.Len(), 4)
	equal(t, dict.Evicted(), uint64(20))
}

// expired waits until a TTL that began before it was called is over.
func expired(ttl time.Duration) { time.Sleep(ttl + 5*time.Millisecond) }

func dictForgetsAKeyWhenItsTTLIsOver(t *testing.T) {
	dict := newDict(t, 10)
	const ttl = 500 * time.Millisecond
	ok(t, dict.Set("short", 1, shareable.WithTTL(ttl)))
	ok(t, dict.Set("long", 2, shareable.WithTTL(time.Hour)))
	ok(t, dict.Set("for ever", 3))
	for _, key := range []string{"short", "long", "for ever"} {
		has, err := dict.Has(key)
		ok(t, err)
		equal(t, has, true)
	}
	expired(ttl)
	isAbsent(t, dict, "short")
	has, err := dict.Has("short")
	ok(t, err)
	equal(t, has, false)
	equal(t, entries(t, dict), `"for ever": 3, "long": 2`)
	equal(t, dict.Len(), 2)
	stale, isStale, err := dict.GetStale("short")
	ok(t, err)
	equal(t, []any{stale, isStale}, []any{int64(1), true})
	stale, isStale, err = dict.GetStale("long")
	ok(t, err)
	equal(t, []any{stale, isStale}, []any{int64(2), false})
	set, err := dict.SetIfAbsent("short", "again")
	ok(t, err)
	equal(t, set, true)
	ttlNow, err := dict.TTL("short")
	ok(t, err)
	equal(t, ttlNow, time.Duration(0))
	fails(t, dict.Set("key", 1, shareable.WithTTL(-1)), is(shareable.ErrArgument), "-1ns")
}

func dictAddKeepsTheTTLOfAKey(t *testing.T) {
	dict := newDict(t, 10)
	const window = 600 * time.Millisecond
	first, err := dict.Add("client", 1, shareable.WithTTL(window))
	ok(t, err)
	equal(t, first, int64(1))
	begun := time.Now()
	for i := int64(2); time.Since(begun) < window/2; i++ {
		now, err := dict.Add("client", 1, shareable.WithTTL(time.Hour))
		ok(t, err)
		equal(t, now, i)
	}
	ttl, err := dict.TTL("client")
	ok(t, err)
	equal(t, ttl > 0 && ttl <= window, true)
	expired(window)
	again, err := dict.Add("client", 1, shareable.WithTTL(window))
	ok(t, err)
	equal(t, again, int64(1))
}

func dictChangesTheTTLOfAKey(t *testing.T) {
	dict := newDict(t, 10)
	ok(t, dict.Set("key", 1))
	ttl, err := dict.TTL("key")
	ok(t, err)
	equal(t, ttl, time.Duration(0))
	ok(t, dict.Expire("key", time.Hour))
	ttl, err = dict.TTL("key")
	ok(t, err)
	equal(t, ttl > 59*time.Minute && ttl <= time.Hour, true)
	ok(t, dict.Expire("key", 0))
	ttl, err = dict.TTL("key")
	ok(t, err)
	equal(t, ttl, time.Duration(0))
	ok(t, dict.Expire("key", time.Nanosecond))
	expired(0)
	isAbsent(t, dict, "key")
	fails(t, dict.Expire("key", time.Hour), is(shareable.ErrNoKey))
	fails(t, dict.Expire("key", -1), is(shareable.ErrArgument), dict.Name())
}

func dictDeletesExpiredKeys(t *testing.T) {
	dict := newDict(t, 10)
	for i := 0; i < 5; i++ {
		ok(t, dict.Set(fmt.Sprint("short", i), i, shareable.WithTTL(time.Millisecond)))
	}
	ok(t, dict.Set("long", 1, shareable.WithTTL(time.Hour)))
	expired(time.Millisecond)
	equal(t, dict.Len(), 1)
	for _, c := range [][2]int{{2, 2}, {0, 3}, {0, 0}} {
		deleted, err := dict.DeleteExpired(c[0])
		ok(t, err)
		equal(t, deleted, c[1])
	}
	equal(t, dict.Len(), 1)
	_, err := dict.DeleteExpired(-1)
	fails(t, err, is(shareable.ErrArgument), "-1")
}

func dictIsCleared(t *testing.T) {
	dict := newDict(t, 10)
	fill(t, dict, 10)
	ok(t, dict.Clear())
	equal(t, dict.Len(), 0)
	equal(t, entries(t, dict), "")
	isAbsent(t, dict, "key3")
	fill(t, dict, 10)
}

func dictMakesItsIndexAgain(t *testing.T) {
	dict := newDict(t, 10)
	fill(t, dict, 10)
	bytes := openMemory(t, dict.Name()).Bytes()
	index := bytes[len(bytes)-10*16:]
	for i := range index {
		index[i] = 0 // a program damages the index, which is the last part of the block
	}
	isAbsent(t, dict, "key3")
	ok(t, dict.Reindex())
	value(t, dict, "key3", int64(3))
	equal(t, dict.Len(), 10)
}

func dictIsCopiedToALargerOne(t *testing.T) {
	dict, larger := newDict(t, 3), newDict(t, 100, shareable.WithValueSize(200))
	fill(t, dict, 2)
	ok(t, dict.Set("ttl", "text", shareable.WithTTL(time.Hour)))
	ok(t, larger.Set("key1", "other"))
	ok(t, larger.Set("kept", true))
	ok(t, dict.CopyTo(larger))
	equal(t, entries(t, larger), `"kept": true, "key0": 0, "key1": 1, "ttl": "text"`)
	ttl, err := larger.TTL("ttl")
	ok(t, err)
	equal(t, ttl > 59*time.Minute, true)
	err = larger.CopyTo(newDict(t, 3))
	fails(t, err, is(shareable.ErrFull))
	long := newDict(t, 3, shareable.WithKeySize(8), shareable.WithValueSize(8))
	ok(t, dict.Set("ttl", "a long text"))
	fails(t, dict.CopyTo(long), is(shareable.ErrCapacity), dict.Name(), long.Name(), "a value has more than 8 bytes")
	ok(t, long.Clear())
	ok(t, dict.Delete("ttl"))
	ok(t, dict.Set("a long key", 1))
	fails(t, dict.CopyTo(long), is(shareable.ErrKey), dict.Name(), long.Name(), "a key has more than 8 bytes")
	fails(t, dict.CopyTo(nil), is(shareable.ErrClosed))
}

func dictWaitsUntilAValueDiffers(t *testing.T) {
	dict := newDict(t, 10)
	ok(t, dict.Set("key", 1))
	got, err := dict.Wait(soon(t), "key", "other")
	ok(t, err)
	equal(t, got, int64(1))
	waits := make([]<-chan waited, 0)
	for _, handle := range []*shareable.Dict{dict, dict, openDict(t, dict.Name()), openDict(t, dict.Name(), shareable.ReadOnly())} {
		handle := handle
		waits = append(waits, start(func() (any, error) { return handle.Wait(soon(t), "key", 1) }))
	}
	time.Sleep(50 * time.Millisecond)
	ok(t, dict.Set("other", 2))
	ok(t, dict.Set("key", 1))
	expectNothing(t, waits[0])
	ok(t, dict.Set("key", "changed"))
	for _, wait := range waits {
		expect(t, wait, "changed")
	}
}

func dictWaitsUntilAKeyAppearsOrIsDeleted(t *testing.T) {
	dict := newDict(t, 10)
	appears := start(func() (any, error) { return dict.WaitFor(soon(t), "key") })
	expectNothing(t, appears)
	ok(t, dict.Set("key", "here"))
	expect(t, appears, "here")
	got, err := dict.WaitFor(soon(t), "key")
	ok(t, err)
	equal(t, got, "here")

	deleted := start(func() (any, error) { return dict.Wait(soon(t), "key", "here") })
	time.Sleep(50 * time.Millisecond)
	ok(t, dict.Delete("key"))
	fails(t, (<-deleted).err, is(shareable.ErrNoKey), "'key'")

	ok(t, dict.Set("key", 1, shareable.WithTTL(200*time.Millisecond)))
	begun := time.Now()
	_, err = dict.Wait(soon(t), "key", 1)
	fails(t, err, is(shareable.ErrNoKey))
	if took := time.Since(begun); took > 3*time.Second {
		t.Error("the end of the TTL was noticed after", took)
	}
}

func dictWaitTimesOut(t *testing.T) {
	dict := newDict(t, 10)
	ok(t, dict.Set("key", 1))
	timesOut(t, func(ctx context.Context) error {
		_, err := dict.Wait(ctx, "key", 1)
		return err
	})
	timesOut(t, func(ctx context.Context) error {
		_, err := dict.WaitFor(ctx, "absent")
		return err
	})
}

func dictIsAListOfKeysAndValues(t *testing.T) {
	dict := newDict(t, 3)
	ok(t, dict.Set("color", "blue"))
	ok(t, dict.Set([]byte("size"), 42))
	list := openList(t, dict.Name())
	for _, l := range []*shareable.List{list, dict.List()} {
		equal(t, l.Len(), 6)
		values, err := l.Values()
		ok(t, err)
		pairs := map[string]any{}
		for i := 0; i < len(values); i += 2 {
			if values[i] != nil {
				pairs[fmt.Sprintf("%#v", values[i])] = values[i+1]
			}
		}
		equal(t, pairs, map[string]any{`"color"`: "blue", `[]byte{0x73, 0x69, 0x7a, 0x65}`: int64(42)})
	}
	place, err := list.Index("color")
	ok(t, err)
	ok(t, list.Set(place+1, "red"))
	value(t, dict, "color", "red")
}

func dictRefusesWritesToKeysAsItemsOfTheList(t *testing.T) {
	dict := newDict(t, 3)
	ok(t, dict.Set("key", 1))
	for _, list := range []*shareable.List{dict.List(), openList(t, dict.Name())} {
		for i := 0; i < 6; i += 2 {
			fails(t, list.Set(i, "other"), is(shareable.ErrKeyItem, syscall.EPERM), dict.Name())
			fails(t, list.SetInt(i, 1), is(shareable.ErrKeyItem))
			fails(t, list.SetNone(i), is(shareable.ErrKeyItem))
		}
	}
	equal(t, entries(t, dict), `"key": 1`)
}

func dictOpensAListOfStockPythonReadOnly(t *testing.T) {
	long := strings.Repeat("l", 473) // no key of a dict is so long
	list := newList(t, []any{"color", "blue", nil, nil, []byte("size"), 42, long, true}, shareable.NoSync())
	dict := openDict(t, list.Name(), shareable.ReadOnly())
	equal(t, []int{dict.Places(), dict.Len()}, []int{4, 3})
	value(t, dict, "color", "blue")
	value(t, dict, []byte("size"), int64(42))
	value(t, dict, long, true)
	isAbsent(t, dict, "size")
	equal(t, entries(t, dict), `"color": "blue", "`+long+`": true, []byte{0x73, 0x69, 0x7a, 0x65}: 42`)
	ok(t, list.Set(1, "red"))
	value(t, dict, "color", "red")
	fails(t, dict.Set("color", 1), is(shareable.ErrReadOnly), dict.Name())
	waits := []<-chan waited{
		start(func() (any, error) { return dict.Wait(soon(t), "color", "red") }),
		start(func() (any, error) { return dict.WaitFor(soon(t), "new") }),
	}
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	ok(t, list.Set(1, "tan"))
	ok(t, list.Set(6, "new"))
	expect(t, waits[0], "tan")
	expect(t, waits[1], true)
	deleted := start(func() (any, error) { return dict.Wait(soon(t), "color", "tan") })
	time.Sleep(50 * time.Millisecond)
	ok(t, list.Set(0, nil))
	fails(t, (<-deleted).err, is(shareable.ErrNoKey), "color")
	if took := time.Since(began); took > 5*time.Second {
		t.Error("the changes were noticed after", took) // when the contexts of the waits ended
	}
	_, err := shareable.OpenDict(list.Name())
	fails(t, err, is(shareable.ErrNotDict), list.Name())
}

func dictRefusesAListThatIsNotADict(t *testing.T) {
	for _, values := range [][]any{{"a", 1, "b"}, {1, 2}, {"a", 1, 2.5, 2}} {
		list := newList(t, values)
		_, err := shareable.OpenDict(list.Name(), shareable.ReadOnly())
		fails(t, err, is(shareable.ErrNotDict, syscall.EINVAL), list.Name())
		_, err = shareable.OpenDict(list.Name())
		fails(t, err, is(shareable.ErrNotDict), list.Name())
	}
	_, err := shareable.OpenDict(newArray[int8](t, []int{3}).Name())
	fails(t, err, is(shareable.ErrNotList))
}

func dictAttachedReadOnlyRefusesWrites(t *testing.T) {
	dict := newDict(t, 10)
	ok(t, dict.Set("key", 1))
	reader := openDict(t, dict.Name(), shareable.ReadOnly())
	for _, err := range []error{
		reader.Set("key", 2), second(reader.SetIfAbsent("new", 2)), second(reader.SetIfPresent("key", 2)),
		second(reader.Add("key", 1)), second(reader.AddFloat("key", 1)), second(reader.CompareAndSwap("key", 1, 2)),
		reader.Delete("key"), second(reader.Pop("key")), reader.Expire("key", time.Second), second(reader.DeleteExpired(0)),
		reader.Clear(), reader.Reindex(), dict.CopyTo(reader),
	} {
		fails(t, err, is(shareable.ErrReadOnly), dict.Name())
	}
	value(t, reader, "key", int64(1))
	ok(t, reader.CopyTo(dict))
}

func dictRefusesANameThatExists(t *testing.T) {
	dict := newDict(t, 1)
	_, err := shareable.NewDict(1, shareable.WithName(dict.Name()))
	fails(t, err, is(shareable.ErrExists, fs.ErrExist), dict.Name())
	for _, name := range []string{"", "a/b", "a\x00b", "."} {
		_, err = shareable.NewDict(1, shareable.WithName(name))
		fails(t, err, is(shareable.ErrName))
	}
}

func dictRefusesSizesThatNoDictCanHave(t *testing.T) {
	tooMany := int64(1)<<31 + 1
	for _, places := range []int{0, -1, math.MinInt, int(tooMany)} {
		_, err := shareable.NewDict(places)
		fails(t, err, is(shareable.ErrArgument, syscall.EINVAL), fmt.Sprint(places))
	}
	for _, option := range []shareable.CreateOption{
		shareable.WithKeySize(0), shareable.WithKeySize(473), shareable.WithKeySize(-1),
		shareable.WithValueSize(0), shareable.WithValueSize(-8), shareable.WithValueSize(math.MaxInt),
		shareable.NoSync(), shareable.WithCapacity(8),
	} {
		_, err := shareable.NewDict(1, option)
		fails(t, err, is(shareable.ErrArgument))
	}
	for _, option := range []shareable.CreateOption{shareable.WithKeySize(8), shareable.WithValueSize(8), shareable.Evict()} {
		_, err := shareable.NewMemory(8, option)
		fails(t, err, is(shareable.ErrArgument), "Evict")
		_, err = shareable.NewList([]any{1}, option)
		fails(t, err, is(shareable.ErrArgument), "Evict")
		_, err = shareable.NewArray[int64]([]int{1}, option)
		fails(t, err, is(shareable.ErrArgument), "Evict")
	}
}

func dictRefusesAValueThatDoesNotFit(t *testing.T) {
	dict := newDict(t, 4, shareable.WithValueSize(8))
	ok(t, dict.Set("key", "12345678"))
	fails(t, dict.Set("key", "123456789"), is(shareable.ErrCapacity, syscall.EINVAL), dict.Name(), "'key'", "8 bytes")
	fails(t, dict.Set("new", []byte("123456789")), is(shareable.ErrCapacity))
	fails(t, dict.Set("key", struct{}{}), is(shareable.ErrValueType), dict.Name(), "'key'", "not struct {}")
	fails(t, dict.Set("key", "\xff"), is(shareable.ErrUTF8))
	_, err := dict.Wait(soon(t), "key", []int{1})
	fails(t, err, is(shareable.ErrValueType), "not []int")
	equal(t, entries(t, dict), `"key": "12345678"`)
}

func dictRefusesUseAfterClose(t *testing.T) {
	dict := newDict(t, 4)
	ok(t, dict.Set("key", 1))
	byList := openDict(t, dict.Name())
	ok(t, byList.List().Close())
	_, err := byList.Get("key")
	fails(t, err, is(shareable.ErrClosed), dict.Name())
	wait := start(func() (any, error) { return dict.Wait(soon(t), "key", 1) })
	appears := start(func() (any, error) { return dict.WaitFor(soon(t), "absent") })
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 2; i++ {
		ok(t, dict.Close())
	}
	fails(t, (<-wait).err, is(shareable.ErrClosed), dict.Name())
	fails(t, (<-appears).err, is(shareable.ErrClosed), dict.Name())
	for _, key := range []any{"key", "absent", ""} {
		_, err := dict.Get(key)
		fails(t, err, is(shareable.ErrClosed, fs.ErrClosed), dict.Name())
		_, err = dict.Has(key)
		fails(t, err, is(shareable.ErrClosed))
		fails(t, dict.Set(key, 1), is(shareable.ErrClosed))
	}
	dict.All()(func(e shareable.Entry, err error) bool {
		fails(t, err, is(shareable.ErrClosed), dict.Name())
		return true
	})
	equal(t, []int{dict.Places(), dict.KeySize(), dict.ValueSize(), dict.Len()}, []int{4, 32, 64, 0})
	equal(t, dict.String(), fmt.Sprintf("Dict(%q, 4 places, closed)", dict.Name()))
}

// If the environment variable is set, the test program makes an owned dict of that name, and exits.
func init() {
	if name := os.Getenv("SHAREABLE_TEST_DICT_OWNER"); name != "" {
		_, err := shareable.NewDict(4, shareable.WithName(name), shareable.Owned())
		fmt.Println(err)
		os.Exit(0)
	}
}

func dictIsUnlinkedWhenItsOwnerExits(t *testing.T) {
	name := newName()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), "SHAREABLE_TEST_DICT_OWNER="+name)
	output, err := owner.Output()
	ok(t, err)
	equal(t, string(output), "<nil>\n")
	for end := time.Now().Add(10 * time.Second); exists(name) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	equal(t, exists(name), false)
}

func dictIsUnlinkedOnceAndThenNotFound(t *testing.T) {
	dict := newDict(t, 4)
	ok(t, dict.Unlink())
	fails(t, dict.Unlink(), is(shareable.ErrNotFound), dict.Name())
	_, err := shareable.OpenDict(dict.Name())
	fails(t, err, is(shareable.ErrNotFound, fs.ErrNotExist), dict.Name())
	ok(t, dict.Set("key", 1)) // other users keep using it
}
