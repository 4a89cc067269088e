package check_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"shareable"
)

func memoryIsCreatedAndAttachedByName(t *testing.T) {
	name := newName()
	memory, err := shareable.NewMemory(4096, shareable.WithName("/"+name))
	ok(t, err)
	defer memory.Close()
	defer memory.Unlink()
	equal(t, memory.Name(), name)
	equal(t, memory.Size(), 4096)
	equal(t, memory.Bytes(), make([]byte, 4096))

	again := openMemory(t, name)
	equal(t, again.Name(), name)
	equal(t, again.Size(), 4096)
}

func memoryWithoutANameGetsARandomPsmName(t *testing.T) {
	memory, err := shareable.NewMemory(1)
	ok(t, err)
	defer memory.Close()
	if !regexp.MustCompile("^psm_[0-9a-f]{8}$").MatchString(memory.Name()) {
		t.Error("got", memory.Name())
	}
	ok(t, memory.Unlink())
}

func memoryRefusesANameThatExists(t *testing.T) {
	memory := newMemory(t, 10)
	copy(memory.Bytes(), "mine")
	_, err := shareable.NewMemory(20, shareable.WithName(memory.Name()))
	fails(t, err, is(shareable.ErrExists, fs.ErrExist, syscall.EEXIST), memory.Name())
	again := openMemory(t, memory.Name())
	equal(t, again.Size(), 10)
	equal(t, string(again.Bytes()[:4]), "mine")
}

func memoryRefusesToAttachToAMissingBlock(t *testing.T) {
	name := newName()
	_, err := shareable.OpenMemory(name)
	fails(t, err, is(shareable.ErrNotFound, fs.ErrNotExist, syscall.ENOENT), name)
	equal(t, blocks(), []string(nil))
}

func memoryRefusesABadName(t *testing.T) {
	for _, name := range []string{"", "/", ".", "..", "a/b", "//a", "nul\x00inside", strings.Repeat("n", 256)} {
		_, err := shareable.NewMemory(1, shareable.WithName(name))
		fails(t, err, is(shareable.ErrName, syscall.EINVAL), "name")
		_, err = shareable.OpenMemory(name)
		fails(t, err, is(shareable.ErrName))
		fails(t, shareable.Unlink(name), is(shareable.ErrName))
		_, err = shareable.NewList(nil, shareable.WithName(name))
		fails(t, err, is(shareable.ErrName))
		_, err = shareable.OpenList(name)
		fails(t, err, is(shareable.ErrName))
	}
}

func memoryRefusesASizeOfZero(t *testing.T) {
	for _, size := range []int{0, -1} {
		_, err := shareable.NewMemory(size, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrArgument, syscall.EINVAL), "size")
	}
	equal(t, blocks(), []string(nil))
}

func memoryThatDoesNotFitIsRefusedWithSizesInTheMessage(t *testing.T) {
	name := newName()
	_, err := shareable.NewMemory(math.MaxInt, shareable.WithName(name))
	fails(t, err, is(shareable.ErrNoSpace, syscall.ENOSPC), name, fmt.Sprint(math.MaxInt), "free")
	equal(t, blocks(), []string(nil))
}

func memorySharesItsBytes(t *testing.T) {
	memory := newMemory(t, 4096)
	again := openMemory(t, memory.Name())
	copy(memory.Bytes(), "howdy")
	equal(t, string(again.Bytes()[:5]), "howdy")

	n, err := again.WriteAt([]byte("HoWdY\x00\xff"), 4089)
	ok(t, err)
	equal(t, n, 7)
	equal(t, string(memory.Bytes()[4089:]), "HoWdY\x00\xff")
	text := make([]byte, 5)
	n, err = memory.ReadAt(text, 4089)
	ok(t, err)
	equal(t, n, 5)
	equal(t, string(text), "HoWdY")
}

