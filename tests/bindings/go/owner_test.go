package check_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"shareable"
)

// If the environment variable is set, the test program makes blocks and waits until it is killed.
func init() {
	if name := os.Getenv("SHAREABLE_TEST_OWNER"); name != "" {
		makeBlocks(name)
		os.Exit(0)
	}
}

func makeBlocks(name string) {
	if _, err := shareable.NewList([]any{1}, shareable.WithName(name), shareable.Owned()); err != nil {
		fmt.Println(err)
	}
	if _, err := shareable.NewMemory(8, shareable.WithName(name+"-kept")); err != nil {
		fmt.Println(err)
	}
	// A program that this process starts does not own its blocks, and does not keep them if it
	// lives longer.
	if err := exec.Command("sleep", "3").Start(); err != nil {
		fmt.Println(err)
	}
	fmt.Println("made")
	time.Sleep(time.Minute)
}

func exists(name string) bool {
	_, err := os.Stat("/dev/shm/" + name)
	return err == nil
}

func TestOwnedBlockIsRemovedWhenItsProcessDies(t *testing.T) {
	name := newName()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), "SHAREABLE_TEST_OWNER="+name)
	output, err := owner.StdoutPipe()
	if err == nil {
		err = owner.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer shareable.Unlink(name + "-kept")
	line, _ := bufio.NewReader(output).ReadString('\n')
	if line != "made\n" || !exists(name) {
		t.Errorf("the owner printed %q", line)
	}
	owner.Process.Kill()
	owner.Wait()
	for end := time.Now().Add(time.Second); exists(name) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	if exists(name) || !exists(name+"-kept") {
		t.Errorf("the owned block exists: %t; the other block exists: %t", exists(name), exists(name+"-kept"))
	}
}

func TestTransferOwnershipRejectsAMissingProcess(t *testing.T) {
	if err := shareable.TransferOwnership(os.Getpid()); err != nil {
		t.Error(err)
	}
	for _, pid := range []int{math.MinInt, -1, 0, 1 << 40} {
		err := shareable.TransferOwnership(pid)
		fails(t, err, is(shareable.ErrArgument, syscall.EINVAL), fmt.Sprint("process ", pid), "there is no such process")
	}
}

func TestGarbageReportsReasons(t *testing.T) {
	list := newList(t, []any{1})
	results, err := shareable.Garbage(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results {
		if result.Name == list.Name() {
			wanted := shareable.GarbageResult{Name: list.Name(), Reason: "no ownership log records it: it exists until a process unlinks it"}
			if result != wanted {
				t.Errorf("got %+v, want %+v", result, wanted)
			}
			return
		}
	}
	t.Errorf("%s is not among the %d results", list.Name(), len(results))
}
