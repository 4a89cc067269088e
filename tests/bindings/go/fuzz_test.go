package check_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unicode/utf8"

	"shareable"
)

// unlinked makes a list whose name is gone at once: nothing is left of a fuzzer that is killed.
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

const room = 256 // of the item that is fuzzed, in bytes

func FuzzAnyValueComesBackOrIsRefused(f *testing.F) {
	f.Add(uint8(0), int64(-1), 0.5, "howdy")
	f.Add(uint8(1), int64(1)<<62, -0.0, "trailing\x00\x00")
	f.Add(uint8(2), int64(7), 1e308, "é\u2028\U0010ffff")
	f.Add(uint8(3), int64(7), 1e-308, "\xff\xfe")
	f.Add(uint8(4), int64(7), 0.1, string(make([]byte, room)))
	f.Add(uint8(2), int64(7), 0.1, string(make([]byte, room+1)))
	list := unlinked(f, []any{shareable.Slot{Value: "kept", Capacity: room}, "neighbour"})
	f.Fuzz(func(t *testing.T, kind uint8, integer int64, real float64, text string) {
		ok(t, list.Set(0, "kept"))
		value := []any{integer, real, text, []byte(text), nil, integer > 0}[kind%6]
		_, isText := value.(string)
		_, isBytes := value.([]byte)
		switch err := list.Set(0, value); {
		case isText && !utf8.ValidString(text):
			fails(t, err, is(shareable.ErrUTF8), "item 0")
			value = "kept"
		case (isText || isBytes) && len(text) > room:
			fails(t, err, is(shareable.ErrSlot), "item 0")
			value = "kept"
		default:
			ok(t, err)
		}
		if number, isFloat := value.(float64); !isFloat || !math.IsNaN(number) { // which is not even itself
			item(t, list, 0, value)
			where, err := list.Index(value)
			ok(t, err)
			equal(t, where, 0)
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

// bytesOf is all of a list's block.
func bytesOf(t testing.TB, list *shareable.List) []byte {
	t.Helper()
	bytes := make([]byte, list.Memory().Size())
	if _, err := list.Memory().ReadAt(bytes, 0); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// open opens the bytes as a list, whose name is gone at once.
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

// Whatever is in a block: it is no list, or each of its items is a value or an error, and can be asked and written.
func FuzzHostileBytesAreRefusedOrAnswered(f *testing.F) {
	for _, options := range [][]shareable.CreateOption{nil, {shareable.Plain()}} {
		bytes := bytesOf(f, unlinked(f, demo(), options...))
		f.Add(bytes)
		f.Add(bytes[:len(bytes)-1])
		f.Add(append([]byte{6}, bytes[1:]...))
	}
	vectors, _ := filepath.Glob(os.Getenv("top_srcdir") + "/tests/vectors/*valid/*.bin")
	for _, vector := range vectors {
		if bytes, err := os.ReadFile(vector); err == nil {
			f.Add(bytes)
		}
	}
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
			ask(t, list, i)
		}
		for _, err := range []error{
			second(list.Format()), second(list.Count("howdy")), second(list.Index(42)), second(list.Values()),
			second(list.Digest()), second(list.GetInts(0, make([]int64, 3))), second(list.TryLock()), list.Unlock(),
		} {
			if err != nil {
				fails(t, err, nil)
			}
		}
		equal(t, list.String() != "", true)
	})
}

// ask asks an item for all that it has, and writes it.
func ask(t *testing.T, list *shareable.List, index int) {
	value, err := list.Get(index)
	kind, _ := list.Type(index)
	types := map[shareable.Type]any{shareable.TypeInt: int64(0), shareable.TypeFloat: 0.0, shareable.TypeBool: false,
		shareable.TypeStr: "", shareable.TypeBytes: []byte(nil)}
	if err == nil {
		equal(t, reflect.TypeOf(value), reflect.TypeOf(types[kind]))
	}
	for _, set := range []any{value, 7, "text", []byte("bytes"), 0.5, nil} {
		err := list.Set(index, set)
		if errors.Is(err, shareable.ErrTimedOut) {
			return // the bytes say that somebody is writing it, which takes a second to doubt
		}
		if err != nil {
			fails(t, err, nil)
			continue
		}
		_, err = list.Get(index)
		ok(t, err)
	}
}
