#!/usr/bin/perl
# reader.pl - reads a list or a dict in shared memory, and writes an int to a list. It is written
# from layout.md only. It uses no library, and no module that is not part of Perl.
#
#   perl reader.pl NAME                    prints one line for each item: its type and its value
#   perl reader.pl NAME INDEX INT          writes an int over an int, as CPython does
#   perl reader.pl --dict NAME             prints one line for each key of a dict, and its value,
#                                          and checks that the index and the count agree with them
#   perl reader.pl --dict NAME TYPE KEY    prints the value of a key of the type str or bytes
#
# A byte of a text that is not printable ASCII, and the backslash, are printed as \x and two digits.
# The program needs Linux on a 64-bit machine.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_RDWR SEEK_SET);
use Time::HiRes ();

my ($list, $name);

sub take { # returns a copy of $length bytes at $at; all checks use the copy
  my ($at, $length) = @_;
  sysseek($list, $at, SEEK_SET) or die "$name: $!\n";
  my $got = sysread($list, my $bytes, $length);
  defined $got && $got == $length or die "$name: the block has become shorter\n";
  return $bytes;
}

# "Reading what cannot be trusted", 1: the number of items, and where the areas begin.
my ($n, $data, $data_size, $formats, $codes, $end, $size);

sub attach {
  my ($mode) = @_;
  sysopen($list, "/dev/shm/$name", $mode) or die "$name: $!\n";
  $size = -s $list;
  $size >= 16 or die "$name: not a list\n";
  $n = unpack('q', take(0, 8));
  $n >= 0 && $n <= int(($size - 16) / 17) or die "$name: not a list\n";
  $data = 8 * ($n + 2);
  $data_size = unpack('q', take(8 + 8 * $n, 8));
  unpack('q', take(8, 8)) == 0 && $data_size >= 0 && $data_size % 8 == 0 && $data_size <= $size - 16 - 17 * $n
    or die "$name: not a list\n";
  $formats = $data + $data_size;
  $codes = $formats + 8 * $n;
  $end = $codes + $n;
}

sub aligned { # the first multiple of 64 at or after an offset
  my ($at) = @_;
  return int(($at + 63) / 64) * 64;
}

# "The sync area": the byte at which it begins, or 0 if there is none.
my $area = 0;

sub find_area {
  my $at = aligned($end);
  return if $size < $at + 32 || take($at, 8) ne 'shr.sync';
  my ($version, undef, $items, $bytes) = unpack('L L Q Q', take($at + 8, 24));
  $version == 0 || $version == 2 or die "$name: the sync area has another version\n";
  $version == 2 && $items == $n && $bytes == 2816 + 8 * $n && $at + $bytes <= $size
    or die "$name: the sync area is corrupt\n";
  $area = $at;
}

# "The dict area": the byte at which it begins, or 0 if there is none; and its numbers.
my ($dict, $places, $key_size, $value_size) = (0);
my ($expiries, $index, @seed);

use constant {SEQUENCE => 128, INTENT => 68, COUNT => 96, HAS_EXPIRIES => 136, VALUE_RECORD => 160, WRITES_VALUE => 3};

sub find_dict {
  my $at = aligned($area + 2816 + 8 * $n);
  $n % 2 == 0 or die "$name: not a dict\n";
  $places = $n / 2;
  return if !$area || $size < $at + 192 || take($at, 8) ne 'shr.dict';
  my ($version, $flags, $p, $k, $v, $bytes, @s) = unpack('L L Q L L Q Q2', take($at + 8, 48));
  $version == 1 && $flags <= 1 or die "$name: the dict area has another version\n";
  $p == $places && $p > 0 && $p <= 2**31 && $k % 8 == 0 && $k >= 8 && $k <= 472 && $v % 8 == 0 && $v >= 8
    && $bytes == 192 + $v + 24 * $p && $at + $bytes <= $size && $data_size == $p * ($k + $v)
    or die "$name: the dict area is corrupt\n";
  ($dict, $key_size, $value_size, @seed) = ($at, $k, $v, @s);
  $expiries = $dict + 192 + $v;
  $index = $expiries + 8 * $p;
}

use constant {LOCKED => 1, CORRUPT => 4, UNLOGGED => 8};

# "A list that is being created": if there is no sync area, bytes that the creator has not written
# yet are 0.
sub is_begun {
  return $area || $data_size > 0 || ($n == 0 && $size == 16);
}

