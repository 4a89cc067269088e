//go:build go1.23

package shareable

import "iter"

// All returns an iterator over the items in order:
//
//	for value, err := range list.All() {
//
// The error is that of [List.Get]. If another process has truncated the block, the call raises
// SIGBUS.
func (l *List) All() iter.Seq2[any, error] {
	return l.each
}
