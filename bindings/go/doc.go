// Package shareable shares memory between processes: blocks of bytes, and lists of values, live, by name.
//
// It is what CPython's multiprocessing.shared_memory does, in CPython's own bytes: a [List] is a ShareableList and a
// [Memory] is a SharedMemory to every Python program, and to every program in C or Lua that uses this library.
//
//	list, err := shareable.NewList([]any{"howdy", []byte("HoWdY"), -273.154, 100, nil, true, 42},
//		shareable.WithName("demo"))
//	if err != nil {
//		return err
//	}
//	defer list.Close()
//	err = list.Set(2, -78.5)
//
// and in another process
//
//	list, err := shareable.OpenList("demo")
//	if err != nil {
//		return err
//	}
//	defer list.Close()
//	celsius, err := list.GetFloat(2)
//
// # Building
//
// The package is installed as source, beside the library: it takes cgo, a C compiler and pkg-config. A module uses
// it by
//
//	go mod edit -require=shareable@v0.0.0 -replace=shareable=/usr/share/gocode/src/shareable
//
// and a build without modules by GO111MODULE=off and GOPATH=/usr/share/gocode.
//
// # Values
//
// An item is an int of 64 bits, a float of 64 bits, a bool, a str (UTF-8, checked when it is written and when it is
// read), bytes or None. In Go it is given as any integer, float, bool, string, []byte or nil, also of a type defined by
// one of these, and comes back as int64, float64, bool, string, []byte or nil. An index counts from 0, or from the end
// when it is negative: -1 is the last item.
//
// [List.Get] and [List.Set] take any value; the typed getters and setters of numbers, and [At], do not allocate. A list of
// numbers alone is made by [NewListOf], and is a slice as well: [List.Int64s] and [List.Float64s] are its memory, not a
// copy, at the speed of any slice.
//
// # Lifetime
//
// A block outlives every process until its name is removed, by [Memory.Unlink], [List.Unlink] or [Unlink], once; one that was
// made [Owned] goes with the process that made it. Close ends this handle's access and nothing else. What becomes
// unreachable without Close is closed by a finalizer, some time later: a net, nothing to build on.
//
// The name is all that Unlink removes: who has the block open keeps using it. Go has no fork, and what a program starts
// inherits no block of it and owns none; the other end of a fork() in C or Python is told of in shareable.h.
//
// # Errors
//
// Every failure is an [*Error], but for that of a context that ends [List.Lock] or a wait. Ask with [errors.Is] what it
// is, by one of this package's Err variables or by what the standard library has: [io/fs.ErrNotExist],
// [io/fs.ErrExist], [io/fs.ErrPermission], [io/fs.ErrClosed], [syscall.ENOSPC], and every other [syscall.Errno] that
// the system gave. Nothing in this package panics, on a nil or a zero handle neither: those are closed ones.
//
// # Goroutines
//
// All methods may be called by many goroutines at once, Close included: it waits for those that are under way, and
// the later ones fail with [ErrClosed]. An item is read and written whole, whatever its type, among all who use this
// library; of a list that is [Plain], or that stock Python made, that holds for an int or a float that keeps its type.
// What is written to a block can be seen half done.
//
// [List.Add], [List.Swap] and [List.CompareAndSwap] change an int in one step, as their namesakes in sync/atomic do. What
// takes several steps is for the list's lock, by which processes and goroutines agree:
//
//	if err := list.Lock(ctx); errors.Is(err, shareable.ErrOwnerDied) {
//		mend(list) // it is locked, but what another was doing may be half done
//	} else if err != nil {
//		return err
//	}
//	defer list.Unlock()
//
// Who ends while having the lock, or closes the list or drops it, does not hold up the others: the next one gets
// [ErrOwnerDied].
//
// [List.Wait] waits until an item is something else than it was, and [List.WaitAny] until anything in the list has
// changed, without keeping a processor busy meanwhile:
//
//	for seen, err := list.Get(2); err == nil; seen, err = list.Wait(ctx, 2, seen) {
//		show(seen)
//	}
//
// # What can still kill a program
//
// Whoever may write a block may also shorten its file; touching memory that is cut off is a fault, which ends a Go
// program. So does writing to [Memory.Bytes], [List.Int64s] or [List.Float64s] of what was opened [ReadOnly]. Give
// blocks to processes you trust; the mode decides.
package shareable

import "shareable/internal/raw"

// Version returns the version of the C library in use, "major.minor.patch".
func Version() string {
	return raw.Version()
}
