// Package raw is the C library as the package shareable calls it.
//
// SWIG writes most of it (raw.go and raw_wrap.c, made of swig/go.i). The files beside those hold what Go wants in
// another form: the structures that both sides fill in, the reading of items, the atomic operations on them, and waiting.
package raw

// SWIG takes an int64_t for a long long, which is as wide but has another name.

// #cgo pkg-config: shareable
// #cgo CFLAGS: -Wno-incompatible-pointer-types -fno-strict-aliasing
import "C"
