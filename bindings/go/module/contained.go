//go:build !shareable_pkgconfig

package raw

// The library, the reaper and the manager are compiled from the C sources in this folder.

// #cgo CFLAGS: -std=gnu11 -fvisibility=hidden -DSHAREABLE_CONTAINED -DSHAREABLE_API=
// #cgo LDFLAGS: -lnettle -lunistring -luv
import "C"
