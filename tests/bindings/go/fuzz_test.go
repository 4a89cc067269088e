package check_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"shareable"
)

// unlinked makes a list and unlinks it at once, so that a fuzzer that is killed leaves no block.
func unlinked(t testing.TB, values []any, options ...shareable.CreateOption) *shareable.List {
	t.Helper()
	list, err := shareable.NewList(values, append(options, shareable.WithName(newName()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list.Close() })
	if err := list.Unlink(); err != nil {
		t.Fatal(err)
	}
	return list
}

const capacity = 256 // bytes of the item that is fuzzed

func FuzzSetStoresTheValueOrFails(f *testing.F) {
	f.Add(uint8(0), int64(-1), 0.5, "howdy")
	f.Add(uint8(1), int64(1)<<62, math.Copysign(0, -1), "trailing\x00\x00")
	f.Add(uint8(2), int64(7), 1e308, "é\u2028\U0010ffff")
	f.Add(uint8(3), int64(7), 1e-308, "\xff\xfe")
	f.Add(uint8(4), int64(7), 0.1, string(make([]byte, capacity)))
	f.Add(uint8(2), int64(7), 0.1, string(make([]byte, capacity+1)))
	list := unlinked(f, []any{shareable.Slot{Value: "kept", Capacity: capacity}, "neighbour"})
	f.Fuzz(func(t *testing.T, kind uint8, integer int64, real float64, text string) {
		ok(t, list.Set(0, "kept"))
		value := []any{integer, real, text, []byte(text), nil, integer > 0}[kind%6]
		_, isText := value.(string)
		_, isBytes := value.([]byte)
		switch err := list.Set(0, value); {
		case isText && !utf8.ValidString(text):
			fails(t, err, is(shareable.ErrUTF8), "item 0")
			value = "kept"
		case (isText || isBytes) && len(text) > capacity:
			fails(t, err, is(shareable.ErrCapacity), "item 0")
			value = "kept"
		default:
			ok(t, err)
		}
		if number, isFloat := value.(float64); !isFloat || !math.IsNaN(number) { // a NaN equals nothing
			item(t, list, 0, value)
			index, err := list.Index(value)
			ok(t, err)
			equal(t, index, 0)
		}
		item(t, list, 1, "neighbour")
		again, err := list.Get(0)
		ok(t, err)
		made := unlinked(t, []any{again})
		kind0, err := list.Type(0)
		ok(t, err)
		kind1, err := made.Type(0)
		ok(t, err)
		equal(t, kind1, kind0)
		ok(t, made.Close())
	})
}

// blockBytes returns a copy of all bytes of a list's block.
func blockBytes(t testing.TB, list *shareable.List) []byte {
	t.Helper()
	bytes := make([]byte, list.Memory().Size())
	if _, err := list.Memory().ReadAt(bytes, 0); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// open copies the bytes into a block, opens it as a list, and unlinks it.
func open(t *testing.T, bytes []byte) (*shareable.List, error) {
	t.Helper()
	memory, err := shareable.NewMemory(len(bytes), shareable.WithName(newName()))
	ok(t, err)
	defer memory.Close()
	defer memory.Unlink()
	_, err = memory.WriteAt(bytes, 0)
	ok(t, err)
	return shareable.OpenList(memory.Name())
}

// Whatever bytes a block contains, opening it as a list fails, or every item can be read and
// written, or is an error.
func FuzzListOfArbitraryBytes(f *testing.F) {
	for _, options := range [][]shareable.CreateOption{nil, {shareable.NoSync()}} {
		bytes := blockBytes(f, unlinked(f, demo(), options...))
		f.Add(bytes)
		f.Add(bytes[:len(bytes)-1])
		f.Add(append([]byte{6}, bytes[1:]...))
	}
	addVectors(f, "*valid")
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) == 0 || len(bytes) > 1<<16 {
			return
		}
		list, err := open(t, bytes)
		if err != nil {
			fails(t, err, nil)
			return
		}
		defer list.Close()
		for i := 0; i < list.Len() && i < 16; i++ {
			checkItem(t, list, i)
		}
		_, _, locking := list.TryLock()
		for _, err := range []error{
			second(list.Format()), second(list.Count("howdy")), second(list.Index(42)), second(list.Values()),
			second(list.Hash()), second(list.GetInts(0, make([]int64, 3))), locking, list.Unlock(),
		} {
			if err != nil {
				fails(t, err, nil)
			}
		}
		equal(t, list.String() != "", true)
	})
}

