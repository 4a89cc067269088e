// Tests that a wait does not need descriptors of the Go runtime's poller, which ends a program
// that cannot create it.
package check_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"shareable"
)

// If the environment variable is set, the test program has only that number of free descriptors.
const freeEnv = "SHAREABLE_TEST_FREE_DESCRIPTORS"

func init() {
	if number := os.Getenv(freeEnv); number != "" {
		free, _ := strconv.Atoi(number)
		fmt.Println(waitWithout(free))
		os.Exit(0)
	}
}

// leaveDescriptors uses all descriptors but that number.
func leaveDescriptors(free int) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
		return err
	}
	var last []int
	for {
		fd, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0)
		if err != nil {
			break
		}
		last = append(last, fd)
	}
	for _, fd := range last[len(last)-free:] {
		syscall.Close(fd)
	}
	return nil
}

// waitWithout waits for an item. It uses no timer of Go, because that needs the poller too.
func waitWithout(free int) (any, error) {
	list, err := shareable.NewList([]any{1})
	if err != nil {
		return nil, err
	}
	if err := list.Unlink(); err != nil {
		return nil, err
	}
	if err := leaveDescriptors(free); err != nil {
		return nil, err
	}
	go func() {
		pause := syscall.NsecToTimespec(int64(50 * time.Millisecond))
		syscall.Nanosleep(&pause, nil)
		list.SetInt(0, 2)
	}()
	return list.Wait(context.Background(), 0, 1)
}

func TestWaitNeedsNoDescriptors(t *testing.T) {
	for free := 0; free <= 8; free++ {
		waiter := exec.Command(os.Args[0])
		waiter.Env = append(os.Environ(), fmt.Sprint(freeEnv, "=", free))
		output, err := waiter.CombinedOutput()
		if err != nil || string(output) != "2 <nil>\n" {
			t.Errorf("%d free descriptors: %v: %s", free, err, output)
		}
	}
}