func memoryRefusesBytesOutsideOfTheBlock(t *testing.T) {
	memory := newMemory(t, 10)
	equal(t, len(memory.Bytes()), 10)
	equal(t, cap(memory.Bytes()), 10)
	p := []byte("12345")

	n, err := memory.ReadAt(p, 7) // fewer bytes and io.EOF, as io.ReaderAt requires
	equal(t, n, 3)
	equal(t, err, io.EOF)
	for _, offset := range []int64{10, 11, 1 << 62} {
		n, err = memory.ReadAt(p, offset)
		equal(t, n, 0)
		equal(t, err, io.EOF)
	}
	_, err = memory.ReadAt(p, -1)
	fails(t, err, is(shareable.ErrIndex), memory.Name(), "-1", "10 bytes")

	copy(p, "12345")
	for _, offset := range []int64{-1, 6, 11, 1 << 62} {
		n, err = memory.WriteAt(p, offset)
		equal(t, n, 0)
		fails(t, err, is(shareable.ErrIndex), memory.Name(), fmt.Sprint(offset))
	}
	equal(t, memory.Bytes(), make([]byte, 10))
	n, err = memory.WriteAt(p, 5)
	ok(t, err)
	equal(t, n, 5)
	n, err = memory.WriteAt(nil, 10)
	ok(t, err)
	equal(t, n, 0)
}

func memoryAttachedReadOnlyRefusesWrites(t *testing.T) {
	memory := newMemory(t, 10)
	again := openMemory(t, memory.Name(), shareable.ReadOnly())
	_, err := again.WriteAt([]byte("no"), 0)
	fails(t, err, is(shareable.ErrReadOnly), memory.Name(), "read-only")
	copy(memory.Bytes(), "seen")
	equal(t, string(again.Bytes()[:4]), "seen")
}

func memoryHasTheRequestedMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	for mode, want := range map[fs.FileMode]fs.FileMode{0: 0o600, 0o640: 0o640, 0o666: 0o644} {
		memory := newMemory(t, 1, shareable.WithMode(mode))
		status, err := os.Stat("/dev/shm/" + memory.Name())
		ok(t, err)
		equal(t, status.Mode(), want)
	}
	_, err := shareable.NewMemory(1, shareable.WithName(newName()), shareable.WithMode(fs.ModeSetuid|0o600))
	fails(t, err, is(shareable.ErrArgument), "mode")
}

func memoryCanBeClosedTwiceAndThenRefusesUse(t *testing.T) {
	memory := newMemory(t, 10)
	ok(t, memory.Close())
	ok(t, memory.Close())
	equal(t, memory.Bytes(), []byte(nil))
	_, err := memory.ReadAt(make([]byte, 1), 0)
	fails(t, err, is(shareable.ErrClosed, fs.ErrClosed, os.ErrClosed), memory.Name())
	_, err = memory.WriteAt(make([]byte, 1), 0)
	fails(t, err, is(shareable.ErrClosed, fs.ErrClosed), memory.Name())
}

func memoryKeepsItsNameAndSizeWhenClosed(t *testing.T) {
	memory := newMemory(t, 10)
	name := memory.Name()
	ok(t, memory.Close())
	equal(t, memory.Name(), name)
	equal(t, memory.Size(), 10)
	ok(t, memory.Unlink())
}

func memoryIsUnlinkedOnceAndThenNotFound(t *testing.T) {
	memory := newMemory(t, 10)
	again := openMemory(t, memory.Name())
	ok(t, memory.Unlink())
	fails(t, memory.Unlink(), is(shareable.ErrNotFound, fs.ErrNotExist), memory.Name())
	fails(t, again.Unlink(), is(shareable.ErrNotFound), memory.Name())
	copy(memory.Bytes(), "still")
	equal(t, string(again.Bytes()[:5]), "still")
}

func memoryDoesNotUnlinkAnotherBlockOfItsName(t *testing.T) {
	memory := newMemory(t, 10)
	ok(t, shareable.Unlink(memory.Name()))
	other, err := shareable.NewMemory(20, shareable.WithName(memory.Name()))
	ok(t, err)
	defer other.Close()
	fails(t, memory.Unlink(), is(shareable.ErrNotFound), memory.Name())
	equal(t, openMemory(t, memory.Name()).Size(), 20)
	ok(t, other.Unlink())
}

func memoryCanBeUnlinkedByName(t *testing.T) {
	memory := newMemory(t, 10)
	ok(t, shareable.Unlink("/"+memory.Name()))
	fails(t, shareable.Unlink(memory.Name()), is(shareable.ErrNotFound, fs.ErrNotExist), memory.Name())
	_, err := os.Stat("/dev/shm/" + memory.Name())
	equal(t, errors.Is(err, fs.ErrNotExist), true)
}

func memoryPrintsItsNameAndSize(t *testing.T) {
	memory := newMemory(t, 10)
	equal(t, fmt.Sprint(memory), fmt.Sprintf("Memory(%q, 10 bytes)", memory.Name()))
	memory.Close()
	equal(t, memory.String(), fmt.Sprintf("Memory(%q, 10 bytes, closed)", memory.Name()))
}
