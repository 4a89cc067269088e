"""make_dicts.py - writes the dicts in dicts/, from the bytes that layout.md specifies.

usage: python3 make_dicts.py FOLDER [big]

It writes NAME.bin, the bytes of the block, and NAME.items: a line for each key that has not expired, in the
order of the places, with the key, a tab, and the value, in the notation of tests/interop/notation.py. The
prefix of a name describes the dict:

- made-: no process changes it
- left-: a state that a killed owner of the lock can leave. NAME.items is what is in the dict, before and after
  another process completes the change
- impossible-: a state that no writer of this library leaves. NAME.items is what is in the dict after its
  index has been made again
- refused-: not valid, so the dict cannot be opened. The list can

No process has the writer ids. A time is either long over, or never reached. With "big", it writes the dicts in
big-endian/dicts/, whose keys are the same.
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "interop"))
import notation  # noqa: E402

ORDER = ">" if sys.argv[2:] == ["big"] else "<"
DEAD = 0x1EADBEEF
LOCKED, SLOW_STORES, CORRUPT, UNLOGGED = 1, 2, 4, 8
NONE, INSERT, DELETE, VALUE, REINDEX = range(5)
OVER, NEVER = 1, 2**63 - 1
USED = 2**63
SEED = 0x0123456789ABCDEF, 0x0FEDCBA987654321
MASK = 2**64 - 1


def siphash13(k0, k1, text):
    """Return SipHash-1-3 of the text."""

    def rotate(word, bits):
        return (word << bits | word >> (64 - bits)) & MASK

    def sip_round(a, b, c, d):
        a, c = (a + b) & MASK, (c + d) & MASK
        b, d = rotate(b, 13) ^ a, rotate(d, 16) ^ c
        a, c = (rotate(a, 32) + d) & MASK, (c + b) & MASK
        return a, rotate(b, 17) ^ c, rotate(c, 32), rotate(d, 21) ^ a

    a, b, c, d = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        a, b, c, d = sip_round(a, b, c, d ^ word)
        a ^= word
    c ^= 0xFF
    for _ in range(3):
        a, b, c, d = sip_round(a, b, c, d)
    return a ^ b ^ c ^ d


def bytes_of(text):
    return text.encode() if isinstance(text, str) else text


def tag_of(key):
    return siphash13(SEED[0] ^ isinstance(key, bytes), SEED[1], bytes_of(key)) & 0xFFFFFFFF


def up(offset):
    return (offset + 63) // 64 * 64


class Dict:
    """The bytes of a dict, and the steps of a change."""

    def __init__(self, places=8, key_size=16, value_size=24, evicts=0):
        self.places, self.key_size, self.value_size = places, key_size, value_size
        self.keys, self.values, self.times = [None] * places, [None] * places, [0] * places
        n, self.width = 2 * places, key_size + value_size
        self.slots = 8 * (n + 2)
        self.formats = self.slots + places * self.width
        self.codes = self.formats + 8 * n
        self.sync = up(self.codes + n)
        self.area = up(self.sync + 2816 + 8 * n)
        self.expiries = self.area + 192 + value_size
        self.index = self.expiries + 8 * places
        self.data = bytearray(self.index + 16 * places)
        self.put(0, "q", n)
        for p in range(places):
            self.put(8 + 16 * p, "qq", p * self.width, p * self.width + key_size)
        self.put(8 + 8 * n, "q", places * self.width)
        self.put(self.sync, "8sIIQQ", b"shr.sync", 2, 0, n, 2816 + 8 * n)
        self.put(
            self.area, "8sIIQIIQQQ", b"shr.dict", 1, evicts, places, key_size, value_size, len(self.data) - self.area, *SEED
        )
        for i in range(n):
            self.word(i, SLOW_STORES if i % 2 else 0, version=0)
            self.item(i, None)

    def put(self, offset, form, *numbers):
        struct.pack_into(ORDER + form, self.data, offset, *numbers)

    def get(self, offset, form="Q"):
        return struct.unpack_from(ORDER + form, self.data, offset)[0]

    def encode(self, value, size):
        """Return format, code and data of an item."""
        if value is None:
            return b"xxxxxx?x", 3, b""
        if isinstance(value, bool):
            return b"xxxxxxx?", 0, bytes(7) + bytes([value])
        if isinstance(value, int):
            return b"q", 0, struct.pack(ORDER + "q", value)
        if isinstance(value, float):
            return b"d", 0, struct.pack(ORDER + "d", value)
        text = bytes_of(value)
        form = b"%ds " % len(text) if text.endswith(b"\0") else b"%ds" % size
        return form, 1 if isinstance(value, str) else 2, text

    def slot(self, i):
        return self.slots + i // 2 * self.width + i % 2 * self.key_size, self.value_size if i % 2 else self.key_size

    def item(self, i, value):
        at, size = self.slot(i)
        form, code, data = self.encode(value, size)
        self.data[at : at + size] = data.ljust(size, b"\0")
        self.put(self.formats + 8 * i, "8s", form)
        self.put(self.codes + i, "B", code)

    def word(self, i, flags, version=5, writer_id=0):
        self.put(self.sync + 2816 + 8 * i, "Q", writer_id << 32 | version << 4 | flags)

    def write(self, i, value):
        """Write an item, and count the version."""
        self.item(i, value)
        at = self.sync + 2816 + 8 * i
        self.put(at, "Q", self.get(at) + 16)

    def entry(self, place):
        return tag_of(self.keys[place]) << 32 | place + 1

    def home(self, entry):
        return (entry >> 32) * 2 * self.places >> 32

    def slot_of(self, entry):
        """Return the slot of an entry, or the first free one from its home on."""
        slot = self.home(entry)
        while self.get(self.index + 8 * slot) not in (0, entry):
            slot = (slot + 1) % (2 * self.places)
        return slot

    def add_entry(self, entry):
        self.put(self.index + 8 * self.slot_of(entry), "Q", entry)

    def remove_entry(self, entry, moves=99):
        """Remove an entry. Stop after `moves` moves, as a process that is killed then."""
        hole = slot = self.slot_of(entry)
        while True:
            slot = (slot + 1) % (2 * self.places)
            found = self.get(self.index + 8 * slot)
            if found == 0:
                break
            if (slot - self.home(found)) % (2 * self.places) < (slot - hole) % (2 * self.places):
                continue
            if moves == 0:
                return
            moves -= 1
            self.put(self.index + 8 * hole, "Q", found)
            hole = slot
        if moves > 0:
            self.put(self.index + 8 * hole, "Q", 0)

    def count(self, change=0):
        self.put(self.area + 96, "Q", self.get(self.area + 96) + change)
        return self.get(self.area + 96)

    def lock(self, intent=NONE, place=0, entry=0):
        """Take the lock as the process that dies, and declare an intent."""
        self.put(self.area + 64, "IIQQQ", DEAD, intent, place, entry, self.count())

    def sequence(self):
        self.put(self.area + 128, "Q", self.get(self.area + 128) + 1)

    def expire(self, place, time):
        self.times[place] = time
        self.put(self.area + 136, "I", 1)
        self.put(self.expiries + 8 * place, "Q", time)

    def set(self, key, value):
        """Set a key, completely."""
        if key in self.keys:
            place = self.keys.index(key)
            self.values[place] = value
            self.write(2 * place + 1, value)
            return place
        place = self.put_value(value)
        self.keys[place], self.values[place] = key, value
        self.sequence()
        self.write(2 * place, key)
        self.add_entry(self.entry(place))
        self.count(+1)
        self.sequence()
        return place

    def put_value(self, value):
        """Find a free place, and write the value of a key that will be inserted. Return the place."""
        place = self.get(self.area + 104)
        while self.keys[place] is not None:
            place = (place + 1) % self.places
        self.put(self.area + 104, "Q", (place + 1) % self.places)
        self.write(2 * place + 1, value)
        return place

    def delete(self, key):
        place = self.keys.index(key)
        entry = self.entry(place)
        self.sequence()
        self.write(2 * place, None)
        self.remove_entry(entry)
        self.count(-1)
        self.sequence()
        at = self.sync + 2816 + 8 * (2 * place + 1)
        self.put(at, "Q", self.get(at) + 16)
        self.keys[place] = None
        return place

    def record(self, value):
        form, code, data = self.encode(value, self.value_size)
        self.put(self.area + 160, "8sQB", form, len(data), code)
        self.data[self.area + 192 : self.area + 192 + self.value_size] = data.ljust(self.value_size, b"\0")

    def lines(self):
        """Return the lines of the keys that have not expired."""
        found = []
        for key, value, time in zip(self.keys, self.values, self.times):
            if key is not None and time != OVER:
                found.append(f"{notation.describe(key)}\t{notation.describe(value).strip()}\n")
        return "".join(found)


def made_empty():
    return Dict()


ALL_TYPES = [-5, 2.5, True, False, None, "howdy", b"\xff\xfe", "", b"", "end\0\0", b"24 bytes of a bytes slot", 2**63 - 1, "naïve €"]


def made_full():
    """Return a dict in which each place has a key: str and bytes of equal bytes, and keys that fill their slot."""
    keys = ["a", b"a", "16 bytes of key!", b"16 bytes of key!", "ключ", "a\0b", b"\xff", b"\0\0a", "€", "n", "o", "p", "q"]
    made = Dict(len(keys))
    for key, value in zip(keys, ALL_TYPES):
        made.set(key, value)
    return made


def made_deleted():
    """Return a dict whose places were used again, and whose entries were moved."""
    made = Dict(12)
    for i in range(12):
        made.set(f"key {i}", i)
    for i in (0, 3, 4, 7, 8, 11):
        made.delete(f"key {i}")
    for i in (20, 21, 22):
        made.set(b"key %d" % i, str(i))
    made.delete(b"key 21")
    made.set("key 5", "changed")
    return made


def made_expiring(evicts=0):
    made = Dict(evicts=evicts)
    for key, time in ("over", OVER), ("never", NEVER), ("none", 0), ("over too", OVER), (b"never", NEVER):
        made.expire(made.set(key, len(key)), time)
    return made


def made_evicting():
    """Return a dict that evicts keys. Some keys were used."""
    made = made_expiring(1)
    for place in (0, 1, 2):
        made.put(made.expiries + 8 * place, "Q", made.times[place] | USED)
    return made


LONG = "long " * 150


def made_long():
    made = Dict(4, 16, 800)
    made.set("ascii", LONG)
    made.set("full", "x" * 800)
    made.set(b"bytes", bytes(range(256)) * 3)
    made.set("end", "y" * 700 + "\0\0")
    return made


def made_large_keys():
    made = Dict(3, 472, 8)
    made.set("k" * 472, 1)
    made.set(b"k" * 472, 2)
    made.set("k" * 471, 3)
    return made


def made_one_place():
    made = Dict(1, 8, 8)
    made.set("only", "1 place")
    return made


def started():
    """Return a dict with three keys, for the changes below."""
    made = Dict(4, 16, 800)
    for i, key in enumerate(["one", "two", "three"]):
        made.set(key, i + 1)
    return made


def left_locked():
    made = started()
    made.lock()
    return made


def begin_insert():
    """Return the dict before the key is written."""
    made = started()
    place = made.put_value("new value")
    entry = tag_of("four") << 32 | place + 1
    made.lock(INSERT, place, entry)
    made.sequence()
    return made, place, entry


def left_insert_before_the_key():
    made, _, _ = begin_insert()
    return made


def insert_key(made, place):
    made.write(2 * place, "four")
    made.keys[place], made.values[place] = "four", "new value"


def left_insert_without_an_entry():
    made, place, _ = begin_insert()
    insert_key(made, place)
    return made


def left_insert_without_the_count():
    made, place, entry = begin_insert()
    insert_key(made, place)
    made.add_entry(entry)
    return made


def left_insert_complete():
    made, place, entry = begin_insert()
    insert_key(made, place)
    made.add_entry(entry)
    made.count(+1)
    made.sequence()
    return made


def left_insert_with_a_redo_record():
    """Return a dict whose key is in a redo record only."""
    made, place, _ = begin_insert()
    made.keys[place], made.values[place] = "four", "new value"
    made.word(2 * place, LOCKED, writer_id=DEAD)
    made.put(made.sync + 768, "IIQ8sQQ8s", DEAD, 1, 2 * place, b"16s", 4, 1, b"four")
    return made


def left_insert_with_half_a_key():
    """Return a dict whose key was written without a redo record, because other writers had all of them."""
    made, place, _ = begin_insert()
    made.word(2 * place, LOCKED | UNLOGGED, writer_id=DEAD)
    made.data[made.slot(2 * place)[0]] = ord("f")
    return made


def begin_delete():
    made = started()
    made.set("four", 4)
    place = made.keys.index("two")
    entry = made.entry(place)
    made.word(2 * place + 1, LOCKED | SLOW_STORES, writer_id=DEAD)
    made.lock(DELETE, place, entry)
    made.sequence()
    return made, place, entry


def left_delete_before_the_key():
    made, _, _ = begin_delete()
    return made


def left_delete_with_its_entry():
    made, place, _ = begin_delete()
    made.write(2 * place, None)
    made.keys[place] = None
    return made


def left_delete_without_the_count():
    made, place, entry = begin_delete()
    made.write(2 * place, None)
    made.keys[place] = None
    made.remove_entry(entry)
    return made


def left_delete_with_an_entry_twice():
    """Return a dict in which one later entry was copied to the hole, and is still where it was."""
    made = Dict(24, 8, 8)
    for i in range(24):
        made.set("k%d" % i, i)
    for place in range(24):
        entry = made.entry(place)
        tried = bytes(made.data)
        made.remove_entry(entry, moves=1)
        entries = [word for (word,) in struct.iter_unpack(ORDER + "Q", made.data[made.index :]) if word]
        if len(entries) != len(set(entries)):
            break
        made.data[:] = tried
    else:
        raise AssertionError("no entry has a later one that moves")
    made.word(2 * place + 1, LOCKED | SLOW_STORES, writer_id=DEAD)
    made.lock(DELETE, place, entry)
    made.sequence()
    made.write(2 * place, None)
    made.keys[place] = None
    return made


def begin_long():
    """Return a dict with the record of a long value, and the value's item locked."""
    made = started()
    made.record(LONG)
    made.word(3, LOCKED | SLOW_STORES, writer_id=DEAD)
    made.lock()
    return made


