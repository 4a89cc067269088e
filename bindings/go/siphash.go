package shareable

import "math/bits"

// sipHash returns the SipHash-1-3 of a text, by which a dict finds its keys: J.-P. Aumasson and
// D. J. Bernstein, "SipHash: a fast short-input PRF", 2012. The seed has two words.
func sipHash(seed0, seed1 uint64, text string) uint64 {
	a, b := seed0^0x736f6d6570736575, seed1^0x646f72616e646f6d
	c, d := seed0^0x6c7967656e657261, seed1^0x7465646279746573
	last := uint64(len(text)) << 56
	for ; len(text) >= 8; text = text[8:] {
		word := wordOfText(text)
		a, b, c, d = sipRound(a, b, c, d^word)
		a ^= word
	}
	last |= partOfText(text)
	a, b, c, d = sipRound(a, b, c, d^last)
	a, b, c, d = sipRound(a^last, b, c^0xff, d)
	a, b, c, d = sipRound(a, b, c, d)
	a, b, c, d = sipRound(a, b, c, d)
	return a ^ b ^ c ^ d
}

func sipRound(a, b, c, d uint64) (uint64, uint64, uint64, uint64) {
	a += b
	c += d
	b = bits.RotateLeft64(b, 13) ^ a
	d = bits.RotateLeft64(d, 16) ^ c
	a = bits.RotateLeft64(a, 32) + d
	c += b
	return a, bits.RotateLeft64(b, 17) ^ c, bits.RotateLeft64(c, 32), bits.RotateLeft64(d, 21) ^ a
}

// wordOfText returns the first 8 bytes of a text as a little-endian number. The compiler makes one
// load of it.
func wordOfText(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// partOfText returns a text of less than 8 bytes as a little-endian number.
func partOfText(text string) (word uint64) {
	for i := 0; i < len(text); i++ {
		word |= uint64(text[i]) << (8 * i)
	}
	return word
}
