//go:build !go1.23

package shareable

// All returns an iterator over the keys and their values, in no particular order. It calls yield
// with each entry until yield returns false. From Go 1.23 on, All returns an iter.Seq2[Entry,
// error], for
//
//	for entry, err := range dict.All() {
//
// A key that is in the dict during the whole visit is visited once. A key that is inserted or
// deleted meanwhile may be visited, and visited twice if it is inserted again. The visit takes no
// lock. The error is that of [Dict.Get]; the visit continues with the next key, unless the dict is
// closed. If another process has truncated the block, the call raises SIGBUS.
func (d *Dict) All() func(yield func(entry Entry, err error) bool) {
	return d.each
}
