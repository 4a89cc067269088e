//go:build go1.23

package check_test

import (
	"iter"
	"testing"

	"shareable"
)

func TestRangeOverAListYieldsItsItems(t *testing.T) {
	list := newList(t, demo())
	var got []any
	for value, err := range list.All() {
		ok(t, err)
		got = append(got, value)
	}
	equal(t, got, demoRead())
	next, stop := iter.Pull2(list.All())
	defer stop()
	value, err, more := next()
	ok(t, err)
	equal(t, more, true)
	equal(t, value, any("howdy"))
}

func TestRangeOverAClosedListYieldsErrors(t *testing.T) {
	list := newList(t, []any{1, 2})
	ok(t, list.Close())
	rounds := 0
	for _, err := range list.All() {
		fails(t, err, is(shareable.ErrClosed), list.Name())
		rounds++
	}
	equal(t, rounds, 2)
}

func TestRangeOverADictYieldsItsEntries(t *testing.T) {
	dict := newDict(t, 10)
	fill(t, dict, 3)
	seen := map[any]any{}
	for entry, err := range dict.All() {
		ok(t, err)
		seen[entry.Key] = entry.Value
	}
	equal(t, seen, map[any]any{"key0": int64(0), "key1": int64(1), "key2": int64(2)})
	ok(t, dict.Close())
	rounds := 0
	for _, err := range dict.All() {
		fails(t, err, is(shareable.ErrClosed), dict.Name())
		rounds++
	}
	equal(t, rounds, 1)
}
