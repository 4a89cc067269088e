package shareable

import (
	"errors"
	"strings"
	"testing"

	"shareable/internal/raw"
)

// The test calls transferError because a test cannot make shareable_transfer_ownership fail for
// other reasons than a process that does not exist.
func TestTransferOwnershipErrorNamesTheReason(t *testing.T) {
	if err := transferError(1, 0); err != nil {
		t.Error(err)
	}
	for status, reason := range map[Status]string{
		ErrArgument: "there is no such process",
		ErrSystem:   raw.Status_message(int(ErrSystem)),
		ErrNoMemory: raw.Status_message(int(ErrNoMemory)),
	} {
		err := transferError(42, status)
		if !errors.Is(err, status) || !strings.Contains(err.Error(), "to process 42: "+reason) {
			t.Errorf("status %s: got %v", status.Name(), err)
		}
	}
}
