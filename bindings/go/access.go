package shareable

import (
	"math/bits"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"

	"shareable/internal/raw"
)

// access contains the addresses of a list's parts, for reads in Go by the rules of layout.md.
//
// Another process may write anything at any time. So every load is an atomic load of 4 or 8 aligned
// bytes, and each number is checked after it was loaded. The loads of sync/atomic are executed in
// the order of the program, on every machine.
type access struct {
	count    uint64         // the number of items; 0 if Go cannot read the list
	dataSize uint64         // of the data area, in bytes
	versions unsafe.Pointer // the version words
	offsets  unsafe.Pointer
	formats  unsafe.Pointer
	codes    unsafe.Pointer
	data     unsafe.Pointer
}

// areaVersion is the version of the sync area whose rules this package follows.
const areaVersion = 2

// The flags of a version word, all of them, and the lowest bit of the version.
const (
	versionLocked     = 1 // a writer has the item locked
	versionSlowStores = 2
	versionCorrupt    = 4
	versionUnlogged   = 8
	versionFlags      = 15
	versionOne        = 16
)

// unreadable contains the flags with which Go cannot read the item.
const unreadable = versionLocked | versionCorrupt

// The recreation codes.
const (
	codeNumber = 0
	codeStr    = 1
	codeBytes  = 2
	codeNone   = 3
)

// The formats as words of this machine.
var (
	formatInt   = wordOf("q\x00\x00\x00\x00\x00\x00\x00")
	formatFloat = wordOf("d\x00\x00\x00\x00\x00\x00\x00")
	formatBool  = wordOf("xxxxxxx?")
	formatNone  = wordOf("xxxxxx?x")
)

// Values that depend on the byte order of this machine.
var (
	boolMask    = wordOf("\x00\x00\x00\x00\x00\x00\x00\xff") // the byte of a bool in its word
	isBigEndian = boolMask == 0xff
	codeFlip    = map[bool]uint64{false: 0, true: 24}[isBigEndian]
)

// wordOf returns eight bytes as a word of this machine.
func wordOf(eight string) (word uint64) {
	copy((*[8]byte)(unsafe.Pointer(&word))[:], eight)
	return word
}

// hasAtomicWords is false on a machine of 32 bits, on which an operation of sync/atomic on 8 bytes
// may be several under a lock of this process, which other processes do not know. C reads and writes
// all items there.
const hasAtomicWords = bits.UintSize == 64

// newAccess returns the access to a list. Without a sync area that this package knows, the count is
// 0.
func newAccess(parts raw.Access) access {
	if parts.AreaVersion != areaVersion || !hasAtomicWords {
		return access{}
	}
	return access{
		count:    parts.Count,
		dataSize: parts.DataSize,
		versions: parts.VersionWords,
		offsets:  parts.Offsets,
		formats:  parts.Formats,
		codes:    parts.Codes,
		data:     parts.Data,
	}
}

// wordAt returns the address of word i of the words at the address.
func wordAt(words unsafe.Pointer, i uint64) *uint64 {
	return (*uint64)(unsafe.Add(words, 8*i))
}

// load loads word i of the words at the address.
func load(words unsafe.Pointer, i uint64) uint64 {
	return atomic.LoadUint64(wordAt(words, i))
}

// find converts an index, which may count from the end. It returns false if there is no such item.
func (a *access) find(index int) (i uint64, ok bool) {
	i = uint64(index)
	if index < 0 {
		i += a.count
	}
	return i, i < a.count
}

// slot returns the offset of a slot in the data area, and its size. The size is 0 if the offsets
// are corrupt.
func (a *access) slot(i uint64) (start, size uint64) {
	start, end := load(a.offsets, i), load(a.offsets, i+1)
	if start >= end || end > a.dataSize || (start|end)&7 != 0 {
		return 0, 0
	}
	return start, end - start
}

// code loads a recreation code, by the aligned 4 bytes that contain it. They are inside the
// mapping, which consists of whole pages.
func (a *access) code(i uint64) uint64 {
	word := atomic.LoadUint32((*uint32)(unsafe.Add(a.codes, i&^3)))
	return uint64(word >> ((8*i ^ codeFlip) & 31) & 0xff)
}

// text copies the text of a slot. It returns false if the format is not that of a text. The caller
// must check that the item has not changed.
func (a *access) text(start, size, format uint64) (text []byte, ok bool) {
	length, isExact, ok := parseText(format)
	if !ok || length > size {
		return nil, false
	}
	words := unsafe.Add(a.data, start)
	if !isExact {
		length = lengthWithoutNULs(words, length)
	}
	text = make([]byte, length)
	for k, rest := uint64(0), text; len(rest) > 0; k++ {
		word := load(words, k)
		rest = rest[copy(rest, (*[8]byte)(unsafe.Pointer(&word))[:]):]
	}
	return text, true
}

// parseText parses the format of a text: one to seven digits, "s", and a space if the length is
// exact.
func parseText(format uint64) (length uint64, isExact, ok bool) {
	if isBigEndian {
		format = bits.ReverseBytes64(format)
	}
	digits := 0
	for ; digits < 7 && format&0xff-'0' <= 9; digits++ {
		length = 10*length + format&0xff - '0'
		format >>= 8
	}
	isExact = format == 's'|' '<<8
	return length, isExact, digits > 0 && (isExact || format == 's')
}

// lengthWithoutNULs returns the length of a text in a slot without the NULs at its end.
func lengthWithoutNULs(words unsafe.Pointer, length uint64) uint64 {
	for length > 0 {
		k := (length - 1) / 8
		word := load(words, k)
		if isBigEndian {
			word = bits.ReverseBytes64(word)
		}
		word &= ^uint64(0) >> (64 - 8*(length-8*k))
		if word != 0 {
			return 8*k + uint64(bits.Len64(word)+7)/8
		}
		length = 8 * k
	}
	return 0
}

// isText reports whether the bytes are valid for the code of a str or of bytes.
func isText(text []byte, code uint64) bool {
	return code == codeBytes || utf8.Valid(text)
}
