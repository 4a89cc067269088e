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
