//go:build shareable_pkgconfig

package raw

// The library is installed. The C sources in this folder are not used.

// #cgo pkg-config: shareable
import "C"