def declare_long(made):
    made.lock(VALUE, 1)


def half_long(made):
    """Write the first half of the value to the item."""
    at, _ = made.slot(3)
    made.data[at : at + 300] = LONG[:300].encode()
    made.put(made.codes + 3, "B", 1)


def left_long_value_not_declared():
    return begin_long()


def left_long_value_not_begun():
    made = begin_long()
    declare_long(made)
    return made


def left_long_value_half_written():
    made = begin_long()
    declare_long(made)
    half_long(made)
    made.word(3, LOCKED | UNLOGGED | SLOW_STORES, writer_id=DEAD)
    made.values[1] = LONG
    return made


def left_long_value_corrupt():
    """Return a dict in which another process has taken the item over, but not the lock."""
    made = begin_long()
    declare_long(made)
    half_long(made)
    made.word(3, CORRUPT | SLOW_STORES)
    made.values[1] = LONG
    return made


def left_value_locked():
    """Return a dict in which a process died with the lock of a value, and not with that of the dict."""
    made = started()
    made.word(3, LOCKED | SLOW_STORES, writer_id=DEAD)
    return made


def left_reindex():
    made = made_deleted()
    made.lock(REINDEX)
    made.sequence()
    made.data[made.index : made.index + 80] = bytes(80)
    return made


