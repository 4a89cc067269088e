#!/usr/bin/perl
# reader.pl - reads a list in shared memory, and writes an int into one, by what layout.md says and by nothing else: no
# library, no module that Perl does not come with.
#
#   perl reader.pl NAME              a line an item: its type and its value
#   perl reader.pl NAME INDEX INT    writes an int over an int, as CPython does it
#
# Bytes of a text that are not printable ASCII, and the backslash, are shown as \x and two digits. For Linux on a
# machine of 64 bits.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_RDWR SEEK_SET);

my ($list, $name);

sub take { # so many bytes from a place on: the copy that everything else is done with
  my ($at, $length) = @_;
  sysseek($list, $at, SEEK_SET) or die "$name: $!\n";
  my $got = sysread($list, my $bytes, $length);
  defined $got && $got == $length or die "$name: it has been cut off\n";
  return $bytes;
}

# "Reading what cannot be trusted", 1: where everything lies.
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

# "The sync area": where it begins, or 0 where there is none.
my $area = 0;

sub find_area {
  my $at = int(($end + 63) / 64) * 64;
  return if $size < $at + 32 || take($at, 8) ne 'shr.sync';
  my ($version, undef, $items, $bytes) = unpack('L L Q Q', take($at + 8, 24));
  $version == 0 || $version == 2 or die "$name: of another version\n";
  $version == 2 && $items == $n && $bytes == 2816 + 8 * $n && $at + $bytes <= $size
    or die "$name: its sync area is damaged\n";
  $area = $at;
}

use constant {LOCKED => 1, DAMAGED => 4, BARE => 8};

# "A list that is being made": without an area, what the creator has not written yet is 0.
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

sub word { # of an item; 0 where nobody keeps any
  my ($i) = @_;
  return $area ? unpack('Q', take($area + 2816 + 8 * $i, 8)) : 0;
}

# Whether the writer with that token lives: only its own lock on its byte conflicts with a read lock, or with a write lock if the token
# has bit 31. (F_OFD_GETLK is 36.)
sub is_alive {
  my ($token) = @_;
  my ($F_RDLCK, $F_WRLCK, $F_UNLCK) = (0, 1, 2);
  my $type = $token & 0x80000000 ? $F_WRLCK : $F_RDLCK;
  my $lock = pack('s s x![q] q q l x![q]', $type, SEEK_SET, 2**62 + $token, 1, 0);
  fcntl($list, 36, $lock) or die "$name: $!\n";
  return unpack('s', $lock) != $F_UNLCK;
}

# The item as a dead writer has put it into a journal: data, format and code; nothing where he has not.
sub from_journal {
  my ($i, $slot_size) = @_;
  for my $k (0 .. 3) {
    my ($token, $whole, $item, $format, $length, $code) = unpack('L L Q a8 Q Q', take($area + 768 + 512 * $k, 40));
    next if $whole != 1 || $item != $i || $length > 472 || $length > $slot_size;
    my $text = take($area + 768 + 512 * $k + 40, $length);
    return ($text . "\0" x ($slot_size - $length), $format, $code);
  }
  return;
}

sub is_utf8 { # without what is none of Unicode's: halves of pairs, and more than there is
  my ($text) = @_;
  return utf8::decode($text) && $text !~ /[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/;
}

# "Items" and "Text": a value as a line.
sub describe {
  my ($slot, $format, $code) = @_;
  $format =~ s/\0+\z//;
  return 'int ' . unpack('q', $slot) if $format eq 'q' && $code == 0;
  return sprintf('float %.17g', unpack('d', $slot)) if $format eq 'd' && $code == 0;
  return 'bool ' . (substr($slot, 7, 1) eq "\0" ? 0 : 1) if $format eq 'xxxxxxx?' && $code == 0;
  return 'none' if $format eq 'xxxxxx?x' && $code == 3;
  return 'damaged' unless ($code == 1 || $code == 2) && $format =~ /\A([0-9]{1,7})s( ?)\z/ && $1 <= length $slot;
  my ($text, $is_exact) = (substr($slot, 0, $1), $2 ne '');
  $text =~ s/\0+\z// unless $is_exact;
  return 'damaged' if $code == 1 && !is_utf8($text);
  $text =~ s/([^ -\[\]-~])/sprintf '\x%02x', ord $1/ge;
  return ($code == 1 ? 'str "' : 'bytes "') . $text . '"';
}

sub slot_of { # where an item's slot begins, and its bytes; nothing where its offsets are damaged
  my ($i) = @_;
  my ($from, $to) = unpack('q q', take(8 + 8 * $i, 16));
  return if $from < 0 || $from >= $to || $to > $data_size || $from % 8 || $to % 8;
  return ($data + $from, $to - $from);
}

# "Reading": what lies between two looks at the word that are the same, and not locked, is one value.
sub item {
  my ($i) = @_;
  my ($at, $slot_size) = slot_of($i) or return 'damaged';
  for my $try (1 .. 1000) {
    my $word = word($i);
    my ($slot, $format, $code) = (take($at, $slot_size), take($formats + 8 * $i, 8), unpack('c', take($codes + $i, 1)));
    my $is_whole = !($word & LOCKED);
    if (!$is_whole && !is_alive($word >> 32)) { # "A dead writer", for a reader that may not write
      my @journal = from_journal($i, $slot_size);
      return 'damaged' if !@journal && $word & BARE;
      ($slot, $format, $code) = @journal if @journal;
      $is_whole = 1;
    }
    if ($is_whole && word($i) == $word) {
      return 'not ready' if is_unwritten($i, $format, $code);
      return $word & DAMAGED ? 'damaged' : describe($slot, $format, $code);
    }
    select(undef, undef, undef, 0.001);
  }
  return 'busy';
}

# "Writing beside others": an int over an int is one store of 8 bytes.
sub set_int {
  my ($i, $integer) = @_;
  $i += $n if $i < 0;
  $i >= 0 && $i < $n or die "$name: it has $n items\n";
  item($i) =~ /^int / or die "$name: item $i is no int\n";
  my ($at) = slot_of($i);
  sysseek($list, $at, SEEK_SET) or die "$name: $!\n";
  syswrite($list, pack('q', $integer)) == 8 or die "$name: $!\n";
}

@ARGV == 1 || @ARGV == 3 or die "usage: reader.pl NAME [INDEX INT]\n";
($name, my $index, my $integer) = @ARGV;
$name =~ s,\A/,,;
attach(defined $index ? O_RDWR : O_RDONLY);
find_area();
is_begun() or die "$name: its creator has not finished writing it, try again\n";
if (defined $index) {
  set_int($index, $integer);
} else {
  print item($_), "\n" for 0 .. $n - 1;
}
