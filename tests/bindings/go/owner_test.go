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

// The test program itself, told by the environment to make blocks and to wait for its end.
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
	// Go has no fork. What a program starts owns nothing of it, and keeps nothing there when it lives on.
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

func TestOwnedBlockGoesWithItsProcess(t *testing.T) {
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
		t.Errorf("the owner says %q", line)
	}
	owner.Process.Kill()
	owner.Wait()
	for end := time.Now().Add(time.Second); exists(name) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	if exists(name) || !exists(name+"-kept") {
		t.Errorf("owned: %t, not owned: %t", exists(name), exists(name+"-kept"))
	}
}

func TestBlocksAreLeftToAProcessThatIsThere(t *testing.T) {
	if err := shareable.HandOver(os.Getpid()); err != nil {
		t.Error(err)
	}
	for _, pid := range []int{math.MinInt, -1, 0, 1 << 40} {
		err := shareable.HandOver(pid)
		fails(t, err, is(shareable.ErrArgument, syscall.EINVAL), fmt.Sprint("process ", pid), "there is no such process")
	}
}

func TestGarbageIsToldWithReasons(t *testing.T) {
	list := newList(t, []any{1})
	findings, err := shareable.Garbage(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Name == list.Name() {
			wanted := shareable.Finding{Name: list.Name(), Reason: "nobody has it recorded as owned: it is there until somebody unlinks it"}
			if finding != wanted {
				t.Errorf("found %+v", finding)
			}
			return
		}
	}
	t.Errorf("no %s among %d", list.Name(), len(findings))
}
