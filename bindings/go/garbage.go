package shareable

import "shareable/internal/raw"

// Finding is what [Garbage] found out about one block.
type Finding struct {
	Name    string // name of the block
	Garbage bool   // its owner has ended, and no process uses it
	Removed bool   // Garbage removed it
	Reason  string // why the block is kept, or is garbage
}

// Garbage examines every block, including stock Python's, and returns which are garbage. A block is
// garbage if a process that made it [Owned] has ended and no process has it open or mapped. Both
// must be proven: the first by the lock that the owner held, the second by the kernel. A block that
// cannot be proven to be garbage is kept, however old it is. If remove is true, Garbage unlinks the
// garbage.
//
// Call it to remove blocks that are left because the reaper was killed together with a block's
// owner, as at the end of a container. The findings are sorted by name.
//
// Garbage considers only this user's blocks; for root, those of all users. It fails with
// [ErrNoMemory], [ErrPermission] or [ErrSystem].
func Garbage(remove bool) ([]Finding, error) {
	cerr := new(raw.Error)
	found, status := raw.Garbage(remove, cerr)
	if status != 0 {
		return nil, goError(cerr)
	}
	findings := make([]Finding, len(found))
	for i, f := range found {
		findings[i] = Finding{f.Name, f.Fate != raw.FateKept, f.Fate == raw.FateRemoved, f.Reason}
	}
	return findings, nil
}
