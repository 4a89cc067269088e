package shareable

import "shareable/internal/raw"

// Entry is a key of a [Dict] and its value.
type Entry struct {
	Key   any // a string or a []byte
	Value any // as [Dict.Get] returns it
}

// each calls yield with each entry until yield returns false.
func (d *Dict) each(yield func(entry Entry, err error) bool) {
	m := d.block()
	visit := raw.NewDictVisit(d.KeySize())
	for {
		var key, value raw.Item
		status := m.call(func(uintptr) (status int) {
			key, value, status = visit.Next(m.dict)
			return status
		})
		switch Status(status) {
		case 0:
			if !yield(Entry{goValue(key), goValue(value)}, nil) {
				return
			}
		case ErrNoKey:
			return
		case ErrClosed:
			yield(Entry{}, d.dictError(status))
			return
		default:
			if !yield(Entry{}, d.dictError(status)) {
				return
			}
		}
	}
}

// Entries returns all keys with their values, in no particular order: see [Dict.All]. If a value
// cannot be read, it returns the error of [Dict.Get] for the first such value. If another process
// has truncated the block, the call raises SIGBUS.
func (d *Dict) Entries() ([]Entry, error) {
	entries := []Entry{}
	var failure error
	d.each(func(entry Entry, err error) bool {
		entries, failure = append(entries, entry), err
		return err == nil
	})
	if failure != nil {
		return nil, failure
	}
	return entries, nil
}
