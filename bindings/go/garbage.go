package shareable

import "shareable/internal/raw"

// GarbageResult is the result of [Garbage] about one block.
type GarbageResult struct {
	Name    string // name of the block
	Garbage bool   // the block's owner has ended, and no process uses the block
	Removed bool   // Garbage removed it
	Reason  string // why the block is kept, or is garbage
}

// Garbage examines every block, including stock Python's, and returns a result for each. A block
// is garbage if the process that made it [Owned] has ended and no process has it open or mapped.
// Garbage requires proof of both: the lock that the owner held is free, and the kernel reports no
// process that uses the block. Without this proof, a block is kept, however old it is. If remove is
// true, Garbage unlinks the garbage.
//
// Call Garbage to remove blocks that are left because the reaper was killed together with the
// owner, for example at the end of a container. The results are sorted by name.
//
// Garbage considers only this user's blocks, or those of all users if root calls it. It fails with
// [ErrNoMemory], [ErrPermission] or [ErrSystem].
func Garbage(remove bool) ([]GarbageResult, error) {
	cerr := new(raw.Error)
	found, status := raw.Garbage(remove, cerr)
	if status != 0 {
		return nil, goError(cerr)
	}
	results := make([]GarbageResult, len(found))
	for i, f := range found {
		results[i] = GarbageResult{f.Name, f.Result != raw.GCKept, f.Result == raw.GCRemoved, f.Reason}
	}
	return results, nil
}
