// Package shareable shares memory between processes: blocks of bytes, lists of values, dicts, and arrays
// of numbers, which processes find by name and use at the same time.
//
// It does what CPython's multiprocessing.shared_memory does, and stores values in the same bytes. A
// Python program sees a [List] as a ShareableList and a [Memory] as a SharedMemory. Programs in C
// or Lua that use this library share the same lists and blocks.
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
// The package is installed as source, together with the library. It needs cgo, a C compiler and
// pkg-config. A module uses it after
//
//	go mod edit -require=shareable@v0.0.0 -replace=shareable=/usr/share/gocode/src/shareable
//
// A build without modules sets GO111MODULE=off and GOPATH=/usr/share/gocode.
//
// # Values
//
// An item is an int of 64 bits, a float of 64 bits, a bool, a str (UTF-8, checked on every write
// and every read), bytes or None. In Go, any integer, float, bool, string, []byte or nil can be
// stored, and any type defined by one of these. Reading an item returns int64, float64, bool,
// string, []byte or nil. An index counts from 0, or from the end if it is negative: -1 is the last
// item.
//
// [List.Get] and [List.Set] take any value. The typed getters and setters of numbers, and [At], do
// not allocate. The getters read an item in a few nanoseconds, without a lock and without a call of
// C. The setters of numbers, [List.Add], [List.Swap] and [List.CompareAndSwap] write in less time
// than a call of C takes. All of them call C only if a writer holds the item, if the item is corrupt
// or has another type, or if the list has no sync area. [NewListOf] creates a list from values of
// one type. A list of only ints or only floats is also a slice: [List.Int64s] and [List.Float64s]
// return the list's memory, not a copy, and are as fast as any slice.
//
// # Dicts
//
// A [Dict] has keys, each a string or a []byte, and values of the types above. Processes insert and
// delete keys at any time, and a process that is killed while it does so leaves the dict usable.
// [Dict.Get] and the typed getters, [Get] and [GetOr], find a key without a lock, and without a call of
// C unless a key has a TTL. [Dict.Add] inserts an absent key, so that counters need no preparation.
//
//	limits, err := shareable.OpenDict("limits")
//	if err != nil {
//		return err
//	}
//	defer limits.Close()
//	requests, err := limits.Add(client, 1, shareable.WithTTL(time.Minute))
//
// # Arrays
//
// An [Array] is a block that contains numbers or bools of one type, with a shape, in the format of
// NumPy's .npy files. A Python program with NumPy alone opens it by
// np.load("/dev/shm/NAME", mmap_mode="r+"). [Array.Data] returns its memory as a slice, which is as
// fast as any slice, and [Array.Row] a part of it. [OpenArray] fails if the items have another type.
// A [RawArray] is an array of items of any type, as bytes.
//
//	image, err := shareable.OpenArray[uint8]("image")
//	if err != nil {
//		return err
//	}
//	defer image.Close()
//	row, err := image.Row(10) // []uint8
//
// # Lifetime
//
// A block exists until its name is removed, even if no process uses it. One process must remove the
// name, by [Memory.Unlink], [List.Unlink], [Dict.Unlink], [Array.Unlink] or [Unlink]. The name of a
// block created with [Owned] is removed when the process that created it ends. Close ends this
// handle's access and does nothing else. A finalizer closes a handle that becomes unreachable without
// Close, but at no particular time: do not rely on it. A Memory, List, Dict or Array must not be
// copied: programs pass its pointer.
//
// Unlink removes only the name: processes that have the block open keep using it. Go has no fork. A
// program that this process starts inherits none of its blocks and owns none of them. The header
// shareable.h describes what fork() does in C and Python.
//
// # Errors
//
// Every failure is an [*Error], except that [List.Lock] and the waits return the error of a context
// that ends them. Use [errors.Is] to find out the kind of failure. It accepts this package's Err
// variables and the standard library's [io/fs.ErrNotExist], [io/fs.ErrExist],
// [io/fs.ErrPermission], [io/fs.ErrClosed], [syscall.ENOSPC], and every other [syscall.Errno] that
// the system returned. Nothing in this package panics. A nil handle and a zero handle count as
// closed.
//
// # Goroutines
//
// Many goroutines may call all methods at once, including Close. A read during Close returns a
// value or [ErrClosed]. Close waits for other calls in progress, and later calls fail with
// [ErrClosed]. Between users of this library, every read and write of an item is atomic, whatever
// the item's type. In a list that was created with [NoSync] or by stock Python, this is true only
// of an int or a float that keeps its type. Writes to the bytes of a block or to the items of an
// array are not atomic: another process may see a part of a write.
//
// [List.Add], [List.Swap] and [List.CompareAndSwap] change an int atomically, as the functions of
// these names in sync/atomic do. For a change of several steps, use the list's lock, which works
// between processes and between goroutines:
//
//	ownerDied, err := list.Lock(ctx)
//	if err != nil {
//		return err
//	}
//	defer list.Unlock()
//	if ownerDied {
//		repair(list) // the previous owner may have left a change incomplete
//	}
//
// If a process dies while it holds the lock, or closes or drops the list without unlocking it,
// other processes do not wait forever: the next Lock returns true for ownerDied.
//
// [List.Wait] waits until an item differs from a value, and [List.WaitAny] until anything in the
// list has changed. [Dict.Wait] and [Dict.WaitFor] wait for a key. While they wait, they do not keep a
// processor busy:
//
//	for seen, err := list.Get(2); err == nil; seen, err = list.Wait(ctx, 2, seen) {
//		show(seen)
//	}
//
// # What can still kill a program
//
// Any process that may write a block may also truncate its file. An access to the memory that was
// cut off then raises SIGBUS, which ends a Go program. This applies to every method that reads or
// writes items or the block's memory, and to the slices of memory that [Memory.Bytes],
// [List.Int64s], [List.Float64s], [Array.Data] and [Array.Row] return. A write to such a slice also
// raises a fault if the block was opened [ReadOnly]. Share blocks only with processes that you trust:
// the mode decides which processes may open them.
package shareable

import "shareable/internal/raw"

// Version returns the version of the C library in use, "major.minor.patch".
func Version() string {
	return raw.Version()
}