sub is_unwritten {
  my ($i, $format, $code) = @_;
  return 0 if $area;
  $format =~ s/\0+\z//;
  return 1 if $format eq '';
  return 0 if $code != 0 || $format !~ /\A([0-9]{1,7}s ?|xxxxxx\?x)\z/;
  return take($codes + $i, $n - $i) !~ /[^\0]/;
}

sub word { # the version word of an item; 0 if the list has no sync area
  my ($i) = @_;
  return $area ? unpack('Q', take($area + 2816 + 8 * $i, 8)) : 0;
}

# Returns whether the writer with that writer id is alive. Only its liveness lock conflicts with a
# read lock on its byte, or with a write lock if bit 31 of the writer id is set. (F_OFD_GETLK is
# 36.)
sub is_alive {
  my ($writer_id) = @_;
  my ($F_RDLCK, $F_WRLCK, $F_UNLCK) = (0, 1, 2);
  my $type = $writer_id & 0x80000000 ? $F_WRLCK : $F_RDLCK;
  my $lock = pack('s s x![q] q q l x![q]', $type, SEEK_SET, 2**62 + $writer_id, 1, 0);
  fcntl($list, 36, $lock) or die "$name: $!\n";
  return unpack('s', $lock) != $F_UNLCK;
}

# Returns data, format and code of the item from a dead writer's redo record, or an empty list if
# there is none.
sub from_redo_record {
  my ($i, $slot_size) = @_;
  for my $k (0 .. 3) {
    my ($writer_id, $is_committed, $item, $format, $length, $code) = unpack('L L Q a8 Q Q', take($area + 768 + 512 * $k, 40));
    next if $is_committed != 1 || $item != $i || $length > 472 || $length > $slot_size;
    my $text = take($area + 768 + 512 * $k + 40, $length);
    return ($text . "\0" x ($slot_size - $length), $format, $code);
  }
  return;
}

