//go:build !go1.23

package shareable

// All returns an iterator over the items, in their order: it calls yield with each of them, until that returns false. From
// Go 1.23 on it is an iter.Seq2[any, error], for
//
//	for value, err := range list.All() {
//
// The error is that of [List.Get].
func (l *List) All() func(yield func(value any, err error) bool) {
	return l.each
}
