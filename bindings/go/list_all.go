//go:build !go1.23

package shareable

// All returns an iterator over the items, in their order. From Go 1.23 on it is an iter.Seq2[any, error], and what it
// calls yield with are the rounds of
//
//	for value, err := range list.All() {
//
// The error is that of [List.Get].
func (l *List) All() func(yield func(value any, err error) bool) {
	return l.each
}