sub is_utf8 { # false for surrogates, and for code points greater than 10FFFF
  my ($text) = @_;
  return utf8::decode($text) && $text !~ /[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/;
}

# "Items" and "Text": formats a value as a line.
sub describe {
  my ($slot, $format, $code) = @_;
  $format =~ s/\0+\z//;
  return 'int ' . unpack('q', $slot) if $format eq 'q' && $code == 0;
  return sprintf('float %.17g', unpack('d', $slot)) if $format eq 'd' && $code == 0;
  return 'bool ' . (substr($slot, 7, 1) eq "\0" ? 0 : 1) if $format eq 'xxxxxxx?' && $code == 0;
  return 'none' if $format eq 'xxxxxx?x' && $code == 3;
  return 'corrupt' unless ($code == 1 || $code == 2) && $format =~ /\A([0-9]{1,7})s( ?)\z/ && $1 <= length $slot;
  my ($text, $is_exact) = (substr($slot, 0, $1), $2 ne '');
  $text =~ s/\0+\z// unless $is_exact;
  return 'corrupt' if $code == 1 && !is_utf8($text);
  $text =~ s/([^ -\[\]-~])/sprintf '\x%02x', ord $1/ge;
  return ($code == 1 ? 'str "' : 'bytes "') . $text . '"';
}

sub slot_of { # offset and size of an item's slot; an empty list if its offsets are corrupt
  my ($i) = @_;
  if ($dict) {
    my $at = $data + int($i / 2) * ($key_size + $value_size);
    return $i % 2 ? ($at + $key_size, $value_size) : ($at, $key_size);
  }
  my ($from, $to) = unpack('q q', take(8 + 8 * $i, 16));
  return if $from < 0 || $from >= $to || $to > $data_size || $from % 8 || $to % 8;
  return ($data + $from, $to - $from);
}

# "Reading": if the version word is the same before and after, and not locked, the item was read as
# one value. Returns slot, format, code and version word; or a text that says why it cannot be read.
sub raw_item {
  my ($i) = @_;
  my ($at, $slot_size) = slot_of($i) or return 'corrupt';
  for my $try (1 .. 1000) {
    my $word = word($i);
    my ($slot, $format, $code) = (take($at, $slot_size), take($formats + 8 * $i, 8), unpack('c', take($codes + $i, 1)));
    my $is_stable = !($word & LOCKED);
    if (!$is_stable && !is_alive($word >> 32)) { # "A dead writer", for a reader that may not write
      my @redo = from_redo_record($i, $slot_size);
      return 'corrupt' if !@redo && $word & UNLOGGED;
      ($slot, $format, $code) = @redo if @redo;
      $is_stable = 1;
    }
    if ($is_stable && word($i) == $word) {
      return 'not ready' if is_unwritten($i, $format, $code);
      return $word & CORRUPT ? 'corrupt' : ($slot, $format, $code, $word);
    }
    select(undef, undef, undef, 0.001);
  }
  return 'busy';
}

sub item { # an item as a line
  my @raw = raw_item(@_);
  return @raw == 1 ? $raw[0] : describe(@raw);
}

# "Concurrent writes": an int over an int is one store of 8 bytes.
sub set_int {
  my ($i, $integer) = @_;
  $i += $n if $i < 0;
  $i >= 0 && $i < $n or die "$name: it has $n items\n";
  item($i) =~ /^int / or die "$name: item $i is not an int\n";
  my ($at) = slot_of($i);
  sysseek($list, $at, SEEK_SET) or die "$name: $!\n";
  syswrite($list, pack('q', $integer)) == 8 or die "$name: $!\n";
}

# "The hash": SipHash-1-3. Sums are modulo 2**64.
sub sum {
  use integer;
  return $_[0] + $_[1];
}

sub rotated {
  my ($word, $bits) = @_;
  return $word << $bits | $word >> (64 - $bits);
}

sub sip_round {
  my ($a, $b, $c, $d) = @_;
  ($a, $c) = (sum($a, $b), sum($c, $d));
  ($b, $d) = (rotated($b, 13) ^ $a, rotated($d, 16) ^ $c);
  ($a, $c) = (sum(rotated($a, 32), $d), sum($c, $b));
  ($d, $b) = (rotated($d, 21) ^ $a, rotated($b, 17) ^ $c);
  return ($a, $b, rotated($c, 32), $d);
}

sub tag { # the tag of a key with that code: 1 for a str, 2 for bytes
  my ($code, $text) = @_;
  my ($s0, $s1) = ($seed[0] ^ ($code == 2), $seed[1]);
  my @words = (0x736f6d65 << 32 | 0x70736575, 0x646f7261 << 32 | 0x6e646f6d, 0x6c796765 << 32 | 0x6e657261, 0x74656462 << 32 | 0x79746573);
  my @state = ($s0 ^ $words[0], $s1 ^ $words[1], $s0 ^ $words[2], $s1 ^ $words[3]);
  for my $word (unpack('Q<*', $text . "\0" x (7 - length($text) % 8) . chr(length($text) % 256))) {
    $state[3] ^= $word;
    @state = sip_round(@state);
    $state[0] ^= $word;
  }
  $state[2] ^= 0xff;
  @state = sip_round(@state) for 1 .. 3;
  return ($state[0] ^ $state[1] ^ $state[2] ^ $state[3]) & 0xffffffff;
}

sub number { # a number of the dict area
  my ($at, $template) = @_;
  return unpack($template, take($dict + $at, $template eq 'L' ? 4 : 8));
}

# "Keys and slots": code and text of the key of a place and the version word of its item; or an empty
# list if it has none.
sub key_of {
  my ($place) = @_;
  my ($slot, $format, $code, $word) = raw_item(2 * $place);
  return unless defined $format && ($code == 1 || $code == 2) && $format =~ /\A([0-9]{1,7})s\0*\z/;
  my $length = $1;
  return if $dict ? $length != $key_size : $length > length $slot;
  my $text = substr($slot, 0, $length);
  $text =~ s/\0+\z//;
  return if $text eq '';
  return ($code, $text, $word);
}

# "The index": the places of the entries with a tag, in the order of the search.
sub places_of {
  my ($tag) = @_;
  my ($entry, @found) = ($tag * 2 * $places >> 32);
  for (1 .. 2 * $places) {
    my $word = unpack('Q', take($index + 8 * $entry, 8));
    last if $word == 0;
    my ($place, $found_tag) = (($word & 0xffffffff) - 1, $word >> 32);
    push @found, $place if $found_tag == $tag && $place >= 0 && $place < $places;
    $entry = ($entry + 1) % (2 * $places);
  }
  return @found;
}

# Compares the keys of places with a key. Returns the place and the version word of the key.
sub compare {
  my ($code, $text, @candidates) = @_;
  for my $place (@candidates) {
    my ($found_code, $found_text, $word) = key_of($place);
    return ($place, $word) if defined $word && $found_code == $code && $found_text eq $text;
  }
  return;
}

# "Reading a dict", 1 and 2. An empty list: the key is absent.
sub find {
  my ($code, $text) = @_;
  return compare($code, $text, 0 .. $places - 1) unless $dict;
  for my $try (1 .. 3) {
    my $sequence = number(SEQUENCE, 'Q');
    my @hit = compare($code, $text, places_of(tag($code, $text)));
    return @hit if @hit || ($sequence % 2 == 0 && number(SEQUENCE, 'Q') == $sequence);
    select(undef, undef, undef, 0.001);
  }
  return compare($code, $text, 0 .. $places - 1);
}

sub is_expired {
  my ($place) = @_;
  return 0 if !$dict || number(HAS_EXPIRIES, 'L') == 0;
  my $expiry = unpack('Q', take($expiries + 8 * $place, 8)) & ~(1 << 63);
  my $CLOCK_BOOTTIME = 7;
  return $expiry != 0 && $expiry <= 1e9 * Time::HiRes::clock_gettime($CLOCK_BOOTTIME);
}

# The value of a place as a line. If it is corrupt, an owner of the lock may have died while it wrote
# the value that the value record contains. The record belongs to the item as long as that is not
# locked again.
sub value_of {
  my ($place) = @_;
  for my $try (1 .. 1000) {
    my $word = word(2 * $place + 1);
    my $line = item(2 * $place + 1);
    return $line if !$dict || $line ne 'corrupt';
    my ($intent, $at) = unpack('L Q', take($dict + INTENT, 12));
    my ($format, $length, $code) = unpack('a8 Q c', take($dict + VALUE_RECORD, 17));
    my $has_record = $intent == WRITES_VALUE && $at == $place && $length <= $value_size;
    my $slot = $has_record ? take($dict + 192, $length) . "\0" x ($value_size - $length) : '';
    next if word(2 * $place + 1) != $word;
    return $has_record ? describe($slot, $format, $code) : $line;
  }
  return 'busy';
}

# "Reading a dict", 3 and 4. Returns nothing if the key has expired, or is no longer there.
sub value_if_same {
  my ($place, $word) = @_;
  my $line = is_expired($place) ? undef : value_of($place);
  return word(2 * $place) == $word ? $line : undef;
}

sub get {
  my ($code, $text) = @_;
  for my $try (1 .. 1000) {
    my ($place, $word) = find($code, $text) or return;
    my $line = value_if_same($place, $word);
    return $line if defined $line || word(2 * $place) == $word;
  }
  return 'busy';
}

# Checks that the index has each key once, and that nothing else is in it. It changes as soon as a
# key does, so that proves nothing if the sequence changed meanwhile.
sub check_index {
  my $sequence = number(SEQUENCE, 'Q');
  my ($keys, $entries, @wrong) = (0, 0);
  for my $place (0 .. $places - 1) {
    my ($code, $text) = key_of($place) or next;
    $keys++;
    push @wrong, $place if 1 != grep { $_ == $place } places_of(tag($code, $text));
  }
  for my $entry (0 .. 2 * $places - 1) {
    $entries += take($index + 8 * $entry, 8) ne "\0" x 8;
  }
  my $count = number(COUNT, 'Q');
  if ($sequence % 2 || number(SEQUENCE, 'Q') != $sequence) {
    warn "$name: the index was not checked, because it was changing\n";
    return;
  }
  !@wrong && $entries == $keys && $count == $keys
    or die "$name: the index has $entries entries, and the count is $count, but there are $keys keys; wrong places: @wrong\n";
}

sub print_dict {
  for my $place (0 .. $places - 1) {
    my ($code, $text, $word) = key_of($place) or next;
    my $line = value_if_same($place, $word);
    print describe($text, length($text) . 's', $code), ": $line\n" if defined $line;
  }
  check_index() if $dict;
}

sub print_value {
  my ($type, $text) = @_;
  my %codes = (str => 1, bytes => 2);
  $codes{$type} or die "the type of a key is str or bytes, not $type\n";
  my $line = get($codes{$type}, $text);
  defined $line or die "$name: the dict has no such key\n";
  print "$line\n";
}

my $is_dict = @ARGV && $ARGV[0] eq '--dict';
shift if $is_dict;
@ARGV == 1 || @ARGV == 3 or die "usage: reader.pl NAME [INDEX INT], or reader.pl --dict NAME [TYPE KEY]\n";
($name, my @operands) = @ARGV;
$name =~ s,\A/,,;
attach(@operands && !$is_dict ? O_RDWR : O_RDONLY);
find_area();
is_begun() or die "$name: not ready: the creator is still writing the list; try again\n";
find_dict() if $is_dict;
if ($is_dict) {
  @operands ? print_value(@operands) : print_dict();
} elsif (@operands) {
  set_int(@operands);
} else {
  print item($_), "\n" for 0 .. $n - 1;
}