// checkItem reads an item in every way, and writes it.
func checkItem(t *testing.T, list *shareable.List, index int) {
	value, err := list.Get(index)
	kind, _ := list.Type(index)
	types := map[shareable.Type]any{shareable.TypeInt: int64(0), shareable.TypeFloat: 0.0, shareable.TypeBool: false,
		shareable.TypeStr: "", shareable.TypeBytes: []byte(nil)}
	if err == nil {
		equal(t, reflect.TypeOf(value), reflect.TypeOf(types[kind]))
	}
	for _, set := range []any{value, 7, "text", []byte("bytes"), 0.5, nil} {
		err := list.Set(index, set)
		if errors.Is(err, shareable.ErrBusy) {
			return // the bytes show a writer that holds the item, for which each write waits a second
		}
		if err != nil {
			fails(t, err, nil)
			continue
		}
		_, err = list.Get(index)
		ok(t, err)
	}
}

// addVectors adds the files in the folders of tests/vectors that match a pattern.
func addVectors(f *testing.F, folders string) {
	f.Helper()
	vectors, _ := filepath.Glob(os.Getenv("top_srcdir") + "/tests/vectors/" + folders + "/*.bin")
	for _, vector := range vectors {
		if bytes, err := os.ReadFile(vector); err == nil {
			f.Add(bytes)
		}
	}
}

// dictBytes returns the bytes of a dict with some keys.
func dictBytes(f *testing.F, options ...shareable.CreateOption) []byte {
	f.Helper()
	dict := newDict(f, 6, options...)
	for key, value := range map[string]any{"color": "blue", "size": 42, "long": strings.Repeat("x", 60), "none": nil} {
		if err := dict.Set(key, value, shareable.WithTTL(time.Hour)); err != nil {
			f.Fatal(err)
		}
	}
	return blockBytes(f, dict.List())
}

// Whatever bytes a block contains, opening it as a dict fails, or every key can be read and
// written, or is an error.
func FuzzDictOfArbitraryBytes(f *testing.F) {
	for _, options := range [][]shareable.CreateOption{nil, {shareable.Evict()}} {
		bytes := dictBytes(f, options...)
		f.Add(bytes)
		f.Add(bytes[:len(bytes)-8])
		f.Add(append([]byte{6}, bytes[1:]...))
		area := strings.Index(string(bytes), "shr.dict")
		for offset := area; offset < len(bytes); offset += 8 {
			damaged := append([]byte{}, bytes...)
			for i := range damaged[offset : offset+8] {
				damaged[offset+i] ^= byte(offset * 37)
			}
			f.Add(damaged)
		}
		f.Add(append(bytes[:area:area], make([]byte, 1000)...))
	}
	f.Add(blockBytes(f, unlinked(f, []any{"color", "blue", nil, nil, []byte("size"), 42}, shareable.NoSync())))
	addVectors(f, "dicts")
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) == 0 || len(bytes) > 1<<16 {
			return
		}
		memory, err := shareable.NewMemory(len(bytes), shareable.WithName(newName()))
		ok(t, err)
		defer memory.Close()
		defer memory.Unlink()
		_, err = memory.WriteAt(bytes, 0)
		ok(t, err)
		for _, options := range [][]shareable.OpenOption{{shareable.ReadOnly()}, nil} {
			dict, err := shareable.OpenDict(memory.Name(), options...)
			if err != nil {
				fails(t, err, nil)
				continue
			}
			checkDict(t, dict)
			ok(t, dict.Close())
		}
	})
}

// checkDict reads the keys of a dict in every way, and writes them.
func checkDict(t *testing.T, dict *shareable.Dict) {
	t.Helper()
	now := shareable.WithTimeout(0)
	keys := []any{"color", []byte("size"), "absent"}
	dict.All()(func(entry shareable.Entry, err error) bool {
		keys = append(keys, entry.Key)
		return err == nil && len(keys) < 12
	})
	for _, key := range keys {
		if key == nil {
			continue // the key could not be read
		}
		_, _, stale := dict.GetStale(key)
		for _, err := range []error{
			second(dict.Get(key)), second(dict.GetInt(key)), second(dict.GetString(key)), second(dict.Has(key)),
			second(dict.TTL(key)), stale, second(dict.Add(key, 1, now)), dict.Set(key, "text", now),
			second(dict.CompareAndSwap(key, 1, 2, now)), dict.Expire(key, time.Hour, now), second(dict.Pop(key, now)),
			dict.Set(key, 1.5, now), dict.Delete(key, now),
		} {
			if errors.Is(err, shareable.ErrBusy) {
				return // the bytes show a writer that holds the item, for which each call waits a second
			}
			if err != nil {
				fails(t, err, nil)
			}
		}
	}
	for _, err := range []error{
		second(dict.DeleteExpired(0, now)), dict.Reindex(now), dict.CopyTo(dict, now), dict.Clear(now), second(dict.Entries()),
	} {
		if err != nil {
			fails(t, err, nil)
		}
	}
	equal(t, dict.String() != "", true)
}