def impossible(change):
    def make():
        made = made_deleted()
        change(made)
        return made

    return make


def index_of(entry_of):
    def change(made):
        for slot in range(2 * made.places):
            made.put(made.index + 8 * slot, "Q", entry_of(slot) & MASK)

    return change


def put(offset, form, *numbers):
    return lambda made: made.put(made.area + offset, form, *numbers)


def refused(*arguments):
    return impossible(put(*arguments))


def refused_truncated():
    made = made_empty()
    del made.data[-8:]
    return made


def refused_large_keys():
    """Return a dict whose keys do not fit in a redo record."""
    return Dict(3, 480, 8)


def refused_offsets():
    """Return a dict whose list has other slots than its area says."""
    made = made_empty()
    made.put(made.area + 24, "II", made.key_size + 8, made.value_size)
    return made


DICTS = {
    "made-empty": made_empty,
    "made-full": made_full,
    "made-deleted": made_deleted,
    "made-expiring": made_expiring,
    "made-evicting": made_evicting,
    "made-long": made_long,
    "made-large-keys": made_large_keys,
    "made-one-place": made_one_place,
    "left-locked": left_locked,
    "left-insert-before-the-key": left_insert_before_the_key,
    "left-insert-without-an-entry": left_insert_without_an_entry,
    "left-insert-without-the-count": left_insert_without_the_count,
    "left-insert-complete": left_insert_complete,
    "left-insert-with-a-redo-record": left_insert_with_a_redo_record,
    "left-insert-with-half-a-key": left_insert_with_half_a_key,
    "left-delete-before-the-key": left_delete_before_the_key,
    "left-delete-with-its-entry": left_delete_with_its_entry,
    "left-delete-without-the-count": left_delete_without_the_count,
    "left-delete-with-an-entry-twice": left_delete_with_an_entry_twice,
    "left-long-value-not-declared": left_long_value_not_declared,
    "left-long-value-not-begun": left_long_value_not_begun,
    "left-long-value-half-written": left_long_value_half_written,
    "left-long-value-corrupt": left_long_value_corrupt,
    "left-value-locked": left_value_locked,
    "left-reindex": left_reindex,
    "impossible-index-empty": impossible(index_of(lambda slot: 0)),
    "impossible-index-without-a-free-entry": impossible(index_of(lambda slot: slot * 0x0AAAAAAB << 32 | slot + 1)),
    "impossible-index-of-missing-places": impossible(index_of(lambda slot: MASK)),
    "impossible-index-of-place-0": impossible(index_of(lambda slot: slot << 60 | 1)),
    "impossible-index-without-places": impossible(index_of(lambda slot: 1 << 32)),
    "impossible-count": impossible(put(96, "Q", MASK)),
    "impossible-hand": impossible(put(104, "Q", MASK)),
    "impossible-sequence": impossible(put(128, "Q", MASK)),
    "impossible-intent": impossible(put(64, "IIQQQ", DEAD, 99, 1, MASK, MASK)),
    "impossible-intent-of-a-missing-place": impossible(put(64, "IIQQQ", DEAD, INSERT, MASK, 0, 0)),
    "impossible-intent-without-an-entry": impossible(put(64, "IIQQQ", DEAD, DELETE, 0, 0, 0)),
    "refused-version-0": refused(8, "I", 0),
    "refused-version-2": refused(8, "I", 2),
    "refused-flags": refused(12, "I", 2),
    "refused-places": refused(16, "Q", 11),
    "refused-no-places": refused(16, "Q", 0),
    "refused-key-size": refused(24, "I", 17),
    "refused-large-keys": refused_large_keys,
    "refused-no-key-size": refused(24, "II", 0, 40),
    "refused-value-size": refused(28, "I", 32),
    "refused-no-value-size": refused(24, "II", 40, 0),
    "refused-size": refused(32, "Q", 192),
    "refused-offsets": refused_offsets,
    "refused-truncated": refused_truncated,
}


def main(folder):
    for name, make in DICTS.items():
        made = make()
        (folder / f"{name}.bin").write_bytes(bytes(made.data))
        if name.startswith("refused") or ORDER == ">":
            continue
        (folder / f"{name}.items").write_text(made.lines())


main(pathlib.Path(sys.argv[1]))
