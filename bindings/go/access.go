package shareable

import (
	"math"
	"math/bits"
	"sync/atomic"
	"unicode/utf8"
	"unsafe"

	"shareable/internal/raw"
)

// access reads items without a call of C, by the rules of a reader in layout.md: "Reading what
// cannot be trusted" and "Reading". It reads an item that is valid, not locked and does not change.
// In every other case, C reads the item.
//
// Another process may write anything at any time. So every load is an atomic load of 4 or 8 aligned
// bytes, and each number is checked after it was loaded. The loads of sync/atomic are executed in
// the order of the program, also on arm64.
type access struct {
	count    uint64         // the number of items; 0 if Go cannot read the list
	dataSize uint64         // of the data area, in bytes
	versions unsafe.Pointer // version words
	offsets  unsafe.Pointer
	formats  unsafe.Pointer
	codes    unsafe.Pointer
	data     unsafe.Pointer
}

// areaVersion is the version of the sync area whose rules this file follows.
const areaVersion = 2

// The flags of a version word.
const (
	versionLocked  = 1
	versionCorrupt = 4
)

// The recreation codes.
const (
	codeNumber = 0
	codeStr    = 1
	codeBytes  = 2
	codeNone   = 3
)

// isBigEndian is true on a machine whose words begin with the most significant byte.
var isBigEndian = func() bool {
	word := uint16(1)
	return *(*byte)(unsafe.Pointer(&word)) == 0
}()

// The formats as words of this machine, and the byte of a bool's word that contains the bool.
var (
	formatInt   = wordOf("q\x00\x00\x00\x00\x00\x00\x00")
	formatFloat = wordOf("d\x00\x00\x00\x00\x00\x00\x00")
	formatBool  = wordOf("xxxxxxx?")
	formatNone  = wordOf("xxxxxx?x")
	boolMask    = wordOf("\x00\x00\x00\x00\x00\x00\x00\xff")
)

func wordOf(eight string) (word uint64) {
	copy((*[8]byte)(unsafe.Pointer(&word))[:], eight)
	return word
}

// newAccess returns the access to a list. Go reads only a list whose rules it knows.
func newAccess(parts raw.Access) access {
	if parts.AreaVersion != areaVersion {
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

// load loads word i of the words at the address.
func load(words unsafe.Pointer, i uint64) uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Add(words, 8*i)))
}

// code loads a recreation code, by the aligned 4 bytes that contain it. They are inside the
// mapping, which consists of whole pages.
func (a *access) code(i uint64) uint64 {
	word := atomic.LoadUint32((*uint32)(unsafe.Add(a.codes, i&^3)))
	shift := 8 * (i & 3)
	if isBigEndian {
		shift = 24 - shift
	}
	return uint64(word >> shift & 0xff)
}

// find converts an index, which may count from the end. It returns false if the index is out of
// range.
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

// number reads an item of 8 bytes that has the format and the code 0. It returns false if C must
// read the item, or if the item has changed meanwhile.
func (a *access) number(index int, format uint64) (word uint64, ok bool) {
	i, ok := a.find(index)
	if !ok {
		return 0, false
	}
	version := load(a.versions, i)
	start, size := a.slot(i)
	if version&(versionLocked|versionCorrupt) != 0 || size == 0 || load(a.formats, i) != format || a.code(i) != codeNumber {
		return 0, false
	}
	word = load(a.data, start/8)
	return word, load(a.versions, i) == version
}

// item is one item while it is read.
type item struct {
	version     uint64
	start, size uint64 // of the slot
	format      uint64
	code        uint64
}

// begin begins to read item i. It returns false if C must read the item.
func (a *access) begin(i uint64) (it item, ok bool) {
	it.version = load(a.versions, i)
	it.start, it.size = a.slot(i)
	it.format = load(a.formats, i)
	it.code = a.code(i)
	return it, it.version&(versionLocked|versionCorrupt) == 0 && it.size != 0
}

// isUnchanged reports whether all that was read since begin belongs to one value.
func (a *access) isUnchanged(i uint64, it item) bool {
	return load(a.versions, i) == it.version
}

// value reads an item of any type.
func (a *access) value(index int) (value any, ok bool) {
	i, ok := a.find(index)
	if !ok {
		return nil, false
	}
	it, ok := a.begin(i)
	if !ok {
		return nil, false
	}
	switch it.code {
	case codeNumber:
		word := load(a.data, it.start/8)
		if !a.isUnchanged(i, it) {
			return nil, false
		}
		return numberOf(it.format, word)
	case codeNone:
		return nil, it.format == formatNone && a.isUnchanged(i, it)
	}
	text, ok := a.copyText(i, it)
	if it.code == codeBytes {
		return text, ok
	}
	return stringOf(text), ok && it.code == codeStr
}

// numberOf returns the value of a word in the format of an int, a float or a bool.
func numberOf(format, word uint64) (value any, ok bool) {
	switch format {
	case formatInt:
		return int64(word), true
	case formatFloat:
		return math.Float64frombits(word), true
	case formatBool:
		return word&boolMask != 0, true
	}
	return nil, false
}

// text copies an item that is a str or bytes, by its code.
func (a *access) text(index int, code uint64) (text []byte, ok bool) {
	i, ok := a.find(index)
	if !ok {
		return nil, false
	}
	it, ok := a.begin(i)
	if !ok || it.code != code {
		return nil, false
	}
	return a.copyText(i, it)
}

// copyText copies a text. It returns false if the format is not that of a text, if a str is not
// UTF-8, or if the item has changed meanwhile.
func (a *access) copyText(i uint64, it item) (text []byte, ok bool) {
	length, isExact, ok := parseText(it.format)
	if !ok || length > it.size {
		return nil, false
	}
	words := unsafe.Add(a.data, it.start)
	if !isExact {
		length = lengthWithoutNULs(words, length)
	}
	text = make([]byte, length)
	rest := text
	for k := uint64(0); len(rest) > 0; k++ {
		word := load(words, k)
		rest = rest[copy(rest, (*[8]byte)(unsafe.Pointer(&word))[:]):]
	}
	return text, a.isUnchanged(i, it) && (it.code != codeStr || utf8.Valid(text))
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
	switch format {
	case 's':
		return length, false, digits > 0
	case 's' | ' '<<8:
		return length, true, digits > 0
	}
	return 0, false, false
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
