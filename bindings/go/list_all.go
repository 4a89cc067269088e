//go:build !go1.23

package shareable

// All returns an iterator over the items in order. It calls yield with each item until yield
// returns false. From Go 1.23 on, All returns an iter.Seq2[any, error], for
//
//	for value, err := range list.All() {
//
// The error is that of [List.Get]. If another process has truncated the block, the call raises
// SIGBUS.
func (l *List) All() func(yield func(value any, err error) bool) {
	return l.each
}
