package shareable

import "testing"

// The hashes are those of CPython 3.11 and later: PYTHONHASHSEED=0 python3 -c 'print(hash(b"0"))'
// and so on. The seed is 0 then.
func TestHashesAreThoseOfCPython(t *testing.T) {
	const text = "0123456789abcdefghijklmnopqrstuvwxyz"
	for length, want := range map[int]int64{
		1:  5313149338359954478,
		2:  8397789689983892460,
		3:  2810380616954327308,
		4:  -2134351525034402684,
		5:  -2106295876492044651,
		6:  -5089119893840893781,
		7:  -9148306751049235591,
		8:  -2720791140458926906,
		9:  -5215866000161560749,
		10: 5959997617762060084,
		11: 8181059621556216187,
		12: 6389796821471793203,
		13: 7807684185766468288,
		14: 6531757784536724934,
		15: 2807106383851130827,
		16: 2108444454683020324,
		17: 3684970308279301995,
		31: -5944910535209127363,
		32: 5984761224371113540,
		36: -9222654091024548209,
	} {
		if got := int64(sipHash(0, 0, text[:length])); got != want {
			t.Errorf("%q: got %d, want %d", text[:length], got, want)
		}
	}
}

// The index that C makes contains the hash of each key, whose seed is random.
func TestHashesAreThoseOfC(t *testing.T) {
	needReadsInGo(t)
	const text = "0123456789abcdefghijklmnopqrstuvwxyz"
	d := newTestDict(t, 100, WithKeySize(len(text)))
	for length := 1; length <= len(text); length++ {
		for code, key := range []any{text[:length], []byte(text[:length])} {
			if err := d.Set(key, length); err != nil {
				t.Fatal(err)
			}
			tag := sipHash(d.index.seed0^uint64(code), d.index.seed1, text[:length]) & 0xffffffff
			if !hasEntry(d, tag) {
				t.Errorf("%#v: the index has no entry with the tag %x", key, tag)
			}
		}
	}
}

func hasEntry(d *Dict, tag uint64) bool {
	for slot := uint64(0); slot < d.index.slots; slot++ {
		if entry := load(d.index.index, slot); entry != 0 && entry>>32 == tag {
			return true
		}
	}
	return false
}
