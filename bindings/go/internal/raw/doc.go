// Package raw calls the C library for the package shareable.
//
// SWIG generates most of it (raw.go and raw_wrap.c, from swig/go.i). The other files contain what
// Go needs in another form: the structures that both sides fill in, reading items, atomic
// operations, and waiting.
package raw

// SWIG declares an int64_t as a long long, which has the same width but is another type.

// #cgo pkg-config: shareable
// #cgo CFLAGS: -Wno-incompatible-pointer-types -fno-strict-aliasing
import "C"
