#!/usr/bin/perl
# reader.pl - reads a list in shared memory, and writes an int to one. It is written from layout.md
# only. It uses no library, and no module that is not part of Perl.
#
#   perl reader.pl NAME              prints one line for each item: its type and its value
#   perl reader.pl NAME INDEX INT    writes an int over an int, as CPython does
#
# A byte of a text that is not printable ASCII, and the backslash, are printed as \x and two digits.
# The program needs Linux on a 64-bit machine.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_RDWR SEEK_SET);

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

# "The sync area": the byte at which it begins, or 0 if there is none.
my $area = 0;

sub find_area {
  my $at = int(($end + 63) / 64) * 64;
  return if $size < $at + 32 || take($at, 8) ne 'shr.sync';
  my ($version, undef, $items, $bytes) = unpack('L L Q Q', take($at + 8, 24));
  $version == 0 || $version == 2 or die "$name: the sync area has another version\n";
  $version == 2 && $items == $n && $bytes == 2816 + 8 * $n && $at + $bytes <= $size
    or die "$name: the sync area is corrupt\n";
  $area = $at;
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
  my ($from, $to) = unpack('q q', take(8 + 8 * $i, 16));
  return if $from < 0 || $from >= $to || $to > $data_size || $from % 8 || $to % 8;
  return ($data + $from, $to - $from);
}

# "Reading": if the version word is the same before and after, and not locked, the item was read as
# one value.
sub item {
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
      return $word & CORRUPT ? 'corrupt' : describe($slot, $format, $code);
    }
    select(undef, undef, undef, 0.001);
  }
  return 'busy';
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

@ARGV == 1 || @ARGV == 3 or die "usage: reader.pl NAME [INDEX INT]\n";
($name, my $index, my $integer) = @ARGV;
$name =~ s,\A/,,;
attach(defined $index ? O_RDWR : O_RDONLY);
find_area();
is_begun() or die "$name: not ready: the creator is still writing the list; try again\n";
if (defined $index) {
  set_int($index, $integer);
} else {
  print item($_), "\n" for 0 .. $n - 1;
}
