package shareable

import (
	"fmt"
	"math/bits"
	"sync/atomic"
	"unsafe"

	"shareable/internal/raw"
)

// dictIndex contains what is necessary to find keys in Go by the rules of layout.md, in addition to
// the access to the list. The rules of access apply.
type dictIndex struct {
	slots       uint64 // of the index; 0 if Go cannot find keys
	places      uint64
	keyWords    uint64 // of the slot of a key
	words       uint64 // of the slots of a key and its value
	keyFormat   uint64 // of all keys
	seed0       uint64 // of the hash of a str
	seed1       uint64
	notesUse    bool // a read sets the used flag of the key
	sequence    unsafe.Pointer
	hasExpiries unsafe.Pointer
	expiries    unsafe.Pointer
	index       unsafe.Pointer
}

// dictAreaVersion is the version of the dict area whose rules this package follows.
const dictAreaVersion = 1

// expiryUsed is the flag of an expiry that the key was used.
const expiryUsed = 1 << 63

// newDictIndex returns the index of a dict. If this package does not know the area, or if the list
// has none, there are 0 slots.
func newDictIndex(parts raw.DictAddresses, readOnly bool) dictIndex {
	if parts.AreaVersion != dictAreaVersion || !hasAtomicWords {
		return dictIndex{}
	}
	return dictIndex{
		slots:       parts.Slots,
		places:      parts.Places,
		keyWords:    parts.KeySize / 8,
		words:       (parts.KeySize + parts.ValueSize) / 8,
		keyFormat:   wordOf(fmt.Sprintf("%ds", parts.KeySize)),
		seed0:       parts.Seed[0],
		seed1:       parts.Seed[1],
		notesUse:    parts.Evicts && !readOnly,
		sequence:    parts.Sequence,
		hasExpiries: parts.HasExpiries,
		expiries:    parts.Expiries,
		index:       parts.Index,
	}
}

// hit is a place whose key was found.
type hit struct {
	place   uint64
	version uint64 // of the key's item when it was compared
}

// finding is the result of looking for a key.
type finding int

const (
	unknown finding = iota // C must look for the key
	found
	absent
)

// find looks for a key without a lock. The key was in the place of the hit when the key's item had
// the version of the hit.
func (d *Dict) find(k raw.Key) (hit, finding) {
	x, a := &d.index, &d.list.block.access
	if x.slots == 0 || a.count == 0 || !d.isKey(k) {
		return hit{}, unknown
	}
	code := uint64(codeStr)
	if k.Type == uint32(TypeBytes) {
		code = codeBytes
	}
	tag := sipHash(x.seed0^(code-codeStr), x.seed1, k.Text) & 0xffffffff
	sequence := load(x.sequence, 0)
	slot := tag * x.slots >> 32
	for left := x.slots; left > 0; left-- {
		entry := load(x.index, slot)
		if entry == 0 {
			break
		}
		place := entry&0xffffffff - 1
		if entry>>32 == tag && place < x.places {
			version := load(a.versions, 2*place)
			isEqual := load(a.formats, 2*place) == x.keyFormat && a.code(2*place) == code &&
				isTextAt(wordsAt(a.data, place*x.words), x.keyWords, k.Text)
			if version&unreadable != 0 || load(a.versions, 2*place) != version {
				return hit{}, unknown
			}
			if isEqual {
				return hit{place, version}, x.isLive(place)
			}
		}
		if slot++; slot == x.slots {
			slot = 0
		}
	}
	if sequence&1 == 0 && load(x.sequence, 0) == sequence {
		return hit{}, absent
	}
	return hit{}, unknown
}

// isLive returns found if the key of a place has no expiry, and its use need not be noted.
// Otherwise C looks at the clock, or notes the use. Go has CLOCK_BOOTTIME only as a system call,
// which takes as long as the whole call of C.
func (x *dictIndex) isLive(place uint64) finding {
	if !x.notesUse && atomic.LoadUint32((*uint32)(x.hasExpiries)) == 0 {
		return found
	}
	expiry := load(x.expiries, place)
	if expiry&^expiryUsed != 0 || x.notesUse && expiry&expiryUsed == 0 {
		return unknown
	}
	return found
}

// wordsAt returns the address of word i.
func wordsAt(words unsafe.Pointer, i uint64) unsafe.Pointer {
	return unsafe.Add(words, 8*i)
}

// isTextAt reports whether count words contain the text, and NULs after it. The text is not longer.
func isTextAt(words unsafe.Pointer, count uint64, text string) bool {
	i := uint64(0)
	for ; len(text) >= 8; text = text[8:] {
		if littleEndian(load(words, i)) != wordOfText(text) {
			return false
		}
		i++
	}
	if len(text) > 0 {
		if littleEndian(load(words, i)) != partOfText(text) {
			return false
		}
		i++
	}
	for ; i < count; i++ {
		if load(words, i) != 0 {
			return false
		}
	}
	return true
}

// littleEndian returns the number that the bytes of a word of this machine are in little-endian
// order.
func littleEndian(word uint64) uint64 {
	if isBigEndian {
		return bits.ReverseBytes64(word)
	}
	return word
}
