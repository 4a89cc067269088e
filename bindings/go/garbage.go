package shareable

import "shareable/internal/raw"

// Finding is what [Garbage] found out about a block.
type Finding struct {
	Name    string // of the block
	Garbage bool   // a process that has ended owned it, and nobody uses it
	Removed bool   // so it is gone
	Reason  string // why it is what it is, in words
}

// Garbage looks at every block there is, stock Python's too, and tells which are garbage: made [Owned] by a process that
// has ended, as a lock of the kernel's proves, and mapped by nobody. With remove it unlinks those. Whatever cannot be
// proven to be garbage stays, however old it is. It is for what is left where what cleans up after a process was killed
// together with it, as by the end of a container. The findings are in the order of their names.
//
// It sees to the blocks of this user, and for root to everybody's. It fails with [ErrNoMemory], [ErrPermission] or
// [ErrSystem].
func Garbage(remove bool) ([]Finding, error) {
	answer := new(raw.Error)
	found, status := raw.Garbage(remove, answer)
	if status != 0 {
		return nil, told(answer)
	}
	findings := make([]Finding, len(found))
	for i, f := range found {
		findings[i] = Finding{f.Name, f.Fate != raw.FateKept, f.Fate == raw.FateRemoved, f.Reason}
	}
	return findings, nil
}
