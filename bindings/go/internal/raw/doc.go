// Package raw calls the C library for the package shareable.
//
// SWIG generates most of it (raw.go and raw_wrap.c) from swig/go.i. The other files are written by
// hand: structures that Go and C share, managers, access in place, reading items, atomic operations,
// waiting, watches, arrays, and dicts.
package raw

// SWIG declares an int64_t as a long long, which has the same width but is a different type. The
// first flag silences the compiler's warning about it.

// #cgo pkg-config: shareable
// #cgo CFLAGS: -Wno-incompatible-pointer-types -fno-strict-aliasing
import "C"
